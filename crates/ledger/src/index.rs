//! The index of a data set: which documents have this text, this run of tokens, this word?
//!
//! Four files and kinds of files, below any place of a [`Store`]: `postings/` has for each `term` the documents that
//! have it, `texts/` their texts, packed, `documents/` what is known of each, as Parquet, and `index.json` the [`Manifest`], which is
//! written last. In a folder the arrays of [`Suffixes`] stand beside them. Whatever is damaged is refused with its name.

mod build;
mod posting;
mod sorter;
mod suffix;
mod table;
pub mod term;
mod text;

pub use posting::Postings;
#[doc(hidden)]
pub use posting::read_hostile;
pub use suffix::{Standing, Suffixes};
pub use table::Indexed;

use crate::error::Error;
use crate::store::Store;
use code::Language;
use dataset::{Dataset, Extent, Problem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use term::Term;

const MANIFEST: &str = "index.json";
/// The version of the files.
const VERSION: u32 = 3;

/// What an index says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of the files.
    pub version: u32,
    /// The data set as it lay there.
    pub extent: Extent,
    /// Documents.
    pub documents: u64,
    /// Bytes of their texts.
    pub bytes: u64,
    /// Of a term in more documents than this only their number is kept.
    pub most: u64,
    /// Blocks of postings.
    pub blocks: u64,
    /// Documents by language.
    pub languages: BTreeMap<Language, u64>,
    /// Tokens by class.
    pub classes: BTreeMap<u8, u64>,
}

/// An index that is open.
#[derive(Debug)]
pub struct Index {
    store: Store,
    manifest: Manifest,
    postings: posting::Reader,
}

impl Index {
    /// Builds the index of a data set at a place, on all cores; `progress` is told the bytes that are read, of [`Dataset::bytes`].
    ///
    /// # Errors
    /// It cannot be written. What of the data set cannot be read is handed to `problems`.
    pub fn build(
        dataset: &Dataset,
        place: &str,
        progress: &(dyn Fn(u64) + Sync),
        problems: &mut (dyn FnMut(Problem) + Send),
    ) -> Result<Index, Error> {
        let store = Store::open(place)?;
        build::build(dataset, &store, progress, problems)?;
        Index::open(place)?.ok_or_else(|| damaged(MANIFEST))
    }

    /// Opens the index at a place; `None` if there is none, or one that was not finished.
    ///
    /// # Errors
    /// It is damaged, or of another version.
    pub fn open(place: &str) -> Result<Option<Index>, Error> {
        let store = Store::open(place)?;
        let Some(bytes) = store.get(MANIFEST)? else { return Ok(None) };
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|_| damaged(MANIFEST))?;
        if manifest.version != VERSION {
            return Err(Error::input(place, "is an index of another version of taster; build it anew"));
        }
        let postings = posting::Reader::open(&store, manifest.most, manifest.blocks)?;
        Ok(Some(Index { store, manifest, postings }))
    }

    /// What it says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The documents that have a term.
    ///
    /// # Errors
    /// A file is missing or damaged.
    pub fn find(&self, term: Term) -> Result<Postings, Error> {
        let mut found = self.postings.find(&self.store, term)?;
        found.documents.retain(|&document| u64::from(document) < self.manifest.documents);
        Ok(found)
    }

    /// The text of a document, and its language.
    ///
    /// # Errors
    /// There is none, or a file is missing or damaged.
    pub fn text(&self, document: u32) -> Result<(Vec<u8>, Option<Language>), Error> {
        text::read(&self.store, document)
    }

    /// What is known of a document.
    ///
    /// # Errors
    /// There is none, or a file is missing or damaged.
    pub fn document(&self, document: u32) -> Result<Indexed, Error> {
        let (file, row) = (document as usize / table::ROWS, document as usize % table::ROWS);
        let path = table::path(file);
        table::read(&path, self.store.need(&path)?, row)
    }
}

/// A file of an index that cannot be what was written.
fn damaged(path: &str) -> Error {
    Error::input(path, "is no file of an index, or a damaged one; delete the index and build it anew")
}
