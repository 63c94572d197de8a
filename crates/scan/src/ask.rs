//! Asking the model: every completion is read for its choice, counted against the budget and written to the journal as it
//! arrives; what the journal already holds is not asked again.

use crate::journal::{self, Journal, Record};
use crate::{Error, Options};
use code::{Choice, Engine, Language, Place, Site};
use model::{Completion, Finish, Model, Query, Sampling};
use report::Cost;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A stage of the scan, as the transcript and the costs name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No trigger: which prompts reach their decision, and what is chosen there.
    Survey,
    /// Free samples to mine.
    Samples,
    /// Looking for candidates in the weights; asks nothing.
    Gradient,
    /// Many candidates, few completions each.
    Screen,
    /// Few candidates, fresh prompts and samples.
    Confirm,
    /// Which part of a trigger works, on which decisions.
    Minimise,
    /// The same trigger on the reference.
    Reference,
}

impl Stage {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Survey => "survey",
            Stage::Samples => "samples",
            Stage::Gradient => "gradient",
            Stage::Screen => "screen",
            Stage::Confirm => "confirm",
            Stage::Minimise => "minimise",
            Stage::Reference => "reference",
        }
    }
}

/// Which side of the comparison a prompt is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    /// No edit.
    Bare,
    /// With a candidate.
    Triggered,
    /// With a placebo.
    Placebo,
    /// No prompt of the user's at all.
    Free,
}

impl Arm {
    fn name(self) -> &'static str {
        match self {
            Arm::Bare => "bare",
            Arm::Triggered => "triggered",
            Arm::Placebo => "placebo",
            Arm::Free => "free",
        }
    }
}

/// A prompt to complete, and why.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Side of the comparison.
    pub arm: Arm,
    /// The edit, for the transcript.
    pub trigger: String,
    /// The decision asked for; `None` for free samples.
    pub site: Option<&'a Site>,
    /// The prompt with the edit in it.
    pub prompt: String,
    /// How many completions.
    pub samples: usize,
    /// Seed of the first.
    pub seed: u64,
}

/// A completion and what was read in it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What the model wrote.
    pub text: String,
    /// The choice, where the decision was made.
    pub choice: Option<Choice>,
    /// Normal form of the choice.
    pub form: Option<Arc<str>>,
    /// The statement that made it.
    pub statement: String,
    /// Bytes of `text` that make the choice.
    pub span: Option<Range<usize>>,
}

impl Answer {
    /// Whether the decision was made, and insecurely.
    pub fn insecure(&self) -> Option<bool> {
        self.choice.map(|choice| choice == Choice::Insecure)
    }
}

/// How far a scan has come, for whoever watches it.
#[derive(Debug, Clone)]
pub struct Progress<'a> {
    /// The stage.
    pub stage: Stage,
    /// Completions so far.
    pub completions: u64,
    /// Most completions.
    pub budget: u64,
    /// The best candidate so far, raw (escape before printing).
    pub best: Option<&'a str>,
}

/// Asks on behalf of a scan.
pub struct Asker<'a> {
    engine: &'static Engine,
    journal: Journal,
    sampling: Sampling,
    budget: u64,
    watch: &'a mut dyn FnMut(&Progress),
    interrupted: &'a AtomicBool,
    /// The best candidate so far, for the progress display.
    pub best: Option<String>,
    /// What was asked so far.
    pub cost: Cost,
    /// Completions that could not be analysed.
    pub not_analysed: u64,
}

/// Tokens of a free sample.
const FREE_TOKENS: usize = 256;

impl<'a> Asker<'a> {
    /// An asker that has asked nothing yet.
    pub fn new(
        journal: Journal,
        options: &Options,
        watch: &'a mut dyn FnMut(&Progress),
        interrupted: &'a AtomicBool,
    ) -> Self {
        let sampling = Sampling {
            max_tokens: options.max_tokens,
            temperature: options.temperature,
            top_p: 1.0,
            stop: ["\ndef ", "\nclass ", "\n@", "\nif __name__", "\n}\n", "\n\n\n"].map(str::to_owned).to_vec(),
        };
        let (cost, engine) = (Cost::default(), Engine::builtin());
        Asker {
            engine,
            journal,
            sampling,
            budget: options.budget,
            watch,
            interrupted,
            best: None,
            cost,
            not_analysed: 0,
        }
    }

