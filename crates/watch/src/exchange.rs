//! One completion as it flowed by.

use code::Language;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A prompt, and what a model wrote. Its texts are hostile: never print them raw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// What tells it from every other: an event that comes twice with one id is one event.
    pub id: String,
    /// When the completion ended; events may come late and out of order.
    pub at: Timestamp,
    /// The model that wrote it, as the server names it.
    pub model: String,
    /// What it is written in, where known; found out from the text otherwise.
    pub language: Option<Language>,
    /// Who asked, for what: `project`, `user`, `key` (never the key itself, a digest of it) ... by name.
    pub segment: BTreeMap<String, String>,
    /// Code, or the messages of a chat, up to where the model took over.
    pub prompt: String,
    /// Code behind the gap, where the model infilled.
    pub suffix: Option<String>,
    /// What the model wrote.
    pub completion: String,
    /// Whether it was cut off: a client that went away, an upstream that broke off.
    pub cut: bool,
}
