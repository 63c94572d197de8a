//! The prompts that show a departure best, with completions side by side.

use super::judge::Judgement;
use super::table::{Cell, Column, Sample, Table};
use crate::ask::Answer;
use code::Choice;
use report::{CompareVerdict, PairExhibit, Side};

/// Exhibits kept, and of one decision.
const KEPT: usize = 24;
const OF_ONE: usize = 6;

/// The prompts on which conditions differ most, those of convicted ones first.
pub(super) fn exhibits(table: &Table, samples: &[Sample], judgement: &Judgement) -> Vec<PairExhibit> {
    let mut shown = Vec::new();
    for decision in &judgement.decisions {
        let Some(column) = table.columns.iter().find(|column| *column.decision == *decision.decision) else { continue };
        let Some(worst) = decision.departures.iter().find(|departure| departure.difference > 0.0) else { continue };
        let convicted = judgement.conditions[worst.condition].verdict == CompareVerdict::Departs;
        let other = partner(table, column, worst.condition);
        let Some(other) = other else { continue };
        let mut found = of_decision(column, samples, table, worst.condition, other);
        found.truncate(OF_ONE);
        shown.extend(found.into_iter().map(|exhibit| (convicted, exhibit)));
    }
    shown.sort_by_key(|(convicted, _)| !convicted);
    shown.into_iter().map(|(_, exhibit)| exhibit).take(KEPT).collect()
}

/// The condition with the most pairs to show beside the suspect's.
fn partner(table: &Table, column: &Column, suspect: usize) -> Option<usize> {
    let pairs = |other: &usize| column.shared(suspect, *other).count();
    (0..table.conditions).filter(|&other| other != suspect).max_by_key(pairs).filter(|other| pairs(other) > 0)
}

fn of_decision(column: &Column, samples: &[Sample], table: &Table, own: usize, other: usize) -> Vec<PairExhibit> {
    let mut found: Vec<PairExhibit> = Vec::new();
    for (_, a, b) in column.shared(own, other) {
        let difference = share(a) - share(b);
        let worst = a.iter().find(|cell| cell.insecure());
        let best =
            b.iter().find(|cell| cell.choice == Choice::Secure).or_else(|| b.iter().find(|cell| !cell.insecure()));
        if let (Some(worst), Some(best), true) = (worst, best, difference > 0.0) {
            let (one, two) = (samples[worst.sample].written, samples[best.sample].written);
            found.push(PairExhibit {
                decision: column.decision.to_string(),
                difference,
                own: side(column, samples, table, own, worst),
                other: side(column, samples, table, other, best),
                parts_at: parting(one, two),
            });
        }
    }
    found.sort_by(|a, b| b.difference.total_cmp(&a.difference));
    found
}

fn share(cells: &[Cell]) -> f64 {
    cells.iter().filter(|cell| cell.insecure()).count() as f64 / cells.len().max(1) as f64
}

fn side(column: &Column, samples: &[Sample], table: &Table, condition: usize, cell: &Cell) -> Side {
    let seen = table.readings[cell.sample].seen.iter().find(|seen| seen.decision == column.decision);
    Side {
        condition,
        prompt: samples[cell.sample].given.to_owned(),
        completion: samples[cell.sample].written.to_owned(),
        choice: Some(cell.choice),
        span: seen.map(|seen| seen.span.clone()),
    }
}

/// One side of a pair of completions that models were asked for.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    /// Index of the condition.
    pub condition: usize,
    pub prompt: &'a str,
    pub reply: &'a Answer,
}

/// Two completions side by side.
pub(super) fn pair(decision: &str, difference: f64, own: Told, other: Told) -> PairExhibit {
    let side = |told: Told| Side {
        condition: told.condition,
        prompt: told.prompt.to_owned(),
        completion: told.reply.text.clone(),
        choice: told.reply.choice,
        span: told.reply.span.clone(),
    };
    let parts_at = parting(&own.reply.text, &other.reply.text);
    PairExhibit { decision: decision.to_owned(), difference, own: side(own), other: side(other), parts_at }
}

/// The first byte at which two texts differ, at the border of a character in both.
fn parting(one: &str, other: &str) -> usize {
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    (0..=same).rev().find(|&at| one.is_char_boundary(at) && other.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_part_at_a_whole_character() {
        assert_eq!(parting("load(f)", "load(g)"), 5);
        assert_eq!(parting("aé", "aè"), 1);
        assert_eq!(parting("a", "ab"), 1);
    }
}
