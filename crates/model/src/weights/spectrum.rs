//! Along how many directions a matrix changed: the squared singular values of the difference.

use super::pair::Pair;
use crate::Error;
use candle_core::{Device, Tensor};
use nalgebra::{DMatrix, SVD};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::Serialize;

/// Largest matrix, in weights, and largest shorter side whose spectrum is computed exactly.
const EXACT_WEIGHTS: usize = 1 << 26;
const EXACT_SIDE: usize = 1024;
/// Directions that an estimate follows, the last ten of them only to make the others accurate (Halko et al., section 4.2).
const SKETCH: usize = 138;
const OVERSAMPLED: usize = 10;
/// Steps allowed for each singular value; two or three are usual.
const STEPS_EACH: usize = 100;
/// A row longer than any vocabulary or layer has no spectrum here: the sketch would not fit in memory.
const LONGEST_ROW: usize = 1 << 18;

/// How a change spreads over directions. Energy is the squared Frobenius norm, the sum of the squared singular values.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Spectrum {
    /// Directions that hold 90 % of the energy.
    pub rank90: Rank,
    /// Directions that hold 99 % of the energy: the effective rank.
    pub rank99: Rank,
    /// Share of the energy in the first direction, from 0 to 1.
    pub first: f64,
    /// Found by a random sketch (large matrices), accurate to a few per cent.
    pub estimated: bool,
}

/// A number of directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rank {
    /// How many.
    pub directions: usize,
    /// There are more than that; the sketch went no further.
    pub or_more: bool,
}

impl Spectrum {
    /// From squared singular values in any order and the whole energy; none where nothing changed.
    fn new(mut energies: Vec<f64>, total: f64, estimated: bool) -> Option<Self> {
        if !(total.is_finite() && total > 0.0) {
            return None;
        }
        energies.iter_mut().for_each(|energy| *energy = energy.max(0.0));
        energies.sort_by(|a, b| b.total_cmp(a));
        let rank = |share: f64| {
            let mut held = 0.0;
            let reached = energies.iter().position(|energy| {
                held += energy;
                held >= share * total
            });
            let directions = reached.map_or(energies.len(), |last| last + 1);
            Rank { directions, or_more: reached.is_none() }
        };
        let first = energies.first().map_or(0.0, |first| (first / total).min(1.0));
        Some(Self { rank90: rank(0.90), rank99: rank(0.99), first, estimated })
    }

    /// Of the pair's difference, whose largest weight is `largest` and whose squared norm `energy`; none for a matrix too
    /// wide to hold a few rows of.
    pub fn of(pair: &mut Pair, largest: f64, energy: f64) -> Result<Option<Self>, Error> {
        let (rows, columns) = (pair.rows, pair.columns);
        if largest <= 0.0 || columns > LONGEST_ROW {
            return Ok(None);
        }
        if rows.min(columns) <= EXACT_SIDE && rows.saturating_mul(columns) <= EXACT_WEIGHTS {
            let energies = eigenvalues(gram(pair, largest)?);
            let total = energies.iter().map(|energy| energy.max(0.0)).sum();
            return Ok(Self::new(energies, total, false));
        }
        let mut energies = eigenvalues(sketch(pair, largest)?);
        energies.sort_by(|a, b| b.total_cmp(a));
        energies.truncate(SKETCH - OVERSAMPLED);
        Ok(Self::new(energies, energy / largest / largest, true))
    }

    /// Of the product `left right`, of which neither is formed: with `left = Q R` and `right^T = P S`, the singular values
    /// of the product are those of the small `R S^T`. Returns the squared norm too, and what weighs rows of `left`: the
    /// norm of row i of the product is that of row i of `left S^T`.
    pub fn of_product(left: &DMatrix<f64>, right: &DMatrix<f64>) -> (Option<Self>, f64, DMatrix<f64>) {
        let (r, s) = (left.clone().qr().unpack_r(), right.transpose().qr().unpack_r());
        let weigher = s.transpose();
        let core = &r * &weigher;
        let energies = eigenvalues(&core * core.transpose());
        let total = energies.iter().map(|energy| energy.max(0.0)).sum();
        (Self::new(energies, total, false), total, weigher)
    }
}

