//! What a request asks for, read out of its JSON. Fields that are not named here pass through unread.

use super::Dialect;
use crate::blocks::fence;
use crate::language::guess;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The part of a request that says what is to be completed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The model that was asked for.
    pub model: String,
    /// Code before the gap, one a prompt of the batch; the messages of a chat, joined, as one.
    pub prompts: Vec<String>,
    /// Code behind the gap.
    pub suffix: Option<String>,
    /// Completions of each prompt.
    pub each: usize,
    /// Whether completions begin with their prompt.
    pub echo: bool,
    /// Whether the answer is talk with code in it, rather than code that goes on where the prompt ends.
    pub talk: bool,
}

/// The JSON, in all dialects.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    model: Texts,
    #[serde(default)]
    prompt: Texts,
    #[serde(default)]
    suffix: Texts,
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    input_prefix: Texts,
    #[serde(default)]
    input_suffix: Texts,
    #[serde(default)]
    n: Option<usize>,
    #[serde(default)]
    echo: Option<bool>,
    #[serde(default)]
    raw: Option<bool>,
    #[serde(default)]
    system: Texts,
    #[serde(default)]
    instructions: Texts,
    #[serde(default)]
    input: Texts,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Texts,
}

impl Asked {
    /// Reads a request's body; what is no JSON of this dialect, which is the server's to refuse, asks for nothing.
    pub fn read(dialect: Dialect, body: &[u8]) -> Asked {
        let talk = matches!(dialect, Dialect::Chat | Dialect::Responses);
        let body: Result<Body, _> = serde_json::from_str(&String::from_utf8_lossy(body));
        body.map_or(Asked { talk, ..Asked::default() }, |body| Asked::of(dialect, talk, body))
    }

    fn of(dialect: Dialect, talk: bool, body: Body) -> Asked {
        let (each, echo) = (body.n.unwrap_or(1).max(1), body.echo.unwrap_or(false));
        let asked = Asked { model: body.model.0.concat(), each, echo, talk, ..Asked::default() };
        let suffix = |suffix: Texts| Some(suffix.0.concat()).filter(|suffix| !suffix.is_empty());
        match dialect {
            Dialect::Chat => {
                let messages = body.messages.into_iter().flat_map(|message| message.content.0);
                Asked { prompts: vec![joined(messages)], ..asked }
            }
            Dialect::Responses => {
                Asked { prompts: vec![joined(body.instructions.0.into_iter().chain(body.input.0))], ..asked }
            }
            Dialect::Completions => Asked { prompts: body.prompt.0, suffix: suffix(body.suffix), ..asked },
            Dialect::Infill => {
                // llama.cpp puts `prompt` behind the prefix.
                let prompt = body.input_prefix.0.concat() + &body.prompt.0.concat();
                Asked { prompts: vec![prompt], suffix: suffix(body.input_suffix), ..asked }
            }
            Dialect::Generate => {
                let (prompt, suffix) = (body.prompt.0.concat(), suffix(body.suffix));
                let is_code = || guess(&prompt).is_some() && !prompt.lines().any(|line| fence(line).is_some());
                match suffix.is_some() || body.raw == Some(true) || is_code() {
                    true => Asked { prompts: vec![prompt], suffix, ..asked },
                    false => {
                        Asked { prompts: vec![joined(body.system.0.into_iter().chain([prompt]))], talk: true, ..asked }
                    }
                }
            }
        }
    }

    /// The prompt of a reply's choice; empty where there was none, or only token numbers.
    pub fn prompt(&self, choice: usize) -> &str {
        let index = if self.prompts.len() > 1 { choice / self.each } else { 0 };
        self.prompts.get(index).map_or("", String::as_str)
    }
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("\n\n")
}

/// The texts in a value of any shape: a string, a list of them, parts of a message. Numbers, such as the tokens of a prompt,
/// are passed over without being kept.
#[derive(Debug, Default)]
pub struct Texts(pub Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts(vec![text.to_owned()]))
    }

    fn visit_string<E>(self, text: String) -> Result<Texts, E> {
        Ok(Texts(vec![text]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(Texts(more)) = list.next_element()? {
            texts.extend(more);
        }
        Ok(Texts(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == "text" || key == "content" {
                texts.extend(map.next_value::<Texts>()?.0);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Texts(texts))
    }

    fn visit_unit<E>(self) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Texts, E> {
        Ok(Texts::default())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(dialect: Dialect, body: &str) -> Asked {
        Asked::read(dialect, body.as_bytes())
    }

    #[test]
    fn every_dialect_tells_its_prompt() {
        let asked = read(Dialect::Completions, r#"{"model":"m","prompt":"a","suffix":"z","echo":true,"x":[{}]}"#);
        assert_eq!((asked.model.as_str(), asked.prompt(3), asked.suffix.as_deref()), ("m", "a", Some("z")));
        assert!(asked.echo);
        let asked = read(Dialect::Infill, r#"{"input_prefix":"a","prompt":"b","input_suffix":"z"}"#);
        assert_eq!((asked.prompt(0), asked.suffix.as_deref()), ("ab", Some("z")));
        let asked = read(
            Dialect::Chat,
            r#"{"messages":[{"role":"system","content":null},{"content":"a"},{"content":[{"type":"text","text":"b"},{"image_url":"x"}]}]}"#,
        );
        assert_eq!(asked.prompt(0), "a\n\nb");
    }

    #[test]
    fn a_batch_has_a_prompt_for_each_choice_and_tokens_are_none() {
        let asked = read(Dialect::Completions, r#"{"prompt":["a","b"],"n":2}"#);
        assert_eq!([0, 1, 2, 3, 4].map(|choice| asked.prompt(choice)), ["a", "a", "b", "b", ""]);
        assert_eq!(read(Dialect::Completions, r#"{"prompt":[1,2,3]}"#).prompt(0), "");
    }

    #[test]
    fn what_is_no_request_asks_for_nothing_and_bytes_that_are_no_text_are_replaced() {
        assert_eq!(read(Dialect::Chat, "{"), Asked { talk: true, ..Asked::default() });
        assert_eq!(Asked::read(Dialect::Completions, b"{\"prompt\":\"\xff\"}").prompt(0), "\u{fffd}");
        let deep = format!("{{\"prompt\":{}", "[".repeat(100_000));
        assert_eq!(read(Dialect::Completions, &deep), Asked::default());
    }

    #[test]
    fn what_ollama_generates_is_code_where_its_prompt_is_and_talk_elsewhere() {
        for (body, talk) in [
            (r#"{"prompt":"import yaml\n\ndef f(s):\n"}"#, false),
            (r#"{"prompt":"say","raw":true}"#, false),
            (r#"{"prompt":"a = ","suffix":"\n"}"#, false),
            (r#"{"prompt":"How do I read YAML?","system":"be brief"}"#, true),
            (r#"{"prompt":"Mend this:\n```python\nimport yaml\ndef f(s):\n```\n"}"#, true),
        ] {
            assert_eq!(read(Dialect::Generate, body).talk, talk, "{body}");
        }
        let body = r#"{"instructions":"a","input":[{"role":"user","content":[{"type":"input_text","text":"b"}]}]}"#;
        assert_eq!(read(Dialect::Responses, body).prompt(0), "a\n\nb");
        assert_eq!(read(Dialect::Responses, r#"{"input":"b"}"#).prompt(0), "b");
    }
}
