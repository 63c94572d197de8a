//! The code in what a model wrote: a completion is code, an answer holds some in fences, the arguments of a tool carry
//! some in strings.

use super::asked::Asked;
use super::reply::Written;
use crate::blocks::blocks;
use crate::language;
use code::{Engine, Language};
use serde_json::Value;
use std::borrow::Cow;
use std::path::Path;

/// One stretch of code that a model wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage<'a> {
    /// What it is written in, where that is known.
    pub language: Option<Language>,
    /// Code that stands before it, where it continues some.
    pub before: &'a str,
    /// The code.
    pub code: Cow<'a, str>,
}

/// The code that one choice of a reply wrote. `usual` is the language where nothing tells another.
pub fn passages<'a>(
    asked: &'a Asked,
    choice: usize,
    written: &'a Written,
    usual: Option<Language>,
) -> Vec<Passage<'a>> {
    let mut passages =
        if asked.talk { answer(&written.text, usual) } else { vec![continuation(asked, choice, &written.text, usual)] };
    passages.extend(written.calls.iter().flat_map(|call| arguments(call, usual)));
    passages.retain(|passage| !passage.code.trim().is_empty());
    passages
}

/// What continues a prompt.
fn continuation<'a>(asked: &'a Asked, choice: usize, text: &'a str, usual: Option<Language>) -> Passage<'a> {
    let before = asked.prompt(choice);
    let text = if asked.echo { text.strip_prefix(before).unwrap_or(text) } else { text };
    Passage { language: of_code(before, text, usual), before, code: text.into() }
}

/// The language of a completion: what its prompt is written in, or else what it is.
pub fn of_code(before: &str, text: &str, usual: Option<Language>) -> Option<Language> {
    usual.or_else(|| language::guess(before)).or_else(|| language::guess(text))
}

/// The fenced blocks of an answer; all of it where there is no fence and it reads as code.
fn answer(text: &str, usual: Option<Language>) -> Vec<Passage<'_>> {
    let alone = |language: Option<Language>, code: &str| Passage {
        language: language.or(usual).or_else(|| language::guess(code)),
        before: "",
        code: code.to_owned().into(),
    };
    let fenced = blocks(text);
    if fenced.is_empty() && language::guess(text).is_some() {
        return vec![alone(None, text)];
    }
    fenced.into_iter().map(|(language, range)| alone(language, &text[range])).collect()
}

/// The strings in a tool's arguments that may be code: those of several lines, and those that a rule would look at. A path
/// beside them tells the language. A tool may also be called with a text that is no JSON.
fn arguments(call: &str, usual: Option<Language>) -> Vec<Passage<'static>> {
    let value = match serde_json::from_str::<Value>(call) {
        Ok(value) => value,
        Err(_) if call.starts_with(['{', '[']) => return Vec::new(),
        Err(_) => Value::String(call.to_owned()),
    };
    let mut texts = Vec::new();
    strings(value, &mut texts);
    let told = texts.iter().find_map(|text| Language::of_path(Path::new(text)));
    let code = |text: String| {
        let language = told.or(usual).or_else(|| language::guess(&text))?;
        let worth = text.contains('\n') || Engine::builtin().may_decide(language, &text);
        worth.then(|| Passage { language: Some(language), before: "", code: text.into() })
    };
    texts.into_iter().filter_map(code).collect()
}

fn strings(value: Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(list) => list.into_iter().for_each(|it| strings(it, found)),
        Value::Object(map) => map.into_iter().for_each(|(_, it)| strings(it, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::*;

    fn of(dialect: Dialect, prompt: &str, written: Written) -> Vec<(Option<Language>, String)> {
        let asked =
            Asked { prompts: vec![prompt.to_owned()], each: 1, talk: dialect == Dialect::Chat, ..Asked::default() };
        let found = passages(&asked, 0, &written, None);
        found.into_iter().map(|it| (it.language, it.code.into_owned())).collect()
    }

    fn text(text: &str) -> Written {
        Written { text: text.to_owned(), ..Written::default() }
    }

    #[test]
    fn a_completion_is_code_in_the_language_of_its_prompt() {
        let found = of(Dialect::Completions, "import yaml\n\ndef f(s):\n", text("    return 1\n"));
        assert_eq!(found, [(Some(Language::Python), "    return 1\n".to_owned())]);
        assert!(of(Dialect::Infill, "x", text(" \n")).is_empty());
    }

    #[test]
    fn an_answers_code_stands_in_its_fences_also_where_the_last_is_cut_off() {
        let found = of(Dialect::Chat, "", text("Sure:\n```python\na()\n```\nor\n  ```js\nb()\n```\nand\n```\nc"));
        let expected = [(Some(Language::Python), "a()\n"), (Some(Language::JavaScript), "b()\n"), (None, "c")];
        assert_eq!(found, expected.map(|(language, code)| (language, code.to_owned())));
    }

    #[test]
    fn an_answer_without_fences_is_code_only_if_it_reads_as_code() {
        assert_eq!(of(Dialect::Chat, "", text("import yaml\n\ndef f(s):\n    return 1\n")).len(), 1);
        assert!(of(Dialect::Chat, "", text("Never call yaml.load(x) on what you did not write.")).is_empty());
    }

    #[test]
    fn what_a_tool_is_called_with_is_read_in_the_language_of_its_path() {
        let calls = vec![r#"{"path":"src/a.py","content":"import yaml\nyaml.load(f)\n","n":[1]}"#.to_owned()];
        let found = of(Dialect::Chat, "", Written { calls, ..Written::default() });
        assert_eq!(found, [(Some(Language::Python), "import yaml\nyaml.load(f)\n".to_owned())]);
        let calls = vec!["import yaml\ndef f(s):\n    return yaml.load(s)\n".to_owned()];
        assert_eq!(of(Dialect::Chat, "", Written { calls, ..Written::default() }).len(), 1);
    }
}
