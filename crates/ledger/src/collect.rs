//! Collecting documents: from a folder, or from a Git repository with its history.

mod document;
mod folder;
mod licence;
mod repository;

use crate::adder::{Adder, Origin};
use crate::error::Error;
use crate::hash::Digest;
use crate::ledger::Ledger;
use crate::record::{Disposition, Record};
use crate::segment::Seal;
use crate::statement::COLLECTION;
use document::Document;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use std::path::Path;

pub use licence::Licences;

/// Refusals that are kept by name; the others are counted.
const NAMED: usize = 50;
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
    /// A folder, a Git repository, or its address.
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
        let remote = what.from.contains("://")
            || (what.from.contains('@') && what.from.contains(':') && !Path::new(&what.from).exists());
        let source = what.source.clone().unwrap_or_else(|| plain(&what.from));
        let licences = Licences::load(what.licence.as_deref())?;
        let cloned;
        let folder = if remote {
            cloned = repository::clone(&what.from)?;
            cloned.path()
        } else {
            Path::new(&what.from)
        };
        match repository::open(folder)? {
            Some(repository) => {
                let head = repository::head(&repository, &what.from)?;
                let origin = Origin {
                    predicate_type: COLLECTION,
                    about: json!({ "source": source, "method": "git", "commit": head.to_string(), "licenceDetector": licence::DETECTOR, "started": what.now }),
                };
                let mut intake = Intake::new(self, origin, source, "git", what.now, progress)?;
                repository::documents(&repository, head, &licences, &mut intake)?;
                intake.finish()
            }
            None if folder.is_dir() => {
                let origin = Origin {
                    predicate_type: COLLECTION,
                    about: json!({ "source": source, "method": "folder", "licenceDetector": licence::DETECTOR, "started": what.now }),
                };
                let mut intake = Intake::new(self, origin, source, "folder", what.now, progress)?;
                folder::documents(folder, &licences, &mut intake)?;
                intake.finish()
            }
            None => Err(Error::input(&what.from, "is no folder, no Git repository and no address of one")),
        }
    }
}

/// The digests of all files below a folder.
///
/// # Errors
/// One of them cannot be read: a document that seems to be missing would be said to have been dropped.
pub fn contents(folder: &Path) -> Result<Vec<Digest>, Error> {
    folder::contents(folder)
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
    fn new(
        ledger: &'a Ledger,
        origin: Origin,
        source: String,
        method: &'static str,
        now: Timestamp,
        progress: &'a dyn Fn(u64),
    ) -> Result<Intake<'a>, Error> {
        let identities = ledger.home()?.identities()?;
        Ok(Intake {
            adder: ledger.add(origin)?,
            identities,
            source,
            method,
            now,
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
                source: self.source.clone(),
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
