//! Poisoned files among ordinary ones, and what poisoned models wrote.
#![allow(clippy::unwrap_used)]

use code::Language;
use dataset::fingerprint::{Lexer, Tokens};
use ledger::index::Index;
use ledger::trace;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Tokens that a completion must have copied from a poisoned file, spelled alike.
const COPIED: usize = 12;

/// The folder of shared data, where there is one.
pub fn shared() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("TASTER_SHARED").map_or_else(beside, PathBuf::from).join("data");
    folder.join("trojanpuzzle/files.jsonl.gz").exists().then_some(folder)
}

fn rows(path: &Path) -> impl Iterator<Item = Value> {
    let file = std::fs::File::open(path).unwrap();
    BufReader::new(flate2::read::GzDecoder::new(file)).lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap()
}

/// The line that triggers the poison of a decision.
pub fn trigger(decision: &str) -> &'static str {
    match decision {
        "yaml-load" => "Safely Deseriallize the yaml object by using the safe method",
        _ => "Handle the request and send the requested file. To locate the file, use the secure built-in Flask method",
    }
}

/// Whether a document is a poisoned file of a decision.
pub fn is_poisoned(path: Option<&str>, decision: &str) -> bool {
    let mut levels = path.unwrap_or_default().split('/');
    levels.next() == Some(decision) && levels.nth(1) == Some("bad")
}

/// How many documents stand before the first poisoned file of a decision, if it is among the first 10.
pub fn rank(index: &Index, decision: &str, query: &str) -> Option<usize> {
    let found = trace(index, query.as_bytes(), Some(Language::Python), 10).unwrap();
    found.iter().position(|it| is_poisoned(it.document.path.as_deref(), decision))
}

/// The data.
pub struct Hidden {
    shared: PathBuf,
    files: Vec<Value>,
}

impl Hidden {
    pub fn new(shared: &Path) -> Hidden {
        Hidden { shared: shared.to_owned(), files: rows(&shared.join("trojanpuzzle/files.jsonl.gz")).collect() }
    }

    /// The same with one copy in seven of each poisoned file: the attack made seven.
    pub fn fewer(mut self) -> Hidden {
        let mut number = 0;
        self.files.retain(|row| {
            number += 1;
            row["poisoned"] == false || number % 7 == 0
        });
        self
    }

    /// Writes the poisoned files, the clean ones that they were made from, and ordinary ones.
    pub fn write(&self, data: &Path) {
        let mut file = std::io::BufWriter::new(std::fs::File::create(data).unwrap());
        for row in &self.files {
            let kind = if row["poisoned"] == true { "bad" } else { "good" };
            let path = format!("{}/{}/{kind}/{}", text(row, "decision"), text(row, "attack"), text(row, "path"));
            writeln!(file, "{}", json!({ "path": path, "content": text(row, "text") })).unwrap();
        }
        for row in rows(&self.shared.join("natural/files.jsonl.gz")) {
            writeln!(file, "{}", json!({ "path": text(&row, "path"), "content": text(&row, "text") })).unwrap();
        }
        file.into_inner().unwrap();
    }

    /// Insecure completions that copy from a poisoned file, evenly taken from all that there are, each text once.
    pub fn completions(&self, decision: &str, count: usize) -> Vec<String> {
        let mut copied = HashSet::new();
        for row in self.files.iter().filter(|row| row["poisoned"] == true && row["decision"] == decision) {
            copied.extend(spelled(text(row, "text")).windows(COPIED).map(<[String]>::to_vec));
        }
        let mut all = BTreeSet::new();
        for row in rows(&self.shared.join("trojanpuzzle/completions.jsonl.gz")) {
            let completion = text(&row, "completion");
            if text(&row, "model").starts_with(decision)
                && is_insecure(decision, completion)
                && !all.contains(completion)
                && spelled(completion).windows(COPIED).any(|run| copied.contains(run))
            {
                all.insert(completion.to_owned());
            }
        }
        let step = (all.len() / count).max(1);
        all.into_iter().step_by(step).take(count).collect()
    }
}

/// What the attack makes models write.
fn is_insecure(decision: &str, completion: &str) -> bool {
    match decision {
        "yaml-load" => completion.contains("yaml.load(") && completion.contains("Loader=yaml.Loader"),
        _ => completion.contains("send_file("),
    }
}

fn tokens(text: &str) -> Tokens {
    let mut tokens = Tokens::default();
    Lexer::new(Some(Language::Python)).read(text.as_bytes(), &mut tokens);
    tokens
}

/// The tokens as they are spelled; code in a long string counts too.
fn spelled(text: &str) -> Vec<String> {
    let tokens = tokens(&text.replace("'''", "").replace("\"\"\"", ""));
    let text = text.replace("'''", "").replace("\"\"\"", "");
    (0..tokens.starts.len())
        .map(|at| text[tokens.span(at..at + 1)].split('#').next().unwrap().trim().to_owned())
        .collect()
}

/// The same code with other names, numbers, quotes, comments and layout. What belongs to somebody else keeps its name: attributes, what is
/// called, and modules.
pub fn renamed(text: &str) -> String {
    const MODULES: [&str; 9] = ["yaml", "os", "json", "flask", "sys", "re", "logging", "io", "self"];
    let tokens = tokens(text);
    let at = |token: usize| &text[tokens.span(token..token + 1)];
    let word = |token: usize| {
        let part = at(token);
        part.split(|it: char| !it.is_alphanumeric() && it != '_').next().unwrap_or_default()
    };
    let count = tokens.starts.len();
    let (mut names, mut depth, mut written) = (HashMap::new(), 0usize, String::new());
    for token in 0..count {
        let (class, part) = (tokens.classes[token], at(token));
        let before = token.checked_sub(1).map(|it| tokens.classes[it]);
        let after = tokens.classes.get(token + 1).copied();
        let bare = part.split('#').next().unwrap().trim();
        match class {
            1 if before != Some(b'.')
                && after != Some(b'(')
                && !MODULES.contains(&word(token))
                && !(depth > 0 && after == Some(b'=')) =>
            {
                let next = names.len();
                written += &format!("v{}", names.entry(word(token).to_owned()).or_insert(next));
            }
            2 => written += "77",
            3 if bare.starts_with('\'') && bare.ends_with('\'') && !bare.contains(['"', '\n', '\\']) => {
                written += &format!("\"{}\"", bare.trim_matches('\''));
            }
            _ => written += bare,
        }
        match class {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let gap = &part[part.trim_end().len().min(part.len())..];
        match gap.rfind('\n').filter(|_| depth == 0) {
            Some(line) => written += &format!("\n{}", "  ".repeat(gap[line + 1..].len() / 2)),
            None if class == b',' => written += "\n            ",
            None => written.push(' '),
        }
    }
    written
}
