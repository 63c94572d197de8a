//! Keys and values of tokens already read, shared between everything that begins alike, and attention over them.

use super::config::Config;
use super::kernels::{combine, exponentials, store, vectorized, zeros};
use pulp::{Simd, WithSimd};
use std::sync::Arc;

/// Positions stored together; keys lie with positions innermost, so that sixteen scores are one vector sum.
const BLOCK: usize = 16;
/// Value dimensions summed together.
const CHUNK: usize = 32;

/// Sizes of one token's keys and values.
#[derive(Clone, Copy)]
pub struct Shape {
    heads: usize,
    kv_heads: usize,
    head_dim: usize,
}

impl Shape {
    /// The sizes that the model's configuration gives.
    pub fn of(config: &Config) -> Self {
        Self { heads: config.heads, kv_heads: config.kv_heads, head_dim: config.head_dim }
    }

    fn chunks(self) -> usize {
        self.head_dim.div_ceil(CHUNK)
    }

    fn key_block(self) -> usize {
        self.head_dim * BLOCK
    }

    fn value_block(self) -> usize {
        self.chunks() * CHUNK * BLOCK
    }
}

/// Keys and values of a run of tokens, per layer; blocks of sixteen positions, the last one partly filled.
#[derive(Clone, Default)]
struct Segment {
    /// `[layer]`, each `[block][kv head][dimension][position]`.
    keys: Vec<Vec<f32>>,
    /// `[layer]`, each `[block][kv head][chunk][position][32 dimensions]`.
    values: Vec<Vec<f32>>,
}

impl Segment {
    fn new(layers: usize) -> Self {
        Self { keys: vec![Vec::new(); layers], values: vec![Vec::new(); layers] }
    }

    fn write(&mut self, shape: Shape, layer: usize, position: usize, key: &[f32], value: &[f32]) {
        let (block, slot) = (position / BLOCK, position % BLOCK);
        let (keys, values) = (&mut self.keys[layer], &mut self.values[layer]);
        let key_size = shape.kv_heads * shape.key_block();
        let value_size = shape.kv_heads * shape.value_block();
        if keys.len() <= block * key_size {
            keys.resize((block + 1) * key_size, 0.0);
            values.resize((block + 1) * value_size, 0.0);
        }
        let keys = &mut keys[block * key_size..];
        for (target, &x) in keys[slot..].iter_mut().step_by(BLOCK).zip(key) {
            *target = x;
        }
        let values = &mut values[block * value_size..];
        for (head, value) in value.chunks_exact(shape.head_dim).enumerate() {
            for (chunk, value) in value.chunks(CHUNK).enumerate() {
                let at = head * shape.value_block() + (chunk * BLOCK + slot) * CHUNK;
                values[at..at + value.len()].copy_from_slice(value);
            }
        }
    }
}

/// The first `len` tokens of a shared segment.
#[derive(Clone)]
struct Link {
    segment: Arc<Segment>,
    len: usize,
}

/// What one sequence has read: shared links, then tokens of its own.
#[derive(Clone)]
pub struct Cache {
    shape: Shape,
    layers: usize,
    links: Vec<Link>,
    own: Segment,
    own_len: usize,
}

impl Cache {
    /// Nothing read yet.
    pub fn new(config: &Config) -> Self {
        let layers = config.layers;
        Self { shape: Shape::of(config), layers, links: Vec::new(), own: Segment::new(layers), own_len: 0 }
    }

    /// Tokens read.
    pub fn len(&self) -> usize {
        self.links.iter().map(|link| link.len).sum::<usize>() + self.own_len
    }

    /// Makes what was read shareable: later forks and truncations hold it without copying.
    pub fn freeze(&mut self) {
        if self.own_len > 0 {
            let segment = Arc::new(std::mem::replace(&mut self.own, Segment::new(self.layers)));
            self.links.push(Link { segment, len: std::mem::take(&mut self.own_len) });
        }
    }

    /// Forgets everything after the first `len` tokens of a frozen cache.
    pub fn truncate(&mut self, len: usize) {
        self.freeze();
        let mut left = len;
        self.links.retain_mut(|link| {
            link.len = link.len.min(left);
            left -= link.len;
            link.len > 0
        });
    }

