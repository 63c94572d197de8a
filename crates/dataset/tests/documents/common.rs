//! What the tests of this folder share.

use dataset::{Dataset, Document, Limits, PartRead, Problem};
use flate2::write::GzEncoder;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A document that was read, kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    pub name: String,
    pub row: u64,
    pub path: Option<String>,
    pub source: Option<String>,
    pub contributor: Option<String>,
    pub time: Option<i64>,
    pub commit: Option<String>,
    pub licence: Option<String>,
    pub language: Option<code::Language>,
    pub text: Vec<u8>,
}

impl Kept {
    pub fn of(document: Document<'_>) -> Kept {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Kept {
            name: document.name.to_owned(),
            row: document.row,
            path: owned(document.path),
            source: owned(document.source),
            contributor: owned(document.contributor),
            time: document.time,
            commit: owned(document.commit),
            licence: owned(document.licence),
            language: document.language,
            text: document.bytes.to_owned(),
        }
    }
}

/// Everything of a data set.
#[derive(Debug, Default)]
pub struct All {
    pub documents: Vec<Kept>,
    pub problems: Vec<Problem>,
    pub read: PartRead,
}

impl All {
    pub fn names(&self) -> Vec<&str> {
        self.documents.iter().map(|it| &*it.name).collect()
    }

    pub fn named(&self, name: &str) -> &Kept {
        self.documents
            .iter()
            .find(|it| it.name == name)
            .unwrap_or_else(|| panic!("{name} is not in {:?}", self.names()))
    }

    /// The one problem, which is of `name` and says `what`.
    pub fn problem(&self, name: &str, what: &str) {
        assert_eq!(self.problems.len(), 1, "{:?}", self.problems);
        let problem = &self.problems[0];
        assert!(problem.name.contains(name) && problem.what.contains(what), "{problem}");
    }
}

pub fn read(location: &Path) -> All {
    read_with(location, &Limits::default())
}

pub fn read_with(location: &Path, limits: &Limits) -> All {
    let dataset = Dataset::open(location.to_str().unwrap()).unwrap();
    let mut all = All { problems: dataset.problems().to_vec(), ..All::default() };
    for part in dataset.parts() {
        // A part that goes to another machine is the same part.
        let part: dataset::Part = serde_json::from_str(&serde_json::to_string(part).unwrap()).unwrap();
        let (mut documents, mut problems) = (Vec::new(), Vec::new());
        let read = part.read(limits, &mut |it| documents.push(Kept::of(it)), &mut |it| problems.push(it));
        assert_eq!((read.documents, read.problems), (documents.len() as u64, problems.len() as u64));
        all.read.documents += read.documents;
        all.read.bytes += read.bytes;
        all.read.binary += read.binary;
        all.documents.extend(documents);
        all.problems.extend(problems);
    }
    all
}

/// A folder with files.
pub fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        put(&folder.path().join(name), bytes);
    }
    folder
}

pub fn put(path: &Path, bytes: &[u8]) -> PathBuf {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
    path.to_owned()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}
