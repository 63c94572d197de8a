//! The words without which a rule cannot match, told from the rule itself: they keep most texts from being parsed in which one of its
//! anchors stands by chance (`load` without `pickle`, `yaml` or the like).

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::Value;
use std::collections::HashMap;

/// Shorter words are in every text.
const SHORTEST: usize = 3;
/// Utilities that call each other are followed this far.
const DEPTH: usize = 8;

/// What a text must hold, in letters of either case. What cannot be told needs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    All(Vec<Need>),
    Any(Vec<Need>),
    Word(String),
}

impl Need {
    const NOTHING: Need = Need::All(Vec::new());

    /// What the matcher of a rule needs: its expressions must match the text of some node, which is a piece of the whole.
    ///
    /// Only words are asked for, since neither what is added to repair a broken text nor what is taken off to read a comment is part of one.
    pub fn of_rule(rule: &Value, utilities: &Value) -> Need {
        of_rule(rule, utilities, DEPTH)
    }

    fn met(&self, has: &impl Fn(&str) -> bool) -> bool {
        match self {
            Need::All(needs) => needs.iter().all(|need| need.met(has)),
            Need::Any(needs) => needs.iter().any(|need| need.met(has)),
            Need::Word(word) => has(word),
        }
    }

    fn words<'a>(&'a self, each: &mut impl FnMut(&'a str)) {
        match self {
            Need::All(needs) | Need::Any(needs) => needs.iter().for_each(|need| need.words(each)),
            Need::Word(word) => each(word),
        }
    }
}

/// Finds the words of many needs in one pass over a text.
pub(crate) struct Words {
    numbers: HashMap<String, usize>,
    automaton: Option<AhoCorasick>,
}

impl Words {
    pub fn of<'a>(needs: impl Iterator<Item = &'a Need>) -> Words {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut words = Vec::new();
        for need in needs {
            need.words(&mut |word| {
                numbers.entry(word.to_owned()).or_insert_with(|| {
                    words.push(word);
                    words.len() - 1
                });
            });
        }
        let mut builder = AhoCorasick::builder();
        let automaton = builder.ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(&words).ok();
        Words { numbers, automaton }
    }

    /// Which of the needs a text meets.
    pub fn met<'a>(&'a self, text: &str) -> impl Fn(&Need) -> bool + 'a {
        let mut held = vec![self.automaton.is_none(); self.numbers.len()];
        for hit in self.automaton.iter().flat_map(|automaton| automaton.find_overlapping_iter(text)) {
            held[hit.pattern().as_usize()] = true;
        }
        move |need| need.met(&|word| self.numbers.get(word).is_none_or(|&number| held[number]))
    }
}

fn of_rule(rule: &Value, utilities: &Value, depth: usize) -> Need {
    let parts = rule.as_object().into_iter().flatten().map(|(key, value)| {
        let several = || value.as_array().into_iter().flatten().map(|rule| of_rule(rule, utilities, depth));
        match (key.as_str(), value.as_str()) {
            ("regex", Some(pattern)) => regex_syntax::parse(pattern).map_or(Need::NOTHING, |hir| of_regex(&hir)),
            ("matches", Some(name)) if depth > 0 => {
                utilities.get(name).map_or(Need::NOTHING, |utility| of_rule(utility, utilities, depth - 1))
            }
            ("all", _) => all(several()),
            ("any", _) => any(several()),
            ("has" | "inside" | "precedes" | "follows", _) => of_rule(value, utilities, depth),
            // What a node is, where it stands and what it must not be needs no word.
            _ => Need::NOTHING,
        }
    });
    all(parts)
}

fn of_regex(hir: &Hir) -> Need {
    match hir.kind() {
        HirKind::Literal(_) => of_concat(std::slice::from_ref(hir)),
        HirKind::Concat(parts) => of_concat(parts),
        HirKind::Alternation(parts) => any(parts.iter().map(of_regex)),
        HirKind::Capture(capture) => of_regex(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => of_regex(&repetition.sub),
        _ => Need::NOTHING,
    }
}

/// Letters that follow each other make words, whatever their case.
fn of_concat(parts: &[Hir]) -> Need {
    let mut letters = String::new();
    let mut needs = Vec::new();
    for part in parts {
        match part.kind() {
            HirKind::Literal(literal) => letters.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(class) => letters.push(letter(class).unwrap_or(' ')),
            _ => {
                letters.push(' ');
                needs.push(of_regex(part));
            }
        }
    }
    let words = letters.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| word.len() >= SHORTEST);
    all(needs.into_iter().chain(words.map(|word| Need::Word(word.to_ascii_lowercase()))))
}

/// The letter that a class stands for in either case. Unicode folds two more characters into `k` and `s`, which no code is written with.
fn letter(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let mut characters = class.iter().flat_map(|range| range.start()..=range.end());
    let lower = |letter: char| letter.to_uppercase().flat_map(char::to_lowercase).next();
    let first = lower(characters.next()?)?;
    characters.take(3).all(|other| lower(other) == Some(first)).then_some(first)
}

fn all(needs: impl Iterator<Item = Need>) -> Need {
    let mut needs: Vec<Need> = needs.filter(|need| *need != Need::NOTHING).collect();
    match (needs.pop(), needs.is_empty()) {
        (Some(only), true) => only,
        (last, _) => Need::All(needs.into_iter().chain(last).collect()),
    }
}

fn any(needs: impl Iterator<Item = Need>) -> Need {
    let needs: Vec<Need> = needs.collect();
    if needs.contains(&Need::NOTHING) { Need::NOTHING } else { Need::Any(needs) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Whether a text may match a rule.
    fn may(rule: &Value, text: &str) -> bool {
        let need = Need::of_rule(rule, &json!({"loads": {"regex": "(?i)^un?pickler$"}}));
        Words::of(std::iter::once(&need)).met(text)(&need)
    }

    #[test]
    fn a_rule_needs_the_words_of_its_expressions() {
        let rule =
            json!({"kind": "call", "has": {"field": "function", "regex": "^(pickle|marshal|yaml_?full)\\.loads?$"}});
        assert!(may(&rule, "x = marshal.load(f)") && may(&rule, "yamlfull\nloads"));
        assert!(!may(&rule, "x = json.load(f)") && !may(&rule, "pickle.dump(x)"));
    }

    #[test]
    fn case_classes_utilities_and_choices_are_followed() {
        let rule =
            json!({"any": [{"matches": "loads"}, {"all": [{"regex": "SECRET[0-9]+"}, {"regex": "(?i)api_?key"}]}]});
        assert!(may(&rule, "Unpickler(f)") && may(&rule, "secret1 = API_KEY"));
        assert!(!may(&rule, "secret1") && !may(&rule, "api_key"));
    }

    #[test]
    fn what_may_be_absent_is_not_needed() {
        for rule in [
            json!({"kind": "call"}),
            json!({"not": {"regex": "pickle"}}),
            json!({"any": [{"regex": "pickle"}, {"kind": "call"}]}),
            json!({"regex": "(pickle)?[a-z]+(marshal)*|x"}),
            json!({"matches": "unknown"}),
        ] {
            assert!(may(&rule, ""), "{rule}");
        }
    }
}
