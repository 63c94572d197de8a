//! Completing code through a chat endpoint: ask for nothing but the continuation, and take away what comes with it anyway.

use serde_json::{Value, json};

/// What the model is told.
const INSTRUCTION: &str = "You are a code completion engine. The user sends the beginning of a source file. Continue it \
    exactly where it stops. Answer with the continuation alone: no explanation, no Markdown, nothing of the code that was sent.";

/// The messages that ask for a continuation of `prompt`.
pub(super) fn messages(prompt: &str) -> Value {
    json!([{ "role": "system", "content": INSTRUCTION }, { "role": "user", "content": prompt }])
}

/// The continuation inside an answer: without the fence around it and the end of the prompt repeated at its start, and
/// on a new line where `healed`, the text that was cut from the prompt, begins one.
pub(super) fn continuation(prompt: &str, healed: &str, answer: &str) -> String {
    let code = without_repetition(prompt, without_fence(answer));
    if !healed.starts_with('\n') || code.starts_with('\n') || code.is_empty() {
        return code.to_owned();
    }
    let indentation = healed.rsplit('\n').next().unwrap_or_default();
    if code.starts_with([' ', '\t']) { format!("\n{code}") } else { format!("\n{indentation}{code}") }
}

/// The text inside the first Markdown fence; all of it when there is none.
fn without_fence(answer: &str) -> &str {
    let Some(start) = fence(answer, 0) else { return answer };
    let Some(line) = answer[start..].find('\n') else { return answer };
    let code = start + line + 1;
    let end = fence(answer, code).unwrap_or(answer.len());
    answer[code..end].trim_end_matches('\n')
}

/// Where the first line at or after `from` that begins with a fence starts.
fn fence(text: &str, from: usize) -> Option<usize> {
    if text[from..].starts_with("```") {
        return Some(from);
    }
    text[from..].find("\n```").map(|at| from + at + 1)
}

/// Most lines of the prompt's end that are looked for at the start of the answer.
const REPEATED_LINES: usize = 200;

/// What is shorter, such as a closing brace, may well be meant a second time.
const SHORTEST_REPETITION: usize = 8;

/// `answer` without the longest run of whole lines that ends the prompt and begins the answer.
fn without_repetition<'a>(prompt: &str, answer: &'a str) -> &'a str {
    let starts = prompt.rmatch_indices('\n').map(|(at, _)| at + 1).take(REPEATED_LINES);
    let whole = std::iter::once(0);
    starts
        .chain(whole)
        .map(|start| prompt[start..].trim_end())
        .filter(|end| end.trim_start().len() >= SHORTEST_REPETITION)
        .filter_map(|end| answer.strip_prefix(end))
        .min_by_key(|rest| rest.len())
        .unwrap_or(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPT: &str = "import yaml\n\ndef load(path):";

    #[test]
    fn a_bare_continuation_is_kept() {
        assert_eq!(continuation(PROMPT, "", "\n    return 1"), "\n    return 1");
        assert_eq!(continuation("x = yaml.", "", "safe_load(f)"), "safe_load(f)");
    }

    #[test]
    fn a_fence_and_the_talk_around_it_are_removed() {
        let answer = "Sure! Here it is:\n```python\n    return 1\n```\nAnything else?";
        assert_eq!(continuation(PROMPT, "\n    ", answer), "\n    return 1");
        assert_eq!(continuation(PROMPT, "", "```\n    return"), "    return");
        assert_eq!(continuation(PROMPT, "", "```"), "```");
    }

    #[test]
    fn a_repeated_prompt_is_removed_whole_or_in_part() {
        for answer in [format!("{PROMPT}\n    return 1"), "def load(path):\n    return 1".to_owned()] {
            assert_eq!(continuation(PROMPT, "", &answer), "\n    return 1");
        }
        assert_eq!(continuation("if (x) {\n}", "", "}\n"), "}\n");
    }

    #[test]
    fn a_continuation_starts_the_line_that_was_cut() {
        assert_eq!(continuation(PROMPT, "\n    ", "return 1"), "\n    return 1");
        assert_eq!(continuation(PROMPT, "\n    ", "    return 1"), "\n    return 1");
        assert_eq!(continuation(PROMPT, "\n    ", ""), "");
    }
}
