//! What an export tells: a model with the models and the data that it was made from, or data alone.

use crate::checkpoint::Checkpoint;
use crate::entry::statement_path;
use crate::error::Error;
use crate::hash::Digest;
use crate::ledger::Ledger;
use crate::segment::Seal;
use crate::snapshot::Snapshot;
use crate::statement::{PROVENANCE, Resource, Statement};
use crate::train::{Making, run};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Names of a kind (sources, licences) that are kept one by one in a segment.
const LISTED: usize = 1000;

/// What is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A model and its lineage.
    Model(Digest),
    /// Segments.
    Data(Vec<Digest>),
}

/// What the log says about a subject.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// How far the log goes that says it.
    pub log: Checkpoint,
    /// When the newest of it was stated.
    pub stated: Timestamp,
    /// The model, then those that it was made from.
    pub models: Vec<Model>,
    /// The segments of its data, then those that these were made from.
    pub data: Vec<Data>,
    /// The envelopes that state all this, of runs first.
    pub envelopes: Vec<String>,
}

/// A model.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its digest.
    pub digest: Digest,
    /// What its run called it, or a name made of its digest.
    pub name: String,
    /// How it was made; empty where the log does not say.
    pub runs: Vec<Made>,
}

/// A run.
#[derive(Debug, Clone)]
pub struct Made {
    /// The digest of its statement.
    pub statement: Digest,
    /// How.
    pub making: Making,
    /// Its segments, with the times that each was seen.
    pub segments: Vec<(Digest, f64)>,
    /// The models that it was made from.
    pub bases: Vec<Digest>,
    /// What else was stated.
    pub parameters: BTreeMap<String, String>,
    /// When.
    pub stated: Option<Timestamp>,
}

/// A segment.
#[derive(Debug, Clone)]
pub struct Data {
    /// Its seal.
    pub seal: Seal,
    /// Its place in the log.
    pub entry: u64,
    /// How it was made, in a line.
    pub how: String,
    /// The kind of the step that made it; `None` where it was collected.
    pub step: Option<String>,
    /// The segments that the step read.
    pub inputs: Vec<Digest>,
    /// When.
    pub stated: Option<Timestamp>,
    /// Documents in it that were kept.
    pub kept: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the first and the last of them was collected, in seconds since 1970.
    pub collected: Option<(i64, i64)>,
    /// Where they are from.
    pub sources: Counted,
    /// Under which licences, where that is known.
    pub licences: Counted,
    /// Records of what has been revoked.
    pub revoked: u64,
}

/// Documents by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Documents of each name.
    pub named: BTreeMap<String, u64>,
    /// Documents of names that are too many to list.
    pub others: u64,
}

impl Counted {
    fn count(&mut self, name: &str) {
        if let Some(documents) = self.named.get_mut(name) {
            *documents += 1;
        } else if self.named.len() < LISTED {
            self.named.insert(name.to_owned(), 1);
        } else {
            self.others += 1;
        }
    }
}

impl Ledger {
    /// What the log says about a subject.
    ///
    /// # Errors
    /// The log does not know it, or something of the ledger is missing or changed.
    pub fn inventory(&self, snapshot: &Snapshot, subject: &Subject) -> Result<Inventory, Error> {
        let mut inventory = Inventory {
            log: snapshot.checkpoint.clone(),
            stated: Timestamp::UNIX_EPOCH,
            models: Vec::new(),
            data: Vec::new(),
            envelopes: Vec::new(),
        };
        let wanted = match subject {
            Subject::Data(segments) => segments.clone(),
            Subject::Model(model) => self.lineage(snapshot, *model, &mut inventory)?,
        };
        self.describe(snapshot, wanted, &mut inventory)?;
        let runs = inventory.models.iter().flat_map(|model| &model.runs);
        let times = runs.filter_map(|run| run.stated).chain(inventory.data.iter().filter_map(|data| data.stated));
        inventory.stated = times.max().unwrap_or(Timestamp::UNIX_EPOCH);
        let runs = inventory.models.iter().flat_map(|model| &model.runs).map(|run| run.statement);
        let statements: Vec<Digest> = runs.chain(inventory.data.iter().map(|data| data.seal.statement)).collect();
        for (digest, path) in statements.iter().map(|digest| (digest, statement_path(*digest))) {
            // Read once more to be given on as it is, so held against its digest once more.
            let envelope = self.store().need(&path)?;
            let text = String::from_utf8(envelope.to_vec()).ok().filter(|text| Digest::of(text.as_bytes()) == *digest);
            inventory.envelopes.push(text.ok_or_else(|| Error::broken(path, "was changed"))?);
        }
        Ok(inventory)
    }

