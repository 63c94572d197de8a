//! Looking into a model instead of at what it writes: which tokens of a prompt would move a choice, and what the model
//! looks at while it makes one.

use crate::Error;
use std::ops::Range;

/// Two ways to go on from a prompt, and the part of the prompt that may be changed to make the first likelier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contrast {
    /// The prompt.
    pub prompt: String,
    /// Bytes of the prompt that may be changed.
    pub slot: Range<usize>,
    /// A continuation that chooses insecurely.
    pub insecure: String,
    /// A continuation that chooses securely.
    pub secure: String,
}

/// The slope of a contrast.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// Log probability of the insecure continuation minus that of the secure one, in nats.
    pub contrast: f64,
    /// What could stand at each token of the slot, in the order of the prompt.
    pub places: Vec<TokenCandidates>,
}

/// What could stand in the place of one token, by how far it would raise the contrast.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenCandidates {
    /// Bytes of the prompt that the token spells.
    pub at: Range<usize>,
    /// Tokens and the first-order rise of the contrast in nats, the largest first. All are printable text on one line.
    pub tokens: Vec<(String, f32)>,
}

/// How a model looks at a slot of its prompt while it writes a continuation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attention {
    /// Share of the attention that goes to the slot: mean over the continuation's tokens, all heads and blocks.
    pub mean: f32,
    /// The same for the head that looks at it most.
    pub most: f32,
    /// The share it would have if every token got as much.
    pub even: f32,
}

/// What only weights at hand can answer.
pub trait WhiteBox {
    /// For each token of the slot, the `most` tokens of the vocabulary that would raise the contrast most, to first order:
    /// the change of embedding times the gradient (HotFlip, Ebrahimi et al. 2018, section 3; GCG, Zou et al. 2023, section
    /// 2.2).
    ///
    /// # Errors
    /// [`Error::WhiteBox`] where the slot is no whole token of the prompt, or the text does not fit the context.
    fn gradient(&self, contrast: &Contrast, most: usize) -> Result<Gradient, Error>;

    /// How the model looks at the bytes `slot` of `prompt` while it writes `continuation`.
    ///
    /// # Errors
    /// As [`WhiteBox::gradient`].
    fn attention(&self, prompt: &str, slot: Range<usize>, continuation: &str) -> Result<Attention, Error>;
}
