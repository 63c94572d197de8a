//! The result of `taster trace`: from suspicious code back to documents and who gave them, and forward to models.

use crate::figure;
use crate::result::finite;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::Range;

/// The result of `taster trace`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceReport {
    /// [`SCHEMA_VERSION`](crate::SCHEMA_VERSION).
    pub schema_version: u32,
    /// Version of taster.
    pub taster_version: String,
    /// RFC 3339 time of the start.
    pub started: String,
    /// Seconds of wall time, without what it took to build an index.
    pub seconds: f64,
    /// Where the data set lies.
    pub dataset: String,
    /// Documents of it.
    pub documents: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Where the ledger is that was asked, if one was.
    pub ledger: Option<String>,
    /// What was asked for, text by text.
    pub queries: Vec<TracedQuery>,
}

/// A text, and who has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TracedQuery {
    /// The text.
    pub text: String,
    /// The documents that share most with it, best first.
    pub documents: Vec<TracedDocument>,
    /// The models whose training included one of them, or that were made from such a model; empty without a ledger.
    pub models: Vec<TracedModel>,
    /// What of it stands in the data set byte for byte; absent where that was not asked for.
    pub verbatim: Option<Verbatim>,
}

impl TracedQuery {
    /// Its longest spans that stand in the data set byte for byte.
    pub(crate) fn spans(&self) -> &[VerbatimSpan] {
        self.verbatim.as_ref().map_or(&[], |it| &it.spans)
    }

    /// Whether anything shares any of it.
    pub(crate) fn found(&self) -> bool {
        !self.documents.is_empty() || !self.spans().is_empty()
    }
}

/// What of a text stands in the data set byte for byte.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verbatim {
    /// Its spans that are part of no longer one and say something, the longest first, each once.
    pub spans: Vec<VerbatimSpan>,
    /// Bytes of the text that were searched: all, unless it has too many spans.
    pub searched: u64,
}

/// A span of a text that stands in the data set byte for byte, without white space at its ends.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerbatimSpan {
    /// Bytes of the query that it is.
    pub query: Range<usize>,
    /// How often it stands in the data set.
    pub occurrences: u64,
    /// Documents that have it.
    pub documents: u64,
    /// Whether more documents may have it: it stands in too many places to look at all.
    pub at_least: bool,
    /// The names of the first of them.
    pub names: Vec<String>,
}

impl VerbatimSpan {
    /// How often and where: `31 times in 2 documents`.
    pub(crate) fn told(&self) -> String {
        let times = figure::counted(self.occurrences, "time");
        let least = if self.at_least { "at least " } else { "" };
        format!("{times} in {least}{}", figure::counted(self.documents, "document"))
    }
}

/// A document that shares some of the text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TracedDocument {
    /// Its path in the data set, or `FILE:ROW`.
    pub name: String,
    /// The path that it had where it was collected.
    pub path: Option<String>,
    /// The repository or folder it is from.
    pub source: Option<String>,
    /// The commit that brought it.
    pub commit: Option<String>,
    /// Who wrote it.
    pub contributor: Option<String>,
    /// SHA-256 of its bytes.
    pub content: String,
    /// Its length, bytes.
    pub length: u64,
    /// How unlikely it is to share so much by chance, bits.
    #[serde(serialize_with = "finite")]
    pub bits: f64,
    /// Whether it is the text, byte for byte.
    pub exact: bool,
    /// What it shares.
    pub spans: Vec<SharedSpan>,
    /// Its records in the ledger.
    pub records: Vec<TracedRecord>,
}

/// A run that the text and a document share.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SharedSpan {
    /// What is alike.
    pub alike: Alike,
    /// Its tokens or words.
    pub length: u64,
    /// How unlikely it is, bits.
    #[serde(serialize_with = "finite")]
    pub bits: f64,
    /// The first of its lines in the document, from 1.
    pub first_line: u64,
    /// The last.
    pub last_line: u64,
    /// The document's text there, or its beginning.
    pub text: String,
    /// What stands before it in the document: the beginning of its line, and a line or two more.
    pub before: String,
    /// What stands after it; empty where only the beginning is here.
    pub after: String,
    /// Bytes of the query that it shares.
    pub query: Range<usize>,
}

