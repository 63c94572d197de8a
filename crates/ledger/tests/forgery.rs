//! Whatever is changed in the store, `verify` finds it and names the place.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use ledger::{Digest, Ledger, Making, Revocation, Target, Training, Verification};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::path::Path;
use support::{add, init, open};

const FORGERIES: u64 = 10_000;
/// As many at a time as there are copies of the ledger.
const COPIES: u64 = 4;

/// A ledger with segments, a run and a revocation, sealed step by step so that it has tiles of several sizes.
fn make(folder: &Path) -> Ledger {
    let ledger = init(folder);
    for (at, records) in [40, 1, 300, 7].into_iter().enumerate() {
        add(&ledger, (0..records).map(|n| format!("{at}-{n}")));
        ledger.seal().unwrap();
    }
    let snapshot = ledger.snapshot().unwrap();
    let segments = snapshot.segments().map(|(_, seal)| (seal.id(), 1.0)).collect();
    let training = Training {
        making: Making::Train,
        name: "model".to_owned(),
        model: Digest::of(b"weights"),
        segments,
        bases: vec![Digest::of(b"base")],
        parameters: serde_json::Map::new(),
    };
    ledger.train(&snapshot, &training).unwrap();
    let target = Target::Source("https://example.com/bad".to_owned());
    ledger.revoke(&Revocation { target, reason: "planted".to_owned() }).unwrap();
    ledger
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}

fn objects(ledger: &Ledger) -> Vec<String> {
    ledger.store().list("").unwrap().into_iter().map(|(path, _)| path).collect()
}

fn verify(ledger: &Ledger) -> Verification {
    ledger.verify(&|_| ())
}

/// One thing that somebody with access to the store can do to one object, or to two.
fn forge(rng: &mut ChaCha8Rng, root: &Path, paths: &[String]) -> (String, Vec<String>) {
    let one = paths[rng.random_range(0..paths.len())].clone();
    let file = root.join(&one);
    let bytes = fs::read(&file).unwrap();
    let at = rng.random_range(0..bytes.len());
    let mut forged = bytes.clone();
    let done = match rng.random_range(0..8) {
        0 | 1 => {
            forged[at] ^= rng.random_range(1..=255u8);
            "changed a byte"
        }
        2 => {
            forged.truncate(at);
            "truncated"
        }
        3 => {
            forged.remove(at);
            "took a byte out"
        }
        4 => {
            forged.insert(at, rng.random());
            "put a byte in"
        }
        5 => {
            fs::remove_file(&file).unwrap();
            return (format!("dropped {one}"), vec![one]);
        }
        6 => {
            // Reordered: two blocks of a hash's length change places.
            let block = 32.min(bytes.len() / 2).max(1);
            let (a, b) = (rng.random_range(0..=bytes.len() - block), rng.random_range(0..=bytes.len() - block));
            let (first, second) = (bytes[a..a + block].to_vec(), bytes[b..b + block].to_vec());
            forged[a..a + block].copy_from_slice(&second);
            forged[b..b + block].copy_from_slice(&first);
            "reordered"
        }
        _ => {
            let other = paths[rng.random_range(0..paths.len())].clone();
            let theirs = fs::read(root.join(&other)).unwrap();
            fs::write(&file, &theirs).unwrap();
            fs::write(root.join(&other), &bytes).unwrap();
            return (
                format!("exchanged {one} and {other}"),
                if theirs == bytes { Vec::new() } else { vec![one, other] },
            );
        }
    };
    fs::write(&file, &forged).unwrap();
    (format!("{done} of {one} at {at}"), if forged == bytes { Vec::new() } else { vec![one] })
}

#[test]
fn ten_thousand_forgeries_are_found_and_the_place_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let clean = folder.path().join("clean");
    let paths = objects(&make(&clean));
    assert!(verify(&open(&clean)).faults.is_empty());
    assert!(paths.iter().filter(|path| path.starts_with("tile/")).count() > 8, "{paths:?}");
    let missed: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..COPIES)
            .map(|thread| {
                let (mine, clean, paths) = (folder.path().join(thread.to_string()), &clean, &paths);
                scope.spawn(move || forgeries(thread, &mine, clean, paths))
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

/// What was not found, or not where it was done.
fn forgeries(seed: u64, mine: &Path, clean: &Path, paths: &[String]) -> Vec<String> {
    fs::create_dir_all(mine).unwrap();
    copy(clean, mine);
    let (ledger, root) = (open(mine), mine.join("ledger"));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut missed, mut done) = (Vec::new(), 0);
    while done < FORGERIES / COPIES {
        let (what, changed) = forge(&mut rng, &root, paths);
        if !changed.is_empty() {
            done += 1;
            match verify(&ledger).faults.first() {
                None => missed.push(format!("{what}: not found")),
                Some(fault) if !changed.iter().any(|path| fault.place.starts_with(path.as_str())) => {
                    missed.push(format!("{what}: found at {} ({})", fault.place, fault.why));
                }
                Some(_) => {}
            }
        }
        for path in &changed {
            fs::copy(clean.join("ledger").join(path), root.join(path)).unwrap();
        }
    }
    assert!(verify(&ledger).faults.is_empty());
    missed
}

#[test]
fn a_log_that_was_put_back_is_found_by_who_has_seen_it_longer() {
    let folder = tempfile::tempdir().unwrap();
    let (now, before) = (folder.path().join("now"), folder.path().join("before"));
    let ledger = make(&now);
    fs::create_dir_all(&before).unwrap();
    copy(&now, &before);
    add(&ledger, ["new".to_owned()]);
    ledger.seal().unwrap();
    // The whole store as it was: all signatures are good.
    fs::remove_dir_all(now.join("ledger")).unwrap();
    fs::create_dir_all(now.join("ledger")).unwrap();
    copy(&before.join("ledger"), &now.join("ledger"));
    let fault = verify(&ledger).faults.remove(0);
    assert_eq!((fault.place.as_str(), fault.why.contains("was put back")), ("head", true), "{fault:?}");
    assert!(ledger.seal().unwrap_err().to_string().contains("was put back"));
    assert!(verify(&open(&before)).faults.is_empty());
}

#[test]
fn a_fork_by_the_holder_of_the_key_is_found_by_who_has_seen_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
    make(&ours);
    fs::create_dir_all(&theirs).unwrap();
    copy(&ours, &theirs);
    for (folder, names) in [(&ours, vec!["a"]), (&theirs, vec!["b", "c"])] {
        let ledger = open(folder);
        for name in names {
            add(&ledger, [name.to_owned()]);
            ledger.seal().unwrap();
        }
        assert!(verify(&ledger).faults.is_empty());
    }
    fs::remove_dir_all(ours.join("ledger")).unwrap();
    fs::create_dir_all(ours.join("ledger")).unwrap();
    copy(&theirs.join("ledger"), &ours.join("ledger"));
    let ledger = open(&ours);
    let fault = verify(&ledger).faults.remove(0);
    assert!(fault.why.contains("forked"), "{fault:?}");
    add(&ledger, ["d".to_owned()]);
    assert!(ledger.seal().unwrap_err().to_string().contains("forked"));
}

#[test]
fn a_log_signed_with_another_key_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
    make(&ours);
    make(&theirs);
    fs::remove_dir_all(ours.join("ledger")).unwrap();
    fs::create_dir_all(ours.join("ledger")).unwrap();
    copy(&theirs.join("ledger"), &ours.join("ledger"));
    let fault = verify(&open(&ours)).faults.remove(0);
    assert_eq!(fault.place, "head");
    assert!(fault.why.contains("no key that is trusted"), "{fault:?}");
}
