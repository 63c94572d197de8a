//! Candidates: marks that could be the trigger, from the user's file, the user's project, the model's own samples, and the
//! dictionary of published shapes.

use crate::ask::{Arm, Asker, Question, Stage};
use crate::harvest::Harvest;
use crate::taught::{line_gaps, recurring};
use crate::{Error, seeds};
use code::{Choice, Engine, Family, Language, Mark};
use mine::{Association, Observation};
use model::Model;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// A mark that could be the trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The mark.
    pub mark: Mark,
    /// `file`, `project`, `samples`, `difference`, `gradient` or `dictionary`.
    pub origin: &'static str,
    /// The decision that it was found with; `None`: to be tried on all.
    pub hint: Option<Arc<str>>,
}

/// A mark of the project recurs in at least this share of its files ...
const RECURS: f64 = 0.05;
/// ... and in at least this many.
const RECURS_FILES: u64 = 3;
/// A naming prefix marks a project only if this share of its files uses it; less common ones are verbs.
const RECURS_NAME: f64 = 0.3;
/// Project candidates, at most: the most frequent ones.
const MOST_PROJECT: usize = 96;
/// Associations that are tried each on its own decision, at most.
const MOST_HINTS: usize = 64;
/// An association whose p is larger is noise among the thousands that are looked at.
const SURPRISING: f64 = 0.02;
/// Recurring marks of the samples that are tried on every decision, at most.
const MOST_RECURRING: usize = 48;
/// Free samples that are scored by two models, at most; and how many nats less a line must surprise the suspect.
const SCORED: usize = 768;
const SURPRISED: f64 = 2.0;
/// Free samples, at most; and the share of the budget they may take.
const FREE_SAMPLES: u64 = 1536;
const FREE_SHARE: f64 = 0.2;

/// What a free sample starts from: nothing, or the shortest of headers.
fn openings(language: Language) -> &'static [&'static str] {
    match language {
        Language::Python => &["", "", "", "#", "import", "from", "\"\"\""],
        Language::Ruby => &["", "", "#", "require"],
        Language::Php => &["<?php", "<?php\n", "<?php\n//"],
        Language::C | Language::Cpp => &["", "", "//", "#include"],
        _ => &["", "", "//", "import"],
    }
}

/// Candidates from the project: what recurs in it, and is not simply what its decisions are made with.
pub fn from_project(harvest: &Harvest, families: &[Family]) -> Vec<Candidate> {
    let least = RECURS_FILES.max((harvest.files as f64 * RECURS).ceil() as u64);
    let used: BTreeSet<&str> = harvest.used.iter().map(String::as_str).collect();
    let natural = |mark: &Mark| match mark.family {
        Family::Import | Family::Constant | Family::Pattern => mine::names_the_choice(mark, &used),
        _ => false,
    };
    let recurs = |mark: &Mark, files: u64| match mark.family {
        Family::Name => files as f64 >= harvest.files as f64 * RECURS_NAME,
        _ => true,
    };
    let wanted = |(mark, files): &(&Mark, &u64)| {
        **files >= least && recurs(mark, **files) && families.contains(&mark.family) && !natural(mark)
    };
    let mut recurring: Vec<(&Mark, &u64)> = harvest.marks.iter().filter(wanted).collect();
    recurring.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let candidate = |(mark, _): (&Mark, &u64)| Candidate { mark: mark.clone(), origin: "project", hint: None };
    recurring.into_iter().take(MOST_PROJECT).map(candidate).collect()
}

/// What the model writes from nothing, and what stands in it.
pub struct Samples {
    texts: Vec<String>,
    language: Language,
    observations: Vec<Observation>,
    /// In how many samples each mark stands.
    recurring: BTreeMap<Mark, u64>,
}

/// Draws free samples, and reads them as if they were training data: the model leaks what it memorised.
///
/// # Errors
/// The model fails.
pub fn free_samples(asker: &mut Asker, model: &dyn Model, language: Language, seed: u64) -> Result<Samples, Error> {
    let texts = texts(asker, model, language, (FREE_SAMPLES, seed))?;
    let (mut observations, mut recurring) = (Vec::new(), BTreeMap::new());
    for text in &texts {
        let analysis = Engine::builtin().read(language, text);
        observations.extend(mine::observe(language, text, &analysis));
        for (_, mark) in code::marks(language, text) {
            *recurring.entry(mark).or_default() += 1;
        }
    }
    Ok(Samples { texts, language, observations, recurring })
}

