//! Hashes sorted in bounded memory: runs on disk, merged.

use super::Hash;
use crate::place::local;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use tempfile::NamedTempFile;

/// Hashes of a run: 64 MiB.
const RUN: usize = 4 << 20;

/// Collects hashes.
pub(super) struct Sorter {
    folder: PathBuf,
    held: Vec<Hash>,
    runs: Vec<File>,
}

impl Sorter {
    /// Runs are files without a name in `folder`.
    pub fn new(folder: PathBuf) -> Sorter {
        Sorter { folder, held: Vec::new(), runs: Vec::new() }
    }

    pub fn add(&mut self, hashes: Vec<Hash>) -> io::Result<()> {
        self.held.extend(hashes);
        if self.held.len() >= RUN { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.held.sort_unstable();
        self.held.dedup();
        let mut writer = BufWriter::new(tempfile::tempfile_in(&self.folder)?);
        for hash in self.held.drain(..) {
            writer.write_all(&hash)?;
        }
        let mut run = writer.into_inner()?;
        run.seek(SeekFrom::Start(0))?;
        self.runs.push(run);
        Ok(())
    }

    /// All hashes in order, each once, in a file of the folder.
    pub fn merge(mut self) -> io::Result<NamedTempFile> {
        self.spill()?;
        let mut writer = BufWriter::new(local::temporary(&self.folder)?);
        let mut readers: Vec<_> = self.runs.into_iter().map(BufReader::new).collect();
        let mut heap = BinaryHeap::new();
        for (number, reader) in readers.iter_mut().enumerate() {
            heap.extend(next(reader)?.map(|hash| Reverse((hash, number))));
        }
        let mut last = None;
        while let Some(Reverse((hash, number))) = heap.pop() {
            heap.extend(next(&mut readers[number])?.map(|hash| Reverse((hash, number))));
            if last.replace(hash) != Some(hash) {
                writer.write_all(&hash)?;
            }
        }
        Ok(writer.into_inner()?)
    }
}

fn next(reader: &mut impl Read) -> io::Result<Option<Hash>> {
    let mut hash = Hash::default();
    match reader.read_exact(&mut hash) {
        Ok(()) => Ok(Some(hash)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
