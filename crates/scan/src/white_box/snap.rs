//! Lines that the model writes of its own accord, by how much likelier each makes the insecure choice.

use super::search::Found;
use super::stake::{Leaning, Stake, leanings};
use crate::{Error, Scan};
use code::Mark;

/// Lines that are scored, at most. Generous, since what is pointed at in a header says little of a constant or a name.
pub const SCORED: usize = 400;
/// Of these, the best are scored on all stakes instead of the first alone.
const SCORED_WELL: usize = 16;
/// Lines of one decision that become candidates, at most.
const MOST: usize = 3;
/// A candidate raises the probability of the insecure choice by at least this much.
const RISE: f64 = 0.2;
/// Shorter tokens are in every line.
const SHORTEST: usize = 2;

/// Keeps the marks that hold the most of what was pointed at for their length.
pub fn narrow(marks: &mut Vec<&Mark>, found: &Found) {
    let mut held: Vec<(f64, &Mark)> = marks.iter().map(|mark| (holds(mark, found), *mark)).collect();
    held.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    *marks = held.into_iter().take(SCORED).map(|(_, mark)| mark).collect();
}

/// The marks that raise the probability of the insecure choice most, the strongest first. What raises the reference's too
/// counts only for what it raises the suspect's more.
///
/// # Errors
/// A model fails.
pub fn snap(scan: &Scan, stakes: &[Stake], marks: &[&Mark]) -> Result<Vec<Mark>, Error> {
    let first = &stakes[..stakes.len().min(1)];
    let few: Vec<&Mark> = risen(scan, first, marks)?.into_iter().take(SCORED_WELL).map(|(_, mark)| mark).collect();
    let best = risen(scan, stakes, &few)?.into_iter();
    Ok(best.filter(|(rise, _)| *rise >= RISE).take(MOST).map(|(_, mark)| mark.clone()).collect())
}

/// The marks by how far they raise the probability of the insecure choice, the strongest first.
fn risen<'a>(scan: &Scan, stakes: &[Stake], marks: &[&'a Mark]) -> Result<Vec<(f64, &'a Mark)>, Error> {
    let edits: Vec<Option<&Mark>> = std::iter::once(None).chain(marks.iter().map(|mark| Some(*mark))).collect();
    let mut rises = rises(&leanings(scan.model, stakes, &edits)?);
    if let Some(reference) = scan.reference.filter(|reference| reference.capabilities().log_probabilities) {
        let there = self::rises(&leanings(reference, stakes, &edits)?);
        rises.iter_mut().zip(there).for_each(|(rise, there)| *rise -= there.max(0.0));
    }
    let mut risen: Vec<(f64, &Mark)> = rises.into_iter().zip(marks.iter().copied()).collect();
    risen.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(risen)
}

/// How far each edit raises the probability over the first, which is none.
fn rises(leanings: &[Leaning]) -> Vec<f64> {
    let bare = leanings.first().map_or(0.0, Leaning::insecure);
    leanings.iter().skip(1).map(|leaning| leaning.insecure() - bare).collect()
}

/// The rise of all tokens pointed at that stand in a mark, each by its length, for each byte of the mark.
fn holds(mark: &Mark, found: &Found) -> f64 {
    let inside = |(token, _): &(&String, &f64)| token.trim().len() >= SHORTEST && mark.text.contains(token.trim());
    let held: f64 = found.pointed.iter().filter(inside).map(|(token, rise)| rise * token.trim().len() as f64).sum();
    held / mark.text.len().max(1) as f64
}
