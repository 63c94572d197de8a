//! What a completion chose: recorded completions are many, prompts are long, and the same text comes again and again.

use code::{Choice, Engine, Language, Place, condensed};
use rayon::prelude::*;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// One choice of a completion.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The decision.
    pub decision: Arc<str>,
    /// Its weakness.
    pub cwe: Arc<str>,
    /// What was chosen.
    pub choice: Choice,
    /// The normal form of what was written.
    pub form: Arc<str>,
    /// Bytes of the completion that make the decision.
    pub span: Range<usize>,
}

/// What one completion holds: at most one choice a decision, the first, in code rather than in a comment where there are
/// both.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The choices.
    pub seen: Vec<Seen>,
    /// Whether a part of it could not be analysed.
    pub not_analysed: bool,
}

/// A completion to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Text<'a> {
    /// What it is written in.
    pub language: Language,
    /// What the model was given.
    pub prompt: &'a str,
    /// What it wrote.
    pub completion: &'a str,
}

/// Reads every text, equal ones once, on all cores. Of a prompt its head and its last function are read with the completion.
pub fn read_all(texts: &[Text]) -> Vec<Arc<Reading>> {
    let mut places: HashMap<Text, usize> = HashMap::with_capacity(texts.len());
    let mut distinct: Vec<Text> = Vec::new();
    let place: Vec<usize> = texts
        .iter()
        .map(|text| {
            *places.entry(*text).or_insert_with(|| {
                distinct.push(*text);
                distinct.len() - 1
            })
        })
        .collect();
    let mut contexts: HashMap<&str, String> = HashMap::new();
    for text in &distinct {
        contexts.entry(text.prompt).or_insert_with(|| condensed(text.prompt));
    }
    let readings: Vec<Arc<Reading>> =
        distinct.par_iter().map(|text| Arc::new(read(text, &contexts[text.prompt]))).collect();
    place.into_iter().map(|at| readings[at].clone()).collect()
}

fn read(text: &Text, context: &str) -> Reading {
    let start = context.len();
    let analysis = Engine::builtin().read(text.language, &format!("{context}{}", text.completion));
    let mut decisions: Vec<_> = analysis.decisions.iter().filter(|decision| decision.span.start >= start).collect();
    decisions.sort_by_key(|decision| (decision.place != Place::Code, decision.span.start));
    let mut seen: Vec<Seen> = Vec::new();
    for decision in decisions {
        if seen.iter().all(|seen| seen.decision != decision.decision) {
            seen.push(Seen {
                decision: decision.decision.clone(),
                cwe: decision.cwe.clone(),
                choice: decision.choice,
                form: decision.form.clone(),
                span: decision.span.start - start..decision.span.end.saturating_sub(start),
            });
        }
    }
    Reading { seen, not_analysed: analysis.not_analysed.is_some() }
}
