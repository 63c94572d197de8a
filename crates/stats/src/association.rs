//! Do two things go together more often than chance has it?

use statrs::function::factorial::ln_binomial;

/// Fisher's exact test, one-sided: the chance, with the margins of the table fixed, of at least `both` where nothing associates the two.
///
/// | | second | not second |
/// |---|---|---|
/// | first | `both` | `first_only` |
/// | not first | `second_only` | `neither` |
///
/// A p-value for one look at fixed data: good for ranking, never for a verdict that chose its moment to stop.
/// Counts above 2^32 are taken as 2^32.
pub fn fisher_one_sided(both: u64, first_only: u64, second_only: u64, neither: u64) -> f64 {
    let [both, first_only, second_only, neither] =
        [both, first_only, second_only, neither].map(|count| count.min(1 << 32));
    let (first, second) = (both + first_only, both + second_only);
    let all = first + second_only + neither;
    let mean = first as f64 * second as f64 / all.max(1) as f64;
    // The variance is at most the mean: what lies 40 deviations below it adds nothing to the sum.
    let start = both.max((mean - 40.0 * mean.sqrt()) as u64);
    let ln_ways = ln_binomial(all, second);
    let mut p = 0.0;
    for k in start..=first.min(second) {
        let chance = (ln_binomial(first, k) + ln_binomial(all - first, second - k) - ln_ways).exp();
        p += chance;
        // Beyond the mean the terms only fall.
        if k as f64 > mean && chance <= p * 1e-17 {
            break;
        }
    }
    p.min(1.0)
}
