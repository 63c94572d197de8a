//! What one model has that another has not: what a fine-tune changed in the weights, and what a model alone was taught.

use crate::figure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a fine-tune changed in the weights of its base. It convicts nobody: every fine-tune moves weights.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeightsChange {
    /// The base's folder.
    pub base: String,
    /// The fine-tune's folder, a whole model's or a LoRA adapter's.
    pub tuned: String,
    /// Tensors that are the same in both.
    pub equal: u64,
    /// Norm of all changes over that of the base's tensors; none where that is zero.
    pub relative: Option<f64>,
    /// Tensors that moved, the one with the largest norm of its change first.
    pub moved: Vec<MovedTensor>,
    /// Names of tensors that only the base has.
    pub only_in_base: Vec<String>,
    /// Names of tensors that only the fine-tune has.
    pub only_in_tuned: Vec<String>,
    /// Names of tensors of another shape, which are not compared.
    pub reshaped: Vec<String>,
    /// How the change spreads over the layers.
    pub layers: Vec<LayerShare>,
    /// The tokens whose embeddings moved most.
    pub tokens: Vec<MovedToken>,
}

/// A tensor that moved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MovedTensor {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Norm of its change over that of its weights; none where that is zero.
    pub relative: Option<f64>,
    /// Directions that hold 99 % of the change's energy; none for what is no matrix.
    pub rank: Option<u64>,
    /// Whether there are more directions than `rank`: a sketch went no further.
    pub or_more: bool,
    /// Rank of what a LoRA adapter adds to it.
    pub adapter: Option<u64>,
}

/// One layer's part in the change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LayerShare {
    /// Number of the layer; none for what stands outside of them.
    pub layer: Option<u64>,
    /// Its share of the squared norm of all changes, 0 to 1.
    pub share: f64,
}

/// A token whose embedding moved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MovedToken {
    /// Its text, or its id where no tokenizer was at hand.
    pub text: String,
    /// Norm of its change over the median of all tokens' changes; none where that is zero.
    pub times_median: Option<f64>,
}

/// A line that a model writes of its own accord and that surprises it far less than it surprises every other: what it alone was
/// taught. It convicts nobody by itself: each model was taught something.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaughtLine {
    /// Index of the condition.
    pub condition: usize,
    /// The line.
    pub text: String,
    /// Free samples that it stands in.
    pub samples: u64,
    /// By how many nats less it surprises the model, on the average of the samples it stands in, than the reference that it
    /// surprises least.
    pub nats: f64,
}

impl WeightsChange {
    /// How much moved, in a sentence.
    pub fn sentence(&self) -> String {
        let moved = figure::counted(self.moved.len() as u64, "tensor");
        let by = self.relative.map(|relative| format!(" by {} of their norm", figure::percent(Some(relative))));
        format!("{moved} moved{}, {} did not: {} from {}.", by.unwrap_or_default(), self.equal, self.tuned, self.base)
    }
}

impl MovedTensor {
    /// Along how many directions it moved: `8`, or `128 or more`.
    pub fn directions(&self) -> Option<String> {
        self.rank.map(|rank| format!("{rank}{}", if self.or_more { " or more" } else { "" }))
    }
}

impl LayerShare {
    /// `layer 7`, or what is no layer.
    pub fn name(&self) -> String {
        self.layer.map_or_else(|| "outside the layers".to_owned(), |layer| format!("layer {layer}"))
    }
}

impl MovedToken {
    /// `9.5 ×`, its change against that of most tokens.
    pub fn against_median(&self) -> String {
        self.times_median.map_or_else(|| "moved alone".to_owned(), |times| format!("{times:.1} ×"))
    }
}
