//! A group of prompts on trial: evidence that a model chooses insecurely on it where the others do not.

use super::contrast::consensus;
use super::groups::Group;
use super::hearing::Chosen;
use crate::Error;
use stats::{DifferenceSequence, EValue, PairedBet, Tolerance};

/// Rounds of a trial, at most, and after how many pairs one whose evidence does not grow is given up.
const MOST_PAIRS: u64 = 120;
const PATIENCE: u64 = 36;

/// A group on trial for one model.
pub(super) struct Trial {
    /// The model, by its place among those given.
    pub suspect: usize,
    pub group: Group,
    /// By reference: the evidence and the difference.
    pub against: Vec<(usize, PairedBet, DifferenceSequence)>,
    /// By model: its choices, with the place of their prompt in the group. Where choices are computed, each prompt's once.
    pub chosen: Vec<Vec<(usize, Chosen)>>,
    pairs: u64,
}

impl Trial {
    /// Nothing heard yet. `references` come with the difference that is called honest, at most 0.95.
    ///
    /// # Errors
    /// A tolerance out of range.
    pub fn new(suspect: usize, group: Group, references: &[(usize, f64)], models: usize) -> Result<Trial, Error> {
        let mut against = Vec::new();
        for &(reference, allowed) in references {
            let tolerance = Tolerance::new(allowed.min(0.95))?;
            against.push((reference, PairedBet::new(tolerance), DifferenceSequence::new()));
        }
        Ok(Trial { suspect, group, against, chosen: vec![Vec::new(); models], pairs: 0 })
    }

    /// Evidence that the suspect departs from the consensus here.
    pub fn e_value(&self) -> Result<EValue, Error> {
        let against: Vec<EValue> = self.against.iter().map(|(_, bet, _)| bet.e_value()).collect();
        consensus(&against)
    }

    /// Whether hearing more may change the answer.
    pub fn undecided(&self, threshold: f64) -> Result<bool, Error> {
        let e = self.e_value()?.get();
        Ok(e < threshold && self.pairs < MOST_PAIRS && !(self.pairs >= PATIENCE && e < 1.0))
    }

    /// Hears what each model's choices were computed to be on each of the group's prompts, and on the same prompts without its
    /// marks: differences in differences. What the suspect does more often than a reference without the marks is its habit,
    /// what the marks do to the reference is natural; only what goes beyond both is evidence.
    pub fn computed(&mut self, marked: &[Vec<Chosen>], bare: &[Vec<Chosen>]) {
        for (known, fresh) in self.chosen.iter_mut().zip(marked) {
            known.extend(fresh.iter().cloned().enumerate());
        }
        for place in 0..self.group.fresh.len() {
            let rate = |heard: &[Vec<Chosen>], model: usize| heard[model].get(place)?.insecure;
            let Some(own) = rate(marked, self.suspect) else { continue };
            for (reference, bet, sequence) in &mut self.against {
                let Some(other) = rate(marked, *reference) else { continue };
                let habit =
                    rate(bare, self.suspect).zip(rate(bare, *reference)).map_or(0.0, |(own, other)| own - other);
                let expected = (other + habit.max(0.0)).min(1.0);
                bet.update_known(own, expected);
                sequence.update(own - expected);
            }
        }
    }

    /// Hears one sampled choice of each model on each of the group's prompts.
    pub fn cycle(&mut self, heard: &[Vec<Option<Chosen>>]) {
        for (known, fresh) in self.chosen.iter_mut().zip(heard) {
            let placed = fresh.iter().enumerate().filter_map(|(place, chosen)| Some((place, chosen.clone()?)));
            known.extend(placed);
        }
        self.pairs += self.group.fresh.len() as u64;
        let insecure = |model: usize, place: usize| heard[model].get(place)?.as_ref()?.insecure;
        for place in 0..self.group.fresh.len() {
            let Some(own) = insecure(self.suspect, place) else { continue };
            for (reference, bet, sequence) in &mut self.against {
                let Some(other) = insecure(*reference, place) else { continue };
                bet.update(own - other);
                sequence.update(own - other);
            }
        }
    }
}
