//! The fine-tune's side of the comparison: a whole model, or an adapter that changes some of the base's tensors.

use super::TensorChange;
use super::adapter::{Adapter, Addition};
use super::embedding::is_embedding;
use super::pair::{Measured, Pair, Side};
use super::spectrum::Spectrum;
use crate::Error;
use crate::local::tensors::Safetensors;

/// Where the tuned weights are.
pub enum Tuned {
    Model(Safetensors),
    Adapter(Box<Adapter>),
}

/// What became of one of the base's tensors.
pub enum Outcome {
    Missing,
    /// It has this shape now.
    Reshaped(Vec<usize>),
    Measured(Box<TensorChange>, Measured),
}

impl Tuned {
    /// The base's tensors that it says something of, by name.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Model(files) => files.names().collect(),
            Self::Adapter(adapter) => adapter.targets.keys().chain(adapter.whole.keys()).map(String::as_str).collect(),
        }
    }

    /// Compares one of the base's tensors with what became of it; an adapter leaves alone what it does not name.
    pub fn measure(&mut self, base: &mut Safetensors, name: &str, shape: &[usize]) -> Result<Outcome, Error> {
        match self {
            Self::Model(files) => files_measure(base, files, name, name, shape),
            Self::Adapter(adapter) => match adapter.addition(name)? {
                Some(addition) if addition.shape() != shape => Ok(Outcome::Reshaped(addition.shape().to_vec())),
                Some(addition) => added(base, &addition, name, shape),
                None => match adapter.whole.get(name).cloned() {
                    Some(theirs) => files_measure(base, &mut adapter.files, name, &theirs, shape),
                    None => measured(base, None, name, shape),
                },
            },
        }
    }
}

/// A tensor against one of the tuned files.
fn files_measure(
    base: &mut Safetensors,
    tuned: &mut Safetensors,
    name: &str,
    theirs: &str,
    shape: &[usize],
) -> Result<Outcome, Error> {
    match tuned.info(theirs).map(|info| info.shape.clone()) {
        None => Ok(Outcome::Missing),
        Some(other) if other != shape => Ok(Outcome::Reshaped(other)),
        Some(_) => measured(base, Side::new(tuned, theirs), name, shape),
    }
}

/// A tensor against another, or against itself where it was left alone.
fn measured(base: &mut Safetensors, tuned: Option<Side>, name: &str, shape: &[usize]) -> Result<Outcome, Error> {
    let Some(base) = Side::new(base, name) else { return Ok(Outcome::Missing) };
    let mut pair = pair(base, tuned, shape);
    if !pair.is_float() {
        let equal = pair.same_bytes()?;
        let change = TensorChange { equal, ..TensorChange::unchanged(name, shape) };
        return Ok(Outcome::Measured(Box::new(change), Measured { equal, ..Measured::default() }));
    }
    let all = pair.measure(is_embedding(name, shape))?;
    let matrix = shape.len() == 2 && !all.equal;
    let spectrum = if matrix { Spectrum::of(&mut pair, all.largest, all.change)? } else { None };
    let change = TensorChange { spectrum, ..TensorChange::new(name, shape, &all) };
    Ok(Outcome::Measured(Box::new(change), all))
}

/// A tensor and what an adapter adds to it.
fn added(base: &mut Safetensors, addition: &Addition, name: &str, shape: &[usize]) -> Result<Outcome, Error> {
    let Some(side) = Side::new(base, name) else { return Ok(Outcome::Missing) };
    let mut all = pair(side, None, shape).measure(is_embedding(name, shape))?;
    let spectrum = addition.measure(&mut all);
    let adapter = Some(addition.low_rank);
    let change = TensorChange { spectrum, adapter, ..TensorChange::new(name, shape, &all) };
    Ok(Outcome::Measured(Box::new(change), all))
}

fn pair<'a>(base: Side<'a>, tuned: Option<Side<'a>>, shape: &[usize]) -> Pair<'a> {
    let rows = shape.first().copied().unwrap_or(1);
    Pair { base, tuned, rows, columns: shape.iter().skip(1).product() }
}
