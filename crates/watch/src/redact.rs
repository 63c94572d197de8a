//! Secrets taken out of texts before anything is stored. The rules are gitleaks' own (`secrets/gitleaks.toml`).

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::Deserialize;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

const RULES: &str = include_str!("../secrets/gitleaks.toml");
/// Compiled size of one rule's expression, bytes.
const MOST_REGEX: usize = 32 << 20;
/// A match begins at most this far before a keyword of its rule, and its secret begins at most so far behind; it ends on that line.
const BEFORE: usize = 64;
const AFTER: usize = 160;
/// How most rules begin: with what may stand before the keyword. It costs most of their time and is no part of the secret.
const PREFIX: &str = r"(?i)[\w.-]{0,50}?";
/// Longest line that is followed to its end for a secret.
const LINE: usize = 4096;

/// Finds secrets and covers them with stars, one a byte, so that places in the text stay true.
#[derive(Default)]
pub struct Redactor {
    rules: Vec<Rule>,
    /// Absent only where the rules could not be read, which a test rules out for the built-in ones.
    keywords: Option<AhoCorasick>,
    /// The rules that each keyword wakes.
    wakes: Vec<Vec<usize>>,
    /// What looks like a secret and is a variable's name, a template or a repetition.
    harmless: Vec<Regex>,
}

struct Rule {
    pattern: String,
    group: usize,
    entropy: f64,
    /// Every match has a run of so many characters that tokens are made of.
    run: usize,
    /// Private keys and the like span lines: the text behind the keyword is searched to its end.
    long: bool,
    harmless: Vec<String>,
    stopwords: Vec<String>,
    /// Compiled when a text first has a keyword of the rule.
    regex: OnceLock<Option<Regex>>,
}

impl Redactor {
    /// The redactor with the built-in rules.
    pub fn builtin() -> &'static Redactor {
        static BUILTIN: LazyLock<Redactor> = LazyLock::new(|| Redactor::new(RULES).unwrap_or_default());
        &BUILTIN
    }

    /// Covers the secrets of a text; answers with how many there were.
    pub fn redact(&self, text: &mut String) -> usize {
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut searched = vec![0; self.rules.len()];
        let hits = self.keywords.iter().flat_map(|keywords| keywords.find_overlapping_iter(text.as_bytes()));
        for keyword in hits {
            for &rule in &self.wakes[keyword.pattern().as_usize()] {
                let start = keyword.start().saturating_sub(BEFORE).max(searched[rule]);
                let end = if self.rules[rule].long { text.len() } else { line_end(text, keyword.end() + AFTER) };
                if start < end && longest_run(&text.as_bytes()[start..end]) < self.rules[rule].run {
                    searched[rule] = end.saturating_sub(AFTER).max(start);
                } else if start < end {
                    searched[rule] = self.search(&self.rules[rule], &text.as_bytes()[..end], start, &mut found);
                }
            }
        }
        cover(text, found)
    }

    /// Searches from `start` on; answers with where the search need not begin again.
    fn search(&self, rule: &Rule, text: &[u8], start: usize, found: &mut Vec<Range<usize>>) -> usize {
        let Some(regex) = rule.compiled() else { return text.len() };
        let mut at = start;
        while let Some(captures) = regex.captures_at(text, at) {
            let Some(whole) = captures.get(0).filter(|whole| !whole.is_empty()) else { break };
            at = whole.end();
            // Without a named group, gitleaks takes the first that took part as the secret.
            let first = || captures.iter().skip(1).flatten().next();
            let secret = if rule.group > 0 { captures.get(rule.group) } else { first() }.unwrap_or(whole);
            if self.is_secret(rule, secret.as_bytes()) {
                found.push(secret.range());
            }
        }
        // A match that the end of the window cut short may still come.
        at.max(text.len().saturating_sub(AFTER))
    }

    fn is_secret(&self, rule: &Rule, secret: &[u8]) -> bool {
        let lower = String::from_utf8_lossy(secret).to_ascii_lowercase();
        entropy(secret) >= rule.entropy
            && !self.harmless.iter().any(|harmless| harmless.is_match(secret))
            && !rule.stopwords.iter().any(|word| lower.contains(word.as_str()))
            && !rule
                .harmless
                .iter()
                .any(|harmless| compiled(harmless).is_some_and(|harmless| harmless.is_match(secret)))
    }

    fn new(rules: &str) -> Result<Redactor, String> {
        let file: File = toml::from_str(rules).map_err(|error| error.to_string())?;
        let rules: Vec<(Rule, Vec<String>)> = file.rules.into_iter().filter_map(RuleEntry::split).collect();
        let (mut keywords, mut wakes): (Vec<String>, Vec<Vec<usize>>) = Default::default();
        for (index, keyword) in rules.iter().enumerate().flat_map(|(i, (_, words))| words.iter().map(move |w| (i, w))) {
            match keywords.iter().position(|known| known == keyword) {
                Some(known) => wakes[known].push(index),
                None => {
                    keywords.push(keyword.clone());
                    wakes.push(vec![index]);
                }
            }
        }
        let mut builder = AhoCorasickBuilder::new();
        let keywords = builder.ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(&keywords);
        Ok(Redactor {
            rules: rules.into_iter().map(|(rule, _)| rule).collect(),
            keywords: Some(keywords.map_err(|error| error.to_string())?),
            wakes,
            harmless: file.allowlist.regexes.iter().filter_map(|pattern| compiled(pattern)).collect(),
        })
    }
}

