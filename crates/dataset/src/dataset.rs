//! A data set: where it lies, and the parts that it is cut into.

use crate::place::{Entry, Listing, Place};
use crate::{Compression, DatasetError, Extent, Kind, Part, Problem, history, table};

use code::Language;
use std::io::{self, Read};
use std::ops::Range;

/// Most files of a part, and the bytes at which it is full.
const FILES: usize = 512;
const FULL: u64 = 8 << 20;

/// Bytes of a table or a file of lines that one part reads, where the file can be cut.
const CUT: u64 = 64 << 20;

/// A data set, cut into parts.
///
/// A location is a path or a URL (`s3://`, `gs://`, `az://`, `file://`), of
/// - a folder, in which each file is read as what it is: Parquet and lines of JSON by their rows, anything else as one document,
/// - one such file,
/// - a git repository, bare or not: every version of each file that a reference reaches, and what lies in the folder besides.
///
/// Lines of JSON end in `.jsonl` or `.ndjson`, or in `.json` where it is the location or packed (`.gz`, `.zst`).
#[derive(Debug, Clone)]
pub struct Dataset {
    extent: Extent,
    parts: Vec<Part>,
    problems: Vec<Problem>,
}

impl Dataset {
    /// Finds out what lies at a location and cuts it into parts. No document is read.
    ///
    /// # Errors
    /// If nothing can be read there.
    pub fn open(location: &str) -> Result<Dataset, DatasetError> {
        let (place, single) = Place::find(location)?;
        let alone = single.is_some();
        let listing = match single {
            Some(entry) => Listing { entries: vec![entry], problems: Vec::new() },
            None => place.list()?,
        };
        let extent = Extent::new(place.root(), &listing.entries);
        let mut cutter =
            Cutter { root: place.root(), place, parts: Vec::new(), files: Vec::new(), bytes: 0, problems: Vec::new() };
        cutter.add_all(listing, alone);
        cutter.close();
        Ok(Dataset { extent, parts: cutter.parts, problems: cutter.problems })
    }

    /// The folder or prefix that the names of documents are below.
    pub fn root(&self) -> &str {
        &self.extent.root
    }

    /// What lay there when it was opened.
    pub fn extent(&self) -> &Extent {
        &self.extent
    }

    /// The parts, in the order of the files' names.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What could not be looked at when it was opened. The parts have the rest.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Bytes that all parts together read.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }
}

/// Collects files into parts.
struct Cutter {
    root: String,
    place: Place,
    parts: Vec<Part>,
    files: Vec<String>,
    bytes: u64,
    problems: Vec<Problem>,
}

impl Cutter {
    /// Adds a file that is `alone`, or everything in a folder: of a git repository its history, and the files that are not in it.
    fn add_all(&mut self, Listing { mut entries, problems }: Listing, alone: bool) {
        self.problems = problems;
        if let Place::Local(folder) = &self.place
            && !alone
            && history::is_repository(folder)
        {
            match history::walk(folder) {
                Ok((versions, commits)) => {
                    entries = history::untracked(entries, &versions);
                    if !folder.join(".git").exists() {
                        // A bare repository is full of git's own files; but a few empty ones must not hide code.
                        entries.retain(|entry| Language::of_path(entry.name.as_ref()).is_some());
                    }
                    history::parts(versions, &commits).into_iter().for_each(|kind| self.part(kind, 0));
                }
                Err(error) => self.problems.push(error.into_problem()),
            }
        }
        for entry in entries {
            self.add(entry, alone);
        }
    }

    fn add(&mut self, entry: Entry, single: bool) {
        match Form::of(&entry.name, single) {
            Form::Document => {
                self.bytes += entry.bytes;
                self.files.push(entry.name);
                if self.files.len() >= FILES || self.bytes >= FULL {
                    self.close();
                }
            }
            Form::Lines(compression) => self.lines(entry, compression),
            Form::Table => self.table(entry),
        }
    }

