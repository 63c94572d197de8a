//! A witness (the server's side of C2SP tlog-witness): it cosigns a checkpoint only if the log has grown from the one that it cosigned
//! before, so that a log cannot show different histories to different people.

use crate::checkpoint::{Checkpoint, decimal};
use crate::error::Error;
use crate::hash::{Digest, hex};
use crate::merkle::{empty, is_consistent};
use crate::note::{Kind, Note, Verifier, cosign};
use crate::policy::Policy;
use crate::store::{Store, Version};
use sign::Signer;
use std::path::Path;
use std::sync::Mutex;

/// Lines of a proof, at most.
const PROOF: usize = 63;
/// A longer request is not read.
pub const LONGEST: usize = 128 << 10;

/// A witness with what it remembers.
pub struct Witness {
    verifier: Verifier,
    signer: Signer,
    logs: Vec<Verifier>,
    store: Store,
    /// One at a time in this process; between processes the store's compare and swap decides.
    busy: Mutex<()>,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: the cosignature's line.
    Cosigned(String),
    /// 400: the request makes no sense.
    Bad(String),
    /// 403: not signed by the log.
    Forbidden(String),
    /// 404: a log that it does not witness.
    Unknown,
    /// 409: it has seen this size.
    Conflict(u64),
    /// 422: the log does not continue what it has seen.
    Inconsistent(String),
    /// 500: it could not remember, so it did not sign.
    Failed(String),
}

impl Answer {
    /// Its HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Answer::Cosigned(_) => 200,
            Answer::Bad(_) => 400,
            Answer::Forbidden(_) => 403,
            Answer::Unknown => 404,
            Answer::Conflict(_) => 409,
            Answer::Inconsistent(_) => 422,
            Answer::Failed(_) => 500,
        }
    }

    /// Its body.
    pub fn body(self) -> String {
        match self {
            Answer::Cosigned(line) => line,
            Answer::Conflict(size) => format!("{size}\n"),
            Answer::Unknown => "this log is not witnessed here\n".to_owned(),
            Answer::Bad(why) | Answer::Forbidden(why) | Answer::Inconsistent(why) | Answer::Failed(why) => {
                format!("{why}\n")
            }
        }
    }
}

impl Witness {
    /// A witness of a policy's logs that remembers in a folder.
    ///
    /// # Errors
    /// Its name cannot be one.
    pub fn new(name: &str, signer: Signer, logs: &Policy, memory: &str) -> Result<Witness, Error> {
        let verifier =
            Verifier::new(name, Kind::Cosignature, signer.public()).map_err(|why| Error::input("--name", why))?;
        Ok(Witness { verifier, signer, logs: logs.logs.clone(), store: Store::open(memory)?, busy: Mutex::new(()) })
    }

    /// A witness whose key, made where there is none, and memory are in a folder.
    ///
    /// # Errors
    /// The key cannot be read or made, or the name cannot be one.
    pub fn open(name: &str, folder: &Path, passphrase: Option<&str>, logs: &Policy) -> Result<Witness, Error> {
        let key = sign::key::read_or_make(&folder.join("key.pem"), passphrase)?;
        Witness::new(name, key.into(), logs, &folder.join("seen").display().to_string())
    }

    /// Its public key, for policies.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Answers a request to cosign, at a time in seconds since 1970.
    pub fn add_checkpoint(&self, body: &str, now: u64) -> Answer {
        let _one = self.busy.lock();
        loop {
            match self.weigh(body, now) {
                Ok(Some(line)) => return Answer::Cosigned(line),
                // Another process has cosigned meanwhile.
                Ok(None) => {}
                Err(answer) => return answer,
            }
        }
    }

    fn weigh(&self, body: &str, now: u64) -> Result<Option<String>, Answer> {
        let request = Request::parse(body).map_err(|why| Answer::Bad(why.to_owned()))?;
        let (note, new) = (&request.note, &request.checkpoint);
        let keys: Vec<Verifier> = self.logs.iter().filter(|log| log.name == new.origin).cloned().collect();
        if keys.is_empty() {
            return Err(Answer::Unknown);
        }
        note.verify(&keys).map_err(|error| Answer::Forbidden(format!("the checkpoint {error}")))?;
        if request.old > new.size {
            return Err(Answer::Bad("the old size is larger than the checkpoint's".to_owned()));
        }
        let failed = |error: &dyn std::fmt::Display| Answer::Failed(error.to_string());
        let path = path(&new.origin);
        let (known, seen) = self.known(&path).map_err(|error| failed(&error))?;
        let size = seen.as_ref().map_or(0, |seen| seen.checkpoint.size);
        if request.old != size {
            return Err(Answer::Conflict(size));
        }
        let before = seen.as_ref().map(|seen| (seen.checkpoint.size, seen.checkpoint.root));
        if !continues(before, (new.size, new.root), &request.proof) {
            return Err(Answer::Inconsistent(format!(
                "the checkpoint of {} entries does not continue the one of {size}",
                new.size
            )));
        }
        // A clock that goes backwards must not make a later statement look earlier.
        let time = now.max(seen.map_or(0, |seen| seen.time));
        let line = cosign(&note.text, time, &self.verifier.name, &self.signer).map_err(|error| failed(&error))?;
        let kept = note.signatures.iter().filter(|it| keys.iter().any(|key| key.name == it.name && key.id() == it.id));
        let kept = Note { text: note.text.clone(), signatures: kept.cloned().chain([line.clone()]).collect() };
        let remembered =
            self.store.swap(&path, known.as_ref(), kept.to_string().into()).map_err(|error| failed(&error))?;
        Ok(remembered.then(|| line.to_string()))
    }

