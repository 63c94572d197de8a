//! Where two rows of values share a run, and how much that says.

use std::collections::HashMap;
use std::ops::Range;

/// Places in the query that are tried for one place in the document.
const PLACES: usize = 32;
/// Comparisons after which the best run by then is taken: hostile texts repeat themselves.
const STEPS: usize = 20 << 20;

/// A run that both rows have.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Where in the query.
    pub query: Range<usize>,
    /// Where in the document.
    pub document: Range<usize>,
    /// Its surprisal, bits.
    pub bits: f64,
}

/// Finds a query's values in documents.
pub struct Aligner<'a> {
    query: &'a [u64],
    seed: usize,
    places: HashMap<u64, Vec<usize>>,
}

impl<'a> Aligner<'a> {
    /// Runs shorter than `seed` are not found.
    pub fn new(query: &'a [u64], seed: usize) -> Aligner<'a> {
        let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
        for (at, window) in query.windows(seed).enumerate() {
            let places = places.entry(hash(window)).or_default();
            if places.len() < PLACES {
                places.push(at);
            }
        }
        Aligner { query, seed, places }
    }

    /// The run with the most bits. `weight` says how many it is worth that a place of the query and one of the document are alike.
    pub fn best(&self, document: &[u64], weight: impl Fn(usize, usize) -> f64) -> Option<Run> {
        let mut best: Option<Run> = None;
        // For each diagonal where its last run ends in the document.
        let mut ends = vec![0; self.query.len() + document.len()];
        let mut steps = 0;
        for (at, window) in document.windows(self.seed).enumerate() {
            for &place in self.places.get(&hash(window)).into_iter().flatten() {
                let end = &mut ends[at + self.query.len() - place];
                steps += 1;
                if *end > at || steps > STEPS {
                    continue;
                }
                let pairs = self.query[place..].iter().zip(&document[at..]);
                let length = pairs.take_while(|(one, other)| one == other).count();
                *end = at + length.max(1);
                steps += length;
                let bits = (0..length).map(|it| weight(place + it, at + it)).sum();
                if length >= self.seed && best.as_ref().is_none_or(|best| best.bits < bits) {
                    best = Some(Run { query: place..place + length, document: at..at + length, bits });
                }
            }
        }
        best
    }
}

fn hash(window: &[u64]) -> u64 {
    window.iter().fold(0, |hash: u64, value| (hash.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_with_the_most_bits_is_found_wherever_it_lies() {
        let query = [1, 2, 3, 9, 4, 5, 6, 7];
        let document = [4, 5, 6, 7, 0, 0, 1, 2, 3, 8, 1, 2];
        let run = Aligner::new(&query, 2).best(&document, |_, _| 1.0);
        assert_eq!(run, Some(Run { query: 4..8, document: 0..4, bits: 4.0 }));
        let rare = Aligner::new(&query, 2).best(&document, |at, _| if at < 3 { 5.0 } else { 1.0 });
        assert_eq!(rare, Some(Run { query: 0..3, document: 6..9, bits: 15.0 }));
        assert_eq!(Aligner::new(&query, 5).best(&document, |_, _| 1.0), None);
    }

    #[test]
    fn a_text_that_repeats_itself_is_done_with_soon() {
        let (query, document) = (vec![7; 20_000], vec![7; 2_000_000]);
        let run = Aligner::new(&query, 4).best(&document, |_, _| 1.0);
        assert!(run.is_some_and(|run| run.bits >= 20_000.0));
    }
}