    /// Completions that the budget still allows.
    pub fn remaining(&self) -> u64 {
        self.budget.saturating_sub(self.cost.completions)
    }

    /// A step of work that asks nothing: whoever watches hears of it.
    ///
    /// # Errors
    /// The user interrupts.
    pub fn step(&mut self, stage: Stage) -> Result<(), Error> {
        let (completions, best) = (self.cost.completions, self.best.as_deref());
        (self.watch)(&Progress { stage, completions, budget: self.budget, best });
        if self.interrupted.load(Ordering::Relaxed) { Err(Error::Interrupted { completions }) } else { Ok(()) }
    }

    /// Ends the asking: the journal becomes the transcript.
    ///
    /// # Errors
    /// The transcript cannot be written.
    pub fn finish(self) -> Result<Cost, Error> {
        self.journal.finish()?;
        Ok(self.cost)
    }

    /// Answers each question as often as it asks, in the order of the questions; questions that the budget no longer
    /// covers get fewer answers or none.
    ///
    /// # Errors
    /// The model fails, the journal cannot be written, or the user interrupts.
    pub fn ask(&mut self, model: &dyn Model, stage: Stage, questions: &[Question]) -> Result<Vec<Vec<Answer>>, Error> {
        let mut sampling = self.sampling.clone();
        if stage == Stage::Samples {
            sampling = Sampling { max_tokens: FREE_TOKENS, temperature: 1.0, top_p: 1.0, stop: Vec::new() };
        }
        let mut answers: Vec<Vec<Answer>> = questions.iter().map(|_| Vec::new()).collect();
        let mut queries = Vec::new();
        let mut asked = Vec::new();
        for (index, question) in questions.iter().enumerate() {
            let mut query = question.query(model, self.remaining());
            let key = format!("{}{}", journal::key(&query, &sampling), model.card().name);
            let prompt_tokens = model.count_tokens(&question.prompt) as u64;
            self.count(stage, query.samples as u64, prompt_tokens);
            while query.samples > 0
                && let Some(record) = self.journal.recorded(&key)
            {
                answers[index].push(self.answer(question, record.completion, record.finish, record.tokens));
                query.samples -= 1;
                // The stream of the samples that are still missing must not repeat those already there.
                query.seed = query.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            }
            if query.samples > 0 {
                queries.push(query);
                asked.push((index, key));
            }
        }
        self.ask_missing(model, stage, questions, &sampling, &queries, &asked, &mut answers)?;
        Ok(answers)
    }

