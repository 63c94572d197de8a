//! The blast radius: what must be looked at again if a source, a contributor or a document is bad.

use crate::error::Error;
use crate::hash::Digest;
use crate::ledger::Ledger;
use crate::revoke::Target;
use crate::snapshot::Snapshot;
use crate::train::Run;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a bad thing has reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Blast {
    /// What is bad.
    pub target: Target,
    /// Records of it that were kept, by segment.
    pub segments: BTreeMap<Digest, u64>,
    /// Models that were trained on it, or made from one that was, in the order of the log.
    pub models: Vec<Reached>,
}

/// A model that it has reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reached {
    /// The run that made it.
    #[serde(flatten)]
    pub run: Run,
    /// Records of the bad thing among the run's own data; 0 where it came with a base model only.
    pub records: u64,
    /// The reached models that it was made from.
    pub through: Vec<Digest>,
}

impl Ledger {
    /// Follows a target forward to every model. Runs may be stated in any order, so a model can be made from one that is stated later.
    ///
    /// # Errors
    /// Something of the ledger is missing or changed.
    pub fn blast(&self, snapshot: &Snapshot, target: Target) -> Result<Blast, Error> {
        let segments = self.segments_with(snapshot, &target)?;
        let runs = self.runs(snapshot)?;
        let models = reached(&runs, &segments);
        Ok(Blast { target, segments, models })
    }
}

/// The models that segments with bad records have reached.
pub(crate) fn reached(runs: &[Run], segments: &BTreeMap<Digest, u64>) -> Vec<Reached> {
    let records = |run: &Run| run.segments.iter().filter_map(|segment| segments.get(segment)).sum::<u64>();
    let mut bad: BTreeSet<Digest> = runs.iter().filter(|run| records(run) > 0).map(|run| run.model).collect();
    loop {
        let derived = |run: &&Run| !bad.contains(&run.model) && run.bases.iter().any(|base| bad.contains(base));
        let more: Vec<Digest> = runs.iter().filter(derived).map(|run| run.model).collect();
        if more.is_empty() {
            break;
        }
        bad.extend(more);
    }
    let through = |run: &Run| run.bases.iter().copied().filter(|base| bad.contains(base)).collect::<Vec<_>>();
    let all = runs.iter().map(|run| Reached { run: run.clone(), records: records(run), through: through(run) });
    all.filter(|it| it.records > 0 || !it.through.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Making;

    #[test]
    fn a_bad_segment_reaches_models_through_models_and_no_others() {
        let digest = |name: &str| Digest::of(name.as_bytes());
        let run = |model: &str, segments: &[&str], bases: &[&str]| Run {
            entry: 0,
            making: Making::FineTune,
            name: model.to_owned(),
            model: digest(model),
            segments: segments.iter().map(|it| digest(it)).collect(),
            bases: bases.iter().map(|it| digest(it)).collect(),
        };
        // Stated out of order, and one in a circle.
        let runs = [
            run("quantised", &[], &["tuned"]),
            run("tuned", &["good"], &["base"]),
            run("base", &["bad", "good"], &[]),
            run("clean", &["good"], &["other"]),
            run("circle", &[], &["circle"]),
        ];
        let found = reached(&runs, &[(digest("bad"), 3)].into());
        let names: Vec<(&str, u64)> = found.iter().map(|it| (it.run.name.as_str(), it.records)).collect();
        assert_eq!(names, [("quantised", 0), ("tuned", 0), ("base", 3)]);
        assert_eq!(found[0].through, [digest("tuned")]);
    }
}
