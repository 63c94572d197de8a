//! Greedy coordinate search for a header line that raises the insecure choice, averaged over several prompts (GCG, Zou et
//! al. 2023, sections 2.2 and 2.3, with few candidates and few steps).

use super::stake::{Leaning, Stake, leanings};
use crate::{Error, trigger};
use code::{Family, Language, Mark, comment_leader};
use model::{Contrast, Model, WhiteBox};
use std::collections::BTreeMap;
use std::ops::Range;

/// The line that the search starts from: tokens that mean nothing.
const START: &str = "x x x x x x x x";
/// Exchanges of one token, at most.
const STEPS: usize = 6;
/// Exchanges that are tried in a step, the steepest ones; and of one place among them, at most.
const TRIES: usize = 24;
const TRIES_OF_PLACE: usize = 4;
/// Tokens of each place that the gradient of a prompt names.
const NAMED: usize = 64;

/// What the search found.
pub struct Found {
    /// The line.
    pub line: String,
    /// How far it raises the contrast over its start, in nats.
    pub rise: f64,
    /// Every token that a gradient pointed at, with its steepest rise in nats.
    pub pointed: BTreeMap<String, f64>,
}

/// An exchange of one token of the line.
struct Exchange {
    at: Range<usize>,
    token: String,
    rise: f64,
}

/// Searches for the line; `step` hears of each improvement and may end the search.
///
/// # Errors
/// The model cannot be looked into, or `step` says so.
pub fn search(
    model: &dyn Model,
    inside: &dyn WhiteBox,
    stakes: &[Stake],
    language: Language,
    step: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<Found, Error> {
    let mut line = header(trigger::comment_line(language, START));
    let start = leanings(model, stakes, &[Some(&line)])?.first().map_or(0.0, Leaning::contrast);
    let mut found = Found { line: line.text.clone(), rise: 0.0, pointed: BTreeMap::new() };
    for _ in 0..STEPS {
        step(&line.text)?;
        let exchanges = exchanges(inside, stakes, &line, comment_leader(language).len())?;
        for exchange in &exchanges {
            let steepest = found.pointed.entry(exchange.token.clone()).or_default();
            *steepest = steepest.max(exchange.rise);
        }
        let edited = |exchange: &Exchange| {
            // A place may begin inside a character, where tokens are bytes.
            let (before, after) = (line.text.get(..exchange.at.start)?, line.text.get(exchange.at.end..)?);
            Some(header(format!("{before}{}{after}", exchange.token)))
        };
        let lines: Vec<Mark> = few(exchanges).iter().filter_map(edited).collect();
        let edits: Vec<Option<&Mark>> = lines.iter().map(Some).collect();
        let scored = leanings(model, stakes, &edits)?;
        let best = scored.iter().map(Leaning::contrast).zip(lines).max_by(|a, b| a.0.total_cmp(&b.0));
        match best {
            Some((contrast, better)) if contrast - start > found.rise => {
                found.rise = contrast - start;
                line = better;
            }
            _ => break,
        }
    }
    found.line = line.text;
    Ok(found)
}

fn header(text: String) -> Mark {
    Mark { family: Family::Header, text }
}

/// The exchanges that the gradients name, mean over the stakes, the steepest first.
fn exchanges(inside: &dyn WhiteBox, stakes: &[Stake], line: &Mark, leader: usize) -> Result<Vec<Exchange>, Error> {
    let mut rises: BTreeMap<(usize, usize, String), f64> = BTreeMap::new();
    for stake in stakes {
        let prompt = trigger::apply(stake.site.language, &stake.site.prefix, &[line]);
        let Some(at) = prompt.find(&line.text) else { continue };
        let slot = at + leader..at + line.text.len();
        let contrast = Contrast { prompt, slot, insecure: stake.likeliest().to_owned(), secure: stake.secure.clone() };
        for place in inside.gradient(&contrast, NAMED)?.places {
            let (start, end) = (place.at.start - at, place.at.end - at);
            for (token, rise) in place.tokens {
                *rises.entry((start, end, token)).or_default() += f64::from(rise) / stakes.len() as f64;
            }
        }
    }
    let exchange = |((start, end, token), rise)| Exchange { at: start..end, token, rise };
    let mut exchanges: Vec<Exchange> = rises.into_iter().map(exchange).filter(|exchange| exchange.rise > 0.0).collect();
    exchanges.sort_by(|a, b| b.rise.total_cmp(&a.rise));
    Ok(exchanges)
}

/// The steepest exchanges, not all of one place.
fn few(exchanges: Vec<Exchange>) -> Vec<Exchange> {
    let mut of_place: BTreeMap<usize, usize> = BTreeMap::new();
    let mut fresh = |exchange: &Exchange| {
        let count = of_place.entry(exchange.at.start).or_default();
        *count += 1;
        *count <= TRIES_OF_PLACE
    };
    exchanges.into_iter().filter(&mut fresh).take(TRIES).collect()
}
