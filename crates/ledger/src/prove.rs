//! Proofs that a document's record stands in the log, to be checked by anybody who has the log's key, without the ledger.
//!
//! A proof is a C2SP `tlog-proof` of the seal's entry; its `extra` line has the record, the record's path in its segment and the entry.

use crate::entry::{Entry, Logged};
use crate::error::Error;
use crate::hash::Digest;
use crate::ledger::Ledger;
use crate::merkle::{Nodes, leaf, root_of_inclusion};
use crate::policy::Policy;
use crate::proof::Proof;
use crate::record::Record;
use crate::segment::{INDEXED, Seal, layout};
use crate::snapshot::Snapshot;
use crate::tiles::of_segment;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Bytes of an index that are read at once.
const READ: u64 = 1 << 12;

/// Where a record is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The entry of the log that seals its segment.
    pub entry: u64,
    /// Its row there.
    pub row: u64,
}

/// A record and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Where.
    pub place: Place,
    /// Its leaf hash.
    pub leaf: Digest,
    /// What it says.
    pub record: Record,
}

#[derive(Serialize, Deserialize)]
struct Extra {
    /// Canonical bytes of the record, in base64.
    record: String,
    row: u64,
    path: Vec<Digest>,
    /// The entry, in base64.
    entry: String,
}

impl Ledger {
    /// The records of a document, by its content's hash.
    ///
    /// # Errors
    /// An index or a table is missing or damaged.
    pub fn find(&self, snapshot: &Snapshot, content: &Digest) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        for (entry, seal) in snapshot.segments() {
            for row in self.rows(seal, content)? {
                let (record, leaf) = self.record(seal, row)?;
                if record.content == *content {
                    found.push(Found { place: Place { entry, row }, leaf, record });
                }
            }
        }
        Ok(found)
    }

    /// Rows whose content begins as this one. Hashes are spread evenly, so the first guess is nearly right.
    fn rows(&self, seal: &Seal, content: &Digest) -> Result<Vec<u64>, Error> {
        let (path, index) = (seal.tree_path(), layout(seal.records).index);
        let wanted = &content.0[..8];
        let part =
            |first: u64, end: u64| self.store.range(&path, index.start + first * INDEXED..index.start + end * INDEXED);
        let (mut low, mut high) = (0, seal.records);
        let start = u64::from_be_bytes(content.0[..8].try_into().unwrap_or_default());
        let mut middle = ((u128::from(start) * u128::from(seal.records)) >> 64) as u64;
        let step = READ / INDEXED;
        // Narrows to one window that has the first entry not before the wanted one.
        while high - low > step {
            let first = middle.saturating_sub(step / 2).clamp(low, high - step);
            let bytes = part(first, first + step)?;
            let key = |at: u64| &bytes[(at * INDEXED) as usize..(at * INDEXED) as usize + 8];
            if key(0) >= wanted && first > low {
                high = first;
            } else if key(step - 1) < wanted {
                low = first + step;
            } else {
                (low, high) = (first, first + step);
            }
            middle = low + (high - low) / 2;
        }
        let mut rows = Vec::new();
        let mut first = low;
        while first < seal.records {
            let bytes = part(first, seal.records.min(first + step))?;
            for entry in bytes.chunks_exact(INDEXED as usize) {
                match entry[..8].cmp(wanted) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Equal => {
                        rows.push(u64::from(u32::from_be_bytes(entry[8..].try_into().unwrap_or_default())))
                    }
                    std::cmp::Ordering::Greater => return Ok(rows),
                }
            }
            first += step;
        }
        Ok(rows)
    }

    /// The record of a row, and its leaf hash.
    ///
    /// # Errors
    /// The table is missing or damaged.
    pub fn record(&self, seal: &Seal, row: u64) -> Result<(Record, Digest), Error> {
        let record = self.table(seal)?.row(row, |view, _| view.to_record())??;
        let leaf = leaf(&record.encode()?);
        Ok((record, leaf))
    }

    /// The proof that a record stands in the log.
    ///
    /// # Errors
    /// The store has not what the log says.
    pub fn prove(&self, snapshot: &Snapshot, found: &Found) -> Result<Proof, Error> {
        let Place { entry, row } = found.place;
        let (_, seal) = snapshot
            .segments()
            .find(|(at, _)| *at == entry)
            .ok_or_else(|| Error::input("the entry", "is no segment"))?;
        let path = of_segment(&self.store, seal).inclusion(row, seal.records)?;
        let encoded = usize::try_from(entry)
            .ok()
            .and_then(|at| snapshot.bytes.get(at))
            .ok_or_else(|| Error::input("the entry", "is none"))?;
        let extra =
            Extra { record: STANDARD.encode(found.record.encode()?), row, path, entry: STANDARD.encode(encoded) };
        let (checkpoint, note, _) = self.log().published()?.ok_or_else(|| Error::broken("checkpoint", "is missing"))?;
        let proof = Proof {
            extra: Some(serde_json::to_vec(&extra).map_err(|error| Error::input("a proof", error))?),
            index: entry,
            path: self.tree(checkpoint.size).inclusion(entry, checkpoint.size)?,
            checkpoint: note,
        };
        // What goes out is what a stranger will believe.
        match check(&proof.to_string(), &self.policy) {
            Ok(_) => Ok(proof),
            Err(why) => Err(Error::broken(seal.tree_path(), format!("gives no proof: it {why}"))),
        }
    }
}

/// The record that a proof proves, if the policy believes its checkpoint.
///
/// # Errors
/// What is wrong with it.
pub fn check(text: &str, policy: &Policy) -> Result<Record, String> {
    let proof = Proof::parse(text).map_err(|why| format!("is no proof ({why})"))?;
    let checkpoint = policy.believe(&proof.checkpoint).map_err(|why| format!("has a checkpoint that {why}"))?;
    let extra = proof.extra.ok_or("has no extra line, and so no record")?;
    let extra: Extra =
        serde_json::from_slice(&extra).map_err(|error| format!("has an extra line that says nothing ({error})"))?;
    let decoded = |text: &str| STANDARD.decode(text).map_err(|error| format!("is damaged ({error})"));
    let (record, entry) = (decoded(&extra.record)?, decoded(&extra.entry)?);
    if root_of_inclusion(proof.index, checkpoint.size, leaf(&entry), &proof.path) != Some(checkpoint.root) {
        return Err("does not lead from its entry to the root of its checkpoint".to_owned());
    }
    let Ok(Logged { entry: Entry::Segment(seal), .. }) = Logged::decode(&entry) else {
        return Err("is about an entry that seals nothing".to_owned());
    };
    if root_of_inclusion(extra.row, seal.records, leaf(&record), &extra.path) != Some(seal.root) {
        return Err("does not lead from its record to the root of its segment".to_owned());
    }
    Record::decode(&record).map_err(|error| error.to_string())
}
