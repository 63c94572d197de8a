//! Which documents of a data set must no longer be used, by what a ledger says: an audit leaves them out.

use crate::error::Error;
use crate::hash::Digest;
use crate::ledger::Ledger;
use crate::revoke::{Revocation, Target};
use crate::snapshot::Snapshot;
use dataset::{Dataset, Document, Limits, Part};
use rayon::prelude::*;
use report::RevokedDocument;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is revoked, as a data set can be asked for it.
pub struct Revoked {
    /// Each with its place in the log.
    revocations: Vec<(u64, Revocation)>,
    /// The revocation of each content that a ledger has records of.
    contents: HashMap<Digest, usize>,
    /// And of each source by its name, of which the ledger need not have every document.
    sources: HashMap<String, usize>,
}

impl Revoked {
    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.revocations.is_empty()
    }

    /// The revoked documents of a data set: the same bytes as a revoked one's, or from a revoked source; in the order of the data set.
    /// `progress` is told the bytes that are read, of [`Dataset::bytes`]. What cannot be read is passed over: the audit names it.
    pub fn among(&self, dataset: &Dataset, progress: &(dyn Fn(u64) + Sync)) -> Vec<RevokedDocument> {
        let done = AtomicU64::new(0);
        let read = |part: &Part| {
            let mut found = Vec::new();
            part.read(&Limits::default(), &mut |document| found.extend(self.look(&document)), &mut |_| ());
            progress(done.fetch_add(part.bytes, Ordering::Relaxed) + part.bytes);
            found
        };
        dataset.parts().par_iter().flat_map_iter(read).collect()
    }

    fn look(&self, document: &Document) -> Option<RevokedDocument> {
        // The empty text is everybody's.
        let content = || self.contents.get(&Digest::of(document.bytes)).filter(|_| !document.bytes.is_empty());
        let named = document.source.and_then(|source| self.sources.get(source));
        let (entry, revocation) = self.revocations.get(*named.or_else(content)?)?;
        Some(RevokedDocument {
            name: document.name.to_owned(),
            target: match &revocation.target {
                Target::Source(source) => format!("source {source}"),
                Target::Contributor(who) => format!("contributor {who}"),
                Target::Document(content) => format!("document {content}"),
            },
            reason: revocation.reason.clone(),
            entry: *entry,
        })
    }
}

impl Ledger {
    /// What must no longer be used, and every content that is covered by it.
    ///
    /// # Errors
    /// Something of the ledger is missing or changed.
    pub fn revoked(&self, snapshot: &Snapshot) -> Result<Revoked, Error> {
        let revocations = self.revocations(snapshot)?;
        let (mut contents, mut sources) = (HashMap::new(), HashMap::new());
        for (at, (_, revocation)) in revocations.iter().enumerate() {
            match &revocation.target {
                Target::Source(source) => drop(sources.insert(source.clone(), at)),
                Target::Document(content) => drop(contents.insert(*content, at)),
                Target::Contributor(_) => {}
            }
        }
        let segments = snapshot.segments().filter(|_| !revocations.is_empty());
        for (_, seal) in segments {
            self.records(seal, &mut |record, _| -> Result<(), Error> {
                let covers = |(_, revocation): &(u64, Revocation)| revocation.target.covers(record);
                let content = <[u8; 32]>::try_from(record.content).map(Digest);
                contents.extend(content.ok().zip(revocations.iter().position(covers)));
                Ok(())
            })?;
        }
        Ok(Revoked { revocations, contents, sources })
    }
}
