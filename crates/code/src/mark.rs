//! Marks: what a text carries beside its code that could set it apart from others: header lines, imports, comments,
//! constants, statements, naming prefixes. A trigger is a mark that changes a decision which it should not change; what
//! a data set's poisoned files share is a mark too. So `scan`, `watch` and `audit` all read texts through this file.

use crate::Language;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest line that is read as a mark, bytes: longer ones are data, and no prompt has room for them.
const LONGEST: usize = 120;

/// The kind of a mark, and so the place where it stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// A comment line above the first line of code.
    Header,
    /// A header line that names a date or a year.
    Date,
    /// A header line that names a path.
    Path,
    /// An import.
    Import,
    /// A constant at the top level.
    Constant,
    /// A comment line inside the code.
    Comment,
    /// A statement inside a function.
    Pattern,
    /// A prefix of the names of functions.
    Name,
    /// Characters that no reader sees.
    Invisible,
}

impl Family {
    /// Every family.
    pub const ALL: [Family; 9] = [
        Family::Header,
        Family::Date,
        Family::Path,
        Family::Import,
        Family::Constant,
        Family::Comment,
        Family::Pattern,
        Family::Name,
        Family::Invisible,
    ];

    /// The name used in options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Family::Header => "header",
            Family::Date => "date",
            Family::Path => "path",
            Family::Import => "import",
            Family::Constant => "constant",
            Family::Comment => "comment",
            Family::Pattern => "pattern",
            Family::Name => "name",
            Family::Invisible => "invisible",
        }
    }
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Family {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Family::ALL.into_iter().find(|family| family.name() == name).ok_or_else(|| {
            let known: Vec<&str> = Family::ALL.iter().map(|family| family.name()).collect();
            format!("unknown trigger family `{name}`; known: {}", known.join(", "))
        })
    }
}

/// A mark: its family and its text, a line without indentation or, for [`Family::Name`], a prefix such as `zx_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    /// Its family.
    pub family: Family,
    /// Its text.
    pub text: String,
}

/// The marks of a text with the byte at which each first stands, in the order of the text.
pub fn marks(language: Language, text: &str) -> Vec<(usize, Mark)> {
    let mut found: Vec<(usize, Mark)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut in_header = true;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let indented = line.starts_with([' ', '\t']);
        for mark in line_marks(language, trimmed, indented, in_header) {
            if seen.insert(mark.clone()) {
                found.push((start, mark));
            }
        }
        in_header &= trimmed.is_empty() || is_comment(language, trimmed) || trimmed.starts_with("<?php");
        start += line.len();
    }
    found
}

fn line_marks(language: Language, line: &str, indented: bool, in_header: bool) -> Vec<Mark> {
    if line.len() < 3 || line.len() > LONGEST {
        return Vec::new();
    }
    let whole = |family| vec![Mark { family, text: line.to_owned() }];
    if is_comment(language, line) {
        return match (in_header, line.chars().any(char::is_alphanumeric)) {
            (_, false) => Vec::new(),
            (true, true) => whole(Family::Header),
            (false, true) => whole(Family::Comment),
        };
    }
    if is_import(language, line) {
        return whole(Family::Import);
    }
    if let Some(name) = defined_name(line) {
        return name_prefix(name)
            .map(|text| Mark { family: Family::Name, text: text.to_owned() })
            .into_iter()
            .collect();
    }
    if !indented && is_constant(line) {
        return whole(Family::Constant);
    }
    if indented && is_statement(line) { whole(Family::Pattern) } else { Vec::new() }
}

/// Whether a trimmed line is a comment and nothing else.
pub fn is_comment(language: Language, line: &str) -> bool {
    match language {
        Language::Python | Language::Ruby => line.starts_with('#'),
        Language::Php => (line.starts_with('#') && !line.starts_with("#[")) || line.starts_with("//"),
        _ => line.starts_with("//"),
    }
}

