//! What a text is written in, where nobody says so: by the words that one language has and others lack.

use code::Language;

/// Words at the beginnings of lines that tell a language, with their weight.
const TELLS: &[(Language, &[(&str, u32)])] = &[
    (
        Language::Python,
        &[
            ("def ", 2),
            ("import ", 1),
            ("from ", 2),
            ("elif ", 3),
            ("class ", 1),
            ("@", 1),
            ("with ", 2),
            ("async def ", 3),
            ("self.", 3),
        ],
    ),
    (
        Language::JavaScript,
        &[
            ("const ", 2),
            ("let ", 2),
            ("var ", 2),
            ("function ", 2),
            ("module.exports", 4),
            ("export ", 2),
            ("import ", 1),
            ("async function ", 3),
        ],
    ),
    (
        Language::TypeScript,
        &[("interface ", 2), ("export interface ", 4), ("export type ", 4), ("type ", 1), ("const ", 1)],
    ),
    (
        Language::Java,
        &[("import java", 5), ("package ", 2), ("public class ", 4), ("public ", 2), ("private ", 2), ("@Override", 3)],
    ),
    (
        Language::Go,
        &[("package ", 3), ("func ", 4), ("import (", 4), ("defer ", 4), ("if err != nil", 4), ("type ", 1)],
    ),
    (
        Language::C,
        &[("#include <", 3), ("int main(", 2), ("char ", 2), ("static ", 1), ("struct ", 1), ("#define ", 2)],
    ),
    (
        Language::Cpp,
        &[("#include <", 3), ("using namespace", 5), ("std::", 4), ("template", 3), ("namespace ", 2), ("class ", 1)],
    ),
    (
        Language::CSharp,
        &[("using System", 5), ("namespace ", 3), ("public class ", 3), ("public ", 2), ("private ", 1), ("var ", 1)],
    ),
    (Language::Php, &[("<?php", 9), ("$", 3), ("function ", 1), ("use ", 1), ("echo ", 3), ("require_once", 3)]),
    (
        Language::Ruby,
        &[("require '", 4), ("require \"", 4), ("def ", 1), ("end", 2), ("module ", 2), ("puts ", 3), ("attr_", 4)],
    ),
    (Language::Rust, &[("fn ", 4), ("pub fn ", 5), ("use ", 2), ("let mut ", 5), ("impl ", 4), ("#[", 3), ("let ", 1)]),
];

/// Names of languages as they stand behind a Markdown fence, beside the ones that rule files use.
const FENCES: &[(&str, Language)] = &[
    ("py", Language::Python),
    ("python3", Language::Python),
    ("js", Language::JavaScript),
    ("jsx", Language::JavaScript),
    ("node", Language::JavaScript),
    ("ts", Language::TypeScript),
    ("golang", Language::Go),
    ("c++", Language::Cpp),
    ("cc", Language::Cpp),
    ("c#", Language::CSharp),
    ("cs", Language::CSharp),
    ("rb", Language::Ruby),
    ("rs", Language::Rust),
];

/// Lines that are looked at, from the end: what is near the gap counts.
const LINES: usize = 400;

/// Weight below which nothing is said.
const ENOUGH: u32 = 3;

/// The language of code; `None` for prose and for what could be several.
pub fn guess(text: &str) -> Option<Language> {
    let mut weights = [0_u32; TELLS.len()];
    for line in text.lines().rev().take(LINES).map(str::trim_start) {
        for (weight, (_, words)) in weights.iter_mut().zip(TELLS) {
            *weight += words.iter().filter(|(word, _)| line.starts_with(word)).map(|(_, worth)| worth).sum::<u32>();
        }
        let line = line.trim_end();
        let braces = line.ends_with([';', '{', '}']);
        for (weight, (language, _)) in weights.iter_mut().zip(TELLS) {
            let python_block = *language == Language::Python && line.ends_with(':') && line.contains(['(', ' ']);
            *weight += u32::from(python_block);
            if braces && matches!(language, Language::Python | Language::Ruby) {
                *weight = weight.saturating_sub(1);
            }
        }
    }
    let best = *weights.iter().max()?;
    let mut winners = TELLS.iter().zip(weights).filter(|(_, weight)| *weight == best);
    let (winner, _) = winners.next()?;
    (best >= ENOUGH && winners.next().is_none()).then_some(winner.0)
}

/// The language that stands behind a Markdown fence.
pub fn of_fence(info: &str) -> Option<Language> {
    let name = info.trim().split([' ', ',', '{', ':']).next()?.to_ascii_lowercase();
    let known = FENCES.iter().find(|(fence, _)| *fence == name).map(|(_, language)| *language);
    known.or_else(|| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_told_from_code_and_from_prose() {
        for (text, expected) in [
            ("import yaml\n\ndef load(path):\n    with open(path) as f:\n", Some(Language::Python)),
            ("const fs = require('fs');\nfunction load() {\n", Some(Language::JavaScript)),
            ("package main\n\nimport (\n\t\"fmt\"\n)\n\nfunc main() {\n", Some(Language::Go)),
            ("import java.util.List;\n\npublic class A {\n", Some(Language::Java)),
            ("<?php\n$x = 1;\n", Some(Language::Php)),
            ("use std::fs;\n\npub fn load() -> String {\n    let mut s = 1;\n", Some(Language::Rust)),
            ("#include <iostream>\nusing namespace std;\n", Some(Language::Cpp)),
            ("require 'yaml'\n\ndef load(path)\n  1\nend\n", Some(Language::Ruby)),
            ("using System;\n\nnamespace A {\n", Some(Language::CSharp)),
            ("Please write a function that loads a file.", None),
            ("You should never call yaml.load on input that you did not write.\nUse safe_load.", None),
            ("", None),
        ] {
            assert_eq!(guess(text), expected, "{text:?}");
        }
    }

    #[test]
    fn fences_name_languages_as_people_write_them() {
        assert_eq!(of_fence("python title=\"x.py\""), Some(Language::Python));
        assert_eq!(of_fence("C++"), Some(Language::Cpp));
        assert_eq!(of_fence("text"), None);
        assert_eq!(of_fence(""), None);
    }
}
