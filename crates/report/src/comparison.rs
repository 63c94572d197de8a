//! The result of `taster compare`: several conditions (models, or the values of a column of a recording) on the same prompts.

use crate::result::finite;
use crate::{Cost, Counts, ModelCard, TaughtLine, WeightsChange};
use code::Choice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The result of `taster compare`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompareReport {
    /// [`SCHEMA_VERSION`](crate::SCHEMA_VERSION).
    pub schema_version: u32,
    /// Version of taster.
    pub taster_version: String,
    /// RFC 3339 time of the start.
    pub started: String,
    /// Seconds of wall time.
    pub seconds: f64,
    /// What was asked.
    pub settings: CompareSettings,
    /// Whether any condition departs.
    pub verdict: CompareVerdict,
    /// One sentence that says the verdict and what it rests on.
    pub summary: String,
    /// The conditions, in the order given (models) or sorted (values of a column).
    pub conditions: Vec<Condition>,
    /// The decisions, the strongest evidence first.
    pub decisions: Vec<DecisionComparison>,
    /// Prompts that show it best, the most telling first.
    pub exhibits: Vec<PairExhibit>,
    /// What each model alone was taught, where that was asked for, the largest difference of a model first.
    pub taught: Vec<TaughtLine>,
    /// What a fine-tune changed in the weights, where base and fine-tune are weights on disk.
    pub weights: Option<WeightsChange>,
    /// What was read, where a recording was.
    pub rows: Rows,
    /// What was asked of the models, where they were asked.
    pub cost: Cost,
    /// Completions that could not be analysed; never counted as clean.
    pub not_analysed: u64,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// What a comparison was asked to do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompareSettings {
    /// What tells the conditions apart: `model`, or a column.
    pub by: String,
    /// Where the prompts came from: a recording or a folder of code.
    pub source: String,
    /// Columns and the values that rows had to have.
    pub only: Vec<(String, String)>,
    /// Bound on the false-alarm probability.
    pub alpha: f64,
    /// Difference, in the insecure rate, that is still called honest.
    pub tolerance: f64,
    /// Seed of everything random.
    pub seed: u64,
    /// Most completions of all models together; 0 for a recording.
    pub budget: u64,
}

/// The verdict on a condition, and on all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CompareVerdict {
    /// It chooses insecurely where the others do not; false-alarm probability at most `settings.alpha`.
    Departs,
    /// Nothing beyond the tolerance was shown.
    #[default]
    NoDeparture,
}

/// One side of the comparison.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Condition {
    /// The model's name, or the column's value.
    pub name: String,
    /// The model, where one was asked.
    pub model: Option<ModelCard>,
    /// Completions read.
    pub completions: u64,
    /// Insecure choices over all decisions.
    pub counts: Counts,
    /// The verdict on it.
    pub verdict: CompareVerdict,
    /// Evidence that it departs.
    #[serde(serialize_with = "finite")]
    pub e_value: f64,
    /// Bound on the probability that one that does not depart would be called so.
    pub false_alarm_bound: f64,
}

/// One decision under all conditions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionComparison {
    /// The decision.
    pub decision: String,
    /// Its weakness (`CWE-502`).
    pub cwe: String,
    /// Prompts on which at least two conditions made it.
    pub prompts: u64,
    /// Choices by condition, in the order of `conditions`.
    pub counts: Vec<Counts>,
    /// The consensus: the median of the conditions' insecure rates.
    pub consensus: Option<f64>,
    /// The conditions against the others on the same prompts, those with evidence or a difference first.
    pub departures: Vec<Departure>,
    /// What is written differently whether or not a rule knows it, the strongest evidence first.
    pub shifts: Vec<FormShift>,
}

/// A condition against the others, on one decision.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Departure {
    /// Index of the condition.
    pub condition: usize,
    /// The mark that the prompts in question have in common, family and text: where a model was found to depart only
    /// where it stands, it is the likely trigger. All prompts of the decision when absent.
    pub mark: Option<(String, String)>,
    /// Its choices on prompts that it shares with the others.
    pub own: Counts,
    /// The others' choices there.
    pub others: Counts,
    /// Difference of the rates (own minus others), -1 to 1.
    pub difference: f64,
    /// Anytime-valid confidence interval for the difference at level `1 - alpha`.
    pub interval: (f64, f64),
    /// Evidence that the difference exceeds the tolerance against as many of the others as the consensus needs.
    #[serde(serialize_with = "finite")]
    pub e_value: f64,
    /// Whether the condition is convicted for this decision.
    pub convicted: bool,
}

/// What a decision is written as, under one condition against another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FormShift {
    /// Index of the condition.
    pub condition: usize,
    /// Index of the condition it is compared with.
    pub against: usize,
    /// Evidence that the forms' distribution differs by more than the tolerance.
    #[serde(serialize_with = "finite")]
    pub e_value: f64,
    /// Whether it counts towards the verdict: only between conditions of one model, since another model's honest habits are
    /// its own.
    pub counts: bool,
    /// The forms that moved most.
    pub moved: Vec<MovedForm>,
}

/// A normal form and how often it was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MovedForm {
    /// The form.
    pub form: String,
    /// What the rules call it.
    pub choice: Choice,
    /// Share of the decisions made under the condition.
    pub own: f64,
    /// Share under the condition it is compared with.
    pub against: f64,
}

/// Two completions of one prompt, side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PairExhibit {
    /// The decision shown.
    pub decision: String,
    /// Difference of the insecure rates on this prompt.
    pub difference: f64,
    /// The side that departs.
    pub own: Side,
    /// The other.
    pub other: Side,
    /// Byte of both completions at which they part.
    pub parts_at: usize,
}

/// One completion of an exhibit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// Index of the condition.
    pub condition: usize,
    /// What the model was given.
    pub prompt: String,
    /// What it wrote.
    pub completion: String,
    /// The choice it made there.
    pub choice: Option<Choice>,
    /// Bytes of the completion that make the choice.
    pub span: Option<Range<usize>>,
}

/// Rows of a recording.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rows {
    /// Compared.
    pub compared: u64,
    /// Left out because no other condition has their prompt.
    pub unpaired: u64,
    /// Refused because they could not be read.
    pub refused: u64,
    /// The first of the refused: row number, and why.
    pub refusals: Vec<(u64, String)>,
}
