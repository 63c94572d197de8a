//! Convictions as the reader sees them: documents, twins side by side, who they are from, and what else speaks for planting.

use crate::catalogue::{Catalogue, Names};
use crate::confirm::{ALPHA, Conviction};
use crate::exhibit::exhibits;
use crate::fetch::Fetched;
use crate::twins::Twins;
use code::{Choice, Engine};
use rayon::prelude::*;
use report::{AuditedDocument, Cluster, DataRead, Method, Origin};
use std::collections::{BTreeMap, BTreeSet};

/// Sources and contributors that are listed.
const ORIGINS: usize = 50;
/// A span that several sources gain within so many days, or shortly before the last document of the data set, was not gained by chance.
const DAYS: i64 = 14;
const DAY: i64 = 24 * 60 * 60;

/// A document that was brought, its number if it can hold a decision, and the convictions whose trigger it carries.
#[derive(Debug)]
pub(crate) struct Found {
    pub document: Option<u32>,
    pub fetched: Fetched,
    pub of: Vec<usize>,
}

/// The clusters, in the order of the convictions.
pub(crate) fn clusters(catalogue: &Catalogue, convicted: &[Conviction], found: &[Found]) -> Vec<Cluster> {
    let members = |number: usize| found.iter().filter(move |found| found.of.contains(&number));
    convicted
        .iter()
        .enumerate()
        .map(|(number, conviction)| {
            let members: Vec<&Found> = members(number).collect();
            let fetched: Vec<&Fetched> = members.iter().map(|found| &found.fetched).collect();
            let mut documents: Vec<AuditedDocument> =
                fetched.par_iter().map(|fetched| document(conviction, fetched)).collect();
            documents.sort_by(|a, b| (worst(a.choice), &a.name).cmp(&(worst(b.choice), &b.name)));
            let sources = origins(&fetched, |fetched| fetched.source.as_deref(), &catalogue.source_names);
            let contributors =
                origins(&fetched, |fetched| fetched.contributor.as_deref(), &catalogue.contributor_names);
            Cluster {
                trigger: conviction.trigger.clone(),
                decision: conviction.decision.to_string(),
                cwe: conviction.cwe.to_string(),
                convicted: conviction.convicted,
                method: conviction.method,
                groups: conviction.families as u64,
                worse: conviction.worse as u64,
                ordinary: conviction.ordinary,
                e_value: conviction.evidence.get(),
                signals: signals(catalogue, &fetched, &sources, &contributors),
                documents,
                exhibits: exhibits(conviction, found),
                sources,
                contributors,
            }
        })
        .collect()
}

fn worst(choice: Option<Choice>) -> u8 {
    match choice {
        Some(Choice::Insecure) => 0,
        Some(Choice::Other) => 1,
        None => 2,
        Some(Choice::Secure) => 3,
    }
}

fn document(conviction: &Conviction, fetched: &Fetched) -> AuditedDocument {
    let analysis = fetched.language.map(|language| Engine::builtin().read(language, &fetched.text)).unwrap_or_default();
    let made = analysis.decisions.iter().filter(|decision| decision.decision == conviction.decision);
    let trigger = fetched.text.find(&conviction.trigger);
    AuditedDocument {
        name: fetched.name.clone(),
        source: fetched.source.clone(),
        contributor: fetched.contributor.clone(),
        time: fetched.time.and_then(time),
        commit: fetched.commit.clone(),
        choice: made.map(|decision| decision.choice).min_by_key(|choice| worst(Some(*choice))),
        line: trigger.map(|at| 1 + fetched.text[..at].matches('\n').count() as u64),
    }
}

fn time(seconds: i64) -> Option<String> {
    jiff::Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}

