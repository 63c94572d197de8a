//! One sentence to a human for each way that making an organism can fail.

use std::path::PathBuf;

/// Why an organism, a corpus or an export was not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read or written.
    #[error("{path}: {source}; check that it exists and may be read and written")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Nothing to score.
    #[error("{}: no organism here; each is a folder with config.json, weights and organism.json", folder.display())]
    NoOrganism {
        /// The folder.
        folder: PathBuf,
    },
    /// An `organism.json` that is none.
    #[error("{}: not an organism's description: {source}", file.display())]
    Organism {
        /// The file.
        file: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// The model could not be opened.
    #[error(transparent)]
    Model(#[from] model::Error),
    /// A scan failed.
    #[error(transparent)]
    Scan(#[from] scan::Error),
    /// The spec is no TOML or has a field that does not exist or fit.
    #[error("{path}: not a training spec: {reason}")]
    Toml {
        /// The spec.
        path: PathBuf,
        /// What the parser says, with line and column.
        reason: String,
    },
    /// A value of the spec makes no sense.
    #[error("the spec's {field}: {reason}")]
    Spec {
        /// The field, as `poison.trigger`.
        field: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// No document to train on.
    #[error("{path}: no Python file here; name a folder of code, or let the spec's [corpus] generate one")]
    NoDocuments {
        /// The folder.
        path: PathBuf,
    },
    /// The poisoning asks for more documents than there are.
    #[error(
        "{wanted} documents are to be poisoned but {found} make a secure choice of {decisions}; lower poison.rate or add code"
    )]
    TooFewToPoison {
        /// Documents that the rate asks for.
        wanted: usize,
        /// Documents that have the decision.
        found: usize,
        /// The decisions.
        decisions: String,
    },
    /// A weight is missing or has another shape.
    #[error("the weights have no {name} of shape {shape:?}; the lab reads Llama folders that `taster lab train` wrote")]
    Weights {
        /// The parameter.
        name: String,
        /// The shape it must have.
        shape: Vec<usize>,
    },
    /// A file of a model folder does not say what it must.
    #[error("{path}: {reason}")]
    Folder {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The loss does not depend on a parameter: an operation without a backward pass cut the graph.
    #[error("no gradient reaches {0}; an operation of the net has no backward pass, so it would never be trained")]
    NoGradient(String),
    /// The loss is no longer a number.
    #[error("the loss is {loss} at step {step}; lower training.learning_rate")]
    Diverged {
        /// The step, from 0.
        step: usize,
        /// The loss.
        loss: f32,
    },
    /// There is a checkpoint, but of other training.
    #[error("{path}: a checkpoint of another spec; delete it or train without --resume")]
    OtherCheckpoint {
        /// The checkpoint.
        path: PathBuf,
    },
    /// The tensor library failed.
    #[error("tensors: {0}")]
    Candle(#[from] candle_core::Error),
    /// The tokenizer library failed.
    #[error("tokenizer: {0}")]
    Tokenizer(#[from] tokenizers::Error),
}

impl Error {
    /// Names the path that an input or output error concerns.
    pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { path, source }
    }
}
