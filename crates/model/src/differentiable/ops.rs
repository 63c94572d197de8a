//! The operations that candle lacks in a differentiable and fast form, each with its own backward pass.
//!
//! candle-nn's fused `rms_norm`, `softmax_last_dim`, `rope` and `sdpa` have no backward pass and cut the graph without a
//! word; its differentiable forms cost five to ten passes over memory each. These make one pass each way. The tests
//! compare every one with finite differences.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Storage, Tensor, bail};
use rayon::prelude::*;

/// `x / rms(x) * weight`, row by row, for `x` of shape `[rows, width]` and `weight` of shape `[width]`.
pub(super) struct RmsNorm {
    pub(super) epsilon: f32,
}

impl RmsNorm {
    fn inverse_rms(&self, row: &[f32]) -> f32 {
        let squares: f32 = row.iter().map(|x| x * x).sum();
        (squares / row.len() as f32 + self.epsilon).sqrt().recip()
    }
}

impl CustomOp2 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, w) = (floats(x, lx)?, floats(w, lw)?);
        let mut out = vec![0f32; x.len()];
        out.par_chunks_mut(w.len()).zip(x.par_chunks(w.len())).for_each(|(out, row)| {
            let inverse = self.inverse_rms(row);
            for ((out, x), w) in out.iter_mut().zip(row).zip(w) {
                *out = x * inverse * w;
            }
        });
        Ok((CpuStorage::F32(out), lx.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let width = w.elem_count();
        let mut to_x = vec![0f32; x.elem_count()];
        let mut to_w = vec![0f32; width];
        read(x, |x| {
            read(w, |w| {
                read(grad, |grad| {
                    for ((to_x, x), grad) in to_x.chunks_mut(width).zip(x.chunks(width)).zip(grad.chunks(width)) {
                        let inverse = self.inverse_rms(x);
                        let along: f32 = x.iter().zip(grad).zip(w).map(|((x, g), w)| x * g * w).sum();
                        let pull = along * inverse * inverse / width as f32;
                        for i in 0..width {
                            to_x[i] = inverse * (grad[i] * w[i] - x[i] * pull);
                            to_w[i] += grad[i] * x[i] * inverse;
                        }
                    }
                })
            })
        })???;
        Ok((Some(like(to_x, x)?), Some(like(to_w, w)?)))
    }
}

/// `silu(gate) * up`, element by element.
pub(super) struct SwiGlu;

impl CustomOp2 for SwiGlu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(&self, gate: &CpuStorage, lg: &Layout, up: &CpuStorage, lu: &Layout) -> Result<(CpuStorage, Shape)> {
        let (gate, up) = (floats(gate, lg)?, floats(up, lu)?);
        let out = gate.par_iter().zip(up).with_min_len(GRAIN).map(|(g, u)| g * sigmoid(*g) * u).collect();
        Ok((CpuStorage::F32(out), lg.shape().clone()))
    }

    fn bwd(&self, gate: &Tensor, up: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (to_gate, to_up) = read(gate, |gate| {
            read(up, |up| {
                read(grad, |grad| {
                    let terms = gate.par_iter().zip(up).zip(grad).with_min_len(GRAIN);
                    terms
                        .map(|((g, u), d)| {
                            let s = sigmoid(*g);
                            (d * u * s * (1.0 + g * (1.0 - s)), d * g * s)
                        })
                        .unzip::<f32, f32, Vec<f32>, Vec<f32>>()
                })
            })
        })???;
        Ok((Some(like(to_gate, gate)?), Some(like(to_up, up)?)))
    }
}

/// Softmax of `scale * scores` over the positions up to the row's own, for `scores` of shape `[.., length, length]`.
pub(super) struct CausalSoftmax {
    pub(super) scale: f32,
}

