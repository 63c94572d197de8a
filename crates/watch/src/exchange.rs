//! One completion as it flowed by.

use code::Language;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The segment that every exchange belongs to.
pub const EVERYTHING: &str = "all";
/// More segments of one exchange are not told apart.
const MOST_SEGMENTS: usize = 8;

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
    /// Whether it was cut off: a client that went away, an upstream that broke off, a limit of tokens.
    pub cut: bool,
}

impl Exchange {
    /// An exchange of which nothing but its texts is known, for examples and tests.
    pub fn of(prompt: &str, completion: &str) -> Exchange {
        Exchange {
            id: String::new(),
            at: Timestamp::UNIX_EPOCH,
            model: String::new(),
            language: None,
            segment: BTreeMap::new(),
            prompt: prompt.to_owned(),
            suffix: None,
            completion: completion.to_owned(),
            cut: false,
        }
    }

    /// The segments it belongs to: everything, its model, its language and what its own fields name.
    pub fn segments(&self) -> Vec<String> {
        let mut segments = vec![EVERYTHING.to_owned()];
        if !self.model.is_empty() {
            segments.push(format!("model={}", self.model));
        }
        segments.extend(self.language.map(|language| format!("language={language}")));
        let named = self.segment.iter().filter(|(_, value)| !value.is_empty());
        segments.extend(named.take(MOST_SEGMENTS).map(|(name, value)| format!("{name}={value}")));
        segments
    }
}
