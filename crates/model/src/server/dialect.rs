//! How a server is spoken to: the request for some samples of a query.

use super::exchange::Request;
use super::{Endpoint, chat};
use crate::{Query, Sampling};
use serde_json::{Map, Value, json};

/// The program behind the interface, where it matters for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    LlamaCpp,
    Vllm,
    Other,
}

/// How a suffix is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// It cannot be.
    None,
    /// As the field `suffix` of `/completions`.
    Suffix,
    /// To llama.cpp's `/infill`.
    Infill,
}

/// All that was found out about a server.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    pub(super) endpoint: Endpoint,
    pub(super) model: String,
    pub(super) engine: Engine,
    pub(super) chat: bool,
    pub(super) fill: Fill,
    /// The name of the limit of tokens: newer chat models take another one.
    pub(super) token_field: &'static str,
    /// What is sent in place of an empty prompt: the text of the token that begins a document. Absent where the server
    /// cannot begin with nothing.
    pub(super) beginning: Option<String>,
}

/// Bytes that one token can take in an answer: the longest tokens of common vocabularies have 128 bytes, a byte six in JSON.
const BYTES_PER_TOKEN: u64 = 1024;

/// Bytes of an answer around its completions.
const OVERHEAD: u64 = 64 << 10;

impl Dialect {
    /// Whether `/infill` answers this query.
    pub(super) fn infills(&self, query: &Query) -> bool {
        query.suffix.is_some() && self.fill == Fill::Infill
    }

    /// The request for samples `first .. first + count` of a query.
    pub(super) fn request(&self, query: &Query, sampling: &Sampling, first: usize, count: usize) -> Request {
        let mut body = self.common(sampling);
        body.insert("seed".into(), seed(query.seed, first).into());
        if count > 1 {
            body.insert("n".into(), count.into());
        }
        let prompt =
            if query.prompt.is_empty() { self.beginning.as_deref().unwrap_or_default() } else { &query.prompt };
        let url = if self.chat {
            body.insert("messages".into(), chat::messages(prompt));
            self.endpoint.api("chat/completions")
        } else if self.infills(query) {
            body.insert("input_prefix".into(), prompt.into());
            body.insert("input_suffix".into(), query.suffix.as_deref().into());
            self.endpoint.native("infill")
        } else {
            body.insert("prompt".into(), prompt.into());
            if let Some(suffix) = &query.suffix {
                body.insert("suffix".into(), suffix.as_str().into());
            }
            self.endpoint.api("completions")
        };
        if self.heals() && !query.healed.is_empty() {
            body.insert("grammar".into(), grammar(&query.healed).into());
        }
        let tokens = (sampling.max_tokens as u64).saturating_mul(count as u64);
        Request {
            url,
            body: Some(Value::Object(body)),
            limit: tokens.saturating_mul(BYTES_PER_TOKEN).saturating_add(OVERHEAD),
        }
    }

    /// Whether the beginning of a completion can be prescribed: llama.cpp takes a grammar.
    pub(super) fn heals(&self) -> bool {
        self.engine == Engine::LlamaCpp && !self.chat
    }

    /// What every request says.
    fn common(&self, sampling: &Sampling) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("model".into(), self.model.as_str().into());
        body.insert("temperature".into(), sampling.temperature.into());
        body.insert("top_p".into(), sampling.top_p.into());
        body.insert(self.token_field.into(), sampling.max_tokens.into());
        if !sampling.stop.is_empty() {
            body.insert("stop".into(), json!(sampling.stop));
        }
        // Servers cut the distribution's tail unless told not to, and a backdoor may live there.
        match self.engine {
            Engine::LlamaCpp => {
                body.insert("top_k".into(), 0.into());
                body.insert("min_p".into(), 0.into());
                body.insert("repeat_penalty".into(), 1.into());
                // `/infill` knows the limit by its own name only.
                body.insert("n_predict".into(), sampling.max_tokens.into());
            }
            Engine::Vllm => {
                body.insert("top_k".into(), (-1).into());
                body.insert("min_p".into(), 0.into());
                body.insert("repetition_penalty".into(), 1.into());
            }
            Engine::Other => {}
        }
        body
    }
}

/// The seed of a request, one for each `(seed, sample)` and positive in 32 bits, which every server takes.
fn seed(seed: u64, sample: usize) -> u32 {
    // SplitMix64's finaliser (Steele, Lea & Flood 2014), so that neighbouring streams share nothing.
    let mut z = seed.wrapping_add((sample as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 33) as u32
}

/// A GBNF grammar of the texts that begin with `start`.
fn grammar(start: &str) -> String {
    let mut literal = String::new();
    for c in start.chars() {
        literal.push_str(&format!("\\U{:08X}", c as u32));
    }
    format!("root ::= \"{literal}\" [\\x00-\\U0010FFFF]*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_queries_have_seeds_of_their_own() {
        let seeds: std::collections::HashSet<u32> =
            (0..100).flat_map(|query| (0..100).map(move |sample| seed(query, sample))).collect();
        assert_eq!(seeds.len(), 10_000);
        assert!(seeds.iter().all(|&seed| i32::try_from(seed).is_ok()));
    }

    #[test]
    fn a_grammar_takes_any_text_as_its_start() {
        assert_eq!(grammar("\n\"é"), r#"root ::= "\U0000000A\U00000022\U000000E9" [\x00-\U0010FFFF]*"#);
    }
}
