//! Transformations: a filter, a deduplication or a mix took records and kept some. What was dropped stays on record, with the reason, and
//! so does which copy of a duplicate was kept.

use crate::adder::Origin;
use crate::error::Error;
use crate::hash::Digest;
use crate::ledger::Ledger;
use crate::record::Disposition;
use crate::segment::Seal;
use crate::snapshot::Snapshot;
use crate::statement::TRANSFORM;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

/// Inputs that a statement lists one by one.
const LISTED: usize = 100_000;

/// What became of a document, by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "disposition", rename_all = "kebab-case")]
pub enum Outcome {
    /// It is in the result.
    Kept,
    /// It is not.
    Dropped {
        /// Why.
        reason: String,
    },
    /// It is not, since another document stands for it.
    Duplicate {
        /// The content of the other.
        of: Digest,
    },
}

/// What a step did.
pub struct Transforming<'a> {
    /// `filter`, `dedup`, `mix` or whatever else it is called.
    pub kind: String,
    /// With what: a program and its version, parameters.
    pub tool: String,
    /// The segments that it read.
    pub inputs: Vec<Digest>,
    /// What became of single documents.
    pub outcomes: &'a HashMap<Digest, Outcome>,
    /// What became of all others.
    pub otherwise: Outcome,
    /// When.
    pub now: Timestamp,
}

/// What was recorded.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Transformed {
    /// The step's name in records.
    pub step: Option<Digest>,
    /// Documents in the result.
    pub kept: u64,
    /// Documents that are not.
    pub dropped: u64,
    /// Documents that another one stands for.
    pub duplicates: u64,
    /// The segments that wait to be sealed.
    pub segments: Vec<Seal>,
}

impl Ledger {
    /// The segments that no transformation has read: what a dataset is at its end.
    ///
    /// # Errors
    /// A statement is missing or changed.
    pub fn ends(&self, snapshot: &Snapshot) -> Result<Vec<Digest>, Error> {
        let mut read = BTreeSet::new();
        for (_, seal) in snapshot.segments() {
            let statement = self.statement(seal.statement)?;
            if statement.predicate_type == TRANSFORM {
                let inputs = statement.predicate.pointer("/step/inputs").cloned().unwrap_or_default();
                read.extend(serde_json::from_value::<Vec<Digest>>(inputs).unwrap_or_default());
            }
        }
        Ok(snapshot.segments().map(|(_, seal)| seal.id()).filter(|id| !read.contains(id)).collect())
    }

    /// Records what a step did with every document of its inputs. `progress` hears how many there are so far.
    ///
    /// # Errors
    /// An input is not sealed or damaged, a duplicate's other document is in no input, or the store fails.
    pub fn transform(
        &self,
        snapshot: &Snapshot,
        what: &Transforming,
        progress: &dyn Fn(u64),
    ) -> Result<Transformed, Error> {
        let sealed: HashMap<Digest, &Seal> = snapshot.segments().map(|(_, seal)| (seal.id(), seal)).collect();
        let input = |id: &Digest| {
            sealed
                .get(id)
                .copied()
                .ok_or_else(|| Error::input(id, "is no sealed segment; `taster ledger log` lists them"))
        };
        let inputs: Vec<&Seal> = what.inputs.iter().map(input).collect::<Result<_, _>>()?;
        if inputs.is_empty() || inputs.len() > LISTED {
            return Err(Error::input(
                "the inputs",
                format!("are {} segments; a step reads 1 to {LISTED}", inputs.len()),
            ));
        }
        let step = json!({ "kind": what.kind, "tool": what.tool, "inputs": what.inputs, "at": what.now });
        let id = Digest::of(step.to_string().as_bytes());
        let survivors = self.survivors(&inputs, what)?;
        let mut adder = self.add(Origin { predicate_type: TRANSFORM, about: json!({ "step": step, "id": id }) })?;
        let mut done = Transformed { step: Some(id), ..Transformed::default() };
        for seal in inputs {
            self.records(seal, &mut |view, leaf| -> Result<(), Error> {
                let mut record = view.to_record()?;
                if record.disposition != Disposition::Kept {
                    return Ok(());
                }
                record.disposition = match what.outcomes.get(&record.content).unwrap_or(&what.otherwise) {
                    Outcome::Kept => Disposition::Kept,
                    Outcome::Dropped { reason } => Disposition::Dropped(reason.clone()),
                    // The copy that is kept: of equal contents the first.
                    Outcome::Duplicate { of } => match survivors.get(of) {
                        Some(survivor) if *survivor == leaf => Disposition::Kept,
                        Some(survivor) => Disposition::DuplicateOf(*survivor),
                        None => {
                            return Err(Error::input(
                                record.content,
                                format!("is said to be a duplicate of {of}, which no input has"),
                            ));
                        }
                    },
                };
                match record.disposition {
                    Disposition::Kept => done.kept += 1,
                    Disposition::Dropped(_) => done.dropped += 1,
                    Disposition::DuplicateOf(_) => done.duplicates += 1,
                }
                record.parents = vec![leaf];
                record.transform = Some(id);
                record.method = "transform".to_owned();
                adder.push(&record)?;
                let all = done.kept + done.dropped + done.duplicates;
                if all.is_multiple_of(4096) {
                    progress(all);
                }
                Ok(())
            })?;
        }
        done.segments = adder.finish()?;
        Ok(done)
    }

    /// The first record of each document that stands for others.
    fn survivors(&self, inputs: &[&Seal], what: &Transforming) -> Result<HashMap<Digest, Digest>, Error> {
        let others = what.outcomes.values().chain([&what.otherwise]);
        let wanted: BTreeSet<Digest> =
            others.filter_map(|it| if let Outcome::Duplicate { of } = it { Some(*of) } else { None }).collect();
        let mut survivors = HashMap::new();
        if wanted.is_empty() {
            return Ok(survivors);
        }
        for seal in inputs {
            self.records(seal, &mut |view, leaf| -> Result<(), Error> {
                if let Some(content) =
                    Digest::from_slice(view.content).filter(|it| wanted.contains(it) && view.disposition == "kept")
                {
                    survivors.entry(content).or_insert(leaf);
                }
                Ok(())
            })?;
        }
        Ok(survivors)
    }
}
