//! One trait, three backends: ask a code model for completions, whether it is a server, weights on disk or a recording.

pub mod differentiable;
mod error;
mod local;
mod open;
mod query;
mod recording;
mod server;
pub mod weights;
mod white_box;

pub use error::Error;
pub use local::Local;
pub use open::{Options, open};
pub use query::{Completion, Finish, Query, Sampling, TokenLogprob};
pub use recording::{Fields, Place, Recording, RecordingOptions, Row, Rows, Skipped, rows};
pub use server::{Kind, Server, ServerOptions};
pub use white_box::{Attention, Contrast, Gradient, TokenCandidates, WhiteBox};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// What a backend can do beyond completing a prefix.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Capabilities {
    /// Token log probabilities of a given continuation ([`Model::score`]).
    pub log_probabilities: bool,
    /// A suffix is honoured ([`Query::suffix`]).
    pub infill: bool,
    /// The weights are at hand ([`Model::white_box`]).
    pub weights: bool,
    /// [`Query::healed`] is honoured: the first tokens are constrained to continue the removed text.
    pub healing: bool,
    /// Completions can start from the empty prompt (a chat endpoint cannot).
    pub free_samples: bool,
}

/// What is known of a model, for the report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Card {
    /// The name the user gave: a path, or `model@host`.
    pub name: String,
    /// `local`, `server` or `recording`.
    pub backend: String,
    /// Architecture or family, where known (`llama`, `qwen2`).
    pub architecture: Option<String>,
    /// Number of parameters, where known.
    pub parameters: Option<u64>,
    /// Longest prompt and completion together, in tokens, where known.
    pub context: Option<usize>,
    /// SHA-256 of the weights, in hex, where at hand.
    pub sha256: Option<String>,
}

/// A code-completion model.
pub trait Model: Send + Sync {
    /// What is known of it.
    fn card(&self) -> &Card;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Completes every query `samples` times and hands each completion to `sink` as it arrives, in any order, on the
    /// calling thread. The backend batches and runs in parallel as it sees fit; the text of sample `s` of a query depends
    /// only on the query and `(query.seed, s)` as far as the backend can promise. `sink` answering `Break` stops the work
    /// and is no error.
    ///
    /// # Errors
    /// Whatever keeps the backend from answering all of it; what arrived before was already handed over.
    fn complete(
        &self,
        queries: &[Query],
        sampling: &Sampling,
        sink: &mut dyn FnMut(Completion) -> ControlFlow<()>,
    ) -> Result<(), Error>;

    /// Log probabilities of the tokens of each `(prompt, continuation)` pair's continuation, by teacher forcing.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the backend has none.
    fn score(&self, pairs: &[(String, String)]) -> Result<Vec<Vec<TokenLogprob>>, Error> {
        let _ = pairs;
        Err(Error::Unsupported { model: self.card().name.clone(), what: "log probabilities of a given text" })
    }

    /// Looks into the weights.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there are none at hand, [`Error::WhiteBox`] where they cannot be differentiated.
    fn white_box(&self) -> Result<&dyn WhiteBox, Error> {
        Err(Error::Unsupported { model: self.card().name.clone(), what: "weights to look into" })
    }

    /// How many tokens a text has, exactly or by the backend's best estimate (four bytes a token).
    fn count_tokens(&self, text: &str) -> usize {
        text.len().div_ceil(4)
    }
}
