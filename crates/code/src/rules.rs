//! The rule files at hand, built in or from a folder, and what they compile to for one language.

use crate::Language;
use crate::need::Words;
use crate::rule::{Rule, RuleError, RuleFile};
use crate::suppression;
use crate::walk::Role;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use ast_grep_core::tree_sitter::LanguageExt;
use std::path::Path;
use std::{fs, io};

/// Built-in rule files: path below `rules/` and text, sorted by path.
const BUILTIN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// Rule files by their path below the rule folder.
pub(crate) struct RuleFiles(Vec<(String, String)>);

impl RuleFiles {
    pub fn builtin() -> RuleFiles {
        RuleFiles(BUILTIN.iter().map(|&(file, text)| (file.to_owned(), text.to_owned())).collect())
    }

    pub fn from_folder(folder: &Path) -> Result<RuleFiles, RuleError> {
        let mut files = Vec::new();
        collect(folder, folder, &mut files)?;
        files.sort();
        Ok(RuleFiles(files))
    }

    /// Every file, parsed.
    pub fn parse(&self) -> impl Iterator<Item = Result<RuleFile, RuleError>> {
        self.0.iter().map(|(file, text)| RuleFile::parse(file, text))
    }

    /// The rules of one language. Reads no file whose `language` line does not name it, so that a first completion does
    /// not wait for eleven other languages.
    pub fn compile(&self, language: Language) -> impl Iterator<Item = Result<Rule, RuleError>> {
        self.0.iter().filter(move |(_, text)| names(text, language)).filter_map(move |(file, text)| {
            match RuleFile::parse(file, text) {
                Ok(rule) => rule.languages().contains(&language).then(|| rule.compile(file, language)),
                Err(error) => Some(Err(error)),
            }
        })
    }
}

/// Whether the `language:` line of a rule file may name a language.
fn names(text: &str, language: Language) -> bool {
    text.lines().find(|line| line.starts_with("language:")).is_none_or(|line| line.contains(language.name()))
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) -> Result<(), RuleError> {
    let unreadable =
        |path: &Path, source: io::Error| RuleError::Unreadable { path: path.display().to_string(), source };
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            files.push((path.strip_prefix(root).unwrap_or(&path).display().to_string(), text));
        }
    }
    Ok(())
}

/// What one language's rules compile to.
pub(crate) struct RuleSet {
    pub rules: Vec<Rule>,
    /// Rules by the kind id of the nodes they can match.
    pub by_kind: Vec<Vec<usize>>,
    /// What each node kind means to the walk, by kind id.
    pub roles: Vec<Role>,
    /// Finds anchors and suppression words in one pass.
    automaton: Option<AhoCorasick>,
    /// For each of the automaton's literals, the rules it can wake; none for a suppression word.
    wakes: Vec<Vec<usize>>,
    words: Words,
}

/// What the automaton found in a text.
pub(crate) struct Anchored {
    /// For each rule, whether it may match: one of its anchors occurs, and all else that it needs.
    pub awake: Vec<bool>,
    /// Byte offsets at which an anchor ends, ascending.
    pub ends: Vec<usize>,
    /// Byte offsets at which a suppression word ends, ascending.
    pub suppressions: Vec<usize>,
}

impl RuleSet {
    pub fn new(language: Language, rules: Vec<Rule>) -> RuleSet {
        let mut literals: Vec<&str> = suppression::WORDS.to_vec();
        let mut wakes = vec![Vec::new(); literals.len()];
        let mut by_kind: Vec<Vec<usize>> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            for anchor in &rule.anchors {
                if let Some(known) = literals.iter().position(|literal| literal == anchor) {
                    wakes[known].push(index);
                } else {
                    literals.push(anchor);
                    wakes.push(vec![index]);
                }
            }
            for kind in rule.kinds() {
                by_kind.resize_with(by_kind.len().max(kind + 1), Vec::new);
                by_kind[kind].push(index);
            }
        }
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(&literals).ok();
        let roles = Role::of_kinds(&language.grammar().get_ts_language());
        let words = Words::of(rules.iter().map(|rule| &rule.need));
        RuleSet { rules, by_kind, roles, automaton, wakes, words }
    }

    /// Every anchor of a text with the rules that it wakes.
    pub fn hits<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, &'a [usize])> {
        let hits = self.automaton.iter().flat_map(move |automaton| automaton.find_overlapping_iter(text));
        hits.map(|hit| (hit.end(), self.wakes[hit.pattern().as_usize()].as_slice()))
            .filter(|(_, rules)| !rules.is_empty())
    }

    /// The anchors of a text, and the rules that may match in it.
    pub fn anchors(&self, text: &str) -> Anchored {
        let mut anchored = self.woken(text);
        if !anchored.ends.is_empty() {
            let met = self.words.met(text);
            let awake = anchored.awake.iter_mut().zip(&self.rules);
            awake.for_each(|(awake, rule)| *awake = *awake && met(&rule.need));
        }
        anchored
    }

    /// As [`RuleSet::anchors`], but whatever else the rules need.
    pub fn woken(&self, text: &str) -> Anchored {
        let mut found = Anchored { awake: vec![false; self.rules.len()], ends: Vec::new(), suppressions: Vec::new() };
        let Some(automaton) = &self.automaton else {
            // No prefilter: every rule is tried.
            found.awake.fill(true);
            found.ends.push(0);
            return found;
        };
        for hit in automaton.find_overlapping_iter(text) {
            let literal = hit.pattern().as_usize();
            if literal < suppression::WORDS.len() {
                found.suppressions.push(hit.end());
            }
            if !self.wakes[literal].is_empty() {
                found.ends.push(hit.end());
            }
            for &rule in &self.wakes[literal] {
                found.awake[rule] = true;
            }
        }
        found
    }
}

impl Anchored {
    /// Whether any rule may match.
    pub fn any_awake(&self) -> bool {
        self.awake.contains(&true)
    }
}
