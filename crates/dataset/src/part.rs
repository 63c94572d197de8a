//! A piece of a data set: what one worker reads in one go.

use crate::history::{self, Commit, Version};
use crate::place::Place;
use crate::{Document, Limits, Problem, files, jsonl, table};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A piece of a data set that one worker reads in one go, on this machine or on another: as JSON it is one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The folder that the names in `kind` are below: an absolute path or a URL.
    pub root: String,
    /// What is read there.
    #[serde(flatten)]
    pub kind: Kind,
    /// What is read in all, bytes, as it lies there.
    pub bytes: u64,
}

/// What a part consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Kind {
    /// Files of which each is a document.
    Files {
        /// Their names.
        names: Vec<String>,
    },
    /// Lines of JSON.
    Lines {
        /// The file.
        file: String,
        /// How it is packed.
        compression: Option<Compression>,
        /// Its lines that begin in these bytes; `None` for all.
        range: Option<Range<u64>>,
        /// The number of the first of these lines, from 1.
        first: u64,
    },
    /// Rows of Parquet.
    Table {
        /// The file.
        file: String,
        /// Its row groups; `None` for all.
        groups: Option<Range<usize>>,
    },
    /// Versions of files in a git repository.
    History {
        /// Which.
        versions: Vec<Version>,
        /// The commits that brought them.
        commits: Vec<Commit>,
    },
}

/// How a file of lines is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// gzip, of any number of members.
    Gzip,
    /// Zstandard, of any number of frames.
    Zstd,
}

/// What was read of a part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRead {
    /// Documents handed on.
    pub documents: u64,
    /// Bytes of their texts.
    pub bytes: u64,
    /// Files that are neither text nor named like code, and hence no documents: pictures, archives, programs.
    pub binary: u64,
    /// Problems handed on.
    pub problems: u64,
}

impl Part {
    /// What it is called in a progress bar: its file, or the first of its files.
    pub fn name(&self) -> &str {
        match &self.kind {
            Kind::Files { names } => names.first().map_or("", String::as_str),
            Kind::Lines { file, .. } | Kind::Table { file, .. } => file,
            Kind::History { versions, .. } => versions.first().map_or("", |version| &version.path),
        }
    }

    /// Hands every document of the part to `each`, in the order in which they lie there, and whatever cannot be read to `problems`:
    /// a document, the rest of a file, or all of it. Never fails otherwise, and never holds more than a document or a page of a table.
    pub fn read(
        &self,
        limits: &Limits,
        each: &mut dyn FnMut(Document<'_>),
        problems: &mut dyn FnMut(Problem),
    ) -> PartRead {
        let mut sink = Sink { read: PartRead::default(), each, problems, limits: *limits };
        let read = Place::at(&self.root).and_then(|place| match &self.kind {
            Kind::Files { names } => files::read(&place, names, &mut sink),
            Kind::Lines { file, compression, range, first } => {
                jsonl::read(&place, file, *compression, range.clone(), *first, &mut sink)
            }
            Kind::Table { file, groups } => table::read(&place, file, groups.clone(), &mut sink),
            Kind::History { versions, commits } => history::read(&place, versions, commits, &mut sink),
        });
        if let Err(error) = read {
            sink.problem(error.into_problem());
        }
        sink.read
    }
}

/// Where readers hand on what they find; it counts.
pub(crate) struct Sink<'a> {
    pub read: PartRead,
    pub limits: Limits,
    each: &'a mut dyn FnMut(Document<'_>),
    problems: &'a mut dyn FnMut(Problem),
}

impl Sink<'_> {
    /// Hands on a document, unless it is too large.
    pub fn document(&mut self, document: Document<'_>) {
        if document.bytes.len() > self.limits.document {
            let what = format!("larger than the {} bytes that are read of a document", self.limits.document);
            return self.problem(Problem { name: document.name.to_owned(), what });
        }
        self.read.documents += 1;
        self.read.bytes += document.bytes.len() as u64;
        (self.each)(document);
    }

    /// Hands on a problem.
    pub fn problem(&mut self, problem: Problem) {
        self.read.problems += 1;
        (self.problems)(problem);
    }
}
