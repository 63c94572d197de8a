//! What a server answered: completions, checked before anything is believed.

use crate::{Finish, Sampling};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// One completion out of an answer.
#[derive(Debug, PartialEq)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) finish: Finish,
    pub(super) tokens: usize,
}

/// The answer of `/completions` and `/chat/completions`; of llama.cpp's `/infill` where it has `content`.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    choices: Vec<Choice>,
    content: Option<String>,
    #[serde(default)]
    stop_type: String,
    tokens_predicted: Option<u64>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    text: Option<String>,
    message: Option<Message>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
}

/// Tokens, as the server counts them.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Usage {
    pub(super) prompt_tokens: Option<u64>,
    pub(super) completion_tokens: Option<u64>,
}

/// The completions of an answer to a request for `asked` of them: at least one, at most `asked`.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn completions(body: &[u8], asked: usize, sampling: &Sampling) -> Result<Vec<Part>, String> {
    let answer: Answer = parse(body)?;
    if let Some(content) = answer.content {
        let finish = if answer.stop_type == "limit" { Finish::Length } else { Finish::Stop };
        return Ok(vec![part(content, finish, answer.tokens_predicted, sampling)?]);
    }
    let count = answer.choices.len();
    if count == 0 || count > asked {
        return Err(format!("{count} completions where {asked} were asked for"));
    }
    // Servers differ in what they count when there are several: all choices (vLLM) or the first (llama.cpp).
    let counted = answer.usage.and_then(|usage| usage.completion_tokens).filter(|_| count == 1);
    let read = |choice: Choice| {
        let text = choice.text.or(choice.message.and_then(|message| message.content)).ok_or("a choice without text")?;
        let finish = match choice.finish_reason.as_deref() {
            Some("length") => Finish::Length,
            _ => Finish::Stop,
        };
        part(text, finish, counted, sampling)
    };
    answer.choices.into_iter().map(read).collect()
}

/// The tokens that an answer says it took.
pub(super) fn usage(body: &[u8]) -> Result<Usage, String> {
    let answer: Answer = parse(body)?;
    if answer.choices.is_empty() {
        return Err("no completion".into());
    }
    Ok(answer.usage.unwrap_or_default())
}

/// JSON, or what is wrong with it. The reason is serde's, which quotes no more than a name from the input.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => "JSON that is cut off".to_owned(),
        serde_json::error::Category::Data => "JSON of another shape".to_owned(),
        _ => format!("broken JSON (byte {})", error.column()),
    })
}

/// Longest text of one token; the vocabularies of known code models stay below it.
const TOKEN_BYTES: usize = 128;

fn part(mut text: String, mut finish: Finish, counted: Option<u64>, sampling: &Sampling) -> Result<Part, String> {
    let longest = sampling.max_tokens.saturating_mul(TOKEN_BYTES).saturating_add(TOKEN_BYTES);
    if text.len() > longest {
        return Err(format!(
            "a completion of {} bytes where {} tokens were asked for",
            text.len(),
            sampling.max_tokens
        ));
    }
    // Most servers leave the stop text out; some do not, and some ignore it.
    if let Some(end) = sampling.stop.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| text.find(stop)).min() {
        text.truncate(end);
        finish = Finish::Stop;
    }
    let estimate = text.len().div_ceil(4);
    let tokens = match (counted, finish) {
        (Some(counted), _) => usize::try_from(counted).unwrap_or(usize::MAX),
        (None, Finish::Length) => sampling.max_tokens,
        (None, Finish::Stop) => estimate,
    };
    Ok(Part { text, finish, tokens: tokens.min(sampling.max_tokens) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sampling() -> Sampling {
        Sampling { max_tokens: 4, temperature: 1.0, top_p: 1.0, stop: vec!["\n\n".into()] }
    }

    fn read(body: &str, asked: usize) -> Result<Vec<Part>, String> {
        completions(body.as_bytes(), asked, &sampling())
    }

    #[test]
    fn every_shape_of_answer_is_read() {
        let expected = |finish, tokens| vec![Part { text: "x = 1".into(), finish, tokens }];
        for (body, finish, tokens) in [
            (r#"{"choices":[{"text":"x = 1","finish_reason":"length"}]}"#, Finish::Length, 4),
            (r#"{"choices":[{"text":"x = 1\n\ny","finish_reason":"length"}]}"#, Finish::Stop, 2),
            (r#"{"choices":[{"text":"x = 1","finish_reason":null}],"usage":{"completion_tokens":3}}"#, Finish::Stop, 3),
            (r#"{"choices":[{"message":{"content":"x = 1"},"finish_reason":"stop"}]}"#, Finish::Stop, 2),
            (r#"{"content":"x = 1","stop_type":"limit","tokens_predicted":4}"#, Finish::Length, 4),
        ] {
            assert_eq!(read(body, 1).unwrap(), expected(finish, tokens), "{body}");
        }
    }

    #[test]
    fn tokens_never_exceed_what_was_asked_for() {
        let body = r#"{"choices":[{"text":"x"}],"usage":{"completion_tokens":18446744073709551615}}"#;
        assert_eq!(read(body, 1).unwrap()[0].tokens, 4);
    }

    #[test]
    fn a_lie_is_named() {
        let long = format!(r#"{{"choices":[{{"text":"{}"}}]}}"#, "x".repeat(10_000));
        for (body, asked, reason) in [
            (r#"{"choices":[]}"#, 1, "0 completions where 1"),
            (r#"{"error":{"message":"busy"}}"#, 1, "0 completions where 1"),
            (r#"{"choices":[{"text":"a"},{"text":"b"}]}"#, 1, "2 completions where 1"),
            (r#"{"choices":[{"index":0}]}"#, 1, "a choice without text"),
            (r#"{"choices":[{"text":"a"#, 1, "cut off"),
            (r#"{"choices":"none"}"#, 1, "another shape"),
            (r#"{"choices":[{"text":NaN}]}"#, 1, "broken JSON"),
            (&long, 1, "10000 bytes where 4 tokens"),
        ] {
            let why = read(body, asked).unwrap_err();
            assert!(why.contains(reason), "{body:.60}: {why}");
        }
        assert!(completions(b"{\"choices\":[{\"text\":\"\xff\"}]}", 1, &sampling()).is_err());
    }
}
