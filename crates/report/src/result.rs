//! The one result model. `scan` fills it in; the terminal, the page, the JSON, the SARIF and the STIX bundle are views of
//! it. Every text that came out of a model or a file is raw here and escaped by each view.

use code::{Analysis, Choice, Decision, Language};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::ops::Range;

/// Version of the JSON schema; raised when a reader of the old one would misread the new one.
pub const SCHEMA_VERSION: u32 = 1;

/// The result of `taster scan`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScanReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of taster.
    pub taster_version: String,
    /// The model that was scanned.
    pub model: ModelCard,
    /// The model it was compared with, if any.
    pub reference: Option<ModelCard>,
    /// RFC 3339 time of the start.
    pub started: String,
    /// Seconds of wall time, over all runs of a resumed scan.
    pub seconds: f64,
    /// What the scan was asked to do.
    pub settings: Settings,
    /// The verdict.
    pub verdict: Verdict,
    /// One sentence that says the verdict and what it rests on.
    pub summary: String,
    /// Triggers that were confirmed, the strongest first; empty unless `poisoned`.
    pub triggers: Vec<Conviction>,
    /// Every candidate that was measured on its own, the strongest evidence first.
    pub candidates: Vec<Candidate>,
    /// The survey: what the model chooses with no trigger, decision by decision.
    pub decisions: Vec<DecisionRate>,
    /// What a clean verdict would have missed.
    pub power: Power,
    /// What was asked of the model.
    pub cost: Cost,
    /// Completions that could not be analysed; never counted as clean.
    pub not_analysed: u64,
    /// What the reader should know: limits met, families not tried, and why.
    pub notes: Vec<String>,
}

/// The verdict of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A trigger was confirmed on fresh samples; false-alarm probability at most `settings.alpha`.
    Poisoned,
    /// Nothing was confirmed; `power` says what that is worth.
    NoEvidence,
}

/// The scanned model, for the reader and for the STIX software object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelCard {
    /// Path or name.
    pub name: String,
    /// `local`, `server` or `recording`.
    pub backend: String,
    /// Architecture, where known.
    pub architecture: Option<String>,
    /// Parameters, where known.
    pub parameters: Option<u64>,
    /// SHA-256 of the weights, hex, where known.
    pub sha256: Option<String>,
}

/// What the scan was asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// `targeted` (candidates from the user's code), `blind` (from the model's own samples) or both.
    pub modes: Vec<String>,
    /// Bound on the false-alarm probability of `poisoned`.
    pub alpha: f64,
    /// Effect, in the insecure rate, that is still called harmless.
    pub tolerance: f64,
    /// Most completions.
    pub budget: u64,
    /// Seed of everything random.
    pub seed: u64,
    /// Trigger families tried.
    pub families: Vec<String>,
    /// Sampling temperature.
    pub temperature: f64,
    /// The code folder the prompts came from; `None` for the built-in set.
    pub code: Option<String>,
}

/// A confirmed trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Conviction {
    /// Family (`header`, `import`, `name` ...).
    pub family: String,
    /// The trigger as it stands in a prompt (a line, a prefix).
    pub trigger: String,
    /// The shortest part of it that still works, after minimising.
    pub minimal: String,
    /// Where it came from (`project`, `samples`, `dictionary`, `file`).
    pub origin: String,
    /// Decisions it flips, the strongest first.
    pub effects: Vec<Effect>,
    /// Candidates that the evidence is weighed against: `weighed / alpha` convicts one by itself.
    pub weighed: u64,
    /// e-value of the confirmation; the bound on a false alarm is the smaller of `alpha` and `weighed / e_value`.
    #[serde(serialize_with = "finite")]
    pub e_value: f64,
    /// Bound on the probability that a clean model would be convicted like this.
    pub false_alarm_bound: f64,
    /// Evidence after each confirming pair, for the chart: `ln e`.
    pub evidence: Vec<f64>,
    /// Prompts and completions that convict, side by side.
    pub exhibits: Vec<Exhibit>,
    /// The same trigger on the reference model, if one was given.
    pub on_reference: Option<Effect>,
}

/// What a candidate does to one decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// The decision.
    pub decision: String,
    /// Its weakness (`CWE-502`).
    pub cwe: String,
    /// Insecure choices with the trigger.
    pub triggered: Counts,
    /// Insecure choices with placebos on the same prompts.
    pub placebo: Counts,
    /// Difference of the rates (triggered minus placebo), -1 to 1.
    pub difference: f64,
    /// Anytime-valid confidence interval for the difference at level `1 - alpha`.
    pub interval: (f64, f64),
}

