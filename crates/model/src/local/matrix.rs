//! Linear maps: the bulk of a decoder's arithmetic.

use super::kernels::{combine, vectorized, zeros};
use half::bf16;
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Outputs computed together: two AVX2 registers.
const LANES: usize = 16;
/// Rows computed together; 6 x 16 sums fill twelve of the sixteen AVX2 registers.
const ROWS: usize = 6;

/// A linear map, stored for the product with many rows: panels of 16 outputs, each panel one input after the other.
pub struct Matrix {
    inputs: usize,
    outputs: usize,
    weights: Weights,
    bias: Vec<f32>,
    #[cfg(feature = "cuda")]
    card: Option<super::card::OnCard>,
}

enum Weights {
    Single(Vec<[f32; LANES]>),
    /// Weights that are all bfloat16 numbers, as most published ones are, kept as such: half the memory, nothing lost.
    Half(Vec<[bf16; LANES]>),
}

impl Matrix {
    /// From weights in `[outputs, inputs]` order, as models store them. Several parts become one map, outputs in a row.
    pub fn stack(inputs: usize, parts: &[Vec<f32>], biases: &[Vec<f32>]) -> Self {
        let rows: Vec<&[f32]> = parts.iter().flat_map(|part| part.chunks_exact(inputs)).collect();
        let mut panels = vec![[0.0; LANES]; rows.len().div_ceil(LANES) * inputs];
        for (panel, rows) in panels.chunks_exact_mut(inputs).zip(rows.chunks(LANES)) {
            for (lane, row) in rows.iter().enumerate() {
                for (weights, &weight) in panel.iter_mut().zip(*row) {
                    weights[lane] = weight;
                }
            }
        }
        let mut bias = biases.concat();
        bias.resize(if bias.is_empty() { 0 } else { rows.len().next_multiple_of(LANES) }, 0.0);
        let half = panels.as_flattened().iter().all(|&weight| bf16::from_f32(weight).to_f32() == weight);
        let narrowed = |panels: Vec<[f32; LANES]>| panels.iter().map(|row| row.map(bf16::from_f32)).collect();
        let outputs = rows.len();
        let weights = if half { Weights::Half(narrowed(panels)) } else { Weights::Single(panels) };
        Self {
            inputs,
            outputs,
            weights,
            #[cfg(feature = "cuda")]
            card: super::card::first()
                .and_then(|device| super::card::OnCard::new(device, inputs, parts.concat(), &bias).ok()),
            bias,
        }
    }

    /// Some outputs' weights, in `[outputs, inputs]` order again.
    pub fn unstacked(&self, outputs: Range<usize>) -> Vec<f32> {
        let weight = |at: usize, lane: usize| match &self.weights {
            Weights::Single(panels) => panels[at][lane],
            Weights::Half(panels) => panels[at][lane].to_f32(),
        };
        let row = |output: usize| {
            let start = output / LANES * self.inputs;
            (start..start + self.inputs).map(move |at| weight(at, output % LANES))
        };
        outputs.flat_map(row).collect()
    }

    /// Some outputs' biases; none where the map has none.
    pub fn biases(&self, outputs: Range<usize>) -> Option<&[f32]> {
        self.bias.get(outputs)
    }

    /// `out = x W + b` for every row of `x`.
    pub fn apply(&self, x: &[f32], out: &mut Vec<f32>, packed: &mut Packed) {
        out.clear();
        out.resize(x.len() / self.inputs * self.outputs, 0.0);
        self.accumulate(x, out, packed);
    }

    /// `out += x W + b` for every row of `x`.
    pub fn accumulate(&self, x: &[f32], out: &mut [f32], packed: &mut Packed) {
        #[cfg(feature = "cuda")]
        if self.card.as_ref().is_some_and(|card| card.accumulate(x, out).is_ok()) {
            return;
        }
        packed.fill(x, self.inputs);
        vectorized(Product { matrix: self, rows: &packed.0, out });
    }
}

/// Rows regrouped by six, so that the product reads them in order: `[tile][input][row]`; missing rows are zero.
#[derive(Default)]
pub struct Packed(Vec<[f32; ROWS]>);

impl Packed {
    fn fill(&mut self, x: &[f32], inputs: usize) {
        self.0.clear();
        self.0.resize((x.len() / inputs).div_ceil(ROWS) * inputs, [0.0; ROWS]);
        for (tile, rows) in self.0.chunks_exact_mut(inputs).zip(x.chunks(ROWS * inputs)) {
            for (row, values) in rows.chunks_exact(inputs).enumerate() {
                for (group, &value) in tile.iter_mut().zip(values) {
                    group[row] = value;
                }
            }
        }
    }
}

