//! Rules as data: one YAML file names a decision, how to find it in one language, and how to tell its choices apart.

use crate::need::Need;
use crate::tree::Tree;
use crate::{Choice, Language};
use ast_grep_config::{DeserializeEnv, RuleCore, SerializableRule, SerializableRuleCore};
use ast_grep_core::Node;
use ast_grep_core::matcher::{Matcher, MatcherExt};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// A rule file: what it says of a decision, and the examples that test it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The decision's name, shared by all languages; the file is named after it.
    pub decision: Arc<str>,
    /// What is decided, in a few words.
    pub title: String,
    /// The weakness that the insecure choice is, as `CWE-502`.
    pub cwe: Arc<str>,
    #[serde(deserialize_with = "one_or_many")]
    language: Vec<Language>,
    /// Why the insecure choice is insecure.
    pub why: String,
    /// What to write instead.
    pub fix: String,
    /// Literals one of which every text that can match contains: the engine does not parse a text without any.
    pub anchors: Vec<String>,
    #[serde(default)]
    utils: HashMap<String, SerializableRule>,
    site: SerializableRule,
    insecure: Option<SerializableRule>,
    secure: Option<SerializableRule>,
    /// Snippets by the choice that must be found in them.
    #[serde(default)]
    pub examples: Examples,
}

/// Snippets by the choice that a rule must find in them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Snippets with an insecure choice.
    #[serde(default)]
    pub insecure: Vec<String>,
    /// Snippets with a secure choice.
    #[serde(default)]
    pub secure: Vec<String>,
    /// Snippets where the decision is made in a way the rule has no opinion of.
    #[serde(default)]
    pub other: Vec<String>,
    /// Snippets without the decision.
    #[serde(default)]
    pub none: Vec<String>,
}

/// Why a rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The folder or a file in it cannot be read.
    #[error("rules {path}: {source}; give a folder of rule files that can be read")]
    Unreadable {
        /// The folder or file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not YAML of the rule format.
    #[error("rule {file}: {reason}; see rules/README.md for the format")]
    Malformed {
        /// The rule file.
        file: String,
        /// What the parser said.
        reason: String,
    },
    /// A matcher does not compile for a language.
    #[error("rule {file}, `{part}` for {language}: {reason}; correct the node kind or pattern")]
    Uncompilable {
        /// The rule file.
        file: String,
        /// `site`, `insecure` or `secure`.
        part: &'static str,
        /// The language it was compiled for.
        language: Language,
        /// What ast-grep said.
        reason: String,
    },
}

impl RuleFile {
    /// Whether it is for this language.
    pub fn is_for(&self, language: Language) -> bool {
        self.language.contains(&language)
    }

    /// Reads a rule from the text of its file; `file` names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<RuleFile, RuleError> {
        let malformed = |reason: String| RuleError::Malformed { file: file.to_owned(), reason };
        let rule: RuleFile = ast_grep_config::from_str(text).map_err(|error| malformed(error.to_string()))?;
        let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if stem != &*rule.decision {
            return Err(malformed(format!("the file is not named after its decision `{}`", rule.decision)));
        }
        if rule.anchors.is_empty() || rule.anchors.iter().any(String::is_empty) {
            return Err(malformed("`anchors` is empty".to_owned()));
        }
        Ok(rule)
    }

    /// The languages the rule reads.
    pub fn languages(&self) -> &[Language] {
        &self.language
    }

    /// Compiles the rule's matchers for one of its languages.
    pub(crate) fn compile(&self, file: &str, language: Language) -> Result<Rule, RuleError> {
        let refused = |part: &'static str, reason: String| RuleError::Uncompilable {
            file: file.to_owned(),
            part,
            language,
            reason,
        };
        let matcher = |part, rule: &SerializableRule, utils, env| {
            let core = SerializableRuleCore { rule: rule.clone(), constraints: None, utils, transform: None };
            core.get_matcher(env).map_err(|error| refused(part, chain(&error)))
        };
        let grammar = language.grammar();
        let site = matcher("site", &self.site, Some(self.utils.clone()), DeserializeEnv::new(grammar))?;
        if site.potential_kinds().is_none() {
            return Err(refused("site", "no node kind can be told from it".to_owned()));
        }
        // The utility rules compiled for the site serve the choices too: most of the time goes into their patterns.
        let choice = |part, rule: &Option<SerializableRule>| {
            rule.as_ref().map(|rule| matcher(part, rule, None, site.get_env(grammar))).transpose()
        };
        Ok(Rule {
            decision: self.decision.clone(),
            cwe: self.cwe.clone(),
            anchors: self.anchors.clone(),
            need: self.need(),
            insecure: choice("insecure", &self.insecure)?,
            secure: choice("secure", &self.secure)?,
            site,
        })
    }
}

impl RuleFile {
    /// The words without which the site cannot match.
    pub(crate) fn need(&self) -> Need {
        let written = (serde_json::to_value(&self.site), serde_json::to_value(&self.utils));
        Need::of_rule(&written.0.unwrap_or_default(), &written.1.unwrap_or_default())
    }
}

/// A rule compiled for one language.
pub(crate) struct Rule {
    pub decision: Arc<str>,
    pub cwe: Arc<str>,
    pub anchors: Vec<String>,
    /// What a text must hold beside an anchor.
    pub need: Need,
    site: RuleCore,
    insecure: Option<RuleCore>,
    secure: Option<RuleCore>,
}

impl Rule {
    /// Kind ids of the nodes at which the decision can be made.
    pub fn kinds(&self) -> Vec<usize> {
        self.site.potential_kinds().map(|kinds| kinds.iter().collect()).unwrap_or_default()
    }

    /// The choice made at a node; `None` where the node is not the rule's decision.
    pub fn choice(&self, node: &Node<'_, Tree>) -> Option<Choice> {
        self.site.match_node(node.clone())?;
        let matches = |matcher: &Option<RuleCore>| {
            matcher.as_ref().is_some_and(|matcher| matcher.match_node(node.clone()).is_some())
        };
        Some(if matches(&self.insecure) {
            Choice::Insecure
        } else if matches(&self.secure) {
            Choice::Secure
        } else {
            Choice::Other
        })
    }
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Language>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(Language),
        Many(Vec<Language>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(language) => vec![language],
        OneOrMany::Many(languages) => languages,
    })
}

/// An error with all its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
