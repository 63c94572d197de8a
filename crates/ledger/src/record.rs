//! The record of a document, and its canonical bytes: what is hashed.
//!
//! A record is its version, one byte, and then its fields in the order of [`Record`], each as a length of two bytes, big-endian, and as
//! many bytes. Numbers have eight bytes, big-endian; what is not known is empty. So there is one way to write a record, and any change
//! of it is another record.

use crate::hash::Digest;
use serde::Serialize;

/// The version of the canonical bytes.
const VERSION: u8 = 1;
/// A longer record is refused: a field's length has two bytes, and so has an entry's in a bundle.
pub const LONGEST: usize = 65_535;
/// Fields of a record.
const FIELDS: usize = 17;

/// What became of a document at a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// It is in the result.
    Kept,
    /// It is not, for this reason.
    Dropped(String),
    /// It is not, since it equals (or nearly) the document of this record, by its leaf hash.
    DuplicateOf(Digest),
}

/// Where a document came from and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// SHA-256 of its bytes.
    pub content: Digest,
    /// Bytes of it.
    pub length: u64,
    /// SHA-1 of a Git blob of it: the core of its SWHID (`swh:1:cnt:`).
    #[serde(serialize_with = "as_hex_option")]
    pub swhid: Option<[u8; 20]>,
    /// Where it was found: a repository's address, a folder, a dataset.
    pub source: String,
    /// The commit that wrote it, as Git names it (20 or 32 bytes).
    #[serde(serialize_with = "as_hex_option")]
    pub commit: Option<Vec<u8>>,
    /// Its path there, in bytes: paths need not be text.
    #[serde(serialize_with = "as_text")]
    pub path: Vec<u8>,
    /// A commitment to who wrote it.
    pub author: Option<Digest>,
    /// A commitment to who committed it.
    pub committer: Option<Digest>,
    /// When it was committed, in seconds since 1970, as its commit says.
    pub committed: Option<i64>,
    /// An SPDX expression; `None` if not known.
    pub licence: Option<String>,
    /// When it was collected, in seconds since 1970.
    pub collected: i64,
    /// The public key of the collector.
    pub collector: Digest,
    /// How it was collected: `folder`, `git`, `table`, `transform`.
    pub method: String,
    /// The step that made it: the digest of a transformation's description.
    pub transform: Option<Digest>,
    /// Leaf hashes of the records that it was made from.
    pub parents: Vec<Digest>,
    /// What became of it.
    pub disposition: Disposition,
}

fn as_hex_option<T: AsRef<[u8]>, S: serde::Serializer>(bytes: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
    bytes.as_ref().map(|bytes| crate::hash::hex(bytes.as_ref())).serialize(to)
}

fn as_text<S: serde::Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    String::from_utf8_lossy(bytes).serialize(to)
}

/// Why bytes are no record, or a record has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Its canonical bytes would be too many.
    #[error(
        "the record is longer than {LONGEST} bytes; shorten its path, source, licence or reason, or name fewer parents"
    )]
    Long,
    /// Written by a later version.
    #[error("the record has a version that this taster does not know; update taster")]
    Version,
    /// Not the canonical bytes of any record.
    #[error("the record is damaged")]
    Damaged,
}

/// A record whose parts belong to somebody else: a row of a table, or canonical bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    /// As in [`Record`]; so are the others.
    pub content: &'a [u8],
    /// Bytes.
    pub length: u64,
    /// Empty if not known; so are the others.
    pub swhid: &'a [u8],
    /// Where from.
    pub source: &'a str,
    /// Which commit.
    pub commit: &'a [u8],
    /// Which file.
    pub path: &'a [u8],
    /// By whom.
    pub author: &'a [u8],
    /// By whom.
    pub committer: &'a [u8],
    /// When.
    pub committed: Option<i64>,
    /// Under which licence.
    pub licence: &'a str,
    /// When collected.
    pub collected: i64,
    /// By whom.
    pub collector: &'a [u8],
    /// How.
    pub method: &'a str,
    /// By which step.
    pub transform: &'a [u8],
    /// From what: leaf hashes, one after the other.
    pub parents: &'a [u8],
    /// `kept`, `dropped` or `duplicate`.
    pub disposition: &'a str,
    /// The reason, or the leaf hash of the other record.
    pub detail: &'a [u8],
}