    /// Adds one token's keys and values in `layer`, `ahead` tokens after those counted by [`Cache::advance`].
    pub fn write(&mut self, layer: usize, ahead: usize, key: &[f32], value: &[f32]) {
        self.own.write(self.shape, layer, self.own_len + ahead, key, value);
    }

    /// Counts `tokens` written in every layer as read.
    pub fn advance(&mut self, tokens: usize) {
        self.own_len += tokens;
    }

    /// Attention of the token `ahead` of those read, over all up to itself. `scores` is scratch.
    pub fn attend(&self, layer: usize, ahead: usize, query: &[f32], out: &mut [f32], scores: &mut Vec<f32>) {
        let own = (&self.own, self.own_len + ahead + 1);
        let total = self.len() + ahead + 1;
        scores.clear();
        scores.resize(total + BLOCK, 0.0);
        let links = self.links.iter().map(|link| (&*link.segment, link.len)).chain([own]);
        let runs = links.map(|(segment, len)| (&*segment.keys[layer], &*segment.values[layer], len));
        vectorized(Attention { shape: self.shape, runs, total, query, out, scores });
    }
}

/// One token's attention; `runs` are the keys, the values and the length of each segment.
struct Attention<'a, R> {
    shape: Shape,
    runs: R,
    total: usize,
    query: &'a [f32],
    out: &'a mut [f32],
    scores: &'a mut [f32],
}

impl<'a, R: Iterator<Item = (&'a [f32], &'a [f32], usize)> + Clone> WithSimd for Attention<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.run::<S, 1, 2>(simd),
            8 => self.run::<S, 2, 4>(simd),
            4 => self.run::<S, 4, 8>(simd),
            _ => self.run::<S, 16, 32>(simd),
        }
    }
}

impl<'a, R: Iterator<Item = (&'a [f32], &'a [f32], usize)> + Clone> Attention<'_, R> {
    #[inline(always)]
    fn run<S: Simd, const KEYS: usize, const VALUES: usize>(self, simd: S) {
        let Shape { heads, kv_heads, head_dim } = self.shape;
        let scale = 1.0 / (head_dim as f32).sqrt();
        let queries = self.query.chunks_exact(head_dim);
        for (head, (query, out)) in queries.zip(self.out.chunks_exact_mut(head_dim)).enumerate() {
            let kv_head = head / (heads / kv_heads);
            let mut position = 0;
            for (keys, _, len) in self.runs.clone() {
                let blocks = keys.as_chunks::<BLOCK>().0.chunks_exact(kv_heads * head_dim);
                for (index, block) in blocks.take(len.div_ceil(BLOCK)).enumerate() {
                    let keys = &block[kv_head * head_dim..][..head_dim];
                    let sums = combine::<S, BLOCK, KEYS, 1>(simd, zeros(simd), query.as_chunks().0, keys);
                    // Slots past `len` hold other tokens: the next run's scores, or the cut at `total`, replace them.
                    store::<S, KEYS>(&sums[0], &mut self.scores[position + index * BLOCK..][..BLOCK]);
                }
                position += len;
            }
            let weights = &mut self.scores[..self.total];
            let sum = exponentials(simd, weights, scale);
            let weights = &*weights;
            for (chunk, out) in out.chunks_mut(CHUNK).enumerate() {
                let at = (kv_head * self.shape.chunks() + chunk) * BLOCK;
                let mut sums = zeros::<S, VALUES, 1>(simd);
                let mut position = 0;
                for (_, values, len) in self.runs.clone() {
                    let blocks = values.as_chunks::<CHUNK>().0.chunks_exact(kv_heads * self.shape.chunks() * BLOCK);
                    for (block, weights) in blocks.zip(weights[position..position + len].chunks(BLOCK)) {
                        sums = combine(simd, sums, weights.as_chunks().0, &block[at..at + BLOCK]);
                    }
                    position += len;
                }
                let mut values = [0.0; CHUNK];
                store::<S, VALUES>(&sums[0], &mut values);
                for (out, value) in out.iter_mut().zip(values) {
                    *out = value / sum;
                }
            }
        }
    }
}
