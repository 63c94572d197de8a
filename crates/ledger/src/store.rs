//! Where a ledger is kept: a folder, or a bucket of an object store that speaks S3. Objects are written once; only the few that say how
//! far the log goes are replaced, by compare and swap.

mod bucket;
mod folder;

pub(crate) use folder::Folder;

use crate::error::Error;
use bucket::Bucket;
use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

/// A larger object is not read into memory. A table of 2^20 of the longest records is not either, but nothing writes one.
const LARGEST: u64 = 4 << 30;

/// A place for objects.
#[derive(Debug, Clone)]
pub struct Store {
    kind: Arc<Kind>,
}

#[derive(Debug)]
enum Kind {
    Folder(Folder),
    Bucket(Bucket),
}

/// An object as it was when it was read: what [`Store::swap`] compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    bytes: Bytes,
    tag: Option<String>,
}

impl Version {
    /// What the object held.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl Store {
    /// The store at a place: a folder, or `s3://bucket/prefix`, whose credentials, region and endpoint come from the environment as for
    /// other clients (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` ...).
    ///
    /// # Errors
    /// The address is wrong, or the environment says too little.
    pub fn open(place: &str) -> Result<Store, Error> {
        let kind = match place.contains("://") {
            true => Kind::Bucket(Bucket::open(place)?),
            false => Kind::Folder(Folder::open(place.as_ref())),
        };
        Ok(Store { kind: Arc::new(kind) })
    }

    /// The folder that it is, if it is one.
    pub(crate) fn folder(&self) -> Option<&Folder> {
        match &*self.kind {
            Kind::Folder(folder) => Some(folder),
            Kind::Bucket(_) => None,
        }
    }

    /// The object at a path, if there is one.
    ///
    /// # Errors
    /// The store fails.
    pub fn get(&self, path: &str) -> Result<Option<Bytes>, Error> {
        Ok(self.version(path)?.map(|it| it.bytes))
    }

    /// The object at a path, which must be there.
    ///
    /// # Errors
    /// It is not there, or the store fails.
    pub fn need(&self, path: &str) -> Result<Bytes, Error> {
        self.get(path)?.ok_or_else(|| Error::broken(path, "is missing"))
    }

    /// A part of an object.
    ///
    /// # Errors
    /// It is not there, or the store fails.
    pub fn range(&self, path: &str, range: Range<u64>) -> Result<Bytes, Error> {
        let wanted = range.end - range.start;
        let bytes = match &*self.kind {
            Kind::Folder(folder) => folder.range(path, range),
            Kind::Bucket(bucket) => bucket.range(path, range),
        }?;
        match bytes.len() as u64 == wanted {
            true => Ok(bytes),
            false => Err(Error::broken(path, "is shorter than the log says")),
        }
    }

    /// The object at a path with what is needed to replace it.
    ///
    /// # Errors
    /// The store fails.
    pub fn version(&self, path: &str) -> Result<Option<Version>, Error> {
        match &*self.kind {
            Kind::Folder(folder) => folder.get(path),
            Kind::Bucket(bucket) => bucket.get(path),
        }
    }

    /// Writes an object whatever is there. It is on stable storage when this returns.
    ///
    /// # Errors
    /// The store fails.
    pub fn put(&self, path: &str, bytes: Bytes) -> Result<(), Error> {
        match &*self.kind {
            Kind::Folder(folder) => folder.put(path, &bytes),
            Kind::Bucket(bucket) => bucket.put(path, bytes),
        }
    }

    /// Writes an object if the one there is still `expected` (`None`: if there is none); whether it did.
    ///
    /// # Errors
    /// The store fails.
    pub fn swap(&self, path: &str, expected: Option<&Version>, bytes: Bytes) -> Result<bool, Error> {
        match &*self.kind {
            Kind::Folder(folder) => folder.swap(path, expected, &bytes),
            Kind::Bucket(bucket) => bucket.swap(path, expected, bytes),
        }
    }

    /// Paths and lengths of the objects whose paths begin so, in order.
    ///
    /// # Errors
    /// The store fails.
    pub fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, Error> {
        let mut found = match &*self.kind {
            Kind::Folder(folder) => folder.list(prefix),
            Kind::Bucket(bucket) => bucket.list(prefix),
        }?;
        found.sort();
        Ok(found)
    }

    /// Deletes an object, if it is there.
    ///
    /// # Errors
    /// The store fails.
    pub fn delete(&self, path: &str) -> Result<(), Error> {
        match &*self.kind {
            Kind::Folder(folder) => folder.delete(path),
            Kind::Bucket(bucket) => bucket.delete(path),
        }
    }

    /// Finds out whether the store keeps its word about conditional writes. All that stands between two writers and a fork of the log is
    /// that it does; some that answer in the language of S3 ignore the condition and say that all is well.
    ///
    /// # Errors
    /// It does not.
    pub fn probe(&self) -> Result<(), Error> {
        let path = format!("probe/{:016x}", rand::random::<u64>());
        let outcome = self.probe_at(&path);
        let cleared = self.delete(&path);
        outcome.and(cleared)
    }

    fn probe_at(&self, path: &str) -> Result<(), Error> {
        let lies = |what: &str| {
            Err(Error::store(
                path,
                format!(
                    "the store {what}, so two writers could fork the log; use one that keeps conditional writes (PUT with If-Match and If-None-Match)"
                ),
            ))
        };
        if !self.swap(path, None, Bytes::from_static(b"first"))? {
            return lies("refused to create an object that was not there");
        }
        if self.swap(path, None, Bytes::from_static(b"other"))? {
            return lies("created an object that was there already");
        }
        let Some(first) = self.version(path)? else { return lies("lost an object that it had taken") };
        if first.bytes != "first" || !self.swap(path, Some(&first), Bytes::from_static(b"second"))? {
            return lies("did not replace an object that nobody had changed");
        }
        if self.swap(path, Some(&first), Bytes::from_static(b"third"))? {
            return lies("replaced an object that had been changed");
        }
        match self.get(path)?.as_deref() {
            Some(b"second") => Ok(()),
            _ => lies("does not give back what was written last"),
        }
    }
}

/// An object that is read in parts, as Parquet's reader asks for them.
#[derive(Debug, Clone)]
pub struct Part {
    store: Store,
    path: String,
    length: u64,
}

impl Part {
    /// The object at a path, of a length that is known.
    pub fn new(store: &Store, path: String, length: u64) -> Part {
        Part { store: store.clone(), path, length }
    }
}

impl Length for Part {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Part {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let end = self.length.min(start.saturating_add(1 << 20));
        let bytes = self.get_bytes(start, usize::try_from(end.saturating_sub(start))?)?;
        Ok(bytes::Buf::reader(bytes))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.saturating_add(length as u64);
        if end > self.length {
            return Err(ParquetError::EOF(format!("{} ends before byte {end}", self.path)));
        }
        self.store.range(&self.path, start..end).map_err(|error| ParquetError::External(Box::new(error)))
    }
}

/// Reads to the end, but not without end.
fn bounded(reader: impl Read, place: &str) -> Result<Bytes, Error> {
    let mut bytes = Vec::new();
    reader
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::store(place, format!("cannot be read ({error})")))?;
    if bytes.len() as u64 > LARGEST { Err(Error::broken(place, "is too large")) } else { Ok(bytes.into()) }
}
