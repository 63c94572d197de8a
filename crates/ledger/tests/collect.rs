//! Documents of real folders and real repositories.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use jiff::Timestamp;
use ledger::collect::{Collected, Collecting};
use ledger::{Digest, Disposition, Ledger, Making, Outcome, Record, Revocation, Target, Training, Transforming, check};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{init, open};

/// Runs git; false where there is none.
fn git(folder: &Path, arguments: &[&str], who: &str, time: &str) -> bool {
    let run = Command::new("git")
        .current_dir(folder)
        .args(["-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs([
            ("GIT_AUTHOR_NAME", who),
            ("GIT_COMMITTER_NAME", who),
            ("GIT_AUTHOR_DATE", time),
            ("GIT_COMMITTER_DATE", time),
        ])
        .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|name| (name, format!("{who}@example.com"))))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match run {
        Ok(status) => {
            assert!(status.success(), "git {arguments:?}");
            true
        }
        Err(error) => {
            println!("skipped: git does not start ({error})");
            false
        }
    }
}

/// A repository in which ann wrote two files and bob changed one and added one in a path with a line's end.
fn repository(folder: &Path) -> bool {
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("LICENSE"), include_str!("../../../LICENSE")).unwrap();
    fs::write(folder.join("src/old.py"), "old = 1\n").unwrap();
    fs::write(folder.join("src/changed.py"), "changed = 1\n").unwrap();
    let ann = |arguments: &[&str]| git(folder, arguments, "ann", "1600000000 +0000");
    let bob = |arguments: &[&str]| git(folder, arguments, "bob", "1600000100 +0200");
    if !(ann(&["init", "-q"]) && ann(&["add", "."]) && ann(&["commit", "-qm", "one"])) {
        return false;
    }
    fs::write(folder.join("src/changed.py"), "# SPDX-License-Identifier: MIT\nchanged = 2\n").unwrap();
    fs::write(folder.join("src/new\nline.py"), "new = 1\n").unwrap();
    bob(&["add", "."]) && bob(&["commit", "-qm", "two"])
}

fn collect(ledger: &Ledger, from: &Path) -> Result<Collected, ledger::Error> {
    let what = Collecting {
        from: from.display().to_string(),
        source: Some("here".to_owned()),
        licence: None,
        now: Timestamp::UNIX_EPOCH,
    };
    ledger.collect(&what, &|_| ())
}

fn records(ledger: &Ledger) -> HashMap<String, Record> {
    let mut records = HashMap::new();
    for (_, seal) in ledger.snapshot().unwrap().segments() {
        ledger
            .records(seal, &mut |view, _| -> Result<(), ledger::Error> {
                let record = view.to_record()?;
                records.insert(String::from_utf8_lossy(&record.path).into_owned(), record);
                Ok(())
            })
            .unwrap();
    }
    records
}

#[test]
fn each_file_of_a_repository_has_the_commit_and_the_author_that_wrote_it_last() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    if !repository(&project) {
        return;
    }
    let ledger = init(folder.path());
    let collected = collect(&ledger, &project).unwrap();
    assert_eq!((collected.documents, collected.refused, collected.unlicensed), (4, 0, 0));
    ledger.seal().unwrap();
    let records = records(&ledger);
    let identities = ledger.home().unwrap().identities().unwrap();
    let who = |path: &str| identities.name(&records[path].author.unwrap()).unwrap().unwrap();
    assert_eq!((who("src/old.py").as_str(), records["src/old.py"].committed), ("ann@example.com", Some(1_600_000_000)));
    assert_eq!(
        (who("src/changed.py").as_str(), records["src/changed.py"].committed),
        ("bob@example.com", Some(1_600_000_100))
    );
    assert_eq!(who("src/new\nline.py"), "bob@example.com");
    assert_ne!(records["src/old.py"].commit, records["src/changed.py"].commit);
    assert_eq!(records["src/changed.py"].licence.as_deref(), Some("MIT"));
    assert_eq!(records["src/old.py"].licence.as_deref(), Some("Apache-2.0"));
    assert_eq!(records["src/old.py"].content, Digest::of(b"old = 1\n"));
    let swhid: String = records["src/old.py"].swhid.unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    let said = Command::new("git").current_dir(&project).args(["hash-object", "src/old.py"]).output().unwrap();
    assert_eq!(swhid, String::from_utf8(said.stdout).unwrap().trim());
    assert!(ledger.verify(&|_| ()).faults.is_empty());
}

#[test]
fn a_broken_repository_is_one_clear_line_and_half_a_history_is_no_loss() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    if !repository(&project) {
        return;
    }
    let ledger = init(folder.path());
    // The first commit is gone: the history is broken, the files of the head are whole.
    let said = Command::new("git").current_dir(&project).args(["rev-parse", "HEAD~1"]).output().unwrap();
    let first = String::from_utf8(said.stdout).unwrap().trim().to_owned();
    fs::remove_file(project.join(".git/objects").join(&first[..2]).join(&first[2..])).unwrap();
    let collected = collect(&ledger, &project).unwrap();
    assert_eq!((collected.documents, collected.refused), (4, 1));
    assert!(collected.first_refused[0].1.contains("is broken"), "{:?}", collected.first_refused);
    // The head is gone too.
    fs::write(project.join(".git/refs/heads/main"), "0123456789012345678901234567890123456789\n").unwrap();
    let error = collect(&ledger, &project).unwrap_err().to_string();
    assert!(error.contains("git fsck") && !error.contains('\n'), "{error}");
}

