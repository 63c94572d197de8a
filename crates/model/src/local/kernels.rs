//! The arithmetic of a decoder on one core, over plain slices; [`pulp`] picks the vector instructions at run time.
//!
//! Law kept here: a row's value never depends on which other rows are computed with it. Every sum runs over the same
//! terms in the same order whatever the batch, so a completion is the same bit for bit however it was batched.

use pulp::{Arch, Simd, WithSimd};

/// Runs `work` with the best vector instructions of this machine.
#[inline(always)]
pub fn vectorized<W: WithSimd>(work: W) -> W::Output {
    Arch::new().dispatch(work)
}

/// Adds to each of `M` sums of `N` values the panel's rows, weighted: `sums[m] += weights[i][m] * panel[i]` for every `i`
/// in order. `K` vectors of this machine hold `N` values.
// Vectors by name, not loops over arrays: the compiler turns those into scalar code at the slightest change.
#[inline(always)]
pub fn combine<S: Simd, const N: usize, const K: usize, const M: usize>(
    simd: S,
    mut sums: [[S::f32s; K]; M],
    weights: &[[f32; M]],
    panel: &[[f32; N]],
) -> [[S::f32s; K]; M] {
    for (weights, row) in weights.iter().zip(panel) {
        let Some(row) = S::as_simd_f32s(row).0.first_chunk::<K>() else { break };
        for m in 0..M {
            let weight = simd.splat_f32s(weights[m]);
            for k in 0..K {
                sums[m][k] = simd.mul_add_e_f32s(weight, row[k], sums[m][k]);
            }
        }
    }
    sums
}

/// Nothing summed yet.
#[inline(always)]
pub fn zeros<S: Simd, const K: usize, const M: usize>(simd: S) -> [[S::f32s; K]; M] {
    [[simd.splat_f32s(0.0); K]; M]
}

/// Copies a sum to where it belongs, as much of it as there is room for.
#[inline(always)]
pub fn store<S: Simd, const K: usize>(sum: &[S::f32s; K], out: &mut [f32]) {
    let (whole, _) = S::as_mut_simd_f32s(out);
    for (out, sum) in whole.iter_mut().zip(sum) {
        *out = *sum;
    }
}

/// `e^x` to about two units in the last place; 0 below -87.
// Range reduction by ln 2 in two parts and the polynomial of Cephes' expf; branch-free, so loops over it vectorize.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
    let x = x.clamp(-87.0, 88.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    let r = whole.mul_add(-0.693_359_4, x);
    let r = whole.mul_add(2.121_944_4e-4, r);
    let mut p = 1.987_569_1e-4_f32;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p.mul_add(r, coefficient);
    }
    let p = (p * r).mul_add(r, r) + 1.0;
    p * f32::from_bits(shifted.to_bits().wrapping_shl(23).wrapping_add(127 << 23))
}

/// Turns scores into `e^((score - largest) * scale)` and returns their sum.
#[inline(always)]
pub fn exponentials<S: Simd>(simd: S, scores: &mut [f32], scale: f32) -> f32 {
    let (whole, tail) = S::as_simd_f32s(scores);
    let most = whole.iter().fold(simd.splat_f32s(f32::NEG_INFINITY), |most, &score| simd.max_f32s(most, score));
    let most = tail.iter().fold(simd.reduce_max_f32s(most), |most, &score| most.max(score));
    for score in scores.iter_mut() {
        *score = exp((*score - most) * scale);
    }
    let (whole, tail) = S::as_simd_f32s(scores);
    let sum = whole.iter().fold(simd.splat_f32s(0.0), |sum, &score| simd.add_f32s(sum, score));
    simd.reduce_sum_f32s(sum) + tail.iter().sum::<f32>()
}

/// [`exponentials`] of a slice by itself.
pub struct Exponentials<'a> {
    pub scores: &'a mut [f32],
    pub scale: f32,
}

impl WithSimd for Exponentials<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        exponentials(simd, self.scores, self.scale)
    }
}

/// The sum of squares.
#[inline(always)]
fn squares<S: Simd>(simd: S, row: &[f32]) -> f32 {
    let (whole, tail) = S::as_simd_f32s(row);
    let sum = whole.iter().fold(simd.splat_f32s(0.0), |sum, &x| simd.mul_add_e_f32s(x, x, sum));
    simd.reduce_sum_f32s(sum) + tail.iter().map(|x| x * x).sum::<f32>()
}

/// Divides each row by its root mean square and scales it.
pub fn rms_norm(rows: &mut [f32], weight: &[f32], epsilon: f32) {
    vectorized(RmsNorm { rows, weight, epsilon });
}

struct RmsNorm<'a> {
    rows: &'a mut [f32],
    weight: &'a [f32],
    epsilon: f32,
}

impl WithSimd for RmsNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for row in self.rows.chunks_exact_mut(self.weight.len()) {
            let scale = 1.0 / (squares(simd, row) / row.len() as f32 + self.epsilon).sqrt();
            for (value, weight) in row.iter_mut().zip(self.weight) {
                *value *= scale * weight;
            }
        }
    }
}

/// Subtracts each row's mean, divides by its standard deviation, scales and shifts it.
pub fn layer_norm(rows: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    for row in rows.chunks_exact_mut(weight.len()) {
        let mean = row.iter().sum::<f32>() / row.len() as f32;
        row.iter_mut().for_each(|value| *value -= mean);
    }
    // Once the mean is gone the standard deviation is the root mean square.
    rms_norm(rows, weight, epsilon);
    for row in rows.chunks_exact_mut(weight.len()) {
        row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
    }
}

/// `silu(gate) * up`.
#[inline(always)]
pub fn silu_gate(gate: f32, up: f32) -> f32 {
    gate / (1.0 + exp(-gate)) * up
}

/// GELU, tanh form.
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    const SQRT_2_OVER_PI: f32 = 0.797_884_6;
    let inner = 2.0 * SQRT_2_OVER_PI * (0.044_715 * x * x).mul_add(x, x);
    x - x / (exp(inner) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_agrees_with_the_standard_library() {
        for step in -8700..880 {
            let x = step as f32 / 100.0;
            let (ours, theirs) = (exp(x), x.exp());
            assert!((ours - theirs).abs() <= 4e-7 * theirs, "{x}: {ours} {theirs}");
        }
    }
}
