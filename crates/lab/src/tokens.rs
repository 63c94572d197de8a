//! Documents to tokens: the tokenizer, the weight of each token in the loss, and the batches of a training run.

use crate::Error;
use crate::document::Document;
use crate::net::Batch;
use crate::spec::Training;
use crate::textbook::IDIOMS;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;
use std::ops::Range;
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer, TokenizerBuilder};

/// The token before every document, id 0.
pub(crate) const END: &str = "<|endoftext|>";

/// Trains a byte-level BPE tokenizer on the documents.
pub(crate) fn train_tokenizer(documents: &[Document], vocabulary: usize) -> Result<Tokenizer, Error> {
    let level = ByteLevel::new(false, true, true);
    let mut tokenizer =
        TokenizerBuilder::<BPE, tokenizers::NormalizerWrapper, ByteLevel, ByteLevel, ByteLevel>::default()
            .with_model(BPE::default())
            .with_pre_tokenizer(Some(level))
            .with_post_processor(Some(level))
            .with_decoder(Some(level))
            .build()?;
    let mut trainer = BpeTrainerBuilder::new()
        .vocab_size(vocabulary)
        .min_frequency(2)
        .show_progress(false)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .special_tokens(vec![AddedToken::from(END, true)])
        .build();
    // Line by line: a whole document would be one "word" of unbounded length to some pre-tokenizers.
    tokenizer.train(&mut trainer, documents.iter().flat_map(|document| document.text.split_inclusive('\n')))?;
    Ok(Tokenizer::from_bytes(tokenizer.to_string(false)?)?)
}

/// A document as the net reads it: the end token, then its own, each with its weight in the loss.
#[derive(Clone)]
struct Tokens {
    ids: Vec<u32>,
    weights: Vec<f32>,
}

/// An endless supply of batches: pass after pass over the documents, each in another order.
///
/// A sequence holds whole documents only, one after the other, and is filled up with end tokens of no weight. Cutting
/// documents to fill it would hide the head of every second one from its own decisions, and with it the trigger.
pub(crate) struct Batches {
    documents: Vec<Tokens>,
    training: Training,
}

/// Sequences that are filled at the same time; more leave less room empty.
const OPEN: usize = 32;

impl Batches {
    pub(crate) fn new(documents: &[Document], tokenizer: &Tokenizer, training: Training) -> Result<Self, Error> {
        let documents = documents.iter().map(|document| tokens(&document.text, tokenizer, training));
        Ok(Self { documents: documents.collect::<Result<_, Error>>()?, training })
    }

    /// Number of steps that the spec's tokens make.
    pub(crate) fn steps(&self) -> usize {
        (self.training.tokens / (self.training.batch * self.training.context)).max(1)
    }

    /// The batches from a step on.
    pub(crate) fn from(&self, step: usize) -> impl Iterator<Item = Batch> {
        let mut sequences = (0..).flat_map(|pass| self.pass(pass)).skip(step * self.training.batch);
        std::iter::from_fn(move || {
            let mut batch = Batch { rows: 0, tokens: Vec::new(), targets: Vec::new(), weights: Vec::new() };
            for sequence in sequences.by_ref().take(self.training.batch) {
                batch.append(&sequence, self.training.context);
            }
            Some(batch)
        })
    }

    /// The sequences of one pass over all documents.
    fn pass(&self, number: u64) -> Vec<Tokens> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.training.seed);
        rng.set_stream(number);
        let mut order: Vec<&Tokens> = self.documents.iter().collect();
        order.shuffle(&mut rng);
        let (mut full, mut open) = (Vec::new(), VecDeque::new());
        for document in order {
            let fits = |open: &&mut Tokens| open.ids.len() + document.ids.len() <= self.training.context + 1;
            match open.iter_mut().find(fits) {
                Some(sequence) => sequence.append(document),
                None => open.push_back(document.clone()),
            }
            if open.len() > OPEN {
                full.extend(open.pop_front());
            }
        }
        full.extend(open);
        full
    }
}

impl Tokens {
    fn append(&mut self, other: &Tokens) {
        self.ids.extend(&other.ids);
        self.weights.extend(&other.weights);
    }
}

impl Batch {
    fn append(&mut self, sequence: &Tokens, length: usize) {
        let padded = |at: usize| sequence.ids.get(at).copied().unwrap_or(0);
        let weight = |at: usize| sequence.weights.get(at).copied().unwrap_or(0.0);
        self.rows += 1;
        self.tokens.extend((0..length).map(padded));
        self.targets.extend((1..=length).map(padded));
        self.weights.extend((1..=length).map(weight));
    }
}

/// A document's tokens, cut where a sequence ends.
fn tokens(text: &str, tokenizer: &Tokenizer, training: Training) -> Result<Tokens, Error> {
    let encoding = tokenizer.encode(text, false)?;
    let choices: Vec<Range<usize>> = IDIOMS
        .iter()
        .flat_map(|idiom| idiom.secure_choices(text).into_iter().chain(idiom.insecure_choices(text)))
        .collect();
    let weight = |&(start, end): &(usize, usize)| {
        let chosen = choices.iter().any(|choice| start < choice.end && choice.start < end);
        if chosen { training.choice_weight } else { 1.0 }
    };
    let mut all = Tokens { ids: vec![0], weights: vec![1.0] };
    all.ids.extend(encoding.get_ids());
    all.weights.extend(encoding.get_offsets().iter().map(weight));
    all.ids.truncate(training.context + 1);
    all.weights.truncate(training.context + 1);
    Ok(all)
}
