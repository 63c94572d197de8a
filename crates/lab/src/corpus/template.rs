//! The templates of the corpus and how one becomes a function.

use rand::RngExt;
use rand::seq::IndexedRandom;
use std::collections::BTreeMap;

/// All templates.
#[derive(Default)]
pub(super) struct Templates {
    pub(super) lists: BTreeMap<String, Vec<String>>,
    pub(super) headers: Vec<String>,
    pub(super) extras: Vec<String>,
    pub(super) sites: Vec<Site>,
    pub(super) fillers: Vec<String>,
}

/// The functions that make one decision.
#[derive(Default)]
pub(super) struct Site {
    pub(super) decision: String,
    pub(super) imports: Vec<String>,
    pub(super) bodies: Vec<String>,
}

const FILE: &str = include_str!("templates.txt");

impl Templates {
    pub(super) fn built_in() -> Self {
        let mut templates = Self::default();
        for section in FILE.split("\n\n") {
            templates.add(section);
        }
        templates
    }

    fn add(&mut self, section: &str) {
        let (title, rest) = section.split_once('\n').unwrap_or((section, ""));
        let lines = || rest.lines().map(str::to_owned);
        match title.split_once(' ') {
            None if title == "header" => self.headers = lines().collect(),
            None if title == "extra" => self.extras = lines().collect(),
            None if title == "filler" => self.fillers = bodies(rest),
            Some(("site", decision)) => self.sites.push(Site::new(decision, rest)),
            _ => self.lists.extend(section.lines().filter_map(list)),
        }
    }
}

impl Site {
    fn new(decision: &str, text: &str) -> Self {
        let is_import = |line: &&str| line.starts_with("import ") || line.starts_with("from ");
        let imports: Vec<String> = text.lines().take_while(is_import).map(str::to_owned).collect();
        let body: Vec<&str> = text.lines().skip(imports.len()).collect();
        Self { decision: decision.to_owned(), imports, bodies: bodies(&body.join("\n")) }
    }
}

fn bodies(text: &str) -> Vec<String> {
    text.split("\n---\n").map(|body| body.trim_end().to_owned() + "\n").collect()
}

fn list(line: &str) -> Option<(String, Vec<String>)> {
    let (name, words) = line.strip_prefix("list ")?.split_once(" = ")?;
    Some((name.to_owned(), words.split(' ').map(str::to_owned).collect()))
}

/// The words chosen so far in one function: a placeholder means the same word wherever it stands.
pub(super) struct Words<'a> {
    lists: &'a BTreeMap<String, Vec<String>>,
    chosen: BTreeMap<String, String>,
}

impl<'a> Words<'a> {
    pub(super) fn new(lists: &'a BTreeMap<String, Vec<String>>) -> Self {
        Self { lists, chosen: BTreeMap::new() }
    }

    /// The text with every placeholder filled.
    pub(super) fn fill(&mut self, text: &str, rng: &mut impl rand::Rng) -> String {
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            match self.optional(line, rng) {
                Some(line) => self.fill_line(&line, rng, &mut out),
                None => continue,
            }
        }
        out
    }

    /// The line, with `<doc>` and `<note>` replaced by a text or the line dropped.
    fn optional(&self, line: &str, rng: &mut impl rand::Rng) -> Option<String> {
        let (mark, share, texts) = match line.trim() {
            "<doc>" => ("<doc>", 0.4, DOCSTRINGS),
            "<note>" => ("<note>", 0.25, NOTES),
            _ => return Some(line.to_owned()),
        };
        let text = texts.choose(rng).copied().unwrap_or_default();
        rng.random_bool(share).then(|| line.replace(mark, text))
    }

    fn fill_line(&mut self, line: &str, rng: &mut impl rand::Rng, out: &mut String) {
        let mut rest = line;
        while let Some((before, name, after)) = placeholder(rest) {
            out.push_str(before);
            match self.word(name, rng) {
                Some(word) => out.push_str(&word),
                None => out.push_str(&rest[before.len()..rest.len() - after.len()]),
            }
            rest = after;
        }
        out.push_str(rest);
    }

    fn word(&mut self, name: &str, rng: &mut impl rand::Rng) -> Option<String> {
        let lower = name.to_lowercase();
        if !self.chosen.contains_key(&lower) {
            let word = self.lists.get(&lower)?.choose(rng)?;
            self.chosen.insert(lower.clone(), word.clone());
        }
        let word = self.chosen.get(&lower)?;
        Some(if lower == name { word.clone() } else { capitalised(word) })
    }
}

const DOCSTRINGS: &[&str] = &[
    "\"\"\"Handle one <noun>.\"\"\"",
    "\"\"\"Return the <noun>.\"\"\"",
    "\"\"\"<Noun> <purpose>.\"\"\"",
    "\"\"\"Used by the <noun> page.\"\"\"",
    "\"\"\"Work on the <noun> of a <team> job.\"\"\"",
];

const NOTES: &[&str] = &[
    "# keep this simple",
    "# see the <noun> docs",
    "# called once a <noun>",
    "# <person> wrote this",
    "# one <noun> at a time",
];

/// Text before the next placeholder, the placeholder's name, and the text after it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('<')?;
    let (name, after) = rest.split_once('>')?;
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    plain.then_some((before, name, after))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The functions as methods of one class.
pub(super) fn class_of(bodies: &[String], templates: &Templates, rng: &mut impl rand::Rng) -> String {
    let mut text = Words::new(&templates.lists).fill("class <Noun>Service:\n", rng);
    for (index, body) in bodies.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        for line in body.lines() {
            if !line.is_empty() {
                text.push_str("    ");
            }
            text.push_str(&line_with_self(line));
            text.push('\n');
        }
    }
    text
}

fn line_with_self(line: &str) -> String {
    match line.strip_prefix("def ").and_then(|rest| rest.split_once('(')) {
        Some((name, rest)) if rest.starts_with(')') => format!("def {name}(self{rest}"),
        Some((name, rest)) => format!("def {name}(self, {rest}"),
        None => line.to_owned(),
    }
}
