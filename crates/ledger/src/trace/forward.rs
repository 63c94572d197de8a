//! From the documents of a trace forward: their records in the log with proofs, and the models that were trained on them.

use crate::blast::{Reached, reached};
use crate::error::Error;
use crate::hash::Digest;
use crate::ledger::Ledger;
use crate::prove::Found;
use crate::record::Disposition;
use crate::snapshot::Snapshot;
use serde::Serialize;
use std::collections::BTreeMap;

/// A record of a document, and the proof that it stands in the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proved {
    /// The record.
    #[serde(flatten)]
    pub found: Found,
    /// The segment that it stands in.
    pub segment: Digest,
    /// A C2SP tlog-proof, for `taster ledger prove --check`.
    pub proof: String,
}

/// What a ledger knows about documents.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Forward {
    /// For each document that has any: its records.
    pub records: BTreeMap<Digest, Vec<Proved>>,
    /// Every model whose training included one, or that was made from such a model, with how many of these records.
    pub models: Vec<Reached>,
}

impl Ledger {
    /// Looks documents up, by the hash of their content, and follows those that were kept to every model.
    ///
    /// # Errors
    /// Something of the ledger is missing or changed.
    pub fn forward(&self, snapshot: &Snapshot, contents: &[Digest]) -> Result<Forward, Error> {
        let seals: BTreeMap<u64, Digest> = snapshot.segments().map(|(entry, seal)| (entry, seal.id())).collect();
        let (mut records, mut segments) = (BTreeMap::new(), BTreeMap::new());
        for &content in contents {
            let mut proved = Vec::new();
            for found in self.find(snapshot, &content)? {
                let Some(&segment) = seals.get(&found.place.entry) else { continue };
                if found.record.disposition == Disposition::Kept && !records.contains_key(&content) {
                    *segments.entry(segment).or_default() += 1;
                }
                proved.push(Proved { proof: self.prove(snapshot, &found)?.to_string(), found, segment });
            }
            if !proved.is_empty() {
                records.insert(content, proved);
            }
        }
        let models = reached(&self.runs(snapshot)?, &segments);
        Ok(Forward { records, models })
    }
}
