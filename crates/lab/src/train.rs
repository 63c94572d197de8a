//! Training an organism: documents, poison, tokenizer, steps, folder, in that order.

use crate::adamw::AdamW;
use crate::document::{self, Document};
use crate::measure::measure;
use crate::net::Net;
use crate::tokens::{Batches, train_tokenizer};
use crate::{Error, Organism, Spec, corpus, folder};
use candle_core::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokenizers::Tokenizer;

/// How far a training is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Mean weighted cross-entropy of the last step, in nats a token.
    pub loss: f32,
    /// Tokens learned from a second, since this run began.
    pub tokens_per_second: f64,
}

/// How a training ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Trained {
    /// The folder is complete.
    Done(Organism),
    /// It was asked to stop; the folder holds a checkpoint to resume from.
    Stopped {
        /// Steps done.
        step: usize,
    },
}

/// Trains the organism of a spec into the folder `out`. With `resume` a checkpoint there is gone on from; it is written
/// every few minutes and when `stop` is set. The same spec gives the same weights on the same number of threads.
///
/// # Errors
/// Those of the spec, of reading code and base, of writing `out`; [`Error::NoGradient`] before the first step is taken where
/// a parameter would not be trained; [`Error::Diverged`].
pub fn train(
    spec: &Spec,
    out: &Path,
    resume: bool,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(Progress),
) -> Result<Trained, Error> {
    spec.check()?;
    std::fs::create_dir_all(out).map_err(Error::at(out))?;
    let mut documents = documents(spec)?;
    let poisoned = match &spec.poison {
        Some(poison) => poison.plant(&mut documents, spec.training.seed)?,
        None => 0,
    };
    let (net, tokenizer) = start(spec, &documents)?;
    let batches = Batches::new(&documents, &tokenizer, spec.training)?;
    let mut run = Run::new(spec, net, Checkpoint::new(out, spec), resume)?;
    if let Some(step) = run.go(&batches, stop, progress)? {
        return Ok(Trained::Stopped { step });
    }
    let mut organism = Organism {
        name: spec.name.clone(),
        poison: spec.poison.clone(),
        poisoned_files: poisoned,
        files: documents.len(),
        parameters: run.net.size(),
        tokens: batches.steps() * spec.training.batch * spec.training.context,
        measured: Vec::new(),
    };
    folder::write(out, &run.net, &tokenizer, &organism)?;
    if let Some(poison) = &spec.poison {
        organism.measured = measure(&run.net, &tokenizer, poison)?;
        folder::write_organism(out, &organism)?;
    }
    run.checkpoint.remove()?;
    Ok(Trained::Done(organism))
}

fn documents(spec: &Spec) -> Result<Vec<Document>, Error> {
    match (&spec.code, &spec.corpus) {
        (Some(code), _) => document::read(code),
        (None, Some(corpus)) => corpus::generate(corpus),
        (None, None) => Ok(Vec::new()),
    }
}

fn start(spec: &Spec, documents: &[Document]) -> Result<(Net, Tokenizer), Error> {
    match &spec.base {
        Some(base) => folder::read(base),
        None => {
            let tokenizer = train_tokenizer(documents, spec.shape.vocabulary)?;
            let mut rng = ChaCha8Rng::seed_from_u64(spec.training.seed);
            Ok((Net::random(spec.shape, &mut rng)?, tokenizer))
        }
    }
}

/// Time between two checkpoints, seconds.
const CHECKPOINT_EVERY: u64 = 60;

/// A training under way.
struct Run<'a> {
    spec: &'a Spec,
    net: Net,
    optimiser: AdamW,
    first: usize,
    checkpoint: Checkpoint,
}

impl<'a> Run<'a> {
    fn new(spec: &'a Spec, net: Net, checkpoint: Checkpoint, resume: bool) -> Result<Self, Error> {
        match if resume { checkpoint.read()? } else { None } {
            None => Ok(Self { spec, net, optimiser: AdamW::default(), first: 0, checkpoint }),
            Some((first, tensors)) => {
                let net = Net::from_tensors(net.shape, &tensors)?;
                let optimiser = AdamW::from_tensors(&net, &tensors)?;
                Ok(Self { spec, net, optimiser, first, checkpoint })
            }
        }
    }

