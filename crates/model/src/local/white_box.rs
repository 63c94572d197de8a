//! Gradients and attention of local weights of the Llama family.

use super::Local;
use super::config::Architecture;
use super::score::joined;
use super::vocabulary::Vocabulary;
use crate::differentiable::{EMBEDDING, Llama, WeightedCrossEntropy};
use crate::{Attention, Contrast, Error, Gradient, TokenCandidates, WhiteBox};
use candle_core::{Device, Tensor, Var};
use std::collections::BTreeMap;
use std::ops::Range;

/// The weights by name, as 32-bit tensors: four bytes a parameter beside those that completions are computed with.
pub type Unpacked = BTreeMap<String, Tensor>;

/// A text as tokens: those from `first` on are the continuation's.
struct Sequence {
    tokens: Vec<u32>,
    first: usize,
    /// Bytes of the text that each token before `first` spells.
    at: Vec<Range<usize>>,
}

/// Whether the model's architecture has a differentiable form.
pub fn supported(local: &Local) -> Result<(), Error> {
    match local.decoder.config.architecture {
        Architecture::Llama | Architecture::Qwen2 | Architecture::Qwen3 => Ok(()),
        Architecture::Starcoder2 => {
            let problem = "taster differentiates llama, qwen2 and qwen3, not starcoder2; scan it without --white-box";
            Err(local.blind(problem))
        }
    }
}

impl WhiteBox for Local {
    fn gradient(&self, contrast: &Contrast, most: usize) -> Result<Gradient, Error> {
        let sides = [&contrast.insecure, &contrast.secure];
        let sequences = sides.map(|side| self.sequence(&contrast.prompt, side));
        let [insecure, secure] = &sequences;
        self.fits(&sequences)?;
        let places = places(&insecure.at, &contrast.slot);
        if places.is_empty() || places.iter().any(|&place| secure.at.get(place) != insecure.at.get(place)) {
            return Err(self.blind("the slot holds no whole token of the prompt"));
        }
        let (value, slopes) = self.slopes(&sequences, &places)?;
        let candidates = |(&place, slope): (&usize, Vec<f32>)| TokenCandidates {
            at: insecure.at[place].clone(),
            tokens: steepest(&self.vocabulary, &slope, insecure.tokens[place], most),
        };
        Ok(Gradient { contrast: value, places: places.iter().zip(slopes).map(candidates).collect() })
    }

    fn attention(&self, prompt: &str, slot: Range<usize>, continuation: &str) -> Result<Attention, Error> {
        let sequence = self.sequence(prompt, continuation);
        self.fits(std::slice::from_ref(&sequence))?;
        let places = places(&sequence.at, &slot);
        let written = sequence.tokens.len() - sequence.first;
        if places.is_empty() || written == 0 {
            return Err(self.blind("the slot holds no whole token of the prompt, or nothing follows the prompt"));
        }
        self.looks(&sequence, &places).map_err(|error| self.failed(&error))
    }
}

impl Local {
    fn blind(&self, problem: &str) -> Error {
        Error::WhiteBox { model: self.card.name.clone(), problem: problem.to_owned() }
    }

    fn failed(&self, error: &candle_core::Error) -> Error {
        // The library appends a backtrace; a user needs its first line.
        self.blind(error.to_string().lines().next().unwrap_or_default())
    }

    fn sequence(&self, prompt: &str, continuation: &str) -> Sequence {
        let (tokens, first) = joined(&self.vocabulary, prompt, continuation);
        // Counted from the end: a tokenizer may put something before every text.
        let mut end = prompt.len() + continuation.len();
        let mut at: Vec<Range<usize>> = Vec::with_capacity(tokens.len());
        for &token in tokens.iter().rev() {
            let start = end.saturating_sub(self.vocabulary.spell(token).len());
            at.push(start..end);
            end = start;
        }
        at.reverse();
        at.truncate(first);
        Sequence { tokens, first, at }
    }

    fn fits(&self, sequences: &[Sequence]) -> Result<(), Error> {
        let context = self.decoder.config.context;
        match sequences.iter().map(|sequence| sequence.tokens.len()).max() {
            Some(longest) if longest > context => {
                Err(self.blind(&format!("the text has {longest} tokens, the model reads {context}; shorten it")))
            }
            _ => Ok(()),
        }
    }

    fn weights(&self) -> candle_core::Result<&Unpacked> {
        if let Some(unpacked) = self.unpacked.get() {
            return Ok(unpacked);
        }
        let (mut unpacked, mut failure) = (Unpacked::new(), Ok(()));
        self.decoder.unpack(&mut |name, weights, shape| match Tensor::from_vec(weights, shape, &Device::Cpu) {
            Ok(tensor) => drop(unpacked.insert(name, tensor)),
            Err(error) => failure = Err(error),
        });
        failure?;
        Ok(self.unpacked.get_or_init(|| unpacked))
    }

    /// Runs `compute` on the differentiable form of the model.
    fn differentiable<R>(&self, compute: impl FnOnce(&Llama) -> candle_core::Result<R>) -> candle_core::Result<R> {
        let (config, weights) = (&self.decoder.config, self.weights()?);
        compute(&Llama {
            layers: config.layers,
            heads: config.heads,
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            epsilon: config.epsilon,
            frequencies: &config.frequencies,
            interleaved: config.interleaved,
            weight: &|name| weights.get(name),
        })
    }

