//! What is asked of a model and what it answers.

use serde::{Deserialize, Serialize};

/// One prompt, to be completed `samples` times.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Query {
    /// Code up to the place where the model takes over, no white space at its end.
    pub prompt: String,
    /// Text that the completion must begin with: what was cut from the prompt's end so that it ends where a token can
    /// end. Backends without [`Capabilities::healing`](crate::Capabilities) ignore it.
    pub healed: String,
    /// Code after the gap, for models that infill.
    pub suffix: Option<String>,
    /// How many completions.
    pub samples: usize,
    /// Seed of the first sample; sample `s` draws from the stream `(seed, s)`.
    pub seed: u64,
}

/// How to sample; the same for a whole call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Most tokens in a completion.
    pub max_tokens: usize,
    /// 0 is greedy.
    pub temperature: f64,
    /// Nucleus; 1 keeps everything.
    pub top_p: f64,
    /// Texts that end a completion (not part of it).
    pub stop: Vec<String>,
}

/// Why a completion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// End of text, or a stop text.
    Stop,
    /// `max_tokens` or the end of the context.
    Length,
}

/// One completion. Its text is hostile: never print it raw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// Index into the queries of the call.
    pub query: usize,
    /// Which sample, from 0.
    pub sample: usize,
    /// What the model wrote after `prompt`; begins with `healed` where the backend heals.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens generated.
    pub tokens: usize,
}

/// A token of a scored continuation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenLogprob {
    /// The token's text.
    pub text: String,
    /// Natural logarithm of its probability given all before it.
    pub logprob: f64,
}
