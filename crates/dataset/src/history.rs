//! A git repository with its history: every version of every file that a branch, a tag or `HEAD` reaches, once, with the commit that
//! brought it.

mod walk;

use crate::part::Sink;
use crate::place::{Entry, Place};
use crate::{DatasetError, Document, Kind, Limits, Problem};
use code::Language;
use gix::{ObjectId, Repository};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
pub(crate) use walk::walk;

/// Versions of files of one part.
const BLOBS: usize = 512;

/// The commit that brought a version of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its hash.
    pub id: String,
    /// Who wrote it, as `name <address>`.
    pub author: String,
    /// When its author says that it was written, seconds since 1970.
    pub time: i64,
}

/// A version of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The hash of the blob.
    pub id: String,
    /// Where the file lay: in `HEAD` if it is there, else where it first was.
    pub path: String,
    /// Which of the part's commits brought it first.
    pub commit: usize,
    /// Whether the path holds this version in `HEAD`.
    pub head: bool,
}

/// Whether a folder is a git repository, bare or with its files.
pub(crate) fn is_repository(folder: &Path) -> bool {
    let bare = || ["HEAD", "objects", "refs"].iter().all(|name| folder.join(name).exists());
    folder.join(".git").exists() || bare()
}

/// Opens a repository. Nothing of its configuration, nor of this machine's, can make it run anything or look elsewhere.
fn open(folder: &Path) -> Result<Repository, DatasetError> {
    gix::open_opts(folder, gix::open::Options::isolated())
        .map_err(|error| DatasetError::broken(folder.display().to_string(), error))
}

/// The parts of a history, the files that `HEAD` has among them, and the paths that these lie at.
pub(crate) fn parts(versions: Vec<Version>, commits: &[Commit]) -> Vec<Kind> {
    versions.chunks(BLOBS).map(|versions| part(versions, commits)).collect()
}

/// A part, with the commits that it needs.
fn part(versions: &[Version], commits: &[Commit]) -> Kind {
    let mut chosen = Vec::new();
    let mut places = HashMap::new();
    let mut version = |version: &Version| {
        let commit = *places.entry(version.commit).or_insert_with(|| {
            chosen.push(commits[version.commit].clone());
            chosen.len() - 1
        });
        Version { commit, ..version.clone() }
    };
    let versions = versions.iter().map(&mut version).collect();
    Kind::History { versions, commits: chosen }
}

/// Reads versions of files, and beside them the files of the working tree that differ from `HEAD`.
pub(crate) fn read(
    place: &Place,
    versions: &[Version],
    commits: &[Commit],
    sink: &mut Sink<'_>,
) -> Result<(), DatasetError> {
    let Place::Local(folder) = place else {
        return Err(DatasetError::broken(place.root(), "a git repository on an object store; clone it"));
    };
    let repository = open(folder)?;
    let mut bytes = Vec::new();
    for version in versions {
        let read = commits
            .get(version.commit)
            .ok_or_else(|| "its commit is not in the part".to_owned())
            .and_then(|commit| one(&repository, version, commit, &mut bytes, sink));
        if let Err(what) = read {
            sink.problem(Problem { name: version.path.clone(), what });
        }
        if version.head {
            changed(folder, &version.path, &bytes, sink);
        }
    }
    Ok(())
}

fn one(
    repository: &Repository,
    version: &Version,
    commit: &Commit,
    bytes: &mut Vec<u8>,
    sink: &mut Sink<'_>,
) -> Result<(), String> {
    bytes.clear();
    let id = ObjectId::from_hex(version.id.as_bytes()).map_err(|error| error.to_string())?;
    let Limits { document, .. } = sink.limits;
    let size = repository.find_header(id).map_err(|error| error.to_string())?.size();
    if size > document as u64 {
        return Err(format!("larger than the {document} bytes that are read of a document"));
    }
    let blob = repository.find_object(id).map_err(|error| error.to_string())?;
    bytes.extend_from_slice(&blob.data);
    let name = match version.head {
        true => version.path.clone(),
        false => format!("{}@{}", version.path, commit.id),
    };
    let path = &*version.path;
    crate::files::document(
        Document {
            name: &name,
            row: 1,
            path: Some(path),
            source: path.split_once('/').map(|(folder, _)| folder),
            contributor: Some(&commit.author),
            time: Some(commit.time),
            commit: Some(&commit.id),
            licence: None,
            language: Language::of_path(Path::new(path)),
            bytes,
        },
        sink,
    );
    Ok(())
}

/// Reads the file of the working tree, if it is another one than `HEAD` has.
fn changed(folder: &Path, path: &str, head: &[u8], sink: &mut Sink<'_>) {
    let file = folder.join(path);
    let regular = file.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
    let mut bytes = Vec::new();
    let most = sink.limits.document as u64 + 1;
    let read = regular && std::fs::File::open(&file).and_then(|file| file.take(most).read_to_end(&mut bytes)).is_ok();
    if read && bytes != head {
        let name = format!("{path}@worktree");
        let source = path.split_once('/').map(|(folder, _)| folder);
        let language = Language::of_path(Path::new(path));
        let document =
            Document { name: &name, row: 1, path: Some(path), source, language, bytes: &bytes, ..Document::default() };
        crate::files::document(document, sink);
    }
}

/// The files of the working tree that `HEAD` does not have.
pub(crate) fn untracked(entries: Vec<Entry>, versions: &[Version]) -> Vec<Entry> {
    let tracked: std::collections::HashSet<&str> =
        versions.iter().filter(|version| version.head).map(|version| &*version.path).collect();
    entries.into_iter().filter(|entry| !tracked.contains(&*entry.name)).collect()
}
