//! Where the files of a data set lie: a folder of this machine or a prefix of an object store, read through the same few functions.

pub(crate) mod local;
pub(crate) mod store;

use crate::{DatasetError, Problem};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::ops::Range;
use std::path::PathBuf;
use tempfile::NamedTempFile;

/// A folder, here or on a store.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Local(PathBuf),
    Store(store::Store),
}

/// A file below a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// Its path below the place, with `/` between the levels.
    pub name: String,
    /// Its size, bytes.
    pub bytes: u64,
    /// When it was changed last, milliseconds since 1970; 0 where nobody knows.
    pub changed: i64,
}

/// What lies below a place, in the order of the names, and what of it cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub entries: Vec<Entry>,
    pub problems: Vec<Problem>,
}

impl Place {
    /// The folder that a location names, or the folder around the one file that it names, and that file.
    pub fn find(location: &str) -> Result<(Place, Option<Entry>), DatasetError> {
        match store::scheme(location) {
            None => local::find(location, location.as_ref()),
            Some("file") => local::find(location, &local::of_url(location)?),
            Some(_) => store::find(location),
        }
    }

    /// The folder that [`Place::root`] named.
    pub fn at(root: &str) -> Result<Place, DatasetError> {
        match store::scheme(root) {
            None => Ok(Place::Local(PathBuf::from(root))),
            Some("file") => Ok(Place::Local(local::of_url(root)?)),
            Some(_) => store::Store::open(root).map(Place::Store),
        }
    }

    /// Its name, which another process understands: an absolute path or a URL.
    pub fn root(&self) -> String {
        match self {
            Place::Local(path) => path.display().to_string(),
            Place::Store(store) => store.url().to_owned(),
        }
    }

    /// Everything below.
    pub fn list(&self) -> Result<Listing, DatasetError> {
        let mut listing = match self {
            Place::Local(path) => local::list(path),
            Place::Store(store) => store.list()?,
        };
        listing.entries.sort();
        listing.problems.sort();
        Ok(listing)
    }

    /// Reads a file from its start.
    pub fn open(&self, file: &str) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Place::Local(path) => Ok(Box::new(local::open(path, file)?)),
            Place::Store(store) => Ok(Box::new(store.reader(file, None)?)),
        }
    }

    /// Reads some bytes of a file.
    pub fn open_range(&self, file: &str, range: Range<u64>) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Place::Local(path) => {
                let mut opened = local::open(path, file)?;
                opened.seek(io::SeekFrom::Start(range.start))?;
                Ok(Box::new(opened.take(range.end.saturating_sub(range.start))))
            }
            Place::Store(store) => Ok(Box::new(store.reader(file, Some(range))?)),
        }
    }

    /// A folder to write to, made where it is missing.
    pub fn folder(location: &str) -> Result<Place, DatasetError> {
        let path = match store::scheme(location) {
            None => PathBuf::from(location),
            Some("file") => local::of_url(location)?,
            Some(_) => return store::Store::open(location).map(Place::Store),
        };
        std::fs::create_dir_all(&path).map_err(DatasetError::unreadable(location))?;
        path.canonicalize().map(Place::Local).map_err(DatasetError::unreadable(location))
    }

    /// Writes a file of the folder, whole or not at all.
    pub fn put(&self, file: &str, bytes: Vec<u8>) -> io::Result<()> {
        match self {
            Place::Local(path) => local::put(&path.join(file), &bytes),
            Place::Store(store) => store.put(file, bytes),
        }
    }

    /// As [`Place::put`], but what this machine was told last may be lost, or be empty, when its power fails.
    pub fn note(&self, file: &str, bytes: Vec<u8>) -> io::Result<()> {
        match self {
            Place::Local(path) => local::note(&path.join(file), &bytes),
            Place::Store(store) => store.put(file, bytes),
        }
    }

    /// A folder of this machine to make large files in that this one adopts.
    pub fn scratch(&self) -> PathBuf {
        match self {
            Place::Local(path) => path.clone(),
            Place::Store(_) => std::env::temp_dir(),
        }
    }

    /// Takes in a file that was made in [`Place::scratch`], whole or not at all.
    pub fn adopt(&self, file: &str, made: NamedTempFile) -> io::Result<()> {
        match self {
            Place::Local(path) => local::adopt(&path.join(file), made),
            Place::Store(store) => store.upload(file, made.reopen()?),
        }
    }

    /// A file of the folder as one of this machine: itself, or a copy that is gone when it is closed.
    pub fn file(&self, file: &str) -> io::Result<File> {
        match self {
            Place::Local(path) => local::open(path, file),
            Place::Store(store) => {
                let mut copy = tempfile::tempfile()?;
                io::copy(&mut store.reader(file, None)?, &mut copy)?;
                copy.rewind()?;
                Ok(copy)
            }
        }
    }

    /// Removes the folder and everything below.
    pub fn remove(&self) -> io::Result<()> {
        match self {
            Place::Local(path) => std::fs::remove_dir_all(path),
            Place::Store(store) => store.remove(),
        }
    }
}
