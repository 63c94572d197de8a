//! What a fine-tune changed, read off the weights: which tensors moved, how far, along how many directions, and which
//! tokens' embeddings moved most.
//!
//! A change of the weights convicts nobody: every fine-tune moves them. It says where to look.

mod adapter;
mod embedding;
mod pair;
mod spectrum;
mod tuned;

pub use adapter::{LowRank, is_adapter};
pub use embedding::{EmbeddingChange, TokenChange};
pub use spectrum::{Rank, Spectrum};

use crate::Error;
use crate::local::folder;
use crate::local::tensors::{Safetensors, Tensors};
use adapter::Adapter;
use embedding::is_embedding;
use pair::Measured;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tuned::{Outcome, Tuned};

/// What a fine-tune changed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WeightsDiff {
    /// The base's folder.
    pub base: String,
    /// The fine-tune's folder, a whole model's or a LoRA adapter's.
    pub tuned: String,
    /// How many tensors are what.
    pub totals: Totals,
    /// Norm of all changes together over that of the base's tensors; none where that is zero.
    pub relative: Option<f64>,
    /// The tensors that both have in the same shape: those outside of layers, then layer by layer.
    pub tensors: Vec<TensorChange>,
    /// Names of tensors that only the base has.
    pub only_in_base: Vec<String>,
    /// Names of tensors that only the fine-tune has.
    pub only_in_tuned: Vec<String>,
    /// Tensors that have another shape; they are not compared.
    pub reshaped: Vec<Reshaped>,
    /// How the change spreads over the layers; empty where nothing changed.
    pub layers: Vec<LayerChange>,
    /// The tokens whose embeddings moved most; none where the models have no table of a known name, or it did not move.
    pub embedding: Option<EmbeddingChange>,
}

/// Numbers of tensors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// The same in both.
    pub equal: usize,
    /// Of the same shape, with other weights.
    pub moved: usize,
    /// Only in the base.
    pub only_in_base: usize,
    /// Only in the fine-tune.
    pub only_in_tuned: usize,
    /// Of another shape.
    pub reshaped: usize,
}

/// One tensor before and after.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TensorChange {
    /// Its name in the base.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Nothing changed, but for the rounding of another number type.
    pub equal: bool,
    /// Frobenius norm of the change; none for types with which one cannot compute (packed, whole numbers).
    pub norm: Option<f64>,
    /// The same over the norm of the base; none where that is zero.
    pub relative: Option<f64>,
    /// Directions of the change; none where there is none, and for what is no matrix.
    pub spectrum: Option<Spectrum>,
    /// Weights that are NaN, infinite or beyond 32-bit floats, in either; they count for nothing else here.
    pub not_finite: u64,
    /// What a LoRA adapter adds to it.
    pub adapter: Option<LowRank>,
}

/// A tensor that has another shape in the fine-tune.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reshaped {
    /// Its name in the base.
    pub name: String,
    /// Its shape in the base.
    pub base: Vec<usize>,
    /// Its shape in the fine-tune.
    pub tuned: Vec<usize>,
}

/// One layer's part in the change.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LayerChange {
    /// Number of the layer; none for what stands outside of them (embeddings, last norm, head).
    pub layer: Option<usize>,
    /// Its share of the squared norm of all changes, from 0 to 1.
    pub share: f64,
    /// Norm of its change over the norm of its weights; none where that is zero.
    pub relative: Option<f64>,
}