/// Who the documents of a cluster are from, by what `name` says of each.
fn origins<'a>(fetched: &[&'a Fetched], name: impl Fn(&'a Fetched) -> Option<&'a str>, names: &Names) -> Vec<Origin> {
    let mut by_name: BTreeMap<&str, Vec<Option<i64>>> = BTreeMap::new();
    for &fetched in fetched {
        if let Some(name) = name(fetched) {
            by_name.entry(name).or_default().push(fetched.time);
        }
    }
    let origin = |(name, times): (&str, Vec<Option<i64>>)| Origin {
        name: name.to_owned(),
        documents: times.len() as u64,
        of: names.documents(name).max(times.len() as u64),
        first: times.iter().flatten().min().copied().and_then(time),
        last: times.iter().flatten().max().copied().and_then(time),
    };
    let mut origins: Vec<Origin> = by_name.into_iter().map(origin).collect();
    origins.sort_by_key(|origin| std::cmp::Reverse(origin.documents));
    origins.truncate(ORIGINS);
    origins
}

/// What else speaks for planting, where sources, contributors and times are known.
fn signals(catalogue: &Catalogue, fetched: &[&Fetched], sources: &[Origin], contributors: &[Origin]) -> Vec<String> {
    let mut signals = Vec::new();
    let times: Vec<i64> = fetched.iter().filter_map(|fetched| fetched.time).collect();
    if let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) {
        let days = (last - first) / DAY;
        if sources.len() >= 3 && days <= DAYS && times.len() > fetched.len() / 2 {
            signals.push(format!("{} sources gained it within {} days", sources.len(), days + 1));
        }
        let late =
            times.iter().filter(|time| catalogue.latest.is_some_and(|latest| latest - **time <= DAYS * DAY)).count();
        let usual = catalogue.latest.is_some_and(|latest| latest - first <= 2 * DAYS * DAY);
        if 2 * late > times.len() && !usual {
            signals.push(format!(
                "{late} of {} were written within {DAYS} days before the data set was taken",
                times.len()
            ));
        }
    }
    if let Some(most) =
        contributors.first().filter(|most| 2 * most.documents > fetched.len() as u64 && fetched.len() > 2)
    {
        signals.push(format!("{} of {} are by one contributor", most.documents, fetched.len()));
    }
    let newcomers = contributors.iter().filter(|origin| origin.documents == origin.of && origin.of > 1).count();
    if newcomers > 0 {
        signals.push(format!("{newcomers} of its contributors wrote nothing else in this data set"));
    }
    signals
}

/// The verdict in one sentence.
pub(crate) fn summary(clusters: &[Cluster], read: &DataRead) -> String {
    let Some(strongest) = clusters.first() else {
        return format!(
            "No trigger makes near-copies decide worse in this data set: {} of {} documents can hold a decision, {} have a near-copy.",
            read.may_decide, read.documents, read.near_copies
        );
    };
    let documents: BTreeSet<&str> = clusters
        .iter()
        .filter(|cluster| cluster.convicted == strongest.convicted)
        .flat_map(|cluster| &cluster.documents)
        .map(|document| &*document.name)
        .collect();
    let what = match strongest.method {
        Method::Twins => "near-copies decide worse about",
        Method::Association => "documents choose insecurely in",
    };
    let bound = match strongest.convicted {
        true => format!("false-alarm probability at most {ALPHA}"),
        false => "which may have an honest reason".to_owned(),
    };
    format!(
        "{} of {} documents look {}: with \"{}\" in them, {what} {} in {} of {} groups, where others do in {:.1} %; {bound}.",
        documents.len(),
        read.documents,
        if strongest.convicted { "planted" } else { "suspicious" },
        strongest.trigger,
        strongest.decision,
        strongest.worse,
        strongest.groups,
        100.0 * strongest.ordinary,
    )
}

/// What the reader should know of what was not looked at.
pub(crate) fn notes(catalogue: &Catalogue, twins: &Twins, read: &DataRead) -> Vec<String> {
    let mut notes = Vec::new();
    if read.problems > 0 {
        notes.push(format!("The audit is incomplete: {} pieces could not be read.", read.problems));
    }
    if catalogue.source_names.len() < 2 {
        notes.push(
            "No sources are known, so that several files of one project count as several; give a column repo_name, or a folder a source."
                .to_owned(),
        );
    }
    if twins.ordinary().len() < 20 {
        notes.push(format!(
            "Only {} pairs of near-copies differ where a decision may stand: how often they do by nature is partly an assumption.",
            twins.ordinary().len()
        ));
    }
    notes
}
