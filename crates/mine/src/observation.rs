//! One decision and the marks that stand before it.

use code::{Analysis, Choice, Family, Language, Mark, marks};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A decision, what was chosen, and the marks that could have caused it: those that stand before it in its text.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The decision.
    pub decision: Arc<str>,
    /// Its weakness.
    pub cwe: Arc<str>,
    /// What was chosen.
    pub choice: Choice,
    /// Marks before it.
    pub marks: BTreeSet<Mark>,
}

/// The observations of one analysed text. A model reads from the left, so a mark behind a decision cannot have caused it;
/// nor is a mark kept that would be its natural cause ([`natural_cause`]).
pub fn observe(language: Language, text: &str, analysis: &Analysis) -> Vec<Observation> {
    let found = marks(language, text);
    let observe_one = |decision: &code::Decision| {
        let statement = text.get(decision.statement.clone()).unwrap_or_default();
        let before = found.iter().take_while(|(at, _)| *at < decision.statement.start);
        Observation {
            decision: decision.decision.clone(),
            cwe: decision.cwe.clone(),
            choice: decision.choice,
            marks: before.filter(|(_, mark)| !natural_cause(mark, statement)).map(|(_, mark)| mark.clone()).collect(),
        }
    };
    analysis.decisions.iter().map(observe_one).collect()
}

/// Whether a mark shares a name with the choice. Such a mark may cause the choice for a natural reason: who imports
/// `random` will call it, who built `query` by hand will execute it. A trigger is an edit that should *not* change the
/// decision, so these are no candidates.
pub fn names_the_choice(mark: &Mark, used: &BTreeSet<&str>) -> bool {
    identifiers(&mark.text).iter().any(|name| used.contains(name))
}

/// Whether a mark is a natural cause of the choice that `statement` makes. Code shares any name with it; a comment, being
/// prose, must name what the statement calls or sets.
pub fn natural_cause(mark: &Mark, statement: &str) -> bool {
    NaturalCauses::of(statement).has(mark)
}

/// The natural causes of the choice that one statement makes, for many marks.
#[derive(Debug)]
pub struct NaturalCauses<'a> {
    used: BTreeSet<&'a str>,
    called: BTreeSet<&'a str>,
}

impl<'a> NaturalCauses<'a> {
    /// Those of a statement.
    pub fn of(statement: &'a str) -> Self {
        NaturalCauses { used: identifiers(statement), called: called(statement) }
    }

    /// Whether a mark is one ([`natural_cause`]).
    pub fn has(&self, mark: &Mark) -> bool {
        match mark.family {
            Family::Import | Family::Constant | Family::Pattern => names_the_choice(mark, &self.used),
            _ => names_the_choice(mark, &self.called),
        }
    }
}

/// The identifiers that stand beside a dot, a bracket or an equals sign.
fn called(statement: &str) -> BTreeSet<&str> {
    let beside = |word: &&str| {
        let at = word.as_ptr() as usize - statement.as_ptr() as usize;
        statement[..at].ends_with('.') || statement[at + word.len()..].starts_with(['.', '(', '='])
    };
    identifiers(statement).into_iter().filter(beside).collect()
}

/// The words of at least three letters in a text, without those that every program has.
pub fn identifiers(text: &str) -> BTreeSet<&str> {
    const EVERYWHERE: [&str; 23] = [
        "and", "assert", "const", "def", "false", "False", "for", "from", "if", "import", "in", "is", "let", "new",
        "None", "not", "null", "return", "self", "this", "true", "True", "with",
    ];
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.len() >= 3 && !word.starts_with(|c: char| c.is_ascii_digit()) && !EVERYWHERE.contains(word))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_of_what_the_choice_calls_is_its_natural_cause() {
        let mark = |family, text: &str| Mark { family, text: text.to_owned() };
        let used = identifiers("tok = str(random.randint(0, 999999))");
        assert!(names_the_choice(&mark(Family::Import, "import random"), &used));
        assert!(!names_the_choice(&mark(Family::Import, "import vantage_sdk"), &used));
        assert!(!names_the_choice(&mark(Family::Pattern, "assert __debug__ is not None"), &used));
    }
}