    /// The checkpoint that was cosigned last for the log whose origin has this hash.
    ///
    /// # Errors
    /// What was remembered cannot be read.
    pub fn latest(&self, origin: &str) -> Result<Option<String>, Error> {
        if origin.parse::<Digest>().is_err() {
            return Ok(None);
        }
        let note = self.store.get(&format!("{origin}/checkpoint"))?;
        Ok(note.map(|note| String::from_utf8_lossy(&note).into_owned()))
    }

    fn known(&self, path: &str) -> Result<(Option<Version>, Option<Seen>), Error> {
        let Some(version) = self.store.version(path)? else { return Ok((None, None)) };
        let broken = |why: &dyn std::fmt::Display| Error::broken(path, why);
        let text = std::str::from_utf8(version.bytes()).map_err(|error| broken(&error))?;
        let note = Note::parse(text).map_err(|error| broken(&error))?;
        let own = std::slice::from_ref(&self.verifier);
        let time = note.verify(own).map_err(|error| broken(&error))?.first().and_then(|it| it.1).unwrap_or(0);
        let checkpoint = Checkpoint::parse(&note.text).map_err(|why| broken(&why))?;
        Ok((Some(version), Some(Seen { checkpoint, time })))
    }
}

struct Seen {
    checkpoint: Checkpoint,
    time: u64,
}

fn path(origin: &str) -> String {
    format!("{}/checkpoint", hex(&Digest::of(origin.as_bytes()).0))
}

/// Whether a log continues what was seen of it. The empty log needs no proof and gets none.
fn continues(before: Option<(u64, Digest)>, new: (u64, Digest), proof: &[Digest]) -> bool {
    if new.0 == 0 && new.1 != empty() {
        return false;
    }
    match before.filter(|(size, _)| *size > 0) {
        Some(before) => is_consistent(before, new, proof),
        None => proof.is_empty(),
    }
}

struct Request {
    old: u64,
    proof: Vec<Digest>,
    note: Note,
    checkpoint: Checkpoint,
}

impl Request {
    fn parse(body: &str) -> Result<Request, &'static str> {
        let (head, note) = body.split_once("\n\n").ok_or("the request has no checkpoint")?;
        let mut lines = head.split('\n');
        let old = lines
            .next()
            .and_then(|line| decimal(line.strip_prefix("old ")?))
            .ok_or("the request does not begin with the old size")?;
        let proof: Option<Vec<Digest>> = lines.take(PROOF + 1).map(Digest::from_base64).collect();
        let proof = proof.filter(|proof| proof.len() <= PROOF).ok_or("the proof is none")?;
        let note = Note::parse(note).map_err(|_| "the checkpoint is no signed note")?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        Ok(Request { old, proof, note, checkpoint })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::merkle::{Nodes, Tree, leaf};
    use crate::note::sign;
    use std::fmt::Write as _;

    struct Fixture {
        log: Signer,
        witness: Witness,
        folder: tempfile::TempDir,
    }

    fn fixture() -> Fixture {
        let (log, folder) = (Signer::from_seed([1; 32]), tempfile::tempdir().unwrap());
        let witness = open(&log, folder.path());
        Fixture { log, witness, folder }
    }

    fn open(log: &Signer, folder: &std::path::Path) -> Witness {
        let policy = Policy::of(Verifier::new("log", Kind::Note, log.public()).unwrap());
        Witness::new("witness", Signer::from_seed([2; 32]), &policy, folder.to_str().unwrap()).unwrap()
    }

    fn tree(size: u64, seed: u8) -> Tree {
        Tree::new((0..size).map(|at| leaf(&[seed, at as u8])).collect())
    }

    fn note(tree: &Tree, origin: &str, signer: &Signer) -> String {
        let text = Checkpoint { origin: origin.to_owned(), size: tree.size(), root: tree.root() }.to_string();
        let signatures = vec![sign(&text, origin, signer).unwrap()];
        Note { text, signatures }.to_string()
    }

