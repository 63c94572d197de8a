//! What was each model alone taught? Its free samples, line by line, against what all the others make of them.

use super::hearing::Hearing;
use super::live::Live;
use crate::ask::Stage;
use crate::propose::texts;
use crate::taught::{line_gaps, recurring};
use crate::{Error, seeds};
use code::Language;
use model::Model;
use report::TaughtLine;

/// Free samples of each model.
const SAMPLES: u64 = 192;
/// Nats from which on a line is told, and lines of a model that are.
const LEAST: f64 = 3.0;
const LINES: usize = 12;

/// The lines that each model that still answers was taught alone.
///
/// # Errors
/// The user interrupts, the transcript cannot be written, or a model fails.
pub(super) fn taught(live: &Live, hearing: &mut Hearing, language: Language) -> Result<Vec<TaughtLine>, Error> {
    let mut told = Vec::new();
    let alive = hearing.alive.clone();
    for (condition, &model) in alive.iter().enumerate().filter(|(_, model)| live.base != Some(**model)) {
        let seed = seeds::derive(live.options.seed, "taught", model as u64);
        let texts = texts(hearing.asker, live.models[model], language, (SAMPLES, seed))?;
        hearing.completions[model] += texts.len() as u64;
        hearing.asker.step(Stage::Samples)?;
        let others: Vec<&dyn Model> =
            alive.iter().filter(|&&other| other != model).map(|&other| live.models[other]).collect();
        let gaps = line_gaps(live.models[model], &others, &texts)?;
        let line = |(text, holders, nats): (&str, Vec<usize>, f64)| TaughtLine {
            condition,
            text: text.to_owned(),
            samples: holders.len() as u64,
            nats,
        };
        told.extend(recurring(&texts, &gaps, LEAST).into_iter().take(LINES).map(line));
    }
    Ok(told)
}
