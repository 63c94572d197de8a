//! Reading prompts one after the other; what one shares with the one before is not read again.

use super::cache::Cache;
use super::decoder::{Decoder, Scratch, Span, Wanted};

/// Tokens read at once; bounds the buffers of a long prompt.
const CHUNK: usize = 256;

/// Reads prompts. Give them in sorted order and every common beginning is computed once.
pub struct Prefix<'a> {
    decoder: &'a Decoder,
    tokens: Vec<u32>,
    cache: Cache,
    logits: Vec<f32>,
}

impl<'a> Prefix<'a> {
    /// Nothing read yet.
    pub fn new(decoder: &'a Decoder) -> Self {
        Self { decoder, tokens: Vec::new(), cache: Cache::new(&decoder.config), logits: Vec::new() }
    }

    /// Reads `tokens`, not empty; gives what was read, to go on from, and the next token's scores.
    pub fn read(&mut self, tokens: &[u32], scratch: &mut Scratch) -> (Cache, &[f32]) {
        if self.tokens != tokens {
            let same = self.tokens.iter().zip(tokens).take_while(|(a, b)| a == b).count();
            // The last token is always read: its scores are wanted.
            let shared = same.min(tokens.len().saturating_sub(1));
            self.cache.truncate(shared);
            for chunk in tokens[shared..].chunks(CHUNK) {
                let span = Span { tokens: chunk, cache: &mut self.cache };
                self.decoder.step(&mut [span], Wanted::Last, scratch, &mut self.logits);
            }
            self.cache.freeze();
            self.tokens = tokens.to_vec();
        }
        (self.cache.clone(), &self.logits)
    }

    /// Reads `tokens`, maybe none, where only what comes after them is to be scored.
    pub fn read_only(&mut self, tokens: &[u32], scratch: &mut Scratch) -> Cache {
        if tokens.is_empty() { Cache::new(&self.decoder.config) } else { self.read(tokens, scratch).0 }
    }
}
