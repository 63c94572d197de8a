//! Winnowing: which runs of tokens stand for a text.

use super::Tokens;
use std::ops::Range;

/// How long the runs are, and of how many in a row one is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Tokens of a run: nothing shorter is found.
    pub run: usize,
    /// Runs of which at least one is chosen.
    pub window: usize,
}

impl Shape {
    /// What the index of `taster trace` holds.
    pub const TRACE: Shape = Shape { run: 25, window: 32 };

    /// Tokens that two texts must share for a shared fingerprint to be certain.
    pub fn guaranteed(self) -> usize {
        self.run + self.window - 1
    }
}

/// A run of tokens that stands for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    /// Of its tokens, whatever stands around them.
    pub hash: u64,
    /// Its first token.
    pub token: u32,
}

impl Fingerprint {
    /// The bytes of its text that it stands for.
    pub fn span(self, tokens: &Tokens, shape: Shape) -> Range<usize> {
        let token = self.token as usize;
        tokens.span(token..token + shape.run)
    }
}

/// The fingerprints of code, in the order of the text.
pub fn fingerprints(tokens: &Tokens, shape: Shape) -> Vec<Fingerprint> {
    let values: Vec<u64> = tokens.classes.iter().map(|&class| CLASSES[usize::from(class)]).collect();
    winnow(&values, shape)
}

/// The fingerprints of a text's words as they stand, without case: for comments and documentation, where words are all there is.
/// [`Fingerprint::token`] counts words.
pub fn word_fingerprints(text: &[u8], shape: Shape) -> Vec<Fingerprint> {
    let words = text
        .split(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 128))
        .filter(|word| !word.is_empty());
    let values: Vec<u64> = words.map(word).collect();
    winnow(&values, shape)
}

/// A hash of a word (FNV-1a, mixed).
fn word(word: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
    mix(word.iter().fold(0xcbf2_9ce4_8422_2325, step))
}

/// Schleimer, Wilkerson & Aiken 2003, section 3: of every `window` runs in a row the one with the least hash is chosen, of equal ones
/// the last. A text of fewer runs than that, but of one at least, has one fingerprint.
fn winnow(values: &[u64], shape: Shape) -> Vec<Fingerprint> {
    let (run, window) = (shape.run.max(1), shape.window.max(1));
    let mut chosen = Vec::with_capacity(2 * values.len() / (window + 1) + 1);
    if values.len() < run {
        return chosen;
    }
    let hashes = run_hashes(values, run);
    let mut least = 0;
    for end in 0..hashes.len() {
        let start = (end + 1).saturating_sub(window);
        if least < start {
            least = (start..=end).fold(start, |least, at| if hashes[at] <= hashes[least] { at } else { least });
        } else if hashes[end] <= hashes[least] {
            least = end;
        }
        let full = end + 1 >= window || end + 1 == hashes.len();
        if full && chosen.last().is_none_or(|last: &Fingerprint| last.token as usize != least) {
            chosen.push(Fingerprint { hash: hashes[least], token: least as u32 });
        }
    }
    chosen
}

/// The hash of each run (Karp & Rabin 1987, modulo 2^64 with random values, and mixed so that the low bits serve too).
fn run_hashes(values: &[u64], run: usize) -> Vec<u64> {
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    let last = (0..run).fold(1u64, |power, _| power.wrapping_mul(BASE));
    let mut hash = 0u64;
    let mut hashes = Vec::with_capacity(values.len() + 1 - run);
    for (at, &value) in values.iter().enumerate() {
        hash = hash.wrapping_mul(BASE).wrapping_add(value);
        if at >= run {
            hash = hash.wrapping_sub(values[at - run].wrapping_mul(last));
        }
        if at + 1 >= run {
            hashes.push(mix(hash));
        }
    }
    hashes
}

/// A random value for each class of tokens; part of every index that is kept, so it must not change.
const CLASSES: [u64; 256] = {
    let mut values = [0; 256];
    let mut class = 0;
    while class < 256 {
        values[class] = mix(class as u64 + 1);
        class += 1;
    }
    values
};

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014).
pub(super) const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
