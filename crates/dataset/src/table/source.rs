//! The bytes of a Parquet file, from this machine or from a store.

use crate::place::{Place, local, store};
use bytes::{Buf, Bytes};
use object_store::ObjectStoreExt;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

/// An open file.
pub(super) enum Source {
    Local(File),
    Store(Remote),
}

/// An object, of which some pieces are held.
#[derive(Clone)]
pub(super) struct Remote {
    store: store::Store,
    file: String,
    size: u64,
    held: Vec<(u64, Bytes)>,
}

impl Source {
    pub fn open(place: &Place, file: &str) -> io::Result<Source> {
        Ok(match place {
            Place::Local(folder) => Source::Local(local::open(folder, file)?),
            Place::Store(store) => {
                let size = store.size(file)?;
                Source::Store(Remote { store: store.clone(), file: file.to_owned(), size, held: Vec::new() })
            }
        })
    }

    /// The same file, ready to read these pieces: of an object they are fetched together.
    pub fn fetch(&self, ranges: Vec<Range<u64>>) -> io::Result<Source> {
        Ok(match self {
            Source::Local(file) => Source::Local(file.try_clone()?),
            Source::Store(remote) => {
                let (store, key) = (remote.store.object_store(), remote.store.key(&remote.file));
                let asked = ranges.clone();
                let pieces = store::wait(async move { store.get_ranges(&key, &asked).await })?;
                let held = ranges.iter().map(|range| range.start).zip(pieces).collect();
                Source::Store(Remote { held, ..remote.clone() })
            }
        })
    }
}

impl Remote {
    /// The rest of a held piece from `start` on.
    fn rest(&self, start: u64) -> Option<Bytes> {
        self.held.iter().find_map(|(at, piece)| {
            let offset = usize::try_from(start.checked_sub(*at)?).ok()?;
            (offset < piece.len()).then(|| piece.slice(offset..))
        })
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        match self {
            Source::Local(file) => Length::len(file),
            Source::Store(remote) => remote.size,
        }
    }
}

impl ChunkReader for Source {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(match self {
            Source::Local(file) => Box::new(file.get_read(start)?),
            Source::Store(remote) => match remote.rest(start) {
                Some(rest) => Box::new(rest.reader()),
                None => Box::new(remote.store.reader(&remote.file, Some(start..remote.size))?),
            },
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        match self {
            Source::Local(file) => file.get_bytes(start, length),
            Source::Store(remote) => match remote.rest(start).filter(|rest| rest.len() >= length) {
                Some(rest) => Ok(rest.slice(..length)),
                None => {
                    let end = start.checked_add(length as u64).filter(|end| *end <= remote.size);
                    let end = end.ok_or_else(|| ParquetError::EOF("it ends too early".to_owned()))?;
                    let (store, key) = (remote.store.object_store(), remote.store.key(&remote.file));
                    Ok(store::wait(async move { store.get_range(&key, start..end).await })?)
                }
            },
        }
    }
}