impl Rule {
    fn compiled(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| compiled(&self.pattern)).as_ref()
    }
}

/// Go's expressions, read as Go reads them: classes are ASCII.
fn compiled(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).unicode(false).size_limit(MOST_REGEX).build().ok()
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-+/=.".contains(&byte)
}

fn longest_run(text: &[u8]) -> usize {
    text.split(|byte| !is_token(*byte)).map(<[u8]>::len).max().unwrap_or_default()
}

/// The length of a run of token characters that everything has that an expression matches.
fn run_of(pattern: &str) -> usize {
    let parsed = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
    parsed.map_or(0, |hir| Run::of(&hir).longest)
}

/// Of what an expression matches: whether it is a single run, and the shortest that its longest run can be.
#[derive(Clone, Copy)]
struct Run {
    whole: bool,
    longest: usize,
}

impl Run {
    fn of(hir: &Hir) -> Run {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Run { whole: true, longest: 0 },
            HirKind::Literal(literal) => {
                Run { whole: literal.0.iter().all(|byte| is_token(*byte)), longest: longest_run(&literal.0) }
            }
            HirKind::Class(class) => {
                let whole = is_of_tokens(class);
                Run { whole, longest: usize::from(whole) }
            }
            HirKind::Repetition(repetition) => {
                let Run { whole, longest } = Run::of(&repetition.sub);
                let times = repetition.min as usize;
                Run { whole, longest: if whole { longest.saturating_mul(times) } else { longest * times.min(1) } }
            }
            HirKind::Capture(capture) => Run::of(&capture.sub),
            HirKind::Concat(parts) => {
                let (mut all, mut current) = (Run { whole: true, longest: 0 }, 0);
                for part in parts.iter().map(Run::of) {
                    current = if part.whole { current + part.longest } else { 0 };
                    all = Run { whole: all.whole && part.whole, longest: all.longest.max(current).max(part.longest) };
                }
                all
            }
            HirKind::Alternation(parts) => {
                let parts = || parts.iter().map(Run::of);
                Run {
                    whole: parts().all(|part| part.whole),
                    longest: parts().map(|part| part.longest).min().unwrap_or_default(),
                }
            }
        }
    }
}

fn is_of_tokens(class: &Class) -> bool {
    let Class::Bytes(class) = class else { return false };
    class.iter().flat_map(|range| range.start()..=range.end()).all(is_token)
}

/// Bits a byte (Shannon), as gitleaks measures how random a secret looks.
fn entropy(secret: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    secret.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let all = secret.len() as f64;
    let share = |count: &u32| f64::from(*count) / all;
    counts.iter().filter(|count| **count > 0).map(share).map(|share| -share * share.log2()).sum()
}

/// The end of the line that a place is on.
fn line_end(text: &str, place: usize) -> usize {
    let rest = text.as_bytes().get(place..).unwrap_or_default();
    let rest = &rest[..rest.len().min(LINE)];
    place.min(text.len()) + memchr::memchr(b'\n', rest).unwrap_or(rest.len())
}

