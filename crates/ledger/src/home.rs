//! What belongs to a ledger and must not stand in it: keys, whom to believe, who is behind the commitments, and the last checkpoint that
//! was seen. A folder, by default beside the ledger.

use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::identity::Identities;
use crate::note::{Kind, Note, Verifier};
use crate::policy::Policy;
use sign::{Signer, VerifyingKey, key};
use std::fs;
use std::path::{Path, PathBuf};

const POLICY: &str = "policy";
const LAST: &str = "last-checkpoint";
const COMMAND: &str = "sign-command";
const IDENTITIES: &str = "identities.db";

/// A ledger's home.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
}

/// What signs for a ledger.
#[derive(Debug, Clone)]
pub enum Signing {
    /// A key in a file of the home, encrypted where there is a passphrase.
    File {
        /// The passphrase.
        passphrase: Option<String>,
    },
    /// A program that has the key.
    Command {
        /// The command line.
        command: String,
        /// Its public key.
        public: VerifyingKey,
    },
}

impl Home {
    /// The home in a folder.
    pub fn at(folder: &Path) -> Home {
        Home { folder: folder.to_owned() }
    }

    /// Makes a home for a new log: a key and a policy that believes it.
    ///
    /// # Errors
    /// There is one, or it cannot be written.
    pub fn make(&self, origin: &str, signing: &Signing) -> Result<Policy, Error> {
        let path = self.folder.join(POLICY);
        if path.exists() {
            return Err(self.bad(POLICY, "there is a ledger's home here already; give another folder with --home"));
        }
        let public = match signing {
            Signing::File { passphrase } => {
                key::make(&self.folder.join("key-1.pem"), passphrase.as_deref())?.verifying_key()
            }
            Signing::Command { command, public } => {
                fs::create_dir_all(&self.folder).map_err(|error| self.bad(COMMAND, error))?;
                let verifier = Verifier::new(origin, Kind::Note, *public).map_err(|why| self.bad(POLICY, why))?;
                self.write(COMMAND, &format!("{verifier}\n{command}\n"))?;
                *public
            }
        };
        let verifier = Verifier::new(origin, Kind::Note, public).map_err(|why| self.bad(POLICY, why))?;
        let policy = Policy::of(verifier);
        self.write(POLICY, &policy.write())?;
        Ok(policy)
    }

    /// Whom to believe.
    ///
    /// # Errors
    /// The file is missing or wrong.
    pub fn policy(&self) -> Result<Policy, Error> {
        let path = self.folder.join(POLICY);
        let text = fs::read_to_string(&path).map_err(|error| {
            self.bad(POLICY, format!("cannot be read ({error}); `taster ledger init` makes one, and --policy FILE names that of somebody else's ledger"))
        })?;
        let policy = Policy::parse(&text).map_err(|why| self.bad(POLICY, why))?;
        match policy.logs.is_empty() {
            true => Err(self.bad(POLICY, "names no log; add a line `log VKEY`")),
            false => Ok(policy),
        }
    }

    /// Everything that signs checkpoints here, oldest key first.
    ///
    /// # Errors
    /// A key cannot be read, or there is none.
    pub fn signers(&self, passphrase: Option<&str>) -> Result<Vec<Signer>, Error> {
        let command = self.folder.join(COMMAND);
        if command.exists() {
            let text = fs::read_to_string(&command).map_err(|error| self.bad(COMMAND, error))?;
            let (verifier, command) = text
                .trim_end()
                .split_once('\n')
                .ok_or_else(|| self.bad(COMMAND, "has not two lines, a verifier key and a command"))?;
            let verifier: Verifier = verifier.parse().map_err(|why| self.bad(COMMAND, why))?;
            return Ok(vec![Signer::Command { command: command.to_owned(), public: verifier.key }]);
        }
        let signers = self.keys()?.into_iter().map(|(_, path)| Ok(Signer::from(key::read(&path, passphrase)?)));
        let signers = signers.collect::<Result<Vec<_>, Error>>()?;
        match signers.is_empty() {
            true => {
                Err(self.bad("key-1.pem", "there is no key to sign with; writing needs the home of the ledger's owner"))
            }
            false => Ok(signers),
        }
    }

    /// Key files by number.
    fn keys(&self) -> Result<Vec<(u32, PathBuf)>, Error> {
        let entries = fs::read_dir(&self.folder).map_err(|error| self.bad("", format!("cannot be read ({error})")))?;
        let number = |name: &str| name.strip_prefix("key-")?.strip_suffix(".pem")?.parse().ok();
        let mut keys: Vec<(u32, PathBuf)> =
            entries.flatten().filter_map(|it| Some((number(it.file_name().to_str()?)?, it.path()))).collect();
        keys.sort();
        Ok(keys)
    }

    /// Makes a further key, which the policy believes from now on.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn rotate(&self, origin: &str, passphrase: Option<&str>) -> Result<Verifier, Error> {
        let mut policy = self.policy()?;
        let last = self.keys()?.last().map(|(number, _)| *number);
        let last = last.ok_or_else(|| {
            self.bad(COMMAND, "the key is held by a command; rotate it there, then change this file and the policy")
        })?;
        let key = key::make(&self.folder.join(format!("key-{}.pem", last + 1)), passphrase)?;
        let verifier = Verifier::new(origin, Kind::Note, key.verifying_key()).map_err(|why| self.bad(POLICY, why))?;
        policy.logs.push(verifier.clone());
        self.write(POLICY, &policy.write())?;
        Ok(verifier)
    }

    /// Who is behind the commitments.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn identities(&self) -> Result<Identities, Error> {
        Identities::open(&self.folder.join(IDENTITIES))
    }

    /// The last checkpoint that was seen.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn last(&self) -> Result<Option<Checkpoint>, Error> {
        let path = self.folder.join(LAST);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).map_err(|error| self.bad(LAST, error))?;
        let note = Note::parse(&text).map_err(|error| self.bad(LAST, error))?;
        Ok(Some(Checkpoint::parse(&note.text).map_err(|why| self.bad(LAST, why))?))
    }

    /// Remembers a checkpoint, unless a longer one is remembered.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn remember(&self, note: &str, size: u64) -> Result<(), Error> {
        if self.last()?.is_some_and(|last| last.size >= size) {
            return Ok(());
        }
        self.write(LAST, note)
    }

    /// Where a file of this name is kept.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let unfinished = self.folder.join(format!(".{name}-{:08x}", rand::random::<u32>()));
        let written = fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, self.folder.join(name)));
        written.map_err(|error| self.bad(name, format!("cannot be written ({error})")))
    }

    fn bad(&self, name: &str, why: impl ToString) -> Error {
        Error::Home { path: self.folder.join(name), why: why.to_string() }
    }
}
