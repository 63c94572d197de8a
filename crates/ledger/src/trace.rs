//! Which documents have this text? From a completion, a trigger or a finding back to what taught it.
//!
//! Candidates share the content, rare runs of tokens, rare runs of words or rare words with the query; each is read, and the run that it
//! has in common with the query is what counts, by its surprisal: how unlikely its tokens' classes are (unigram, as in OLMoTrace), and how
//! few documents have the names and words that are spelled alike. It says presence, not cause: that a document has the text, and not that a
//! model has it from there.

mod align;
mod forward;
mod query;

pub use forward::{Forward, Proved};
pub use query::LONGEST;

use crate::error::Error;
use crate::hash::Digest;
use crate::index::term::{Kind, Term};
use crate::index::{Index, Indexed};
use align::Aligner;
use code::Language;
use dataset::fingerprint::Lexer;
use query::{BETWEEN, Query, Reading, Words};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Candidates by each kind of term, and by all together, that are read.
const CANDIDATES: usize = 48;
/// Tokens of the shortest run of code that counts.
const SEED: usize = 5;
/// Most bytes of a span that are shown.
const SHOWN: usize = 2000;

/// A document that has some of the text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Match {
    /// What is known of it.
    #[serde(flatten)]
    pub document: Indexed,
    /// The surprisal of what it shares with the query, bits.
    pub bits: f64,
    /// Whether it is the query, byte for byte.
    pub exact: bool,
    /// What it shares.
    pub spans: Vec<Span>,
}

/// Something that the query and a document share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Span {
    /// What is alike.
    pub alike: Alike,
    /// Tokens or words.
    pub length: usize,
    /// How unlikely it is, bits.
    pub bits: f64,
    /// Where in the query, bytes.
    pub query: Range<usize>,
    /// Where in the document, bytes.
    pub bytes: Range<usize>,
    /// The lines there, from 1.
    pub lines: Range<usize>,
    /// The document's text there, or its beginning.
    pub text: String,
}

/// What is alike in a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alike {
    /// The row of tokens, up to names, literals, comments and layout.
    Code,
    /// The words as they stand, up to case and what is between them.
    Words,
}

/// Traces a text: the documents that share most with it, best first, `top` at most.
///
/// # Errors
/// The text is too long or has no word, or the index is damaged.
pub fn trace(index: &Index, text: &[u8], language: Option<Language>, top: usize) -> Result<Vec<Match>, Error> {
    if text.len() > LONGEST {
        return Err(Error::input("the query", format!("is longer than {LONGEST} bytes; give the part that matters")));
    }
    let query = Query::ask(index, text, language)?;
    if query.words.hashes.is_empty() {
        return Err(Error::input("the query", "has no word; give some code or a comment"));
    }
    let verifier = Verifier::new(&query, text);
    let read = |&document: &u32| verifier.verify(index, document);
    let mut matches = candidates(&query).par_iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    matches.retain(|it| !it.spans.is_empty());
    matches.sort_by(|one, other| other.exact.cmp(&one.exact).then(other.bits.total_cmp(&one.bits)).then(one.number.cmp(&other.number)));
    matches.truncate(top);
    matches.into_par_iter().map(|it| it.named(index)).collect()
}

/// The documents that share most with the query, by their terms.
fn candidates(query: &Query) -> Vec<u32> {
    let mut scores: BTreeMap<Kind, Vec<(u32, f64)>> = BTreeMap::new();
    for (&term, (kind, postings)) in &query.found {
        let bits = query.rarity(term);
        scores.entry(*kind).or_default().extend(postings.documents.iter().map(|&document| (document, bits)));
    }
    let all = scores.values().flatten().copied().collect();
    let chosen: BTreeSet<u32> = scores.into_values().chain([all]).flat_map(best).collect();
    chosen.into_iter().collect()
}

