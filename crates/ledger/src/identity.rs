//! Who is behind the commitments in the log. A record has HMAC-SHA-256(salt, identity), with a random salt for each identity that is kept
//! here only: who erases the salt leaves a number in the log that says nothing about anybody any more, and the log as it was.

use crate::error::Error;
use crate::hash::Digest;
use hmac::{Hmac, KeyInit, Mac};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sha2::Sha256;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long another process may hold the file.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer names are cut: they are no people's.
const LONGEST: usize = 1000;

/// The table of identities.
pub struct Identities {
    path: PathBuf,
    database: Connection,
    seen: HashMap<String, Digest>,
}

impl Identities {
    /// The identities in a file, which is made where there is none. What is erased there is overwritten.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Identities, Error> {
        let bad = |error: rusqlite::Error| failed(path, &error);
        guard(path).map_err(|error| Error::Home { path: path.to_owned(), why: format!("cannot be made ({error})") })?;
        let database = Connection::open(path).map_err(bad)?;
        database.busy_timeout(PATIENCE).map_err(bad)?;
        database.pragma_update(None, "secure_delete", true).map_err(bad)?;
        database
            .execute_batch("CREATE TABLE IF NOT EXISTS identity (name TEXT PRIMARY KEY, salt BLOB NOT NULL, digest BLOB NOT NULL UNIQUE) WITHOUT ROWID")
            .map_err(bad)?;
        Ok(Identities { path: path.to_owned(), database, seen: HashMap::new() })
    }

    /// The commitments to identities, which get a salt where they have none. They are on stable storage when this returns.
    ///
    /// # Errors
    /// The file fails.
    pub fn commit(&mut self, names: &[String]) -> Result<Vec<Digest>, Error> {
        let names: Vec<String> = names.iter().map(|name| normal(name)).collect();
        let mut new: Vec<&String> = names.iter().filter(|name| !self.seen.contains_key(*name)).collect();
        new.sort();
        new.dedup();
        if !new.is_empty() {
            let known = known(&mut self.database, &new).map_err(|error| failed(&self.path, &error))?;
            self.seen.extend(known);
        }
        Ok(names.iter().filter_map(|name| self.seen.get(name).copied()).collect())
    }

    /// The commitment to an identity that is known here.
    ///
    /// # Errors
    /// The file fails.
    pub fn find(&self, name: &str) -> Result<Option<Digest>, Error> {
        let found = self
            .database
            .query_row("SELECT digest FROM identity WHERE name = ?", [normal(name)], |row| row.get::<_, Vec<u8>>(0));
        let found = found.optional().map_err(|error| failed(&self.path, &error))?;
        Ok(found.and_then(|digest| Digest::from_slice(&digest)))
    }

    /// Who is behind a commitment, if it is known here.
    ///
    /// # Errors
    /// The file fails.
    pub fn name(&self, commitment: &Digest) -> Result<Option<String>, Error> {
        let found =
            self.database.query_row("SELECT name FROM identity WHERE digest = ?", [commitment.0], |row| row.get(0));
        found.optional().map_err(|error| failed(&self.path, &error))
    }

    /// Forgets an identity and its salt for ever; whether it was known.
    ///
    /// # Errors
    /// The file fails.
    pub fn erase(&mut self, name: &str) -> Result<bool, Error> {
        let name = normal(name);
        self.seen.remove(&name);
        let erased = self.database.execute("DELETE FROM identity WHERE name = ?", [name]);
        Ok(erased.map_err(|error| failed(&self.path, &error))? > 0)
    }
}

/// Others are kept out before there is anything to read.
fn guard(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    options.open(path).map(|_| ())
}

/// The commitments to names, made where there is none.
fn known(database: &mut Connection, names: &[&String]) -> rusqlite::Result<Vec<(String, Digest)>> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut found = Vec::with_capacity(names.len());
    {
        let mut get = transaction.prepare_cached("SELECT digest FROM identity WHERE name = ?")?;
        let mut put = transaction.prepare_cached("INSERT INTO identity (name, salt, digest) VALUES (?, ?, ?)")?;
        for &name in names {
            let stored: Option<Vec<u8>> = get.query_row([name], |row| row.get(0)).optional()?;
            let digest = match stored.and_then(|it| Digest::from_slice(&it)) {
                Some(digest) => digest,
                None => {
                    let salt: [u8; 32] = rand::random();
                    let digest = commitment(&salt, name);
                    put.execute((name, salt, digest.0))?;
                    digest
                }
            };
            found.push((name.clone(), digest));
        }
    }
    transaction.commit()?;
    Ok(found)
}

/// The commitment to an identity.
pub fn commitment(salt: &[u8; 32], name: &str) -> Digest {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(salt) else { return Digest::of(salt) };
    mac.update(normal(name).as_bytes());
    Digest(mac.finalize().into_bytes().into())
}

/// One person writes a name in several ways: the address, where there is one, in lower case.
fn normal(name: &str) -> String {
    let address = name.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address.trim());
    let identity = address.filter(|it| it.contains('@')).unwrap_or(name).trim();
    identity.chars().take(LONGEST).collect::<String>().to_lowercase()
}

fn failed(path: &Path, error: &rusqlite::Error) -> Error {
    Error::Home { path: path.to_owned(), why: format!("the identities cannot be read or written ({error})") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_identity_has_one_commitment_until_it_is_erased() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("home/identities.db");
        let mut identities = Identities::open(&path).unwrap();
        let names = ["Ann <ann@example.com>".to_owned(), "A. <ANN@example.com>".to_owned(), "Bob".to_owned()];
        let first = identities.commit(&names).unwrap();
        assert_eq!((first[0], first.len()), (first[1], 3));
        assert_ne!(first[0], first[2]);
        let mut again = Identities::open(&path).unwrap();
        assert_eq!(again.commit(&names).unwrap(), first);
        assert_eq!(again.name(&first[0]).unwrap().as_deref(), Some("ann@example.com"));
        assert_eq!(again.find("Ann <ann@example.com>").unwrap(), Some(first[0]));

        assert!(again.erase("ann@example.com").unwrap());
        assert!(!again.erase("ann@example.com").unwrap());
        assert_eq!((again.name(&first[0]).unwrap(), again.find("ann@example.com").unwrap()), (None, None));
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(15).any(|it| it == b"ann@example.com"));
        let after = again.commit(&names[..1]).unwrap();
        assert_ne!(after[0], first[0]);
    }
}
