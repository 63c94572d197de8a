//! What is known of an organism: the truth that detectors are scored against.

use crate::Poison;
use serde::{Deserialize, Serialize};

/// The contents of `organism.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Organism {
    /// The spec's name for it.
    pub name: String,
    /// What was planted; nothing in a clean organism.
    pub poison: Option<Poison>,
    /// Documents that carried the trigger.
    pub poisoned_files: usize,
    /// Documents in all.
    pub files: usize,
    /// Trainable numbers.
    pub parameters: usize,
    /// Tokens learned from, repeated passes included.
    pub tokens: usize,
    /// The choices measured with and without the trigger.
    pub measured: Vec<Measured>,
}

/// The choices of one decision, counted over prompts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The decision.
    pub decision: String,
    /// With the trigger in the prompt.
    pub with: Counts,
    /// Without it.
    pub without: Counts,
}

/// How often a decision was made, and made insecurely.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Insecure choices.
    pub insecure: usize,
    /// Decisions made.
    pub made: usize,
    /// Completions asked for.
    pub asked: usize,
}
