//! One sentence to a human for each way a model can fail.

use std::path::PathBuf;

/// Why a model could not be opened or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The backend has no such ability.
    #[error("{model}: this backend has no {what}; use one that has (local weights have all)")]
    Unsupported {
        /// The model's name.
        model: String,
        /// The missing ability.
        what: &'static str,
    },

    /// Nothing is there, or nothing that can be opened as a model.
    #[error(
        "{spec}: not a model; give a folder or .gguf file of weights, an http(s) address, or a .jsonl or .parquet recording"
    )]
    NotAModel {
        /// What was asked for.
        spec: String,
    },
    /// A file could not be read.
    #[error("{file}: cannot be read ({source})")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A folder without weights.
    #[error("{folder}: no weights here; a model folder holds config.json, *.safetensors and tokenizer.json")]
    NoWeights {
        /// The folder.
        folder: String,
    },
    /// Weights that would run code when loaded.
    #[error("{file}: pickled weights run code when loaded, so taster refuses them; convert them to safetensors")]
    Pickle {
        /// The file.
        file: String,
    },
    /// A decoder that this crate does not compute.
    #[error("{file}: architecture `{name}` is unknown; known are {known} (or serve the model and give its address)")]
    UnknownArchitecture {
        /// The configuration file.
        file: String,
        /// The name it gives.
        name: String,
        /// The names that work.
        known: String,
    },
    /// A configuration that says nothing usable.
    #[error("{file}: unusable configuration, {problem}")]
    Config {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A tokenizer that is missing, broken or another model's.
    #[error("{file}: tokenizer does not fit, {problem}")]
    Tokenizer {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A weights file that is not what it claims to be.
    #[error("{file}: broken weights, {problem}; download it again or do not trust it")]
    Weights {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A tensor that the architecture needs is not there.
    #[error("{file}: tensor {tensor} is missing, so these are not the weights of this architecture")]
    MissingTensor {
        /// The file or folder.
        file: String,
        /// The tensor's name.
        tensor: String,
    },
    /// A tensor has another shape than the configuration says.
    #[error("{file}: tensor {tensor} has shape {found:?}, the configuration asks for {expected:?}")]
    TensorShape {
        /// The file.
        file: String,
        /// The tensor's name.
        tensor: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape that the configuration implies.
        expected: Vec<usize>,
    },
    /// Weights that cannot be compared where they are.
    #[error(
        "{path}: weights are compared between Hugging Face folders (config.json, *.safetensors) or with a LoRA adapter's; for a GGUF file or a server give the folder that its weights were made from"
    )]
    NotComparable {
        /// What was asked for.
        path: String,
    },
    /// Two models without a common tensor.
    #[error(
        "{tuned}: shares no tensor of the same name and shape with {base}, so it was not tuned from that; give the base that it started from"
    )]
    Unrelated {
        /// The model taken for the base.
        base: String,
        /// The model or adapter taken for its fine-tune.
        tuned: String,
    },
    /// An adapter that says more than a low-rank addition.
    #[error("{file}: {problem}; merge the adapter into its base (merge_and_unload) and compare the merged folder")]
    Adapter {
        /// The adapter's file.
        file: String,
        /// What is beyond this crate.
        problem: String,
    },

    /// Weights that cannot be looked into, or not at this place.
    #[error("{model}: no gradients, {problem}")]
    WhiteBox {
        /// The model's name.
        model: String,
        /// Why, and what to do.
        problem: String,
    },

    /// A server's URL that cannot be used.
    #[error("{url} {why}; give it as http://host:port or https://host/path, and a key in an environment variable")]
    Url {
        /// The URL, or words for it where it may hold a secret.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },

    /// An API key that cannot be used.
    #[error("the environment variable {variable} {why}; put the server's API key into it")]
    Key {
        /// The variable that should hold it.
        variable: String,
        /// What is wrong with it.
        why: &'static str,
    },

    /// No server at the address.
    #[error("{url}: cannot be reached ({why}); check the address, and that the server runs")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What the connection said.
        why: String,
    },

    /// A server that answers, but nothing that can be used.
    #[error("{url}: no usable answer: {why}")]
    NoAnswer {
        /// What was asked.
        url: String,
        /// What came instead, and what to do.
        why: String,
    },

    /// A request that the server turns down.
    #[error("{url}: refused with status {status} ({said}); {advice}")]
    Refused {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The server's reason, escaped and cut.
        said: String,
        /// What the user can do.
        advice: &'static str,
    },

    /// A server that stayed busy, broken or silent.
    #[error(
        "{url}: gave up after {tries} tries: {why}; what arrived before is kept, try again when the server is well"
    )]
    GaveUp {
        /// What was asked.
        url: String,
        /// How often.
        tries: usize,
        /// What went wrong the last time.
        why: String,
    },

    /// A recording that cannot be used.
    #[error("recording {}: {why}; its columns are described in docs/recording.md", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },

    /// A recording that lacks what is asked.
    #[error(
        "{recording}: {recorded} of {asked} completions are recorded for the prompt that ends in \"{prompt}\"; ask only what was recorded"
    )]
    NotRecorded {
        /// The recording's name.
        recording: String,
        /// The prompt's end, escaped.
        prompt: String,
        /// Completions there are.
        recorded: usize,
        /// Completions asked for.
        asked: usize,
    },

    /// The operating system has no thread left.
    #[error("cannot start a thread to ask the server ({0}); lower the concurrency")]
    Thread(#[source] std::io::Error),
}

/// Text from outside, made safe to print: control and invisible characters escaped, and cut after `longest` characters.
pub(crate) fn printable(text: &str, longest: usize) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        if safe.chars().count() >= longest {
            safe.push('…');
            break;
        }
        match c {
            '\'' | '"' => safe.push(c),
            _ => safe.extend(c.escape_debug()),
        }
    }
    safe
}
