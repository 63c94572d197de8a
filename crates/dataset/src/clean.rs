//! A data set written again without some of its documents.

mod lines;
mod table;

use crate::dataset::Form;
use crate::place::{Entry, Place};
use crate::{DatasetError, Removal};
use ignore::WalkBuilder;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Documents left out.
    pub removed: u64,
    /// Names that were to be left out and are not there: misspelt, or versions in a git history, which is not copied.
    pub missing: Vec<String>,
}

/// Writes the data set at `location` to `out`, without the documents in `removal`. All else stays as it is, byte for byte: files
/// are copied; of a table of lines the other lines are, packed as it was; of Parquet the other row groups are, and the other rows of
/// a row group under the same schema and metadata.
///
/// `out` gets its name when all is written; until then, and if it fails, there is nothing there. Of a git repository the files are
/// written and not `.git`, which would hold the removed ones still.
///
/// # Errors
/// If something lies at `out` already, if it lies in the data set, or if a file cannot be read or written.
pub fn clean(location: &str, removal: &Removal, out: &Path) -> Result<Cleaned, DatasetError> {
    let (place, single) = Place::find(location)?;
    let parent = free(&place, single.is_none(), out)?;
    let name = out.display().to_string();
    let temporary = tempfile::Builder::new()
        .prefix(".taster-")
        .tempdir_in(&parent)
        .map_err(DatasetError::unreadable(parent.display().to_string()))?;
    let target = temporary.path().join("clean");
    let mut copy = Copy { place: &place, removal, found: BTreeSet::new() };
    match &single {
        Some(entry) => copy.file(entry, true, &target)?,
        None => copy.folder(&target)?,
    }
    free(&place, single.is_none(), out)?;
    fs::rename(&target, out).map_err(DatasetError::unreadable(name))?;
    let missing = removal.names().filter(|name| !copy.found.contains(*name)).map(str::to_owned).collect();
    Ok(Cleaned { removed: copy.found.len() as u64, missing })
}

/// The folder for `out`, if nothing is in the way there. A `whole` folder is not written into itself.
fn free(place: &Place, whole: bool, out: &Path) -> Result<PathBuf, DatasetError> {
    let in_the_way = |what: &str| DatasetError::InTheWay { name: out.display().to_string(), what: what.to_owned() };
    if out.symlink_metadata().is_ok() {
        return Err(in_the_way("there is something already; give a name that is free"));
    }
    let parent = out.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    let parent = parent.ok_or_else(|| in_the_way("no name for a file or folder"))?;
    let parent = parent.canonicalize().map_err(DatasetError::unreadable(parent.display().to_string()))?;
    match place {
        Place::Local(folder) if whole && parent.starts_with(folder) => {
            Err(in_the_way("it lies in the data set; give a name beside it"))
        }
        _ => Ok(parent),
    }
}

/// A copy being made.
struct Copy<'a> {
    place: &'a Place,
    removal: &'a Removal,
    /// Names of documents that were left out.
    found: BTreeSet<String>,
}

impl Copy<'_> {
    /// Copies everything below the place.
    fn folder(&mut self, target: &Path) -> Result<(), DatasetError> {
        fs::create_dir_all(target).map_err(DatasetError::unreadable("the copy"))?;
        if let Place::Local(folder) = self.place {
            besides(folder, target).map_err(DatasetError::unreadable(folder.display().to_string()))?;
        }
        for entry in self.place.list()?.entries {
            self.file(&entry, false, &target.join(&entry.name))?;
        }
        Ok(())
    }

    /// Copies a file, or leaves it out, or leaves out some of its rows.
    fn file(&mut self, entry: &Entry, single: bool, target: &Path) -> Result<(), DatasetError> {
        let name = &entry.name;
        if self.removal.has(name) {
            self.found.insert(name.clone());
            return Ok(());
        }
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(DatasetError::unreadable(name))?;
        }
        let rows = self.removal.rows(name);
        let removed = match Form::of(name, single) {
            Form::Lines(packed) if !rows.is_empty() => lines::copy(self.place, name, packed, &rows, target),
            Form::Table if !rows.is_empty() => table::copy(self.place, name, &rows, target),
            _ => verbatim(self.place, name, target).map(|()| BTreeSet::new()),
        };
        let removed = removed.map_err(DatasetError::unreadable(name))?;
        self.found.extend(removed.iter().map(|row| format!("{name}:{row}")));
        Ok(())
    }
}

/// Copies a file as it is, with its permissions.
fn verbatim(place: &Place, name: &str, target: &Path) -> io::Result<()> {
    match place {
        Place::Local(folder) => fs::copy(folder.join(name), target).map(|_| ()),
        Place::Store(_) => {
            let mut writer = BufWriter::new(File::create_new(target)?);
            io::copy(&mut place.open(name)?, &mut writer)?;
            writer.into_inner()?.sync_all()
        }
    }
}

/// Copies what is no file that can be a document: links, as they are, empty folders, and files whose names are not UTF-8.
fn besides(folder: &Path, target: &Path) -> io::Result<()> {
    let walker =
        WalkBuilder::new(folder).standard_filters(false).filter_entry(|entry| entry.file_name() != ".git").build();
    for entry in walker {
        let entry = entry.map_err(io::Error::other)?;
        let below = entry.path().strip_prefix(folder).map_err(io::Error::other)?;
        let to = target.join(below);
        match entry.file_type() {
            Some(kind) if kind.is_dir() => fs::create_dir_all(&to)?,
            Some(kind) if kind.is_symlink() => link(&fs::read_link(entry.path())?, &to)?,
            Some(kind) if kind.is_file() && below.to_str().is_none() => fs::copy(entry.path(), &to).map(|_| ())?,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn link(_: &Path, at: &Path) -> io::Result<()> {
    Err(io::Error::other(format!("{}: links cannot be copied on this system", at.display())))
}
