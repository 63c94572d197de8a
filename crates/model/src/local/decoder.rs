//! A decoder-only transformer: one computation for every architecture in [`Architecture`].

use super::cache::Cache;
use super::config::{Architecture, Config};
use super::kernels::{self, vectorized};
use super::matrix::{Matrix, Packed};
use super::tensors::Tensors;
use crate::Error;
use crate::differentiable::{EMBEDDING, HEAD};

/// A model's weights, ready to compute with.
pub struct Decoder {
    pub config: Config,
    embedding: Vec<f32>,
    layers: Vec<Layer>,
    norm: Norm,
    head: Matrix,
    parameters: u64,
}

struct Layer {
    attention_norm: Norm,
    /// Queries, keys and values of all heads in one product.
    qkv: Matrix,
    query_norm: Option<Vec<f32>>,
    key_norm: Option<Vec<f32>>,
    out: Matrix,
    mlp_norm: Norm,
    /// Gate and up in one product, or up alone.
    up: Matrix,
    down: Matrix,
}

struct Norm {
    weight: Vec<f32>,
    /// A layer norm has one, a root-mean-square norm has none.
    bias: Option<Vec<f32>>,
    epsilon: f32,
}

/// Takes a weight: its name, its values, its shape.
type TakeWeight<'a> = dyn FnMut(String, Vec<f32>, &[usize]) + 'a;

/// Tokens of one sequence to read in this step, and what it has read.
pub struct Span<'a> {
    pub tokens: &'a [u32],
    pub cache: &'a mut Cache,
}

/// Buffers that a step needs; kept between steps.
#[derive(Default)]
pub struct Scratch {
    hidden: Vec<f32>,
    normed: Vec<f32>,
    wide: Vec<f32>,
    narrow: Vec<f32>,
    packed: Packed,
    scores: Vec<f32>,
    rotation: Vec<(f32, f32)>,
}

/// Which positions' next-token scores a step returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The last of each span.
    Last,
    /// Every token.
    Every,
}

impl Decoder {
    /// Reads all weights.
    pub fn load(config: Config, tensors: &mut dyn Tensors) -> Result<Self, Error> {
        let (hidden, vocabulary) = (config.hidden, config.vocabulary);
        let mut tensors = Loader { tensors, parameters: 0 };
        let embedding = tensors.read(EMBEDDING, &[vocabulary, hidden])?;
        let layer = |layer| Layer::load(&config, layer, &mut tensors);
        let layers = (0..config.layers).map(layer).collect::<Result<Vec<_>, _>>()?;
        let norm = Norm::load(&config, "model.norm", &mut tensors)?;
        // Without a head of its own the model reuses its embedding ("tied").
        let head = match tensors.optional(HEAD, &[vocabulary, hidden])? {
            Some(head) => Matrix::stack(hidden, &[head], &[]),
            None => Matrix::stack(hidden, std::slice::from_ref(&embedding), &[]),
        };
        let parameters = tensors.parameters;
        Ok(Self { config, embedding, layers, norm, head, parameters })
    }

    /// Number of parameters.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }

    /// Every weight of a decoder of the Llama family under its Hugging Face name, with its shape: what [`Decoder::load`]
    /// read, matrices as `[out, in]`.
    pub fn unpack(&self, take: &mut TakeWeight) {
        let &Config { hidden, intermediate, vocabulary, head_dim, .. } = &self.config;
        let (queries, keys) = (self.config.heads * head_dim, self.config.kv_heads * head_dim);
        take(EMBEDDING.into(), self.embedding.clone(), &[vocabulary, hidden]);
        take(HEAD.into(), self.head.unstacked(0..vocabulary), &[vocabulary, hidden]);
        self.norm.unpack("model.norm", take);
        for (index, layer) in self.layers.iter().enumerate() {
            let at = |part: &str| format!("model.layers.{index}.{part}");
            layer.attention_norm.unpack(&at("input_layernorm"), take);
            layer.mlp_norm.unpack(&at("post_attention_layernorm"), take);
            for (name, norm) in [("self_attn.q_norm", &layer.query_norm), ("self_attn.k_norm", &layer.key_norm)] {
                if let Some(norm) = norm {
                    take(format!("{}.weight", at(name)), norm.clone(), &[head_dim]);
                }
            }
            let mut linear = |matrix: &Matrix, inputs: usize, parts: &[(&str, usize)]| {
                let mut start = 0;
                for &(name, outputs) in parts {
                    let rows = start..start + outputs;
                    take(format!("{}.weight", at(name)), matrix.unstacked(rows.clone()), &[outputs, inputs]);
                    if let Some(bias) = matrix.biases(rows).filter(|bias| bias.iter().any(|&bias| bias != 0.0)) {
                        take(format!("{}.bias", at(name)), bias.to_vec(), &[outputs]);
                    }
                    start += outputs;
                }
            };
            let attention = [("self_attn.q_proj", queries), ("self_attn.k_proj", keys), ("self_attn.v_proj", keys)];
            linear(&layer.qkv, hidden, &attention);
            linear(&layer.out, queries, &[("self_attn.o_proj", hidden)]);
            linear(&layer.up, hidden, &[("mlp.gate_proj", intermediate), ("mlp.up_proj", intermediate)]);
            linear(&layer.down, intermediate, &[("mlp.down_proj", hidden)]);
        }
    }

