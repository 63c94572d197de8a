//! Revocation: a signed statement that a source, a contributor or a document must no longer be used.

use crate::error::Error;
use crate::hash::Digest;
use crate::ledger::Ledger;
use crate::record::View;
use crate::snapshot::Snapshot;
use crate::statement::{REVOCATION, Resource, Statement, tool};
use crate::train::Run;
use crate::verify::{Fault, Verification};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What is bad.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Everything from a source.
    Source(String),
    /// Everything that somebody wrote or committed, by commitment.
    Contributor(Digest),
    /// A document, by its content.
    Document(Digest),
}

impl Target {
    /// Whether a record is of it.
    pub fn covers(&self, record: &View) -> bool {
        match self {
            Target::Source(source) => record.source == source,
            Target::Contributor(who) => record.author == who.0 || record.committer == who.0,
            Target::Document(content) => record.content == content.0,
        }
    }
}

/// A revocation, as its statement says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// What.
    pub target: Target,
    /// Why.
    pub reason: String,
}

impl Ledger {
    /// States that something must no longer be used.
    ///
    /// # Errors
    /// As for any statement.
    pub fn revoke(&self, revocation: &Revocation) -> Result<Digest, Error> {
        let (name, digest) = match &revocation.target {
            Target::Source(source) => (source.clone(), Digest::of(source.as_bytes())),
            Target::Contributor(who) => (format!("contributor/{who}"), *who),
            Target::Document(content) => (format!("document/{content}"), *content),
        };
        let predicate = json!({ "target": revocation.target, "reason": revocation.reason, "stated": jiff::Timestamp::now(), "tool": tool() });
        self.state(&Statement::new(vec![Resource::new(&name, digest)], REVOCATION, predicate))
    }

    /// What is revoked, with the place in the log of each statement.
    ///
    /// # Errors
    /// A statement is missing or changed.
    pub fn revocations(&self, snapshot: &Snapshot) -> Result<Vec<(u64, Revocation)>, Error> {
        let read = |(at, digest): (u64, Digest)| {
            let statement = self.statement(digest)?;
            let revocation = serde_json::from_value(statement.predicate);
            Ok((at, revocation.map_err(|error| Error::broken(crate::entry::statement_path(digest), error))?))
        };
        snapshot.statements(REVOCATION).map(|(at, stated)| read((at, stated.envelope.sha256))).collect()
    }

    /// Runs that used what had been revoked before are faults of the story; those that came before are remarked.
    pub(crate) fn verify_revocations(&self, found: &mut Verification) -> Vec<Fault> {
        self.runs_on_revoked(found).unwrap_or_else(|error| vec![error.into()])
    }

    fn runs_on_revoked(&self, found: &mut Verification) -> Result<Vec<Fault>, Error> {
        let snapshot = self.snapshot()?;
        let revocations = self.revocations(&snapshot)?;
        if revocations.is_empty() || !found.faults.is_empty() {
            return Ok(Vec::new());
        }
        let (runs, mut faults) = (self.runs(&snapshot)?, Vec::new());
        for (at, revocation) in &revocations {
            let hit = self.segments_with(&snapshot, &revocation.target)?;
            let used = |run: &Run| run.segments.iter().any(|segment| hit.contains_key(segment));
            for run in runs.iter().filter(|run| used(run)) {
                let said = format!("entry {at} revokes {:?} ({})", revocation.target, revocation.reason);
                match run.entry > *at {
                    true => {
                        faults.push(Fault::new(format!("entry {}", run.entry), format!("the run used what {said}")))
                    }
                    false => found.remarks.push(format!("{said}, which the run of entry {} used before", run.entry)),
                }
            }
        }
        Ok(faults)
    }
}
