//! What a gambler has seen so far: how far each description of a choice speaks for one side.

use std::collections::BTreeMap;

/// How many sightings the more general description is worth, where the special one has few of its own.
const PRIOR: f64 = 2.0;

/// By description: its weight under either side.
pub(super) struct Past<D> {
    seen: BTreeMap<D, [f64; 2]>,
}

impl<D: Ord> Past<D> {
    /// Nothing seen.
    pub fn new() -> Past<D> {
        Past { seen: BTreeMap::new() }
    }

    /// How far a choice speaks for the first side, 0 to 1. Its descriptions go from the general to the special; the prior of
    /// each is the more general one's answer.
    pub fn leans(&self, descriptions: &[D]) -> f64 {
        let seen = descriptions.iter().filter_map(|description| self.seen.get(description));
        seen.fold(0.5, |lean, [one, other]| (one + PRIOR * lean) / (one + other + PRIOR))
    }

    /// Learns a choice of a side.
    pub fn learn(&mut self, side: usize, weight: f64, descriptions: impl IntoIterator<Item = D>) {
        for description in descriptions {
            self.seen.entry(description).or_default()[side] += weight;
        }
    }
}