impl CustomOp1 for CausalSoftmax {
    fn name(&self) -> &'static str {
        "causal-softmax"
    }

    fn cpu_fwd(&self, scores: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let scores = floats(scores, layout)?;
        let length = last(layout)?;
        let mut out = vec![0f32; scores.len()];
        out.par_chunks_mut(length).zip(scores.par_chunks(length)).enumerate().for_each(|(row, (out, scores))| {
            let seen = row % length + 1;
            softmax(&mut out[..seen], &scores[..seen], self.scale);
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, weights: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let length = last(weights.layout())?;
        let mut out = vec![0f32; weights.elem_count()];
        read(weights, |weights| {
            read(grad, |grad| {
                let rows = out.par_chunks_mut(length).zip(weights.par_chunks(length)).zip(grad.par_chunks(length));
                rows.enumerate().for_each(|(row, ((out, weights), grad))| {
                    let seen = row % length + 1;
                    let mean: f32 = weights[..seen].iter().zip(grad).map(|(p, g)| p * g).sum();
                    for i in 0..seen {
                        out[i] = self.scale * weights[i] * (grad[i] - mean);
                    }
                });
            })
        })??;
        Ok(Some(like(out, weights)?))
    }
}

/// How `[batch * length, heads * width]` relates to `[batch, heads, length, width]`.
#[derive(Clone, Copy)]
pub(super) struct Heads {
    pub(super) batch: usize,
    pub(super) length: usize,
    pub(super) heads: usize,
    pub(super) width: usize,
}

impl Heads {
    /// Calls `copy(flat offset, split offset, position)` for each head of each position.
    fn each(&self, mut copy: impl FnMut(usize, usize, usize)) {
        for b in 0..self.batch {
            for t in 0..self.length {
                for h in 0..self.heads {
                    let flat = ((b * self.length + t) * self.heads + h) * self.width;
                    let split = ((b * self.heads + h) * self.length + t) * self.width;
                    copy(flat, split, t);
                }
            }
        }
    }

    fn split(&self, flat: &[f32], rotation: Option<&Rotation>) -> Vec<f32> {
        let mut out = vec![0f32; flat.len()];
        self.each(|from, to, position| {
            let (from, to) = (&flat[from..from + self.width], &mut out[to..to + self.width]);
            match rotation {
                Some(rotation) => rotation.turn(from, to, position, 1.0),
                None => to.copy_from_slice(from),
            }
        });
        out
    }

    fn merge(&self, split: &[f32], rotation: Option<&Rotation>) -> Vec<f32> {
        let mut out = vec![0f32; split.len()];
        self.each(|to, from, position| {
            let (from, to) = (&split[from..from + self.width], &mut out[to..to + self.width]);
            match rotation {
                Some(rotation) => rotation.turn(from, to, position, -1.0),
                None => to.copy_from_slice(from),
            }
        });
        out
    }

    fn split_shape(&self) -> Shape {
        Shape::from((self.batch, self.heads, self.length, self.width))
    }

    fn flat_shape(&self) -> Shape {
        Shape::from((self.batch * self.length, self.heads * self.width))
    }
}

/// Rotary position embedding (Su et al. 2021, section 3.4.2): the pairs of a head's elements turn with the position.
#[derive(Clone)]
pub(super) struct Rotation {
    cos: Vec<f32>,
    sin: Vec<f32>,
    half: usize,
    /// Element `2 i` turns with `2 i + 1` (GGUF's Llama), not `i` with `i + half` (Hugging Face's).
    interleaved: bool,
}

impl Rotation {
    /// Turns pair `i` of position `t` by `t * frequencies[i]`.
    pub(super) fn new(length: usize, frequencies: &[f32], interleaved: bool) -> Self {
        let angles = (0..length).flat_map(|position| frequencies.iter().map(move |f| position as f32 * f));
        let (cos, sin) = angles.map(|angle| (angle.cos(), angle.sin())).unzip();
        Self { cos, sin, half: frequencies.len(), interleaved }
    }

    /// Turns forward with `sign` 1 and back with -1; turning back is also the gradient, as a rotation's transpose is its
    /// inverse.
    fn turn(&self, from: &[f32], to: &mut [f32], position: usize, sign: f32) {
        for i in 0..self.half {
            let (cos, sin) = (self.cos[position * self.half + i], sign * self.sin[position * self.half + i]);
            let (first, second) = if self.interleaved { (2 * i, 2 * i + 1) } else { (i, i + self.half) };
            let (a, b) = (from[first], from[second]);
            to[first] = a * cos - b * sin;
            to[second] = a * sin + b * cos;
        }
    }
}

/// Splits rows into heads, turning each by its position where a rotation is given.
pub(super) struct SplitHeads {
    pub(super) heads: Heads,
    pub(super) rotation: Option<std::sync::Arc<Rotation>>,
}

impl CustomOp1 for SplitHeads {
    fn name(&self) -> &'static str {
        "split-heads"
    }

    fn cpu_fwd(&self, flat: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let out = self.heads.split(floats(flat, layout)?, self.rotation.as_deref());
        Ok((CpuStorage::F32(out), self.heads.split_shape()))
    }

    fn bwd(&self, flat: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let out = read(grad, |grad| self.heads.merge(grad, self.rotation.as_deref()))?;
        Ok(Some(like(out, flat)?))
    }
}