/// Stars over each range, to the ends of the characters that it cuts.
fn cover(text: &mut String, mut found: Vec<Range<usize>>) -> usize {
    found.sort_unstable_by_key(|range| (range.start, range.end));
    let mut covered = String::with_capacity(text.len());
    let (mut at, mut secrets) = (0, 0);
    for range in found {
        let (start, end) = (text.floor_char_boundary(range.start).max(at), text.ceil_char_boundary(range.end));
        if start < end {
            covered.push_str(&text[at..start]);
            covered.extend(std::iter::repeat_n('*', end - start));
            at = end;
            secrets += 1;
        }
    }
    if secrets > 0 {
        covered.push_str(&text[at..]);
        *text = covered;
    }
    secrets
}

#[derive(Deserialize)]
struct File {
    allowlist: Allowed,
    rules: Vec<RuleEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleEntry {
    regex: Option<String>,
    #[serde(default)]
    secret_group: usize,
    #[serde(default)]
    entropy: f64,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    allowlists: Vec<Allowed>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Allowed {
    regex_target: Option<String>,
    #[serde(default)]
    regexes: Vec<String>,
    #[serde(default)]
    stopwords: Vec<String>,
}

impl RuleEntry {
    /// The rule and its keywords; none for a rule that is about names of files.
    fn split(self) -> Option<(Rule, Vec<String>)> {
        let pattern = self.regex?;
        let pattern = pattern.strip_prefix(PREFIX).map_or(pattern.clone(), |rest| format!("(?i){rest}"));
        // What is allowed for the sake of its line is covered all the same: to cover too much does no harm.
        let on_secret = self.allowlists.iter().filter(|allowed| allowed.regex_target.is_none());
        let rule = Rule {
            group: self.secret_group,
            entropy: self.entropy,
            long: pattern.contains(r"[\s\S"),
            harmless: on_secret.flat_map(|allowed| allowed.regexes.clone()).collect(),
            stopwords: self.allowlists.iter().flat_map(|allowed| allowed.stopwords.clone()).collect(),
            regex: OnceLock::new(),
            run: run_of(&pattern),
            pattern,
        };
        Some((rule, self.keywords.iter().map(|word| word.to_ascii_lowercase()).collect()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_rule_of_the_file_compiles() {
        let redactor = Redactor::new(RULES).unwrap();
        assert!(redactor.rules.len() > 200);
        let broken: Vec<&str> =
            redactor.rules.iter().filter(|rule| rule.compiled().is_none()).map(|rule| rule.pattern.as_str()).collect();
        assert!(broken.is_empty(), "{broken:?}");
    }

    #[test]
    fn secrets_are_covered_and_places_stay_true() {
        let key = ["AKIA", "Z7QRTN3WXK5LPM2Y"].concat();
        let token = ["ghp", "_wq8Zt3LmN5rXvB7yKc2JdP9sHfG4aTeUi6QoR"].concat();
        let mut text = format!("é = 1\naws = '{key}'\ngh = \"{token}\"\nprint('done')\n");
        let before = text.clone();
        assert!(Redactor::builtin().redact(&mut text) >= 2, "{text}");
        assert!(!text.contains(&key) && !text.contains(&token), "{text}");
        assert_eq!(text.len(), before.len());
        assert!(text.ends_with("print('done')\n"));
    }

    #[test]
    fn a_private_key_is_covered_to_its_end() {
        let body: String = (0..40).map(|i| format!("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{i:02}xYzQ\n")).collect();
        let mut text =
            format!("k = '''-----BEGIN RSA PRIVATE {0}-----\n{body}-----END RSA PRIVATE {0}-----'''\n", "KEY");
        assert_eq!(Redactor::builtin().redact(&mut text), 1, "{text}");
        assert!(!text.contains("MIIEvQ"));
    }

    #[test]
    fn a_rule_knows_the_shortest_run_that_it_matches() {
        assert_eq!(run_of(r"SK[0-9a-fA-F]{32}"), 34);
        assert_eq!(run_of(r"\b((?:hvs\.[\w-]{90,120}|s\.(?i:[a-z0-9]{24})))(?:['\s;]|$)"), 26);
        assert_eq!(run_of(r"key\s*=\s*([\w.=-]{10,150})"), 10);
        assert_eq!(run_of(r"[\s\S]{64,}|x"), 0);
    }

    #[test]
    fn code_without_secrets_stays_as_it_is() {
        let mut text =
            "import yaml\n\ndef load(path, token):\n    key = data['api_key']\n    return yaml.safe_load(open(path))\n"
                .repeat(20);
        let before = text.clone();
        assert_eq!(Redactor::builtin().redact(&mut text), 0, "{text}");
        assert_eq!(text, before);
    }
}
