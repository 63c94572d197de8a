//! The postings of an index: for each term the documents that have it, in blocks of some 8 KiB.
//!
//! A block is a row of terms in order. A term is the difference to the one before (in the first, to the block's own), doubled, and one
//! more if several documents have it; then the document, or their number and, if it is at most the index's `most`, the first and the
//! differences. All numbers are LEB128. `keys` has 20 bytes for each block, in order: its first term (8), the number of its file, where it
//! begins there and how long it is (4 each), little-endian.

use super::sorter::Posting;
use super::term::Term;
use crate::error::Error;
use crate::store::Store;
use bytes::Bytes;

/// Bytes at which a block is full, and a file of blocks.
const BLOCK: usize = 8 << 10;
const FILE: usize = 64 << 20;
/// A longer block is refused.
const LONGEST: u32 = 128 << 20;
/// Bytes of a block in `keys`.
const KEY: usize = 20;
const KEYS: &str = "postings/keys";

/// Where a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    first: u64,
    file: u32,
    offset: u32,
    length: u32,
}

/// The documents that have a term.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Postings {
    /// How many there are.
    pub count: u64,
    /// Which; empty if there are too many for the term to tell anything.
    pub documents: Vec<u32>,
}

fn path(file: u32) -> String {
    format!("postings/{file:05}")
}

/// Writes postings that come in order.
pub struct Writer<'a> {
    store: &'a Store,
    most: u64,
    term: Option<Term>,
    documents: Vec<u32>,
    block: Vec<u8>,
    first: u64,
    last: u64,
    file: Vec<u8>,
    files: u32,
    keys: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Lists longer than `most` are counted only.
    pub fn new(store: &'a Store, most: u64) -> Writer<'a> {
        let (block, file, keys, documents) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Writer { store, most, term: None, documents, block, first: 0, last: 0, file, files: 0, keys }
    }

    pub fn push(&mut self, posting: Posting) -> Result<(), Error> {
        if self.term != Some(posting.term()) {
            self.end_term()?;
            self.term = Some(posting.term());
        }
        self.documents.push(posting.document());
        Ok(())
    }

    fn end_term(&mut self) -> Result<(), Error> {
        let Some(Term(term)) = self.term.take() else { return Ok(()) };
        if self.block.is_empty() {
            (self.first, self.last) = (term, term);
        }
        let several = self.documents.len() > 1;
        put(&mut self.block, (term - self.last) << 1 | u64::from(several));
        self.last = term;
        if several {
            put(&mut self.block, self.documents.len() as u64);
        }
        if self.documents.len() as u64 <= self.most.max(1) {
            let mut before = 0;
            for &document in &self.documents {
                put(&mut self.block, u64::from(document - before));
                before = document;
            }
        }
        self.documents.clear();
        if self.block.len() >= BLOCK { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> Result<(), Error> {
        if self.block.is_empty() {
            return Ok(());
        }
        self.keys.extend(self.first.to_le_bytes());
        for number in [self.files, self.file.len() as u32, self.block.len() as u32] {
            self.keys.extend(number.to_le_bytes());
        }
        self.file.append(&mut self.block);
        if self.file.len() >= FILE { self.end_file() } else { Ok(()) }
    }

    fn end_file(&mut self) -> Result<(), Error> {
        self.store.put(&path(self.files), std::mem::take(&mut self.file).into())?;
        self.files += 1;
        Ok(())
    }

    /// Writes what is left; how many blocks there are.
    pub fn finish(mut self) -> Result<u64, Error> {
        self.end_term()?;
        self.end_block()?;
        self.end_file()?;
        let blocks = self.keys.len() / KEY;
        self.store.put(KEYS, self.keys.into())?;
        Ok(blocks as u64)
    }
}

/// Reads postings. Memory is 24 bytes for each block.
#[derive(Debug)]
pub struct Reader {
    keys: Vec<Key>,
    most: u64,
}

impl Reader {
    /// Reads where the blocks are.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub fn open(store: &Store, most: u64, blocks: u64) -> Result<Reader, Error> {
        let reader = Reader::of(&store.need(KEYS)?, most).filter(|it| it.keys.len() as u64 == blocks);
        reader.ok_or_else(|| damaged(KEYS))
    }

    fn of(bytes: &[u8], most: u64) -> Option<Reader> {
        let (entries, rest) = bytes.as_chunks::<KEY>();
        let keys: Vec<Key> = entries.iter().map(key).collect();
        let sound =
            rest.is_empty() && keys.is_sorted_by_key(|key| key.first) && keys.iter().all(|it| it.length <= LONGEST);
        sound.then_some(Reader { keys, most })
    }

    /// The documents that have a term.
    ///
    /// # Errors
    /// The block is missing or damaged.
    pub fn find(&self, store: &Store, Term(term): Term) -> Result<Postings, Error> {
        let block = self.keys.partition_point(|key| key.first <= term);
        let Some(key) = block.checked_sub(1).and_then(|at| self.keys.get(at)) else { return Ok(Postings::default()) };
        let path = path(key.file);
        let start = u64::from(key.offset);
        let bytes: Bytes = store.range(&path, start..start + u64::from(key.length))?;
        find(&bytes, key.first, term, self.most).ok_or_else(|| damaged(&path))
    }
}

fn key(bytes: &[u8; KEY]) -> Key {
    let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let first = u64::from(number(0)) | u64::from(number(4)) << 32;
    Key { first, file: number(8), offset: number(12), length: number(16) }
}

/// Looks for a term in a block; `None` if it is damaged.
fn find(mut block: &[u8], first: u64, wanted: u64, most: u64) -> Option<Postings> {
    let mut term = first;
    while !block.is_empty() {
        let head = take(&mut block)?;
        term = term.checked_add(head >> 1)?;
        let count = if head & 1 == 1 { take(&mut block)? } else { 1 };
        let listed = if count <= most.max(1) { count } else { 0 };
        if term == wanted {
            let mut documents = Vec::with_capacity(usize::try_from(listed).ok()?.min(block.len()));
            let mut before = 0u32;
            for _ in 0..listed {
                before = before.checked_add(u32::try_from(take(&mut block)?).ok()?)?;
                documents.push(before);
            }
            return Some(Postings { count, documents });
        }
        if term > wanted {
            break;
        }
        for _ in 0..listed {
            skip(&mut block)?;
        }
    }
    Some(Postings::default())
}

fn put(to: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        to.push(number as u8 | 128);
        number >>= 7;
    }
    to.push(number as u8);
}

