//! Folders of code checked in parallel: every file that taster reads, in the order of their paths.

use crate::parse::MAX_BYTES;
use crate::{Analysis, Engine, Language, NotAnalysed};
use ignore::{WalkBuilder, WalkState};
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

/// Files analysed before their results are handed on: enough to keep every core busy, few enough that a tree of any
/// size needs no more memory than this many results.
const BATCH: usize = 1024;

/// What to check.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Read every file as this language, whatever its name.
    pub language: Option<Language>,
    /// Also read hidden files and those that `.gitignore` names.
    pub everything: bool,
}

/// One file, read.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Its path, below the path that was given.
    pub path: PathBuf,
    /// The language it was read as; `None` for a folder that could not be opened.
    pub language: Option<Language>,
    /// What it holds.
    pub analysis: Analysis,
}

/// How far a check has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Files handed on, this one included.
    pub done: usize,
    /// Files in all.
    pub of: usize,
}

/// What a check read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files read.
    pub files: usize,
    /// Files that could not be analysed, wholly or in part.
    pub not_analysed: usize,
}

/// Why nothing was checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A path that was given cannot be opened.
    #[error("{path}: {source}; give a file or folder that exists and can be read")]
    Unreadable {
        /// The path.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file that was given has a name that tells no language.
    #[error("{path}: no language known by this name; give one with --language")]
    UnknownLanguage {
        /// The path.
        path: String,
    },
    /// Neither a file nor a folder.
    #[error("{path}: neither a file nor a folder; give one of these, or --stdin")]
    Special {
        /// The path.
        path: String,
    },
}

/// Checks files and folders; `on_file` receives every file that taster reads, in the order of the paths.
///
/// # Errors
/// For a path that was given and cannot be read. What cannot be read further down is handed on as not analysed.
pub fn run(
    engine: &Engine,
    paths: &[PathBuf],
    options: &Options,
    mut on_file: impl FnMut(Checked, Progress),
) -> Result<Summary, CheckError> {
    let targets = targets(paths, options)?;
    let mut summary = Summary::default();
    for batch in targets.chunks(BATCH) {
        let checked: Vec<Checked> = batch.par_iter().map(|target| target.check(engine)).collect();
        for checked in checked {
            summary.files += 1;
            summary.not_analysed += usize::from(checked.analysis.not_analysed.is_some());
            on_file(checked, Progress { done: summary.files, of: targets.len() });
        }
    }
    Ok(summary)
}

/// Checks what a reader gives, to the end.
///
/// # Errors
/// When the reader fails.
pub fn stdin(engine: &Engine, language: Language, reader: impl Read) -> io::Result<Analysis> {
    let mut bytes = Vec::new();
    // One more than the limit, so that the engine sees that it is passed.
    reader.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(engine.read_bytes(language, &bytes))
}

/// Something to read, or a folder that could not be.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    path: PathBuf,
    language: Option<Language>,
    problem: Option<String>,
}

impl Target {
    fn check(&self, engine: &Engine) -> Checked {
        let analysis = match (self.language, &self.problem) {
            (Some(language), None) => match File::open(&self.path).and_then(|file| stdin(engine, language, file)) {
                Ok(analysis) => analysis,
                Err(error) => unreadable(error.to_string()),
            },
            (_, problem) => unreadable(problem.clone().unwrap_or_default()),
        };
        Checked { path: self.path.clone(), language: self.language, analysis }
    }
}

fn unreadable(reason: String) -> Analysis {
    Analysis { not_analysed: Some(NotAnalysed::Unreadable { reason }), ..Analysis::default() }
}

/// Everything to read below the paths, sorted, each once.
fn targets(paths: &[PathBuf], options: &Options) -> Result<Vec<Target>, CheckError> {
    let mut targets = Vec::new();
    for path in paths {
        let name = || path.display().to_string();
        let metadata = path.metadata().map_err(|source| CheckError::Unreadable { path: name(), source })?;
        if metadata.is_dir() {
            targets.extend(walk(path, options));
        } else if metadata.is_file() {
            let language = options.language.or_else(|| Language::of_path(path));
            let language = language.ok_or_else(|| CheckError::UnknownLanguage { path: name() })?;
            targets.push(Target { path: path.clone(), language: Some(language), problem: None });
        } else {
            return Err(CheckError::Special { path: name() });
        }
    }
    targets.sort();
    targets.dedup();
    Ok(targets)
}

fn walk(folder: &Path, options: &Options) -> Vec<Target> {
    let (sender, receiver) = mpsc::channel();
    let walker = WalkBuilder::new(folder).standard_filters(!options.everything).require_git(false).build_parallel();
    walker.run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            // A send fails only when nobody listens any more, and then nobody misses it.
            if let Some(target) = target(folder, entry, options) {
                let _ = sender.send(target);
            }
            WalkState::Continue
        })
    });
    drop(sender);
    receiver.into_iter().collect()
}

/// What to do with an entry of a folder; `None` for what is no file or in no language that taster reads.
fn target(folder: &Path, entry: Result<ignore::DirEntry, ignore::Error>, options: &Options) -> Option<Target> {
    match entry {
        Ok(entry) => {
            let language = options.language.or_else(|| Language::of_path(entry.path()))?;
            let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
            is_file.then(|| Target { path: entry.into_path(), language: Some(language), problem: None })
        }
        Err(error) => Some(Target { path: folder.to_owned(), language: None, problem: Some(error.to_string()) }),
    }
}
