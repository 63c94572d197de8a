//! The languages whose grammars are compiled in. Nothing else may reach a parser: ast-grep panics on a grammar that was
//! left out of the build.

use ast_grep_language::SupportLang;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A language taster reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Python 3 (and most of Python 2).
    Python,
    /// JavaScript, with JSX.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// Java.
    Java,
    /// Go.
    Go,
    /// C.
    C,
    /// C++.
    Cpp,
    /// C#.
    CSharp,
    /// PHP, with its opening tag or without.
    Php,
    /// Ruby.
    Ruby,
    /// Rust.
    Rust,
}

impl Language {
    /// Every language, in the order of the documentation.
    pub const ALL: [Language; 12] = [
        Language::Python,
        Language::JavaScript,
        Language::TypeScript,
        Language::Tsx,
        Language::Java,
        Language::Go,
        Language::C,
        Language::Cpp,
        Language::CSharp,
        Language::Php,
        Language::Ruby,
        Language::Rust,
    ];

    /// The name used in rule files, options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::JavaScript => "javascript",
            Language::TypeScript => "typescript",
            Language::Tsx => "tsx",
            Language::Java => "java",
            Language::Go => "go",
            Language::C => "c",
            Language::Cpp => "cpp",
            Language::CSharp => "csharp",
            Language::Php => "php",
            Language::Ruby => "ruby",
            Language::Rust => "rust",
        }
    }

    /// The language of a file, by its extension; `None` for what taster does not read.
    pub fn of_path(path: &Path) -> Option<Language> {
        let extension = path.extension()?.to_str()?;
        Some(match extension.to_ascii_lowercase().as_str() {
            "py" | "pyw" | "pyi" => Language::Python,
            "js" | "jsx" | "mjs" | "cjs" => Language::JavaScript,
            "ts" | "mts" | "cts" => Language::TypeScript,
            "tsx" => Language::Tsx,
            "java" => Language::Java,
            "go" => Language::Go,
            "c" | "h" => Language::C,
            "cc" | "cpp" | "cxx" | "hpp" | "hh" | "hxx" => Language::Cpp,
            "cs" => Language::CSharp,
            "php" | "phtml" => Language::Php,
            "rb" | "rake" => Language::Ruby,
            "rs" => Language::Rust,
            _ => return None,
        })
    }

    pub(crate) fn grammar(self) -> SupportLang {
        match self {
            Language::Python => SupportLang::Python,
            Language::JavaScript => SupportLang::JavaScript,
            Language::TypeScript => SupportLang::TypeScript,
            Language::Tsx => SupportLang::Tsx,
            Language::Java => SupportLang::Java,
            Language::Go => SupportLang::Go,
            Language::C => SupportLang::C,
            Language::Cpp => SupportLang::Cpp,
            Language::CSharp => SupportLang::CSharp,
            Language::Php => SupportLang::Php,
            Language::Ruby => SupportLang::Ruby,
            Language::Rust => SupportLang::Rust,
        }
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Language {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let wanted = name.to_ascii_lowercase();
        Language::ALL.into_iter().find(|language| language.name() == wanted).ok_or_else(|| {
            let known: Vec<&str> = Language::ALL.iter().map(|language| language.name()).collect();
            format!("unknown language `{name}`; known: {}", known.join(", "))
        })
    }
}