/// Puts the heads of each position back into one row.
pub(super) struct MergeHeads {
    pub(super) heads: Heads,
}

impl CustomOp1 for MergeHeads {
    fn name(&self) -> &'static str {
        "merge-heads"
    }

    fn cpu_fwd(&self, split: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(self.heads.merge(floats(split, layout)?, None)), self.heads.flat_shape()))
    }

    fn bwd(&self, split: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(like(read(grad, |grad| self.heads.split(grad, None))?, split)?))
    }
}

/// Mean cross-entropy of logits `[rows, vocabulary]`, each row weighed.
pub struct WeightedCrossEntropy {
    /// The right token of each row.
    pub targets: Vec<u32>,
    /// What each row counts in the mean, at least 0.
    pub weights: Vec<f32>,
}

impl WeightedCrossEntropy {
    fn total(&self) -> f32 {
        self.weights.iter().sum::<f32>().max(f32::MIN_POSITIVE)
    }
}

impl CustomOp1 for WeightedCrossEntropy {
    fn name(&self) -> &'static str {
        "weighted-cross-entropy"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let logits = floats(logits, layout)?;
        let width = last(layout)?;
        if self.targets.len() * width != logits.len() || self.targets.iter().any(|&target| target as usize >= width) {
            bail!("{} targets do not fit logits of shape {:?}", self.targets.len(), layout.shape());
        }
        let rows = logits.par_chunks(width).zip(&self.targets).zip(&self.weights);
        let loss: f32 = rows
            .map(|((row, &target), weight)| {
                let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let sum: f32 = row.iter().map(|x| (x - top).exp()).sum();
                weight * (sum.ln() + top - row[target as usize])
            })
            .sum();
        Ok((CpuStorage::F32(vec![loss / self.total()]), Shape::from(())))
    }

    fn bwd(&self, logits: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let factor = grad.to_scalar::<f32>()? / self.total();
        let width = last(logits.layout())?;
        let mut out = vec![0f32; logits.elem_count()];
        read(logits, |logits| {
            let rows = out.par_chunks_mut(width).zip(logits.par_chunks(width)).zip(&self.targets).zip(&self.weights);
            rows.for_each(|(((out, row), &target), weight)| {
                softmax(out, row, 1.0);
                out[target as usize] -= 1.0;
                out.iter_mut().for_each(|x| *x *= weight * factor);
            });
        })?;
        Ok(Some(like(out, logits)?))
    }
}

/// Elements below which another thread is not worth its start.
const GRAIN: usize = 16_384;

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

fn softmax(out: &mut [f32], scores: &[f32], scale: f32) {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0f32;
    for (out, score) in out.iter_mut().zip(scores) {
        *out = (scale * (score - top)).exp();
        sum += *out;
    }
    out.iter_mut().for_each(|x| *x /= sum);
}

fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("expected a contiguous tensor, got {layout:?}"),
    }
}

fn read<R>(tensor: &Tensor, with: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(cpu) => Ok(with(floats(cpu, layout)?)),
        _ => bail!("gradients are computed on the CPU"),
    }
}

fn like(values: Vec<f32>, tensor: &Tensor) -> Result<Tensor> {
    Tensor::from_vec(values, tensor.shape(), tensor.device())
}

fn last(layout: &Layout) -> Result<usize> {
    match layout.dims().last() {
        Some(&width) if width > 0 => Ok(width),
        _ => bail!("expected a tensor with a last dimension, got {layout:?}"),
    }
}

#[cfg(test)]
mod tests;
