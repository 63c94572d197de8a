//! Does the story hold? Everything in the store is read and held against what is signed, in the order of the log, so that what is named
//! first is the first place that is bad.

use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, Logged, statement_path};
use crate::error::Error;
use crate::hash::Digest;
use crate::home::Home;
use crate::ledger::{Ledger, PENDING};
use crate::log::{CHECKPOINT, HEAD, STAGING};
use crate::merkle::{Nodes, Tree, leaf};
use crate::note::Note;
use crate::segment::{Object, Seal, tree_file};
use crate::statement::Statement;
use crate::table::{Reader, TableError};
use crate::tile::{self, HEIGHT, Tile, WIDTH};
use crate::tiles::of_log;
use bytes::Bytes;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Entries of the log.
    pub entries: u64,
    /// Segments and statements among them.
    pub segments: u64,
    /// Statements.
    pub statements: u64,
    /// Records whose leaf hash was computed again.
    pub records: u64,
    /// Segments that wait to be sealed: they promise nothing yet.
    pub waiting: u64,
    /// Objects that belong to nothing, as of a writer that was killed.
    pub orphans: u64,
    /// Where the story does not hold, the first place first. Later places are looked at where that makes sense.
    pub faults: Vec<Fault>,
    /// What is worth knowing and no fault.
    pub remarks: Vec<String>,
}

/// A place where the story does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The object, and where in it.
    pub place: String,
    /// What is wrong.
    pub why: String,
}

impl Fault {
    pub(crate) fn new(place: impl ToString, why: impl ToString) -> Fault {
        Fault { place: place.to_string(), why: why.to_string() }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error {
            Error::Broken { place, why } | Error::Store { place, why } => Fault { place, why },
            other => Fault { place: "the ledger".to_owned(), why: other.to_string() },
        }
    }
}

/// Faults after which a verification ends: where so much is wrong, more says nothing.
const ENOUGH: usize = 20;

impl Ledger {
    /// Reads everything in the store. `progress` hears how many records were verified so far.
    pub fn verify(&self, progress: &(dyn Fn(u64) + Sync)) -> Verification {
        let mut found = Verification::default();
        if let Err(fault) = self.verify_all(&mut found, progress) {
            found.faults.push(fault);
        }
        found
    }

    fn verify_all(&self, found: &mut Verification, progress: &(dyn Fn(u64) + Sync)) -> Result<(), Fault> {
        let objects: BTreeMap<String, u64> = self.store.list("")?.into_iter().collect();
        let entries = self.verify_log(found, &objects)?;
        let mut known = HashSet::new();
        for (at, logged) in entries.iter().enumerate() {
            match &logged.entry {
                Entry::Segment(seal) => {
                    known.extend([seal.table_path(), seal.tree_path(), statement_path(seal.statement)]);
                    found.segments += 1;
                    let before = found.records;
                    let faults = self.verify_segment(seal, &|records| progress(before + records));
                    found.records += seal.records;
                    found.faults.extend(faults);
                }
                Entry::Statement(stated) => {
                    known.insert(statement_path(stated.envelope.sha256));
                    found.statements += 1;
                    found
                        .faults
                        .extend(self.verify_statement(stated.envelope.sha256, &stated.predicate_type, None).err());
                }
            }
            if found.faults.len() >= ENOUGH {
                found.remarks.push(format!("stopped after {ENOUGH} faults, at entry {at} of {}", entries.len()));
                return Ok(());
            }
        }
        let revoked = self.verify_revocations(found);
        found.faults.extend(revoked);
        let belongs =
            |path: &String| known.contains(path) || path == HEAD || path == CHECKPOINT || path.starts_with("tile/");
        let waits = |path: &String| path.starts_with(PENDING);
        found.waiting = objects.keys().filter(|path| waits(path)).count() as u64;
        found.orphans = objects.keys().filter(|path| !belongs(path) && !waits(path)).count() as u64;
        Ok(())
    }

