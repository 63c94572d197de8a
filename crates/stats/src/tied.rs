//! Has a stream gone worse where, and only where, something is there?

use crate::ladder::STEPS;
use crate::{EValue, Ladder};
use serde::{Deserialize, Serialize};

/// Alternatives of each kind; fewer than in [`ChangeDetector`](crate::ChangeDetector), since there is one detector a feature.
const BETS: usize = 4;
/// Shares that are staked on what is rare by the baseline (up to some hundredths), and on how often a choice is bad.
const RARE: [f64; BETS] = [0.02, 0.06, 0.15, 0.4];
const OFTEN: [f64; BETS] = [0.1, 0.3, 0.6, 0.85];
const MOST: f64 = 1e280;

/// An e-detector for "choices that carry a feature, or bad ones among them, have become more frequent, and choices that carry it are bad more
/// often than others".
///
/// Three Shiryaev-Roberts sums as in [`ChangeDetector`](crate::ChangeDetector). Two bet at every choice, against the [`Ladder`] of what the
/// baseline leaves possible: on "carries the feature", and on "carries it and is bad"; their mean counts. The third bets, at choices that carry
/// the feature only, on "is bad" against the bound of all choices. The detector is the smaller of that mean and the third. So it is one as
/// long as *either* is as it was: where prompts with the feature become more frequent and are served like all others, and where some
/// prompts have always been there and have always been served badly, no alarm comes sooner than promised.
///
/// Gamblers start only behind choices that carry the feature: behind, since that one carries it says something about whether it is
/// "carries it and is bad". A choice whose coin is shared among all features that it carries brings one
/// coin in all; so the promise of [`changed`](crate::changed) holds for any number of features together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TiedDetector {
    carried: Rising,
    bad: Rising,
    within: [f64; BETS],
    last: u64,
}

/// What a baseline leaves possible of a feature: how often choices carry it, and how often they carry it and are bad.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Usual {
    /// Choices that carry it among all.
    pub carried: Ladder,
    /// Bad choices that carry it among all.
    pub bad: Ladder,
}

impl TiedDetector {
    /// Adds the choice number `at` of the stream, which carries the feature; those since the last that did not are caught up with.
    /// `within` is the rate of bad choices that is no change. All bounds are chosen before the choice is seen.
    pub fn update(&mut self, at: u64, bad: bool, usual: &Usual, within: f64, coin: f64) {
        let absent = i32::try_from(at.saturating_sub(self.last + 1)).unwrap_or(i32::MAX);
        self.carried.update(absent, true, &usual.carried, coin);
        self.bad.update(absent, bad, &usual.bad, coin);
        for (sum, stake) in self.within.iter_mut().zip(OFTEN) {
            *sum = (*sum * factor(stake, bad, within) + coin).min(MOST);
        }
        self.last = at;
    }

    /// The detector's value after the last choice that carries the feature; `usual` as it was for every choice.
    pub fn evidence(&self, usual: &Usual) -> EValue {
        let more = (self.carried.evidence(&usual.carried) + self.bad.evidence(&usual.bad)) / 2.0;
        EValue::from_ln(more.min(self.within.iter().sum::<f64>() / BETS as f64).ln())
    }
}

/// Bets that something rare has become more frequent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Rising([[f64; STEPS]; BETS]);

impl Rising {
    fn update(&mut self, absent: i32, is: bool, bounds: &Ladder, coin: f64) {
        for (sums, stake) in self.0.iter_mut().zip(RARE) {
            let idled = (1.0 - stake).powi(absent);
            for (sum, step) in sums.iter_mut().zip(bounds.steps()) {
                *sum = (*sum * idled * factor(stake, is, step.bound) + coin).min(MOST);
            }
        }
    }

    fn evidence(&self, bounds: &Ladder) -> f64 {
        let sum = |i: usize| self.0.iter().map(|sums| sums[i]).sum::<f64>() / BETS as f64;
        (0..STEPS).map(|i| bounds.steps()[i].worth * sum(i)).fold(f64::INFINITY, f64::min)
    }
}

/// What a share of the wealth, staked on something of a chance of at most `bound`, makes of it.
fn factor(stake: f64, is: bool, bound: f64) -> f64 {
    1.0 - stake + if is { stake / bound.clamp(1e-12, 1.0) } else { 0.0 }
}
