//! What somebody states and signs: in-toto Statements (version 1) in DSSE envelopes. Training is stated as SLSA provenance; for the rest no
//! predicate exists elsewhere, so these are taster's own.

use crate::error::Error;
use crate::hash::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sign::{Signer, VerifyingKey, dsse};
use std::collections::BTreeMap;

/// Type of the payload of an envelope.
pub const PAYLOAD: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// SLSA provenance.
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// How documents were collected.
pub const COLLECTION: &str = "urn:taster:collection:v1";
/// What a filter, a deduplication or a mix did.
pub const TRANSFORM: &str = "urn:taster:transform:v1";
/// What must no longer be used.
pub const REVOCATION: &str = "urn:taster:revocation:v1";
/// A further key of the log.
pub const KEY: &str = "urn:taster:key:v1";
/// The build type of a training run.
pub const TRAINING: &str = "urn:taster:training:v1";
/// A larger envelope is not read.
pub const LARGEST: u64 = 64 << 20;

/// A statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// The version.
    #[serde(rename = "_type")]
    pub kind: String,
    /// About what.
    pub subject: Vec<Resource>,
    /// What kind of statement.
    pub predicate_type: String,
    /// What is stated.
    #[serde(default)]
    pub predicate: Value,
}

/// A thing by its digests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uri: String,
    /// Its digests. Only SHA-256 is ever compared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digest: BTreeMap<String, String>,
    /// More about it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub annotations: Map<String, Value>,
}

impl Resource {
    /// A thing with a name and a SHA-256 digest.
    pub fn new(name: &str, digest: Digest) -> Resource {
        Resource {
            name: name.to_owned(),
            digest: [("sha256".to_owned(), digest.to_string())].into(),
            ..Resource::default()
        }
    }

    /// Its SHA-256 digest.
    pub fn sha256(&self) -> Option<Digest> {
        self.digest.get("sha256")?.parse().ok()
    }
}

impl Statement {
    /// States something about subjects.
    pub fn new(subject: Vec<Resource>, predicate_type: &str, predicate: Value) -> Statement {
        Statement { kind: STATEMENT.to_owned(), subject, predicate_type: predicate_type.to_owned(), predicate }
    }

    /// The signed envelope.
    ///
    /// # Errors
    /// The signer fails.
    pub fn seal(&self, signer: &Signer) -> Result<String, Error> {
        let payload = serde_json::to_vec(self).map_err(|error| Error::input("the statement", error))?;
        Ok(dsse::seal(signer, PAYLOAD, &payload)?)
    }

    /// The statement of an envelope that one of the keys has signed.
    ///
    /// # Errors
    /// None has, or it is no statement.
    pub fn open(envelope: &[u8], keys: &[VerifyingKey]) -> Result<Statement, String> {
        let text = std::str::from_utf8(envelope).map_err(|_| "is no text")?;
        let payload = dsse::open(text, PAYLOAD, keys).map_err(|error| error.to_string())?;
        let statement: Statement =
            serde_json::from_slice(&payload).map_err(|error| format!("is no in-toto statement ({error})"))?;
        match statement.kind == STATEMENT {
            true => Ok(statement),
            false => Err(format!("is a statement of type {:?}, not {STATEMENT:?}", statement.kind)),
        }
    }
}

/// The tool that states.
pub fn tool() -> Value {
    json!({ "name": "taster", "version": env!("CARGO_PKG_VERSION") })
}
