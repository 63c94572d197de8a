//! Training runs: which segments and which models went into a model, stated as SLSA provenance.

use crate::error::Error;
use crate::hash::Digest;
use crate::ledger::Ledger;
use crate::revoke::Target;
use crate::snapshot::Snapshot;
use crate::statement::{PROVENANCE, Resource, Statement, TRAINING, tool};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How a model was made from others and from data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Making {
    /// From data alone.
    Train,
    /// From a base model and data.
    FineTune,
    /// From several models.
    Merge,
    /// From one model, with fewer bits.
    Quantise,
}

/// A run that is to be stated.
#[derive(Debug, Clone)]
pub struct Training {
    /// How.
    pub making: Making,
    /// What people call the model.
    pub name: String,
    /// Its digest.
    pub model: Digest,
    /// The segments of its data, each with the times that it was seen.
    pub segments: Vec<(Digest, f64)>,
    /// The models that it was made from.
    pub bases: Vec<Digest>,
    /// What else is worth stating: code, parameters.
    pub parameters: Map<String, Value>,
}

/// A run that was stated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Its place in the log.
    pub entry: u64,
    /// How.
    pub making: Making,
    /// What people call the model.
    pub name: String,
    /// The model.
    pub model: Digest,
    /// The segments of its data: a dataset's snapshot.
    pub segments: BTreeSet<Digest>,
    /// The models that it was made from.
    pub bases: Vec<Digest>,
}

impl Ledger {
    /// States a run.
    ///
    /// # Errors
    /// A segment is not sealed, or as for any statement.
    pub fn train(&self, snapshot: &Snapshot, training: &Training) -> Result<Digest, Error> {
        let sealed: BTreeMap<Digest, &crate::segment::Seal> =
            snapshot.segments().map(|(_, seal)| (seal.id(), seal)).collect();
        let mut inputs = Vec::new();
        for (segment, weight) in &training.segments {
            let seal = sealed
                .get(segment)
                .ok_or_else(|| Error::input(segment, "is no sealed segment; `taster ledger log` lists them"))?;
            let mut resource = Resource::new(&format!("segment/{segment}"), *segment);
            resource.annotations = [
                ("root".to_owned(), json!(seal.root)),
                ("records".to_owned(), json!(seal.records)),
                ("times".to_owned(), json!(weight)),
            ]
            .into_iter()
            .collect();
            inputs.push(resource);
        }
        inputs.extend(training.bases.iter().map(|base| Resource::new(&format!("model/{base}"), *base)));
        let predicate = json!({
            "buildDefinition": {
                "buildType": TRAINING,
                "externalParameters": { "making": training.making, "parameters": training.parameters },
                "resolvedDependencies": inputs,
            },
            "runDetails": {
                "builder": { "id": "urn:taster:ledger", "version": { "taster": tool()["version"] } },
                "metadata": { "finishedOn": Timestamp::now() },
            },
        });
        self.state(&Statement::new(vec![Resource::new(&training.name, training.model)], PROVENANCE, predicate))
    }

    /// The runs that were stated, in the order of the log.
    ///
    /// # Errors
    /// A statement is missing or changed.
    pub fn runs(&self, snapshot: &Snapshot) -> Result<Vec<Run>, Error> {
        let mut runs = Vec::new();
        for (entry, stated) in snapshot.statements(PROVENANCE) {
            let statement = self.statement(stated.envelope.sha256)?;
            runs.extend(run(entry, &statement));
        }
        Ok(runs)
    }

    /// The segments that have records of a target, and how many.
    ///
    /// # Errors
    /// A table is missing or damaged.
    pub fn segments_with(&self, snapshot: &Snapshot, target: &Target) -> Result<BTreeMap<Digest, u64>, Error> {
        let mut hit = BTreeMap::new();
        for (_, seal) in snapshot.segments() {
            self.records(seal, &mut |record, _| -> Result<(), Error> {
                if target.covers(record) && record.disposition == "kept" {
                    *hit.entry(seal.id()).or_default() += 1;
                }
                Ok(())
            })?;
        }
        Ok(hit)
    }
}

/// What a statement says about a run, if it is about one.
pub(crate) fn run(entry: u64, statement: &Statement) -> Option<Run> {
    let definition = statement.predicate.get("buildDefinition")?;
    if definition.get("buildType")? != TRAINING {
        return None;
    }
    let subject = statement.subject.first()?;
    let inputs: Vec<Resource> = serde_json::from_value(definition.get("resolvedDependencies")?.clone()).ok()?;
    let named =
        |prefix: &'static str| inputs.iter().filter(move |it| it.name.starts_with(prefix)).filter_map(Resource::sha256);
    Some(Run {
        entry,
        making: serde_json::from_value(definition.pointer("/externalParameters/making")?.clone()).ok()?,
        name: subject.name.clone(),
        model: subject.sha256()?,
        segments: named("segment/").collect(),
        bases: named("model/").collect(),
    })
}
