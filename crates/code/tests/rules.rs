//! Every rule file keeps what the format promises, and every rule does what its own examples say.
#![allow(clippy::unwrap_used)]

use code::{Choice, Engine, Language, RuleFile};
use std::collections::BTreeSet;
use std::path::Path;

fn choices(language: Language, text: &str, rule: &RuleFile) -> Vec<Choice> {
    let decisions = Engine::builtin().read(language, text).decisions;
    decisions.iter().filter(|found| found.decision == rule.decision).map(|found| found.choice).collect()
}

/// Every example with its rule, language and expected choice.
fn examples() -> impl Iterator<Item = (&'static RuleFile, Language, Option<Choice>, &'static str)> {
    Engine::builtin().rules().iter().flat_map(|rule| {
        let examples = &rule.examples;
        let labelled = [
            (Some(Choice::Insecure), &examples.insecure),
            (Some(Choice::Secure), &examples.secure),
            (Some(Choice::Other), &examples.other),
            (None, &examples.none),
        ];
        let texts =
            labelled.into_iter().flat_map(|(choice, texts)| texts.iter().map(move |text| (choice, text.as_str())));
        rule.languages()
            .iter()
            .flat_map(move |&language| texts.clone().map(move |(choice, text)| (rule, language, choice, text)))
    })
}

#[test]
fn a_text_is_read_once_as_it_is_read_always() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let engine = Engine::from_folder(&rules).unwrap();
    let differing: Vec<&str> = examples()
        .step_by(9)
        .filter(|(_, language, _, text)| engine.read_once(*language, text) != Engine::builtin().read(*language, text))
        .map(|(.., text)| text)
        .collect();
    assert!(differing.is_empty(), "{differing:?}");
}

#[test]
fn every_rule_file_parses_and_compiles_for_each_of_its_languages() {
    let problems: Vec<String> = Engine::builtin().problems().map(|problem| problem.to_string()).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_example_has_the_choice_it_is_listed_under_and_no_other() {
    let mut wrong = Vec::new();
    for (rule, language, choice, text) in examples() {
        let found = choices(language, text, rule);
        let right = match choice {
            Some(choice) => found.contains(&choice) && found.iter().all(|found| *found == choice),
            None => found.is_empty(),
        };
        if !right {
            wrong.push(format!("{language}/{}: wanted {choice:?}, found {found:?} in: {text}", rule.decision));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_insecure_and_secure_examples_with_an_anchor_in_each() {
    for rule in Engine::builtin().rules() {
        assert!(!rule.examples.insecure.is_empty(), "{} has no insecure example", rule.decision);
        assert!(!rule.languages().is_empty(), "{} has no language", rule.decision);
    }
    for (rule, language, choice, text) in examples() {
        let anchored = rule.anchors.iter().any(|anchor| text.contains(anchor));
        assert!(choice.is_none() || anchored, "{language}/{}: no anchor in: {text}", rule.decision);
    }
}

#[test]
fn there_are_as_many_decisions_and_weaknesses_as_promised() {
    let rules = Engine::builtin().rules();
    let decisions: BTreeSet<&str> = rules.iter().map(|rule| &*rule.decision).collect();
    let weaknesses: BTreeSet<&str> = rules.iter().map(|rule| &*rule.cwe).collect();
    for weakness in &weaknesses {
        assert!(weakness.strip_prefix("CWE-").is_some_and(|number| number.parse::<u32>().is_ok()), "{weakness}");
    }
    assert!(decisions.len() >= 45, "{} decisions", decisions.len());
    assert!(weaknesses.len() >= 35, "{} weaknesses", weaknesses.len());
}

#[test]
fn an_insecure_example_without_its_last_closing_brackets_is_still_found() {
    let (mut kept, mut all, mut lost) = (0, 0, Vec::new());
    for (rule, language, choice, text) in examples() {
        let cut = text.trim_end_matches([')', ']', '}', ';', ' ', '\n']);
        if choice == Some(Choice::Insecure) && cut.len() < text.trim_end().len() {
            all += 1;
            if choices(language, cut, rule).contains(&Choice::Insecure) {
                kept += 1;
            } else {
                lost.push(format!("{language}/{}: {cut}", rule.decision));
            }
        }
    }
    assert!(all > 0 && kept * 100 >= all * 98, "{kept} of {all}; lost:\n{}", lost.join("\n"));
}

#[test]
fn a_comment_that_asks_scanners_to_look_away_silences_nothing_and_is_reported() {
    let plain = "import yaml\nyaml.load(f, Loader=yaml.Loader)\n";
    let wanted = Engine::builtin().read(Language::Python, plain).decisions.len();
    assert!(wanted > 0);
    for request in ["ast-grep-ignore", "nosec", "nosemgrep", "noqa: S506", "NOSONAR", "lgtm[py/x]", "codeql[x]"] {
        let before = plain.replace("\nyaml", &format!("\n# {request}\nyaml"));
        let beside = plain.replace("Loader)\n", &format!("Loader)  # {request}\n"));
        let first = format!("# {request}\n\n{plain}");
        for text in [before, beside, first] {
            let analysis = Engine::builtin().read(Language::Python, &text);
            let in_code = analysis.decisions.iter().filter(|found| found.place == code::Place::Code).count();
            assert_eq!(in_code, wanted, "{text}");
            assert_eq!(analysis.suppressions.len(), 1, "{text}");
        }
    }
}

#[test]
fn the_rules_in_the_folder_are_those_that_are_built_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let loaded = Engine::from_folder(&folder).map_err(|error| error.to_string());
    assert_eq!(loaded.map(|engine| engine.rules().len()), Ok(Engine::builtin().rules().len()));
}
