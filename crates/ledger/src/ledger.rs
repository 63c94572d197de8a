//! A ledger: its log, its segments, and what waits to be sealed.

use crate::adder::{Adder, Origin};
use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, Logged, Stated, statement_path};
use crate::error::Error;
use crate::hash::Digest;
use crate::home::{Home, Signing};
use crate::log::{Log, Signed};
use crate::merkle::{Nodes, leaf};
use crate::note::Verifier;
use crate::policy::Policy;
use crate::record::View;
use crate::segment::{Object, Seal};
use crate::snapshot::Snapshot;
use crate::statement::{KEY, LARGEST, Resource, Statement, tool};
use crate::store::{Part, Store};
use crate::table::Reader;
use crate::tiles::of_log;
use serde_json::json;
use sign::{Signer, VerifyingKey};
use std::collections::HashSet;

/// Where segments wait to be sealed.
pub const PENDING: &str = "pending/";
/// Times that a writer tries again because another was faster.
const TRIES: u32 = 1000;

/// A ledger in a store, with the home of whoever uses it.
pub struct Ledger {
    pub(crate) store: Store,
    pub(crate) home: Option<Home>,
    pub(crate) policy: Policy,
    pub(crate) passphrase: Option<String>,
}

/// What `seal` did.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The segments that are sealed now.
    pub segments: Vec<Seal>,
    /// How far the log goes.
    pub checkpoint: Checkpoint,
}

impl Ledger {
    /// Begins a ledger: an empty log in a store, a key and a policy in a home.
    ///
    /// # Errors
    /// There is one already, or the store does not keep its word about conditional writes.
    pub fn init(place: &str, home: Home, origin: &str, signing: &Signing) -> Result<Ledger, Error> {
        let store = Store::open(place)?;
        if store.version(crate::log::HEAD)?.is_some() {
            return Err(Error::store(place, "there is a ledger here already; give another place"));
        }
        store.probe()?;
        let policy = home.make(origin, signing)?;
        let passphrase = match signing {
            Signing::File { passphrase } => passphrase.clone(),
            Signing::Command { .. } => None,
        };
        let ledger = Ledger { store, home: Some(home), policy, passphrase };
        ledger.log().begin(origin, &ledger.signers()?)?;
        Ok(ledger)
    }

    /// Opens the ledger of this home.
    ///
    /// # Errors
    /// The home says nothing about whom to believe, or the store's address is wrong.
    pub fn open(place: &str, home: Home, passphrase: Option<String>) -> Result<Ledger, Error> {
        let policy = home.policy()?;
        Ok(Ledger { store: Store::open(place)?, home: Some(home), policy, passphrase })
    }

    /// Opens somebody else's ledger, to read it.
    ///
    /// # Errors
    /// The store's address is wrong.
    pub fn read(place: &str, policy: Policy) -> Result<Ledger, Error> {
        Ok(Ledger { store: Store::open(place)?, home: None, policy, passphrase: None })
    }

    /// Where it is kept.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whom it believes.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Where its secrets are.
    ///
    /// # Errors
    /// It is somebody else's ledger.
    pub fn home(&self) -> Result<&Home, Error> {
        self.home
            .as_ref()
            .ok_or_else(|| Error::input("--policy", "with it a ledger is only read; writing needs its home (--home)"))
    }

