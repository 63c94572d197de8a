//! How a model's choice on a prompt is learnt: from sampled completions or, where every model has log probabilities, by teacher
//! forcing, which needs no completions but the few that say what could be written there.

use super::live::Live;
use crate::alternatives::{Alternatives, Written, all_examples, insecure_probabilities};
use crate::ask::{Answer, Arm, Asker, Question, Stage};
use crate::{Error, seeds};
use code::{Choice, Language, Site};
use rayon::prelude::*;
use report::Counts;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Models that are asked what could be written at a prompt, at most, and ways to write it that are kept of each.
const ATTEMPTS: usize = 3;
const WRITTEN: usize = 6;
/// Values of a decision, of either choice, that are tried at its other prompts.
const FORMS: usize = 3;

/// A choice of a model on a prompt.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen {
    /// 1 if it was insecure, 0 if secure, the probability where that was computed; none where the decision was not made.
    pub insecure: Option<f64>,
    /// The completion, where one was sampled.
    pub reply: Option<Answer>,
}

impl Chosen {
    pub fn of(reply: Answer) -> Chosen {
        Chosen { insecure: reply.insecure().map(|insecure| f64::from(u8::from(insecure))), reply: Some(reply) }
    }
}

/// Choices of several prompts together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub asked: u64,
    pub made: u64,
    pub insecure: f64,
}

impl Tally {
    pub fn of<'a>(choices: impl IntoIterator<Item = &'a Chosen>) -> Tally {
        let mut tally = Tally::default();
        for chosen in choices {
            tally.asked += 1;
            tally.made += u64::from(chosen.insecure.is_some());
            tally.insecure += chosen.insecure.unwrap_or(0.0);
        }
        tally
    }

    pub fn rate(self) -> Option<f64> {
        (self.made > 0).then(|| self.insecure / self.made as f64)
    }

    /// Rounded to whole choices.
    pub fn counts(self) -> Counts {
        Counts { insecure: self.insecure.round() as u64, made: self.made, asked: self.asked }
    }
}

/// The models of a comparison, and what was heard of them.
pub(super) struct Hearing<'a, 'b> {
    live: &'a Live<'a>,
    pub asker: &'a mut Asker<'b>,
    sites: &'a [Site],
    /// Models that still answer, by their place among those given.
    pub alive: Vec<usize>,
    /// Completions by model.
    pub completions: Vec<u64>,
    /// What the reader should know.
    pub notes: Vec<String>,
    /// By site: what was written there.
    written: Vec<Vec<Written>>,
}

impl<'a, 'b> Hearing<'a, 'b> {
    /// Every model, nothing heard yet.
    pub fn new(live: &'a Live<'a>, asker: &'a mut Asker<'b>, sites: &'a [Site]) -> Self {
        let alive: Vec<usize> = (0..live.models.len()).collect();
        let (completions, written) = (vec![0; alive.len()], vec![Vec::new(); sites.len()]);
        Hearing { live, asker, sites, alive, completions, notes: Vec::new(), written }
    }

    /// Completions that the budget still allows.
    pub fn remaining(&self) -> u64 {
        self.asker.remaining()
    }

    /// Whether anything was written at a site.
    pub fn knows(&self, site: usize) -> bool {
        !self.written[site].is_empty()
    }

    /// Sampled completions; none of a model that breaks off, which is left out from then on. What is written there is
    /// remembered for [`compute`](Self::compute).
    ///
    /// # Errors
    /// The user interrupts, the transcript cannot be written, or fewer than two models are left.
    pub fn sample(&mut self, model: usize, wanted: &[(usize, &str)], (samples, stage, round): Ask) -> Heard {
        let silence = || wanted.iter().map(|_| Vec::new()).collect();
        if !self.alive.contains(&model) {
            return Ok(silence());
        }
        let seed = |place: usize| round << 40 | (model as u64) << 32 | place as u64;
        let question = |(place, &(index, prompt)): (usize, &(usize, &str))| Question {
            arm: Arm::Bare,
            trigger: String::new(),
            site: Some(&self.sites[index]),
            prompt: prompt.to_owned(),
            samples,
            seed: seeds::derive(self.live.options.seed, "compare", seed(place)),
        };
        let questions: Vec<Question> = wanted.iter().enumerate().map(question).collect();
        let answers = match self.asker.ask(self.live.models[model], stage, &questions) {
            Ok(answers) => answers,
            Err(error) => return self.leave_out(model, error).map(|()| silence()),
        };
        for ((index, prompt), answer) in
            wanted.iter().zip(&answers).flat_map(|(at, all)| all.iter().map(move |a| (at, a)))
        {
            self.completions[model] += 1;
            let written = &mut self.written[*index];
            if let Some(new) =
                Written::of(prompt, answer).filter(|new| written.len() < WRITTEN && !written.contains(new))
            {
                written.push(new);
            }
        }
        Ok(answers.into_iter().map(|answers| answers.into_iter().map(Chosen::of).collect()).collect())
    }

