//! How large is the difference, with bounds that hold at every moment?

use crate::Alpha;
use crate::wealth::Wealth;

/// Means tested on each side: the bounds are multiples of 1 / `STEPS`.
const STEPS: i32 = 200;

/// A confidence sequence for the mean of differences in [-1, 1] (Waudby-Smith & Ramdas 2024, section 4.1, hedged capital).
///
/// The chance that the intervals ever miss the mean, at any moment, is at most α. What the mean is that of, and when one may
/// look, is as for [`PairedBet`](crate::PairedBet#what-a-pair-is).
///
/// Two gamblers play against each candidate mean, one betting above it and one below. Their wealth is monotone in
/// the candidate, so that what is rejected at a tested mean is rejected beyond it too, and rounding bounds outwards to tested means keeps the promise.
#[derive(Debug, Clone)]
pub struct DifferenceSequence {
    candidates: Vec<Candidate>,
}

#[derive(Debug, Clone)]
struct Candidate {
    mean: f64,
    above: Wealth,
    below: Wealth,
}

impl DifferenceSequence {
    /// No differences yet: everything from -1 to 1 is possible.
    pub fn new() -> Self {
        let candidate = |step| {
            let mean = f64::from(step) / f64::from(STEPS);
            Candidate { mean, above: Wealth::new(mean), below: Wealth::new(-mean) }
        };
        DifferenceSequence { candidates: (1 - STEPS..STEPS).map(candidate).collect() }
    }

    /// Adds a difference in [-1, 1]. Anything else, such as NaN, is an unknown one, and counts against both bounds.
    pub fn update(&mut self, difference: f64) {
        for candidate in &mut self.candidates {
            candidate.above.update(difference);
            candidate.below.update(-difference);
        }
    }

    /// Bounds on the mean difference.
    pub fn interval(&self, alpha: Alpha) -> (f64, f64) {
        // Half of α for each side.
        let threshold = (2.0 / alpha.get()).ln();
        let lower = self.candidates.iter().rev().find(|c| c.above.ln() >= threshold).map_or(-1.0, |c| c.mean);
        let upper = self.candidates.iter().find(|c| c.below.ln() >= threshold).map_or(1.0, |c| c.mean);
        // Both cross only where the bounds have already failed (chance α); the wider answer is the honest one.
        (lower.min(upper), upper.max(lower))
    }
}

impl Default for DifferenceSequence {
    fn default() -> Self {
        DifferenceSequence::new()
    }
}
