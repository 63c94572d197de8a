//! Log probabilities of given continuations, by teacher forcing.

use super::decoder::{Decoder, Scratch, Span, Wanted};
use super::kernels;
use super::prefix::Prefix;
use super::vocabulary::Vocabulary;
use crate::TokenLogprob;
use rayon::prelude::*;

/// Pairs computed together.
const BATCH: usize = 16;

/// A pair as tokens; those from `first` on are scored.
struct Pair {
    index: usize,
    tokens: Vec<u32>,
    first: usize,
}

/// Scores every pair's continuation.
pub fn score(decoder: &Decoder, vocabulary: &Vocabulary, pairs: &[(String, String)]) -> Vec<Vec<TokenLogprob>> {
    let mut tokenized: Vec<Pair> =
        pairs.par_iter().enumerate().map(|(index, pair)| tokenize(decoder, vocabulary, index, pair)).collect();
    tokenized.sort_by(|a, b| a.tokens.cmp(&b.tokens));
    let scored: Vec<_> =
        tokenized.par_chunks(BATCH).flat_map_iter(|batch| score_batch(decoder, vocabulary, batch)).collect();
    let mut results = vec![Vec::new(); pairs.len()];
    for (index, logprobs) in scored {
        results[index] = logprobs;
    }
    results
}

/// What the context has no room for is cut from the prompt's start.
fn tokenize(
    decoder: &Decoder,
    vocabulary: &Vocabulary,
    index: usize,
    (prompt, continuation): &(String, String),
) -> Pair {
    let (mut tokens, first) = joined(vocabulary, prompt, continuation);
    let excess = tokens.len().saturating_sub(decoder.config.context).min(first - 1);
    tokens.drain(..excess);
    tokens.truncate(decoder.config.context);
    Pair { index, first: (first - excess).min(tokens.len()), tokens }
}

/// A prompt and its continuation as tokens, and where the continuation's begin: those that end after the prompt's last
/// byte. At least one token stands before them.
pub fn joined(vocabulary: &Vocabulary, prompt: &str, continuation: &str) -> (Vec<u32>, usize) {
    let mut tokens = vocabulary.encode(&format!("{prompt}{continuation}"));
    let mut left = continuation.len();
    let mut first = tokens.len();
    while left > 0 && first > 0 {
        first -= 1;
        left = left.saturating_sub(vocabulary.spell(tokens[first]).len());
    }
    if first == 0 {
        tokens.insert(0, vocabulary.begin());
        first = 1;
    }
    (tokens, first)
}

fn score_batch(decoder: &Decoder, vocabulary: &Vocabulary, batch: &[Pair]) -> Vec<(usize, Vec<TokenLogprob>)> {
    let (mut scratch, mut logits) = (Scratch::default(), Vec::new());
    let mut prefix = Prefix::new(decoder);
    // The token before the first scored one is read with the scored ones, since its scores are wanted.
    let mut read = |pair: &Pair| prefix.read_only(&pair.tokens[..pair.first - 1], &mut scratch);
    let mut caches: Vec<_> = batch.iter().map(&mut read).collect();
    let scored = |pair: &Pair| pair.first - 1..pair.tokens.len().max(pair.first) - 1;
    let mut spans: Vec<_> =
        batch.iter().zip(&mut caches).map(|(pair, cache)| Span { tokens: &pair.tokens[scored(pair)], cache }).collect();
    decoder.step(&mut spans, Wanted::Every, &mut scratch, &mut logits);
    let mut rows = logits.chunks_exact(decoder.config.vocabulary);
    let logprob = |(&token, row): (&u32, &[f32])| TokenLogprob {
        text: String::from_utf8_lossy(vocabulary.spell(token)).into_owned(),
        logprob: log_probability(&row[..vocabulary.len()], token as usize),
    };
    let of_pair = |pair: &Pair| {
        let targets = &pair.tokens[pair.first..];
        (pair.index, targets.iter().zip(rows.by_ref()).map(logprob).collect())
    };
    batch.iter().map(of_pair).collect()
}

fn log_probability(logits: &[f32], token: usize) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(kernels::exp(logit - most))).sum();
    f64::from(logits[token] - most) - sum.ln()
}
