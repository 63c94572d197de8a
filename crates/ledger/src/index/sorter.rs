//! Postings sorted in bounded memory: runs on disk, merged.

use super::term::{BITS, Term};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

/// Most documents of an index: what a term leaves of 64 bits.
pub const DOCUMENTS: u64 = 1 << (64 - BITS);
/// Postings of a run: 64 MiB.
const RUN: usize = 8 << 20;

/// A term and a document that has it, ordered like both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Posting(u64);

impl Posting {
    pub fn new(term: Term, document: u32) -> Posting {
        Posting(term.0 << (64 - BITS) | u64::from(document) & (DOCUMENTS - 1))
    }

    pub fn term(self) -> Term {
        Term(self.0 >> (64 - BITS))
    }

    pub fn document(self) -> u32 {
        (self.0 & (DOCUMENTS - 1)) as u32
    }
}

/// Collects postings.
#[derive(Default)]
pub struct Sorter {
    held: Vec<Posting>,
    runs: Vec<File>,
}

impl Sorter {
    pub fn add(&mut self, postings: impl Iterator<Item = Posting>) -> io::Result<()> {
        self.held.extend(postings);
        if self.held.len() >= RUN { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.held.sort_unstable();
        let mut writer = BufWriter::with_capacity(1 << 20, tempfile::tempfile()?);
        for posting in self.held.drain(..) {
            writer.write_all(&posting.0.to_le_bytes())?;
        }
        let mut run = writer.into_inner()?;
        run.seek(SeekFrom::Start(0))?;
        self.runs.push(run);
        Ok(())
    }

    /// Hands every posting on in order, each once.
    pub fn merge<E: From<io::Error>>(mut self, each: &mut dyn FnMut(Posting) -> Result<(), E>) -> Result<(), E> {
        self.spill()?;
        let mut readers: Vec<_> = self.runs.into_iter().map(|run| BufReader::with_capacity(1 << 18, run)).collect();
        let mut heap = BinaryHeap::new();
        for (number, reader) in readers.iter_mut().enumerate() {
            heap.extend(next(reader)?.map(|posting| Reverse((posting, number))));
        }
        let mut last = None;
        while let Some(mut top) = heap.peek_mut() {
            let Reverse((posting, number)) = *top;
            match next(&mut readers[number])? {
                Some(following) => *top = Reverse((following, number)),
                None => drop(std::collections::binary_heap::PeekMut::pop(top)),
            }
            if last.replace(posting) != Some(posting) {
                each(posting)?;
            }
        }
        Ok(())
    }
}

fn next(reader: &mut impl Read) -> io::Result<Option<Posting>> {
    let mut bytes = [0; 8];
    match reader.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(Posting(u64::from_le_bytes(bytes)))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