struct Product<'a> {
    matrix: &'a Matrix,
    rows: &'a [[f32; ROWS]],
    out: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.run::<S, 1>(simd),
            8 => self.run::<S, 2>(simd),
            4 => self.run::<S, 4>(simd),
            _ => self.run::<S, 16>(simd),
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn run<S: Simd, const K: usize>(mut self, simd: S) {
        let inputs = self.matrix.inputs;
        match &self.matrix.weights {
            Weights::Single(panels) => {
                for (index, panel) in panels.chunks_exact(inputs).enumerate() {
                    self.panel::<S, K>(simd, index, panel);
                }
            }
            Weights::Half(panels) => {
                let mut widened = vec![[0.0; LANES]; inputs];
                for (index, panel) in panels.chunks_exact(inputs).enumerate() {
                    for (wide, half) in widened.as_flattened_mut().iter_mut().zip(panel.as_flattened()) {
                        *wide = f32::from_bits(u32::from(half.to_bits()) << 16);
                    }
                    self.panel::<S, K>(simd, index, &widened);
                }
            }
        }
    }

    /// Sixteen outputs of every row.
    #[inline(always)]
    fn panel<S: Simd, const K: usize>(&mut self, simd: S, index: usize, panel: &[[f32; LANES]]) {
        let &Matrix { inputs, outputs, .. } = self.matrix;
        let first = index * LANES;
        let width = LANES.min(outputs - first);
        let bias = self.matrix.bias.as_chunks::<LANES>().0.get(index).copied().unwrap_or([0.0; LANES]);
        for (out, rows) in self.out.chunks_mut(ROWS * outputs).zip(self.rows.chunks_exact(inputs)) {
            let sums = combine::<S, LANES, K, ROWS>(simd, zeros(simd), rows, panel);
            for (out, sum) in out.chunks_exact_mut(outputs).zip(&sums) {
                let mut values = bias;
                for (value, sum) in S::as_mut_simd_f32s(&mut values).0.iter_mut().zip(sum) {
                    *value = simd.add_f32s(*value, *sum);
                }
                add::<S>(simd, &mut out[first..first + width], &values);
            }
        }
    }
}

/// Adds the values that `out` has room for; all sixteen, but in the last panel.
#[inline(always)]
fn add<S: Simd>(simd: S, out: &mut [f32], values: &[f32; LANES]) {
    if out.len() == LANES {
        let out = S::as_mut_simd_f32s(out).0.iter_mut();
        for (out, value) in out.zip(S::as_simd_f32s(values).0) {
            *out = simd.add_f32s(*out, *value);
        }
    } else {
        for (out, value) in out.iter_mut().zip(values) {
            *out += value;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn values(count: usize, divisor: f32) -> Vec<f32> {
        (0..count).map(|seed| ((seed * 7919 % 101) as f32 - 50.0) / divisor).collect()
    }

    #[test]
    fn a_product_is_right_for_every_shape_and_row_by_row_the_same() {
        // Sixty-fourths are bfloat16 numbers and stored as such, fiftieths are not.
        for (inputs, outputs, rows, divisor) in
            [(1, 1, 1, 64.0), (7, 33, 13, 50.0), (192, 576, 6, 64.0), (5, 16, 5, 50.0)]
        {
            let (weights, bias) = (values(inputs * outputs, divisor), values(outputs, divisor));
            let x = values(rows * inputs, 50.0);
            let matrix = Matrix::stack(inputs, std::slice::from_ref(&weights), std::slice::from_ref(&bias));
            assert_eq!(matches!(matrix.weights, Weights::Half(_)), divisor == 64.0);
            assert_eq!(matrix.unstacked(1..outputs), weights[inputs..]);
            assert_eq!(matrix.biases(0..outputs), Some(&*bias));
            let (mut out, mut one, mut packed) = (Vec::new(), Vec::new(), Packed::default());
            matrix.apply(&x, &mut out, &mut packed);
            for row in 0..rows {
                let x = &x[row * inputs..][..inputs];
                matrix.apply(x, &mut one, &mut packed);
                assert_eq!(one, out[row * outputs..][..outputs]);
                for output in 0..outputs {
                    let terms = x.iter().zip(&weights[output * inputs..]).map(|(x, weight)| x * weight);
                    assert!((one[output] - terms.sum::<f32>() - bias[output]).abs() < 1e-4);
                }
            }
        }
    }

    #[test]
    fn a_card_computes_what_the_processor_computes() {
        let (weights, bias, x) = (values(7 * 33, 50.0), values(33, 50.0), values(7 * 4, 50.0));
        let matrix = Matrix::stack(7, std::slice::from_ref(&weights), std::slice::from_ref(&bias));
        let mut expected = values(4 * 33, 10.0);
        let mut out = expected.clone();
        matrix.accumulate(&x, &mut expected, &mut Packed::default());
        let card = super::super::card::OnCard::new(&candle_core::Device::Cpu, 7, weights, &bias).unwrap();
        card.accumulate(&x, &mut out).unwrap();
        assert!(out.iter().zip(&expected).all(|(ours, expected)| (ours - expected).abs() < 1e-4));
    }
}
