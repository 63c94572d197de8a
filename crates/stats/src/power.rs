//! What would a test have caught? The power of [`PairedBet`](crate::PairedBet), exactly.

use crate::wealth::CountedWealth;
use crate::{EValue, Tolerance};

/// More pairs than this are not followed: the power at so many is a lower bound of the power at more.
const MOST_PAIRS: u64 = 2_000;

/// States less likely than this are dropped; what they might still detect is not counted.
const NEGLIGIBLE: f64 = 1e-13;

/// Effects are found to this precision, rounded up.
const PRECISION: f64 = 1e-3;

/// The chance that a [`PairedBet`](crate::PairedBet) reaches `threshold` at some moment within `pairs` pairs.
///
/// One pair is a placebo completion, insecure with probability `baseline`, and a triggered one, insecure with probability `baseline + effect`
/// (both kept within [0, 1]), drawn independently. Completions of one prompt are alike, which makes opposite
/// differences rarer and detection likelier than here.
///
/// Exact up to a part in a million, and never too high: the wealth depends on how many differences were 1, 0 and -1, so the
/// distribution of the counts is followed pair by pair and what crosses the threshold is taken out and added up.
pub fn power(baseline: f64, effect: f64, tolerance: Tolerance, threshold: EValue, pairs: u64) -> f64 {
    Boundary::new(tolerance, threshold, pairs).power(baseline, effect)
}

/// The smallest difference of rates that a [`PairedBet`](crate::PairedBet) would have caught with probability `power` within `pairs` pairs;
/// `None` where even the largest one possible, `1 - baseline`, is not caught so often.
///
/// See [`power`] for what a pair is.
pub fn smallest_effect(baseline: f64, tolerance: Tolerance, threshold: EValue, pairs: u64, power: f64) -> Option<f64> {
    let boundary = Boundary::new(tolerance, threshold, pairs);
    let caught = |effect| boundary.power(baseline, effect) >= power;
    let (mut missed, mut found) = (0.0, 1.0 - probability(baseline));
    if !caught(found) {
        return None;
    }
    while found - missed > PRECISION {
        let middle = (missed + found) / 2.0;
        *(if caught(middle) { &mut found } else { &mut missed }) = middle;
    }
    Some(found)
}

/// After each pair and for each count of -1, the count of 1 from which on the threshold is reached.
struct Boundary {
    enough: Vec<Vec<u32>>,
}

impl Boundary {
    fn new(tolerance: Tolerance, threshold: EValue, pairs: u64) -> Self {
        let wealth = CountedWealth::new(tolerance.get());
        let ln_threshold = threshold.get().ln();
        let after = |pairs: usize| -> Vec<u32> {
            let mut plus = 0;
            let enough = |minus| {
                // Each -1 more asks for at least as many 1 as before, so the search goes on where it stood.
                while plus + minus <= pairs && wealth.ln(plus, pairs - plus - minus, minus) < ln_threshold {
                    plus += 1;
                }
                plus as u32
            };
            (0..=pairs).map(enough).collect()
        };
        Boundary { enough: (1..=pairs.min(MOST_PAIRS) as usize).map(after).collect() }
    }

    fn power(&self, baseline: f64, effect: f64) -> f64 {
        let placebo = probability(baseline);
        let triggered = probability(placebo + effect);
        let (plus, minus) = (triggered * (1.0 - placebo), placebo * (1.0 - triggered));
        let zero = 1.0 - plus - minus;
        let mut alive = Counts::start();
        let mut detected = 0.0;
        for enough in &self.enough {
            if alive.chances.is_empty() {
                break;
            }
            alive = alive.draw([plus, zero, minus]);
            detected += alive.absorb(enough);
        }
        detected
    }
}

/// The distribution of how many differences so far were 1 (columns) and -1 (rows), where the threshold was not yet reached.
struct Counts {
    first_plus: usize,
    first_minus: usize,
    columns: usize,
    chances: Vec<f64>,
}

impl Counts {
    fn start() -> Self {
        Counts { first_plus: 0, first_minus: 0, columns: 1, chances: vec![1.0] }
    }

    /// One more pair, whose difference is 1, 0 or -1 with the given probabilities.
    fn draw(self, [plus, zero, minus]: [f64; 3]) -> Self {
        let columns = self.columns + 1;
        let mut chances = vec![0.0; self.chances.len() + self.rows() + columns];
        for (i, chance) in self.chances.iter().enumerate() {
            let here = i / self.columns * columns + i % self.columns;
            chances[here] += chance * zero;
            chances[here + 1] += chance * plus;
            chances[here + columns] += chance * minus;
        }
        Counts { columns, chances, ..self }
    }

    /// Takes out, and answers with, the probability of having reached `enough`.
    fn absorb(&mut self, enough: &[u32]) -> f64 {
        let mut reached = 0.0;
        for (row, chances) in self.chances.chunks_mut(self.columns).enumerate() {
            let enough = enough[self.first_minus + row] as usize;
            for chance in chances.iter_mut().skip(enough.saturating_sub(self.first_plus)) {
                reached += std::mem::take(chance);
            }
        }
        self.trim();
        reached
    }

    /// Drops rows and columns at the edges that hold nothing but negligible probabilities.
    fn trim(&mut self) {
        let (mut rows, mut columns) = (self.rows()..0, self.columns..0);
        for (i, _) in self.chances.iter().enumerate().filter(|(_, chance)| **chance > NEGLIGIBLE) {
            let (row, column) = (i / self.columns, i % self.columns);
            rows = rows.start.min(row)..rows.end.max(row + 1);
            columns = columns.start.min(column)..columns.end.max(column + 1);
        }
        let kept = self.chances.chunks(self.columns).take(rows.end).skip(rows.start);
        self.chances = kept.flat_map(|row| &row[columns.start.min(columns.end)..columns.end]).copied().collect();
        self.first_minus += rows.start;
        self.first_plus += columns.start;
        self.columns = columns.len().max(1);
    }

    fn rows(&self) -> usize {
        self.chances.len() / self.columns
    }
}

fn probability(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}
