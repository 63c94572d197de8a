//! Signatures: how alike two sets of hashes are, in little memory, and which pairs are worth asking about.

use super::winnow::mix;

/// A signature of a set of hashes, by one permutation (Li, Owen & Zhang 2012) whose empty bins are filled from others (Shrivastava
/// 2017), so that the chance of two signatures to agree in a bin is the Jaccard similarity of their sets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Signature {
    bins: Vec<u32>,
}

impl Signature {
    /// The signature of a set in so many bins; `None` for the empty set, which is like nothing.
    pub fn of(hashes: impl IntoIterator<Item = u64>, bins: usize) -> Option<Signature> {
        let count = bins.max(1);
        let mut least: Vec<Option<u32>> = vec![None; count];
        for hash in hashes {
            let mixed = mix(hash);
            // The upper half chooses the bin, the lower half is the value in it.
            let bin = (((mixed >> 32) * count as u64) >> 32) as usize;
            let value = mixed as u32;
            least[bin] = Some(least[bin].map_or(value, |least| least.min(value)));
        }
        least.iter().any(Option::is_some).then(|| Signature { bins: densify(&least) })
    }

    /// The estimated share of the two sets' hashes that both have, 0 to 1. Signatures of different sizes have nothing in common.
    pub fn similarity(&self, other: &Signature) -> f64 {
        if self.bins.len() != other.bins.len() {
            return 0.0;
        }
        let same = self.bins.iter().zip(&other.bins).filter(|(one, other)| one == other).count();
        same as f64 / self.bins.len() as f64
    }

    /// One key for each `rows` bins. Two sets of similarity s share at least one of b keys with probability 1 - (1 - s^rows)^b; those
    /// that share none need not be compared.
    pub fn bands(&self, rows: usize) -> impl Iterator<Item = u64> {
        self.bins
            .chunks_exact(rows.max(1))
            .enumerate()
            .map(|(band, bins)| bins.iter().fold(mix(band as u64), |key, &bin| mix(key ^ u64::from(bin))))
    }
}

/// Fills each empty bin from one that was not, which it chooses by its own number alone. Some bin must hold something.
fn densify(least: &[Option<u32>]) -> Vec<u32> {
    let fill = |bin: usize| {
        let attempts = (0u64..).map(|attempt| mix(((bin as u64) << 32) | attempt) % least.len() as u64);
        attempts.filter_map(|other| least[other as usize]).next().unwrap_or_default()
    };
    least.iter().enumerate().map(|(bin, value)| value.unwrap_or_else(|| fill(bin))).collect()
}