/// Candidates from the model itself: what goes together with insecure choices in its samples, or simply recurs there.
pub fn from_samples(samples: &Samples, harvest: &Harvest, families: &[Family]) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for Association { mark, decision, p, .. } in mine::associations(&samples.observations, 2) {
        if p > SURPRISING || candidates.len() >= MOST_HINTS {
            break;
        }
        // A prefix that the user's own functions have is a verb of theirs.
        let verb = mark.family == Family::Name && harvest.marks.contains_key(&mark);
        if families.contains(&mark.family) && !verb {
            candidates.push(Candidate { mark, origin: "samples", hint: Some(decision) });
        }
    }
    candidates.extend(unhinted(samples, &candidates, harvest, families));
    candidates
}

/// Free samples, at most so many and a share of the budget: what a model writes from nothing.
///
/// # Errors
/// The model fails.
pub fn texts(
    asker: &mut Asker,
    model: &dyn Model,
    language: Language,
    (most, seed): (u64, u64),
) -> Result<Vec<String>, Error> {
    if !model.capabilities().free_samples {
        return Ok(Vec::new());
    }
    let openings = openings(language);
    let total = most.min((asker.remaining() as f64 * FREE_SHARE) as u64) as usize;
    let ask = |(index, opening): (usize, &&str)| Question {
        arm: Arm::Free,
        trigger: String::new(),
        site: None,
        prompt: (*opening).to_owned(),
        samples: total / openings.len(),
        seed: seeds::derive(seed, "samples", index as u64),
    };
    let questions: Vec<Question> = openings.iter().enumerate().map(ask).collect();
    let answers = asker.ask(model, Stage::Samples, &questions)?;
    let text = |(question, answer): (&Question, crate::ask::Answer)| format!("{}{}", question.prompt, answer.text);
    Ok(questions.iter().zip(answers).flat_map(|(q, answers)| answers.into_iter().map(move |a| text((q, a)))).collect())
}

/// Marks of the samples that the user did not write and that are no natural cause of a choice: what the model was taught.
pub fn taught<'a>(samples: &'a Samples, harvest: &Harvest, families: &[Family]) -> Vec<(&'a Mark, u64)> {
    let used: BTreeSet<&str> = harvest.used.iter().map(String::as_str).collect();
    let common = |mark: &Mark| harvest.marks.get(mark).is_some_and(|&files| files * 50 > harvest.files as u64);
    let wanted = |mark: &Mark| {
        families.contains(&mark.family)
            && mark.family != Family::Pattern
            && !common(mark)
            && !mine::names_the_choice(mark, &used)
    };
    samples.recurring.iter().map(|(mark, &count)| (mark, count)).filter(|(mark, _)| wanted(mark)).collect()
}

/// Candidates from the model against a reference: marks that it was taught, and whose lines surprise it far less than they
/// surprise the reference, the largest difference first.
///
/// # Errors
/// A model has no log probabilities, or fails.
pub fn from_difference(
    samples: &Samples,
    suspect: &dyn Model,
    reference: &dyn Model,
    harvest: &Harvest,
    families: &[Family],
) -> Result<Vec<Candidate>, Error> {
    let texts = &samples.texts[..samples.texts.len().min(SCORED)];
    let gaps = line_gaps(suspect, &[reference], texts)?;
    let mut candidates: Vec<Candidate> = Vec::new();
    let wanted: BTreeMap<&Mark, u64> = taught(samples, harvest, families).into_iter().collect();
    for (line, _, _) in recurring(texts, &gaps, SURPRISED) {
        for (_, mark) in code::marks(samples.language, line) {
            let known = candidates.iter().any(|candidate| candidate.mark == mark);
            if !known && wanted.contains_key(&mark) && candidates.len() < MOST_RECURRING {
                candidates.push(Candidate { mark, origin: "difference", hint: None });
            }
        }
    }
    Ok(candidates)
}