    /// The entries of the log, after checkpoint, head, bundles and tiles agree.
    fn verify_log(&self, found: &mut Verification, objects: &BTreeMap<String, u64>) -> Result<Vec<Logged>, Fault> {
        let log = self.log();
        let head = log.head()?;
        let (published, note, _) = log.published()?.ok_or_else(|| Fault::new(CHECKPOINT, "is missing"))?;
        self.policy.believe(&note).map_err(|why| Fault::new(CHECKPOINT, why))?;
        self.strict(HEAD, &head.note)?;
        self.strict(CHECKPOINT, &note)?;
        let last = self.home.as_ref().map(Home::last).transpose()?.flatten();
        if let Some(last) = last.as_ref().filter(|last| last.size > head.checkpoint.size) {
            return Err(Fault::new(
                HEAD,
                format!(
                    "has {} entries, and {} were seen here before: the log was put back",
                    head.checkpoint.size, last.size
                ),
            ));
        }
        if head.checkpoint.size < published.size {
            return Err(Fault::new(
                HEAD,
                format!("has {} entries, and the checkpoint {}: it was put back", head.checkpoint.size, published.size),
            ));
        }
        if head.checkpoint.size > published.size {
            let staged = objects.keys().any(|path| path.starts_with(STAGING));
            let why = format!("has {} entries, and the head {}", published.size, head.checkpoint.size);
            if !staged {
                return Err(Fault::new(CHECKPOINT, format!("{why}: it was put back")));
            }
            found.remarks.push(format!(
                "the checkpoint {why}: a writer is at work or was interrupted; `taster ledger seal` completes it"
            ));
        }
        let size = published.size;
        let entries = log.entries(0..size, size)?;
        let tree = Tree::new(entries.iter().map(|entry| leaf(entry)).collect());
        if tree.root() != published.root {
            return Err(self.changed_entry(&tree, &published));
        }
        let same = head.checkpoint.size > size || head.checkpoint.root == published.root;
        if !same {
            return Err(Fault::new(HEAD, "is another log of the same size than the checkpoint: the log was forked"));
        }
        if let Some(last) = last.filter(|last| last.size <= size) {
            let Ok::<_, Infallible>(root) = tree.range(0..last.size);
            if root != last.root {
                return Err(Fault::new(
                    CHECKPOINT,
                    format!(
                        "does not continue the log of {} entries that was seen here before: it was forked",
                        last.size
                    ),
                ));
            }
        }
        let logged = entries.iter().enumerate().map(|(at, entry)| {
            let logged = Logged::decode(entry);
            logged.map_err(|error| {
                Fault::new(format!("entry {at}"), format!("says nothing that this taster knows ({error})"))
            })
        });
        let logged = logged.collect::<Result<Vec<_>, _>>()?;
        self.verify_tiles(&tree, &entries, &logged, objects)?;
        found.entries = size;
        Ok(logged)
    }

    /// Which entry was changed, where the tiles still say so.
    fn changed_entry(&self, entries: &Tree, published: &Checkpoint) -> Fault {
        let rewritten = Fault::new(
            "tile/entries/",
            "the entries are not those of the signed checkpoint, and neither are the tiles: the log was rewritten",
        );
        let hashed = of_log(&self.store, published.size);
        if !hashed.range(0..published.size).is_ok_and(|root| root == published.root) {
            return rewritten;
        }
        let differs =
            |at: &u64| !hashed.node(0, *at).is_ok_and(|leaf| Some(&leaf) == entries.level(0).get(*at as usize));
        (0..published.size).find(differs).map_or(rewritten, |at| {
            let first = at / WIDTH * WIDTH;
            let bundle = Tile { level: None, index: at / WIDTH, width: WIDTH.min(published.size - first) };
            Fault::new(format!("{bundle}, entry {at}"), "was changed")
        })
    }

