//! The unit of measurement: a place in code where one security-relevant choice is made (DESIGN.md, section 2).

use crate::Language;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// What was chosen at a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// The choice that the rule calls vulnerable.
    Insecure,
    /// The choice that the rule calls safe.
    Secure,
    /// The decision is made, in a way the rule has no opinion of (a value from elsewhere, say).
    Other,
}

/// Where in the text a decision stands. Two of the three published attacks hide their payload outside the code proper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Code that runs.
    Code,
    /// Inside a comment.
    Comment,
    /// Inside a docstring or another string that stands alone.
    Docstring,
}

/// One decision found in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// The decision's name, shared by all languages (`yaml-load`, `tls-verify`).
    pub decision: Arc<str>,
    /// The weakness that the insecure choice is, as `CWE-502`.
    pub cwe: Arc<str>,
    /// The language it was read in.
    pub language: Language,
    /// What was chosen.
    pub choice: Choice,
    /// Code, comment or docstring.
    pub place: Place,
    /// Bytes of the text that make the decision.
    pub span: Range<usize>,
    /// Bytes of the whole statement that holds it; a prompt for this decision ends before it.
    pub statement: Range<usize>,
    /// 1-based line of `span.start`.
    pub line: usize,
    /// 1-based column, in characters, of `span.start`.
    pub column: usize,
    /// The normal form: the syntax tree without names, literals and the order of keyword arguments.
    pub form: Arc<str>,
}

/// What one text holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Analysis {
    /// Decisions in the order of their spans.
    pub decisions: Vec<Decision>,
    /// Comments that ask scanners to look away (`nosec`, `ast-grep-ignore`, `nosemgrep` ...): 1-based lines. They
    /// silence nothing here; that a model writes them is a finding of its own.
    pub suppressions: Vec<usize>,
    /// Why the text, or a part of it, could not be analysed. Never to be shown as clean.
    pub not_analysed: Option<NotAnalysed>,
}

/// Why a text was not analysed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum NotAnalysed {
    /// Larger than the engine's limit.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit, bytes.
        limit: usize,
    },
    /// One line longer than the engine's limit (minified or hostile).
    #[error("a line longer than {limit} bytes")]
    LineTooLong {
        /// The limit, bytes.
        limit: usize,
    },
    /// Nested deeper than the engine's limit.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit, levels.
        limit: usize,
    },
    /// The parser gave up within its time.
    #[error("not parsed within {milliseconds} ms")]
    TooSlow {
        /// The limit, milliseconds.
        milliseconds: u64,
    },
    /// The file or folder could not be opened or read.
    #[error("cannot be read: {reason}")]
    Unreadable {
        /// What the system said.
        reason: String,
    },
    /// The bytes are not text.
    #[error("not text (a NUL byte or no UTF-8 near byte {at})")]
    Binary {
        /// Offset of the first such byte.
        at: usize,
    },
}
