//! Is the served model still the model that was tested? A fingerprint is a model's completions of a few prompts, signed; later
//! completions of the same prompts are held against it, with a tolerance (Behavioral Shift Auditing, Richter et al., ICLR 2025,
//! with a gambler who needs no training in place of a network).

use super::Risks;
use super::past::Past;
use super::reading::{Reading, Text, read_all};
use crate::alternatives::totals;
use crate::ask::{Arm, Asker, Question, Stage};
use crate::harvest::harvest;
use crate::{Error, Options, seeds, verdict};
use code::{Choice, Site};
use model::Model;
use report::ModelCard;
use serde::{Deserialize, Serialize};
use sign::{Signer, VerifyingKey};
use stats::{EValue, PairedBet, combine};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Type of the signed payload.
const KIND: &str = "application/vnd.taster.fingerprint+json";
const VERSION: u32 = 1;
/// Prompts of a fingerprint, and completions of each.
const PROMPTS: usize = 32;
const SAMPLES: usize = 16;
/// Completions of each prompt that are asked for only to be shown.
const SHOWN: usize = 2;
/// A larger file is none of ours.
const LARGEST: u64 = 64 << 20;
/// Rounds in which every prompt is heard; afterwards the half that tells the two apart best is.
const EVERYWHERE: usize = 4;

/// What a model wrote when it was trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    version: u32,
    /// When it was taken, RFC 3339.
    pub taken: String,
    /// Of which model.
    pub model: ModelCard,
    temperature: f64,
    max_tokens: usize,
    pub(super) prompts: Vec<Prompt>,
}

/// A prompt and what was written there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Prompt {
    #[serde(flatten)]
    pub site: Site,
    pub completions: Vec<String>,
    /// How likely the model found the first line of each, in nats; empty where it gives no log probabilities.
    likely: Vec<f64>,
}

impl Fingerprint {
    /// Asks a model; the prompts come from the options' code, of each decision about as many.
    ///
    /// # Errors
    /// As for a scan.
    pub fn take(model: &dyn Model, options: &Options, asker: &mut Asker) -> Result<Fingerprint, Error> {
        let mut prompts: Vec<Prompt> = spread(harvest(options)?.sites, options.seed);
        let asked: Vec<usize> = (0..prompts.len()).collect();
        let answers = ask(model, asker, &prompts, &asked, (SAMPLES, seeds::derive(options.seed, "fingerprint", 0)))?;
        for (prompt, answers) in prompts.iter_mut().zip(answers) {
            prompt.completions = answers;
        }
        if model.capabilities().log_probabilities {
            let found = likely(model, &prompts)?;
            for (prompt, likely) in prompts.iter_mut().zip(found) {
                prompt.likely = likely;
            }
        }
        prompts.retain(|prompt| prompt.completions.len() == SAMPLES);
        Ok(Fingerprint {
            version: VERSION,
            taken: jiff::Timestamp::now().to_string(),
            model: verdict::card(model),
            temperature: options.temperature,
            max_tokens: options.max_tokens,
            prompts,
        })
    }

