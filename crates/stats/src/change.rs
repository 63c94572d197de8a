//! Has a stream's rate gone up, and since when? Detectors that keep a promised run length.

use crate::ladder::STEPS;
use crate::wealth::{BETS, share};
use crate::{EValue, Ladder, Rate, RunLength};
use serde::{Deserialize, Serialize};

/// Evidence is kept below this, so that another factor cannot make it infinite.
const MOST: f64 = 1e280;

/// An e-detector for "the rate has risen above a bound" (Shin, Ramdas & Rinaldo 2024, sections 2 to 4).
///
/// Each choice pays `insecure / bound`, of conditional expectation at most 1 while the rate, given everything seen before, is at
/// most the bound. A gambler who stakes a share f of the wealth on it plays for the rate `bound + f (1 - bound)`; sixteen
/// shares cover the alternatives. For each of them there is
/// - the Shiryaev-Roberts sum of the wealth of gamblers that started at every earlier moment, M ← (coin + M) · factor;
/// - the CUSUM, the wealth of the luckiest starting moment, C ← max(1, C) · factor, which tells since when.
///
/// The average of the sums over the shares is an e-detector: until a change, its expectation at any stopping time is at most the expected
/// number of coins that the choices brought. So where each brings one, and one stops as soon as it reaches N, at least N choices are seen
/// on average before a false alarm. Where the bound itself comes from a baseline, there are sums against each bound of its
/// [`Ladder`], and the least of what they are worth counts.
///
/// ```
/// use stats::{ChangeDetector, Ladder, RunLength};
/// # fn main() -> Result<(), stats::Error> {
/// let (mut detector, bound) = (ChangeDetector::default(), Ladder::known(0.1));
/// for n in 0..60 {
///     detector.update(n % 2 == 0, &bound, 1.0);
/// }
/// assert!(detector.evidence(&bound).get() >= RunLength::new(10_000.0)?.get());
/// assert_eq!(detector.since().insecure, 30);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeDetector {
    bets: [Bet; BETS],
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Bet {
    /// Shiryaev-Roberts, against each bound.
    sums: [f64; STEPS],
    /// Against the highest.
    cusum: f64,
    /// Choices since the moment at which the CUSUM's gambler started.
    since: Rate,
}

impl ChangeDetector {
    /// Adds a choice. `bounds` are the rates that are no change, in (0, 1]; they must be chosen before the choice is seen, and anything
    /// else counts as 1, under which nothing is evidence. `coin` is what the gambler that starts here begins with: 1, or less where
    /// the choice goes to several streams, which share its coin.
    pub fn update(&mut self, insecure: bool, bounds: &Ladder, coin: f64) {
        let coin = if (0.0..=1.0).contains(&coin) { coin } else { 1.0 };
        let payoffs = bounds.steps().map(|step| match step.bound > 0.0 && step.bound <= 1.0 {
            true if insecure => 1.0 / step.bound,
            false if insecure => 1.0,
            _ => 0.0,
        });
        for (k, bet) in self.bets.iter_mut().enumerate() {
            let factors = payoffs.map(|payoff| 1.0 - share(k) + share(k) * payoff);
            for (sum, factor) in bet.sums.iter_mut().zip(factors) {
                *sum = ((coin + *sum) * factor).min(MOST);
            }
            if bet.cusum <= 1.0 {
                bet.since = Rate::default();
            }
            bet.cusum = (bet.cusum.max(1.0) * factors[STEPS - 1]).min(MOST);
            bet.since.made += 1;
            bet.since.insecure += u64::from(insecure);
        }
    }

    /// The e-detector's value (e-SR), to be compared with a run length; `bounds` as they were for every choice.
    pub fn evidence(&self, bounds: &Ladder) -> EValue {
        let worth = |i: usize| self.mean(|bet| bet.sums[i]) * bounds.steps()[i].worth;
        EValue::from_ln((0..STEPS).map(worth).fold(f64::INFINITY, f64::min).ln())
    }

    /// The luckiest starting moment's wealth only (e-CUSUM), against the highest bound.
    pub fn cusum(&self) -> EValue {
        EValue::from_ln(self.mean(|bet| bet.cusum).ln())
    }

    /// The choices since the change, if there was one: those of the luckiest gambler, from the moment that made them so.
    pub fn since(&self) -> Rate {
        let luckiest = self.bets.iter().max_by(|a, b| a.cusum.total_cmp(&b.cusum));
        luckiest.map_or_else(Rate::default, |bet| bet.since)
    }

    fn mean(&self, of: impl Fn(&Bet) -> f64) -> f64 {
        self.bets.iter().map(of).sum::<f64>() / BETS as f64
    }
}

impl Default for ChangeDetector {
    /// No choices yet, and no evidence.
    fn default() -> Self {
        ChangeDetector { bets: [Bet::default(); BETS] }
    }
}

/// Which of many streams have changed: e-BH on their e-detectors (Wang & Ramdas 2022; for detectors, Dandapanthula & Ramdas 2025).
/// The k strongest are announced where each reaches N / k.
///
/// Whenever one stream is announced, the sum of all detectors has reached N, and until a change the expectation of that sum is at most
/// the number of coins that all choices brought. So N is the average number of choices that pass through the whole house before
/// a false alarm, however many streams there are, appear or vanish; and of what is announced among the first n choices, a share of
/// at most n / N is expected to be false, however the streams depend on each other. Several streams that see the same choices lose
/// nothing by it: each has its part of the coin, and they are announced together.
///
/// Answers with positions in `evidence`, ascending.
pub fn changed(evidence: &[EValue], run_length: RunLength) -> Vec<usize> {
    crate::combine::strongest(evidence, |k| run_length.get() / k as f64)
}
