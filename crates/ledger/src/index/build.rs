//! How an index is built: part by part on all cores, in memory that the size of the data set does not change.

use super::posting::Writer;
use super::sorter::{DOCUMENTS, Posting, Sorter};
use super::table::{self, Indexed, ROWS};
use super::term::{Rows, Term, terms};
use super::text::{self, Place};
use super::{MANIFEST, Manifest, VERSION, suffix};
use crate::error::Error;
use crate::store::Store;
use code::Language;
use dataset::fingerprint::Lexer;
use dataset::{Dataset, Document, Limits, Part, Problem};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of texts that a worker holds.
const BATCH: usize = 8 << 20;
/// A term in more documents than this, and than an eighth of all, is counted only: it tells nothing.
const MOST: u64 = 1024;

/// Builds the index of a data set in a store and hands what cannot be read to `problems`, and the bytes read by now to `progress`.
pub fn build(
    dataset: &Dataset,
    store: &Store,
    progress: &(dyn Fn(u64) + Sync),
    problems: &mut (dyn FnMut(Problem) + Send),
) -> Result<Manifest, Error> {
    store.delete(MANIFEST)?;
    // They are of the texts that were here.
    store.list(suffix::FILES)?.iter().try_for_each(|(path, _)| store.delete(path))?;
    let (sink, problems, done) = (Mutex::new(Sink::new(store)), Mutex::new(problems), AtomicU64::new(0));
    dataset.parts().par_iter().try_for_each(|part| -> Result<(), Error> {
        read(part, &sink, &problems)?;
        progress(done.fetch_add(part.bytes, Ordering::Relaxed) + part.bytes);
        Ok(())
    })?;
    sink.into_inner().map_err(|_| failed())?.finish(dataset)
}

fn read(part: &Part, sink: &Mutex<Sink>, problems: &Mutex<&mut (dyn FnMut(Problem) + Send)>) -> Result<(), Error> {
    let mut batch = Batch::default();
    let mut lexers = HashMap::new();
    let mut outcome = Ok(());
    let hand_on = |batch: &mut Batch| -> Result<(), Error> {
        batch.close()?;
        sink.lock().map_err(|_| failed())?.append(std::mem::take(batch))
    };
    let mut each = |document: Document| {
        if outcome.is_ok() {
            let lexer = lexers.entry(document.language).or_insert_with(|| Lexer::new(document.language));
            outcome = batch.push(&document, lexer);
        }
        if outcome.is_ok() && batch.read >= BATCH {
            outcome = hand_on(&mut batch);
        }
    };
    part.read(&Limits::default(), &mut each, &mut |problem| {
        if let Ok(mut problems) = problems.lock() {
            problems(problem);
        }
    });
    outcome.and_then(|()| hand_on(&mut batch))
}

fn failed() -> Error {
    Error::input("the index", "another worker failed")
}

/// Documents that one worker has read, numbered from 0.
#[derive(Default)]
struct Batch {
    rows: Vec<Indexed>,
    /// Offsets count from the batch's first block.
    places: Vec<Place>,
    /// Blocks, packed.
    packed: Vec<u8>,
    /// The block that is being filled.
    block: Vec<u8>,
    /// The first document in it.
    first: usize,
    read: usize,
    postings: Vec<(Term, u32)>,
    classes: BTreeMap<u8, u64>,
    read_as: Rows,
    terms: Vec<Term>,
}

impl Batch {
    fn push(&mut self, document: &Document, lexer: &Lexer) -> Result<(), Error> {
        let (number, row) = (self.rows.len() as u32, Indexed::of(document));
        self.terms.clear();
        terms(document.bytes, lexer, &mut self.read_as, &mut self.terms);
        self.terms.push(Term::of_content(&row.content));
        self.terms.sort_unstable();
        self.terms.dedup();
        self.postings.extend(self.terms.iter().map(|&term| (term, number)));
        let mut classes = [0u64; 256];
        self.read_as.code.classes.iter().for_each(|&class| classes[usize::from(class)] += 1);
        for (class, &count) in (0..=255).zip(&classes).filter(|(_, count)| **count > 0) {
            *self.classes.entry(class).or_default() += count;
        }
        self.places.push(Place {
            file: 0,
            offset: 0,
            packed: 0,
            start: self.block.len() as u32,
            length: document.bytes.len() as u32,
            language: document.language,
        });
        self.rows.push(row);
        self.block.extend_from_slice(document.bytes);
        self.read += document.bytes.len();
        if self.block.len() >= text::BLOCK { self.close() } else { Ok(()) }
    }

