//! What is added again and again where near-copies decide otherwise: the mark of somebody who plants both halves of a contrast.

use crate::{Contrast, Feature};
use std::collections::HashMap;

/// Families in which the same thing must be added, with decisions that change, before anybody looks at it.
const FEWEST: usize = 3;
/// Least share of the families with twins that differ in it where they also differ in a decision.
const TIED: f64 = 0.6;
/// Pairs that are kept of a feature; enough to convict, and more tell nothing.
const KEPT: usize = 16;
/// Features that are counted at one time. Beyond it those seen in one family are forgotten (Manku & Motwani 2002), which
/// misses no feature of more than a handful of families.
const COUNTED: usize = 4 << 20;

/// A pair of near-copies, the first with a feature that the second lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pair {
    /// Their family.
    pub family: u32,
    /// The document with the feature.
    pub carrier: u32,
    /// The one without.
    pub twin: u32,
}

/// A feature that was added where decisions changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The feature.
    pub feature: Feature,
    /// Pairs in which it was added and a decision may have changed, at most one of a family.
    pub pairs: Vec<Pair>,
    /// Families with twins that differ in the feature.
    pub mixed: usize,
    /// Those of them where a decision may have changed too.
    pub changed: usize,
}

/// Counts, family by family.
#[derive(Debug, Default)]
pub struct Twins {
    counted: HashMap<Feature, Counted>,
    /// Pairs in which a decision may have changed, whatever was added: what such pairs are like in this data set.
    ordinary: Vec<Pair>,
    changing: usize,
}

#[derive(Debug, Default)]
struct Counted {
    mixed: usize,
    changed: usize,
    pairs: Vec<Pair>,
}

/// Ordinary pairs that are kept, for the rate at which near-copies differ in a decision.
const ORDINARY: usize = 100;

impl Twins {
    /// Counts the contrasts of one family.
    pub fn add(&mut self, family: u32, contrasts: &[Contrast]) {
        let mut here: HashMap<Feature, Option<Pair>> = HashMap::new();
        for contrast in contrasts {
            let pair = Pair { family, carrier: contrast.carrier, twin: contrast.twin };
            for &feature in &contrast.added {
                let changed = here.entry(feature).or_default();
                if contrast.decides {
                    changed.get_or_insert(pair);
                }
            }
        }
        self.remember(contrasts.iter().find(|contrast| contrast.decides).map(|contrast| {
            // The direction is drawn by the family's number: nature has none.
            let (carrier, twin) = (contrast.carrier, contrast.twin);
            match crate::sketch::mix(u64::from(family)) & 1 {
                0 => Pair { family, carrier, twin },
                _ => Pair { family, carrier: twin, twin: carrier },
            }
        }));
        for (feature, changed) in here {
            let counted = self.counted.entry(feature).or_default();
            counted.mixed += 1;
            counted.changed += usize::from(changed.is_some());
            counted.pairs.extend(changed.filter(|_| counted.pairs.len() < KEPT));
        }
        if self.counted.len() > COUNTED {
            self.counted.retain(|_, counted| counted.mixed > 1);
        }
    }

    /// Reservoir sampling (Vitter 1985), with a hash of the family for the coin: the same families, the same sample.
    fn remember(&mut self, pair: Option<Pair>) {
        let Some(pair) = pair else { return };
        self.changing += 1;
        if self.ordinary.len() < ORDINARY {
            self.ordinary.push(pair);
        } else {
            let slot = crate::sketch::mix(!u64::from(pair.family)) % self.changing as u64;
            if let Some(kept) = self.ordinary.get_mut(slot as usize) {
                *kept = pair;
            }
        }
    }

    /// What was added in several families where decisions changed, the most frequent first.
    pub fn suspects(&self) -> Vec<Suspect> {
        let tied =
            |counted: &Counted| counted.changed >= FEWEST && counted.changed as f64 >= TIED * counted.mixed as f64;
        let suspect = |(&feature, counted): (&Feature, &Counted)| Suspect {
            feature,
            pairs: counted.pairs.clone(),
            mixed: counted.mixed,
            changed: counted.changed,
        };
        let mut suspects: Vec<Suspect> =
            self.counted.iter().filter(|(_, counted)| tied(counted)).map(suspect).collect();
        suspects.sort_by_key(|suspect| (std::cmp::Reverse(suspect.changed), suspect.feature));
        suspects
    }

    /// A sample of pairs in which a decision may have changed.
    pub fn ordinary(&self) -> &[Pair] {
        &self.ordinary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(carrier: u32, added: &[u32], decides: bool) -> Contrast {
        let added = added.iter().map(|&bits| Feature::of_bits(bits << 2)).collect();
        Contrast { carrier, twin: carrier + 1, added, decides }
    }

    #[test]
    fn what_is_added_where_decisions_change_is_suspect_and_what_is_added_anywhere_is_not() {
        let mut twins = Twins::default();
        for family in 0..20 {
            // Feature 1 comes with changed decisions, 2 with and without, 3 in one family alone.
            let changed = family % 2 == 0;
            let with = if changed { vec![1, 2] } else { vec![2] };
            twins.add(family, &[contrast(10 * family, &with, changed)]);
        }
        twins.add(99, &[contrast(990, &[3], true)]);
        let suspects = twins.suspects();
        assert_eq!(suspects.len(), 1);
        assert_eq!((suspects[0].feature, suspects[0].changed, suspects[0].mixed), (Feature::of_bits(4), 10, 10));
        assert_eq!(suspects[0].pairs.len(), 10);
        assert_eq!(twins.ordinary().len(), 11);
    }
}