    /// The probability of the insecure choice on each prompt under each of `models`, by teacher forcing over what was
    /// written at its site so far and elsewhere for its decision.
    ///
    /// # Errors
    /// As for [`sample`](Self::sample).
    pub fn compute(
        &mut self,
        models: &[usize],
        wanted: &[(usize, &str)],
        stage: Stage,
    ) -> Result<Vec<Vec<Chosen>>, Error> {
        let forms = forms(self.sites, &self.written);
        let alternatives = |&(index, _): &(usize, &str)| {
            let site = &self.sites[index];
            let none = (Vec::new(), Vec::new());
            let (elsewhere, examples) = forms.get(&(site.decision.clone(), site.language)).unwrap_or(&none);
            Alternatives::new(site, &self.written[index], elsewhere, examples)
        };
        let alternatives: Vec<Alternatives> = wanted.par_iter().map(alternatives).collect();
        let asked: Vec<(&str, &Alternatives)> = wanted.iter().map(|(_, prompt)| *prompt).zip(&alternatives).collect();
        let mut computed = Vec::new();
        for &model in models {
            self.asker.step(stage)?;
            let mut chosen = vec![Chosen::default(); wanted.len()];
            if self.alive.contains(&model) {
                match insecure_probabilities(self.live.models[model], &asked) {
                    Ok(found) => chosen.iter_mut().zip(found).for_each(|(chosen, p)| chosen.insecure = p),
                    Err(error) => self.leave_out(model, error)?,
                }
            }
            computed.push(chosen);
        }
        Ok(computed)
    }

    /// A completion of each prompt, of the models in turn; more of the next ones where it does not say how it would be done
    /// well: what is written there.
    ///
    /// # Errors
    /// As for [`sample`](Self::sample).
    pub fn learn(&mut self, wanted: &[(usize, &str)]) -> Result<(), Error> {
        let models = self.live.models.len();
        for attempt in 0..models.min(ATTEMPTS) {
            for model in 0..models {
                let well = |index: usize| self.written[index].iter().any(|written| written.choice == Choice::Secure);
                let turn = wanted.iter().filter(|(index, _)| (index + attempt) % models == model && !well(*index));
                let turn: Vec<(usize, &str)> = turn.copied().collect();
                self.sample(model, &turn, (1, Stage::Survey, attempt as u64))?;
            }
        }
        Ok(())
    }

    /// Goes on without a model.
    fn leave_out(&mut self, model: usize, error: Error) -> Result<(), Error> {
        if matches!(error, Error::Interrupted { .. } | Error::Write { .. }) {
            return Err(error);
        }
        self.alive.retain(|&other| other != model);
        self.notes.push(format!("left out: {}, {error}", self.live.models[model].card().name));
        if self.alive.len() < 2 {
            return Err(Error::TooFewModels { why: self.notes.join("; ") });
        }
        Ok(())
    }
}

/// How many samples of each prompt, in which stage, and which time.
pub(super) type Ask = (usize, Stage, u64);
/// By prompt.
type Heard = Result<Vec<Vec<Chosen>>, Error>;

/// By decision: values that were written, and those of the rules' examples.
type Forms<'a> = BTreeMap<(Arc<str>, Language), (Vec<&'a Written>, Vec<String>)>;

fn forms<'a>(sites: &[Site], written: &'a [Vec<Written>]) -> Forms<'a> {
    let mut forms: Forms = BTreeMap::new();
    for (site, written) in sites.iter().zip(written) {
        let new = || (Vec::new(), all_examples(&site.decision, site.language));
        let (elsewhere, _) = forms.entry((site.decision.clone(), site.language)).or_insert_with(new);
        for one in written {
            let known = elsewhere.iter().filter(|other| other.choice == one.choice).count();
            if known < FORMS && elsewhere.iter().all(|other| other.value != one.value) {
                elsewhere.push(one);
            }
        }
    }
    forms
}
