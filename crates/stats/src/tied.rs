//! Has a stream gone worse where, and only where, something is there?

use crate::EValue;
use crate::wealth::share;
use serde::{Deserialize, Serialize};

/// Alternatives of each kind; as in [`ChangeDetector`](crate::ChangeDetector), only fewer, since there is one detector a feature.
const BETS: usize = 8;
const MOST: f64 = 1e280;

/// An e-detector for "bad choices that carry a feature have become more frequent, and choices that carry it are bad more often than others".
///
/// Two Shiryaev-Roberts sums as in [`ChangeDetector`](crate::ChangeDetector): one bets, at every choice, on "carries the feature and is bad" against
/// what the baseline leaves possible for that; one bets, at choices that carry the feature only, on "is bad" against the bound of all
/// choices. The detector is the smaller of the two. So it is one as long as *either* is as it was: where prompts with the feature
/// become more frequent and are served like all others, and where some prompts have always been served badly, no alarm comes sooner than promised.
///
/// Gamblers start only behind choices that carry the feature: behind, since that one carries it says something about whether it is
/// "carries it and is bad". A choice whose coin is shared among all features that it carries brings one
/// coin in all; so the promise of [`changed`](crate::changed) holds for any number of features together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TiedDetector {
    joint: [f64; BETS],
    within: [f64; BETS],
    last: u64,
}

impl TiedDetector {
    /// Adds the choice number `at` of the stream, which carries the feature; those since the last that did not are caught up with.
    /// Both bounds are chosen before the choice is seen.
    pub fn update(&mut self, at: u64, bad: bool, joint_bound: f64, within_bound: f64, coin: f64) {
        let absent = i32::try_from(at.saturating_sub(self.last + 1)).unwrap_or(i32::MAX);
        for k in 0..BETS {
            let idle = 1.0 - stake(k);
            let factor = |bound: f64| idle + if bad { stake(k) / bound.clamp(1e-12, 1.0) } else { 0.0 };
            self.joint[k] = (self.joint[k] * idle.powi(absent) * factor(joint_bound) + coin).min(MOST);
            self.within[k] = (self.within[k] * factor(within_bound) + coin).min(MOST);
        }
        self.last = at;
    }

    /// The detector's value after the last choice that carries the feature.
    pub fn evidence(&self) -> EValue {
        let mean = |sums: &[f64; BETS]| sums.iter().sum::<f64>() / BETS as f64;
        EValue::from_ln(mean(&self.joint).min(mean(&self.within)).ln())
    }
}

/// [`share`] for fewer bets.
fn stake(k: usize) -> f64 {
    share(2 * k)
}
