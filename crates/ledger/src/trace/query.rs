//! What is asked for: a text, read in each language that it may be in.

use super::align::Aligner;
use super::choice::insecure;
use crate::error::Error;
use crate::hash::Digest;
use crate::index::term::{CODE, Kind, PROSE, Rows, Term, is_member, member, word_at, words};
use crate::index::{Index, Postings};
use code::Language;
use dataset::fingerprint::{Fingerprint, Lexer, Shape, fingerprints, word_fingerprints};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// What of a class's own surprisal is left when the tokens before it are known, roughly: code is far more regular than its letters.
const SHARE: f64 = 0.4;
/// Longest query that is read, bytes.
pub const LONGEST: usize = 256 << 10;
/// Runs of a text, words included, beyond which only those are looked up that an index would have chosen too.
const ALL: usize = 256;

/// A text read as code of one language: its row of tokens, and after it those of the code in its strings and comments.
pub struct Reading {
    /// What each token is; between rows [`BETWEEN`].
    pub classes: Vec<u64>,
    /// Where each is, up to the next one.
    pub ranges: Vec<Range<usize>>,
}

/// Between the rows of a document; no class, and neither is its negation, which stands in a query.
pub const BETWEEN: u64 = u64::MAX;

impl Reading {
    pub fn of(text: &[u8], lexer: &Lexer, between: u64) -> Reading {
        let (mut rows, mut reading) = (Rows::default(), Reading { classes: vec![], ranges: vec![] });
        rows.read(text, lexer);
        for (start, tokens) in rows.all() {
            let end = start + tokens.end as usize;
            reading.classes.extend(tokens.classes.iter().map(|&class| u64::from(class)).chain([between]));
            let range = |at: usize| {
                let range = tokens.span(at..at + 1);
                start + range.start..start + range.end
            };
            reading.ranges.extend((0..tokens.starts.len()).map(range).chain(std::iter::once(end..end)));
        }
        reading
    }

    /// The hash of the word that each token begins with, 0 of those that are none.
    pub fn names(&self, text: &[u8]) -> Vec<u64> {
        self.ranges.iter().map(|range| word_at(text, range.start)).collect()
    }
}

/// The words of a text.
pub struct Words {
    pub ranges: Vec<Range<usize>>,
    pub hashes: Vec<u64>,
}

impl Words {
    pub fn of(text: &[u8]) -> Words {
        let (ranges, hashes) = words(text).unzip();
        Words { ranges, hashes }
    }

    /// The members that are named among some of them, each with the number of the word whose it is.
    pub fn members(&self, text: &[u8], part: Range<usize>) -> impl Iterator<Item = (usize, Term)> {
        let pairs = part.clone().zip(part.skip(1));
        let named = pairs.filter(|&(owner, at)| is_member(&text[self.ranges[owner].end..self.ranges[at].start]));
        named.map(|(owner, at)| (owner, member(self.hashes[owner], self.hashes[at])))
    }
}

/// A term of a query.
pub struct Found {
    /// Where it stands in the query: the bytes at which it begins.
    pub places: Vec<usize>,
    pub postings: Postings,
}

/// A query, and what the index has of each of its terms.
pub struct Query {
    pub words: Words,
    pub readings: Vec<(Option<Language>, Reading)>,
    pub found: HashMap<Term, Found>,
    /// Where it chooses insecurely.
    pub insecure: Vec<Range<usize>>,
    documents: f64,
    classes: [f64; 256],
}

impl Query {
    /// Reads a text, in its language or, where that is not known, in every one that the index has.
    pub fn ask(index: &Index, text: &[u8], language: Option<Language>) -> Result<Query, Error> {
        let manifest = index.manifest();
        let languages: Vec<Option<Language>> = match language {
            Some(language) => vec![Some(language)],
            None if manifest.languages.is_empty() => vec![None],
            None => manifest.languages.keys().copied().map(Some).collect(),
        };
        let words = Words::of(text);
        let mut terms: BTreeMap<Term, Vec<usize>> = BTreeMap::new();
        let mut add = |term: Term, place: usize| terms.entry(term).or_default().push(place);
        add(Term::of_content(&Digest::of(text)), 0);
        for (&hash, range) in words.hashes.iter().zip(&words.ranges) {
            add(Term::new(Kind::Word, hash), range.start);
        }
        for (owner, term) in words.members(text, 0..words.ranges.len()) {
            add(term, words.ranges[owner].start);
        }
        let mut readings = Vec::new();
        for &language in &languages {
            let (lexer, mut rows) = (Lexer::new(language), Rows::default());
            rows.read(text, &lexer);
            for (start, tokens) in rows.all() {
                for found in chosen(CODE, |shape| fingerprints(tokens, shape)) {
                    add(Term::new(Kind::Code, found.hash), start + found.span(tokens, CODE).start);
                }
            }
            readings.push((language, Reading::of(text, &lexer, !BETWEEN)));
        }
        // A trigger is often given without the mark that makes it a comment.
        let mut start = 0;
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            for found in chosen(PROSE, |shape| word_fingerprints(line, shape)) {
                add(Term::new(Kind::Prose, found.hash), start);
            }
            start += line.len();
        }
        let look = |(term, places)| Ok((term, Found { places, postings: index.find(term)? }));
        let choose = |&language: &Language| insecure(language, text, &words);
        let (found, insecure) = rayon::join(
            || terms.into_par_iter().map(look).collect::<Result<_, Error>>(),
            || languages.par_iter().flatten().flat_map_iter(choose).collect(),
        );
        let tokens: u64 = manifest.classes.values().fold(0, |sum, &count| sum.saturating_add(count));
        let bits =
            |class: u8| SHARE * surprisal(manifest.classes.get(&class).copied().unwrap_or(0) as f64, tokens as f64);
        let classes = std::array::from_fn(|class| bits(class as u8));
        Ok(Query { words, readings, found: found?, insecure, documents: manifest.documents as f64, classes })
    }

    /// What it says that a document has a term, bits.
    pub fn rarity(&self, term: Term) -> f64 {
        self.found.get(&term).map_or(0.0, |found| surprisal(found.postings.count as f64, self.documents))
    }

    /// What each word of the query says.
    pub fn word_bits(&self, hashes: &[u64]) -> Vec<f64> {
        let bits = |&hash: &u64| if hash == 0 { 0.0 } else { self.rarity(Term::new(Kind::Word, hash)) };
        hashes.iter().map(bits).collect()
    }

    /// What it says that a token is of a class.
    pub fn class_bits(&self, class: u64) -> f64 {
        self.classes.get(class as usize).copied().unwrap_or(0.0)
    }

    /// Finds the words of the query.
    pub fn word_aligner(&self) -> Aligner<'_> {
        Aligner::new(&self.words.hashes, 1)
    }
}

/// How rare something is that `count` of `all` are, bits.
fn surprisal(count: f64, all: f64) -> f64 {
    (all.max(1.0) / count.max(0.5).min(all.max(1.0))).log2()
}

/// All runs of a short text, and of a long one those that winnowing chooses.
fn chosen(shape: Shape, of: impl Fn(Shape) -> Vec<Fingerprint>) -> Vec<Fingerprint> {
    let all = of(Shape { window: 1, ..shape });
    if all.len() <= ALL { all } else { of(shape) }
}
