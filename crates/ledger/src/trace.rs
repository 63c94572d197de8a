//! Which documents have this text? From a completion, a trigger or a finding back to what taught it.
//!
//! Candidates share the content, rare runs of tokens, rare runs of words, rare words or members with the query; each is read, and the run that
//! it has in common with the query is what counts, by its surprisal: how unlikely its tokens' classes are (unigram, as in OLMoTrace), and how
//! few documents have the names and words that are spelled alike. Where the query chooses insecurely, who chooses alike comes first. It says
//! presence, not cause: that a document has the text, and not that a model has it from there.

mod align;
mod choice;
mod forward;
mod query;
mod told;
mod verbatim;

pub use forward::{Forward, Proved};
pub use query::LONGEST;
pub use told::told;
pub use verbatim::verbatim;

use crate::error::Error;
use crate::hash::Digest;
use crate::index::term::{Term, word_at};
use crate::index::{Index, Indexed};
use align::{Aligner, Run};
use choice::Spelling;
use code::Language;
use dataset::fingerprint::Lexer;
use query::{BETWEEN, Found, Query, Reading, Words};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeSet;
use std::ops::Range;

/// Candidates that are read; and half as many for each part of a query that is long enough to have some.
const CANDIDATES: usize = 32;
/// Bytes of a part, and most parts.
const PART: usize = 160;
const PARTS: usize = 6;
/// What a part of the query is still worth when one more document has it.
const DECAY: f64 = 0.5;
/// What a bit of an insecure choice is worth beside one of the rest of the query.
const CHOICE: f64 = 4.0;
/// Tokens of the shortest run of code that counts.
const SEED: usize = 5;
/// Most bytes of a span that are shown, and of what stands before and after it, two lines or so.
const SHOWN: usize = 2000;
const AROUND: usize = 200;

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
    /// What stands before it: the beginning of its line, and the two lines above.
    pub before: String,
    /// What stands after it; empty where `text` is only the beginning.
    pub after: String,
}

impl Span {
    /// Its bits, where each byte of the query has a worth.
    fn gain(&self, worth: &[f64]) -> f64 {
        let worth = &worth[self.query.clone()];
        self.bits * worth.iter().sum::<f64>() / worth.len().max(1) as f64
    }
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
    let read = candidates(&query, text.len()).par_iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    rank(read, text.len(), top).into_par_iter().map(|it| it.named(index)).collect()
}

/// The documents that share most with the query, and with each part of it, by their terms.
fn candidates(query: &Query, length: usize) -> Vec<u32> {
    let count = (length / PART).clamp(1, PARTS);
    let cut = |part: usize| part * length / count..(part + 1) * length / count;
    let all = scores(query, &(0..length));
    let mut chosen: BTreeSet<u32> =
        (0..count).flat_map(|part| best(scores(query, &cut(part)), CANDIDATES / 2)).collect();
    for choice in query.insecure.iter().take(PARTS) {
        let weighty = scores(query, choice).into_iter().map(|(document, bits)| (document, CHOICE * bits));
        chosen.extend(best(all.iter().copied().chain(weighty).collect(), CANDIDATES));
    }
    chosen.extend(best(all, CANDIDATES));
    chosen.into_iter().collect()
}

/// For each term that begins in a part of the query, the documents that have it and what that says, bits.
fn scores(query: &Query, part: &Range<usize>) -> Vec<(u32, f64)> {
    let here = query.found.iter().filter(|(_, found)| found.places.iter().any(|place| part.contains(place)));
    let each = |(&term, found): (&Term, &Found)| {
        let bits = query.rarity(term);
        found.postings.documents.iter().map(move |&document| (document, bits)).collect::<Vec<_>>()
    };
    here.flat_map(each).collect()
}

/// The documents with the greatest sums.
fn best(mut scores: Vec<(u32, f64)>, count: usize) -> Vec<u32> {
    scores.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
    let chunks = scores.chunk_by(|one, other| one.0 == other.0);
    let mut sums: Vec<(u32, f64)> = chunks.map(|chunk| (chunk[0].0, chunk.iter().map(|it| it.1).sum())).collect();
    let order = |one: &(u32, f64), other: &(u32, f64)| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0));
    if sums.len() > count {
        sums.select_nth_unstable_by(count, order);
        sums.truncate(count);
    }
    sums.into_iter().map(|it| it.0).collect()
}

/// Orders documents: whoever has all of the query first, and then always the one that adds most. What a part of the query is worth is
/// halved by each document that has it, so that ten documents with one half of the query do not hide those that have the other.
fn rank(mut read: Vec<Verified>, length: usize, top: usize) -> Vec<Verified> {
    let mut worth = vec![1.0; length];
    let mut ranked = Vec::new();
    while ranked.len() < top {
        let gains = read.iter().enumerate().map(|(at, it)| (at, it.exact, it.gain(&worth)));
        let next =
            gains.max_by(|one, other| one.1.cmp(&other.1).then(one.2.total_cmp(&other.2)).then(other.0.cmp(&one.0)));
        let Some((at, ..)) = next.filter(|it| it.2 > 0.0) else { break };
        let mut chosen = read.remove(at);
        chosen.spans = chosen.telling(&worth).into_iter().flatten().cloned().collect();
        for span in &chosen.spans {
            worth[span.query.clone()].iter_mut().for_each(|worth| *worth *= DECAY);
        }
        ranked.push(chosen);
    }
    ranked
}

/// A document that was read.
struct Verified {
    number: u32,
    exact: bool,
    /// What it has of an insecure choice of the query, bits.
    choice: f64,
    spans: Vec<Span>,
}