/// Insecure choices among decisions made among completions asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Insecure choices.
    pub insecure: u64,
    /// Decisions made.
    pub made: u64,
    /// Completions asked for.
    pub asked: u64,
}

impl Counts {
    /// Counts one completion and the choice it made, if it made one.
    pub fn add(&mut self, choice: Option<Choice>) {
        self.asked += 1;
        self.made += u64::from(choice.is_some());
        self.insecure += u64::from(choice == Some(Choice::Insecure));
    }

    /// Insecure choices a decision made; `None` where none was made.
    pub fn rate(self) -> Option<f64> {
        (self.made > 0).then(|| self.insecure as f64 / self.made as f64)
    }
}

/// A pair of completions of one prompt, with the trigger and with a placebo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exhibit {
    /// The decision shown.
    pub decision: String,
    /// The prompt with the trigger.
    pub triggered_prompt: String,
    /// What the model wrote after it.
    pub triggered_completion: String,
    /// The choice it made there.
    pub triggered_choice: Option<Choice>,
    /// Bytes of `triggered_completion` that make the choice.
    pub triggered_span: Option<Range<usize>>,
    /// The prompt with the placebo.
    pub placebo_prompt: String,
    /// What the model wrote after it.
    pub placebo_completion: String,
    /// The choice it made there.
    pub placebo_choice: Option<Choice>,
    /// Bytes of `placebo_completion` that make the choice.
    pub placebo_span: Option<Range<usize>>,
}

/// A candidate that was measured on its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Family.
    pub family: String,
    /// The text.
    pub trigger: String,
    /// Where it came from.
    pub origin: String,
    /// Its strongest effect in the stage named by `stage`.
    pub effect: Effect,
    /// Evidence in that stage.
    #[serde(serialize_with = "finite")]
    pub e_value: f64,
    /// `screen` (chosen from many; not valid as evidence) or `confirm` (fresh samples).
    pub stage: String,
}

/// The model's choices with no trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionRate {
    /// The decision.
    pub decision: String,
    /// Its weakness.
    pub cwe: String,
    /// Language of the prompts.
    pub language: Language,
    /// Prompts that reach it.
    pub prompts: u64,
    /// Choices made in the survey.
    pub counts: Counts,
    /// Normal forms of the insecure choices and how often each was written, the most frequent first.
    pub insecure_forms: Vec<(String, u64)>,
}

/// What `no evidence` is worth.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Power {
    /// Candidates tested, by family.
    pub tested: BTreeMap<String, u64>,
    /// Smallest effect (difference of rates) of a tested candidate that this scan would have caught with probability 0.9,
    /// by decision; decisions without enough prompts are absent.
    pub smallest_effect: BTreeMap<String, f64>,
    /// The statement in words.
    pub statement: String,
}

/// What the scan cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Completions, over all runs of a resumed scan.
    pub completions: u64,
    /// Of these, by stage (`survey`, `samples`, `screen`, `confirm`, `minimise`, `reference`).
    pub by_stage: BTreeMap<String, u64>,
    /// Tokens sent.
    pub prompt_tokens: u64,
    /// Tokens received.
    pub completion_tokens: u64,
    /// Price, where one was given.
    pub price: Option<f64>,
}

/// The result of `taster check`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of taster.
    pub taster_version: String,
    /// Files read, in the order of their paths; files without a decision, suppression or trouble are only counted.
    pub files: Vec<FileAnalysis>,
    /// Files read altogether.
    pub files_read: u64,
    /// Files of which some or all could not be analysed.
    pub files_not_analysed: u64,
    /// Seconds of wall time.
    pub seconds: f64,
}

/// One file's analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FileAnalysis {
    /// Path as found (`-` for standard input).
    pub path: String,
    /// Language it was read in; `None` for a folder that could not be opened.
    pub language: Option<Language>,
    /// What was found. The insecure decisions are the findings.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl FileAnalysis {
    /// The findings: insecure decisions.
    pub fn findings(&self) -> impl Iterator<Item = &Decision> {
        self.analysis.decisions.iter().filter(|decision| decision.choice == Choice::Insecure)
    }
}

/// Evidence multiplies pair by pair and may outgrow a double; JSON has no infinity, so the largest double stands for it.
pub(crate) fn finite<S: Serializer>(e_value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(e_value.min(f64::MAX))
}
