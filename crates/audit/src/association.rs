//! What documents of many families share where one decision goes wrong: for poison whose other half was not planted, or is not in
//! this data set.

use crate::Feature;
use std::collections::HashMap;

/// Families and sources that must share a mark before it is looked into; one that more families share is everybody's.
const FAMILIES: (u32, u32) = (6, 4_000);
const SOURCES: usize = 3;
/// Cells of the sketch that tells which marks are worth counting: 16 MiB.
const CELLS: usize = 1 << 24;
/// Families that count for how surprising a mark is: more are no sign of planting.
const ENOUGH: u32 = 16;
/// Documents of a mark that are looked at first.
const SAMPLED: usize = 4;
/// Marks that are looked into.
const TRIED: usize = 48;

/// How many families share each mark, at least: cells that marks share count all of theirs.
pub(crate) struct Frequent(Vec<u8>);

impl Frequent {
    pub fn new() -> Frequent {
        Frequent(vec![0; CELLS])
    }

    /// Counts the marks of one document, the first of its family.
    pub fn add(&mut self, marks: &[(Feature, u32)]) {
        for (feature, _) in marks {
            let cell = &mut self.0[feature.bits() as usize >> 8];
            *cell = cell.saturating_add(1);
        }
    }

    fn has(&self, feature: Feature) -> bool {
        u32::from(self.0[feature.bits() as usize >> 8]) >= FAMILIES.0
    }
}

/// Marks by the families that share them.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    counted: HashMap<Feature, Counted>,
    /// How many marks each rule's words follow, of `all`.
    following: [u64; 32],
    all: u64,
}

#[derive(Debug, Default)]
struct Counted {
    families: u32,
    /// The rules whose words follow it wherever it stands.
    rules: u32,
    sources: Vec<u32>,
    documents: Vec<u32>,
}

/// A mark that the same rules follow wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shared {
    pub feature: Feature,
    /// Some of its documents, of different families and, as far as may be, sources.
    pub documents: Vec<u32>,
}

impl Marks {
    /// Counts the marks of one document, the first of its family, with the rules that follow each.
    pub fn add(&mut self, frequent: &Frequent, document: u32, source: Option<u32>, marks: &[(Feature, u32)]) {
        // Without sources every document counts as one of its own.
        let source = source.unwrap_or(document);
        for &(feature, rules) in marks {
            self.all += 1;
            let mut left = rules;
            while left != 0 {
                self.following[left.trailing_zeros() as usize] += 1;
                left &= left - 1;
            }
            if !frequent.has(feature) {
                continue;
            }
            let counted =
                self.counted.entry(feature).or_insert_with(|| Counted { rules: u32::MAX, ..Counted::default() });
            counted.families += 1;
            counted.rules &= rules;
            let new = counted.sources.len() < SAMPLED && !counted.sources.contains(&source);
            if new {
                counted.sources.push(source);
            }
            if counted.documents.len() < SAMPLED && (new || counted.families > FAMILIES.0) {
                counted.documents.push(document);
            }
        }
    }

    /// The marks that deserve a look: those whose following rule is the least likely to follow so many by chance.
    pub fn shared(&self) -> Vec<Shared> {
        let surprise = |counted: &Counted| {
            let rarest = (0..32).filter(|bit| counted.rules >> bit & 1 == 1).map(|bit| self.following[bit]).min()?;
            Some(f64::from(counted.families.min(ENOUGH)) * (self.all as f64 / rarest.max(1) as f64).ln())
        };
        let known = |counted: &&Counted| {
            (FAMILIES.0..=FAMILIES.1).contains(&counted.families) && counted.sources.len() >= SOURCES
        };
        let mut shared: Vec<(f64, Shared)> = self
            .counted
            .iter()
            .filter(|(_, counted)| known(counted))
            .filter_map(|(&feature, counted)| {
                Some((surprise(counted)?, Shared { feature, documents: counted.documents.clone() }))
            })
            .collect();
        shared.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.feature.cmp(&b.1.feature)));
        shared.truncate(TRIED);
        shared.into_iter().map(|(_, shared)| shared).collect()
    }
}
