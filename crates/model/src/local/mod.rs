//! Weights on this machine: Hugging Face folders and GGUF files.

mod cache;
#[cfg(any(feature = "cuda", test))]
mod card;
mod config;
mod decoder;
pub(crate) mod folder;
mod generate;
mod gguf;
mod kernels;
mod matrix;
mod prefix;
mod sampler;
mod score;
pub(crate) mod tensors;
mod vocabulary;
mod white_box;

use crate::{Capabilities, Card, Completion, Error, Model, Query, Sampling, TokenLogprob, WhiteBox};
use decoder::Decoder;
use generate::Generation;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::OnceLock;
use vocabulary::Vocabulary;
use white_box::Unpacked;

/// A model whose weights are in memory. Completions depend on the query, the seed and the sample alone, bit for bit,
/// whatever they are batched with.
pub struct Local {
    card: Card,
    decoder: Decoder,
    vocabulary: Vocabulary,
    /// The weights in the form that can be differentiated, from the first time that somebody looks inside.
    unpacked: OnceLock<Unpacked>,
}

impl Local {
    /// Opens a Hugging Face folder (`config.json`, `*.safetensors`, `tokenizer.json`) or a GGUF file.
    ///
    /// # Errors
    /// Whatever is missing, does not fit together or is not what it claims to be.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path.is_dir() { folder::open(path) } else { gguf::open(path) }
    }

    fn new(card: Card, decoder: Decoder, vocabulary: Vocabulary) -> Self {
        Self { card, decoder, vocabulary, unpacked: OnceLock::new() }
    }
}

/// What the report says of a model at `path`.
fn card(path: &Path, decoder: &Decoder, sha256: String) -> Card {
    Card {
        name: path.display().to_string(),
        backend: "local".into(),
        architecture: Some(decoder.config.architecture.name().into()),
        parameters: Some(decoder.parameters()),
        context: Some(decoder.config.context),
        sha256: Some(sha256),
    }
}

impl Model for Local {
    fn card(&self) -> &Card {
        &self.card
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { log_probabilities: true, infill: false, weights: true, healing: true, free_samples: true }
    }

    fn complete(
        &self,
        queries: &[Query],
        sampling: &Sampling,
        sink: &mut dyn FnMut(Completion) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        Generation { decoder: &self.decoder, vocabulary: &self.vocabulary, sampling, queries }.run(sink);
        Ok(())
    }

    fn score(&self, pairs: &[(String, String)]) -> Result<Vec<Vec<TokenLogprob>>, Error> {
        Ok(score::score(&self.decoder, &self.vocabulary, pairs))
    }

    fn white_box(&self) -> Result<&dyn WhiteBox, Error> {
        white_box::supported(self)?;
        Ok(self)
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.vocabulary.encode(text).len()
    }
}