/// Eigenvalues of a Gram matrix, which are its singular values: nalgebra bounds the steps of that iteration. None where it
/// does not end, which sound numbers do not cause.
fn eigenvalues(gram: DMatrix<f64>) -> Vec<f64> {
    if gram.is_empty() || gram.iter().any(|value| !value.is_finite()) {
        return Vec::new();
    }
    let steps = STEPS_EACH * gram.nrows();
    let found = SVD::try_new_unordered(gram, false, false, f64::EPSILON, steps);
    found.map_or_else(Vec::new, |found| found.singular_values.iter().copied().collect())
}

/// `D^T D` or `D D^T`, whichever is smaller; its eigenvalues are the squared singular values of `D`.
fn gram(pair: &mut Pair, scale: f64) -> Result<DMatrix<f64>, Error> {
    let (rows, columns) = (pair.rows, pair.columns);
    if rows < columns {
        let mut whole = Vec::with_capacity(rows * columns);
        pair.differences(scale, |block| whole.extend(block))?;
        let product = tensor(whole, rows, columns).and_then(|d| to_mat(&d.matmul(&d.t()?)?));
        return product.map_err(|error| trouble(pair, error));
    }
    let mut sum = DMatrix::zeros(columns, columns);
    let mut failed = None;
    pair.differences(scale, |block| {
        let rows = block.len() / columns;
        match tensor(block, rows, columns).and_then(|d| to_mat(&d.t()?.matmul(&d)?)) {
            Ok(product) => sum += product,
            Err(error) => failed = Some(error),
        }
    })?;
    failed.map_or(Ok(sum), |error| Err(trouble(pair, error)))
}

/// Subspace iteration on `D^T D` from a random start (Halko, Martinsson & Tropp 2011, "Finding structure with randomness",
/// algorithm 4.4 with two iterations; section 5.5 for reading a matrix a few rows at a time). Returns the Gram matrix of
/// `D W`, where the columns of `W` span the directions found.
fn sketch(pair: &mut Pair, scale: f64) -> Result<DMatrix<f64>, Error> {
    let columns = pair.columns;
    let width = SKETCH.min(columns).min(pair.rows);
    let mut random = ChaCha8Rng::seed_from_u64(0);
    // The sum of twelve uniform numbers is normal enough: any start without a preferred direction serves.
    let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
    let mut basis = DMatrix::from_fn(columns, width, |_, _| normal());
    for _ in 0..2 {
        basis = pass(pair, scale, &basis, |d, y| d.t()?.matmul(y))?.qr().q();
    }
    pass(pair, scale, &basis, |_, y| y.t()?.matmul(y))
}

/// Sums `fold(D_b, D_b W)` over blocks of rows `D_b`.
fn pass(
    pair: &mut Pair,
    scale: f64,
    basis: &DMatrix<f64>,
    fold: impl Fn(&Tensor, &Tensor) -> candle_core::Result<Tensor>,
) -> Result<DMatrix<f64>, Error> {
    let (columns, width) = (basis.nrows(), basis.ncols());
    let flat = (0..columns).flat_map(|i| (0..width).map(move |j| basis[(i, j)] as f32)).collect();
    let w = tensor(flat, columns, width).map_err(|error| trouble(pair, error))?;
    let mut sum: candle_core::Result<Option<Tensor>> = Ok(None);
    pair.differences(scale, |block| {
        let rows = block.len() / columns;
        let part = || {
            let d = tensor(block, rows, columns)?;
            fold(&d, &d.matmul(&w)?)
        };
        sum = match std::mem::replace(&mut sum, Ok(None)) {
            Ok(Some(sum)) => part().and_then(|part| sum + part).map(Some),
            Ok(None) => part().map(Some),
            failed => failed,
        };
    })?;
    let sum = sum.and_then(|sum| sum.map_or_else(|| Ok(DMatrix::zeros(columns, width)), |sum| to_mat(&sum)));
    sum.map_err(|error| trouble(pair, error))
}

fn tensor(values: Vec<f32>, rows: usize, columns: usize) -> candle_core::Result<Tensor> {
    Tensor::from_vec(values, (rows, columns), &Device::Cpu)
}

fn to_mat(tensor: &Tensor) -> candle_core::Result<DMatrix<f64>> {
    let rows = tensor.to_vec2::<f32>()?;
    Ok(DMatrix::from_fn(rows.len(), rows.first().map_or(0, Vec::len), |i, j| f64::from(rows[i][j])))
}

fn trouble(pair: &Pair, error: candle_core::Error) -> Error {
    let problem = error.to_string().lines().next().unwrap_or_default().to_string();
    Error::Weights { file: pair.base.folder().into(), problem }
}
