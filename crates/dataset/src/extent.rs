//! What lies at a location, without a look into it: cheap enough to ask each time whether anything has changed.

use crate::DatasetError;
use crate::place::{Entry, Listing, Place};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The files of a data set, as names, sizes and times say. A file that was changed and given its old size and its old time back looks
/// the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// The folder or prefix that the names are below.
    pub root: String,
    /// Files.
    pub files: u64,
    /// Bytes of them, as they lie there.
    pub bytes: u64,
    /// SHA-256, in hexadecimal digits, over the files' names, sizes and times of the last change.
    pub digest: String,
}

impl Extent {
    /// What lies at a location; nothing of it is opened.
    ///
    /// # Errors
    /// If there is nothing.
    pub fn of(location: &str) -> Result<Extent, DatasetError> {
        let (place, single) = Place::find(location)?;
        let entries = match single {
            Some(entry) => vec![entry],
            None => {
                let Listing { entries, problems: _ } = place.list()?;
                entries
            }
        };
        Ok(Extent::new(place.root(), &entries))
    }

    pub(crate) fn new(root: String, entries: &[Entry]) -> Extent {
        let mut sha = Sha256::new();
        for entry in entries {
            // Lengths keep the end of a name apart from what follows.
            sha.update((entry.name.len() as u64).to_le_bytes());
            sha.update(&entry.name);
            sha.update(entry.bytes.to_le_bytes());
            sha.update(entry.changed.to_le_bytes());
        }
        let digest = sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Extent { root, files: entries.len() as u64, bytes: entries.iter().map(|entry| entry.bytes).sum(), digest }
    }
}
