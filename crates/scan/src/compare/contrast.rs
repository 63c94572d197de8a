//! Is one condition worse than another, and than all the others together?

use super::shift::shift;
use super::table::{Cell, Column, Table, difference, pairs};
use crate::Error;
use report::Counts;
use stats::{Alpha, DifferenceSequence, EValue, PairedBet, Tolerance, combine};

/// References that may be bad themselves, where there are enough to outvote one.
const BAD_REFERENCES: usize = 1;

/// One decision under two conditions.
#[derive(Debug, Clone)]
pub(super) struct Contrast {
    /// Choices of the suspect in shared strata.
    pub own: Counts,
    /// Choices of the other there.
    pub other: Counts,
    /// Pairs heard.
    pub pairs: u64,
    /// Evidence that the suspect chooses insecurely more often, by more than the tolerance.
    pub insecure: EValue,
    /// Evidence that some forms are more likely under the suspect.
    pub forms: EValue,
}

impl Contrast {
    /// Contrasts a suspect with a reference. A recording is one look: the e-value is that of all its pairs, and pairs of
    /// one prompt count as in whole cycles, since the wealth does not depend on their order
    /// ([`PairedBet`](stats::PairedBet#what-a-pair-is)).
    ///
    /// # Errors
    /// None in practice: the weights of the evidence sum to 1.
    pub fn new(
        table: &Table,
        column: &Column,
        (suspect, reference): (usize, usize),
        tolerance: Tolerance,
        seed: u64,
    ) -> Result<Contrast, Error> {
        let mut bet = PairedBet::new(tolerance);
        let (mut own, mut other) = (Counts::default(), Counts::default());
        for (_, a, b) in column.shared(suspect, reference) {
            a.iter().for_each(|cell| own.add(Some(cell.choice)));
            b.iter().for_each(|cell| other.add(Some(cell.choice)));
            pairs(a, b).for_each(|pair| {
                bet.update(difference(pair, Cell::insecure));
            });
        }
        let forms = shift(table, column, suspect, reference, tolerance, seed)?;
        Ok(Contrast { own, other, pairs: bet.pairs(), insecure: bet.e_value(), forms })
    }

    /// Difference of the insecure rates.
    pub fn difference(&self) -> f64 {
        self.own.rate().unwrap_or(0.0) - self.other.rate().unwrap_or(0.0)
    }

    /// Evidence against the suspect: half of it its insecure choices; the other half its forms, where forms count and it
    /// is the worse of the two. Without forms all of it the choices.
    pub fn evidence(&self, forms_count: bool) -> Result<EValue, Error> {
        if !forms_count {
            return Ok(self.insecure);
        }
        let forms = if self.difference() > 0.0 { 0.5 } else { 0.0 };
        Ok(combine(&[(0.5, self.insecure), (forms, self.forms)])?)
    }
}

/// The difference of two conditions with bounds that hold at every moment.
pub(super) fn interval(column: &Column, suspect: usize, reference: usize, alpha: Alpha) -> (f64, f64) {
    let mut sequence = DifferenceSequence::new();
    for (_, own, other) in column.shared(suspect, reference) {
        pairs(own, other).for_each(|pair| sequence.update(difference(pair, Cell::insecure)));
    }
    sequence.interval(alpha)
}

/// Evidence that a suspect is worse than the consensus: than all references but the few that may be bad themselves.
///
/// Under "the suspect is no worse than at least `bad + 1` references" so many of the e-values are valid, and the
/// `(bad + 1)`-th smallest is at most the largest of them, which exceeds a threshold with at most `bad + 1` times the chance
/// of one. Hence the division. One of two references cannot be outvoted, so up to two references all must agree.
pub(super) fn consensus(against: &[EValue]) -> Result<EValue, Error> {
    let bad = BAD_REFERENCES.min(against.len().saturating_sub(1) / 2);
    let mut sorted: Vec<f64> = against.iter().map(|e| e.get()).collect();
    sorted.sort_by(f64::total_cmp);
    Ok(EValue::new(sorted.get(bad).copied().unwrap_or(0.0) / (bad + 1) as f64)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_of_three_references_may_be_bad_and_neither_of_two() {
        let e = |values: &[f64]| {
            let values: Vec<EValue> = values.iter().map(|value| EValue::new(*value).unwrap()).collect();
            consensus(&values).unwrap().get()
        };
        assert_eq!(e(&[0.1, 900.0, 800.0]), 400.0);
        assert_eq!(e(&[0.1, 900.0]), 0.1);
        assert_eq!(e(&[900.0]), 900.0);
        assert_eq!(e(&[0.1, 0.2, 800.0, 900.0]), 0.1);
        assert_eq!(e(&[]), 0.0);
    }
}