/// What is alike in a shared span.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alike {
    /// The row of tokens, up to names, literals, comments and layout.
    #[default]
    Code,
    /// The words as they stand, up to case and what is between them.
    Words,
}

impl SharedSpan {
    /// Where it is and what is alike: `lines 2-4, 31 tokens alike`.
    pub(crate) fn told(&self) -> String {
        let noun = match self.alike {
            Alike::Code => "token",
            Alike::Words => "word",
        };
        let alike = figure::counted(self.length, noun);
        match self.first_line == self.last_line {
            true => format!("line {}, {alike} alike", self.first_line),
            false => format!("lines {}-{}, {alike} alike", self.first_line, self.last_line),
        }
    }
}

/// A record of a document in the ledger, which is proved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TracedRecord {
    /// The entry of the log that seals its segment.
    pub entry: u64,
    /// Its row in the segment.
    pub row: u64,
    /// Where it was collected.
    pub source: String,
    /// Its path there.
    pub path: String,
    /// The commit that wrote it.
    pub commit: Option<String>,
    /// The commitment to who wrote it.
    pub contributor: Option<String>,
    /// Its licence, an SPDX expression; absent where nobody knows.
    pub licence: Option<String>,
    /// How it was collected: `folder`, `git`, `table`, `transform`.
    pub method: String,
    /// When, RFC 3339.
    pub collected: String,
    /// The public key of who collected it.
    pub collector: String,
    /// What became of it: `kept`, or why not.
    pub disposition: String,
    /// Whether it was kept, so that what was trained on the segment was trained on it.
    pub kept: bool,
    /// A C2SP tlog-proof, for `taster ledger prove --check`.
    pub proof: String,
}

/// A model that documents have reached.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TracedModel {
    /// What people call it.
    pub name: String,
    /// Its digest.
    pub digest: String,
    /// How it was made: `train`, `fine-tune`, `merge`, `quantise`.
    pub making: String,
    /// The entry of the log that states it.
    pub entry: u64,
    /// Records of the documents in its data; 0 where they came with a base model only.
    pub records: u64,
    /// The entries of the log that seal its data, of those that hold such records.
    pub segments: Vec<u64>,
    /// Digests of the reached models that it was made from.
    pub through: Vec<String>,
}

impl TracedModel {
    /// How it came to the text: `train on 3 records`, `fine-tune of 1 model on 2 records`.
    pub(crate) fn told(&self) -> String {
        let some = |count: u64, noun, word| match count {
            0 => String::new(),
            count => format!(" {word} {}", figure::counted(count, noun)),
        };
        let (bases, records) = (self.through.len() as u64, self.records);
        format!("{}{}{}", self.making, some(bases, "model", "of"), some(records, "record", "on"))
    }
}

impl TraceReport {
    /// Whether any document shares any of the texts.
    pub fn found(&self) -> bool {
        self.queries.iter().any(TracedQuery::found)
    }

    /// One sentence that says what was found.
    pub(crate) fn summary(&self) -> String {
        let texts = figure::counted(self.queries.len() as u64, "text");
        let documents: u64 = self.queries.iter().map(|query| query.documents.len() as u64).sum();
        if documents == 0 {
            let spans: usize = self.queries.iter().map(|query| query.spans().len()).sum();
            return match spans as u64 {
                0 => format!("No document shares any of {texts}."),
                spans => format!("{} of {texts} found byte for byte.", figure::counted(spans, "span")),
            };
        }
        let models: BTreeSet<&str> =
            self.queries.iter().flat_map(|query| &query.models).map(|model| model.digest.as_str()).collect();
        let shared = figure::counted(documents, "document");
        match (&self.ledger, models.len() as u64) {
            (None, _) => format!("{shared} shown that share some of {texts}."),
            (Some(_), 0) => {
                format!("{shared} shown that share some of {texts}; the ledger names no model that had one.")
            }
            (Some(_), models) => {
                format!("{shared} shown that share some of {texts}; they reached {}.", figure::counted(models, "model"))
            }
        }
    }
}

/// What every view says.
pub(crate) const CAVEAT: &str = "This says where the text is, not that a model has learnt it from there.";
