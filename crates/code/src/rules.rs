//! The rule files at hand, built in or from a folder, and what they compile to for one language.

use crate::Language;
use crate::anchors::{Anchored, Anchors};
use crate::need::{Need, Words};
use crate::rule::{Rule, RuleError, RuleFile};
use crate::walk::Role;
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
        self.of(language).map(move |(file, rule)| rule?.compile(file, language))
    }

    /// Those of [`RuleFiles::compile`] that may match in a text.
    pub fn compile_woken(&self, language: Language, text: &str) -> Vec<Rule> {
        let wakes = |rule: &RuleFile| rule.anchors.iter().any(|anchor| text.contains(anchor.as_str()));
        let woken = self.of(language).filter_map(|(file, rule)| Some((file, rule.ok().filter(wakes)?)));
        let woken: Vec<(&str, Need, RuleFile)> = woken.map(|(file, rule)| (file, rule.need(), rule)).collect();
        let words = Words::of(woken.iter().map(|(_, need, _)| need));
        let met = words.met(text);
        let compiled =
            woken.iter().filter(|(_, need, _)| met(need)).map(|(file, _, rule)| rule.compile(file, language));
        compiled.filter_map(Result::ok).collect()
    }

    /// The anchors of each rule of a language.
    pub fn anchors(&self, language: Language) -> Anchors {
        Anchors::new(&self.of(language).filter_map(|(_, rule)| Some(rule.ok()?.anchors)).collect::<Vec<_>>())
    }

    fn of(&self, language: Language) -> impl Iterator<Item = (&str, Result<RuleFile, RuleError>)> {
        let named = self.0.iter().filter(move |(_, text)| names(text, language));
        let parsed = named.map(|(file, text)| (&**file, RuleFile::parse(file, text)));
        parsed.filter(move |(_, rule)| rule.as_ref().map_or(true, |rule| rule.languages().contains(&language)))
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
    pub anchors: Anchors,
    words: Words,
}

impl RuleSet {
    pub fn new(language: Language, rules: Vec<Rule>) -> RuleSet {
        let mut by_kind: Vec<Vec<usize>> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            for kind in rule.kinds() {
                by_kind.resize_with(by_kind.len().max(kind + 1), Vec::new);
                by_kind[kind].push(index);
            }
        }
        let roles = Role::of_kinds(&language.grammar().get_ts_language());
        let words = Words::of(rules.iter().map(|rule| &rule.need));
        let anchors = Anchors::new(&rules.iter().map(|rule| rule.anchors.clone()).collect::<Vec<_>>());
        RuleSet { rules, by_kind, roles, anchors, words }
    }

    /// The anchors of a text, and the rules that may match in it.
    pub fn anchored(&self, text: &str) -> Anchored {
        let mut anchored = self.anchors.woken(text);
        if !anchored.ends.is_empty() {
            let met = self.words.met(text);
            let awake = anchored.awake.iter_mut().zip(&self.rules);
            awake.for_each(|(awake, rule)| *awake = *awake && met(&rule.need));
        }
        anchored
    }
}
