//! Files of this machine.

use super::{Entry, Listing, Place};
use crate::{DatasetError, Problem};
use code::Language;
use ignore::{DirEntry, WalkBuilder, WalkState};
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::UNIX_EPOCH;
use tempfile::NamedTempFile;

/// The path of a `file://` URL.
pub(crate) fn of_url(url: &str) -> Result<PathBuf, DatasetError> {
    url::Url::parse(url)
        .ok()
        .and_then(|url| url.to_file_path().ok())
        .ok_or_else(|| DatasetError::broken(url, "no path of this machine; write file:///folder or the path alone"))
}

/// The folder, or the file with the folder that it is in.
pub(crate) fn find(location: &str, path: &Path) -> Result<(Place, Option<Entry>), DatasetError> {
    let metadata = path.metadata().map_err(DatasetError::unreadable(location))?;
    let absolute = path.canonicalize().map_err(DatasetError::unreadable(location))?;
    if absolute.to_str().is_none() {
        return Err(DatasetError::broken(location, "the path is not UTF-8; rename or link it"));
    }
    if metadata.is_dir() {
        return Ok((Place::Local(absolute), None));
    }
    // The name that was given, not the one that a link leads to, tells what the file is.
    let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let folder = path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    match (name, folder) {
        (Some(name), Some(folder)) if metadata.is_file() => {
            let folder = folder.canonicalize().map_err(DatasetError::unreadable(location))?;
            Ok((Place::Local(folder), Some(entry(name, &metadata))))
        }
        _ => {
            let what = "neither a file nor a folder; give one of these, or a URL".to_owned();
            Err(DatasetError::Unknown { name: location.to_owned(), what })
        }
    }
}

fn entry(name: String, metadata: &Metadata) -> Entry {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Entry { name, bytes: metadata.len(), changed: since.map_or(0, |since| since.as_millis() as i64) }
}

/// Opens a file below a folder.
pub(crate) fn open(folder: &Path, file: &str) -> io::Result<File> {
    File::open(folder.join(file))
}

/// Every file below a folder: hidden ones too, and those that a `.gitignore` names, which is a file of the data set and may be the
/// attacker's. Links are not followed; one that leads out of the data set to code is a problem.
///
/// On all cores, since each file is asked for its size; in any order.
pub(crate) fn list(folder: &Path) -> Listing {
    let (sender, receiver) = mpsc::channel();
    let walker = WalkBuilder::new(folder)
        .standard_filters(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build_parallel();
    walker.run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            // Nobody listens only when this has ended.
            let _ = look(folder, entry).map_or(Ok(()), |found| sender.send(found));
            WalkState::Continue
        })
    });
    drop(sender);
    let mut listing = Listing::default();
    for found in receiver {
        match found {
            Ok(entry) => listing.entries.push(entry),
            Err(problem) => listing.problems.push(problem),
        }
    }
    listing
}

/// The file at an entry of the walk, or what is wrong there; nothing for folders and other things.
fn look(folder: &Path, entry: Result<DirEntry, ignore::Error>) -> Option<Result<Entry, Problem>> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return Some(Err(Problem { name: folder.display().to_string(), what: error.to_string() })),
    };
    let kind = entry.file_type()?;
    if kind.is_symlink() {
        return link(folder, entry.path()).map(Err);
    }
    kind.is_file().then(|| {
        let name = below(folder, entry.path())?;
        Ok(match entry.metadata() {
            Ok(metadata) => self::entry(name, &metadata),
            Err(_) => Entry { name, bytes: 0, changed: 0 },
        })
    })
}

/// The name of a path below the folder.
fn below(folder: &Path, path: &Path) -> Result<String, Problem> {
    let name = path.strip_prefix(folder).unwrap_or(path);
    let problem =
        || Problem { name: name.display().to_string(), what: "the name is not UTF-8; it is not read".to_owned() };
    name.to_str().map(str::to_owned).ok_or_else(problem)
}

/// What a link hides, if it hides anything.
fn link(folder: &Path, path: &Path) -> Option<Problem> {
    let what = match path.canonicalize() {
        // What it leads to is read where it lies.
        Ok(target) if target.starts_with(folder) => return None,
        Ok(target) if target.is_dir() || Language::of_path(path).is_some() => {
            "a link out of the data set; it is not followed"
        }
        Ok(_) => return None,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(_) => "a link that leads nowhere, or in a circle; it is not followed",
    };
    let name = path.strip_prefix(folder).unwrap_or(path).display().to_string();
    Some(Problem { name, what: what.to_owned() })
}

/// Writes a file beside its place and moves it there.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = temporary(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    adopt(path, file)
}

/// As [`put`], without waiting for the disk.
pub(crate) fn note(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = temporary(path.parent().unwrap_or(Path::new(".")))?;
    io::Write::write_all(&mut file, bytes)?;
    file.persist(path)?;
    Ok(())
}

/// Gives a file its name, once all of it is on the disk.
pub(crate) fn adopt(path: &Path, file: NamedTempFile) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// A file that is gone unless it gets a name.
pub(crate) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new();
    #[cfg(unix)]
    // Readable like any file the user makes; temporary files are private otherwise.
    file.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    file.tempfile_in(folder)
}
