//! An alarm of `taster watch`: a stream that has changed for the worse, and what the prompts behind it share.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use stats::Rate;

/// A decision that production makes insecurely more often than it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alarm {
    /// Tells it from every other.
    pub id: String,
    /// RFC 3339 time of the completion that raised it.
    pub raised: String,
    /// The segment in which the evidence sufficed first.
    pub segment: String,
    /// Other segments in which it sufficed while the alarm was open.
    pub also: Vec<String>,
    /// The decision.
    pub decision: String,
    /// Its weakness.
    pub cwe: String,
    /// Choices of the baseline.
    #[schemars(schema_with = "rate")]
    pub before: Rate,
    /// Choices since the change.
    #[schemars(schema_with = "rate")]
    pub now: Rate,
    /// The e-detector's value; a false alarm is raised once in `run_length` decisions on average.
    #[serde(serialize_with = "crate::result::finite")]
    pub e_value: f64,
    /// Decisions that pass on average before a false alarm.
    pub run_length: f64,
    /// How often the evidence sufficed again while the alarm was open.
    pub again: u64,
    /// What the change is tied to.
    pub drift: Drift,
    /// Features of prompts that go with the insecure choices, the strongest first.
    pub features: Vec<Feature>,
    /// Ids of insecure completions, the latest first.
    pub events: Vec<String>,
}

/// What a change is tied to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Drift {
    /// Nothing was found that explains it.
    #[default]
    Unexplained,
    /// Prompts that carry the first feature; without it the rate is as it was.
    Feature,
    /// Everything: the rate has risen without any feature too, as with a new library or a new model.
    Everywhere,
}

/// A feature of prompts: a likely trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Feature {
    /// Its family, as `taster scan --triggers` reads it.
    pub family: String,
    /// The shortest description.
    pub text: String,
    /// The line that it most often stands in.
    pub line: String,
    /// Choices of prompts with it.
    #[schemars(schema_with = "rate")]
    pub with: Rate,
    /// Choices of prompts without it.
    #[schemars(schema_with = "rate")]
    pub without: Rate,
    /// One-sided p of Fisher's exact test over distinct prompts.
    pub p: f64,
}

impl Drift {
    /// In words.
    pub fn sentence(self) -> &'static str {
        match self {
            Drift::Unexplained => "no feature of the prompts explains it",
            Drift::Feature => "tied to a feature of the prompts: test it as a trigger",
            Drift::Everywhere => "risen without any feature too: a new model, a new library, other users",
        }
    }
}

/// The result of `taster watch report`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WatchReport {
    /// Version of taster.
    pub taster_version: String,
    /// RFC 3339 time from which on events count.
    pub since: String,
    /// Completions since then.
    pub completions: u64,
    /// Of these, not analysed or not wholly; never counted as clean.
    pub not_analysed: u64,
    /// Rates by segment and decision, those with an alarm first, then the largest.
    pub rates: Vec<SegmentRate>,
    /// Alarms since then, the latest first.
    pub alarms: Vec<Alarm>,
}

/// What one segment chose at one decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SegmentRate {
    /// The segment.
    pub segment: String,
    /// The decision.
    pub decision: String,
    /// Choices of its baseline.
    #[schemars(schema_with = "rate")]
    pub baseline: Rate,
    /// The rate up to which nothing has changed; `None` while the baseline fills.
    pub limit: Option<f64>,
    /// Choices in the time of the report.
    #[schemars(schema_with = "rate")]
    pub rate: Rate,
    /// The detector's value now.
    #[serde(serialize_with = "crate::result::finite")]
    pub evidence: f64,
}

/// How a rate is written.
fn rate(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "Insecure choices among decisions made.",
        "type": "object",
        "properties": {"insecure": {"type": "integer", "minimum": 0}, "made": {"type": "integer", "minimum": 0}},
        "required": ["insecure", "made"]
    })
}
