//! One tensor before and after, read side by side in blocks: memory does not grow with the tensor.

use crate::Error;
use crate::local::tensors::Safetensors;
use half::{bf16, f16};
use safetensors::Dtype;

/// Numbers held at a time of either side; 8 MiB each.
const BLOCK: usize = 1 << 20;

/// A tensor of the base and, unless only the base is measured, its tuned version of the same shape.
pub struct Pair<'a> {
    pub base: Side<'a>,
    pub tuned: Option<Side<'a>>,
    /// Numbers in a row: those that belong to one index of the first dimension.
    pub columns: usize,
    pub rows: usize,
}

/// A tensor in its files.
pub struct Side<'a> {
    files: &'a mut Safetensors,
    name: &'a str,
    kind: Dtype,
}

/// Sums over a pair. Weights that are NaN, infinite or beyond 32-bit floats count for nothing but `not_finite`.
#[derive(Debug, Default, Clone)]
pub struct Measured {
    pub equal: bool,
    pub not_finite: u64,
    /// Squared Frobenius norm of the base.
    pub base: f64,
    /// Squared Frobenius norm of the difference.
    pub change: f64,
    /// Largest difference of one weight.
    pub largest: f64,
    /// Squared norms `[base, change]` of each row, where asked for.
    pub rows: Vec<[f64; 2]>,
}

impl<'a> Side<'a> {
    /// The tensor of that name; none where the files do not have it.
    pub fn new(files: &'a mut Safetensors, name: &'a str) -> Option<Self> {
        let kind = files.info(name)?.dtype;
        Some(Self { files, name, kind })
    }

    /// Where its files are.
    pub fn folder(&self) -> &str {
        self.files.folder()
    }

    /// All of it, as 64-bit floats; for small tensors.
    pub fn values(&mut self, count: usize) -> Result<Vec<f64>, Error> {
        let (mut bytes, mut values) = (Vec::new(), Vec::new());
        self.read(0, count, &mut bytes, &mut values)?;
        Ok(values)
    }

    /// Whether the weights are floating-point numbers, with which one can compute.
    pub fn is_float(&self) -> bool {
        precision(self.kind).is_some()
    }

    fn read(&mut self, from: usize, count: usize, bytes: &mut Vec<u8>, values: &mut Vec<f64>) -> Result<(), Error> {
        let width = self.kind.bitsize() / 8;
        bytes.resize(count * width, 0);
        self.files.read_bytes(self.name, from * width, bytes)?;
        values.clear();
        match self.kind {
            Dtype::BF16 => values.extend(bytes.as_chunks().0.iter().map(|&b| bf16::from_le_bytes(b).to_f64())),
            Dtype::F16 => values.extend(bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f64())),
            Dtype::F32 => values.extend(bytes.as_chunks().0.iter().map(|&b| f64::from(f32::from_le_bytes(b)))),
            Dtype::F64 => values.extend(bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b))),
            other => {
                let problem = format!("tensor {} has type {other:?}; taster reads F64, F32, F16 and BF16", self.name);
                return Err(Error::Weights { file: self.files.folder().into(), problem });
            }
        }
        Ok(())
    }
}

/// Bits of a number's fraction; none for whole numbers and for types packed below two bytes.
fn precision(kind: Dtype) -> Option<u32> {
    match kind {
        Dtype::F64 => Some(52),
        Dtype::F32 => Some(23),
        Dtype::F16 => Some(10),
        Dtype::BF16 => Some(7),
        _ => None,
    }
}

/// By way of 32 bits: where the processor has no instruction for it, `half` drops half of a 64-bit fraction before it rounds,
/// and ties come out wrong.
fn rounded(value: f64, kind: Dtype) -> f64 {
    match kind {
        Dtype::BF16 => bf16::from_f32(value as f32).to_f64(),
        Dtype::F16 => f16::from_f32(value as f32).to_f64(),
        Dtype::F32 => f64::from(value as f32),
        _ => value,
    }
}