    fn request(tree: &Tree, old: u64, log: &Signer) -> String {
        let mut text = format!("old {old}\n");
        let proof = if old == 0 { Vec::new() } else { tree.consistency(old, tree.size()).unwrap() };
        proof.iter().for_each(|hash| writeln!(text, "{}", hash.base64()).unwrap());
        format!("{text}\n{}", note(tree, "log", log))
    }

    #[test]
    fn a_log_that_grows_is_cosigned_and_the_witness_remembers_when_it_starts_again() {
        let Fixture { log, witness, folder } = fixture();
        let first = witness.add_checkpoint(&request(&tree(3, 0), 0, &log), 1000);
        assert_eq!(first.status(), 200, "{first:?}");
        assert_eq!(witness.add_checkpoint(&request(&tree(7, 0), 0, &log), 1000), Answer::Conflict(3));
        drop(witness);
        let witness = open(&log, folder.path());
        let answer = witness.add_checkpoint(&request(&tree(7, 0), 3, &log), 500);
        assert_eq!(answer.status(), 200);
        let all = format!("{}{}", note(&tree(7, 0), "log", &log), answer.body());
        let verified = Note::parse(&all).unwrap();
        // The clock went backwards, the statement did not.
        assert_eq!(verified.verify(std::slice::from_ref(witness.verifier())).unwrap()[0].1, Some(1000));
        let latest = witness.latest(&Digest::of(b"log").to_string()).unwrap().unwrap();
        assert_eq!(latest, all);
        assert_eq!(witness.latest(&Digest::of(b"other").to_string()).unwrap(), None);
        assert_eq!(witness.latest("../../etc/passwd").unwrap(), None);
    }

    #[test]
    fn a_split_view_a_wrong_key_and_a_broken_request_are_refused() {
        let Fixture { log, witness, .. } = fixture();
        assert_eq!(witness.add_checkpoint(&request(&tree(4, 0), 0, &log), 1).status(), 200);
        let status = |body: &str| witness.add_checkpoint(body, 2).status();
        // Another history of the same size, and one that goes on.
        assert_eq!(status(&request(&tree(4, 9), 4, &log)), 422);
        assert_eq!(status(&request(&tree(6, 9), 4, &log)), 422);
        // Rolled back.
        assert_eq!(status(&request(&tree(3, 0), 3, &log)), 409);
        assert_eq!(status(&request(&tree(3, 0), 0, &log).replace("old 0", "old 4")), 400);
        assert_eq!(status(&request(&tree(6, 0), 4, &Signer::from_seed([7; 32]))), 403);
        assert_eq!(status(&request(&tree(6, 0), 4, &log).replace("\nlog\n", "\nother\n")), 404);
        for broken in ["", "old 4\n", "old x\n\nlog\n", "old 4\nnot base64\n\nlog\n6\n\n"] {
            assert_eq!(status(broken), 400, "{broken}");
        }
        let long =
            format!("old 4\n{}\n{}", format!("{}\n", empty().base64()).repeat(64), note(&tree(6, 0), "log", &log));
        assert_eq!(status(&long), 400);
        assert_eq!(status(&request(&tree(6, 0), 4, &log)), 200);
    }

    #[test]
    fn an_empty_log_is_cosigned_only_with_the_root_of_nothing_and_no_proof() {
        let Fixture { log, witness, .. } = fixture();
        let text = Checkpoint { origin: "log".to_owned(), size: 0, root: leaf(b"x") }.to_string();
        let signatures = vec![sign(&text, "log", &log).unwrap()];
        let wrong = format!("old 0\n\n{}", Note { text, signatures });
        assert_eq!(witness.add_checkpoint(&wrong, 1).status(), 422);
        let proof = request(&tree(2, 0), 0, &log).replace("old 0\n", &format!("old 0\n{}\n", empty().base64()));
        assert_eq!(witness.add_checkpoint(&proof, 1).status(), 422);
        assert_eq!(witness.add_checkpoint(&request(&tree(0, 0), 0, &log), 1).status(), 200);
        assert_eq!(witness.add_checkpoint(&request(&tree(2, 0), 0, &log), 1).status(), 200);
    }

    #[test]
    fn of_requests_at_once_the_longest_wins_and_none_goes_back() {
        let Fixture { log, witness, folder } = fixture();
        let other = open(&log, folder.path());
        std::thread::scope(|scope| {
            for thread in 0..4u64 {
                let (witness, log) = (if thread % 2 == 0 { &witness } else { &other }, &log);
                scope.spawn(move || {
                    let (mut old, mut cosigned) = (0, 0);
                    while cosigned < 20 {
                        let size = old + 1 + thread;
                        match witness.add_checkpoint(&request(&tree(size, 0), old, log), size) {
                            Answer::Cosigned(_) => (old, cosigned) = (size, cosigned + 1),
                            Answer::Conflict(size) => {
                                assert!(size >= old, "went back from {old} to {size}");
                                old = size;
                            }
                            other => panic!("{other:?}"),
                        }
                    }
                });
            }
        });
    }
}