    /// A note of our own has no signature but those of keys that the policy knows: what else stands there was put there.
    fn strict(&self, place: &str, note: &str) -> Result<(), Fault> {
        let known = self.policy.verifiers();
        let note = Note::parse(note).map_err(|error| Fault::new(place, error))?;
        let unknown =
            note.signatures.iter().find(|it| !known.iter().any(|key| key.name == it.name && key.id() == it.id));
        match unknown {
            Some(signature) => {
                Err(Fault::new(place, format!("has a signature of {:?} that the policy does not know", signature.name)))
            }
            None => Ok(()),
        }
    }

    /// Each tile and each bundle, the partial ones of earlier sizes too, has what the entries give.
    fn verify_tiles(
        &self,
        tree: &Tree,
        entries: &[Vec<u8>],
        logged: &[Logged],
        objects: &BTreeMap<String, u64>,
    ) -> Result<(), Fault> {
        let mut present: Vec<Tile> = Vec::new();
        for path in objects.keys().filter(|path| path.starts_with("tile/")) {
            present.push(Tile::parse(path).ok_or_else(|| Fault::new(path, "is no tile"))?);
        }
        let mut sizes: Vec<u64> = logged.iter().map(|it| it.after).chain([tree.size()]).collect();
        sizes.dedup();
        if !sizes.is_sorted() || sizes.first() != Some(&0) {
            return Err(Fault::new("tile/entries/", "the entries do not say in order when they were added"));
        }
        let there: HashSet<&Tile> = present.iter().collect();
        let mut needed = sizes.windows(2).flat_map(|it| Tile::new_in(it[0], it[1]));
        if let Some(missing) = needed.find(|tile| !there.contains(tile)) {
            return Err(Fault::new(missing, "is missing"));
        }
        present.sort_by_key(|tile| (tile.level, tile.index, tile.width));
        present.iter().try_for_each(|tile| {
            let range = tile.index * WIDTH..tile.index * WIDTH + tile.width;
            let range = range.start as usize..range.end as usize;
            let expected = match tile.level {
                None => entries.get(range).and_then(tile::bundle),
                Some(level) => tree.level(HEIGHT * level).get(range).map(tile::bytes),
            };
            match expected {
                // A writer is at work beyond what is published.
                None => Ok(()),
                Some(expected) if self.store.need(&tile.to_string())? == expected => Ok(()),
                Some(_) => Err(Fault::new(tile, "is not what the entries of the log give")),
            }
        })
    }

    fn verify_statement(&self, digest: Digest, kind: &str, subject: Option<Digest>) -> Result<Statement, Fault> {
        let statement = self.statement(digest)?;
        let place = statement_path(digest);
        if !kind.is_empty() && statement.predicate_type != kind {
            return Err(Fault::new(place, format!("is a {}, and the log says {kind}", statement.predicate_type)));
        }
        match subject {
            Some(subject) if statement.subject.first().and_then(|it| it.sha256()) != Some(subject) => {
                Err(Fault::new(place, "is about something else than the segment that it is said to have made"))
            }
            _ => Ok(statement),
        }
    }