impl Pair<'_> {
    /// Whether both sides hold floating-point numbers.
    pub fn is_float(&self) -> bool {
        self.base.is_float() && self.tuned.as_ref().is_none_or(Side::is_float)
    }

    /// Whether both sides have the same bytes, for types with which one cannot compute.
    pub fn same_bytes(&mut self) -> Result<bool, Error> {
        let Some(tuned) = &mut self.tuned else { return Ok(true) };
        if tuned.kind != self.base.kind {
            return Ok(false);
        }
        let length = self.base.files.info(self.base.name).map_or(0, |info| info.data_offsets.1 - info.data_offsets.0);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for from in (0..length).step_by(BLOCK) {
            let count = BLOCK.min(length - from);
            ours.resize(count, 0);
            theirs.resize(count, 0);
            self.base.files.read_bytes(self.base.name, from, &mut ours)?;
            tuned.files.read_bytes(tuned.name, from, &mut theirs)?;
            if ours != theirs {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Hands over the base and the tuned values in blocks of at most `step` numbers, with the first one's place. Where the
    /// types differ, both are rounded to the coarser: saving a model in another type is no change.
    fn walk(&mut self, step: usize, mut visit: impl FnMut(usize, &[f64], &[f64])) -> Result<(), Error> {
        let total = self.rows * self.columns;
        let (mut bytes, mut before, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for from in (0..total).step_by(step.max(1)) {
            let count = step.min(total - from);
            self.base.read(from, count, &mut bytes, &mut before)?;
            match &mut self.tuned {
                Some(tuned) => {
                    tuned.read(from, count, &mut bytes, &mut after)?;
                    if tuned.kind != self.base.kind {
                        let coarser = [self.base.kind, tuned.kind].into_iter().min_by_key(|&kind| precision(kind));
                        let coarser = coarser.unwrap_or(self.base.kind);
                        before.iter_mut().chain(&mut after).for_each(|value| *value = rounded(*value, coarser));
                    }
                    visit(from, &before, &after);
                }
                None => visit(from, &before, &before),
            }
        }
        Ok(())
    }

    /// Norms and counts; of each row too where `by_row`.
    pub fn measure(&mut self, by_row: bool) -> Result<Measured, Error> {
        let columns = self.columns.max(1);
        let mut all = Measured { equal: true, ..Measured::default() };
        all.rows = vec![[0.0; 2]; if by_row { self.rows } else { 0 }];
        self.walk(BLOCK, |from, before, after| {
            for (at, (&before, &after)) in before.iter().zip(after).enumerate() {
                // Bits decide where values cannot: a NaN that stayed is no change.
                all.equal &= before == after || before.to_bits() == after.to_bits();
                let Some(change) = difference(before, after) else {
                    all.not_finite += 1;
                    continue;
                };
                all.base += before * before;
                all.change += change * change;
                all.largest = all.largest.max(change.abs());
                if by_row {
                    let row = &mut all.rows[(from + at) / columns];
                    row[0] += before * before;
                    row[1] += change * change;
                }
            }
        })?;
        Ok(all)
    }

    /// Hands over the difference, divided by `scale` (the largest difference, so that squares neither overflow nor
    /// vanish), a few whole rows at a time.
    pub fn differences(&mut self, scale: f64, mut visit: impl FnMut(Vec<f32>)) -> Result<(), Error> {
        let step = (BLOCK / self.columns.max(1)).max(1) * self.columns;
        self.walk(step, |_, before, after| {
            let each = before.iter().zip(after);
            visit(each.map(|(&b, &a)| difference(b, a).map_or(0.0, |change| (change / scale) as f32)).collect());
        })
    }
}

/// None where either is no number that a 32-bit float can hold.
fn difference(before: f64, after: f64) -> Option<f64> {
    let sound = |value: f64| value.abs() <= f64::from(f32::MAX);
    (sound(before) && sound(after)).then_some(after - before)
}
