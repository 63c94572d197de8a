//! A folder to keep results in, here or on an object store, that every machine of a cluster reaches.

use crate::DatasetError;
use crate::place::Place;
use std::collections::BTreeSet;
use std::io::Read;

/// A folder for files that fit in memory.
#[derive(Debug, Clone)]
pub struct Folder(Place);

impl Folder {
    /// The folder at a path or URL, made where it is missing.
    ///
    /// # Errors
    /// If it cannot be made or is of no kind that is known.
    pub fn at(location: &str) -> Result<Folder, DatasetError> {
        Place::folder(location).map(Folder)
    }

    /// Where it is: an absolute path or a URL.
    pub fn location(&self) -> String {
        self.0.root()
    }

    pub(crate) fn place(&self) -> &Place {
        &self.0
    }

    /// Writes a file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&self, file: &str, bytes: Vec<u8>) -> Result<(), DatasetError> {
        self.0.put(file, bytes).map_err(DatasetError::unreadable(file))
    }

    /// Writes a file without waiting for the disk, for what can be had again: after a power failure it may be missing or empty.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn note(&self, file: &str, bytes: Vec<u8>) -> Result<(), DatasetError> {
        self.0.note(file, bytes).map_err(DatasetError::unreadable(file))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it is not there or cannot be read.
    pub fn get(&self, file: &str) -> Result<Vec<u8>, DatasetError> {
        let mut bytes = Vec::new();
        let mut read = || self.0.open(file)?.read_to_end(&mut bytes);
        read().map_err(DatasetError::unreadable(file))?;
        Ok(bytes)
    }

    /// The names of its files.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn names(&self) -> Result<BTreeSet<String>, DatasetError> {
        Ok(self.0.list()?.entries.into_iter().map(|entry| entry.name).collect())
    }

    /// Removes the folder and everything in it.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub fn remove(self) -> Result<(), DatasetError> {
        self.0.remove().map_err(DatasetError::unreadable(self.location()))
    }
}