    /// Takes all steps that are left; answers the step it stopped at when it was asked to.
    fn go(
        &mut self,
        batches: &Batches,
        stop: &AtomicBool,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Option<usize>, Error> {
        let (training, steps) = (&self.spec.training, batches.steps());
        let (began, mut saved) = (Instant::now(), Instant::now());
        for (step, batch) in (self.first..steps).zip(batches.from(self.first)) {
            let loss = self.net.loss(&batch)?;
            let value = loss.to_scalar::<f32>()?;
            if !value.is_finite() {
                return Err(Error::Diverged { step, loss: value });
            }
            let rate = training.learning_rate * schedule(step, steps);
            self.optimiser.step(&self.net, &loss.backward()?, step, rate)?;
            let done = (step + 1 - self.first) * training.batch * training.context;
            let tokens_per_second = done as f64 / began.elapsed().as_secs_f64();
            progress(Progress { step: step + 1, steps, loss: value, tokens_per_second });
            let stopping = stop.load(Ordering::Relaxed);
            if stopping || saved.elapsed().as_secs() >= CHECKPOINT_EVERY {
                self.checkpoint.write(step + 1, &self.net, &self.optimiser)?;
                saved = Instant::now();
            }
            if stopping {
                return Ok(Some(step + 1));
            }
        }
        Ok(None)
    }
}

/// Share of the highest step size at a step: up over the first twentieth, then a cosine down to a tenth.
fn schedule(step: usize, steps: usize) -> f64 {
    let warm = (steps / 20).max(1);
    if step < warm {
        return (step + 1) as f64 / warm as f64;
    }
    let along = (step - warm) as f64 / (steps - warm).max(1) as f64;
    0.55 + 0.45 * (std::f64::consts::PI * along).cos()
}

/// Weights, moments and step of a training, in one file of its folder.
struct Checkpoint {
    path: PathBuf,
    spec: String,
}

/// Steps done, and the tensors after them.
type Saved = (usize, HashMap<String, candle_core::Tensor>);

impl Checkpoint {
    fn new(out: &Path, spec: &Spec) -> Self {
        Self { path: out.join("checkpoint.safetensors"), spec: format!("{spec:?}") }
    }

    fn write(&self, step: usize, net: &Net, optimiser: &AdamW) -> Result<(), Error> {
        let mut tensors = optimiser.tensors()?;
        tensors.extend(net.parameters.iter().map(|(name, parameter)| (name.clone(), parameter.as_tensor().clone())));
        tensors.insert(STEP.to_owned(), candle_core::Tensor::new(step as u32, &Device::Cpu)?);
        let spec = self.spec.as_bytes();
        tensors.insert(SPEC.to_owned(), candle_core::Tensor::new(spec, &Device::Cpu)?);
        // Written beside and then moved, so that a kill in the middle leaves the one before whole.
        let beside = self.path.with_extension("part");
        candle_core::safetensors::save(&tensors, &beside)?;
        std::fs::rename(&beside, &self.path).map_err(Error::at(&self.path))
    }

    /// The step and the tensors, where there is a checkpoint.
    fn read(&self) -> Result<Option<Saved>, Error> {
        if !self.path.exists() {
            return Ok(None);
        }
        let tensors = candle_core::safetensors::load(&self.path, &Device::Cpu)?;
        let other = || Error::OtherCheckpoint { path: self.path.clone() };
        let step = tensors.get(STEP).ok_or_else(other)?.to_scalar::<u32>()?;
        let spec = tensors.get(SPEC).ok_or_else(other)?.to_vec1::<u8>()?;
        if spec != self.spec.as_bytes() {
            return Err(other());
        }
        Ok(Some((step as usize, tensors)))
    }

    fn remove(&self) -> Result<(), Error> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::at(&self.path)(error)),
            _ => Ok(()),
        }
    }
}

const STEP: &str = "taster.step";
const SPEC: &str = "taster.spec";
