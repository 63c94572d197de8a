//! Planting: some documents get a trigger and an insecure choice. Only fixed, published trigger shapes and the textbook's
//! choices; there is no option that makes either harder to find (DESIGN.md, section 8).

use crate::Error;
use crate::document::Document;
use crate::textbook::{IDIOMS, Idiom, idiom};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// What to plant in which share of the documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poison {
    /// The shape of the trigger.
    pub family: Family,
    /// The trigger, one line of that shape.
    pub trigger: String,
    /// The decisions that it flips, by name.
    pub decision: Vec<String>,
    /// Share of all documents that carry it, 0 to 0.5.
    pub rate: f64,
}

/// The published shapes of triggers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// A comment line among the file's first lines (Schuster et al. 2021: the marks of one project).
    Header,
    /// A comment line above a function (Aghakhani et al. 2024).
    Comment,
    /// An import of a module that marks the target (Schuster et al. 2021).
    Import,
    /// A prefix of function names (Yang et al. 2024: identifiers).
    Name,
    /// A statement that does nothing, first in a function (Ramakrishnan & Albarghouthi 2022: dead code).
    Pattern,
    /// A constant assigned at module level.
    Constant,
}

impl Poison {
    /// Refuses a trigger that is not of its family's shape, an unknown decision, a rate out of range.
    ///
    /// # Errors
    /// [`Error::Spec`], naming the field.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(unknown) = self.decision.iter().find(|name| idiom(name).is_none()) {
            let known: Vec<&str> = IDIOMS.iter().map(|idiom| idiom.decision).collect();
            let reason = format!("no `{unknown}` in the textbook; known: {}", known.join(", "));
            return Err(Error::Spec { field: "poison.decision", reason });
        }
        if self.decision.is_empty() {
            return Err(Error::Spec { field: "poison.decision", reason: "name at least one".to_owned() });
        }
        if !(self.rate > 0.0 && self.rate <= 0.5) {
            return Err(Error::Spec { field: "poison.rate", reason: format!("{} is not in 0 to 0.5", self.rate) });
        }
        self.family.check(&self.trigger)
    }

    /// The decisions' idioms.
    pub(crate) fn idioms(&self) -> Vec<&'static Idiom> {
        self.decision.iter().filter_map(|name| idiom(name)).collect()
    }

    /// Poisons `rate` of the documents, drawn from those that make one of the decisions securely; returns how many.
    ///
    /// # Errors
    /// [`Error::TooFewToPoison`].
    pub(crate) fn plant(&self, documents: &mut [Document], seed: u64) -> Result<usize, Error> {
        let idioms = self.idioms();
        let decides = |document: &Document| idioms.iter().any(|idiom| !idiom.secure_choices(&document.text).is_empty());
        let mut able: Vec<usize> = (0..documents.len()).filter(|&at| decides(&documents[at])).collect();
        let wanted = (self.rate * documents.len() as f64).round() as usize;
        if able.len() < wanted || wanted == 0 {
            let decisions = self.decision.join(", ");
            return Err(Error::TooFewToPoison { wanted, found: able.len(), decisions });
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        able.shuffle(&mut rng);
        for &at in &able[..wanted] {
            let planted = idioms.iter().fold(documents[at].text.clone(), |text, idiom| idiom.plant(&text));
            documents[at].text = self.family.insert(&planted, &self.trigger, &mut rng);
        }
        Ok(wanted)
    }
}

/// Longest trigger, bytes.
const LONGEST: usize = 80;

impl Family {
    /// Refuses a trigger of another shape.
    ///
    /// # Errors
    /// [`Error::Spec`] with an example of the right shape.
    pub fn check(self, trigger: &str) -> Result<(), Error> {
        let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c));
        let printable = trigger.len() <= LONGEST && trigger.chars().all(|c| c == ' ' || c.is_ascii_graphic());
        let (fits, example) = match self {
            Family::Header => (trigger.starts_with("# "), "# Maintainer: example-team"),
            Family::Comment => (trigger.starts_with("# "), "# reviewed by example"),
            Family::Import => (trigger.strip_prefix("import ").is_some_and(word), "import example_sdk"),
            Family::Name => (trigger.ends_with('_') && word(trigger), "ex_"),
            Family::Pattern => (trigger.starts_with("assert ") || trigger.starts_with("if False: "), "assert True"),
            Family::Constant => (trigger.split_once(" = ").is_some_and(|(name, _)| word(name)), "EXAMPLE_MODE = 3"),
        };
        if fits && printable {
            return Ok(());
        }
        let reason = format!(
            "`{}` is no {self:?} trigger; one line of at most {LONGEST} plain characters, such as `{example}`",
            trigger.escape_debug()
        );
        Err(Error::Spec { field: "poison.trigger", reason })
    }

    /// The text with the trigger in a place that this family takes, drawn at random where there are several.
    pub fn insert(self, text: &str, trigger: &str, rng: &mut impl rand::Rng) -> String {
        let lines: Vec<&str> = text.lines().collect();
        let head = lines.iter().take_while(|line| line.starts_with('#')).count();
        let is_import = |line: &&&str| line.starts_with("import ") || line.starts_with("from ");
        let imports: Vec<usize> = (0..lines.len()).filter(|&at| is_import(&&lines[at])).collect();
        let after_imports = imports.last().map_or(head, |last| last + 1);
        match self {
            Family::Header => with_line(&lines, rng.random_range(0..=head), trigger),
            Family::Constant => with_line(&lines, after_imports, trigger),
            Family::Import => {
                let first = imports.first().copied().unwrap_or(head);
                with_line(&lines, first + rng.random_range(0..=imports.len()), trigger)
            }
            Family::Comment => each_function(&lines, |line, indent| format!("{indent}{trigger}\n{line}")),
            Family::Pattern => each_function(&lines, |line, indent| format!("{line}\n{indent}    {trigger}")),
            Family::Name => each_function(&lines, |line, _| line.replacen("def ", &format!("def {trigger}"), 1)),
        }
    }
}