    /// A model and all that it was made from; answers with their segments.
    fn lineage(&self, snapshot: &Snapshot, model: Digest, inventory: &mut Inventory) -> Result<Vec<Digest>, Error> {
        let (mut stated, mut known) = (HashMap::<Digest, Vec<(String, Made)>>::new(), BTreeSet::new());
        for (entry, said) in snapshot.statements(PROVENANCE) {
            let statement = self.statement(said.envelope.sha256)?;
            let Some(run) = run(entry, &statement) else { continue };
            known.extend(run.bases.iter().copied().chain([run.model]));
            let made = made(said.envelope.sha256, run.making, run.bases, &statement);
            stated.entry(run.model).or_default().push((run.name, made));
        }
        if !known.contains(&model) {
            return Err(Error::input(model, "is no model that the log knows; `taster ledger train` records one"));
        }
        let (mut waiting, mut seen, mut segments) = (VecDeque::from([model]), BTreeSet::from([model]), Vec::new());
        while let Some(digest) = waiting.pop_front() {
            let (names, runs): (Vec<String>, Vec<Made>) =
                stated.remove(&digest).unwrap_or_default().into_iter().unzip();
            waiting.extend(runs.iter().flat_map(|run| &run.bases).filter(|base| seen.insert(**base)));
            segments.extend(runs.iter().flat_map(|run| run.segments.iter().map(|(segment, _)| *segment)));
            let name = names.into_iter().next_back().unwrap_or_else(|| format!("model {digest}"));
            inventory.models.push(Model { digest, name, runs });
        }
        Ok(segments)
    }

    /// Segments and those that they were made from.
    fn describe(&self, snapshot: &Snapshot, wanted: Vec<Digest>, inventory: &mut Inventory) -> Result<(), Error> {
        let sealed: HashMap<Digest, (u64, &Seal)> =
            snapshot.segments().map(|(at, seal)| (seal.id(), (at, seal))).collect();
        let revoked = self.revocations(snapshot)?;
        let (mut waiting, mut seen) = (VecDeque::from(wanted), BTreeSet::new());
        while let Some(id) = waiting.pop_front() {
            if !seen.insert(id) {
                continue;
            }
            let (entry, seal) = sealed
                .get(&id)
                .ok_or_else(|| Error::input(id, "is no sealed segment; `taster ledger log` lists them"))?;
            let mut data = said(*entry, seal, &self.statement(seal.statement)?);
            self.records(seal, &mut |record, _| -> Result<(), Error> {
                if record.disposition != "kept" {
                    return Ok(());
                }
                data.kept += 1;
                data.bytes += record.length;
                let (first, last) = data.collected.unwrap_or((record.collected, record.collected));
                data.collected = Some((first.min(record.collected), last.max(record.collected)));
                data.sources.count(record.source);
                if !record.licence.is_empty() {
                    data.licences.count(record.licence);
                }
                data.revoked += u64::from(revoked.iter().any(|(_, revocation)| revocation.target.covers(record)));
                Ok(())
            })?;
            waiting.extend(&data.inputs);
            inventory.data.push(data);
        }
        Ok(())
    }
}

fn made(statement: Digest, making: Making, bases: Vec<Digest>, about: &Statement) -> Made {
    let inputs = about.predicate.pointer("/buildDefinition/resolvedDependencies").cloned().unwrap_or_default();
    let inputs: Vec<Resource> = serde_json::from_value(inputs).unwrap_or_default();
    let segment = |it: &Resource| {
        let times = it.annotations.get("times").and_then(Value::as_f64).unwrap_or(1.0);
        it.name.starts_with("segment/").then(|| Some((it.sha256()?, times))).flatten()
    };
    let parameters =
        about.predicate.pointer("/buildDefinition/externalParameters/parameters").and_then(Value::as_object);
    let parameters = parameters.into_iter().flatten().map(|(key, value)| (key.clone(), text(value)));
    Made {
        statement,
        making,
        segments: inputs.iter().filter_map(segment).collect(),
        bases,
        parameters: parameters.collect(),
        stated: about.predicate.pointer("/runDetails/metadata/finishedOn").and_then(time),
    }
}

/// What the statement of a segment says; its records are still to be read.
fn said(entry: u64, seal: &Seal, statement: &Statement) -> Data {
    let about = &statement.predicate;
    let word = |pointer: &str| about.pointer(pointer).map(text).unwrap_or_default();
    let step = about.pointer("/step/kind").map(text);
    let how = match &step {
        Some(kind) => format!("{kind} by {}", word("/step/tool")),
        None => format!("collected from {} ({})", word("/source"), word("/method")),
    };
    let inputs = about.pointer("/step/inputs").cloned().unwrap_or_default();
    Data {
        seal: seal.clone(),
        entry,
        how,
        step,
        inputs: serde_json::from_value(inputs).unwrap_or_default(),
        stated: about.get("kept").and_then(time),
        kept: 0,
        bytes: 0,
        collected: None,
        sources: Counted::default(),
        licences: Counted::default(),
        revoked: 0,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

impl Inventory {
    /// What the export is about, in a few words.
    pub fn title(&self) -> String {
        match self.models.first() {
            Some(model) => model.name.clone(),
            None => format!("training data of {}", self.log.origin),
        }
    }

    /// A time as the formats want it, without fractions of a second.
    pub(crate) fn second(time: Timestamp) -> String {
        Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
    }

    /// Where the log stands that says all this.
    pub(crate) fn source(&self) -> String {
        format!("ledger {}, checkpoint of {} entries, root {}", self.log.origin, self.log.size, self.log.root)
    }
}

impl Data {
    /// What people call it.
    pub(crate) fn name(&self) -> String {
        format!("segment/{}", self.seal.id())
    }

    /// What is in it, in a sentence.
    pub(crate) fn summary(&self) -> String {
        let revoked = match self.revoked {
            0 => String::new(),
            documents => format!("; {documents} of them have been revoked and must no longer be used"),
        };
        format!("{}: {} documents of {} bytes{revoked}", self.how, self.kept, self.bytes)
    }
}
