//! Collecting documents: from a folder, from a Git repository with its history, or from the rows of a data set.

mod document;
mod folder;
mod licence;
mod repository;
mod rows;

use crate::adder::{Adder, Origin};
use crate::error::Error;
use crate::hash::Digest;
use crate::ledger::Ledger;
use crate::record::{Disposition, Record};
use crate::segment::Seal;
use crate::statement::COLLECTION;
use dataset::Dataset;
use document::Document;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;

pub use licence::Licences;

/// Refusals that are kept by name; the others are counted.
const NAMED: usize = 50;
/// Schemes of object stores, where data sets lie and no repositories.
const STORES: [&str; 7] = ["s3", "s3a", "gs", "az", "azure", "abfs", "abfss"];
/// Documents whose identities are committed together.
const BATCH: usize = 4096;

/// What was collected.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Collected {
    /// Documents.
    pub documents: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Documents without a known licence.
    pub unlicensed: u64,
    /// What could not be read.
    pub refused: u64,
    /// The first of them, and why.
    pub first_refused: Vec<(String, String)>,
    /// The segments that wait to be sealed.
    pub segments: Vec<Seal>,
}

impl Collected {
    fn refuse(&mut self, name: impl ToString, why: impl ToString) {
        self.refused += 1;
        if self.first_refused.len() < NAMED {
            self.first_refused.push((name.to_string(), why.to_string()));
        }
    }
}

/// What is collected, and how.
#[derive(Debug, Clone)]
pub struct Collecting {
    /// A folder, a Git repository or its address, or a data set with rows.
    pub from: String,
    /// What records call the source; the address or the folder's path if `None`.
    pub source: Option<String>,
    /// The licence of what names none itself, as SPDX expression.
    pub licence: Option<String>,
    /// When.
    pub now: Timestamp,
}

impl Ledger {
    /// Collects documents; they wait to be sealed. `progress` hears how many there are so far.
    ///
    /// # Errors
    /// The source cannot be read at all, or the store fails. Single documents that cannot be read are named and passed over.
    pub fn collect(&self, what: &Collecting, progress: &dyn Fn(u64)) -> Result<Collected, Error> {
        let licences = Licences::load(what.licence.as_deref())?;
        let cloned;
        let folder = match is_address(&what.from) {
            true => {
                cloned = repository::clone(&what.from)?;
                cloned.path()
            }
            false => Path::new(&what.from),
        };
        if let Some(repository) = repository::open(folder)? {
            let head = repository::head(&repository, &what.from)?;
            let mut intake = Intake::new(self, what, "git", json!({ "commit": head.to_string() }), progress)?;
            repository::documents(&repository, head, &licences, &mut intake)?;
            return intake.finish();
        }
        if let Some(dataset) = rows(&what.from)? {
            let extent = dataset.extent();
            let about = json!({ "files": extent.files, "bytes": extent.bytes });
            let mut intake = Intake::new(self, what, "table", about, progress)?;
            rows::documents(&dataset, &licences, &mut intake)?;
            return intake.finish();
        }
        if !folder.is_dir() {
            return Err(Error::input(
                &what.from,
                "is no folder, no Git repository, no data set (JSONL, Parquet, s3://...) and no address of one",
            ));
        }
        let mut intake = Intake::new(self, what, "folder", json!({}), progress)?;
        folder::documents(folder, &licences, &mut intake)?;
        intake.finish()
    }
}

/// Whether something is the address of a Git repository elsewhere: `https://...`, `user@host:path`, and not of an object store.
fn is_address(from: &str) -> bool {
    let scp = || from.contains('@') && from.contains(':') && !Path::new(from).exists();
    if from.contains("://") { !is_stored(from) } else { scp() }
}

fn is_stored(from: &str) -> bool {
    from.split_once("://").is_some_and(|(scheme, _)| STORES.contains(&scheme))
}

