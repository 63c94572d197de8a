//! Has a stream's rate gone up, and since when? Detectors that keep a promised run length.

use crate::wealth::{BETS, share};
use crate::{EValue, Rate, RunLength};
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
/// on average before a false alarm.
///
/// ```
/// use stats::{ChangeDetector, RunLength};
/// # fn main() -> Result<(), stats::Error> {
/// let mut detector = ChangeDetector::default();
/// for n in 0..60 {
///     detector.update(n % 2 == 0, 0.1, 1.0);
/// }
/// assert!(detector.evidence().get() >= RunLength::new(10_000.0)?.get());
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
    /// Shiryaev-Roberts.
    sum: f64,
    cusum: f64,
    /// Choices since the moment at which the CUSUM's gambler started.
    since: Rate,
}

impl ChangeDetector {
    /// Adds a choice. `bound` is the rate that is no change, in (0, 1]; it must be chosen before the choice is seen, and anything
    /// else counts as 1, under which nothing is evidence. `coin` is what the gambler that starts here begins with: 1, or less where
    /// the choice goes to several streams, which share its coin.
    pub fn update(&mut self, insecure: bool, bound: f64, coin: f64) {
        let coin = if (0.0..=1.0).contains(&coin) { coin } else { 1.0 };
        let bound = if bound > 0.0 && bound <= 1.0 { bound } else { 1.0 };
        let payoff = if insecure { 1.0 / bound } else { 0.0 };
        for (k, bet) in self.bets.iter_mut().enumerate() {
            let factor = 1.0 - share(k) + share(k) * payoff;
            bet.sum = ((coin + bet.sum) * factor).min(MOST);
            if bet.cusum <= 1.0 {
                bet.since = Rate::default();
            }
            bet.cusum = (bet.cusum.max(1.0) * factor).min(MOST);
            bet.since.made += 1;
            bet.since.insecure += u64::from(insecure);
        }
    }

    /// The e-detector's value (e-SR): to be compared with a run length.
    pub fn evidence(&self) -> EValue {
        self.mean(|bet| bet.sum)
    }

    /// The same of the luckiest starting moment only (e-CUSUM): never more than [`evidence`](Self::evidence).
    pub fn cusum(&self) -> EValue {
        self.mean(|bet| bet.cusum)
    }

    /// The choices since the change, if there was one: those of the luckiest gambler, from the moment that made them so.
    pub fn since(&self) -> Rate {
        let luckiest = self.bets.iter().max_by(|a, b| a.cusum.total_cmp(&b.cusum));
        luckiest.map_or_else(Rate::default, |bet| bet.since)
    }

    fn mean(&self, of: impl Fn(&Bet) -> f64) -> EValue {
        EValue::from_ln((self.bets.iter().map(of).sum::<f64>() / BETS as f64).ln())
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