    /// Its log.
    pub fn log(&self) -> Log<'_> {
        Log { store: &self.store, policy: &self.policy }
    }

    pub(crate) fn signers(&self) -> Result<Vec<Signer>, Error> {
        self.home()?.signers(self.passphrase.as_deref())
    }

    /// The keys that statements are believed from.
    pub(crate) fn keys(&self) -> Vec<VerifyingKey> {
        self.policy.logs.iter().map(|log| log.key).collect()
    }

    /// Begins to add records of one origin. They are kept, and wait to be sealed, as soon as a segment of them is full or the adder is
    /// finished.
    ///
    /// # Errors
    /// There is no key to sign with.
    pub fn add(&self, origin: Origin) -> Result<Adder<'_>, Error> {
        // The newest key states, all keys sign checkpoints.
        let signer = self.signers()?.pop().ok_or_else(|| Error::input("the home", "has no key"))?;
        Adder::new(self, origin, signer)
    }

    /// The head of the log, after everything that belongs to it is in its place; an error if it is not what was seen here before.
    pub(crate) fn settled(&self) -> Result<Signed, Error> {
        let head = self.log().head()?;
        self.check(&head.checkpoint)?;
        self.log().settle(&head)?;
        Ok(head)
    }

    /// Whether a checkpoint continues the last one that was seen here.
    fn check(&self, now: &Checkpoint) -> Result<(), Error> {
        let Some(last) = self.home.as_ref().map(Home::last).transpose()?.flatten() else { return Ok(()) };
        if last.origin != now.origin {
            return Err(Error::broken(
                "head",
                format!("is of the log {:?}; this home belongs to {:?}", now.origin, last.origin),
            ));
        }
        if now.size < last.size {
            return Err(Error::broken(
                "head",
                format!("has {} entries, and {} were seen here before: the log was put back", now.size, last.size),
            ));
        }
        match now.size == last.size && now.root != last.root {
            true => Err(Error::broken(
                "head",
                format!("is another log of {} entries than was seen here before: it was forked", now.size),
            )),
            false => Ok(()),
        }
    }

    /// Seals everything that waits.
    ///
    /// # Errors
    /// Something that waits is damaged, the log is not what it should be, or a witness refuses; nothing is half sealed.
    pub fn seal(&self) -> Result<Sealed, Error> {
        let mut waiting = Vec::new();
        for (path, _) in self.store.list(PENDING)? {
            // Another writer may have sealed it meanwhile.
            let Some(bytes) = self.store.get(&path)? else { continue };
            waiting.push((path.clone(), self.waiting(&bytes).map_err(|why| Error::broken(path, why))?));
        }
        let (checkpoint, segments) = self.grow(&|snapshot| {
            let sealed: HashSet<Digest> = snapshot.segments().map(|(_, seal)| seal.id()).collect();
            waiting
                .iter()
                .map(|it| it.1.clone())
                .filter(|seal| !sealed.contains(&seal.id()))
                .map(Entry::Segment)
                .collect()
        })?;
        for (path, _) in &waiting {
            self.store.delete(path)?;
        }
        let segments = segments.into_iter().filter_map(|entry| match entry {
            Entry::Segment(seal) => Some(seal),
            Entry::Statement(_) => None,
        });
        Ok(Sealed { segments: segments.collect(), checkpoint })
    }

    /// What waits, if it is worth to be sealed: a statement of ours says so, and the objects are there.
    fn waiting(&self, bytes: &[u8]) -> Result<Seal, String> {
        let seal: Seal = serde_json::from_slice(bytes).map_err(|error| format!("is no seal ({error})"))?;
        let path = statement_path(seal.statement);
        let envelope =
            self.store.get(&path).map_err(|error| error.to_string())?.ok_or_else(|| format!("{path} is missing"))?;
        let statement = Statement::open(&envelope, &self.keys()).map_err(|why| format!("{path} {why}"))?;
        if Digest::of(&envelope) != seal.statement
            || statement.subject.first().and_then(|it| it.sha256()) != Some(seal.id())
        {
            return Err("is not the seal that its statement is about".to_owned());
        }
        for (path, object) in [(seal.table_path(), seal.table), (seal.tree_path(), seal.tree)] {
            let found = self.store.list(&path).map_err(|error| error.to_string())?;
            if !found.contains(&(path.clone(), object.length)) {
                return Err(format!("{path} is missing or has another length"));
            }
        }
        Ok(seal)
    }

    /// Puts a signed statement into the log.
    ///
    /// # Errors
    /// It is too large, or the log is not what it should be.
    pub fn state(&self, statement: &Statement) -> Result<Digest, Error> {
        let signer = self.signers()?.pop().ok_or_else(|| Error::input("the home", "has no key"))?;
        self.state_as(statement, &signer)
    }

    pub(crate) fn state_as(&self, statement: &Statement, signer: &Signer) -> Result<Digest, Error> {
        let envelope = self.keep(statement, signer)?;
        let stated = Stated { predicate_type: statement.predicate_type.clone(), envelope };
        self.grow(&|_| vec![Entry::Statement(stated.clone())])?;
        Ok(envelope.sha256)
    }

    /// Makes a further key, which the newest one before it states to be the log's.
    ///
    /// # Errors
    /// A command has the key, or as for any statement.
    pub fn rotate(&mut self, passphrase: Option<&str>) -> Result<Verifier, Error> {
        let signer = self.signers()?.pop().ok_or_else(|| Error::input("the home", "has no key"))?;
        let origin = self.log().head()?.checkpoint.origin;
        let verifier = self.home()?.rotate(&origin, passphrase)?;
        self.policy = self.home()?.policy()?;
        let subject = Resource::new(&format!("log {verifier}"), Digest::of(verifier.key.as_bytes()));
        let predicate = json!({ "verifier": verifier.to_string(), "stated": jiff::Timestamp::now(), "tool": tool() });
        self.state_as(&Statement::new(vec![subject], KEY, predicate), &signer)?;
        Ok(verifier)
    }

    /// Writes a signed statement into the store.
    pub(crate) fn keep(&self, statement: &Statement, signer: &Signer) -> Result<Object, Error> {
        let envelope = statement.seal(signer)?;
        let object = Object::of(envelope.as_bytes());
        if object.length > LARGEST {
            return Err(Error::input("the statement", format!("has {} bytes; {LARGEST} are the most", object.length)));
        }
        self.store.put(&statement_path(object.sha256), envelope.into())?;
        Ok(object)
    }

    /// Adds what `make` says to add to what the log says now, again until no other writer was faster.
    fn grow(&self, make: &dyn Fn(&Snapshot) -> Vec<Entry>) -> Result<(Checkpoint, Vec<Entry>), Error> {
        let signers = self.signers()?;
        for _ in 0..TRIES {
            let head = self.settled()?;
            let snapshot = self.snapshot()?;
            if snapshot.checkpoint != head.checkpoint {
                continue;
            }
            let entries = make(&snapshot);
            if entries.is_empty() {
                return Ok((head.checkpoint, entries));
            }
            let after = head.checkpoint.size;
            let bytes = entries
                .iter()
                .map(|entry| Logged { after, entry: entry.clone() }.encode())
                .collect::<Result<Vec<_>, _>>();
            let bytes = bytes.map_err(|error| Error::input("an entry", error))?;
            if let Some(after) = self.log().append(&head, &bytes, &signers)? {
                self.home()?.remember(&after.note, after.checkpoint.size)?;
                self.log().settle(&after)?;
                return Ok((after.checkpoint, entries));
            }
        }
        Err(Error::store("head", "other writers were always faster; try again"))
    }

    /// The statement with this digest.
    ///
    /// # Errors
    /// It is missing, changed, or signed by nobody who is believed.
    pub fn statement(&self, digest: Digest) -> Result<Statement, Error> {
        let path = statement_path(digest);
        let envelope = self.store.need(&path)?;
        if Digest::of(&envelope) != digest {
            return Err(Error::broken(path, "was changed"));
        }
        Statement::open(&envelope, &self.keys()).map_err(|why| Error::broken(path, why))
    }

    /// Does something with each record of a segment, in order, with its leaf hash, which is computed from the record.
    ///
    /// # Errors
    /// The table is missing or damaged, or `act` fails.
    pub fn records<E: From<Error>>(
        &self,
        seal: &Seal,
        act: &mut dyn FnMut(&View, Digest) -> Result<(), E>,
    ) -> Result<(), E> {
        let reader = self.table(seal)?;
        let mut bytes = Vec::new();
        for group in 0..reader.groups().len() {
            reader
                .each(group, &mut |row, _| -> Result<(), Either<E>> {
                    bytes.clear();
                    row.encode(&mut bytes).map_err(|error| Either::Ours(error.into()))?;
                    act(row, leaf(&bytes)).map_err(Either::Theirs)
                })
                .map_err(|error| match error {
                    Either::Ours(error) => E::from(error),
                    Either::Theirs(error) => error,
                })?;
        }
        Ok(())
    }

    /// The table of a segment, read in parts.
    pub(crate) fn table(&self, seal: &Seal) -> Result<Reader<Part>, Error> {
        Ok(Reader::open(Part::new(&self.store, seal.table_path(), seal.table.length))?)
    }

    /// The tree of the log.
    pub(crate) fn tree(&self, size: u64) -> impl Nodes<Error = Error> {
        of_log(&self.store, size)
    }
}

enum Either<E> {
    Ours(Error),
    Theirs(E),
}

impl<E> From<crate::table::TableError> for Either<E> {
    fn from(error: crate::table::TableError) -> Either<E> {
        Either::Ours(error.into())
    }
}