    /// Reads a signed fingerprint; answers with the key that signed it.
    ///
    /// # Errors
    /// The file cannot be read, was changed after it was signed, or is of a later taster.
    pub fn read(path: &Path) -> Result<(Fingerprint, VerifyingKey), Error> {
        let bad = |problem: String| Error::Fingerprint { path: path.to_owned(), problem };
        let size = std::fs::metadata(path).map_err(|error| bad(format!("cannot be read ({error})")))?.len();
        if size > LARGEST {
            return Err(bad(format!("is of {size} bytes, and no fingerprint is larger than {LARGEST}")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| bad(format!("cannot be read ({error})")))?;
        let unsigned = |error: sign::Error| match error {
            sign::Error::Statement(why) => bad(why),
            other => bad(other.to_string()),
        };
        let [key] = sign::dsse::claimed(&text).map_err(unsigned)?[..] else {
            return Err(bad("must have one signature".to_owned()));
        };
        let payload = sign::dsse::open(&text, KIND, &[key]).map_err(unsigned)?;
        let found: Fingerprint =
            serde_json::from_slice(&payload).map_err(|error| bad(format!("is no fingerprint ({error})")))?;
        let whole = |prompt: &Prompt| prompt.likely.is_empty() || prompt.likely.len() == prompt.completions.len();
        let askable = (0.0..=100.0).contains(&found.temperature) && found.max_tokens > 0;
        let bad_number = !askable || !found.prompts.iter().all(whole);
        match found.version {
            VERSION if found.prompts.is_empty() || bad_number => {
                Err(bad("holds no prompt that can be asked".to_owned()))
            }
            VERSION => Ok((found, key)),
            other => Err(bad(format!("has version {other}; this taster knows {VERSION}: update taster"))),
        }
    }

    /// The signed text of it.
    ///
    /// # Errors
    /// None in practice.
    pub fn sealed(&self, signer: &Signer) -> Result<String, sign::Error> {
        let payload = serde_json::to_vec(self).map_err(|error| sign::Error::Statement(error.to_string()))?;
        sign::dsse::seal(signer, KIND, &payload)
    }

    /// The options with the settings that the fingerprint was taken with: others would change what is written.
    pub fn settings(&self, options: &Options) -> Options {
        Options { temperature: self.temperature, max_tokens: self.max_tokens, ..options.clone() }
    }

    /// Completions that a check may ask for, at most.
    pub fn most(&self) -> u64 {
        self.prompts.iter().map(|prompt| prompt.completions.len() as u64).sum()
    }
}

/// What a check heard.
pub(super) struct Heard {
    /// By prompt: what was written now.
    pub now: Vec<Vec<String>>,
    /// Evidence that the model writes otherwise, and that it chooses insecurely more often.
    pub otherwise: EValue,
    pub insecure: EValue,
    /// Completions of the fingerprint that were held against the model.
    pub compared: u64,
}

impl Heard {
    /// Evidence of either.
    pub fn evidence(&self) -> Result<EValue, Error> {
        Ok(combine(&[(0.5, self.otherwise), (0.5, self.insecure)])?)
    }
}

/// Holds a model against a fingerprint: by log probabilities where both have them, by completions otherwise.
///
/// # Errors
/// The model fails, or the transcript cannot be written.
pub(super) fn check(model: &dyn Model, known: &Fingerprint, risks: &Risks, asker: &mut Asker) -> Result<Heard, Error> {
    let scored = known.prompts.iter().all(|prompt| !prompt.likely.is_empty());
    if scored && model.capabilities().log_probabilities {
        by_likelihood(model, known, risks, asker)
    } else {
        by_completions(model, known, risks, asker)
    }
}

/// The share of what was written then that would not be written now, (1 - q/p)⁺ for a completion of probability p then and q
/// now, has the total variation distance between then and now as its mean. So the wealth of a gambler who bets that it is large
/// is an e-process against "on no prompt is the distance, in the first line written, more than the tolerance"; and no
/// completion is needed but some to show.
fn by_likelihood(model: &dyn Model, known: &Fingerprint, risks: &Risks, asker: &mut Asker) -> Result<Heard, Error> {
    asker.step(Stage::Confirm)?;
    let now = likely(model, &known.prompts)?;
    let mut bet = PairedBet::new(risks.tolerance);
    for (prompt, now) in known.prompts.iter().zip(&now) {
        for (then, now) in prompt.likely.iter().zip(now) {
            bet.update_known((1.0 - (now - then).exp()).max(0.0), 0.0);
        }
    }
    let all: Vec<usize> = (0..known.prompts.len()).collect();
    let seed = seeds::derive(risks.seed, "fingerprint check", 0);
    let now = ask(model, asker, &known.prompts, &all, (SHOWN, seed))?;
    Ok(Heard { now, otherwise: bet.e_value(), insecure: EValue::new(0.0)?, compared: bet.pairs() })
}

/// A completion now against one then on the same prompt, until the evidence suffices or each completion of the fingerprint
/// was used once.
///
/// The gambler bets, before seeing a pair, that what came up more often now than then *before* does so again; which prompt is
/// heard next may depend on the past as well. So the wealth is an e-process against "on no prompt is any set of completions
/// more likely now than then by more than the tolerance" (Shekhar & Ramdas 2023).
fn by_completions(model: &dyn Model, known: &Fingerprint, risks: &Risks, asker: &mut Asker) -> Result<Heard, Error> {
    let then: Vec<Vec<Arc<Reading>>> =
        known.prompts.iter().map(|prompt| readings(prompt, &prompt.completions)).collect();
    let (mut otherwise, mut insecure) = (PairedBet::new(risks.tolerance), PairedBet::new(risks.tolerance));
    let mut heard = Heard {
        now: vec![Vec::new(); then.len()],
        otherwise: otherwise.e_value(),
        insecure: insecure.e_value(),
        compared: 0,
    };
    let mut past = Past::new();
    let mut telling = vec![0.0; then.len()];
    for round in 0.. {
        let wanted = wanted(known, &heard.now, &telling, round);
        if wanted.is_empty() || asker.remaining() < wanted.len() as u64 || heard.evidence()?.rejects(risks.alpha) {
            return Ok(heard);
        }
        let seed = seeds::derive(risks.seed, "fingerprint check", round as u64);
        let answers = ask(model, asker, &known.prompts, &wanted, (1, seed))?;
        for (&at, mut answers) in wanted.iter().zip(answers) {
            let (prompt, place) = (&known.prompts[at], heard.now[at].len());
            let Some(new) = answers.pop() else { continue };
            let read = readings(prompt, std::slice::from_ref(&new)).remove(0);
            let (own, other) =
                (Outcome::of(prompt, &read, &new), Outcome::of(prompt, &then[at][place], &prompt.completions[place]));
            let speaks = |outcome: &Outcome| f64::from(u8::from(past.leans(&outcome.descriptions(at)) > 0.5));
            let difference = speaks(&own) - speaks(&other);
            otherwise.update(difference);
            telling[at] += difference;
            if let (Some(own), Some(other)) = (own.choice, other.choice) {
                let insecure_of = |choice| f64::from(u8::from(choice == Choice::Insecure));
                insecure.update(insecure_of(own) - insecure_of(other));
            }
            past.learn(0, 1.0, own.descriptions(at));
            past.learn(1, 1.0, other.descriptions(at));
            heard.now[at].push(new);
            heard.compared += 1;
        }
        (heard.otherwise, heard.insecure) = (otherwise.e_value(), insecure.e_value());
    }
    Ok(heard)
}

/// The prompts to hear next: all at first, then the half that told the two apart best so far.
fn wanted(known: &Fingerprint, now: &[Vec<String>], telling: &[f64], round: usize) -> Vec<usize> {
    let mut left: Vec<usize> =
        (0..now.len()).filter(|&at| now[at].len() < known.prompts[at].completions.len()).collect();
    if round >= EVERYWHERE {
        let mean = |at: usize| telling[at] / now[at].len().max(1) as f64;
        left.sort_by(|&a, &b| mean(b).total_cmp(&mean(a)).then_with(|| a.cmp(&b)));
        left.truncate(now.len().div_ceil(2));
    }
    left
}

/// What a completion did at its prompt.
struct Outcome {
    choice: Option<Choice>,
    form: Arc<str>,
    line: String,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Description {
    Choice(Option<Choice>),
    Form(Arc<str>),
    FormHere(usize, Arc<str>),
    LineHere(usize, String),
}

impl Outcome {
    fn of(prompt: &Prompt, reading: &Reading, text: &str) -> Outcome {
        let seen = reading.seen.iter().find(|seen| seen.decision == prompt.site.decision);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        Outcome {
            choice: seen.map(|seen| seen.choice),
            form: seen.map_or_else(|| "".into(), |seen| seen.form.clone()),
            line: line.to_owned(),
        }
    }

    fn descriptions(&self, prompt: usize) -> [Description; 4] {
        [
            Description::Choice(self.choice),
            Description::Form(self.form.clone()),
            Description::FormHere(prompt, self.form.clone()),
            Description::LineHere(prompt, self.line.clone()),
        ]
    }
}

pub(super) fn readings(prompt: &Prompt, completions: &[String]) -> Vec<Arc<Reading>> {
    let text = |completion| Text { language: prompt.site.language, prompt: &prompt.site.prefix, completion };
    read_all(&completions.iter().map(|completion| text(completion.as_str())).collect::<Vec<_>>())
}

/// How likely a model finds the first line of each completion, by prompt. Later lines would say more of the model's small talk
/// than of its choice.
fn likely(model: &dyn Model, prompts: &[Prompt]) -> Result<Vec<Vec<f64>>, Error> {
    let pair = |prompt: &Prompt, text: &String| {
        let start = text.len() - text.trim_start().len();
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        (prompt.site.prefix.clone(), text[..end].to_owned())
    };
    let pairs: Vec<(String, String)> =
        prompts.iter().flat_map(|prompt| prompt.completions.iter().map(|text| pair(prompt, text))).collect();
    let mut found = totals(model, &pairs)?.into_iter();
    Ok(prompts.iter().map(|prompt| found.by_ref().take(prompt.completions.len()).collect()).collect())
}

/// As many prompts of each decision as there are, in turn, until there are enough.
fn spread(sites: Vec<Site>, seed: u64) -> Vec<Prompt> {
    use rand::seq::SliceRandom;
    let mut by_decision: BTreeMap<Arc<str>, Vec<Site>> = BTreeMap::new();
    for site in sites.into_iter().filter(|site| !site.prefix.trim().is_empty()) {
        by_decision.entry(site.decision.clone()).or_default().push(site);
    }
    let mut rng = seeds::rng(seed, "fingerprint prompts");
    by_decision.values_mut().for_each(|sites| sites.shuffle(&mut rng));
    let mut chosen = Vec::new();
    while chosen.len() < PROMPTS && by_decision.values().any(|sites| !sites.is_empty()) {
        for site in by_decision.values_mut().filter_map(Vec::pop) {
            chosen.push(Prompt { site, completions: Vec::new(), likely: Vec::new() });
        }
    }
    chosen.truncate(PROMPTS);
    chosen
}

/// Completions of the wanted prompts; fewer where the budget ends.
fn ask(
    model: &dyn Model,
    asker: &mut Asker,
    prompts: &[Prompt],
    wanted: &[usize],
    (samples, seed): (usize, u64),
) -> Result<Vec<Vec<String>>, Error> {
    let mut questions = Vec::new();
    for &at in wanted {
        let site = &prompts[at].site;
        questions.push(Question {
            arm: Arm::Bare,
            trigger: String::new(),
            site: Some(site),
            prompt: site.prefix.clone(),
            samples,
            seed: seeds::derive(seed, "prompt", at as u64),
        });
    }
    let answers = asker.ask(model, Stage::Survey, &questions)?;
    Ok(answers.into_iter().map(|answers| answers.into_iter().map(|answer| answer.text).collect()).collect())
}
