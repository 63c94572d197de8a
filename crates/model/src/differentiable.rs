//! A forward pass of the Llama family that can be differentiated, on the CPU in 32-bit floats: what organisms are trained
//! with, and what looks into local weights ([`WhiteBox`](crate::WhiteBox)).
//!
//! Completions are computed elsewhere, by kernels that keep no graph. This one reads whole sequences at once and has no
//! cache.

mod ops;

use candle_core::{D, Device, Result, Tensor, bail};
pub use ops::WeightedCrossEntropy;
use ops::{CausalSoftmax, Heads, MergeHeads, RmsNorm, Rotation, SplitHeads, SwiGlu};
use std::sync::Arc;

/// The embedding, a row a token.
pub const EMBEDDING: &str = "model.embed_tokens.weight";
/// The head's own weights, where it does not share the embedding's.
pub const HEAD: &str = "lm_head.weight";

/// The shape of a decoder, and its weights by their Hugging Face names; matrices are `[out, in]`.
///
/// Biases and norms on queries and keys are used where there are weights for them, so that this is Llama, Qwen 2 and
/// Qwen 3 at once.
#[derive(Clone, Copy)]
pub struct Llama<'a> {
    /// Number of blocks.
    pub layers: usize,
    /// Query heads of each block.
    pub heads: usize,
    /// Key and value heads of each block; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Added to the mean square under the root of each normalisation.
    pub epsilon: f32,
    /// Angle per position of each pair of a head's elements.
    pub frequencies: &'a [f32],
    /// Rotated pairs are neighbours instead of half a head apart.
    pub interleaved: bool,
    /// A weight by its name.
    pub weight: &'a dyn Fn(&str) -> Option<&'a Tensor>,
}

/// The weight `name` of a block.
pub fn block(layer: usize, name: &str) -> String {
    format!("model.layers.{layer}.{name}.weight")
}

impl<'a> Llama<'a> {
    /// The embedding of each token: `[tokens, hidden]`.
    ///
    /// # Errors
    /// A token outside the vocabulary.
    pub fn embed(&self, tokens: &[u32]) -> Result<Tensor> {
        self.known(EMBEDDING)?.index_select(&Tensor::from_slice(tokens, tokens.len(), &Device::Cpu)?, 0)
    }

    /// Reads `rows` embedded sequences of equal length, one after the other in `x` of shape `[rows * length, hidden]`, and
    /// gives the last hidden states, normed, in the same shape. `watch` sees each block's attention, of shape
    /// `[rows, heads, length, length]`.
    ///
    /// # Errors
    /// Weights that are missing or do not fit the shape.
    pub fn read(&self, x: &Tensor, rows: usize, watch: &mut dyn FnMut(&Tensor)) -> Result<Tensor> {
        let length = x.dim(0)? / rows.max(1);
        let rotation = Arc::new(Rotation::new(length, self.frequencies, self.interleaved));
        let mut x = x.clone();
        for layer in 0..self.layers {
            x = self.attend(layer, &x, (rows, length), &rotation, watch)?;
            x = self.feed_forward(layer, &x)?;
        }
        self.normed(&x, "model.norm.weight")
    }

    /// The logits `[rows, vocabulary]` of hidden states `[rows, hidden]`.
    ///
    /// # Errors
    /// Weights that are missing or do not fit the shape.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        let head = (self.weight)(HEAD).map_or_else(|| self.known(EMBEDDING), Ok)?;
        hidden.matmul(&head.t()?)
    }

    fn attend(
        &self,
        layer: usize,
        x: &Tensor,
        (batch, length): (usize, usize),
        rotation: &Arc<Rotation>,
        watch: &mut dyn FnMut(&Tensor),
    ) -> Result<Tensor> {
        let normed = self.normed(x, &block(layer, "input_layernorm"))?;
        let width = self.head_dim;
        let project = |name: &str, norm: &str, heads: usize, rotation: Option<Arc<Rotation>>| {
            let flat = self.linear(&normed, layer, name)?;
            let flat = match (self.weight)(&block(layer, norm)) {
                Some(norm) => self.norm(&flat, norm)?,
                None => flat,
            };
            flat.apply_op1(SplitHeads { heads: Heads { batch, length, heads, width }, rotation })
        };
        let queries = project("self_attn.q_proj", "self_attn.q_norm", self.heads, Some(rotation.clone()))?;
        let keys = project("self_attn.k_proj", "self_attn.k_norm", self.kv_heads, Some(rotation.clone()))?;
        let values = project("self_attn.v_proj", "", self.kv_heads, None)?;
        let (keys, values) = (self.shared(&keys)?, self.shared(&values)?);
        let scores = queries.matmul(&keys.transpose(D::Minus2, D::Minus1)?)?;
        let attention = scores.apply_op1(CausalSoftmax { scale: (width as f32).sqrt().recip() })?;
        watch(&attention);
        let heads = Heads { batch, length, heads: self.heads, width };
        let mixed = attention.matmul(&values)?.apply_op1(MergeHeads { heads })?;
        x + self.linear(&mixed, layer, "self_attn.o_proj")?
    }

    /// Keys or values `[batch, key heads, length, width]` for each query head: neighbours share them.
    fn shared(&self, heads: &Tensor) -> Result<Tensor> {
        let (batch, kv_heads, length, width) = heads.dims4()?;
        if kv_heads == self.heads {
            return Ok(heads.clone());
        }
        let group = self.heads / kv_heads.max(1);
        let repeated = heads.unsqueeze(2)?.broadcast_as((batch, kv_heads, group, length, width))?;
        repeated.reshape((batch, self.heads, length, width))
    }

    fn feed_forward(&self, layer: usize, x: &Tensor) -> Result<Tensor> {
        let normed = self.normed(x, &block(layer, "post_attention_layernorm"))?;
        let gate = self.linear(&normed, layer, "mlp.gate_proj")?;
        let up = self.linear(&normed, layer, "mlp.up_proj")?;
        x + self.linear(&gate.apply_op2(&up, SwiGlu)?, layer, "mlp.down_proj")?
    }

    fn normed(&self, x: &Tensor, weight: &str) -> Result<Tensor> {
        self.norm(x, self.known(weight)?)
    }

    fn norm(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        x.apply_op2(weight, RmsNorm { epsilon: self.epsilon })
    }

    fn linear(&self, x: &Tensor, layer: usize, name: &str) -> Result<Tensor> {
        let out = x.matmul(&self.known(&block(layer, name))?.t()?)?;
        match (self.weight)(&format!("model.layers.{layer}.{name}.bias")) {
            Some(bias) => out.broadcast_add(bias),
            None => Ok(out),
        }
    }

    pub(crate) fn known(&self, name: &str) -> Result<&'a Tensor> {
        match (self.weight)(name) {
            Some(weight) => Ok(weight),
            None => bail!("there is no weight {name}"),
        }
    }
}

#[cfg(test)]
mod tests;
