//! How the suffix array of a shard is searched: in memory to a block or two, there with reads of what is compared only.

use super::{BLOCK, PREFIX, damaged, text};
use crate::error::Error;
use crate::store::Folder;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use text::Place;

/// Bytes that are compared at first, and then at a time: most suffixes differ early.
const FIRST: usize = 64;
const CHUNK: usize = 4096;

/// A shard that is open.
#[derive(Debug)]
pub struct Shard {
    path: String,
    file: File,
    /// The number of the first document.
    first: u32,
    /// Where each document begins.
    starts: Vec<u32>,
    /// Bytes of the texts, each with what stands after it.
    length: usize,
    /// How every so manyth suffix begins.
    sample: Vec<[u8; PREFIX]>,
}

impl Shard {
    /// Opens the shard of some documents.
    pub fn open(folder: &Folder, path: String, first: usize, places: &[Place]) -> Result<Shard, Error> {
        let (mut starts, mut length) = (Vec::with_capacity(places.len()), 0u32);
        for place in places {
            starts.push(length);
            let end = place.length.checked_add(1).and_then(|more| length.checked_add(more));
            length = end.ok_or_else(|| damaged(text::PLACES))?;
        }
        let length = length as usize;
        let samples = length.div_ceil(BLOCK);
        if folder.length(&path)? != Some((5 * length + samples * PREFIX) as u64) {
            return Err(damaged(&path));
        }
        let mut sample = vec![[0; PREFIX]; samples];
        let file = folder.file(&path)?;
        let read = file.read_exact_at(sample.as_flattened_mut(), 5 * length as u64);
        if read.is_err() || !sample.is_sorted() {
            return Err(damaged(&path));
        }
        Ok(Shard { path, file, first: first as u32, starts, length, sample })
    }

    /// Bytes of the longest beginning of a pattern that stands here.
    pub fn longest(&self, pattern: &[u8]) -> Result<usize, Error> {
        let rank = self.rank(pattern, Ordering::is_lt)?;
        // What shares most with it stands beside it.
        let beside = self.suffixes(rank.saturating_sub(1)..self.length.min(rank + 1))?;
        beside.into_iter().try_fold(0, |longest, suffix| Ok(longest.max(self.compare(suffix, pattern)?.1)))
    }

    /// The ranks of the suffixes that begin with a pattern.
    pub fn ranks(&self, pattern: &[u8]) -> Result<Range<usize>, Error> {
        let start = self.rank(pattern, Ordering::is_lt)?;
        // A damaged array has no order.
        Ok(start..self.rank(pattern, Ordering::is_le)?.max(start))
    }

    /// Adds the documents that have the suffixes of some ranks.
    pub fn documents(&self, ranks: Range<usize>, found: &mut BTreeSet<u32>) -> Result<(), Error> {
        for start in ranks.clone().step_by(BLOCK) {
            for suffix in self.suffixes(start..ranks.end.min(start + BLOCK))? {
                let after = self.starts.partition_point(|&it| it <= suffix);
                found.insert(self.first + after as u32 - 1);
            }
        }
        Ok(())
    }

    /// How many suffixes stand before a pattern, as its order with them says.
    fn rank(&self, pattern: &[u8], before: fn(Ordering) -> bool) -> Result<usize, Error> {
        let width = pattern.len().min(PREFIX);
        let known = &pattern[..width];
        let mut low = self.sample.partition_point(|it| it[..width] < *known).saturating_sub(1) * BLOCK;
        let mut high = self.length.min(self.sample.partition_point(|it| it[..width] <= *known) * BLOCK);
        let (mut block, mut base) = (Vec::new(), 0);
        while low < high {
            if block.is_empty() && high - low <= BLOCK {
                (block, base) = (self.suffixes(low..high)?, low);
            }
            let middle = low + (high - low) / 2;
            let suffix = match block.get(middle - base) {
                Some(&suffix) => suffix,
                None => self.suffix(middle)?,
            };
            match before(self.compare(suffix, pattern)?.0) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        Ok(low)
    }

    /// The order of a suffix and a pattern, which are equal where the one begins with the other, and the bytes that they share.
    fn compare(&self, suffix: u32, pattern: &[u8]) -> Result<(Ordering, usize), Error> {
        let (mut shared, mut most, mut buffer) = (0, FIRST, [0; CHUNK]);
        while shared < pattern.len() {
            let at = suffix as usize + shared;
            let length = most.min(pattern.len() - shared).min(self.length - at);
            let (bytes, wanted) = (&mut buffer[..length], &pattern[shared..shared + length]);
            self.read(bytes, at)?;
            if bytes != wanted {
                let same = bytes.iter().zip(wanted).take_while(|(one, other)| one == other).count();
                return Ok((bytes[same].cmp(&wanted[same]), shared + same));
            }
            if length == 0 {
                return Ok((Ordering::Less, shared));
            }
            (shared, most) = (shared + length, CHUNK);
        }
        Ok((Ordering::Equal, shared))
    }

    /// Where the suffix of a rank begins.
    fn suffix(&self, rank: usize) -> Result<u32, Error> {
        self.suffixes(rank..rank + 1)?.pop().ok_or_else(|| damaged(&self.path))
    }

    /// Where the suffixes of some ranks begin.
    fn suffixes(&self, ranks: Range<usize>) -> Result<Vec<u32>, Error> {
        let mut bytes = vec![[0; 4]; ranks.len()];
        self.read(bytes.as_flattened_mut(), self.length + 4 * ranks.start)?;
        let suffixes: Vec<u32> = bytes.into_iter().map(u32::from_le_bytes).collect();
        match suffixes.iter().all(|&suffix| (suffix as usize) < self.length) {
            true => Ok(suffixes),
            false => Err(damaged(&self.path)),
        }
    }

    fn read(&self, bytes: &mut [u8], at: usize) -> Result<(), Error> {
        self.file.read_exact_at(bytes, at as u64).map_err(|_| damaged(&self.path))
    }
}
