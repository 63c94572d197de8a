//! Suffix arrays over the texts of an index: does this stand in the data set byte for byte, how often, and where?
//!
//! Texts are searched in shards: documents that follow each other, of 64 MiB together, or one that is longer. `suffixes/NNNNN` has the
//! texts of one, a byte 0xFF after each, which no query has, so that nothing is found over the end of a document; then where its suffixes
//! begin, in order, 32 bits each, little-endian, as libsais sorts them (Nong, Zhang and Chan 2011: in linear time); and the first 32 bytes
//! of every 4096th of these. A shard is built when it is first needed and appears whole. Where its documents begin follows from
//! `texts/places`, so that the two cannot disagree.

mod build;
mod shard;

use super::{Index, damaged, text};
use crate::error::Error;
use rayon::prelude::*;
use shard::Shard;
use std::collections::BTreeSet;
use std::ops::Range;
use text::Place;

/// Bytes of a shard: building one takes five times as much memory.
const SHARD: u64 = 64 << 20;
/// Suffixes between two whose beginnings are kept in memory.
const BLOCK: usize = 4096;
/// Bytes of these beginnings.
const PREFIX: usize = 32;
/// Stands after each document.
const END: u8 = 0xff;
/// Where the shards are.
pub const FILES: &str = "suffixes/";

/// How often something stands in the data set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Times.
    pub times: u64,
    /// Documents that have it, of those looked at: some of them where there are more times than were allowed.
    pub documents: BTreeSet<u32>,
}

/// The suffix arrays of an index.
#[derive(Debug)]
pub struct Suffixes {
    shards: Vec<Shard>,
}

impl Suffixes {
    /// Opens the suffix arrays of an index, and builds those that are not there; `progress` is told the bytes of text that are ready, of
    /// [`Manifest::bytes`](super::Manifest::bytes).
    ///
    /// # Errors
    /// The index is not in a folder, or a file is damaged or cannot be written.
    pub fn open(index: &Index, progress: &dyn Fn(u64)) -> Result<Suffixes, Error> {
        Suffixes::of(index, SHARD, progress)
    }

    /// The same in shards of so many bytes.
    fn of(index: &Index, most: u64, progress: &dyn Fn(u64)) -> Result<Suffixes, Error> {
        let Some(folder) = index.store.folder() else {
            return Err(Error::input(
                "the index",
                "is on an object store; to search byte for byte it has to be in a folder",
            ));
        };
        let places = text::places(&index.store, &index.manifest)?;
        let (mut shards, mut ready) = (Vec::new(), 0);
        for (number, documents) in cut(&places, most).into_iter().enumerate() {
            let (path, here) = (format!("{FILES}{number:05}"), &places[documents.clone()]);
            if folder.length(&path)?.is_none() {
                build::build(index, folder, &path, here)?;
            }
            shards.push(Shard::open(folder, path, documents.start, here)?);
            ready += here.iter().map(|it| u64::from(it.length)).sum::<u64>();
            progress(ready);
        }
        Ok(Suffixes { shards })
    }

    /// Bytes of the longest beginning of a pattern, which is part of a UTF-8 text, that stands in the data set.
    ///
    /// # Errors
    /// A file is damaged.
    pub fn longest(&self, pattern: &[u8]) -> Result<usize, Error> {
        let longest = self.shards.par_iter().map(|shard| shard.longest(pattern));
        longest.try_reduce(|| 0, |one, other| Ok(one.max(other)))
    }

    /// How often a pattern, which is part of a UTF-8 text, stands in the data set; of its places `most` are looked at.
    ///
    /// # Errors
    /// A file is damaged.
    pub fn standing(&self, pattern: &[u8], most: usize) -> Result<Standing, Error> {
        let (mut standing, mut left) = (Standing::default(), most);
        for shard in &self.shards {
            let ranks = shard.ranks(pattern)?;
            standing.times += ranks.len() as u64;
            let looked = ranks.start..ranks.start + ranks.len().min(left);
            left -= looked.len();
            shard.documents(looked, &mut standing.documents)?;
        }
        Ok(standing)
    }
}

/// The documents of each shard.
fn cut(places: &[Place], most: u64) -> Vec<Range<usize>> {
    let (mut shards, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (at, place) in places.iter().enumerate() {
        let more = u64::from(place.length) + 1;
        if at > start && bytes + more > most {
            shards.push(start..at);
            (start, bytes) = (at, 0);
        }
        bytes += more;
    }
    shards.extend((start < places.len()).then_some(start..places.len()));
    shards
}

#[cfg(test)]
mod tests;
