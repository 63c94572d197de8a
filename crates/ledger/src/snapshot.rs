//! What the log says at a checkpoint.

use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, Logged, Stated};
use crate::error::Error;
use crate::home::Home;
use crate::ledger::Ledger;
use crate::merkle::{Nodes, Tree, leaf};
use crate::segment::Seal;

/// What the log says at a checkpoint: read whole, and hashed to its root.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// How far it goes.
    pub checkpoint: Checkpoint,
    /// Its entries.
    pub entries: Vec<Entry>,
    /// The same, as they were hashed.
    pub(crate) bytes: Vec<Vec<u8>>,
}

impl Snapshot {
    /// The sealed segments, with their place in the log.
    pub fn segments(&self) -> impl Iterator<Item = (u64, &Seal)> {
        (0..).zip(&self.entries).filter_map(|(at, entry)| match entry {
            Entry::Segment(seal) => Some((at, seal)),
            Entry::Statement(_) => None,
        })
    }

    /// The statements of a kind, with their place in the log.
    pub fn statements(&self, kind: &str) -> impl Iterator<Item = (u64, &Stated)> {
        (0..).zip(&self.entries).filter_map(move |(at, entry)| match entry {
            Entry::Statement(stated) if stated.predicate_type == kind => Some((at, stated)),
            _ => None,
        })
    }
}

impl Ledger {
    /// All that the log says.
    ///
    /// # Errors
    /// It is not what its checkpoint says, or not what was seen here before.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        let (published, note, _) = self
            .log()
            .published()?
            .ok_or_else(|| Error::store("checkpoint", "there is no ledger here; `taster ledger init` makes one"))?;
        if let Err(why) = self.policy.believe(&note) {
            return Err(Error::broken("checkpoint", why));
        }
        let bytes = self.log().entries(0..published.size, published.size)?;
        let tree = Tree::new(bytes.iter().map(|entry| leaf(entry)).collect());
        if tree.root() != published.root {
            return Err(Error::broken("tile/entries/", "the entries are not those of the signed checkpoint"));
        }
        if let Some(last) = self.home.as_ref().map(Home::last).transpose()?.flatten() {
            // The head may be further than what is published, while a writer is at work.
            let before = last.size.min(published.size);
            let fits = match tree.range(0..before) {
                Ok(root) => before < last.size || root == last.root,
                Err(none) => match none {},
            };
            if !fits {
                return Err(Error::broken(
                    "checkpoint",
                    format!(
                        "does not continue the log of {} entries that was seen here before: it was forked",
                        last.size
                    ),
                ));
            }
        }
        let entry = |(at, bytes): (usize, &Vec<u8>)| {
            Logged::decode(bytes).map(|it| it.entry).map_err(|error| Error::broken(format!("entry {at}"), error))
        };
        let entries = bytes.iter().enumerate().map(entry).collect::<Result<_, _>>()?;
        Ok(Snapshot { checkpoint: published, entries, bytes })
    }
}
