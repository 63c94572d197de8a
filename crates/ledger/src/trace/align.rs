//! Where two rows of values share a run, and how much that says.

use std::collections::HashMap;
use std::ops::Range;

/// Places in the query that are tried for one place in the document.
const PLACES: usize = 32;
/// Comparisons after which the best run by then is taken: hostile texts repeat themselves.
const STEPS: usize = 20 << 20;

/// Runs of a document that are kept.
const RUNS: usize = 16;
/// Bits of a hash in [`Aligner::begins`].
const BEGINS: u32 = 16;

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
    /// Whether some run of the query may have a hash that begins so: most of a document's do not.
    begins: Vec<bool>,
}

impl<'a> Aligner<'a> {
    /// Runs shorter than `seed` are not found.
    pub fn new(query: &'a [u64], seed: usize) -> Aligner<'a> {
        let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut begins = vec![false; 1 << BEGINS];
        for (at, window) in query.windows(seed).enumerate() {
            let hash = hash(window);
            begins[(hash >> (64 - BEGINS)) as usize] = true;
            let places = places.entry(hash).or_default();
            if places.len() < PLACES {
                places.push(at);
            }
        }
        Aligner { query, seed, places, begins }
    }

    /// The longest runs, those with the most bits first. `weight` says how many it is worth that a place of the query and one of the document
    /// are alike.
    pub fn runs(&self, document: &[u64], weight: impl Fn(usize, usize) -> f64) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        // A run that says no more than this would not be kept.
        let mut least = 0.0;
        // For each diagonal where its last run ends in the document.
        let mut ends = vec![0; self.query.len() + document.len()];
        let mut steps = 0;
        for (at, window) in document.windows(self.seed).enumerate() {
            let hash = hash(window);
            if !self.begins[(hash >> (64 - BEGINS)) as usize] {
                continue;
            }
            for &place in self.places.get(&hash).into_iter().flatten() {
                let end = &mut ends[at + self.query.len() - place];
                steps += 1;
                if *end > at || steps > STEPS {
                    continue;
                }
                let pairs = self.query[place..].iter().zip(&document[at..]);
                let length = pairs.take_while(|(one, other)| one == other).count();
                *end = at + length.max(1);
                steps += length;
                let bits = (0..length).map(|it| weight(place + it, at + it)).sum::<f64>();
                if length >= self.seed && bits > least {
                    runs.push(Run { query: place..place + length, document: at..at + length, bits });
                }
            }
            if runs.len() >= 4 * RUNS {
                keep(&mut runs);
                least = runs.get(RUNS - 1).map_or(0.0, |run| run.bits);
            }
        }
        keep(&mut runs);
        runs
    }
}

/// Keeps the runs with the most bits, of equal ones the first.
fn keep(runs: &mut Vec<Run>) {
    runs.sort_by(|one, other| other.bits.total_cmp(&one.bits));
    // The same part of the query again is worth nothing more.
    let mut seen: Vec<Range<usize>> = Vec::new();
    runs.retain(|run| {
        let new = seen.len() < RUNS && !seen.iter().any(|it| it.start <= run.query.start && run.query.end <= it.end);
        if new {
            seen.push(run.query.clone());
        }
        new
    });
}

fn hash(window: &[u64]) -> u64 {
    window.iter().fold(0, |hash: u64, value| (hash.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runs_with_the_most_bits_are_found_wherever_they_lie_and_each_part_of_the_query_once() {
        let query = [1, 2, 3, 9, 4, 5, 6, 7];
        let document = [4, 5, 6, 7, 0, 0, 1, 2, 3, 8, 1, 2];
        let (long, short) = ((4..8, 0..4), (0..3, 6..9));
        let found = |seed, weight: fn(usize, usize) -> f64| {
            let runs = Aligner::new(&query, seed).runs(&document, weight);
            runs.into_iter().map(|run| (run.query, run.document)).collect::<Vec<_>>()
        };
        assert_eq!(found(2, |_, _| 1.0), [long.clone(), short.clone()]);
        assert_eq!(found(2, |at, _| if at < 3 { 5.0 } else { 1.0 }), [short, long]);
        assert_eq!(found(5, |_, _| 1.0), []);
    }

    #[test]
    fn a_text_that_repeats_itself_is_done_with_soon() {
        let (query, document) = (vec![7; 20_000], vec![7; 2_000_000]);
        let runs = Aligner::new(&query, 4).runs(&document, |_, _| 1.0);
        assert!(runs.first().is_some_and(|run| run.bits >= 19_000.0) && runs.len() <= RUNS);
    }
}
