//! The result of `taster audit`: documents of a data set that look planted, in clusters of one trigger each.

use crate::result::finite;
use code::Choice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The result of `taster audit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditReport {
    /// [`SCHEMA_VERSION`](crate::SCHEMA_VERSION).
    pub schema_version: u32,
    /// Version of taster.
    pub taster_version: String,
    /// RFC 3339 time of the start.
    pub started: String,
    /// Seconds of wall time.
    pub seconds: f64,
    /// What was asked.
    pub settings: AuditSettings,
    /// The verdict on the data set.
    pub verdict: AuditVerdict,
    /// One sentence that says the verdict and what it rests on.
    pub summary: String,
    /// What was found, the strongest evidence first; the convicted before the suspicious.
    pub clusters: Vec<Cluster>,
    /// Documents that a ledger says must no longer be used; empty where none was asked.
    #[serde(default)]
    pub revoked: Vec<RevokedDocument>,
    /// What was read.
    pub read: DataRead,
    /// The first of the pieces that could not be read, in the order of the data set; `read.problems` counts all. Any makes the audit
    /// incomplete.
    pub problems: Vec<AuditProblem>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// What an audit was asked to do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditSettings {
    /// Where the data set lies.
    pub dataset: String,
    /// The earlier data set whose documents were left out.
    pub against: Option<String>,
    /// Bound on the probability that a data set without poison is called poisoned.
    pub alpha: f64,
}

/// The verdict on a data set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AuditVerdict {
    /// At least one cluster is convicted; false-alarm probability at most `settings.alpha`.
    Poisoned,
    /// Nothing is convicted, but something deserves a look.
    Suspicious,
    /// Nothing was found.
    #[default]
    NoEvidence,
}

/// Documents that share a trigger and decide worse for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    /// What the documents share: the likely trigger.
    pub trigger: String,
    /// The decision that it goes with.
    pub decision: String,
    /// The weakness of its insecure choice (`CWE-502`).
    pub cwe: String,
    /// Whether the evidence suffices to call the documents planted.
    pub convicted: bool,
    /// What kind of evidence it is.
    pub method: Method,
    /// Groups of near-copies that could show it: of twins, those that differ in the trigger; else those that carry it.
    pub groups: u64,
    /// Those of them that decide worse with the trigger.
    pub worse: u64,
    /// How often ordinary groups of this data set do.
    pub ordinary: f64,
    /// The evidence.
    #[serde(serialize_with = "finite")]
    pub e_value: f64,
    /// The documents, the insecure first.
    pub documents: Vec<AuditedDocument>,
    /// Twins side by side, the most telling first.
    pub exhibits: Vec<TwinExhibit>,
    /// Where the documents are from, those of most documents first; empty where nobody knows.
    pub sources: Vec<Origin>,
    /// Who wrote them, as far as it is known, those of most documents first.
    pub contributors: Vec<Origin>,
    /// What else speaks for planting: sentences.
    pub signals: Vec<String>,
}

/// What convicts or makes suspicious.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Near-copies with the trigger decide worse than those without.
    #[default]
    Twins,
    /// Documents with the trigger decide worse than others.
    Association,
}

/// A document of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditedDocument {
    /// Its path, or `FILE:ROW`: what `--remove` writes.
    pub name: String,
    /// The repository or folder it is from.
    pub source: Option<String>,
    /// Who wrote it.
    pub contributor: Option<String>,
    /// When it was written, RFC 3339.
    pub time: Option<String>,
    /// The commit that brought it.
    pub commit: Option<String>,
    /// The worst choice of the cluster's decision in it; absent where it holds none that can be read.
    pub choice: Option<Choice>,
    /// 1-based line of the trigger.
    pub line: Option<u64>,
}

/// Two near-copies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TwinExhibit {
    /// Name of the document with the trigger.
    pub carrier: String,
    /// Name of the one without.
    pub twin: String,
    /// Their lines, where they differ and around.
    pub lines: Vec<TwinLine>,
}

/// A line of twins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TwinLine {
    /// Who has it.
    pub side: TwinSide,
    /// 1-based line in the document that has it; of both, in the carrier.
    pub number: u64,
    /// Its text.
    pub text: String,
    /// The choice of the cluster's decision that is made on it; absent where none is.
    pub choice: Option<Choice>,
}

/// Which of two twins has a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TwinSide {
    /// Both.
    #[default]
    Both,
    /// The one with the trigger.
    Carrier,
    /// The other.
    Twin,
}

/// A source or contributor of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// Its name.
    pub name: String,
    /// Documents of the cluster from it.
    pub documents: u64,
    /// Documents of the whole data set from it that can hold a decision.
    pub of: u64,
    /// The first time of these documents, RFC 3339.
    pub first: Option<String>,
    /// The last.
    pub last: Option<String>,
}

/// A document that must no longer be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevokedDocument {
    /// Its path, or `FILE:ROW`.
    pub name: String,
    /// What was revoked: `source NAME`, `contributor COMMITMENT` or `document SHA256`.
    pub target: String,
    /// Why.
    pub reason: String,
    /// The entry of the log that states it.
    pub entry: u64,
}

/// What was read of a data set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataRead {
    /// Documents.
    pub documents: u64,
    /// Bytes of their texts.
    pub bytes: u64,
    /// Documents in a language that taster reads with a word of some rule; all others hold no decision.
    pub may_decide: u64,
    /// Documents that have a near-copy.
    pub near_copies: u64,
    /// Groups of near-copies.
    pub families: u64,
    /// Files that are no text.
    pub binary: u64,
    /// Pieces that could not be read.
    pub problems: u64,
}

/// A piece of a data set that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditProblem {
    /// The file, or file and row.
    pub name: String,
    /// What is wrong with it.
    pub what: String,
}
