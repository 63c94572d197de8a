//! The log in a store: a tree of entries as C2SP tlog-tiles, and how it grows.
//!
//! Two objects say how far it goes. `head` is the truth, replaced by compare and swap only; `checkpoint` is what clients read, and follows
//! once all tiles are in place and the witnesses have signed. A writer
//!
//! 1. writes all that the next tree adds into one object, `staging/SIZE-ROOT`,
//! 2. swaps `head`; who loses begins again on what the winner wrote,
//! 3. writes tiles and bundles from the staging object, asks the witnesses, publishes `checkpoint`, and deletes what was staged.
//!
//! Before 2 nothing has happened; after it, whoever comes next does 3 again, with the same bytes. So a writer can be killed anywhere.

use crate::checkpoint::Checkpoint;
use crate::cosign;
use crate::error::Error;
use crate::hash::Digest;
use crate::merkle::{self, Nodes};
use crate::note::{Note, sign};
use crate::policy::Policy;
use crate::store::{Store, Version};
use crate::tile::{self, HEIGHT, LONGEST, Tile, WIDTH};
use crate::tiles::{Longer, of_log};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sign::Signer;
use std::collections::BTreeMap;
use std::ops::Range;

/// Where the truth is.
pub const HEAD: &str = "head";
/// Where clients look.
pub const CHECKPOINT: &str = "checkpoint";
/// Where what is to be written waits.
pub const STAGING: &str = "staging/";

/// The log of a store.
pub struct Log<'a> {
    /// Where it is.
    pub store: &'a Store,
    /// Whose it is.
    pub policy: &'a Policy,
}

/// A signed checkpoint as it stands in the store.
#[derive(Debug, Clone)]
pub struct Signed {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note.
    pub note: String,
    version: Version,
}

