//! Adding records: they are gathered into segments, and each segment is kept as soon as it is whole.

use crate::entry::statement_path;
use crate::error::Error;
use crate::hash::Digest;
use crate::ledger::{Ledger, PENDING};
use crate::record::{Record, View};
use crate::segment::{LARGEST, Seal, SegmentWriter};
use crate::statement::{Resource, Statement, tool};
use jiff::Timestamp;
use serde_json::{Value, json};
use sign::Signer;

/// How records that are added together came to be.
#[derive(Debug, Clone)]
pub struct Origin {
    /// [`crate::statement::COLLECTION`] or [`crate::statement::TRANSFORM`].
    pub predicate_type: &'static str,
    /// What is stated about each segment of them, an object; the adder says what it knows itself.
    pub about: Value,
}

/// Takes records in.
pub struct Adder<'a> {
    ledger: &'a Ledger,
    origin: Origin,
    signer: Signer,
    writer: SegmentWriter,
    kept: Vec<Seal>,
}

impl<'a> Adder<'a> {
    pub(crate) fn new(ledger: &'a Ledger, origin: Origin, signer: Signer) -> Result<Adder<'a>, Error> {
        Ok(Adder { ledger, origin, signer, writer: SegmentWriter::new()?, kept: Vec::new() })
    }

    /// The public key that records name as their collector.
    pub fn collector(&self) -> Digest {
        Digest(self.signer.public().to_bytes())
    }

    /// Takes a record in.
    ///
    /// # Errors
    /// It is too long (and passed over), or the store fails.
    pub fn push(&mut self, record: &Record) -> Result<(), Error> {
        record.with_view(|view| self.push_view(view))
    }

    /// The same with a record whose parts belong to somebody else.
    ///
    /// # Errors
    /// As above.
    pub fn push_view(&mut self, record: &View) -> Result<(), Error> {
        if self.writer.len() == LARGEST {
            self.keep()?;
        }
        self.writer.push(record)
    }

    /// Keeps what is left. All segments wait to be sealed; they outlive this process.
    ///
    /// # Errors
    /// The store fails.
    pub fn finish(mut self) -> Result<Vec<Seal>, Error> {
        if !self.writer.is_empty() {
            self.keep()?;
        }
        Ok(self.kept)
    }

    fn keep(&mut self) -> Result<(), Error> {
        let writer = std::mem::replace(&mut self.writer, SegmentWriter::new()?);
        let segment = writer.finish()?;
        let mut seal = segment.seal(Digest([0; 32]));
        let envelope = self.statement(&seal).seal(&self.signer)?;
        seal.statement = Digest::of(envelope.as_bytes());
        let store = &self.ledger.store;
        store.put(&seal.table_path(), segment.table.into())?;
        store.put(&seal.tree_path(), segment.tree.into())?;
        store.put(&statement_path(seal.statement), envelope.into())?;
        // Last: what waits is whole.
        let waits = serde_json::to_vec(&seal).map_err(|error| Error::input("a seal", error))?;
        store.put(&format!("{PENDING}{}.json", seal.id()), waits.into())?;
        self.kept.push(seal);
        Ok(())
    }

    fn statement(&self, seal: &Seal) -> Statement {
        let subject = Resource::new(&format!("segment/{}", seal.id()), seal.id());
        let mut predicate = self.origin.about.clone();
        if let Some(fields) = predicate.as_object_mut() {
            fields.insert("records".to_owned(), json!(seal.records));
            fields.insert("root".to_owned(), json!(seal.root));
            fields.insert("kept".to_owned(), json!(Timestamp::now()));
            fields.insert("tool".to_owned(), tool());
        }
        Statement::new(vec![subject], self.origin.predicate_type, predicate)
    }
}