    /// Ends the part of files that is being filled.
    fn close(&mut self) {
        if !self.files.is_empty() {
            let kind = Kind::Files { names: std::mem::take(&mut self.files) };
            let bytes = std::mem::take(&mut self.bytes);
            self.part(kind, bytes);
        }
    }

    fn part(&mut self, kind: Kind, bytes: u64) {
        self.parts.push(Part { root: self.root.clone(), kind, bytes });
    }

    /// Cuts a file of lines, where its lines can be counted in no time: here, and not packed.
    fn lines(&mut self, Entry { name, bytes, .. }: Entry, compression: Option<Compression>) {
        let cuts = match (&self.place, compression) {
            (Place::Local(_), None) if bytes > CUT => self.place.open(&name).and_then(cuts),
            _ => Ok(vec![]),
        };
        match cuts {
            Ok(cuts) if !cuts.is_empty() => {
                for (range, first) in cuts {
                    let length = range.end - range.start;
                    self.part(Kind::Lines { file: name.clone(), compression, range: Some(range), first }, length);
                }
            }
            Ok(_) => self.part(Kind::Lines { file: name, compression, range: None, first: 1 }, bytes),
            Err(error) => self.problems.push(Problem { name, what: error.to_string() }),
        }
    }

    /// Cuts a table between its row groups.
    fn table(&mut self, Entry { name, bytes, .. }: Entry) {
        let cuts = if bytes > CUT { table::cuts(&self.place, &name, CUT) } else { Ok(Vec::new()) };
        match cuts {
            Ok(cuts) if !cuts.is_empty() => {
                for (groups, bytes) in cuts {
                    self.part(Kind::Table { file: name.clone(), groups: Some(groups) }, bytes);
                }
            }
            Ok(_) => self.part(Kind::Table { file: name, groups: None }, bytes),
            Err(error) => self.problems.push(error.into_problem()),
        }
    }
}

/// What a file is, by its name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Document,
    Lines(Option<Compression>),
    Table,
}

impl Form {
    /// A `single` file is the location itself.
    pub fn of(name: &str, single: bool) -> Form {
        let lower = name.to_ascii_lowercase();
        let (stem, compression) = match lower.rsplit_once('.') {
            Some((stem, "gz" | "gzip")) => (stem, Some(Compression::Gzip)),
            Some((stem, "zst" | "zstd")) => (stem, Some(Compression::Zstd)),
            _ => (&*lower, None),
        };
        match stem.rsplit_once('.') {
            Some((_, "jsonl" | "ndjson")) => Form::Lines(compression),
            // One JSON value in a folder is a document, like any other configuration.
            Some((_, "json")) if single || compression.is_some() => Form::Lines(compression),
            Some((_, "parquet" | "pq")) if compression.is_none() => Form::Table,
            _ => Form::Document,
        }
    }
}

/// Cuts of a file of lines, about [`CUT`] bytes each, with the number of the first line that begins in each.
fn cuts(mut reader: impl Read) -> io::Result<Vec<(Range<u64>, u64)>> {
    let mut cuts = Vec::new();
    let mut buffer = vec![0; 1 << 20];
    let (mut start, mut first, mut offset, mut line) = (0, 1, 0, 1);
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        let held = &buffer[..read];
        let due = (start + CUT).saturating_sub(offset);
        let cut = usize::try_from(due).ok().filter(|&due| due < read);
        let newline = cut.and_then(|due| memchr::memchr(b'\n', &held[due..]).map(|at| due + at + 1));
        if let Some(at) = newline {
            line += memchr::memchr_iter(b'\n', &held[..at]).count() as u64;
            cuts.push((start..offset + at as u64, first));
            (start, first) = (offset + at as u64, line);
            line += memchr::memchr_iter(b'\n', &held[at..]).count() as u64;
        } else {
            line += memchr::memchr_iter(b'\n', held).count() as u64;
        }
        offset += read as u64;
    }
    if start < offset {
        cuts.push((start..offset, first));
    }
    Ok(cuts)
}