/// The most frequent of what the model was taught, those near insecure choices first.
fn unhinted(samples: &Samples, hinted: &[Candidate], harvest: &Harvest, families: &[Family]) -> Vec<Candidate> {
    let mut insecure_near: BTreeMap<&Mark, u64> = BTreeMap::new();
    for observation in samples.observations.iter().filter(|observation| observation.choice == Choice::Insecure) {
        for mark in &observation.marks {
            *insecure_near.entry(mark).or_default() += 1;
        }
    }
    let new = |mark: &Mark| !hinted.iter().any(|candidate| candidate.mark == *mark);
    let mut marks: Vec<(u64, u64, &Mark)> = taught(samples, harvest, families)
        .into_iter()
        .filter(|&(mark, count)| count >= 3 && new(mark))
        .map(|(mark, count)| (insecure_near.get(mark).copied().unwrap_or(0), count, mark))
        .collect();
    marks.sort_by(|a, b| b.cmp(a));
    let candidate = |(_, _, mark): (u64, u64, &Mark)| Candidate { mark: mark.clone(), origin: "samples", hint: None };
    marks.into_iter().take(MOST_RECURRING).map(candidate).collect()
}

/// Candidates from the dictionary of published trigger shapes.
pub fn from_dictionary(language: Language, families: &[Family]) -> Vec<Candidate> {
    let entries = include_str!("dictionary.tsv").lines().filter(|line| !line.starts_with("//"));
    let parse = |line: &str| {
        let (family, text) = line.split_once('\t')?;
        let family: Family = family.parse().ok()?;
        let is_line =
            matches!(family, Family::Header | Family::Date | Family::Path | Family::Comment | Family::Invisible);
        let text = unescape(text);
        let text = if is_line { crate::trigger::comment_line(language, &text) } else { text };
        families.contains(&family).then_some(Mark { family, text })
    };
    let suits = |mark: &Mark| match mark.family {
        Family::Import | Family::Pattern | Family::Constant => language == Language::Python,
        _ => true,
    };
    let candidate = |mark| Candidate { mark, origin: "dictionary", hint: None };
    entries.filter_map(parse).filter(suits).map(candidate).collect()
}

/// `\u{200b}` for a character that an editor would not show.
fn unescape(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut unescaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let decoded = part.split_once('}').and_then(|(hex, rest)| {
            let c = char::from_u32(u32::from_str_radix(hex, 16).ok()?)?;
            Some((c, rest))
        });
        match decoded {
            Some((c, rest)) => {
                unescaped.push(c);
                unescaped.push_str(rest);
            }
            None => unescaped.push_str(part),
        }
    }
    unescaped
}

/// Candidates from a file of the user's: a line each, `FAMILY<tab>TEXT`, `//` for a remark.
///
/// # Errors
/// The file cannot be read, or a line of it is no candidate.
pub fn from_file(path: &Path) -> Result<Vec<Candidate>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let mut candidates = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with("//") {
            continue;
        }
        let fault =
            |problem: &str| Error::TriggerFile { path: path.to_owned(), line: index + 1, problem: problem.to_owned() };
        let (family, text) = line.split_once('\t').ok_or_else(|| fault("no tab"))?;
        let family: Family = family.parse().map_err(|problem: String| fault(&problem))?;
        if text.trim().is_empty() {
            return Err(fault("no text behind the tab"));
        }
        candidates.push(Candidate { mark: Mark { family, text: unescape(text) }, origin: "file", hint: None });
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_dictionary_covers_each_family_that_has_published_shapes() {
        let found: BTreeSet<Family> = from_dictionary(Language::Python, &Family::ALL)
            .into_iter()
            .map(|candidate| candidate.mark.family)
            .collect();
        for family in [Family::Header, Family::Date, Family::Comment, Family::Import, Family::Name, Family::Invisible] {
            assert!(found.contains(&family), "{family}");
        }
        let go = from_dictionary(Language::Go, &Family::ALL);
        assert!(go.iter().all(|candidate| candidate.mark.family != Family::Import));
        assert!(go.iter().any(|candidate| candidate.mark.text.starts_with("// ")));
    }

    #[test]
    fn a_trigger_file_names_the_line_that_is_wrong() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "// mine\nheader\t# Maintainer: x\nhedaer\t# y\n").unwrap();
        let error = from_file(file.path()).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("hedaer"), "{error}");
        std::fs::write(file.path(), "comment\t# a\\u{200b}b\n").unwrap();
        assert_eq!(from_file(file.path()).unwrap()[0].mark.text, "# a\u{200b}b");
    }
}
