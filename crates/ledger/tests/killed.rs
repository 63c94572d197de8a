//! Killed at random moments while adding and sealing, two writers at once: nothing that was acknowledged is lost, and the log never forks.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use ledger::checkpoint::Checkpoint;
use ledger::merkle::{Nodes, Tree, leaf};
use ledger::{Digest, Ledger};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use support::{add, init, open};

const KILLS: u32 = 200;

/// Not a test: what the test starts and kills. Adds and seals for ever, and says what it has done.
#[test]
#[ignore = "started by the other test"]
fn child() {
    let Some(folder) = std::env::var_os("TASTER_KILLED") else { return };
    let name = std::env::var("TASTER_KILLED_NAME").unwrap();
    let ledger = open(folder.as_ref());
    for round in 0.. {
        let names: Vec<String> = (0..3).map(|n| format!("{name}-{round}-{n}")).collect();
        add(&ledger, names.iter().cloned());
        names.iter().for_each(|name| println!("\nacknowledged {name}"));
        if round % 2 == 1 {
            let Checkpoint { size, root, .. } = ledger.seal().unwrap().checkpoint;
            println!("\ncheckpoint {size} {root}");
        }
    }
}

/// What the children have said.
#[derive(Default)]
struct Said {
    acknowledged: Vec<String>,
    checkpoints: Vec<(u64, Digest)>,
}

/// A writer, and how many lines of each kind it has said.
struct Writer {
    child: Child,
    heard: JoinHandle<()>,
    acknowledged: Arc<AtomicU32>,
    checkpoints: Arc<AtomicU32>,
}

impl Writer {
    /// Kills it, and waits until all that it said is heard.
    fn end(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.heard.join().unwrap();
    }
}

/// Waits until something was said, however slow the machine is.
fn wait(count: &AtomicU32) {
    let patience = Instant::now();
    while count.load(Ordering::Relaxed) == 0 {
        assert!(patience.elapsed() < Duration::from_secs(120), "a writer does nothing");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn start(folder: &Path, name: u32, said: &Arc<Mutex<Said>>) -> Writer {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("TASTER_KILLED", folder)
        .env("TASTER_KILLED_NAME", name.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (acknowledged, checkpoints) = <(Arc<AtomicU32>, Arc<AtomicU32>)>::default();
    let (acknowledges, checks) = (acknowledged.clone(), checkpoints.clone());
    let (output, said) = (BufReader::new(child.stdout.take().unwrap()), said.clone());
    let heard = std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["acknowledged", name] => {
                    said.lock().unwrap().acknowledged.push(name.to_owned());
                    acknowledges.fetch_add(1, Ordering::Relaxed);
                }
                ["checkpoint", size, root] if root.len() == 64 => {
                    said.lock().unwrap().checkpoints.push((size.parse().unwrap(), root.parse().unwrap()));
                    checks.fetch_add(1, Ordering::Relaxed);
                }
                _ => assert!(!line.contains("panicked"), "{line}"),
            }
        }
    });
    Writer { child, heard, acknowledged, checkpoints }
}

#[test]
fn two_hundred_kills_lose_nothing_and_fork_nothing() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    let said = Arc::new(Mutex::new(Said::default()));
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut writers: Vec<_> = (0..2).map(|name| start(folder.path(), name, &said)).collect();
    for kill in 0..KILLS {
        // The other goes on; the one that comes next finds what this one left.
        let writer = writers.remove(0);
        match rng.random_range(0..10) {
            // While it starts.
            0 => {}
            1..6 => wait(&writer.acknowledged),
            _ => wait(&writer.checkpoints),
        }
        std::thread::sleep(Duration::from_micros(rng.random_range(0..60_000)));
        writer.end();
        writers.push(start(folder.path(), kill + 2, &said));
    }
    for mut writer in writers {
        assert_eq!(writer.child.try_wait().unwrap(), None, "a writer ended by itself");
        writer.end();
    }
    let ledger = open(folder.path());
    ledger.seal().unwrap();
    check(&ledger, &said.lock().unwrap());
}

fn check(ledger: &Ledger, said: &Said) {
    let found = ledger.verify(&|_| ());
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    assert_eq!(found.waiting, 0);
    println!(
        "{} kills: {} records acknowledged, {} checkpoints, {} entries, {} orphans",
        KILLS,
        said.acknowledged.len(),
        said.checkpoints.len(),
        found.entries,
        found.orphans
    );
    assert!(said.acknowledged.len() > 300 && said.checkpoints.len() > 50, "the writers did too little");

    let snapshot = ledger.snapshot().unwrap();
    let mut there = HashSet::new();
    for (_, seal) in snapshot.segments() {
        ledger
            .records(seal, &mut |record, _| -> Result<(), ledger::Error> {
                assert!(there.insert(Digest(record.content.try_into().unwrap())), "a record is sealed twice");
                Ok(())
            })
            .unwrap();
    }
    let lost: Vec<&String> =
        said.acknowledged.iter().filter(|name| !there.contains(&Digest::of(name.as_bytes()))).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");

    let entries = ledger.log().entries(0..found.entries, found.entries).unwrap();
    let tree = Tree::new(entries.iter().map(|entry| leaf(entry)).collect());
    for (size, root) in &said.checkpoints {
        assert_eq!(tree.range(0..*size).unwrap(), *root, "the checkpoint of {size} entries is of another log");
    }
}
