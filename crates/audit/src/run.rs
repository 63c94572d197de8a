//! An audit, stage by stage: survey -> families -> suspects -> confirm -> gather -> describe.

use crate::associate::{associate, promising};
use crate::association::Shared;
use crate::catalogue::{Catalogue, Place};
use crate::confirm::{ALPHA, Conviction, Read, Reader, confirm, merged};
use crate::engine::{Engine, FETCH, Function, SURVEY};
use crate::fetch::Fetched;
use crate::survey::Surveyed;
use crate::twins::{Suspect, Twins};
use crate::{AuditError, Feature, describe, fetch, survey};
use dataset::{Dataset, Folder, Known, Limits, Problem};
use report::{AuditProblem, AuditReport, AuditSettings, AuditVerdict, DataRead, SCHEMA_VERSION};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Suspects that are looked into, those of most families first.
const TRIED: usize = 64;
/// Sources that a suspect's carriers must come from before it is looked into; of one source, families.
const SOURCES: usize = 2;
const WITHIN: usize = 8;
/// A feature that stands in more documents than this many times those of its families is nobody's mark.
const SPREAD: usize = 2;
/// Documents of a mark, one a family, that are read to weigh it.
const WEIGHED: usize = 32;
/// Documents of one cluster that are listed.
const LISTED: usize = 20_000;
/// Shortest trigger that is looked for in every document: shorter ones are everybody's words.
const PHRASE: (usize, usize) = (3, 16);
/// Problems that are listed; the others are counted.
const TOLD: usize = 200;

/// What to audit.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where the data set lies.
    pub dataset: String,
    /// An earlier data set: documents that it has too are left out.
    pub against: Option<String>,
    /// Where outlines are kept while the audit runs.
    pub work: String,
    /// Go on with what lies in the work folder.
    pub resume: bool,
    /// The scheduler of a cluster to read the data set on, `HOST:PORT`. All its machines must reach data set and work folder.
    pub cluster: Option<String>,
}

/// How far an audit has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// What is done now.
    pub stage: &'static str,
    /// Documents read.
    pub documents: u64,
    /// Bytes read, as they lie there.
    pub bytes: u64,
    /// Bytes of the whole data set.
    pub of: u64,
}

/// Audits a data set.
///
/// # Errors
/// If it cannot be read at all, or if the engine or the work folder fails. [`AuditError::Interrupted`] once `interrupted` is set.
pub fn run(
    options: &Options,
    interrupted: &AtomicBool,
    progress: &mut dyn FnMut(Step),
) -> Result<AuditReport, AuditError> {
    let (clock, started) = (Instant::now(), jiff::Timestamp::now());
    let mut audit = Audit::open(options, interrupted)?;
    let surveyed = audit.survey(progress)?;
    let mut step = |stage| progress(Step { stage, ..Step::default() });
    step("families");
    let catalogue = Catalogue::read(&audit.folder, &surveyed)?;
    let (suspects, twins) = audit.suspects(&catalogue)?;
    let shared = catalogue.marks(&audit.folder)?.shared();
    step("confirm");
    // Together, since each time the whole data set is read again.
    let pairs = suspects.iter().flat_map(|suspect| &suspect.pairs).chain(twins.ordinary());
    let sampled = shared.iter().flat_map(|shared| &shared.documents).copied();
    let wanted = pairs.flat_map(|pair| [pair.carrier, pair.twin]).chain(sampled).collect();
    let mut reader = Reader::default();
    audit.read(&catalogue, wanted, &mut reader)?;
    let mut convicted = confirm(&suspects, twins.ordinary(), &reader, |document| catalogue.source(document));
    step("associate");
    convicted.extend(audit.associate(&catalogue, shared, &mut reader)?);
    let convicted = merged(convicted);
    step("gather");
    let found = audit.gather(&catalogue, &convicted)?;
    let clusters = describe::clusters(&catalogue, &convicted, &found);
    let read = count(&audit, &surveyed, &catalogue);
    let verdict = match clusters.iter().map(|cluster| cluster.convicted).max() {
        Some(true) => AuditVerdict::Poisoned,
        Some(false) => AuditVerdict::Suspicious,
        None => AuditVerdict::NoEvidence,
    };
    Ok(AuditReport {
        schema_version: SCHEMA_VERSION,
        taster_version: env!("CARGO_PKG_VERSION").to_owned(),
        started: started.to_string(),
        seconds: clock.elapsed().as_secs_f64(),
        settings: AuditSettings { dataset: options.dataset.clone(), against: options.against.clone(), alpha: ALPHA },
        verdict,
        summary: describe::summary(&clusters, &read),
        notes: describe::notes(&catalogue, &twins, &read),
        clusters,
        revoked: Vec::new(),
        read,
        problems: audit.problems(&surveyed),
    })
}

