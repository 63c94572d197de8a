//! Drawing the next token from the model's scores.

use super::kernels::{Exponentials, vectorized};
use crate::Sampling;
use rand::{Rng, RngExt};

/// Draws tokens; keeps its buffers between draws.
pub struct Sampler {
    temperature: f32,
    top_p: f32,
    weights: Vec<f32>,
    ranked: Vec<(f32, usize)>,
}

/// Weights summed at once while looking for the drawn one.
const STRIDE: usize = 64;

impl Sampler {
    /// A sampler with these settings.
    pub fn new(sampling: &Sampling) -> Self {
        let (temperature, top_p) = (sampling.temperature as f32, sampling.top_p as f32);
        Self { temperature, top_p, weights: Vec::new(), ranked: Vec::new() }
    }

    /// Draws an index of `logits`.
    pub fn draw(&mut self, logits: &[f32], rng: &mut impl Rng) -> usize {
        // Drawn even where nothing is random: the stream then stays in step with the text.
        let uniform: f32 = rng.random();
        if self.temperature <= 0.0 {
            return most_likely(logits);
        }
        self.weights.clear();
        self.weights.extend_from_slice(logits);
        let sum = vectorized(Exponentials { scores: &mut self.weights, scale: 1.0 / self.temperature });
        if self.top_p < 1.0 {
            return self.nucleus(sum, uniform);
        }
        pick(&self.weights, uniform * sum)
    }

    /// Draws among the most likely tokens that together reach `top_p`.
    fn nucleus(&mut self, sum: f32, uniform: f32) -> usize {
        // All weights below this together stay under what the nucleus leaves out, so none of them is in it.
        let negligible = (1.0 - self.top_p) * sum / self.weights.len() as f32;
        self.ranked.clear();
        let kept = self.weights.iter().enumerate().filter(|(_, weight)| **weight >= negligible);
        self.ranked.extend(kept.map(|(index, &weight)| (weight, index)));
        self.ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut inside = 0.0;
        let reached = |&(weight, _): &(f32, usize)| {
            inside += weight;
            inside >= self.top_p * sum
        };
        let size = self.ranked.iter().position(reached).map_or(self.ranked.len(), |last| last + 1);
        self.weights.clear();
        self.weights.extend(self.ranked[..size].iter().map(|&(weight, _)| weight));
        let total: f32 = self.weights.iter().sum();
        self.ranked.get(pick(&self.weights, uniform * total)).map_or(0, |&(_, index)| index)
    }
}

/// The index of the largest score, the first of equals.
fn most_likely(logits: &[f32]) -> usize {
    let better = |best: usize, (index, &logit): (usize, &f32)| if logit > logits[best] { index } else { best };
    logits.iter().enumerate().fold(0, better)
}

/// The index at which the running sum of `weights` passes `target`.
fn pick(weights: &[f32], mut target: f32) -> usize {
    for (stride, chunk) in weights.chunks(STRIDE).enumerate() {
        let sum: f32 = chunk.iter().sum();
        if target >= sum {
            target -= sum;
            continue;
        }
        for (index, &weight) in chunk.iter().enumerate() {
            if target < weight {
                return stride * STRIDE + index;
            }
            target -= weight;
        }
    }
    // Rounding may leave the target just past the end; the likeliest token is then as good as any.
    most_likely(weights)
}