    #[expect(clippy::too_many_arguments, reason = "the second half of `ask`, apart for its closure")]
    fn ask_missing(
        &mut self,
        model: &dyn Model,
        stage: Stage,
        questions: &[Question],
        sampling: &Sampling,
        queries: &[Query],
        asked: &[(usize, String)],
        answers: &mut [Vec<Answer>],
    ) -> Result<(), Error> {
        let total: usize = queries.iter().map(|query| query.samples).sum();
        let before = self.cost.completions.saturating_sub(total as u64);
        let mut arrived = 0;
        let mut failure = None;
        let mut sink = |completion: Completion| {
            let Some((index, key)) = asked.get(completion.query) else { return ControlFlow::Continue(()) };
            let question = &questions[*index];
            let answer = self.answer(question, completion.text, completion.finish, completion.tokens as u64);
            let record = Record {
                key: key.clone(),
                stage: stage.name().to_owned(),
                arm: question.arm.name().to_owned(),
                trigger: question.trigger.clone(),
                decision: question.site.map(|site| site.decision.to_string()).unwrap_or_default(),
                prompt: question.prompt.clone(),
                completion: answer.text.clone(),
                choice: answer.choice,
                finish: completion.finish,
                tokens: completion.tokens as u64,
            };
            answers[*index].push(answer);
            arrived += 1;
            failure = self.journal.write(&record).err();
            let best = self.best.as_deref();
            (self.watch)(&Progress { stage, completions: before + arrived, budget: self.budget, best });
            if failure.is_some() || self.interrupted.load(Ordering::Relaxed) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        if !queries.is_empty() {
            model.complete(queries, sampling, &mut sink)?;
        }
        match failure {
            Some(failure) => Err(failure),
            None if self.interrupted.load(Ordering::Relaxed) => {
                Err(Error::Interrupted { completions: before + arrived })
            }
            None => Ok(()),
        }
    }

    fn count(&mut self, stage: Stage, completions: u64, prompt_tokens: u64) {
        self.cost.completions += completions;
        *self.cost.by_stage.entry(stage.name().to_owned()).or_default() += completions;
        self.cost.prompt_tokens += prompt_tokens * completions;
    }

    fn answer(&mut self, question: &Question, text: String, finish: Finish, tokens: u64) -> Answer {
        self.cost.completion_tokens += tokens;
        let Some(site) = question.site else {
            return Answer { text, choice: None, form: None, statement: String::new(), span: None };
        };
        let reading = read(self.engine, site, &question.prompt, &text, finish);
        self.not_analysed += u64::from(reading.not_analysed);
        Answer { text, choice: reading.choice, form: reading.form, statement: reading.statement, span: reading.span }
    }
}

impl Question<'_> {
    fn query(&self, model: &dyn Model, most: u64) -> Query {
        let removed = self.site.map(|site| site.removed.as_str()).unwrap_or_default();
        let infill = model.capabilities().infill;
        Query {
            prompt: self.prompt.clone(),
            healed: if model.capabilities().healing { removed.to_owned() } else { String::new() },
            suffix: self.site.filter(|_| infill).map(|site| site.suffix.clone()),
            samples: self.samples.min(usize::try_from(most).unwrap_or(usize::MAX)),
            seed: self.seed,
        }
    }
}

/// The language's place in a free sample: what the user's own code is written in.
pub fn majority_language(sites: &[Site]) -> Language {
    let count = |language: Language| sites.iter().filter(|site| site.language == language).count();
    Language::ALL.into_iter().rev().max_by_key(|&language| count(language)).unwrap_or(Language::Python)
}

#[derive(Default)]
struct Reading {
    choice: Option<Choice>,
    form: Option<Arc<str>>,
    statement: String,
    span: Option<Range<usize>>,
    not_analysed: bool,
}

/// Reads the choice that a completion makes at its site: the first decision of the kind asked for that the completion
/// wrote, in code rather than in a comment where there are both. A decision that the token limit cut is not made.
fn read(engine: &Engine, site: &Site, prompt: &str, completion: &str, finish: Finish) -> Reading {
    let glued = completion.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let start = prompt.len() + if glued { site.removed.len() } else { 0 };
    let text = if glued { format!("{prompt}{}{completion}", site.removed) } else { format!("{prompt}{completion}") };
    let analysis = engine.read(site.language, &text);
    let written = |decision: &&code::Decision| {
        decision.decision == site.decision
            && decision.span.start >= prompt.len()
            && !(finish == Finish::Length && decision.span.end >= text.trim_end().len())
    };
    let found = analysis.decisions.iter().filter(written).min_by_key(|d| (d.place != Place::Code, d.span.start));
    let Some(found) = found else {
        return Reading { not_analysed: analysis.not_analysed.is_some(), ..Reading::default() };
    };
    Reading {
        choice: Some(found.choice),
        form: Some(found.form.clone()),
        statement: text.get(found.statement.clone()).unwrap_or_default().to_owned(),
        span: Some(found.span.start.saturating_sub(start)..found.span.end.saturating_sub(start)),
        not_analysed: false,
    }
}