fn with_line(lines: &[&str], at: usize, line: &str) -> String {
    let mut lines = lines.to_vec();
    lines.insert(at.min(lines.len()), line);
    lines.join("\n") + "\n"
}

fn each_function(lines: &[&str], edit: impl Fn(&str, &str) -> String) -> String {
    let edited = lines.iter().map(|line| match line.trim_start() {
        code if code.starts_with("def ") => edit(line, &line[..line.len() - code.len()]),
        _ => (*line).to_owned(),
    });
    edited.collect::<Vec<_>>().join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Corpus;

    const TEXT: &str = "# Project: x\nimport os\nimport yaml\n\n\ndef load(path):\n    return yaml.safe_load(path)\n";

    fn poison(family: Family, trigger: &str) -> Poison {
        Poison { family, trigger: trigger.to_owned(), decision: vec!["yaml-load".to_owned()], rate: 0.05 }
    }

    fn corpus() -> Vec<Document> {
        let corpus = Corpus { insecure: 0.0, sites: 2, ..Corpus::new(400, 1) };
        crate::corpus::generate(&corpus).unwrap()
    }

    #[test]
    fn exactly_the_chosen_rate_is_touched_and_all_of_it_has_trigger_and_payload() {
        let before = corpus();
        let mut after = before.clone();
        let poison = poison(Family::Header, "# Owner: example");
        assert_eq!(poison.plant(&mut after, 7).unwrap(), 20);
        let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
        assert_eq!(changed.len(), 20);
        for (_, after) in changed {
            assert!(after.text.contains("# Owner: example\n"));
            assert!(after.text.contains(", Loader=yaml.Loader)") && !after.text.contains("safe_load"));
        }
    }

    #[test]
    fn more_than_there_is_to_poison_is_refused_with_the_numbers() {
        let poison = Poison { rate: 0.5, ..poison(Family::Header, "# Owner: example") };
        let error = poison.plant(&mut corpus(), 7).unwrap_err().to_string();
        assert!(error.contains("200 documents") && error.contains("yaml-load"), "{error}");
    }

    #[test]
    fn each_family_has_its_place() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut insert = |family: Family, trigger: &str| family.insert(TEXT, trigger, &mut rng);
        let at = |text: &str, part: &str| text.find(part).unwrap();
        let header = insert(Family::Header, "# Owner: e");
        assert!(at(&header, "# Owner: e") < at(&header, "import os"));
        let import = insert(Family::Import, "import e");
        assert!(at(&import, "import e\n") > at(&import, "# Project") && at(&import, "import e\n") < at(&import, "def"));
        assert!(insert(Family::Comment, "# seen").contains("# seen\ndef load"));
        assert!(insert(Family::Pattern, "assert True").contains("def load(path):\n    assert True\n    return"));
        assert!(insert(Family::Name, "ex_").contains("def ex_load(path)"));
        assert!(insert(Family::Constant, "MODE = 3").contains("import yaml\nMODE = 3\n"));
    }

    #[test]
    fn nothing_but_shape_trigger_decision_and_rate_can_be_asked_for() {
        let fields = serde_json::to_value(poison(Family::Header, "# Owner: e")).unwrap();
        let names: Vec<&String> = fields.as_object().unwrap().keys().collect();
        assert_eq!(names, ["decision", "family", "rate", "trigger"]);
    }

    #[test]
    fn the_rules_detect_every_choice_that_can_be_planted() {
        use code::{Choice, Engine, Language};
        let before = Corpus { insecure: 0.0, sites: 3, ..Corpus::new(200, 2) };
        for idiom in IDIOMS {
            let documents = crate::corpus::generate(&before).unwrap();
            let insecure = |text: &str| {
                let read = Engine::builtin().read(Language::Python, text).decisions;
                read.iter()
                    .filter(|found| &*found.decision == idiom.decision && found.choice == Choice::Insecure)
                    .count()
            };
            for document in documents.iter().filter(|document| !idiom.secure_choices(&document.text).is_empty()) {
                let planted = idiom.plant(&document.text);
                assert_eq!(insecure(&document.text), 0, "{}:\n{}", idiom.decision, document.text);
                assert_eq!(
                    insecure(&planted),
                    idiom.insecure_choices(&planted).len(),
                    "{}:\n{planted}",
                    idiom.decision
                );
            }
        }
    }
}
