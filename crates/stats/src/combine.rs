//! Several e-values at once.

use crate::{Alpha, EValue, Error};

/// The weighted average of e-values for one hypothesis, however they depend on each other (Vovk & Wang 2021, section 4).
///
/// # Errors
/// [`Error::Weight`] where a weight is negative or no number, [`Error::Weights`] where they sum to more than 1.
pub fn combine(weighted: &[(f64, EValue)]) -> Result<EValue, Error> {
    let mut total = 0.0;
    let mut average = 0.0;
    for &(weight, e) in weighted {
        if weight.is_nan() || weight < 0.0 {
            return Err(Error::Weight(weight));
        }
        total += weight;
        average += weight * e.get();
    }
    // Weights such as ten times 0.1 sum to a little over 1.
    if total > 1.0 + 1e-9 { Err(Error::Weights(total)) } else { EValue::new(average) }
}

/// The product of *independent* e-values for one hypothesis, such as from separate sets of prompts (Vovk & Wang 2021, section 4).
pub fn product(independent: &[EValue]) -> EValue {
    EValue::from_ln(independent.iter().map(|e| e.get().ln()).sum())
}

/// e-BH: which of many hypotheses to reject so that at most a share `alpha` of the rejected ones is expected to be
/// true, however the e-values depend on each other (Wang & Ramdas 2022, section 4, definition of e-BH).
///
/// Answers with positions in `evidence`, ascending.
pub fn e_bh(evidence: &[EValue], alpha: Alpha) -> Vec<usize> {
    strongest(evidence, |k| evidence.len() as f64 / (alpha.get() * k as f64))
}

/// The largest group of k strongest that all reach `enough(k)`: positions, ascending.
pub(crate) fn strongest(evidence: &[EValue], enough: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..evidence.len()).collect();
    order.sort_by(|&a, &b| evidence[b].get().total_cmp(&evidence[a].get()));
    let chosen = (1..=order.len()).rev().find(|&k| evidence[order[k - 1]].get() >= enough(k)).unwrap_or(0);
    order.truncate(chosen);
    order.sort_unstable();
    order
}
