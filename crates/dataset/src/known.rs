//! The texts of a data set by their hashes, in a file: to see which documents of its successor are new or changed.

mod sort;

use crate::{Dataset, DatasetError, Folder, Limits, Problem};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use sort::Sorter;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Mutex;

/// The first half of the SHA-256 of a text: for two of 2^40 texts to have the same by chance takes odds of 2^49 to one, and to make
/// one on purpose 2^128 attempts, or 2^64 for two of one's own, of which one must already be in the old set.
type Hash = [u8; 16];

/// Hashes of a block, which is read at once: 4 KiB.
const BLOCK: usize = 256;

/// The texts of a data set. Memory is 16 bytes for each 256 texts; the rest stays in the file, of which this machine has a copy where the
/// folder is on an object store.
#[derive(Debug)]
pub struct Known {
    file: Mutex<File>,
    /// The first hash of each block.
    firsts: Vec<Hash>,
    texts: u64,
}

impl Known {
    /// Reads every text of a data set, on all cores, and writes their hashes to a file of a folder.
    ///
    /// # Errors
    /// If the file cannot be written. What of the data set cannot be read is handed to `problems`.
    pub fn write(
        dataset: &Dataset,
        limits: &Limits,
        folder: &Folder,
        file: &str,
        problems: &mut (dyn FnMut(Problem) + Send),
    ) -> Result<Known, DatasetError> {
        let unreadable = || DatasetError::unreadable(file);
        let sorter = Mutex::new(Sorter::new(folder.place().scratch()));
        let problems = Mutex::new(problems);
        dataset
            .parts()
            .par_iter()
            .try_for_each(|part| {
                let mut hashes = Vec::new();
                part.read(limits, &mut |document| hashes.push(hash(document.bytes)), &mut |problem| {
                    if let Ok(mut problems) = problems.lock() {
                        problems(problem);
                    }
                });
                sorter.lock().map_err(poisoned)?.add(hashes)
            })
            .map_err(unreadable())?;
        let sorter = sorter.into_inner().map_err(poisoned).map_err(unreadable())?;
        let merged = sorter.merge().map_err(unreadable())?;
        folder.place().adopt(file, merged).map_err(unreadable())?;
        Known::open(folder, file)
    }

    /// Opens a file of hashes that [`Known::write`] wrote.
    ///
    /// # Errors
    /// If it cannot be read, or is no such file.
    pub fn open(folder: &Folder, name: &str) -> Result<Known, DatasetError> {
        let unreadable = || DatasetError::unreadable(name);
        let file = folder.place().file(name).map_err(unreadable())?;
        let length = file.metadata().map_err(unreadable())?.len();
        let width = size_of::<Hash>() as u64;
        if length % width != 0 {
            return Err(DatasetError::broken(name, "no file of hashes, or a part of one; write it again"));
        }
        let texts = length / width;
        let mut firsts = Vec::new();
        let mut reader = BufReader::with_capacity(BLOCK * size_of::<Hash>(), &file);
        for _ in 0..texts.div_ceil(BLOCK as u64) {
            let mut first = Hash::default();
            reader.read_exact(&mut first).map_err(unreadable())?;
            firsts.push(first);
            reader.seek_relative(((BLOCK - 1) * size_of::<Hash>()) as i64).map_err(unreadable())?;
        }
        if !firsts.is_sorted() {
            return Err(DatasetError::broken(name, "its hashes are not in order; write it again"));
        }
        Ok(Known { file: Mutex::new(file), firsts, texts })
    }

    /// How many different texts there are.
    pub fn texts(&self) -> u64 {
        self.texts
    }

    /// Whether a text stood in the data set.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn has(&self, text: &[u8]) -> io::Result<bool> {
        let wanted = hash(text);
        let block = self.firsts.partition_point(|first| *first <= wanted);
        let Some(block) = block.checked_sub(1) else { return Ok(false) };
        let mut bytes = Vec::with_capacity(BLOCK * size_of::<Hash>());
        {
            let mut file = self.file.lock().map_err(poisoned)?;
            file.seek(SeekFrom::Start((block * BLOCK * size_of::<Hash>()) as u64))?;
            (&mut *file).take((BLOCK * size_of::<Hash>()) as u64).read_to_end(&mut bytes)?;
        }
        let (hashes, _) = bytes.as_chunks::<{ size_of::<Hash>() }>();
        Ok(hashes.binary_search(&wanted).is_ok())
    }
}

fn hash(text: &[u8]) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(&Sha256::digest(text)[..size_of::<Hash>()]);
    hash
}

fn poisoned<T>(_: T) -> io::Error {
    io::Error::other("another worker failed")
}