impl Log<'_> {
    /// Begins a log.
    ///
    /// # Errors
    /// There is one already, or the store fails.
    pub fn begin(&self, origin: &str, signers: &[Signer]) -> Result<(), Error> {
        let checkpoint = Checkpoint { origin: origin.to_owned(), size: 0, root: merkle::empty() };
        let note = signed(&checkpoint, signers)?;
        if !self.store.swap(HEAD, None, note.clone().into())? {
            return Err(Error::store(HEAD, "there is a ledger here already; give another place"));
        }
        self.publish(&note, 0)
    }

    /// How far the log goes.
    ///
    /// # Errors
    /// There is none, or it is not signed by whom the policy believes.
    pub fn head(&self) -> Result<Signed, Error> {
        let version = self.store.version(HEAD)?;
        let version =
            version.ok_or_else(|| Error::store(HEAD, "there is no ledger here; `taster ledger init` makes one"))?;
        let note = String::from_utf8(version.bytes().to_vec()).map_err(|_| Error::broken(HEAD, "is no text"))?;
        let (checkpoint, _) = self.policy.read(&note).map_err(|why| Error::broken(HEAD, why))?;
        Ok(Signed { checkpoint, note, version })
    }

    /// How far clients see the log go: size and note.
    ///
    /// # Errors
    /// It is not signed by whom the policy believes.
    pub fn published(&self) -> Result<Option<(Checkpoint, String, Version)>, Error> {
        let Some(version) = self.store.version(CHECKPOINT)? else { return Ok(None) };
        let note = String::from_utf8(version.bytes().to_vec()).map_err(|_| Error::broken(CHECKPOINT, "is no text"))?;
        let (checkpoint, _) = self.policy.read(&note).map_err(|why| Error::broken(CHECKPOINT, why))?;
        Ok(Some((checkpoint, note, version)))
    }

    /// Entries of a log of `size`.
    ///
    /// # Errors
    /// A bundle is missing or damaged.
    pub fn entries(&self, range: Range<u64>, size: u64) -> Result<Vec<Vec<u8>>, Error> {
        let mut entries = Vec::new();
        for index in range.start / WIDTH..range.end.div_ceil(WIDTH) {
            let first = index * WIDTH;
            let tile = Tile { level: None, index, width: WIDTH.min(size - first) };
            let bundle = tile::entries(&tile, &self.store.need(&tile.to_string())?);
            let bundle = bundle.ok_or_else(|| Error::broken(tile, "is not a bundle of as many entries"))?;
            entries.extend((first..).zip(bundle).filter(|(at, _)| range.contains(at)).map(|(_, entry)| entry));
        }
        Ok(entries)
    }

    /// Adds entries after `head`; the new head, or `None` where another writer was faster.
    ///
    /// # Errors
    /// An entry is too long, what is there does not fit the head, or the store or a signer fails.
    pub fn append(&self, head: &Signed, entries: &[Vec<u8>], signers: &[Signer]) -> Result<Option<Signed>, Error> {
        let (checkpoint, staged) = self.stage(&head.checkpoint, entries)?;
        let note = signed(&checkpoint, signers)?;
        let staged = serde_json::to_vec(&staged).map_err(|error| Error::store(STAGING, error))?;
        self.store.put(&staging(&checkpoint), staged.into())?;
        if !self.store.swap(HEAD, Some(&head.version), note.clone().into())? {
            return Ok(None);
        }
        let after = self.head()?;
        match after.checkpoint.size >= checkpoint.size {
            true => Ok(Some(after)),
            false => Err(Error::store(
                HEAD,
                "the store said that it had replaced the head and did not; use one that keeps its word",
            )),
        }
    }

    /// What a longer log says, and the tiles and bundles that it adds.
    fn stage(&self, from: &Checkpoint, entries: &[Vec<u8>]) -> Result<(Checkpoint, BTreeMap<String, String>), Error> {
        if let Some(long) = entries.iter().find(|entry| entry.len() > LONGEST) {
            return Err(Error::input("an entry", format!("has {} bytes; the log takes {LONGEST} at most", long.len())));
        }
        let (tree, more) =
            (of_log(self.store, from.size), entries.iter().map(|it| merkle::leaf(it)).collect::<Vec<_>>());
        // What is signed next must begin with what was signed before, whatever the store gives back now.
        if tree.range(0..from.size)? != from.root {
            return Err(Error::broken("tile/", "the tiles are not those of the signed checkpoint"));
        }
        let longer = Longer { tree: &tree, size: from.size, more: &more };
        let size = from.size + more.len() as u64;
        let checkpoint = Checkpoint { origin: from.origin.clone(), size, root: longer.range(0..size)? };
        let mut staged = BTreeMap::new();
        for tile in Tile::new_in(from.size, size) {
            let first = tile.index * WIDTH;
            let bytes = match tile.level {
                None => {
                    let mut all = self.entries(first..from.size.max(first), from.size)?;
                    let start = usize::try_from(first.saturating_sub(from.size)).unwrap_or(usize::MAX);
                    let wanted = tile.width as usize - all.len();
                    all.extend(entries.iter().skip(start).take(wanted).cloned());
                    tile::bundle(&all).ok_or_else(|| Error::input("an entry", "is too long"))?
                }
                Some(level) => {
                    let hashes = (first..first + tile.width).map(|at| longer.node(HEIGHT * level, at));
                    tile::bytes(&hashes.collect::<Result<Vec<Digest>, Error>>()?)
                }
            };
            staged.insert(tile.to_string(), STANDARD.encode(bytes));
        }
        Ok((checkpoint, staged))
    }

    /// Puts everything that belongs to the head in its place and publishes it, where the writer of it has not.
    ///
    /// # Errors
    /// The store or a witness fails; to be done again.
    pub fn settle(&self, head: &Signed) -> Result<(), Error> {
        let size = head.checkpoint.size;
        let Some((published, note, _)) = self.published()? else { return self.complete(head, 0) };
        // A policy that names new witnesses wants their signatures on what is published already.
        match published.size > size || (published.size == size && self.policy.believe(&note).is_ok()) {
            true => Ok(()),
            false => self.complete(head, published.size),
        }
    }

    fn complete(&self, head: &Signed, published: u64) -> Result<(), Error> {
        let path = staging(&head.checkpoint);
        match self.store.get(&path)? {
            Some(staged) => self.place(&staged, &path)?,
            None if head.checkpoint.size == published => {}
            // Another writer has done it meanwhile, or there is nothing left to do it with.
            None if self.published()?.is_some_and(|(it, ..)| it.size >= head.checkpoint.size) => return Ok(()),
            None => return Err(Error::broken(&path, "is missing, so that the log cannot be completed")),
        }
        let note = cosign::witnessed(self, &head.note, &head.checkpoint, published)?;
        self.publish(&note, head.checkpoint.size)?;
        for (path, _) in self.store.list(STAGING)? {
            let size = path[STAGING.len()..].split('-').next().and_then(|size| size.parse::<u64>().ok());
            if size.is_some_and(|size| size <= head.checkpoint.size) {
                self.store.delete(&path)?;
            }
        }
        Ok(())
    }

    fn place(&self, staged: &[u8], path: &str) -> Result<(), Error> {
        let staged: BTreeMap<String, String> =
            serde_json::from_slice(staged).map_err(|error| Error::broken(path, error))?;
        for (place, bytes) in staged {
            let bytes = STANDARD.decode(bytes).map_err(|error| Error::broken(path, error))?;
            if Tile::parse(&place).is_none() {
                return Err(Error::broken(path, format!("would write {place:?}, which is no tile")));
            }
            self.store.put(&place, bytes.into())?;
        }
        Ok(())
    }

    /// Shows a checkpoint to clients, unless they see a longer log.
    fn publish(&self, note: &str, size: u64) -> Result<(), Error> {
        loop {
            let published = self.published()?;
            if published.as_ref().is_some_and(|(it, ..)| it.size > size) {
                return Ok(());
            }
            if self.store.swap(CHECKPOINT, published.as_ref().map(|it| &it.2), Bytes::from(note.to_owned()))? {
                return Ok(());
            }
        }
    }
}

/// Where what a checkpoint adds waits.
fn staging(checkpoint: &Checkpoint) -> String {
    format!("{STAGING}{}-{}", checkpoint.size, checkpoint.root)
}

fn signed(checkpoint: &Checkpoint, signers: &[Signer]) -> Result<String, Error> {
    let text = checkpoint.to_string();
    let signatures = signers.iter().map(|signer| sign(&text, &checkpoint.origin, signer)).collect::<Result<_, _>>()?;
    Ok(Note { text, signatures }.to_string())
}