#[test]
fn what_cannot_be_collected_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = init(folder.path());
    let error = collect(&ledger, &folder.path().join("none")).unwrap_err().to_string();
    assert!(error.contains("no folder"), "{error}");
}

#[test]
fn a_document_is_followed_from_the_folder_through_a_step_into_models() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("deep")).unwrap();
    for (name, text) in [("a.py", "one\n"), ("deep/b.py", "one\n"), ("c.py", "two\n"), ("d.py", "three\n")] {
        fs::write(data.join(name), text).unwrap();
    }
    let ledger = init(folder.path());
    assert_eq!(collect(&ledger, &data).unwrap().documents, 4);
    ledger.seal().unwrap();

    let (one, two) = (Digest::of(b"one\n"), Digest::of(b"two\n"));
    let outcomes = HashMap::from([
        (one, Outcome::Duplicate { of: one }),
        (two, Outcome::Dropped { reason: "too short".to_owned() }),
    ]);
    let snapshot = ledger.snapshot().unwrap();
    let inputs = ledger.ends(&snapshot).unwrap();
    let step = Transforming {
        kind: "dedup".to_owned(),
        tool: "test".to_owned(),
        inputs,
        outcomes: &outcomes,
        otherwise: Outcome::Kept,
        now: Timestamp::UNIX_EPOCH,
    };
    let done = ledger.transform(&snapshot, &step, &|_| ()).unwrap();
    assert_eq!((done.kept, done.dropped, done.duplicates), (2, 1, 1));
    ledger.seal().unwrap();

    let snapshot = ledger.snapshot().unwrap();
    let ends = ledger.ends(&snapshot).unwrap();
    assert_eq!(ends, [done.segments[0].id()]);
    let found = ledger.find(&snapshot, &one).unwrap();
    assert_eq!(found.len(), 4);
    let duplicate = found.iter().find(|it| matches!(it.record.disposition, Disposition::DuplicateOf(_))).unwrap();
    assert_eq!(duplicate.record.parents.len(), 1);
    for record in &found {
        let proof = ledger.prove(&snapshot, record).unwrap().to_string();
        assert_eq!(check(&proof, ledger.policy()).unwrap(), record.record);
        let forged = proof.replace("index ", "index 1");
        assert!(check(&forged, ledger.policy()).is_err());
    }
    assert!(ledger.find(&snapshot, &Digest::of(b"none")).unwrap().is_empty());

    let model = Digest::of(b"weights");
    let run = |name: &str, model, making, segments: &[Digest], bases: &[Digest]| {
        let segments = segments.iter().map(|it| (*it, 2.0)).collect();
        let training = Training {
            making,
            name: name.to_owned(),
            model,
            segments,
            bases: bases.to_vec(),
            parameters: serde_json::Map::new(),
        };
        ledger.train(&ledger.snapshot().unwrap(), &training).unwrap();
    };
    run("base", model, Making::Train, &ends, &[]);
    run("small", Digest::of(b"small"), Making::Quantise, &[], &[model]);
    let reached = |target| {
        ledger
            .blast(&ledger.snapshot().unwrap(), target)
            .unwrap()
            .models
            .iter()
            .map(|it| it.run.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(reached(Target::Document(one)), ["base", "small"]);
    // What was dropped has reached nothing.
    assert_eq!(reached(Target::Document(two)), [""; 0]);

    let verify = || open(folder.path()).verify(&|_| ());
    ledger.revoke(&Revocation { target: Target::Document(one), reason: "planted".to_owned() }).unwrap();
    let found = verify();
    assert_eq!((found.faults.len(), found.remarks.len()), (0, 1), "{found:?}");
    run("again", Digest::of(b"again"), Making::Train, &ends, &[]);
    let fault = verify().faults.remove(0);
    assert!(fault.place == "entry 5" && fault.why.contains("planted"), "{fault:?}");
}

#[test]
fn an_erased_person_leaves_a_log_that_holds_and_a_new_key_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    if !repository(&project) {
        return;
    }
    let mut ledger = init(folder.path());
    collect(&ledger, &project).unwrap();
    ledger.seal().unwrap();
    let author = records(&ledger)["src/old.py"].author.unwrap();
    let mut identities = ledger.home().unwrap().identities().unwrap();
    assert!(identities.erase("Ann <ann@example.com>").unwrap());
    assert_eq!(identities.name(&author).unwrap(), None);
    assert!(ledger.verify(&|_| ()).faults.is_empty());

    ledger.rotate(None).unwrap();
    collect(&ledger, &project).unwrap();
    ledger.seal().unwrap();
    let ledger = open(folder.path());
    assert_eq!(ledger.policy().logs.len(), 2);
    assert!(ledger.verify(&|_| ()).faults.is_empty());
    // Who knows the old key only still believes the checkpoint, which both sign.
    let old = ledger::policy::Policy::of(ledger.policy().logs[0].clone());
    let place = folder.path().join("ledger").display().to_string();
    assert_eq!(Ledger::read(&place, old).unwrap().snapshot().unwrap().checkpoint.size, 3);
    // The old key is moved away.
    fs::rename(folder.path().join("home/key-1.pem"), folder.path().join("key-1.pem")).unwrap();
    collect(&ledger, &project).unwrap();
    ledger.seal().unwrap();
    assert!(ledger.verify(&|_| ()).faults.is_empty());
}
