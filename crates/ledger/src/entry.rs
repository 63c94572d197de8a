//! What the log's entries say: that a segment is sealed, or that something was stated. Bulk stands outside, by its digest.

use crate::segment::{Object, Seal};
use serde::{Deserialize, Serialize};

/// An entry of the log, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Entry {
    /// Records.
    Segment(Seal),
    /// A signed statement about something else than the records of one segment.
    Statement(Stated),
}

/// A statement by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stated {
    /// What kind of statement it is.
    pub predicate_type: String,
    /// The DSSE envelope.
    pub envelope: Object,
}

/// An entry as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// Entries of the log when this one and its neighbours were added: so the log says itself which sizes it had, and a tile that is
    /// missing is missed.
    pub after: u64,
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
}

impl Logged {
    /// The bytes that the log has of it.
    ///
    /// # Errors
    /// None in practice.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads the log's bytes.
    ///
    /// # Errors
    /// They are no entry.
    pub fn decode(bytes: &[u8]) -> Result<Logged, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

/// Where a statement's envelope is.
pub fn statement_path(digest: crate::hash::Digest) -> String {
    format!("statement/{digest}.json")
}
