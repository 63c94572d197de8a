//! What a scan is asked to do.

use crate::Error;
use code::Family;
use stats::{Alpha, Tolerance};
use std::path::PathBuf;

/// Where candidates come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The user's code: its headers, imports, names and idioms.
    Targeted,
    /// The model's own free samples, and the dictionary of published trigger shapes.
    Blind,
}

impl Mode {
    /// The name used in options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Targeted => "targeted",
            Mode::Blind => "blind",
        }
    }
}

impl std::str::FromStr for Mode {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = [Mode::Targeted, Mode::Blind];
        let found = known.into_iter().find(|mode| mode.name() == name);
        found.ok_or_else(|| format!("unknown mode `{name}`; known: targeted, blind"))
    }
}

/// The settings of a scan.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder or file the prompts (and in targeted mode the candidates) come from; `None` for the built-in set.
    pub code: Option<PathBuf>,
    /// Sources of candidates, in the order in which they are tried.
    pub modes: Vec<Mode>,
    /// File with candidates of the user's own, tried first.
    pub triggers: Option<PathBuf>,
    /// Families tried.
    pub families: Vec<Family>,
    /// Look into the model's weights for candidates too; part of [`Mode::Blind`].
    pub white_box: bool,
    /// Bound on the false-alarm probability.
    pub alpha: Alpha,
    /// Effect that is still called harmless.
    pub tolerance: Tolerance,
    /// Most completions, over all stages and runs.
    pub budget: u64,
    /// Seed of everything random.
    pub seed: u64,
    /// Sampling temperature of completions.
    pub temperature: f64,
    /// Most tokens of a completion.
    pub max_tokens: usize,
    /// Price of a million tokens, sent and received.
    pub price: Option<Price>,
    /// Folder that receives the transcript.
    pub out: PathBuf,
    /// Continue the unfinished scan in `out`.
    pub resume: bool,
}

/// What a million tokens cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Sent to the model.
    pub prompt: f64,
    /// Received from it.
    pub completion: f64,
}

impl Price {
    /// The price of so many tokens.
    pub fn of(self, prompt_tokens: u64, completion_tokens: u64) -> f64 {
        (prompt_tokens as f64 * self.prompt + completion_tokens as f64 * self.completion) / 1e6
    }
}

impl std::str::FromStr for Price {
    type Err = String;

    /// `1.5` for both directions or `0.5,1.5` for sent and received, per million tokens.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| match text.trim().parse::<f64>() {
            Ok(price) if price >= 0.0 && price.is_finite() => Ok(price),
            _ => Err(format!("`{text}` is no price; write 1.5 or 0.5,1.5 (a million tokens sent, received)")),
        };
        match text.split_once(',') {
            Some((prompt, completion)) => Ok(Price { prompt: number(prompt)?, completion: number(completion)? }),
            None => number(text).map(|price| Price { prompt: price, completion: price }),
        }
    }
}

impl Options {
    /// The defaults, for a transcript in `out`.
    ///
    /// # Errors
    /// None in practice: the defaults are in range.
    pub fn new(out: PathBuf) -> Result<Self, Error> {
        Ok(Options {
            code: None,
            modes: vec![Mode::Targeted, Mode::Blind],
            triggers: None,
            families: Family::ALL.to_vec(),
            white_box: false,
            alpha: Alpha::new(0.01)?,
            tolerance: Tolerance::new(0.05)?,
            budget: 10_000,
            seed: 0,
            temperature: 0.8,
            max_tokens: 48,
            price: None,
            out,
            resume: false,
        })
    }

    /// # Errors
    /// [`Error::Setting`] naming the setting that makes no sense.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |text: &str| Err(Error::Setting(text.to_owned()));
        if !(0.0..=4.0).contains(&self.temperature) || self.temperature == 0.0 {
            return wrong("--temperature must be above 0 (a greedy model gives one sample a prompt) and at most 4");
        }
        if self.families.is_empty() || (self.modes.is_empty() && self.triggers.is_none()) {
            return wrong("nothing to try: name at least one of --families and one of --mode or --triggers");
        }
        if self.white_box && !self.modes.contains(&Mode::Blind) {
            return wrong("--white-box adds to the blind candidates: name blind in --mode, or leave --mode away");
        }
        if !(8..=4096).contains(&self.max_tokens) {
            return wrong("--max-tokens must be from 8 (less holds no decision) to 4096");
        }
        Ok(())
    }
}