fn take(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some(number);
        }
    }
    None
}

fn skip(from: &mut &[u8]) -> Option<()> {
    let end = from.iter().take(9).position(|&byte| byte < 128)?;
    *from = &from[end + 1..];
    Some(())
}

fn damaged(path: &str) -> Error {
    super::damaged(path)
}

/// Whether bytes are read as the keys or a block of postings: for fuzzing.
#[doc(hidden)]
pub fn read_hostile(bytes: &[u8]) -> bool {
    let keys = Reader::of(bytes, 4).is_some();
    keys | (0..4).any(|wanted| find(bytes, 0, wanted, 4).is_some_and(|it| it.count > 0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_term_is_found_with_its_documents_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().to_str().unwrap()).unwrap();
        let mut writer = Writer::new(&store, 3);
        let documents = |term: u64| (0..=(term % 5) as u32).map(move |it| it * 1000 + term as u32);
        for term in (0..60_000).step_by(3) {
            documents(term).try_for_each(|it| writer.push(Posting::new(Term(term), it))).unwrap();
        }
        let blocks = writer.finish().unwrap();
        assert!(Reader::open(&store, 3, blocks + 1).is_err());
        let reader = Reader::open(&store, 3, blocks).unwrap();
        assert!(reader.keys.len() > 3);
        for term in 0..60_010 {
            let found = reader.find(&store, Term(term)).unwrap();
            let expected: Vec<u32> =
                if term % 3 == 0 && term < 60_000 { documents(term).collect() } else { Vec::new() };
            assert_eq!(found.count, expected.len() as u64);
            assert_eq!(found.documents, if expected.len() > 3 { Vec::new() } else { expected });
        }
    }

    #[test]
    fn damaged_blocks_are_refused_and_never_panic() {
        let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(1);
        for _ in 0..100_000 {
            let length = rand::RngExt::random_range(&mut rng, 0..40);
            let bytes: Vec<u8> = (0..length).map(|_| rand::RngExt::random(&mut rng)).collect();
            read_hostile(&bytes);
        }
        assert_eq!(find(&[255; 30], 0, 7, 9), None);
        assert!(Reader::of(&[1; 19], 9).is_none());
    }
}
