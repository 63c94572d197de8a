//! The walk over all commits, the oldest first.

use super::{Commit, Version};
use crate::DatasetError;
use gix::bstr::{BStr, ByteSlice};
use gix::diff::tree::Recorder;
use gix::diff::tree::recorder::Change;
use gix::objs::TreeRefIter;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;
use gix::{ObjectId, Repository};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Bytes of objects that are kept: the same folders come again in every commit.
const CACHE: usize = 64 << 20;

/// Every version of every file, with the commits that brought them.
pub(crate) fn walk(folder: &Path) -> Result<(Vec<Version>, Vec<Commit>), DatasetError> {
    let mut repository = super::open(folder)?;
    repository.object_cache_size(CACHE);
    let broken = |error: gix::Error| {
        DatasetError::broken(folder.display().to_string(), format!("its history cannot be read: {error}"))
    };
    let mut walk = Walk { repository: &repository, seen: HashMap::new(), versions: Vec::new(), commits: Vec::new() };
    for id in oldest_first(&repository).map_err(broken)? {
        walk.commit(id).map_err(broken)?;
    }
    walk.head().map_err(broken)?;
    Ok((walk.versions, walk.commits))
}

/// All commits that a reference or `HEAD` reaches.
fn oldest_first(repository: &Repository) -> gix::Result<Vec<ObjectId>> {
    let mut tips = HashSet::new();
    if let Ok(id) = repository.head_id() {
        tips.insert(id.detach());
    }
    for reference in repository.references()?.all()? {
        // A broken reference, or one to a tree or blob, leads to no commit.
        let Some(id) = reference.ok().and_then(|mut reference| reference.peel_to_id().ok().map(gix::Id::detach)) else {
            continue;
        };
        if repository.find_header(id).is_ok_and(|header| header.kind().is_commit()) {
            tips.insert(id);
        }
    }
    let mut tips: Vec<ObjectId> = tips.into_iter().collect();
    tips.sort();
    let walk = repository.rev_walk(tips).sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst)).all()?;
    let mut ids = walk.map(|info| info.map(|info| info.id)).collect::<Result<Vec<_>, _>>()?;
    ids.reverse();
    Ok(ids)
}

/// What was seen so far.
struct Walk<'a> {
    repository: &'a Repository,
    /// Each blob, and where it stands in `versions`.
    seen: HashMap<ObjectId, usize>,
    versions: Vec<Version>,
    commits: Vec<Commit>,
}

impl Walk<'_> {
    /// Takes what a commit changes against its first parent. What a merge brings from its other parents was seen there, and if their
    /// dates lie, it is seen here.
    fn commit(&mut self, id: ObjectId) -> gix::Result<()> {
        let commit = self.repository.find_commit(id)?;
        let tree = commit.tree()?;
        let parent = commit.parent_ids().next().and_then(|parent| self.repository.find_commit(parent.detach()).ok());
        // Where the clone is shallow the parent is missing, and everything is new.
        let before = parent.and_then(|parent| parent.tree().ok());
        let mut recorder = Recorder::default();
        gix::diff::tree(
            TreeRefIter::from_bytes(before.as_ref().map_or(&[][..], |tree| &tree.data), id.kind()),
            TreeRefIter::from_bytes(&tree.data, id.kind()),
            gix::diff::tree::State::default(),
            &self.repository.objects,
            &mut recorder,
        )
        .map_err(gix::Error::from_error)?;
        let mut number = None;
        for change in recorder.records {
            let (Change::Addition { entry_mode, oid, path, .. } | Change::Modification { entry_mode, oid, path, .. }) =
                change
            else {
                continue;
            };
            if entry_mode.is_blob() && !self.seen.contains_key(&oid) {
                let number = match number {
                    Some(number) => number,
                    None => *number.insert(self.describe(&commit)?),
                };
                self.add(oid, path.as_bstr(), number, false);
            }
        }
        Ok(())
    }

    fn describe(&mut self, commit: &gix::Commit<'_>) -> gix::Result<usize> {
        let author = commit.author()?;
        let time = author.time().map_or(0, |time| time.seconds);
        let author = format!("{} <{}>", author.name.to_str_lossy(), author.email.to_str_lossy());
        self.commits.push(Commit { id: commit.id.to_string(), author, time });
        Ok(self.commits.len() - 1)
    }

    fn add(&mut self, id: ObjectId, path: &BStr, commit: usize, head: bool) {
        self.seen.entry(id).or_insert(self.versions.len());
        self.versions.push(Version { id: id.to_string(), path: path.to_str_lossy().into_owned(), commit, head });
    }

    /// Gives what `HEAD` has the path that it has there, every path where several hold the same.
    fn head(&mut self) -> gix::Result<()> {
        let Ok(head) = self.repository.head_commit() else { return Ok(()) };
        for entry in head.tree()?.traverse().breadthfirst.files()? {
            let Some(&at) = self.seen.get(&entry.oid).filter(|_| entry.mode.is_blob()) else { continue };
            if self.versions[at].head {
                let commit = self.versions[at].commit;
                self.add(entry.oid, entry.filepath.as_bstr(), commit, true);
            } else {
                self.versions[at].path = entry.filepath.to_str_lossy().into_owned();
                self.versions[at].head = true;
            }
        }
        Ok(())
    }
}