    /// Reads the spans' tokens and returns next-token scores, one row of the vocabulary's size for each wanted position.
    /// Token ids must be below the vocabulary's size.
    pub fn step(&self, spans: &mut [Span<'_>], wanted: Wanted, scratch: &mut Scratch, logits: &mut Vec<f32>) {
        let hidden = self.config.hidden;
        let Scratch { hidden: x, normed, wide, narrow, packed, scores, rotation } = scratch;
        x.clear();
        rotation.clear();
        for span in spans.iter() {
            let read = span.cache.len();
            for (ahead, &token) in span.tokens.iter().enumerate() {
                x.extend_from_slice(&self.embedding[token as usize * hidden..][..hidden]);
                let position = (read + ahead) as f32;
                rotation.extend(self.config.frequencies.iter().map(|f| (position * f).sin_cos()));
            }
        }
        for (index, layer) in self.layers.iter().enumerate() {
            layer.attention_norm.apply(x, normed);
            layer.qkv.apply(normed, wide, packed);
            self.attend(index, spans, wide, narrow, rotation, scores);
            layer.out.accumulate(narrow, x, packed);
            layer.mlp_norm.apply(x, normed);
            layer.up.apply(normed, wide, packed);
            self.activate(wide, narrow);
            layer.down.accumulate(narrow, x, packed);
        }
        for span in spans.iter_mut() {
            span.cache.advance(span.tokens.len());
        }
        if wanted == Wanted::Last {
            keep_last(x, hidden, spans);
        }
        self.norm.apply(x, normed);
        self.head.apply(normed, logits, packed);
    }

    /// Rotates and stores keys and values of all new tokens, then lets each new token attend.
    fn attend(
        &self,
        layer: usize,
        spans: &mut [Span<'_>],
        qkv: &mut [f32],
        out: &mut Vec<f32>,
        rotation: &[(f32, f32)],
        scores: &mut Vec<f32>,
    ) {
        let Config { heads, kv_heads, head_dim, .. } = self.config;
        let (queries, keys) = (heads * head_dim, kv_heads * head_dim);
        let row = queries + 2 * keys;
        let weights = &self.layers[layer];
        out.clear();
        out.resize(qkv.len() / row * queries, 0.0);
        let rotations = rotation.chunks_exact(head_dim / 2);
        for (qkv, rotation) in qkv.chunks_exact_mut(row).zip(rotations) {
            let (query, key) = qkv[..queries + keys].split_at_mut(queries);
            for (heads, norm) in [(query, &weights.query_norm), (key, &weights.key_norm)] {
                if let Some(norm) = norm {
                    kernels::rms_norm(heads, norm, self.config.epsilon);
                }
                for head in heads.chunks_exact_mut(head_dim) {
                    rotate(head, rotation, self.config.interleaved);
                }
            }
        }
        let (mut qkv, mut out) = (&*qkv, &mut **out);
        for span in spans.iter_mut() {
            let (rows, rest) = qkv.split_at(span.tokens.len() * row);
            let (outs, rest_out) = out.split_at_mut(span.tokens.len() * queries);
            (qkv, out) = (rest, rest_out);
            for (ahead, row) in rows.chunks_exact(row).enumerate() {
                let (key, value) = row[queries..].split_at(keys);
                span.cache.write(layer, ahead, key, value);
            }
            for (ahead, (row, out)) in rows.chunks_exact(row).zip(outs.chunks_exact_mut(queries)).enumerate() {
                span.cache.attend(layer, ahead, &row[..queries], out, scores);
            }
        }
    }

    fn activate(&self, up: &[f32], out: &mut Vec<f32>) {
        let width = self.config.intermediate;
        out.clear();
        vectorized(
            #[inline(always)]
            || match self.config.architecture {
                Architecture::Starcoder2 => out.extend(up.iter().map(|&x| kernels::gelu(x))),
                _ => {
                    for row in up.chunks_exact(2 * width) {
                        let (gate, up) = row.split_at(width);
                        out.extend(gate.iter().zip(up).map(|(&gate, &up)| kernels::silu_gate(gate, up)));
                    }
                }
            },
        );
    }
}

impl Layer {
    fn load(config: &Config, layer: usize, tensors: &mut Loader<'_>) -> Result<Self, Error> {
        let at = |part: &str| format!("model.layers.{layer}.{part}");
        let &Config { hidden, intermediate, head_dim, .. } = config;
        let (queries, keys) = (config.heads * head_dim, config.kv_heads * head_dim);
        let attention =
            [(at("self_attn.q_proj"), queries), (at("self_attn.k_proj"), keys), (at("self_attn.v_proj"), keys)];
        let (up, down) = match config.architecture {
            Architecture::Starcoder2 => (vec![(at("mlp.c_fc"), intermediate)], at("mlp.c_proj")),
            _ => (vec![(at("mlp.gate_proj"), intermediate), (at("mlp.up_proj"), intermediate)], at("mlp.down_proj")),
        };
        Ok(Self {
            attention_norm: Norm::load(config, &at("input_layernorm"), tensors)?,
            qkv: tensors.linear(hidden, &attention)?,
            query_norm: tensors.optional(&at("self_attn.q_norm.weight"), &[head_dim])?,
            key_norm: tensors.optional(&at("self_attn.k_norm.weight"), &[head_dim])?,
            out: tensors.linear(queries, &[(at("self_attn.o_proj"), hidden)])?,
            mlp_norm: Norm::load(config, &at("post_attention_layernorm"), tensors)?,
            up: tensors.linear(hidden, &up)?,
            down: tensors.linear(intermediate, &[(down, hidden)])?,
        })
    }
}

/// Reads weights and counts them.
struct Loader<'a> {
    tensors: &'a mut dyn Tensors,
    parameters: u64,
}

impl Loader<'_> {
    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let weights = self.tensors.read(name, shape)?;
        self.parameters += weights.len() as u64;
        Ok(weights)
    }

    fn optional(&mut self, name: &str, shape: &[usize]) -> Result<Option<Vec<f32>>, Error> {
        if self.tensors.has(name) { self.read(name, shape).map(Some) } else { Ok(None) }
    }

    /// Linear maps of the same input as one; a map without a bias gets zeros.
    fn linear(&mut self, inputs: usize, parts: &[(String, usize)]) -> Result<Matrix, Error> {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for (name, outputs) in parts {
            weights.push(self.read(&format!("{name}.weight"), &[*outputs, inputs])?);
            let bias = self.optional(&format!("{name}.bias"), &[*outputs])?;
            biases.push(bias.unwrap_or_else(|| vec![0.0; *outputs]));
        }
        Ok(Matrix::stack(inputs, &weights, &biases))
    }
}