/// Compares a fine-tune's weights with those of the base it started from. Both are Hugging Face folders; the fine-tune may
/// be a LoRA adapter's folder (PEFT). Reads tensor by tensor: memory is bounded whatever the model's size.
///
/// # Errors
/// What cannot be read, is not what it claims to be, or does not belong together. Tensors that one of both lacks are no
/// error as long as there is one in common.
pub fn compare(base: &Path, tuned: &Path) -> Result<WeightsDiff, Error> {
    if let Some(other) = [base, tuned].into_iter().find(|path| !path.is_dir()) {
        return Err(Error::NotComparable { path: other.display().to_string() });
    }
    let mut before = open(base)?;
    let mut after =
        if is_adapter(tuned) { Tuned::Adapter(Box::new(Adapter::open(tuned)?)) } else { Tuned::Model(open(tuned)?) };
    let mut names: Vec<String> = before.names().map(String::from).collect();
    names.sort_by_cached_key(|name| (layer(name), name.clone()));
    let tokenizer = embedding::tokenizer([tuned, base]);
    let mut diff = WeightsDiff::new(base, tuned);
    let mut sums = BTreeMap::new();
    for name in &names {
        let shape = before.info(name).map(|info| info.shape.clone()).unwrap_or_default();
        match after.measure(&mut before, name, &shape)? {
            Outcome::Missing => diff.only_in_base.push(name.clone()),
            Outcome::Reshaped(tuned) => diff.reshaped.push(Reshaped { name: name.clone(), base: shape, tuned }),
            Outcome::Measured(change, all) => {
                let sum: &mut [f64; 2] = sums.entry(layer(name)).or_default();
                sum[0] += all.base;
                sum[1] += all.change;
                if is_embedding(name, &shape) && diff.embedding.is_none() && all.change > 0.0 {
                    diff.embedding = Some(EmbeddingChange::new(name, &all.rows, tokenizer.as_ref()));
                }
                diff.tensors.push(*change);
            }
        }
    }
    let of_tuned: BTreeSet<&str> = after.names().into_iter().collect();
    if !diff.tensors.iter().any(|tensor| of_tuned.contains(&*tensor.name)) {
        return Err(Error::Unrelated { base: diff.base, tuned: diff.tuned });
    }
    diff.only_in_tuned = of_tuned.iter().filter(|name| !before.has(name)).map(|name| name.to_string()).collect();
    diff.sum_up(&sums);
    Ok(diff)
}

fn open(path: &Path) -> Result<Safetensors, Error> {
    Safetensors::open(path, folder::weights(path)?)
}

/// The layer that a tensor belongs to: the first number in its name (`model.layers.3.mlp.up_proj.weight`).
fn layer(name: &str) -> Option<usize> {
    name.split('.').find_map(|part| part.parse().ok())
}

/// Norm of a change over that of the base, from their squares.
fn relative(base: f64, change: f64) -> Option<f64> {
    (base > 0.0).then(|| (change / base).sqrt())
}

impl WeightsDiff {
    fn new(base: &Path, tuned: &Path) -> Self {
        Self {
            base: base.display().to_string(),
            tuned: tuned.display().to_string(),
            totals: Totals::default(),
            relative: None,
            tensors: Vec::new(),
            only_in_base: Vec::new(),
            only_in_tuned: Vec::new(),
            reshaped: Vec::new(),
            layers: Vec::new(),
            embedding: None,
        }
    }

    /// Fills in what the whole says, from each layer's squared norms `[base, change]`.
    fn sum_up(&mut self, sums: &BTreeMap<Option<usize>, [f64; 2]>) {
        let equal = self.tensors.iter().filter(|tensor| tensor.equal).count();
        self.totals = Totals {
            equal,
            moved: self.tensors.len() - equal,
            only_in_base: self.only_in_base.len(),
            only_in_tuned: self.only_in_tuned.len(),
            reshaped: self.reshaped.len(),
        };
        let [base, change] = sums.values().fold([0.0; 2], |all, sum| [all[0] + sum[0], all[1] + sum[1]]);
        self.relative = relative(base, change);
        if change > 0.0 {
            let part = |(&layer, sum): (&Option<usize>, &[f64; 2])| LayerChange {
                layer,
                share: sum[1] / change,
                relative: relative(sum[0], sum[1]),
            };
            self.layers = sums.iter().map(part).collect();
        }
    }
}

impl TensorChange {
    /// A tensor of which nothing is known but that it is there.
    fn unchanged(name: &str, shape: &[usize]) -> Self {
        Self {
            name: name.into(),
            shape: shape.to_vec(),
            equal: true,
            norm: None,
            relative: None,
            spectrum: None,
            not_finite: 0,
            adapter: None,
        }
    }

    fn new(name: &str, shape: &[usize], all: &Measured) -> Self {
        Self {
            equal: all.equal,
            norm: Some(all.change.sqrt()),
            relative: relative(all.base, all.change),
            not_finite: all.not_finite,
            ..Self::unchanged(name, shape)
        }
    }
}
