//! The function that brings documents of a part: those that are named, and those that hold a phrase.

use crate::AuditError;
use crate::survey::{language, text};
use aho_corasick::AhoCorasick;
use code::{Decision, Engine, Language};
use dataset::{Document, Limits, Part};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Documents with a phrase that are brought from one part; where more have it, it tells nothing.
const MOST: usize = 10_000;
/// Longest text that is brought, bytes.
const LONGEST: usize = 1 << 20;

/// What to bring.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    pub number: u32,
    pub part: Part,
    /// Documents by their place in the part.
    pub wanted: Vec<u32>,
    /// Phrases: any document with one is brought.
    pub phrases: Vec<String>,
    /// Whether documents are read for their decisions.
    pub read: bool,
}

/// A document that was brought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fetched {
    pub part: u32,
    pub ordinal: u32,
    pub name: String,
    pub source: Option<String>,
    pub contributor: Option<String>,
    pub time: Option<i64>,
    pub commit: Option<String>,
    pub language: Option<Language>,
    pub text: String,
    /// The phrases that stand in it.
    pub phrases: Vec<usize>,
    /// The decisions in it, where it was read for them.
    pub decisions: Vec<Decision>,
}

/// Does a [`Task`], written as JSON; answers with the documents.
pub(crate) fn fetch(task: &str) -> Result<String, String> {
    let run = || -> Result<String, AuditError> {
        let task: Task = serde_json::from_str(task)?;
        Ok(serde_json::to_string(&read(&task)?)?)
    };
    run().map_err(|error| error.to_string())
}

fn read(task: &Task) -> Result<Vec<Fetched>, AuditError> {
    let wanted: HashSet<u32> = task.wanted.iter().copied().collect();
    let phrases = AhoCorasick::new(&task.phrases).map_err(|error| AuditError::Work { what: error.to_string() })?;
    let (mut ordinal, mut found) = (0, Vec::new());
    let mut each = |document: Document<'_>| {
        let mut held: Vec<usize> = match task.phrases.is_empty() {
            true => Vec::new(),
            false => phrases.find_overlapping_iter(document.bytes).map(|hit| hit.pattern().as_usize()).collect(),
        };
        held.sort_unstable();
        held.dedup();
        if wanted.contains(&ordinal) || (!held.is_empty() && found.len() < MOST) {
            found.push(fetched(task.number, ordinal, &document, held));
        }
        ordinal += 1;
    };
    // What cannot be read was told by the survey.
    task.part.read(&Limits::default(), &mut each, &mut |_| ());
    if task.read {
        // Documents of few parts are read on all cores too.
        found.par_iter_mut().for_each(decide);
    }
    Ok(found)
}

fn fetched(part: u32, ordinal: u32, document: &Document<'_>, phrases: Vec<usize>) -> Fetched {
    let text = text(document.bytes);
    Fetched {
        part,
        ordinal,
        name: document.name.to_owned(),
        source: document.source.map(str::to_owned),
        contributor: document.contributor.map(str::to_owned),
        time: document.time,
        commit: document.commit.map(str::to_owned),
        language: language(document),
        text: text[..text.floor_char_boundary(LONGEST)].to_owned(),
        phrases,
        decisions: Vec::new(),
    }
}

fn decide(document: &mut Fetched) {
    if let Some(language) = document.language {
        document.decisions = Engine::builtin().read(language, &document.text).decisions;
    }
}