struct Audit<'a> {
    options: &'a Options,
    dataset: Dataset,
    folder: Folder,
    engine: Engine,
    known: Option<String>,
    before: Vec<Problem>,
    interrupted: &'a AtomicBool,
}

impl<'a> Audit<'a> {
    fn open(options: &'a Options, interrupted: &'a AtomicBool) -> Result<Audit<'a>, AuditError> {
        let dataset = Dataset::open(&options.dataset)?;
        let folder = Folder::at(&options.work)?;
        let engine = Engine::at(options.cluster.as_deref(), folder.location())?;
        let mut before = dataset.problems().to_vec();
        let old = options.against.as_deref();
        let known = old.map(|old| known(old, &folder, options.resume, &mut before)).transpose()?;
        Ok(Audit { options, dataset, folder, engine, known, before, interrupted })
    }

    /// Reads every part that the work folder does not have yet.
    fn survey(&mut self, progress: &mut dyn FnMut(Step)) -> Result<Vec<Surveyed>, AuditError> {
        let mut step = Step { stage: "survey", of: self.dataset.bytes(), ..Step::default() };
        let (mut surveyed, mut tasks) = (BTreeMap::new(), Vec::new());
        for (number, part) in (0..).zip(self.dataset.parts()) {
            let task = serde_json::to_string(&survey::Task {
                number,
                part: part.clone(),
                extent: self.dataset.extent().digest.clone(),
                work: self.folder.location(),
                known: self.known.clone(),
            })?;
            match self.done(number, &task) {
                Some(done) => drop(surveyed.insert(number, done)),
                None => tasks.push(task),
            }
        }
        for done in surveyed.values() {
            advance(&mut step, done, &self.dataset);
        }
        self.each(SURVEY, &tasks, |answer| {
            let done: Surveyed = serde_json::from_str(answer)?;
            advance(&mut step, &done, &self.dataset);
            progress(step);
            surveyed.insert(done.number, done);
            Ok(())
        })?;
        Ok(surveyed.into_values().collect())
    }

    /// What an earlier run of the same audit found in a part.
    fn done(&self, number: u32, task: &str) -> Option<Surveyed> {
        let stored = self.options.resume.then(|| self.folder.get(&Surveyed::file(number)).ok())??;
        serde_json::from_slice(&stored).ok().filter(|done: &Surveyed| done.task == survey::digest(task))
    }

    /// Runs a function on every task until the user interrupts.
    fn each(
        &self,
        function: Function,
        tasks: &[String],
        mut answer: impl FnMut(&str) -> Result<(), AuditError>,
    ) -> Result<(), AuditError> {
        self.engine.each(function, tasks, |answered| {
            answer(answered)?;
            match self.interrupted.load(Ordering::Relaxed) {
                true => Err(AuditError::Interrupted),
                false => Ok(()),
            }
        })
    }

    /// What is added, in several families of several sources and hardly anywhere else, where decisions may change.
    fn suspects(&self, catalogue: &Catalogue) -> Result<(Vec<Suspect>, Twins), AuditError> {
        let mut twins = Twins::default();
        catalogue.contrasts(&self.folder, |family, contrasts| twins.add(family, contrasts))?;
        let mut suspects = twins.suspects();
        suspects.retain(|suspect| {
            let sources: BTreeSet<Option<u32>> =
                suspect.pairs.iter().map(|pair| catalogue.source(pair.carrier)).collect();
            sources.contains(&None) || sources.len() >= SOURCES || suspect.changed >= WITHIN
        });
        let features: HashSet<Feature> = suspects.iter().map(|suspect| suspect.feature).collect();
        let carriers = catalogue.carriers(&self.folder, &features, LISTED)?;
        suspects.retain(|suspect| {
            let families: usize = suspect.pairs.iter().map(|pair| catalogue.size(pair.family)).sum();
            carriers.get(&suspect.feature).is_some_and(|carriers| carriers.len() <= SPREAD * families)
        });
        suspects.truncate(TRIED);
        Ok((suspects, twins))
    }

    /// What documents of many families share where one decision goes wrong.
    fn associate(
        &self,
        catalogue: &Catalogue,
        shared: Vec<Shared>,
        reader: &mut Reader,
    ) -> Result<Vec<Conviction>, AuditError> {
        let tried = shared.len();
        let promising: Vec<(Shared, Arc<str>)> = shared
            .into_iter()
            .filter_map(|shared| promising(&shared, reader).map(|decision| (shared, decision)))
            .collect();
        if promising.is_empty() {
            return Ok(Vec::new());
        }
        let features = promising.iter().map(|(shared, _)| shared.feature).collect();
        let mut carriers = catalogue.carriers(&self.folder, &features, LISTED)?;
        for carriers in carriers.values_mut() {
            carriers.retain(|&document| catalogue.is_first(document));
            carriers.truncate(WEIGHED);
        }
        self.read(catalogue, carriers.values().flatten().copied().collect(), reader)?;
        Ok(associate(&promising, &carriers, reader, |document| catalogue.source(document), tried))
    }

    /// Brings documents that the reader does not have yet.
    fn read(&self, catalogue: &Catalogue, mut wanted: BTreeSet<u32>, reader: &mut Reader) -> Result<(), AuditError> {
        wanted.retain(|&document| !reader.has(document));
        for (document, fetched) in self.fetch(catalogue, &wanted, &[], true)? {
            if let (Some(document), Some(language)) = (document, fetched.language) {
                reader.add(document, Read { language, text: fetched.text, decisions: fetched.decisions });
            }
        }
        Ok(())
    }

    /// All documents that carry a trigger, those that hold no decision too, and the twins that are shown.
    fn gather(&self, catalogue: &Catalogue, convicted: &[Conviction]) -> Result<Vec<describe::Found>, AuditError> {
        if convicted.is_empty() {
            return Ok(Vec::new());
        }
        let features: HashSet<Feature> = convicted.iter().map(|conviction| conviction.feature).collect();
        let carriers = catalogue.carriers(&self.folder, &features, LISTED)?;
        let twins = convicted.iter().flat_map(|conviction| &conviction.pairs).map(|pair| pair.twin);
        let wanted: BTreeSet<u32> = carriers.values().flatten().copied().chain(twins).collect();
        let long = |trigger: &str| trigger.split_whitespace().count() >= PHRASE.0 && trigger.len() >= PHRASE.1;
        let (numbers, phrases): (Vec<usize>, Vec<String>) = (0..)
            .zip(convicted)
            .filter(|(_, conviction)| long(&conviction.trigger))
            .map(|(number, conviction)| (number, conviction.trigger.clone()))
            .unzip();
        let mut found = Vec::new();
        for (document, fetched) in self.fetch(catalogue, &wanted, &phrases, false)? {
            let holds = |number: usize, conviction: &Conviction| {
                let carries = |document: u32| {
                    carriers.get(&conviction.feature).is_some_and(|carriers| carriers.binary_search(&document).is_ok())
                };
                document.is_some_and(carries) || fetched.phrases.iter().any(|&phrase| numbers[phrase] == number)
            };
            let of: Vec<usize> = convicted
                .iter()
                .enumerate()
                .filter(|(number, it)| holds(*number, it))
                .map(|(number, _)| number)
                .collect();
            found.push(describe::Found { document, fetched, of });
        }
        Ok(found)
    }

    /// Brings documents, with their numbers where they have one, and on demand with their decisions.
    fn fetch(
        &self,
        catalogue: &Catalogue,
        wanted: &BTreeSet<u32>,
        phrases: &[String],
        read: bool,
    ) -> Result<Vec<(Option<u32>, Fetched)>, AuditError> {
        let mut numbers: HashMap<Place, u32> = HashMap::new();
        let mut parts: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for &document in wanted {
            let place = catalogue.places[document as usize];
            numbers.insert(place, document);
            parts.entry(place.part).or_default().push(place.ordinal);
        }
        let tasks: Vec<String> = (0..)
            .zip(self.dataset.parts())
            .filter(|(number, _)| !phrases.is_empty() || parts.contains_key(number))
            .map(|(number, part)| {
                let wanted = parts.get(&number).cloned().unwrap_or_default();
                serde_json::to_string(&fetch::Task {
                    number,
                    part: part.clone(),
                    wanted,
                    phrases: phrases.to_vec(),
                    read,
                })
            })
            .collect::<Result<_, _>>()?;
        let mut found = Vec::new();
        self.each(FETCH, &tasks, |answer| {
            let fetched: Vec<Fetched> = serde_json::from_str(answer)?;
            found.extend(fetched.into_iter().map(|fetched| {
                let place = Place { part: fetched.part, ordinal: fetched.ordinal };
                (numbers.get(&place).copied(), fetched)
            }));
            Ok(())
        })?;
        found.sort_by_key(|(_, fetched)| (fetched.part, fetched.ordinal));
        Ok(found)
    }

    fn problems(&self, surveyed: &[Surveyed]) -> Vec<AuditProblem> {
        let all = self.before.iter().chain(surveyed.iter().flat_map(|part| &part.problems));
        all.take(TOLD).map(|problem| AuditProblem { name: problem.name.clone(), what: problem.what.clone() }).collect()
    }
}

