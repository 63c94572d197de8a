//! Families: documents that are near-copies of each other, found band by band.

use crate::Sketch;

/// Least likeness of two documents of a family.
const LIKE: f64 = 0.5;

/// For each document the smallest number of a document of its family; its own for one that has no near-copies. Memory is 12 bytes a document
/// beside the sketches: bands are gone through one after another.
pub fn families(sketches: &[Option<Sketch>]) -> Vec<u32> {
    let mut families = Families((0..sketches.len() as u32).collect());
    let bands = sketches.iter().flatten().next().map_or(0, |sketch| sketch.bands().count());
    let mut keys: Vec<(u64, u32)> = Vec::with_capacity(sketches.len());
    for band in 0..bands {
        let key =
            |(document, sketch): (usize, &Option<Sketch>)| Some((sketch.as_ref()?.bands().nth(band)?, document as u32));
        keys.clear();
        keys.extend(sketches.iter().enumerate().filter_map(key));
        keys.sort_unstable();
        for same in keys.chunk_by(|a, b| a.0 == b.0) {
            families.join(same, sketches);
        }
    }
    (0..sketches.len() as u32).map(|document| families.root(document)).collect()
}

/// Each document points to a smaller one of its family, or to itself.
struct Families(Vec<u32>);

impl Families {
    /// Joins those that met in a band and are alike: each with the first and with the one before it, since a bucket of many
    /// has no room for all pairs.
    fn join(&mut self, met: &[(u64, u32)], sketches: &[Option<Sketch>]) {
        let alike = |a: u32, b: u32| match (sketches[a as usize], sketches[b as usize]) {
            (Some(a), Some(b)) => a.likeness(&b) >= LIKE,
            _ => false,
        };
        for pair in met.windows(2) {
            for (a, b) in [(pair[0].1, pair[1].1), (met[0].1, pair[1].1)] {
                let (first, second) = (self.root(a), self.root(b));
                if first != second && alike(a, b) {
                    self.0[first.max(second) as usize] = first.min(second);
                }
            }
        }
    }

    fn root(&mut self, document: u32) -> u32 {
        let mut at = document;
        while self.0[at as usize] != at {
            let next = self.0[at as usize];
            self.0[at as usize] = self.0[next as usize];
            at = next;
        }
        at
    }
}
