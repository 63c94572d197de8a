//! A segment: up to 2^20 records that are sealed together. It is two immutable objects, the side `table` and the *tree*
//! file, and a [`Seal`], which goes into the log.
//!
//! The tree file has the tiles of the Merkle tree over the records, level by level, each level's hashes without a gap, and then an index:
//! for each record the first eight bytes of its content's hash and its row, sorted. A path of the tree is read with a few ranges, and so
//! is the row of a document.

use crate::error::Error;
use crate::hash::Digest;
use crate::merkle::{self, Tree};
use crate::record::View;
use crate::table::{self, Writer};
use crate::tile::{HEIGHT, WIDTH};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Records of a segment, at most.
pub const LARGEST: u64 = 1 << 20;
/// Bytes of an entry of the index: eight of the content's hash, four of the row.
pub const INDEXED: u64 = 12;
/// Canonical bytes that are held before they are hashed.
const HELD: usize = 64 << 20;

/// What the log says about a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Its records.
    pub records: u64,
    /// The root of the tree over their canonical bytes.
    pub root: Digest,
    /// Its side table.
    pub table: Object,
    /// Its tree file.
    pub tree: Object,
    /// The signed statement that says how it was made.
    pub statement: Digest,
}

/// An immutable object of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// Bytes.
    pub length: u64,
}

impl Object {
    /// The object with these bytes.
    pub fn of(bytes: &[u8]) -> Object {
        Object { sha256: Digest::of(bytes), length: bytes.len() as u64 }
    }
}

impl Seal {
    /// What names the segment: the digest of its table.
    pub fn id(&self) -> Digest {
        self.table.sha256
    }

    /// Where its table is.
    pub fn table_path(&self) -> String {
        format!("segment/{}.parquet", self.id())
    }

    /// Where its tree file is.
    pub fn tree_path(&self) -> String {
        format!("segment/{}.tree", self.id())
    }
}

/// A segment whose objects are still in memory.
pub struct Segment {
    /// Its records.
    pub records: u64,
    /// The root of its tree.
    pub root: Digest,
    /// The bytes of its table.
    pub table: Vec<u8>,
    /// The bytes of its tree file.
    pub tree: Vec<u8>,
}

impl Segment {
    /// Its seal, made by what a statement says.
    pub fn seal(&self, statement: Digest) -> Seal {
        let (table, tree) = rayon::join(|| Object::of(&self.table), || Object::of(&self.tree));
        Seal { records: self.records, root: self.root, table, tree, statement }
    }
}

/// Makes a segment, record by record.
pub struct SegmentWriter {
    table: Writer,
    /// Canonical bytes of the current group, and where each record ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    leaves: Vec<Digest>,
    index: Vec<([u8; 8], u32)>,
}

impl SegmentWriter {
    /// An empty segment.
    ///
    /// # Errors
    /// None in practice.
    pub fn new() -> Result<SegmentWriter, Error> {
        let table = Writer::new()?;
        Ok(SegmentWriter { table, bytes: Vec::new(), ends: Vec::new(), leaves: Vec::new(), index: Vec::new() })
    }

    /// Records so far.
    pub fn len(&self) -> u64 {
        self.index.len() as u64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Adds a record.
    ///
    /// # Errors
    /// It is too long, or the segment is full; then it is not added.
    pub fn push(&mut self, record: &View) -> Result<(), Error> {
        let content = record.content.first_chunk::<8>().ok_or(crate::record::RecordError::Damaged)?;
        if self.len() >= LARGEST {
            return Err(Error::Full);
        }
        record.encode(&mut self.bytes)?;
        self.ends.push(self.bytes.len());
        self.table.push(record)?;
        self.index.push((*content, self.index.len() as u32));
        if self.ends.len() == table::GROUP || self.bytes.len() > HELD { self.group() } else { Ok(()) }
    }

    fn group(&mut self) -> Result<(), Error> {
        let leaves: Vec<Digest> = (0..self.ends.len())
            .into_par_iter()
            .with_min_len(256)
            .map(|at| {
                let start = if at == 0 { 0 } else { self.ends[at - 1] };
                merkle::leaf(&self.bytes[start..self.ends[at]])
            })
            .collect();
        self.table.group(&leaves)?;
        self.leaves.extend_from_slice(&leaves);
        self.bytes.clear();
        self.ends.clear();
        Ok(())
    }

    /// The segment.
    ///
    /// # Errors
    /// None in practice.
    pub fn finish(mut self) -> Result<Segment, Error> {
        if !self.ends.is_empty() {
            self.group()?;
        }
        let SegmentWriter { table, leaves, index, .. } = self;
        let records = leaves.len() as u64;
        let (table, (root, tree)) = rayon::join(|| table.finish(), || tree_file(leaves, index));
        Ok(Segment { records, root, table: table?, tree })
    }
}

/// The root and the bytes of the tree file.
pub fn tree_file(leaves: Vec<Digest>, mut index: Vec<([u8; 8], u32)>) -> (Digest, Vec<u8>) {
    let tree = Tree::new(leaves);
    let mut bytes = Vec::with_capacity(layout(tree.size()).index.end as usize);
    for level in (0..).step_by(HEIGHT as usize).take_while(|level| !tree.level(*level).is_empty()) {
        tree.level(level).iter().for_each(|hash| bytes.extend_from_slice(&hash.0));
    }
    index.par_sort_unstable();
    for (content, row) in index {
        bytes.extend_from_slice(&content);
        bytes.extend_from_slice(&row.to_be_bytes());
    }
    (tree.root(), bytes)
}

/// Where things are in a tree file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The hashes of each level of tiles.
    pub levels: Vec<Range<u64>>,
    /// The index.
    pub index: Range<u64>,
}

/// Where things are in the tree file of so many records.
pub fn layout(records: u64) -> Layout {
    let (mut levels, mut at, mut count) = (Vec::new(), 0, records);
    while count > 0 {
        levels.push(at..at + count * 32);
        at += count * 32;
        count /= WIDTH;
    }
    Layout { levels, index: at..at + records * INDEXED }
}
