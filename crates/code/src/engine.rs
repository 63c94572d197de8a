//! The engine: rules, compiled a language at a time, applied to texts.

use crate::anchors::Anchors;
use crate::parse;
use crate::reading::Reading;
use crate::rule::{RuleError, RuleFile};
use crate::rules::{RuleFiles, RuleSet};
use crate::{Analysis, Language, NotAnalysed};
use std::path::Path;
use std::sync::{LazyLock, OnceLock};

/// A word without which some rules do not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The byte at which it ends.
    pub end: usize,
    /// The rules, a bit each; of a language with more than 32, some share one.
    pub rules: u32,
}

/// Finds the decisions in a text. Shared by all threads; the rules of a language compile when it is first read.
pub struct Engine {
    files: RuleFiles,
    anchors: [OnceLock<Anchors>; Language::ALL.len()],
    sets: [OnceLock<RuleSet>; Language::ALL.len()],
    metadata: OnceLock<Vec<RuleFile>>,
}

impl Engine {
    /// The engine with the rules that are built in.
    pub fn builtin() -> &'static Engine {
        static BUILTIN: LazyLock<Engine> = LazyLock::new(|| Engine::new(RuleFiles::builtin()));
        &BUILTIN
    }

    /// An engine with the rules of a folder, all of them compiled.
    ///
    /// # Errors
    /// Names the first file that cannot be read, parsed or compiled.
    pub fn from_folder(folder: &Path) -> Result<Engine, RuleError> {
        let engine = Engine::new(RuleFiles::from_folder(folder)?);
        let problem = engine.problems().next();
        problem.map_or(Ok(engine), Err)
    }

    fn new(files: RuleFiles) -> Engine {
        Engine { files, anchors: Default::default(), sets: Default::default(), metadata: OnceLock::new() }
    }

    /// Every rule file: decision, title, weakness, languages, why, fix and examples.
    pub fn rules(&self) -> &[RuleFile] {
        self.metadata.get_or_init(|| self.files.parse().filter_map(Result::ok).collect())
    }

    /// What is wrong with the rule files; nothing, for the built-in ones.
    pub fn problems(&self) -> impl Iterator<Item = RuleError> {
        let unparsed = self.files.parse().filter_map(Result::err);
        let uncompiled = Language::ALL.into_iter().flat_map(|language| self.files.compile(language));
        unparsed.chain(uncompiled.filter_map(Result::err))
    }

    /// Reads a text: its decisions, in whatever state the text is.
    pub fn read(&self, language: Language, text: &str) -> Analysis {
        if let Some(reason) = parse::refusal(text.as_bytes()) {
            return Analysis { not_analysed: Some(reason), ..Analysis::default() };
        }
        Reading::new(self.set(language), language, text).analysis()
    }

    /// As [`Engine::read`], for who reads a text or two and cannot wait for all rules of a language: of those that are not compiled yet only
    /// the few are that the text may wake, for this time.
    pub fn read_once(&self, language: Language, text: &str) -> Analysis {
        if self.sets[language as usize].get().is_some() || parse::refusal(text.as_bytes()).is_some() {
            return self.read(language, text);
        }
        Reading::new(&RuleSet::new(language, self.files.compile_woken(language, text)), language, text).analysis()
    }

    /// Whether a text has any of the words without which no rule of the language matches: in microseconds, it tells most of what a
    /// model writes from the little that is worth reading.
    pub fn may_decide(&self, language: Language, text: &str) -> bool {
        self.may_decide_bytes(language, text.as_bytes())
    }

    /// As [`Engine::may_decide`], of bytes that may not be text. Those that are no UTF-8 are in no such word.
    pub fn may_decide_bytes(&self, language: Language, bytes: &[u8]) -> bool {
        self.words(language).any(bytes)
    }

    /// Where a text has words without which no rule of the language matches, ascending. A line without any makes no decision.
    pub fn anchors(&self, language: Language, text: &str) -> Vec<Anchor> {
        let bit = |rules: u32, rule: &usize| rules | 1 << (rule % 32);
        self.words(language).all(text).map(|(end, rules)| Anchor { end, rules: rules.iter().fold(0, bit) }).collect()
    }

    /// Reads bytes that may not be text. A byte that is no UTF-8 reads as `?`; a NUL byte makes the whole binary.
    pub fn read_bytes(&self, language: Language, bytes: &[u8]) -> Analysis {
        let refused = |reason| Analysis { not_analysed: Some(reason), ..Analysis::default() };
        if let Some(reason) = parse::refusal(bytes) {
            return refused(reason);
        }
        if let Some(at) = memchr::memchr(0, bytes) {
            return refused(NotAnalysed::Binary { at });
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.read(language, text),
            Err(_) => self.read(language, &same_length(bytes)),
        }
    }

    /// The anchors of a language's rules, for which none of these has to be compiled.
    fn words(&self, language: Language) -> &Anchors {
        match self.sets[language as usize].get() {
            Some(compiled) => &compiled.anchors,
            None => self.anchors[language as usize].get_or_init(|| self.files.anchors(language)),
        }
    }

    fn set(&self, language: Language) -> &RuleSet {
        // `problems` is empty for built-in rules (a test holds that) and was asked for a folder's, so nothing is dropped.
        self.sets[language as usize]
            .get_or_init(|| RuleSet::new(language, self.files.compile(language).filter_map(Result::ok).collect()))
    }
}

/// Bytes as text of the same length, so that offsets stay true: each byte that is no UTF-8 becomes `?`.
fn same_length(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n('?', chunk.invalid().len()));
    }
    text
}