    fn verify_segment(&self, seal: &Seal, progress: &(dyn Fn(u64) + Sync)) -> Vec<Fault> {
        let mut faults: Vec<Fault> =
            self.verify_statement(seal.statement, "", Some(seal.id())).err().into_iter().collect();
        let table = self.object(&seal.table_path(), seal.table);
        let tree = self.object(&seal.tree_path(), seal.tree);
        let table = match table {
            Ok((bytes, whole)) => {
                let read = read_table(&bytes, seal, progress);
                match (read, whole) {
                    (Ok(read), true) => Some(read),
                    (Ok(_), false) => {
                        faults.push(Fault::new(seal.table_path(), "was changed where no record stands"));
                        None
                    }
                    (Err(fault), _) => {
                        faults.push(fault);
                        None
                    }
                }
            }
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        match (table, tree) {
            (Some((leaves, index)), Ok((bytes, whole))) => {
                let (root, expected) = tree_file(leaves, index);
                if root != seal.root {
                    faults.push(Fault::new(seal.table_path(), "its records do not give the root that was sealed"));
                } else if bytes != expected {
                    let at = bytes.iter().zip(&expected).take_while(|(a, b)| a == b).count();
                    faults.push(Fault::new(format!("{}, byte {at}", seal.tree_path()), "is not what the records give"));
                } else if !whole {
                    faults.push(Fault::new(seal.tree_path(), "is not the one that was sealed"));
                }
            }
            (None, Ok((_, true))) => {}
            (None, Ok((_, false))) => faults.push(Fault::new(seal.tree_path(), "was changed")),
            (_, Err(fault)) => faults.push(fault),
        }
        faults
    }

    /// The bytes of an object, and whether they are those that were sealed.
    fn object(&self, path: &str, object: Object) -> Result<(Bytes, bool), Fault> {
        let bytes = self.store.need(path)?;
        if bytes.len() as u64 != object.length {
            return Err(Fault::new(path, format!("has {} bytes, and {} were sealed", bytes.len(), object.length)));
        }
        let whole = Digest::of(&bytes) == object.sha256;
        Ok((bytes, whole))
    }
}

/// Leaf hashes and index of a table, computed from its rows.
type Read = (Vec<Digest>, Vec<([u8; 8], u32)>);

/// Reads a table that may have been changed. Parquet's reader answers some damage with a panic, which is an answer too.
fn read_table(bytes: &Bytes, seal: &Seal, progress: &(dyn Fn(u64) + Sync)) -> Result<Read, Fault> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read_groups(bytes, seal, progress)))
        .unwrap_or_else(|_| Err(Fault::new(seal.table_path(), "is damaged beyond reading")))
}

fn read_groups(bytes: &Bytes, seal: &Seal, progress: &(dyn Fn(u64) + Sync)) -> Result<Read, Fault> {
    let place = seal.table_path();
    let reader = Reader::open(bytes.clone()).map_err(|error| Fault::new(&place, error))?;
    let groups = reader.groups();
    let rows: u64 = groups.iter().sum();
    if rows != seal.records {
        return Err(Fault::new(&place, format!("has {rows} records, and {} were sealed", seal.records)));
    }
    let firsts: Vec<u64> = groups.iter().scan(0, |at, rows| Some(std::mem::replace(at, *at + rows))).collect();
    let done = std::sync::atomic::AtomicU64::new(0);
    let parts: Vec<Result<Read, Fault>> = (0..groups.len())
        .into_par_iter()
        .map(|group| {
            let part = read_group(&reader, group, firsts[group], &place)?;
            progress(done.fetch_add(groups[group], std::sync::atomic::Ordering::Relaxed) + groups[group]);
            Ok(part)
        })
        .collect();
    let (mut leaves, mut index) = (Vec::new(), Vec::new());
    for part in parts {
        let (more, entries) = part?;
        leaves.extend(more);
        index.extend(entries);
    }
    Ok((leaves, index))
}

fn read_group(reader: &Reader<Bytes>, group: usize, first: u64, place: &str) -> Result<Read, Fault> {
    let (mut leaves, mut index, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    let mut row = first;
    reader
        .each(group, &mut |view, said| -> Result<(), At> {
            let bad = |why: &dyn std::fmt::Display| At(Fault::new(format!("{place}, record {row}"), why));
            bytes.clear();
            view.encode(&mut bytes).map_err(|error| bad(&error))?;
            let computed = leaf(&bytes);
            if computed.0 != *said {
                return Err(bad(&"is not what was hashed"));
            }
            let content = view.content.first_chunk::<8>().ok_or_else(|| bad(&"has no content"))?;
            index.push((*content, row as u32));
            leaves.push(computed);
            row += 1;
            Ok(())
        })
        .map_err(|At(fault)| match fault.place.is_empty() {
            true => Fault::new(format!("{place}, after record {}", first + leaves.len() as u64), fault.why),
            false => fault,
        })?;
    Ok((leaves, index))
}

/// A fault whose place is not known yet where it is empty.
struct At(Fault);

impl From<TableError> for At {
    fn from(error: TableError) -> At {
        At(Fault::new("", error))
    }
}