/// The data set at a location, if it lies on an object store or has rows: any other is a folder of files.
fn rows(location: &str) -> Result<Option<Dataset>, Error> {
    let stored = is_stored(location);
    if !stored && !Path::new(location).exists() {
        return Ok(None);
    }
    Ok(Some(Dataset::open(location)?).filter(|it| stored || rows::has_rows(it)))
}

/// The digests of all documents that are collected from a folder or data set.
///
/// # Errors
/// One of them cannot be read: a document that seems to be missing would be said to have been dropped.
pub fn contents(from: &str) -> Result<Vec<Digest>, Error> {
    match rows(from)? {
        Some(dataset) => rows::contents(&dataset),
        None => folder::contents(from.as_ref()),
    }
}

/// An address without the password in it.
fn plain(address: &str) -> String {
    match address.split_once("://").map(|(scheme, rest)| (scheme, rest.split_once('/').map_or((rest, ""), |it| it))) {
        Some((scheme, (host, path))) => {
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            format!("{scheme}://{host}/{path}").trim_end_matches('/').to_owned()
        }
        None => address.to_owned(),
    }
}

/// Turns documents into records.
struct Intake<'a> {
    adder: Adder<'a>,
    identities: crate::identity::Identities,
    source: String,
    method: &'static str,
    now: Timestamp,
    waiting: Vec<Document>,
    collected: Collected,
    progress: &'a dyn Fn(u64),
}

impl<'a> Intake<'a> {
    /// `about` is what is stated of the collection beside source, method and time.
    fn new(
        ledger: &'a Ledger,
        what: &Collecting,
        method: &'static str,
        mut about: Value,
        progress: &'a dyn Fn(u64),
    ) -> Result<Intake<'a>, Error> {
        let identities = ledger.home()?.identities()?;
        let source = what.source.clone().unwrap_or_else(|| plain(&what.from));
        about["source"] = json!(source);
        about["method"] = json!(method);
        about["licenceDetector"] = json!(licence::DETECTOR);
        about["started"] = json!(what.now);
        Ok(Intake {
            adder: ledger.add(Origin { predicate_type: COLLECTION, about })?,
            identities,
            source,
            method,
            now: what.now,
            waiting: Vec::new(),
            collected: Collected::default(),
            progress,
        })
    }

    fn refuse(&mut self, name: impl ToString, why: impl ToString) {
        self.collected.refuse(name, why);
    }

    fn take(&mut self, document: Document) -> Result<(), Error> {
        self.waiting.push(document);
        if self.waiting.len() == BATCH { self.record() } else { Ok(()) }
    }

    fn record(&mut self) -> Result<(), Error> {
        let names = |document: &Document| [document.author.clone(), document.committer.clone()];
        let names: Vec<String> = self.waiting.iter().flat_map(names).flatten().collect();
        let mut commitments = self.identities.commit(&names)?.into_iter();
        for document in std::mem::take(&mut self.waiting) {
            let author = document.author.as_ref().and_then(|_| commitments.next());
            let committer = document.committer.as_ref().and_then(|_| commitments.next());
            let record = Record {
                content: document.content,
                length: document.length,
                swhid: Some(document.swhid),
                source: document.source.unwrap_or_else(|| self.source.clone()),
                commit: document.commit,
                path: document.path,
                author,
                committer,
                committed: document.committed,
                licence: document.licence,
                collected: self.now.as_second(),
                collector: self.adder.collector(),
                method: self.method.to_owned(),
                transform: None,
                parents: Vec::new(),
                disposition: Disposition::Kept,
            };
            match self.adder.push(&record) {
                Ok(()) => {}
                Err(Error::Record(error)) => {
                    self.collected.refuse(String::from_utf8_lossy(&record.path), error);
                    continue;
                }
                Err(error) => return Err(error),
            }
            self.collected.documents += 1;
            self.collected.bytes += record.length;
            self.collected.unlicensed += u64::from(record.licence.is_none());
        }
        (self.progress)(self.collected.documents);
        Ok(())
    }

    fn finish(mut self) -> Result<Collected, Error> {
        self.record()?;
        self.collected.segments = self.adder.finish()?;
        Ok(self.collected)
    }
}
