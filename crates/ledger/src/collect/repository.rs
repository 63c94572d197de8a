//! The files of a Git repository at its head, each with the commit that wrote it last.

use super::Intake;
use super::document::{Document, digest};
use super::licence::{Folders, LARGEST, Licences, is_licence};
use crate::error::Error;
use gix::bstr::{BString, ByteSlice};
use gix::diff::tree::{State, recorder::Change};
use gix::prelude::ObjectIdExt;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;
use gix::{ObjectId, Repository};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

/// Larger blobs are refused: Git holds a blob in memory.
const LARGEST_BLOB: u64 = 1 << 30;
/// Commits that are looked at.
const LONGEST: usize = 1_000_000;

/// A copy of a repository elsewhere, until it is dropped.
pub(super) fn clone(address: &str) -> Result<TempDir, Error> {
    let bad = |why: String| Error::input(super::plain(address), why);
    let folder = tempfile::tempdir().map_err(|error| bad(format!("no folder for a copy ({error})")))?;
    let failed = |error: &dyn std::error::Error| {
        bad(format!("cannot be cloned ({}); clone it yourself and give the folder", chain(error)))
    };
    let mut clone = gix::prepare_clone_bare(address, folder.path()).map_err(|error| failed(&error))?;
    clone.fetch_only(gix::progress::Discard, &AtomicBool::new(false)).map_err(|error| failed(&error))?;
    Ok(folder)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        said = format!("{said}: {cause}");
        next = cause.source();
    }
    said
}

/// The repository in a folder, if there is one. Nothing of the machine's or the user's configuration takes part.
pub(super) fn open(folder: &Path) -> Result<Option<Repository>, Error> {
    let bare = folder.join("HEAD").is_file() && folder.join("objects").is_dir();
    if !bare && !folder.join(".git").exists() {
        return Ok(None);
    }
    let opened = gix::open_opts(folder, gix::open::Options::isolated());
    opened.map(Some).map_err(|error| {
        Error::input(
            folder.display(),
            format!("is a broken repository ({}); repair it, or collect a copy of its files", chain(&error)),
        )
    })
}

pub(super) fn head(repository: &Repository, name: &str) -> Result<ObjectId, Error> {
    let head = repository.head_id().map(gix::Id::detach);
    head.map_err(|error| {
        Error::input(
            name,
            format!(
                "has no commit that can be read ({}); repair it with git fsck, or collect a copy of its files",
                chain(&error)
            ),
        )
    })
}

/// Who wrote a file last.
struct Written {
    commit: ObjectId,
    author: String,
    committer: String,
    time: i64,
}

pub(super) fn documents(
    repository: &Repository,
    head: ObjectId,
    licences: &Licences,
    intake: &mut Intake,
) -> Result<(), Error> {
    let place = repository.path().display().to_string();
    let files = files(repository, head).map_err(|why| {
        Error::input(
            &place,
            format!(
                "the files of its head cannot be read ({why}); repair it with git fsck, or collect a copy of its files"
            ),
        )
    })?;
    let mut folders = Folders::default();
    for (path, id) in files.iter().filter(|(path, _)| is_licence(path)) {
        let small = repository.find_header(*id).is_ok_and(|header| header.size() <= LARGEST);
        let blob = if small { repository.find_blob(*id).ok() } else { None };
        if let Some(licence) = blob.and_then(|blob| licences.of_text(&blob.data)) {
            folders.found(path, licence);
        }
    }
    let (written, by, broken) = history(repository, head, &files);
    if let Some(why) = broken {
        intake.refuse(
            format!("{place}, history"),
            format!("is broken ({why}); files whose commit was not found have the head's, without author"),
        );
    }
    for (path, id) in &files {
        let size = match repository.find_header(*id) {
            Ok(header) => header.size(),
            Err(error) => {
                intake.refuse(path.to_str_lossy(), format!("is missing from the repository ({})", chain(&error)));
                continue;
            }
        };
        if size > LARGEST_BLOB {
            intake.refuse(path.to_str_lossy(), format!("has {size} bytes; the most is {LARGEST_BLOB}"));
            continue;
        }
        let digested = match repository.find_blob(*id) {
            Ok(blob) => digest(blob.data.as_slice(), blob.data.len() as u64),
            Err(error) => Err(format!("cannot be read ({})", chain(&error))),
        };
        match digested {
            Ok(digested) => {
                let by = by.get(path).and_then(|at| written.get(*at));
                intake.take(Document {
                    path: path.to_vec(),
                    source: None,
                    content: digested.content,
                    length: digested.length,
                    swhid: digested.swhid,
                    licence: licences.of(&digested.head, path, &folders),
                    commit: Some(by.map_or(head, |it| it.commit).as_bytes().to_vec()),
                    author: by.map(|it| it.author.clone()),
                    committer: by.map(|it| it.committer.clone()),
                    committed: by.map(|it| it.time),
                })?;
            }
            Err(why) => intake.refuse(path.to_str_lossy(), why),
        }
    }
    Ok(())
}

