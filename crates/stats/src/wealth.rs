//! The wealth of a gambler who bets that a mean is above a given value.

/// How many fixed bets the gambler spreads the first coin over.
pub(crate) const BETS: usize = 16;

/// Wealth is rescaled by powers of two before it leaves this range.
const RANGE: i32 = 256;

/// Capital process for "the conditional mean of differences in [-1, 1] is at most `null`".
///
/// A share f of the wealth is staked on each difference d, which multiplies it by (1 - f) + f (1 + d) / (1 + null):
/// never negative, and of conditional expectation at most 1 under the hypothesis, whatever f is
/// (Waudby-Smith & Ramdas 2024, section 4, with λ = f / (1 + null)). The average over fixed shares is again
/// such a process (their section 4.2, "hedging"), needs no tuning, and falls as `null` rises, for each sequence of differences.
#[derive(Debug, Clone)]
pub(crate) struct Wealth {
    null: f64,
    /// Wealth of each bet, in units of 2^`exponent`.
    bets: [f64; BETS],
    exponent: i32,
}

impl Wealth {
    /// One coin, spread evenly. `null` lies strictly between -1 and 1.
    pub fn new(null: f64) -> Self {
        Wealth { null, bets: [1.0 / BETS as f64; BETS], exponent: 0 }
    }

    /// Plays one round; a value that is no difference of rates counts as the worst outcome.
    pub fn update(&mut self, difference: f64) {
        self.play(payoff(self.null, difference));
    }

    /// Plays one round in which the control's rate is known before the bet is made: a difference cannot fall below minus that
    /// rate, so that the same difference pays more where the control is rarely insecure.
    pub fn update_known(&mut self, own: f64, control: f64) {
        let sound = (0.0..=1.0).contains(&own) && (0.0..=1.0).contains(&control);
        self.play(if sound { own / (control + self.null).max(f64::MIN_POSITIVE) } else { 0.0 });
    }

    /// Stakes a share of each bet's wealth on something that is worth `ratio`, of conditional expectation 1 at most.
    fn play(&mut self, ratio: f64) {
        let mut most = 0.0_f64;
        for (k, bet) in self.bets.iter_mut().enumerate() {
            let share = share(k);
            *bet *= 1.0 - share + share * ratio;
            most = most.max(*bet);
        }
        let scale = if most > 2.0_f64.powi(RANGE) {
            -RANGE
        } else if most < 2.0_f64.powi(-RANGE) {
            RANGE
        } else {
            return;
        };
        self.bets.iter_mut().for_each(|bet| *bet *= 2.0_f64.powi(scale));
        self.exponent -= scale;
    }

    /// Natural logarithm of the wealth.
    pub fn ln(&self) -> f64 {
        self.bets.iter().sum::<f64>().ln() + f64::from(self.exponent) * std::f64::consts::LN_2
    }
}

/// The same wealth where every difference is 1, 0 or -1: then only their counts matter, not their order.
#[derive(Debug, Clone)]
pub(crate) struct CountedWealth {
    /// Of each bet, ln of what a difference of 1, 0 and -1 multiplies it by.
    ln_factors: [[f64; 3]; BETS],
}

impl CountedWealth {
    pub fn new(null: f64) -> Self {
        let ln_factor = |k: usize, d: f64| (1.0 - share(k) + share(k) * payoff(null, d)).ln();
        CountedWealth { ln_factors: std::array::from_fn(|k| [1.0, 0.0, -1.0].map(|d| ln_factor(k, d))) }
    }

    /// Natural logarithm of the wealth after so many differences of 1, 0 and -1.
    pub fn ln(&self, plus: usize, zero: usize, minus: usize) -> f64 {
        let bets = self.ln_factors.map(|[p, z, m]| p * plus as f64 + z * zero as f64 + m * minus as f64);
        let most = bets.into_iter().fold(f64::NEG_INFINITY, f64::max);
        most + (bets.iter().map(|bet| (bet - most).exp()).sum::<f64>() / BETS as f64).ln()
    }
}

/// The share that bet `k` stakes: denser near 0, where the best bets on small effects lie, and never everything.
pub(crate) fn share(k: usize) -> f64 {
    ((k as f64 + 0.5) / BETS as f64).powi(2)
}

fn payoff(null: f64, difference: f64) -> f64 {
    let difference = if (-1.0..=1.0).contains(&difference) { difference } else { -1.0 };
    (1.0 + difference) / (1.0 + null)
}
