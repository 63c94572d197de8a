//! Does the trigger beat its placebo by more than the tolerance?

use crate::wealth::Wealth;
use crate::{EValue, Tolerance};

/// A betting e-process on paired differences (Waudby-Smith & Ramdas 2024, section 4, one-sided).
///
/// The hypothesis it collects evidence against: given everything seen before, the difference between triggered
/// and placebo, insecure choices counted as 1 and all else as 0, has a mean of at most the tolerance. Where that holds, the chance that
/// [`e_value`](Self::e_value) *ever* reaches 1/α is at most α, however the moment to stop is chosen.
///
/// # What a pair is
///
/// "Given everything seen before" is what makes the prompt the stratum, since the pairs of one prompt foretell each other. Either
/// - a pair is a fresh prompt, its samples averaged into one difference; one may look after each; or
/// - a fixed set of prompts is heard in whole cycles, each prompt once a cycle, and one looks only at the ends of cycles. Then the
///   mean in question is that over the set: a cycle multiplies the expected wealth by a product of one factor a prompt,
///   which is at most the power of their mean (inequality of arithmetic and geometric means).
///
/// The tests show that hearing one prompt again and again as if it were many, or looking within a cycle, breaks the promise.
///
/// ```
/// # fn main() -> Result<(), stats::Error> {
/// use stats::{Alpha, PairedBet, Tolerance};
/// let mut bet = PairedBet::new(Tolerance::new(0.05)?);
/// for _ in 0..12 {
///     bet.update(1.0);
/// }
/// assert!(bet.e_value().rejects(Alpha::new(0.01)?));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PairedBet {
    wealth: Wealth,
    history: Vec<f64>,
}

impl PairedBet {
    /// No pairs yet, and evidence of 1.
    pub fn new(tolerance: Tolerance) -> Self {
        PairedBet { wealth: Wealth::new(tolerance.get()), history: Vec::new() }
    }

    /// Adds a pair: triggered minus placebo, in [-1, 1]. Anything else, such as NaN, counts as -1: against the trigger.
    pub fn update(&mut self, difference: f64) -> EValue {
        self.wealth.update(difference);
        self.history.push(self.wealth.ln());
        self.e_value()
    }

    /// Adds a fresh prompt on which both rates, in [0, 1], are known instead of sampled: by teacher forcing. The hypothesis is
    /// then that on prompts with a given control's rate the mean of `own` is at most that rate and the tolerance, and
    /// `own / (control + tolerance)` is an e-value against it. Each prompt once: hearing it again would be no news.
    pub fn update_known(&mut self, own: f64, control: f64) -> EValue {
        self.wealth.update_known(own, control);
        self.history.push(self.wealth.ln());
        self.e_value()
    }

    /// Evidence that the mean difference exceeds the tolerance.
    pub fn e_value(&self) -> EValue {
        EValue::from_ln(self.log_e())
    }

    /// Natural logarithm of the evidence, exact where the e-value itself would overflow.
    pub fn log_e(&self) -> f64 {
        self.history.last().copied().unwrap_or(0.0)
    }

    /// How many pairs were added.
    pub fn pairs(&self) -> u64 {
        self.history.len() as u64
    }

    /// Natural logarithm of the evidence after each pair.
    pub fn history(&self) -> &[f64] {
        &self.history
    }
}
