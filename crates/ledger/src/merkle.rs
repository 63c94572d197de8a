//! Merkle trees as RFC 6962 defines them: roots, and proofs that an entry is in a tree or that one tree begins with another.
//!
//! Trees are read through [`Nodes`], which knows the roots of complete, aligned subtrees; the three algorithms of section 2.1 are written
//! as there, in terms of the hash of a range of leaves.

use crate::hash::Digest;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use std::ops::Range;

/// The hash of an entry.
pub fn leaf(entry: &[u8]) -> Digest {
    Digest(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// The hash of two subtrees.
pub fn node(left: &Digest, right: &Digest) -> Digest {
    let mut both = [1; 65];
    both[1..33].copy_from_slice(&left.0);
    both[33..].copy_from_slice(&right.0);
    Digest::of(&both)
}

/// The root of a tree without entries.
pub fn empty() -> Digest {
    Digest::of(b"")
}

/// What a tree is read from.
pub trait Nodes {
    /// Why a node cannot be had.
    type Error;

    /// The root of the complete subtree of 2^`level` leaves that begins at leaf `index` * 2^`level`.
    ///
    /// # Errors
    /// It cannot be read.
    fn node(&self, level: u32, index: u64) -> Result<Digest, Self::Error>;

    /// The hash of a range of leaves that begins at a multiple of the largest power of two in it.
    ///
    /// # Errors
    /// A node cannot be read.
    fn range(&self, leaves: Range<u64>) -> Result<Digest, Self::Error> {
        let count = leaves.end - leaves.start;
        if count == 0 {
            return Ok(empty());
        }
        if count.is_power_of_two() && leaves.start.is_multiple_of(count) {
            return self.node(count.trailing_zeros(), leaves.start / count);
        }
        let middle = leaves.start + split(count);
        Ok(node(&self.range(leaves.start..middle)?, &self.range(middle..leaves.end)?))
    }

    /// The proof that leaf `index` is in the tree of `size` leaves, the leaf's sibling first.
    ///
    /// # Errors
    /// A node cannot be read.
    fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Digest>, Self::Error> {
        let (mut within, mut path) = (0..size, Vec::new());
        while within.end - within.start > 1 {
            let middle = within.start + split(within.end - within.start);
            if index < middle {
                path.push(self.range(middle..within.end)?);
                within.end = middle;
            } else {
                path.push(self.range(within.start..middle)?);
                within.start = middle;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// The proof that the tree of `new` leaves begins with the tree of `old` leaves, where 0 < `old` <= `new`.
    ///
    /// # Errors
    /// A node cannot be read.
    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, Self::Error> {
        let (mut within, mut path, mut known) = (0..new, Vec::new(), true);
        while within.end != old {
            let middle = within.start + split(within.end - within.start);
            if old <= middle {
                path.push(self.range(middle..within.end)?);
                within.end = middle;
            } else {
                path.push(self.range(within.start..middle)?);
                within.start = middle;
                known = false;
            }
        }
        if !known {
            path.push(self.range(within)?);
        }
        path.reverse();
        Ok(path)
    }
}

/// The largest power of two below a count of two or more.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// A tree in memory: the complete nodes of each level.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// The tree over leaf hashes.
    pub fn new(leaves: Vec<Digest>) -> Tree {
        let mut levels = vec![leaves];
        while let Some(last) = levels.last().filter(|last| last.len() > 1) {
            let above = last.par_chunks_exact(2).with_min_len(1 << 10).map(|pair| node(&pair[0], &pair[1])).collect();
            levels.push(above);
        }
        Tree { levels }
    }

    /// Leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The complete nodes of a level.
    pub fn level(&self, level: u32) -> &[Digest] {
        self.levels.get(level as usize).map_or(&[], Vec::as_slice)
    }

    /// The root.
    pub fn root(&self) -> Digest {
        match self.range(0..self.size()) {
            Ok(root) => root,
            Err(none) => match none {},
        }
    }
}

impl Nodes for Tree {
    type Error = std::convert::Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Digest, Self::Error> {
        Ok(self.levels[level as usize][index as usize])
    }
}

/// The root that a proof of inclusion leads to; `None` where it has the wrong length for the tree.
pub fn root_of_inclusion(index: u64, size: u64, leaf: Digest, path: &[Digest]) -> Option<Digest> {
    // RFC 9162, section 2.1.3.2.
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut root) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            root = node(sibling, &root);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            root = node(&root, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

/// Whether a proof shows that the tree of `new` leaves and its root begins with the one of `old` leaves and its root. No proof is
/// needed from the empty tree, so one is none.
pub fn is_consistent(old: (u64, Digest), new: (u64, Digest), path: &[Digest]) -> bool {
    // RFC 9162, section 2.1.4.2.
    let ((old, old_root), (new, new_root)) = (old, new);
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    let mut rest = path.iter();
    let first = if old.is_power_of_two() { Some(&old_root) } else { rest.next() };
    let Some(first) = first else { return false };
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut before, mut after) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            before = node(sibling, &before);
            after = node(sibling, &after);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            after = node(&after, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && before == old_root && after == new_root
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// RFC 6962, section 2.1, word for word and slowly.
    fn by_the_book(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => empty(),
            [one] => *one,
            more => {
                let k = more.len().next_power_of_two() / 2;
                node(&by_the_book(&more[..k]), &by_the_book(&more[k..]))
            }
        }
    }

    #[test]
    fn every_proof_of_every_tree_up_to_forty_leaves_holds_and_no_other_does() {
        let leaves: Vec<Digest> = (0..40u8).map(|n| leaf(&[n])).collect();
        for size in 0..=leaves.len() {
            let tree = Tree::new(leaves[..size].to_vec());
            let (root, size) = (tree.root(), size as u64);
            assert_eq!(root, by_the_book(&leaves[..size as usize]));
            for index in 0..size {
                let path = tree.inclusion(index, size).unwrap();
                let found = |leaf, path: &[Digest]| root_of_inclusion(index, size, leaf, path);
                assert_eq!(found(leaves[index as usize], &path), Some(root), "{index} of {size}");
                assert_ne!(found(leaf(b"other"), &path), Some(root));
                assert_eq!(found(leaves[index as usize], &[&path[..], &[root]].concat()), None);
            }
            for old in 1..=size {
                let before = by_the_book(&leaves[..old as usize]);
                let path = tree.consistency(old, size).unwrap();
                assert!(is_consistent((old, before), (size, root), &path), "{old} of {size}");
                assert!(!is_consistent((old, leaf(b"other")), (size, root), &path));
                assert!(!is_consistent((old, before), (size, leaf(b"other")), &path));
            }
        }
    }
}