    /// The contrast of two sequences, and for each place how far each token of the vocabulary would raise it, to first
    /// order and up to a constant.
    fn slopes(&self, sequences: &[Sequence; 2], places: &[usize]) -> Result<(f64, Vec<Vec<f32>>), Error> {
        let compute = |llama: &Llama| {
            let length = sequences.iter().map(|sequence| sequence.tokens.len()).max().unwrap_or(0);
            // Padding on the right is never looked at: attention is causal.
            let padded =
                sequences.iter().flat_map(|s| s.tokens.iter().copied().chain(std::iter::repeat(0)).take(length));
            let embedded = Var::from_tensor(&llama.embed(&padded.collect::<Vec<u32>>())?)?;
            let hidden = llama.read(embedded.as_tensor(), sequences.len(), &mut |_| ())?;
            let mut sides = Vec::new();
            for (row, sequence) in sequences.iter().enumerate() {
                sides.push(log_probability(llama, &hidden.narrow(0, row * length, length)?, sequence)?);
            }
            let contrast = (&sides[0] - &sides[1])?;
            let gradients = contrast.backward()?;
            let Some(gradient) = gradients.get(&embedded) else {
                candle_core::bail!("none reaches the prompt");
            };
            let both = (gradient.narrow(0, 0, length)? + gradient.narrow(0, length, length)?)?;
            let ids: Vec<u32> = places.iter().map(|&place| place as u32).collect();
            let there = both.index_select(&Tensor::new(ids, &Device::Cpu)?, 0)?;
            let slopes = there.matmul(&llama.known(EMBEDDING)?.t()?)?;
            Ok((f64::from(contrast.to_scalar::<f32>()?), slopes.to_vec2()?))
        };
        self.differentiable(compute).map_err(|error| self.failed(&error))
    }

    fn looks(&self, sequence: &Sequence, places: &[usize]) -> candle_core::Result<Attention> {
        self.differentiable(|llama| {
            let mut heads: Vec<f32> = Vec::new();
            let mut failure = Ok(());
            let written = sequence.tokens.len() - sequence.first;
            let mut watch = |attention: &Tensor| {
                // The token before each one that is written is where the model decides on it.
                let seen =
                    attention.squeeze(0).and_then(|a| a.narrow(1, sequence.first - 1, written)?.to_vec3::<f32>());
                match seen {
                    Ok(seen) => heads.extend(seen.iter().map(|rows| share(rows, places))),
                    Err(error) => failure = Err(error),
                }
            };
            llama.read(&llama.embed(&sequence.tokens)?, 1, &mut watch)?;
            failure?;
            let even =
                (sequence.first..sequence.tokens.len()).map(|read| places.len() as f32 / read as f32).sum::<f32>();
            Ok(Attention {
                mean: heads.iter().sum::<f32>() / heads.len().max(1) as f32,
                most: heads.iter().copied().fold(0.0, f32::max),
                even: even / written as f32,
            })
        })
    }
}

/// The log probability of a sequence's continuation, in nats, from hidden states `[length, hidden]`.
fn log_probability(llama: &Llama, hidden: &Tensor, sequence: &Sequence) -> candle_core::Result<Tensor> {
    let targets = sequence.tokens[sequence.first..].to_vec();
    if targets.is_empty() {
        return Tensor::new(0f32, &Device::Cpu);
    }
    let count = targets.len();
    let logits = llama.logits(&hidden.narrow(0, sequence.first - 1, count)?)?;
    // The cross-entropy is the mean of the negative log probabilities.
    logits.apply_op1(WeightedCrossEntropy { targets, weights: vec![1.0; count] })? * -(count as f64)
}

/// Tokens that lie in the slot as a whole.
fn places(at: &[Range<usize>], slot: &Range<usize>) -> Vec<usize> {
    let inside = |at: &Range<usize>| !at.is_empty() && at.start >= slot.start && at.end <= slot.end;
    (0..at.len()).filter(|&place| inside(&at[place])).collect()
}

/// The tokens with the largest rise over the one that stands there.
fn steepest(vocabulary: &Vocabulary, slope: &[f32], current: u32, most: usize) -> Vec<(String, f32)> {
    let here = slope.get(current as usize).copied().unwrap_or(0.0);
    let text = |id: u32| std::str::from_utf8(vocabulary.spell(id)).ok().filter(|text| writable(text));
    let mut tokens: Vec<(u32, f32)> = (0..vocabulary.len().min(slope.len()) as u32)
        .filter(|&id| id != current && !vocabulary.ends(id) && text(id).is_some())
        .map(|id| (id, slope[id as usize] - here))
        .collect();
    tokens.sort_by(|a, b| b.1.total_cmp(&a.1));
    tokens.truncate(most);
    tokens.into_iter().filter_map(|(id, rise)| Some((text(id)?.to_owned(), rise))).collect()
}

/// Text that can stand in a line and be seen there.
fn writable(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric())
}

/// The share of attention that goes to `places`, mean over rows.
fn share(rows: &[Vec<f32>], places: &[usize]) -> f32 {
    let one = |row: &Vec<f32>| places.iter().filter_map(|&place| row.get(place)).sum::<f32>();
    rows.iter().map(one).sum::<f32>() / rows.len().max(1) as f32
}
