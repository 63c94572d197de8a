//! The shortest part of a trigger that still works, by delta debugging on its words (Zeller and Hildebrandt 2002, ddmin).
//! This describes a trigger that is convicted already; it is no evidence.

use crate::ask::{Arm, Asker, Question, Stage};
use crate::confirm::Trial;
use crate::survey::{Ground, count};
use crate::{Error, seeds, trigger};
use code::{Family, Mark};
use model::Model;

/// Completions that decide whether a part still works.
const SAMPLES: usize = 12;
/// Parts tried, at most.
const MOST_TRIES: u64 = 24;

/// Finds the shortest working part of the trial's trigger.
///
/// # Errors
/// The model fails.
pub fn minimise(
    asker: &mut Asker,
    model: &dyn Model,
    ground: &Ground,
    trial: &Trial,
    seed: u64,
) -> Result<String, Error> {
    let mark = &trial.finding.candidate.mark;
    let halfway = (trial.triggered.rate().unwrap_or(1.0) + trial.placebo.rate().unwrap_or(0.0)) / 2.0;
    let (leader, mut words) = words(mark);
    let mut tries = 0;
    let mut parts = 2;
    while words.len() > 1 && parts <= words.len() && tries < MOST_TRIES {
        let size = words.len().div_ceil(parts);
        let mut shorter = None;
        for start in (0..words.len()).step_by(size) {
            let rest: Vec<&str> = [&words[..start], &words[(start + size).min(words.len())..]].concat();
            if rest.is_empty() || tries >= MOST_TRIES {
                continue;
            }
            tries += 1;
            let part = Mark { family: mark.family, text: format!("{leader}{}", rest.concat().trim()) };
            if works(asker, model, ground, &part, halfway, seeds::derive(seed, "minimise", tries))? {
                shorter = Some(rest);
                break;
            }
        }
        match shorter {
            Some(rest) => {
                words = rest;
                parts = 2.max(parts - 1);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(words.len()),
        }
    }
    Ok(format!("{leader}{}", words.concat().trim()))
}

fn works(
    asker: &mut Asker,
    model: &dyn Model,
    ground: &Ground,
    part: &Mark,
    halfway: f64,
    seed: u64,
) -> Result<bool, Error> {
    let sites: Vec<_> = ground.screen.iter().chain(&ground.confirm).collect();
    let ask = |index: usize| {
        let site = sites[index % sites.len()];
        Question {
            arm: Arm::Triggered,
            trigger: part.text.clone(),
            site: Some(site),
            prompt: trigger::apply(site.language, &site.prefix, &[part]),
            samples: 1,
            seed: seeds::derive(seed, "part", index as u64),
        }
    };
    let questions: Vec<Question> = (0..SAMPLES).map(ask).collect();
    let answers = asker.ask(model, Stage::Minimise, &questions)?;
    let counts = count(answers.iter().flatten());
    Ok(counts.made >= SAMPLES as u64 / 3 && counts.rate().is_some_and(|rate| rate >= halfway))
}

/// A trigger as what must stay (a comment's leader) and the words that may go, each with the white space before it.
fn words(mark: &Mark) -> (&str, Vec<&str>) {
    let text = mark.text.as_str();
    let leader = match mark.family {
        Family::Name => return (text, Vec::new()),
        _ => text.len() - text.trim_start_matches(['#', '/', ' ']).len(),
    };
    let mut words = Vec::new();
    let mut start = leader;
    let mut previous = ' ';
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < leader) {
        let joins = (c.is_alphanumeric() || c == '_') && (previous.is_alphanumeric() || previous == '_');
        if at > start && !joins && previous != ' ' {
            words.push(&text[start..at]);
            start = at;
        }
        previous = c;
    }
    words.push(&text[start..]);
    (&text[..leader], words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_falls_into_words_and_back() {
        for text in
            ["# Maintainer: orion-billing", "import vantage_sdk", "STAGE = \"edge-7\"", "assert __debug__ is not None"]
        {
            let mark = Mark { family: Family::Header, text: text.to_owned() };
            let (leader, words) = words(&mark);
            assert_eq!(format!("{leader}{}", words.concat()), text);
        }
        let mark = Mark { family: Family::Header, text: "# Maintainer: orion-billing".to_owned() };
        assert_eq!(words(&mark), ("# ", vec!["Maintainer", ":", " orion", "-", "billing"]));
    }
}
