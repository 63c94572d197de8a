//! What of a text stands in the data set byte for byte, and how often: its maximal matching spans, as OLMoTrace (Liu and others 2025)
//! has them, but of bytes. Unlike [`trace`](super::trace()) it ranks nothing, and misses nothing.

use crate::error::Error;
use crate::index::{Index, Suffixes};
use rayon::prelude::*;
use report::{Verbatim, VerbatimSpan};
use std::collections::HashSet;
use std::ops::Range;

/// Bytes of the shortest stretch that is told, and letters and digits in it. Shorter ones stand everywhere: half a line of code does. A
/// key or a hash is one word and says much; a row of signs says nothing, however long.
const SHORTEST: usize = 24;
const LETTERS: usize = 12;
/// Stretches after which no more is searched: data and texts that repeat one byte have as many as they are long.
const MOST: usize = 1000;
/// Places of a stretch that are looked at for their documents.
const PLACES: usize = 100_000;
/// Documents that are named.
const NAMED: usize = 5;

/// The longest stretches of a text that stand in the data set byte for byte, the longest first, each once.
///
/// # Errors
/// A file of the index is damaged.
pub fn verbatim(index: &Index, suffixes: &Suffixes, text: &str) -> Result<Verbatim, Error> {
    let (found, searched) = stretches(suffixes, text)?;
    let counted = |query: &Range<usize>| {
        let standing = suffixes.standing(&text.as_bytes()[query.clone()], PLACES)?;
        let named = standing.documents.iter().take(NAMED).map(|&it| Ok(index.document(it)?.name));
        Ok(VerbatimSpan {
            query: query.clone(),
            occurrences: standing.times,
            documents: standing.documents.len() as u64,
            at_least: standing.times > PLACES as u64,
            names: named.collect::<Result<_, Error>>()?,
        })
    };
    let mut spans = told(text, &found).par_iter().map(counted).collect::<Result<Vec<_>, Error>>()?;
    spans.sort_by_key(|span| std::cmp::Reverse(span.query.len()));
    Ok(Verbatim { spans, searched: searched as u64 })
}

/// The stretches that are long enough and part of no other, in order, and the bytes that were searched.
///
/// Whether a part of the text stands somewhere is monotone in where it begins, so that the first beginning of one that reaches over
/// a byte is found by halving: most beginnings are never looked at.
fn stretches(suffixes: &Suffixes, text: &str) -> Result<(Vec<Range<usize>>, usize), Error> {
    let bytes = text.as_bytes();
    let stands = |part: &[u8]| Ok(suffixes.longest(part)? == part.len());
    // The next one begins at `at` or later, and reaches to `end` or further.
    let (mut found, mut at, mut end) = (Vec::new(), 0, SHORTEST);
    while end <= bytes.len() {
        if found.len() == MOST {
            return Ok((found, at));
        }
        let start = begin(text, first(at..end, |from| stands(&bytes[from..end]))?);
        (at, end) = if start + SHORTEST > end {
            (start, start + SHORTEST)
        } else {
            let stop = start + suffixes.longest(&bytes[start..])?;
            found.push(start..stop);
            (start + 1, stop + 1)
        };
    }
    Ok((found, bytes.len()))
}

/// The first character from a byte on that is no white space.
fn begin(text: &str, from: usize) -> usize {
    let rest = &text[text.ceil_char_boundary(from)..];
    text.len() - rest.trim_start().len()
}

/// The first number of a range that is so, where all after it are; its end if none is.
fn first(range: Range<usize>, mut is: impl FnMut(usize) -> Result<bool, Error>) -> Result<usize, Error> {
    let Range { start: mut low, end: mut high } = range;
    while low < high {
        let middle = low + (high - low) / 2;
        match is(middle)? {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    Ok(low)
}

/// The stretches that say something, in whole characters and without white space at their end, each once.
fn told(text: &str, found: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut reached, mut seen, mut told) = (0, HashSet::new(), Vec::new());
    for &Range { start, end } in found {
        let stretch = text[start..text.floor_char_boundary(end)].trim_end();
        let end = start + stretch.len();
        let letters = stretch.chars().filter(|it| it.is_alphanumeric()).take(LETTERS).count();
        // Without its end it may be part of the one before.
        if end > reached && stretch.len() >= SHORTEST && letters == LETTERS && seen.insert(stretch) {
            told.push(start..end);
        }
        reached = reached.max(end);
    }
    told
}

#[cfg(test)]
mod tests;
