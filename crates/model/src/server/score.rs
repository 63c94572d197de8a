//! Log probabilities of a given text: the server echoes it with those of its tokens and generates nothing.

use super::answer::parse;
use super::dialect::Dialect;
use super::exchange::Request;
use crate::TokenLogprob;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    text: String,
    logprobs: Logprobs,
}

#[derive(Deserialize)]
struct Logprobs {
    tokens: Vec<String>,
    token_logprobs: Vec<Option<f64>>,
}

/// The request that has `prompt` and `continuation` echoed.
pub(super) fn request(dialect: &Dialect, prompt: &str, continuation: &str) -> Request {
    let body = json!({
        "model": dialect.model,
        "prompt": format!("{prompt}{continuation}"),
        "max_tokens": 0,
        "echo": true,
        "logprobs": 1,
        "temperature": 0,
    });
    Request { url: dialect.endpoint.api("completions"), body: Some(body), limit: u64::MAX }
}

/// The tokens of `continuation` in the answer; the first may begin inside the prompt.
///
/// # Errors
/// What is wrong with the answer, in words. A server that knows no `echo` answers something else than it was sent.
pub(super) fn tokens(body: &[u8], prompt: &str, continuation: &str) -> Result<Vec<TokenLogprob>, String> {
    let answer: Answer = parse(body)?;
    let [Choice { text, logprobs }] = answer.choices.as_slice() else {
        return Err(format!("{} texts where one was echoed", answer.choices.len()));
    };
    if text.strip_prefix(prompt) != Some(continuation) {
        return Err("another text than the one to echo".into());
    }
    let mut tokens = Vec::new();
    let mut covered = 0;
    for (token, logprob) in logprobs.tokens.iter().zip(&logprobs.token_logprobs).rev() {
        if covered >= continuation.len() {
            break;
        }
        covered += token.len();
        // Rounding may lift a certain token's a little above 0.
        let logprob =
            logprob.filter(|value| (f64::MIN..=1e-3).contains(value)).ok_or("a token without log probability")?;
        tokens.push(TokenLogprob { text: token.clone(), logprob: logprob.min(0.0) });
    }
    tokens.reverse();
    let spelled: String = tokens.iter().map(|token| token.text.as_str()).collect();
    if logprobs.tokens.len() != logprobs.token_logprobs.len() || !spelled.ends_with(continuation) {
        return Err("tokens that do not spell the text".into());
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn answer(tokens: &str, logprobs: &str) -> String {
        format!(
            r#"{{"choices":[{{"text":"import yaml","logprobs":{{"tokens":{tokens},"token_logprobs":{logprobs}}}}}]}}"#
        )
    }

    #[test]
    fn the_tokens_of_the_continuation_are_found_from_the_end() {
        let body = answer(r#"["<s>","import"," ya","ml"]"#, "[null,-3.0,-0.5,0.0001]");
        let tokens = tokens(body.as_bytes(), "import", " yaml").unwrap();
        let read: Vec<_> = tokens.iter().map(|token| (token.text.as_str(), token.logprob)).collect();
        assert_eq!(read, [(" ya", -0.5), ("ml", 0.0)]);
    }

    #[test]
    fn log_probabilities_that_are_none_are_refused() {
        let split = r#"["import"," yaml"]"#;
        for (body, reason) in [
            (answer(split, "[null,null]"), "without log probability"),
            (answer(split, "[null,2.5]"), "without log probability"),
            (answer(split, "[null,-1e999]"), "broken JSON"),
            (answer(split, "[null,NaN]"), "broken JSON"),
            (answer(split, "[-1.0]"), "do not spell"),
            (answer(r#"["import"," toml"]"#, "[null,-1.0]"), "do not spell"),
            (answer("[]", "[]"), "do not spell"),
            (r#"{"choices":[{"text":"\n","logprobs":{"content":[]}}]}"#.to_owned(), "another shape"),
            (r#"{"choices":[]}"#.to_owned(), "0 texts"),
        ] {
            let why = tokens(body.as_bytes(), "import", " yaml").unwrap_err();
            assert!(why.contains(reason), "{body}: {why}");
        }
        assert!(tokens(answer("[]", "[]").as_bytes(), "import", " json").unwrap_err().contains("another text"));
    }
}