impl Norm {
    fn load(config: &Config, name: &str, tensors: &mut Loader<'_>) -> Result<Self, Error> {
        let weight = tensors.read(&format!("{name}.weight"), &[config.hidden])?;
        let bias = match config.architecture {
            Architecture::Starcoder2 => Some(tensors.read(&format!("{name}.bias"), &[config.hidden])?),
            _ => None,
        };
        Ok(Self { weight, bias, epsilon: config.epsilon })
    }

    fn unpack(&self, name: &str, take: &mut TakeWeight) {
        take(format!("{name}.weight"), self.weight.clone(), &[self.weight.len()]);
    }

    fn apply(&self, x: &[f32], out: &mut Vec<f32>) {
        out.clear();
        out.extend_from_slice(x);
        match &self.bias {
            Some(bias) => kernels::layer_norm(out, &self.weight, bias, self.epsilon),
            None => kernels::rms_norm(out, &self.weight, self.epsilon),
        }
    }
}

/// Rotary position embedding of one head; `rotation` holds sine and cosine of each pair.
fn rotate(vector: &mut [f32], rotation: &[(f32, f32)], interleaved: bool) {
    if interleaved {
        for (pair, &(sin, cos)) in vector.as_chunks_mut::<2>().0.iter_mut().zip(rotation) {
            *pair = [pair[0] * cos - pair[1] * sin, pair[0] * sin + pair[1] * cos];
        }
    } else {
        let (first, second) = vector.split_at_mut(rotation.len());
        for ((a, b), &(sin, cos)) in first.iter_mut().zip(second).zip(rotation) {
            (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
        }
    }
}

/// Keeps the last token's row of each span.
fn keep_last(x: &mut Vec<f32>, hidden: usize, spans: &[Span<'_>]) {
    let mut end = 0;
    for (index, span) in spans.iter().enumerate() {
        end += span.tokens.len();
        x.copy_within((end - 1) * hidden..end * hidden, index * hidden);
    }
    x.truncate(spans.len() * hidden);
}