impl<'a> View<'a> {
    /// Appends the canonical bytes.
    ///
    /// # Errors
    /// They are too many; then nothing is appended.
    pub fn encode(&self, to: &mut Vec<u8>) -> Result<(), RecordError> {
        let (length, collected) = (self.length.to_be_bytes(), self.collected.to_be_bytes());
        let committed = self.committed.map(i64::to_be_bytes);
        let fields: [&[u8]; FIELDS] = [
            self.content,
            &length,
            self.swhid,
            self.source.as_bytes(),
            self.commit,
            self.path,
            self.author,
            self.committer,
            committed.as_ref().map_or(&[], |it| it),
            self.licence.as_bytes(),
            &collected,
            self.collector,
            self.method.as_bytes(),
            self.transform,
            self.parents,
            self.disposition.as_bytes(),
            self.detail,
        ];
        let whole = 1 + fields.iter().map(|field| 2 + field.len()).sum::<usize>();
        if whole > LONGEST {
            return Err(RecordError::Long);
        }
        to.reserve(whole);
        to.push(VERSION);
        for field in fields {
            // No field is longer than the whole.
            to.extend_from_slice(&(field.len() as u16).to_be_bytes());
            to.extend_from_slice(field);
        }
        Ok(())
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// They are none.
    pub fn decode(bytes: &'a [u8]) -> Result<View<'a>, RecordError> {
        let (version, mut rest) = bytes.split_first().ok_or(RecordError::Damaged)?;
        if *version != VERSION {
            return Err(RecordError::Version);
        }
        if bytes.len() > LONGEST {
            return Err(RecordError::Long);
        }
        let mut next = || {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (field, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            rest = after;
            Some(field)
        };
        let mut fields = [&[][..]; FIELDS];
        for field in &mut fields {
            *field = next().ok_or(RecordError::Damaged)?;
        }
        if !rest.is_empty() {
            return Err(RecordError::Damaged);
        }
        View::of(fields).filter(View::is_sound).ok_or(RecordError::Damaged)
    }

    fn of(fields: [&'a [u8]; FIELDS]) -> Option<View<'a>> {
        let text = |at: usize| std::str::from_utf8(fields[at]).ok();
        let number = |at: usize| fields[at].try_into().ok().map(i64::from_be_bytes);
        Some(View {
            content: fields[0],
            length: fields[1].try_into().ok().map(u64::from_be_bytes)?,
            swhid: fields[2],
            source: text(3)?,
            commit: fields[4],
            path: fields[5],
            author: fields[6],
            committer: fields[7],
            committed: if fields[8].is_empty() { None } else { Some(number(8)?) },
            licence: text(9)?,
            collected: number(10)?,
            collector: fields[11],
            method: text(12)?,
            transform: fields[13],
            parents: fields[14],
            disposition: text(15)?,
            detail: fields[16],
        })
    }

    /// Whether each field has a length that it can have.
    fn is_sound(&self) -> bool {
        let optional = |field: &[u8]| matches!(field.len(), 0 | 32);
        self.content.len() == 32
            && matches!(self.swhid.len(), 0 | 20)
            && matches!(self.commit.len(), 0 | 20 | 32)
            && [self.author, self.committer, self.transform].into_iter().all(optional)
            && self.collector.len() == 32
            && self.parents.len().is_multiple_of(32)
            && match self.disposition {
                "kept" => self.detail.is_empty(),
                "dropped" => std::str::from_utf8(self.detail).is_ok(),
                "duplicate" => self.detail.len() == 32,
                _ => false,
            }
    }

    /// The record, with parts of its own.
    ///
    /// # Errors
    /// A field has a length that it cannot have.
    pub fn to_record(&self) -> Result<Record, RecordError> {
        if !self.is_sound() {
            return Err(RecordError::Damaged);
        }
        let some = |field: &[u8]| Digest::from_slice(field);
        let disposition = match self.disposition {
            "dropped" => Disposition::Dropped(String::from_utf8_lossy(self.detail).into_owned()),
            "duplicate" => Disposition::DuplicateOf(some(self.detail).ok_or(RecordError::Damaged)?),
            _ => Disposition::Kept,
        };
        Ok(Record {
            content: some(self.content).ok_or(RecordError::Damaged)?,
            length: self.length,
            swhid: self.swhid.try_into().ok(),
            source: self.source.to_owned(),
            commit: (!self.commit.is_empty()).then(|| self.commit.to_vec()),
            path: self.path.to_vec(),
            author: some(self.author),
            committer: some(self.committer),
            committed: self.committed,
            licence: (!self.licence.is_empty()).then(|| self.licence.to_owned()),
            collected: self.collected,
            collector: some(self.collector).ok_or(RecordError::Damaged)?,
            method: self.method.to_owned(),
            transform: some(self.transform),
            parents: self.parents.chunks_exact(32).filter_map(Digest::from_slice).collect(),
            disposition,
        })
    }
}

impl Record {
    /// Does something with the record's parts.
    pub fn with_view<R>(&self, act: impl FnOnce(&View) -> R) -> R {
        fn optional(digest: &Option<Digest>) -> &[u8] {
            digest.as_ref().map_or(&[], |digest| &digest.0)
        }
        let parents: Vec<u8> = self.parents.iter().flat_map(|parent| parent.0).collect();
        let (disposition, detail) = match &self.disposition {
            Disposition::Kept => ("kept", &[][..]),
            Disposition::Dropped(reason) => ("dropped", reason.as_bytes()),
            Disposition::DuplicateOf(other) => ("duplicate", &other.0[..]),
        };
        act(&View {
            content: &self.content.0,
            length: self.length,
            swhid: self.swhid.as_ref().map_or(&[], |it| it),
            source: &self.source,
            commit: self.commit.as_deref().unwrap_or_default(),
            path: &self.path,
            author: optional(&self.author),
            committer: optional(&self.committer),
            committed: self.committed,
            licence: self.licence.as_deref().unwrap_or_default(),
            collected: self.collected,
            collector: &self.collector.0,
            method: &self.method,
            transform: optional(&self.transform),
            parents: &parents,
            disposition,
            detail,
        })
    }

    /// The canonical bytes.
    ///
    /// # Errors
    /// They are too many.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut bytes = Vec::new();
        self.with_view(|view| view.encode(&mut bytes))?;
        Ok(bytes)
    }

    /// The record of canonical bytes.
    ///
    /// # Errors
    /// They are none.
    pub fn decode(bytes: &[u8]) -> Result<Record, RecordError> {
        View::decode(bytes)?.to_record()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    pub fn full() -> Record {
        Record {
            content: Digest::of(b"content"),
            length: 7,
            swhid: Some([9; 20]),
            source: "https://example.com/repository".to_owned(),
            commit: Some(vec![3; 20]),
            path: b"a\nb/\xff.py".to_vec(),
            author: Some(Digest::of(b"author")),
            committer: None,
            committed: Some(-1),
            licence: Some("MIT OR Apache-2.0".to_owned()),
            collected: 1_700_000_000,
            collector: Digest::of(b"collector"),
            method: "git".to_owned(),
            transform: Some(Digest::of(b"step")),
            parents: vec![Digest::of(b"one"), Digest::of(b"two")],
            disposition: Disposition::DuplicateOf(Digest::of(b"three")),
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let bare = Record {
            swhid: None,
            commit: None,
            author: None,
            committed: None,
            licence: None,
            transform: None,
            parents: Vec::new(),
            disposition: Disposition::Dropped("too long".to_owned()),
            ..full()
        };
        for record in [full(), bare.clone(), Record { disposition: Disposition::Kept, ..bare }] {
            assert_eq!(Record::decode(&record.encode().unwrap()).unwrap(), record);
        }
    }

    #[test]
    fn any_changed_byte_is_another_record_or_none() {
        let bytes = full().encode().unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_ne!(Record::decode(&changed).ok(), Some(full()), "byte {at}");
            if let Ok(record) = Record::decode(&changed) {
                assert_eq!(record.encode().unwrap(), changed, "byte {at}");
            }
            assert_eq!(Record::decode(&bytes[..at]), Err(RecordError::Damaged));
        }
        assert_eq!(Record::decode(&[&bytes[..], &[0]].concat()), Err(RecordError::Damaged));
        assert_eq!(Record::decode(&[2]), Err(RecordError::Version));
    }

    #[test]
    fn a_record_over_the_limit_is_refused() {
        let record = Record { path: vec![b'x'; LONGEST], ..full() };
        assert_eq!(record.encode(), Err(RecordError::Long));
    }
}
