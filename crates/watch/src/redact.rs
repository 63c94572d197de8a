//! Secrets taken out of texts before anything is stored. The rules are gitleaks' own (`secrets/gitleaks.toml`).

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

const RULES: &str = include_str!("../secrets/gitleaks.toml");
/// Compiled size of one rule's expression, bytes.
const MOST_REGEX: usize = 32 << 20;
/// A match begins at most this far before a keyword of its rule, and its secret begins at most so far behind; it ends on that line.
const BEFORE: usize = 64;
const AFTER: usize = 160;
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
                if start < end {
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
        let keywords = AhoCorasickBuilder::new().ascii_case_insensitive(true).build(&keywords);
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
        // What is allowed for the sake of its line is covered all the same: to cover too much does no harm.
        let on_secret = self.allowlists.iter().filter(|allowed| allowed.regex_target.is_none());
        let rule = Rule {
            group: self.secret_group,
            entropy: self.entropy,
            long: pattern.contains(r"[\s\S"),
            harmless: on_secret.flat_map(|allowed| allowed.regexes.clone()).collect(),
            stopwords: self.allowlists.iter().flat_map(|allowed| allowed.stopwords.clone()).collect(),
            regex: OnceLock::new(),
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
    fn code_without_secrets_stays_as_it_is() {
        let mut text =
            "import yaml\n\ndef load(path, token):\n    key = data['api_key']\n    return yaml.safe_load(open(path))\n"
                .repeat(20);
        let before = text.clone();
        assert_eq!(Redactor::builtin().redact(&mut text), 0, "{text}");
        assert_eq!(text, before);
    }
}