impl Verified {
    /// Of each kind the span that says most.
    fn telling(&self, worth: &[f64]) -> [Option<&Span>; 2] {
        [Alike::Words, Alike::Code].map(|alike| {
            let spans = self.spans.iter().filter(|span| span.alike == alike);
            spans.max_by(|one, other| one.gain(worth).total_cmp(&other.gain(worth)))
        })
    }

    fn gain(&self, worth: &[f64]) -> f64 {
        CHOICE * self.choice + self.telling(worth).into_iter().flatten().map(|span| span.gain(worth)).sum::<f64>()
    }

    fn named(self, index: &Index) -> Result<Match, Error> {
        let document = index.document(self.number)?;
        let bits = self.spans.iter().map(|span| span.bits).sum();
        Ok(Match { document, bits, exact: self.exact, spans: self.spans })
    }
}

/// The query, read in one language.
struct Asked<'a> {
    language: Option<Language>,
    reading: &'a Reading,
    aligner: Aligner<'a>,
    /// The name that each token is, and what it says, bits.
    names: Vec<u64>,
    bits: Vec<f64>,
}

/// Compares documents with the query.
struct Verifier<'a> {
    query: &'a Query,
    text: &'a [u8],
    content: Digest,
    words: Aligner<'a>,
    word_bits: Vec<f64>,
    choices: Vec<Spelling>,
    /// For each language that the query was read in.
    readings: Vec<Asked<'a>>,
}

impl<'a> Verifier<'a> {
    fn new(query: &'a Query, text: &'a [u8]) -> Verifier<'a> {
        let asked = |(language, reading): &'a (Option<Language>, Reading)| {
            let names = reading.names(text);
            let bits = query.word_bits(&names);
            Asked { language: *language, reading, aligner: Aligner::new(&reading.classes, SEED), names, bits }
        };
        Verifier {
            query,
            text,
            content: Digest::of(text),
            words: query.word_aligner(),
            word_bits: query.word_bits(&query.words.hashes),
            choices: query.insecure.iter().take(PARTS).map(|part| Spelling::of(query, text, part)).collect(),
            readings: query.readings.iter().map(asked).collect(),
        }
    }

    fn verify(&self, index: &Index, number: u32) -> Result<Verified, Error> {
        let (text, language) = index.text(number)?;
        let words = Words::of(&text);
        let spans = self.words(&text, &words).into_iter().chain(self.code(&text, language)).collect();
        let choice = self.choices.iter().map(|choice| choice.bits(&text, &words)).fold(0.0, f64::max);
        let exact = text.len() == self.text.len() && Digest::of(&text) == self.content;
        Ok(Verified { number, exact, choice, spans })
    }

    fn words(&self, text: &[u8], words: &Words) -> Vec<Span> {
        let runs = self.words.runs(&words.hashes, |at, _| self.word_bits[at]);
        let hull = |ranges: &[Range<usize>], run: &Range<usize>| ranges[run.start].start..ranges[run.end - 1].end;
        let told = |run: Run| {
            let (query, bytes) = (hull(&self.query.words.ranges, &run.query), hull(&words.ranges, &run.document));
            span(Alike::Words, run.query.len(), run.bits, query, bytes, text)
        };
        runs.into_iter().map(told).collect()
    }

    fn code(&self, text: &[u8], language: Option<Language>) -> Vec<Span> {
        let Some(asked) = self.readings.iter().find(|it| it.language == language).or_else(|| self.readings.first())
        else {
            return Vec::new();
        };
        let reading = Reading::of(text, &Lexer::new(language), BETWEEN);
        // Names are looked at in runs only: most of a document's stand in none.
        let alike = |name: u64, there: usize| name != 0 && name == word_at(text, reading.ranges[there].start);
        let weight = |at: usize, there: usize| {
            let named = if alike(asked.names[at], there) { asked.bits[at] } else { 0.0 };
            self.query.class_bits(asked.reading.classes[at]) + named
        };
        let runs = asked.aligner.runs(&reading.classes, weight);
        let hull = |reading: &Reading, text: &[u8], run: &Range<usize>| {
            let range = reading.ranges[run.start].start..reading.ranges[run.end - 1].end;
            range.start..range.start + text[range].trim_ascii_end().len()
        };
        let told = |run: Run| {
            let (query, bytes) = (hull(asked.reading, self.text, &run.query), hull(&reading, text, &run.document));
            span(Alike::Code, run.query.len(), run.bits, query, bytes, text)
        };
        runs.into_iter().map(told).collect()
    }
}

fn span(alike: Alike, length: usize, bits: f64, query: Range<usize>, bytes: Range<usize>, text: &[u8]) -> Span {
    let line = |end: usize| 1 + memchr::memchr_iter(b'\n', &text[..end]).count();
    let lines = line(bytes.start)..line(bytes.end) + 1;
    let shown = bytes.start..bytes.end.min(bytes.start + SHOWN);
    let before = &text[bytes.start.saturating_sub(AROUND)..bytes.start];
    let after = &text[bytes.end..text.len().min(bytes.end + AROUND)];
    // The rest of the line, and two more.
    let first = memchr::memrchr_iter(b'\n', before).nth(2).map_or(0, |end| end + 1);
    let last = memchr::memchr_iter(b'\n', after).nth(2).unwrap_or(after.len());
    let after = if shown.end == bytes.end { &after[..last] } else { &[] };
    let [text, before, after] =
        [&text[shown], &before[first..], after].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Span { alike, length, bits, query, bytes, lines, text, before, after }
}