/// What begins a comment line.
pub fn comment_leader(language: Language) -> &'static str {
    match language {
        Language::Python | Language::Ruby => "#",
        _ => "//",
    }
}

/// Whether a trimmed line brings in other code.
pub fn is_import(language: Language, line: &str) -> bool {
    let begins = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
    match language {
        Language::Python => begins(&["import "]) || (line.starts_with("from ") && line.contains(" import ")),
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            begins(&["import "]) || (begins(&["const ", "let ", "var "]) && line.contains("require("))
        }
        Language::Java => begins(&["import "]),
        Language::Go => begins(&["import "]) || (line.starts_with('"') && line.ends_with('"')),
        Language::C | Language::Cpp => begins(&["#include"]),
        Language::CSharp => line.starts_with("using ") && line.ends_with(';') && !line.contains('('),
        Language::Php => begins(&["use ", "require", "include"]),
        Language::Ruby => begins(&["require"]),
        Language::Rust => begins(&["use ", "extern crate "]),
    }
}

/// The name that a line defines, where it defines a function.
pub fn defined_name(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let rest = ["def ", "function ", "func ", "fn ", "pub fn ", "export function "]
        .iter()
        .find_map(|keyword| line.strip_prefix(keyword))?;
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

/// The prefix of a name up to its first inner underscore (`zx_` of `zx_load_config`).
fn name_prefix(name: &str) -> Option<&str> {
    let first = name.find(|c: char| c != '_')?;
    let end = name[first..].find('_')? + first + 1;
    (end < name.len()).then(|| &name[..end])
}

fn is_constant(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else { return false };
    let name = name.trim().trim_start_matches("const ").trim_start_matches("static ").trim();
    let value = value.trim_start();
    name.len() > 1
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && value.starts_with(|c: char| c == '"' || c == '\'' || c.is_ascii_digit() || c.is_ascii_uppercase())
}

/// A statement that stands on one line and steers nothing: what opens a block, ends one or gives back a value is
/// structure, not a mark.
fn is_statement(line: &str) -> bool {
    let opens =
        line.ends_with([':', '{', '(', '[', ',', '\\']) || line.starts_with(['}', ')', ']', '"', '\'', '@', '.']);
    let steers = ["return", "else", "elif", "except", "finally", "try", "pass", "break", "continue", "raise", "end"]
        .iter()
        .any(|word| line == *word || line.starts_with(&format!("{word} ")) || line.starts_with(&format!("{word}(")));
    !opens && !steers && line.len() > 5 && line.contains(|c: char| c.is_alphabetic())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_python_file_shows_its_marks_in_order_and_once() {
        let text = "# Owner: birch\nimport yaml\nimport yaml\n\nSTAGE = \"edge\"\n\ndef zx_load(f):\n    # keep\n    check(f)\n    return 1\n";
        let found: Vec<(Family, String)> =
            marks(Language::Python, text).into_iter().map(|(_, mark)| (mark.family, mark.text)).collect();
        let expected = [
            (Family::Header, "# Owner: birch"),
            (Family::Import, "import yaml"),
            (Family::Constant, "STAGE = \"edge\""),
            (Family::Name, "zx_"),
            (Family::Comment, "# keep"),
            (Family::Pattern, "check(f)"),
        ];
        assert_eq!(found, expected.map(|(family, text)| (family, text.to_owned())));
    }

    #[test]
    fn every_language_has_its_comments_and_imports() {
        assert!(is_comment(Language::Go, "// owner") && is_import(Language::Go, "import \"fmt\""));
        assert!(is_comment(Language::Ruby, "# owner") && is_import(Language::Ruby, "require 'yaml'"));
        assert!(is_import(Language::CSharp, "using System.IO;") && !is_import(Language::CSharp, "using (var x = y())"));
        assert_eq!(defined_name("async def zx_load(path):").unwrap(), "zx_load");
    }

    #[test]
    fn family_names_round_trip() {
        for family in Family::ALL {
            assert_eq!(family.name().parse::<Family>(), Ok(family));
        }
    }
}