fn files(repository: &Repository, head: ObjectId) -> Result<Vec<(BString, ObjectId)>, String> {
    let said = |error: gix::Error| chain(&error);
    let tree = repository.find_commit(head).map_err(said)?.tree().map_err(said)?;
    let entries = tree.traverse().breadthfirst.files().map_err(said)?;
    let mut files: Vec<_> =
        entries.into_iter().filter(|it| it.mode.is_blob()).map(|it| (it.filepath, it.oid)).collect();
    files.sort();
    Ok(files)
}

/// For each file, the newest commit that made it what it is; and why there are none further back, if history is broken.
fn history(
    repository: &Repository,
    head: ObjectId,
    files: &[(BString, ObjectId)],
) -> (Vec<Written>, HashMap<BString, usize>, Option<String>) {
    let mut wanted: HashMap<&[u8], ObjectId> = files.iter().map(|(path, id)| (path.as_slice(), *id)).collect();
    let (mut written, mut by) = (Vec::new(), HashMap::new());
    let walk = repository.rev_walk([head]).sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst)).all();
    let walk = match walk {
        Ok(walk) => walk,
        Err(error) => return (written, by, Some(chain(&error))),
    };
    for info in walk.take(LONGEST) {
        if wanted.is_empty() {
            break;
        }
        let changed = info.map_err(|error| chain(&error)).and_then(|info| {
            let parents: Vec<ObjectId> = info.parent_ids.iter().copied().collect();
            Ok((info.id, changed(repository, info.id, &parents)?))
        });
        let (id, changed) = match changed {
            Ok(changed) => changed,
            Err(why) => return (written, by, Some(why)),
        };
        let own: Vec<BString> = changed
            .into_iter()
            .filter(|(path, blob)| wanted.get(path.as_slice()) == Some(blob))
            .map(|(path, _)| path)
            .collect();
        if own.is_empty() {
            continue;
        }
        match signed(repository, id) {
            Ok(it) => written.push(it),
            Err(why) => return (written, by, Some(why)),
        }
        for path in own {
            wanted.remove(path.as_slice());
            by.insert(path, written.len() - 1);
        }
    }
    (written, by, None)
}

fn signed(repository: &Repository, id: ObjectId) -> Result<Written, String> {
    let commit = repository.find_commit(id).map_err(|error| chain(&error))?;
    let (author, committer) =
        (commit.author().map_err(|error| chain(&error))?, commit.committer().map_err(|error| chain(&error))?);
    let name = |name: &[u8], email: &[u8]| format!("{} <{}>", name.to_str_lossy(), email.to_str_lossy());
    Ok(Written {
        commit: id,
        author: name(author.name, author.email),
        committer: name(committer.name, committer.email),
        time: committer.seconds(),
    })
}

/// The files that a commit changed: those that differ from all its parents.
fn changed(repository: &Repository, id: ObjectId, parents: &[ObjectId]) -> Result<HashMap<BString, ObjectId>, String> {
    let tree = |id: ObjectId| {
        let commit = id
            .attach(repository)
            .object()
            .map_err(|error| chain(&error))?
            .try_into_commit()
            .map_err(|error| chain(&error))?;
        commit.tree().map_err(|error| chain(&error))
    };
    let new = tree(id)?;
    let against = |old: &gix::Tree| -> Result<HashMap<BString, ObjectId>, String> {
        let mut recorder = gix::diff::tree::Recorder::default();
        let (old, new) = (
            gix::objs::TreeRefIter::from_bytes(&old.data, old.id.kind()),
            gix::objs::TreeRefIter::from_bytes(&new.data, new.id.kind()),
        );
        gix::diff::tree(old, new, State::default(), &repository.objects, &mut recorder)
            .map_err(|error| chain(&error))?;
        let blob = |change: Change| match change {
            Change::Addition { entry_mode, oid, path, .. } | Change::Modification { entry_mode, oid, path, .. } => {
                entry_mode.is_blob().then_some((path, oid))
            }
            Change::Deletion { .. } => None,
        };
        Ok(recorder.records.into_iter().filter_map(blob).collect())
    };
    let Some((first, others)) = parents.split_first() else { return against(&repository.empty_tree()) };
    let mut changed = against(&tree(*first)?)?;
    for parent in others {
        let other = against(&tree(*parent)?)?;
        changed.retain(|path, _| other.contains_key(path));
    }
    Ok(changed)
}
