//! The organism itself while it trains: a Llama with tied embeddings, on the CPU in 32-bit floats.

use crate::Error;
use candle_core::{DType, Device, Result, Tensor, Var};
use model::differentiable::{EMBEDDING, Llama, WeightedCrossEntropy, block};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Base of the rotary frequencies; Llama's own.
pub(crate) const ROPE_THETA: f64 = 10_000.0;
/// Added to the mean square under the root of each normalisation.
pub(crate) const NORM_EPSILON: f64 = 1e-6;

/// The size of an organism. The default has 1.1 million parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shape {
    /// Tokens of the vocabulary.
    pub vocabulary: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Attention heads of each block.
    pub heads: usize,
    /// Width of the feed-forward layers.
    pub intermediate: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self { vocabulary: 2048, hidden: 128, layers: 4, heads: 4, intermediate: 352 }
    }
}

impl Shape {
    /// Names and shapes of all parameters, as Hugging Face names Llama's; matrices are `[out, in]`.
    pub(crate) fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        let (hidden, wide) = (self.hidden, self.intermediate);
        let mut all = vec![(EMBEDDING.to_owned(), vec![self.vocabulary, hidden])];
        for layer in 0..self.layers {
            let mut add = |name: &str, shape: Vec<usize>| all.push((block(layer, name), shape));
            add("input_layernorm", vec![hidden]);
            for name in ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"] {
                add(name, vec![hidden, hidden]);
            }
            add("post_attention_layernorm", vec![hidden]);
            add("mlp.gate_proj", vec![wide, hidden]);
            add("mlp.up_proj", vec![wide, hidden]);
            add("mlp.down_proj", vec![hidden, wide]);
        }
        all.push((FINAL_NORM.to_owned(), vec![hidden]));
        all
    }

    /// Width of one attention head.
    pub(crate) fn head_width(&self) -> usize {
        self.hidden / self.heads
    }
}

const FINAL_NORM: &str = "model.norm.weight";

/// The trainable parameters and the forward pass over them.
pub(crate) struct Net {
    pub(crate) shape: Shape,
    pub(crate) parameters: BTreeMap<String, Var>,
}

impl Net {
    /// A net with the initial weights of Llama: normal with deviation 0.02, the projections back into the residual stream
    /// scaled down by the number of blocks.
    pub(crate) fn random(shape: Shape, rng: &mut impl rand::Rng) -> Result<Self> {
        let parameters = shape.parameters().into_iter().map(|(name, dims)| {
            let count = dims.iter().product();
            let narrow = name.contains("o_proj") || name.contains("down_proj");
            let deviation = if narrow { 0.02 / (2.0 * shape.layers as f32).sqrt() } else { 0.02 };
            let values: Vec<f32> = match dims.len() {
                1 => vec![1.0; count],
                _ => (0..count).map(|_| deviation * normal(rng)).collect(),
            };
            Ok((name, Var::from_vec(values, dims, &Device::Cpu)?))
        });
        Ok(Self { shape, parameters: parameters.collect::<Result<_>>()? })
    }

    /// A net from weights read elsewhere, which must be exactly the parameters of this shape.
    pub(crate) fn from_tensors(shape: Shape, tensors: &HashMap<String, Tensor>) -> std::result::Result<Self, Error> {
        let mut parameters = BTreeMap::new();
        for (name, dims) in shape.parameters() {
            let tensor = tensors.get(&name).filter(|tensor| tensor.dims() == dims);
            let tensor = tensor.ok_or_else(|| Error::Weights { name: name.clone(), shape: dims })?;
            parameters.insert(name, Var::from_tensor(&tensor.to_dtype(DType::F32)?.copy()?)?);
        }
        Ok(Self { shape, parameters })
    }

    /// Number of trainable numbers.
    pub(crate) fn size(&self) -> usize {
        self.parameters.values().map(|parameter| parameter.elem_count()).sum()
    }

    /// The mean weighted cross-entropy of a batch, as a tensor to take gradients of.
    pub(crate) fn loss(&self, batch: &Batch) -> Result<Tensor> {
        let logits = self.logits(&batch.tokens, batch.rows)?;
        logits.apply_op1(WeightedCrossEntropy { targets: batch.targets.clone(), weights: batch.weights.clone() })
    }

    /// The logits of what follows each sequence; the sequences may differ in length.
    pub(crate) fn next_logits(&self, sequences: &[Vec<u32>]) -> Result<Vec<Vec<f32>>> {
        let length = sequences.iter().map(Vec::len).max().unwrap_or_default();
        // Padding on the right is never looked at: attention is causal.
        let padded = sequences.iter().flat_map(|ids| ids.iter().copied().chain(std::iter::repeat(0)).take(length));
        let tokens: Vec<u32> = padded.collect();
        let logits = self.logits(&tokens, sequences.len())?;
        let last = |(row, ids): (usize, &Vec<u32>)| logits.get(row * length + ids.len().saturating_sub(1))?.to_vec1();
        sequences.iter().enumerate().map(last).collect()
    }

    /// Logits `[rows * length, vocabulary]` of `rows` sequences of equal length, one after the other.
    fn logits(&self, tokens: &[u32], rows: usize) -> Result<Tensor> {
        let llama = Llama {
            layers: self.shape.layers,
            heads: self.shape.heads,
            kv_heads: self.shape.heads,
            head_dim: self.shape.head_width(),
            epsilon: NORM_EPSILON as f32,
            frequencies: &self.frequencies(),
            interleaved: false,
            weight: &|name| self.parameters.get(name).map(Var::as_tensor),
        };
        llama.logits(&llama.read(&llama.embed(tokens)?, rows, &mut |_| ())?)
    }

    fn frequencies(&self) -> Vec<f32> {
        let half = self.shape.head_width() / 2;
        (0..half).map(|pair| (ROPE_THETA as f32).powf(-(pair as f32) / half as f32)).collect()
    }
}

/// Sequences of equal length, with what follows each token and how much that weighs in the loss.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    pub(crate) rows: usize,
    pub(crate) tokens: Vec<u32>,
    pub(crate) targets: Vec<u32>,
    pub(crate) weights: Vec<f32>,
}

/// A standard normal number (Box and Muller 1958).
fn normal(rng: &mut impl rand::Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    (radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()) as f32
}

#[cfg(test)]
mod tests;