    /// Packs the block.
    fn close(&mut self) -> Result<(), Error> {
        let packed = text::pack(&self.block).map_err(|error| Error::input("the index", error))?;
        for place in &mut self.places[self.first..] {
            (place.offset, place.packed) = (self.packed.len() as u32, packed.len() as u32);
        }
        self.packed.extend(packed);
        self.first = self.places.len();
        self.block.clear();
        Ok(())
    }
}

/// Where the workers' documents come together.
struct Sink<'a> {
    store: &'a Store,
    documents: u64,
    bytes: u64,
    rows: Vec<Indexed>,
    tables: usize,
    places: Vec<u8>,
    texts: Vec<u8>,
    files: u32,
    sorter: Sorter,
    classes: BTreeMap<u8, u64>,
    languages: BTreeMap<Language, u64>,
}

impl<'a> Sink<'a> {
    fn new(store: &'a Store) -> Sink<'a> {
        Sink {
            store,
            documents: 0,
            bytes: 0,
            rows: Vec::new(),
            tables: 0,
            places: Vec::new(),
            texts: Vec::new(),
            files: 0,
            sorter: Sorter::default(),
            classes: BTreeMap::new(),
            languages: BTreeMap::new(),
        }
    }

    fn append(&mut self, batch: Batch) -> Result<(), Error> {
        let base = self.documents;
        self.documents += batch.rows.len() as u64;
        if self.documents > DOCUMENTS {
            return Err(Error::input(
                "the data set",
                format!("has more than {DOCUMENTS} documents; index parts of it"),
            ));
        }
        let postings = batch.postings.iter().map(|&(term, document)| Posting::new(term, base as u32 + document));
        self.sorter.add(postings).map_err(unsorted)?;
        for place in batch.places {
            let offset = place.offset + self.texts.len() as u32;
            Place { file: self.files, offset, ..place }.write(&mut self.places);
            self.bytes += u64::from(place.length);
            *self.languages.entry(place.language.unwrap_or(Language::Python)).or_default() +=
                u64::from(place.language.is_some());
        }
        for (class, count) in batch.classes {
            *self.classes.entry(class).or_default() += count;
        }
        self.texts.extend(batch.packed);
        if self.texts.len() >= text::FILE {
            self.end_texts()?;
        }
        for row in batch.rows {
            self.rows.push(row);
            if self.rows.len() == ROWS {
                self.end_table()?;
            }
        }
        Ok(())
    }

    fn end_texts(&mut self) -> Result<(), Error> {
        self.store.put(&text::path(self.files), std::mem::take(&mut self.texts).into())?;
        self.files += 1;
        Ok(())
    }

    fn end_table(&mut self) -> Result<(), Error> {
        self.store.put(&table::path(self.tables), table::write(&self.rows)?.into())?;
        self.rows.clear();
        self.tables += 1;
        Ok(())
    }

    /// Writes what is left, the postings, and at last the manifest, without which there is no index.
    fn finish(mut self, dataset: &Dataset) -> Result<Manifest, Error> {
        self.end_texts()?;
        self.end_table()?;
        self.store.put(text::PLACES, self.places.into())?;
        let most = MOST.max(self.documents / 8);
        let mut writer = Writer::new(self.store, most);
        self.sorter.merge(&mut |posting| writer.push(posting).map_err(Failure::Index)).map_err(
            |failure| match failure {
                Failure::Index(error) => error,
                Failure::Sort(error) => unsorted(error),
            },
        )?;
        let blocks = writer.finish()?;
        let manifest = Manifest {
            version: VERSION,
            extent: dataset.extent().clone(),
            documents: self.documents,
            bytes: self.bytes,
            most,
            blocks,
            languages: self.languages.into_iter().filter(|(_, count)| *count > 0).collect(),
            classes: self.classes,
        };
        let json = serde_json::to_vec_pretty(&manifest).map_err(|error| Error::input(MANIFEST, error))?;
        self.store.put(MANIFEST, json.into())?;
        Ok(manifest)
    }
}

enum Failure {
    Index(Error),
    Sort(std::io::Error),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Sort(error)
    }
}

fn unsorted(error: std::io::Error) -> Error {
    Error::input("the folder for temporary files", format!("{error}; name one with more space in TMPDIR"))
}