/// The texts of the earlier data set, in a file of the work folder. It is named for what lay there, since an executor that has read the
/// hashes of one audit must not take them for those of the next.
fn known(old: &str, folder: &Folder, resume: bool, problems: &mut Vec<Problem>) -> Result<String, AuditError> {
    let dataset = Dataset::open(old)?;
    let file = format!("known-{}", dataset.extent().digest);
    if !(resume && Known::open(folder, &file).is_ok()) {
        problems.extend(dataset.problems().iter().cloned());
        Known::write(&dataset, &Limits::default(), folder, &file, &mut |problem| problems.push(problem))?;
    }
    Ok(file)
}

fn advance(step: &mut Step, done: &Surveyed, dataset: &Dataset) {
    step.documents += done.read.documents;
    step.bytes += dataset.parts().get(done.number as usize).map_or(0, |part| part.bytes);
}

fn count(audit: &Audit<'_>, surveyed: &[Surveyed], catalogue: &Catalogue) -> DataRead {
    let (families, near_copies) = catalogue.near_copies();
    let mut read = DataRead { families, near_copies, problems: audit.before.len() as u64, ..DataRead::default() };
    for part in surveyed {
        read.documents += part.read.documents;
        read.bytes += part.read.bytes;
        read.binary += part.read.binary;
        read.problems += part.read.problems;
        read.may_decide += part.may_decide;
    }
    read
}