/// The documents with the greatest sums.
fn best(mut scores: Vec<(u32, f64)>) -> Vec<u32> {
    scores.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
    let chunks = scores.chunk_by(|one, other| one.0 == other.0);
    let mut sums: Vec<(u32, f64)> = chunks.map(|chunk| (chunk[0].0, chunk.iter().map(|it| it.1).sum())).collect();
    let order = |one: &(u32, f64), other: &(u32, f64)| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0));
    if sums.len() > CANDIDATES {
        sums.select_nth_unstable_by(CANDIDATES, order);
        sums.truncate(CANDIDATES);
    }
    sums.into_iter().map(|it| it.0).collect()
}

/// A document that was read.
struct Verified {
    number: u32,
    exact: bool,
    bits: f64,
    spans: Vec<Span>,
}

impl Verified {
    fn named(self, index: &Index) -> Result<Match, Error> {
        let document = index.document(self.number)?;
        Ok(Match { document, bits: self.bits, exact: self.exact, spans: self.spans })
    }
}

/// Compares documents with the query.
struct Verifier<'a> {
    query: &'a Query,
    text: &'a [u8],
    content: Digest,
    words: Aligner<'a>,
    word_bits: Vec<f64>,
    /// For each language that the query was read in.
    readings: Vec<(Option<Language>, &'a Reading, Aligner<'a>, Vec<f64>)>,
}

impl<'a> Verifier<'a> {
    fn new(query: &'a Query, text: &'a [u8]) -> Verifier<'a> {
        let reading = |(language, reading): &'a (Option<Language>, Reading)| {
            (*language, reading, Aligner::new(&reading.classes, SEED), query.word_bits(&reading.names))
        };
        Verifier {
            query,
            text,
            content: Digest::of(text),
            words: query.word_aligner(),
            word_bits: query.word_bits(&query.words.hashes),
            readings: query.readings.iter().map(reading).collect(),
        }
    }

    fn verify(&self, index: &Index, number: u32) -> Result<Verified, Error> {
        let (text, language) = index.text(number)?;
        let spans: Vec<Span> = self.words(&text).into_iter().chain(self.code(&text, language)).collect();
        let exact = text.len() == self.text.len() && Digest::of(&text) == self.content;
        Ok(Verified { number, exact, bits: spans.iter().map(|span| span.bits).sum(), spans })
    }

    fn words(&self, text: &[u8]) -> Option<Span> {
        let words = Words::of(text);
        let run = self.words.best(&words.hashes, |at, _| self.word_bits[at])?;
        let hull = |ranges: &[Range<usize>], run: &Range<usize>| ranges[run.start].start..ranges[run.end - 1].end;
        let (query, bytes) = (hull(&self.query.words.ranges, &run.query), hull(&words.ranges, &run.document));
        Some(span(Alike::Words, run.query.len(), run.bits, query, bytes, text))
    }

    fn code(&self, text: &[u8], language: Option<Language>) -> Option<Span> {
        let (_, asked, aligner, names) =
            self.readings.iter().find(|it| it.0 == language).or_else(|| self.readings.first())?;
        let reading = Reading::of(text, &Lexer::new(language), BETWEEN);
        let weight = |at: usize, there: usize| {
            let alike = asked.names[at] == reading.names[there];
            self.query.class_bits(asked.classes[at]) + if alike { names[at] } else { 0.0 }
        };
        let run = aligner.best(&reading.classes, weight)?;
        let hull = |reading: &Reading, text: &[u8], run: &Range<usize>| {
            let range = reading.ranges[run.start].start..reading.ranges[run.end - 1].end;
            range.start..range.start + text[range].trim_ascii_end().len()
        };
        let (query, bytes) = (hull(asked, self.text, &run.query), hull(&reading, text, &run.document));
        Some(span(Alike::Code, run.query.len(), run.bits, query, bytes, text))
    }
}

fn span(alike: Alike, length: usize, bits: f64, query: Range<usize>, bytes: Range<usize>, text: &[u8]) -> Span {
    let line = |end: usize| 1 + text[..end].iter().filter(|&&byte| byte == b'\n').count();
    let lines = line(bytes.start)..line(bytes.end) + 1;
    let shown = &text[bytes.start..bytes.end.min(bytes.start + SHOWN)];
    Span { alike, length, bits, query, bytes, lines, text: String::from_utf8_lossy(shown).into_owned() }
}
