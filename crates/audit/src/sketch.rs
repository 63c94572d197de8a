//! What a document looks like without its names: enough to find its near-copies among millions.

/// Bins of a sketch.
const BINS: usize = 64;
/// Bins that make a band. With 16 bands of 4, two documents that share 70 % of their shingles meet in a band with probability
/// 0.99, and two that share 30 % with 0.12.
const ROWS: usize = 4;
/// Tokens in a shingle: fewer, and documents that share nothing but a language look alike.
const SHINGLE: usize = 12;

/// A one-permutation MinHash signature (Li, Owen & Zhang 2012; empty bins borrow from the next, Shrivastava & Li 2014), of which
/// 16 bits a bin are kept (Li & Koenig 2010).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sketch([u16; BINS]);

impl Sketch {
    /// Bytes of a sketch as it is stored.
    pub const BYTES: usize = 2 * BINS;

    /// One key a band: documents that share one may be near-copies.
    pub fn bands(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.chunks_exact(ROWS).map(|rows| rows.iter().fold(0, |key, &row| (key << 16) | u64::from(row)))
    }

    /// An estimate of the share of shingles that two documents have in common.
    pub fn likeness(&self, other: &Sketch) -> f64 {
        self.0.iter().zip(&other.0).filter(|(a, b)| a == b).count() as f64 / BINS as f64
    }

    /// As it is stored.
    pub fn bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (pair, bin) in bytes.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&bin.to_le_bytes());
        }
        bytes
    }

    /// As it was stored; `None` for bytes of another length.
    pub fn of_bytes(bytes: &[u8]) -> Option<Sketch> {
        let mut bins = [0; BINS];
        if bytes.len() != Self::BYTES {
            return None;
        }
        for (bin, pair) in bins.iter_mut().zip(bytes.chunks_exact(2)) {
            *bin = u16::from_le_bytes([pair[0], pair[1]]);
        }
        Some(Sketch(bins))
    }
}

/// Takes the tokens of a document, one after another.
pub(crate) struct Sketcher {
    least: [u32; BINS],
    window: [u64; SHINGLE],
    rolling: u64,
    taken: usize,
}

const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

impl Sketcher {
    pub fn new() -> Sketcher {
        Sketcher { least: [u32::MAX; BINS], window: [0; SHINGLE], rolling: 0, taken: 0 }
    }

    pub fn token(&mut self, token: u64) {
        const LEAVING: u64 = power(BASE, SHINGLE as u32);
        let slot = &mut self.window[self.taken % SHINGLE];
        self.rolling = self.rolling.wrapping_mul(BASE).wrapping_add(token).wrapping_sub(slot.wrapping_mul(LEAVING));
        *slot = token;
        self.taken += 1;
        if self.taken >= SHINGLE {
            let mixed = mix(self.rolling);
            let least = &mut self.least[(mixed >> 58) as usize];
            *least = (*least).min(mixed as u32);
        }
    }

    /// The sketch; `None` for a document too short to have one.
    pub fn finish(self) -> Option<Sketch> {
        if self.taken < 2 * SHINGLE {
            return None;
        }
        let mut bins = [0; BINS];
        for (index, bin) in bins.iter_mut().enumerate() {
            let steps = (0..BINS).find(|step| self.least[(index + step) % BINS] != u32::MAX)?;
            let borrowed = u64::from(self.least[(index + steps) % BINS]);
            *bin = mix(borrowed ^ ((steps as u64) << 32)) as u16;
        }
        Some(Sketch(bins))
    }
}

const fn power(base: u64, exponent: u32) -> u64 {
    let (mut product, mut left) = (1_u64, exponent);
    while left > 0 {
        product = product.wrapping_mul(base);
        left -= 1;
    }
    product
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014).
pub(crate) fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sketch(tokens: impl Iterator<Item = u64>) -> Sketch {
        let mut sketcher = Sketcher::new();
        tokens.for_each(|token| sketcher.token(mix(token)));
        sketcher.finish().unwrap()
    }

    #[test]
    fn likeness_estimates_the_share_of_common_shingles() {
        let whole = sketch(0..2_000);
        let near = sketch((0..1_900).chain(5_000..5_100));
        let far = sketch(10_000..12_000);
        assert!((whole.likeness(&near) - 0.9).abs() < 0.12, "{}", whole.likeness(&near));
        assert!(whole.likeness(&far) < 0.1);
        assert!(whole.bands().zip(near.bands()).any(|(a, b)| a == b));
        assert!(!whole.bands().zip(far.bands()).any(|(a, b)| a == b));
    }

    #[test]
    fn a_sketch_comes_back_as_it_was_stored_and_a_short_text_has_none() {
        let kept = sketch(0..100);
        assert_eq!(Sketch::of_bytes(&kept.bytes()), Some(kept));
        assert_eq!(Sketch::of_bytes(&[0; 3]), None);
        assert_eq!(Sketcher::new().finish(), None);
    }
}
