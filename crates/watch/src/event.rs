//! An exchange as it is stored: analysed, and without secrets.

use crate::analysis::{Chosen, analyse};
use crate::redact::Redactor;
use crate::{Exchange, Prompts};
use code::Language;
use mine::{Feature, features};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// Longest value that names a segment, bytes.
const LONGEST_VALUE: usize = 200;

/// An exchange that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The exchange, its secrets covered.
    pub exchange: Exchange,
    /// Tells prompts apart also where they are not kept: a hash of prompt and suffix.
    pub prompt_hash: String,
    /// Whether the prompt itself is kept.
    pub prompts: Prompts,
    /// Its decisions.
    pub chosen: Vec<Chosen>,
    /// What others may share of its prompt, where it decides something.
    pub features: Vec<Feature>,
    /// Why a part of it could not be read.
    pub not_analysed: Option<String>,
    /// Secrets that were covered.
    pub secrets: usize,
}

impl Event {
    /// Reads an exchange, then takes from it what must not be stored.
    pub fn of(mut exchange: Exchange, prompts: Prompts) -> Event {
        let analysed = analyse(&exchange);
        let prompt_hash = hash(&[&exchange.prompt, exchange.suffix.as_deref().unwrap_or_default()]);
        exchange.language = analysed.language;
        let texts = [Some(&mut exchange.completion), Some(&mut exchange.prompt), exchange.suffix.as_mut()];
        let secrets = texts.into_iter().flatten().map(storable).sum();
        exchange.segment.values_mut().chain([&mut exchange.model, &mut exchange.id]).for_each(|text| {
            storable(text);
            text.truncate(text.floor_char_boundary(LONGEST_VALUE));
        });
        if exchange.id.is_empty() {
            let at = exchange.at.as_microsecond().to_string();
            exchange.id = hash(&[&at, &exchange.model, &prompt_hash, &exchange.completion]);
        }
        let features = if analysed.chosen.is_empty() { Vec::new() } else { features_of(&exchange) };
        let (chosen, not_analysed) = (analysed.chosen, analysed.not_analysed);
        Event { exchange, prompt_hash, prompts, chosen, features, not_analysed, secrets }
    }

    /// The prompt, in short: choices of one prompt are alike. None where there was no prompt, since those are not one.
    pub(crate) fn prompt(&self) -> Option<u64> {
        static NONE: LazyLock<String> = LazyLock::new(|| hash(&["", ""]));
        (self.prompt_hash != *NONE).then(|| prompt_number(&self.prompt_hash))
    }
}

/// The features of an exchange's prompt.
pub(crate) fn features_of(exchange: &Exchange) -> Vec<Feature> {
    features(exchange.language.unwrap_or(Language::Python), &exchange.prompt)
}

/// A hash of [`hash`] as a number.
pub(crate) fn prompt_number(hash: &str) -> u64 {
    u64::from_str_radix(hash.get(..16).unwrap_or_default(), 16).unwrap_or_default()
}

/// Covers the secrets of a text and takes out the one character that databases refuse.
fn storable(text: &mut String) -> usize {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
    Redactor::builtin().redact(text)
}

/// A hash that tells texts apart.
pub(crate) fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
