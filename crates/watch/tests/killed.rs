//! Killed at random moments under load, and started again: no acknowledged event is missing, none is there twice, and the detectors are
//! where they would be had nothing happened.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod stream;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use stream::{accept_all, exchanges, open, state};

const EVENTS: usize = 6_000;
const BATCH: usize = 20;
const KILLS: u32 = 200;

/// Not a test: what the test starts and kills. Says how many events are acknowledged after each batch.
#[test]
#[ignore = "started by the other test"]
fn child() {
    let Some(path) = std::env::var_os("TASTER_KILLED") else { return };
    let from: usize = std::env::var("TASTER_KILLED_FROM").unwrap().parse().unwrap();
    let mut intake = open(path.as_ref());
    for (n, batch) in exchanges(EVENTS)[from..].chunks(BATCH).enumerate() {
        intake.accept(batch).unwrap();
        println!("\nacknowledged {}", from + n * BATCH + batch.len());
    }
}

/// When the child is killed.
enum Kill {
    /// While it starts.
    Early,
    /// So long after it has acknowledged something.
    Busy(Duration),
    Never,
}

/// Starts the child and kills it. Answers with how many events it acknowledged.
fn run(path: &Path, from: usize, kill: &Kill) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("TASTER_KILLED", path)
        .env("TASTER_KILLED_FROM", from.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let acknowledged = |line: String| line.strip_prefix("acknowledged ")?.parse().ok();
    let mut all = output.lines().map_while(Result::ok).filter_map(acknowledged);
    let first = if matches!(kill, Kill::Busy(_)) { all.next() } else { None };
    match kill {
        Kill::Busy(wait) => std::thread::sleep(*wait),
        Kill::Early => std::thread::sleep(Duration::from_millis(30)),
        Kill::Never => {}
    }
    if !matches!(kill, Kill::Never) {
        child.kill().unwrap();
    }
    let last = all.last().or(first).unwrap_or(from);
    child.wait().unwrap();
    last
}

#[test]
fn two_hundred_kills_lose_nothing_and_count_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (quiet, killed) = (folder.path().join("quiet.db"), folder.path().join("killed.db"));
    accept_all(&mut open(&quiet), EVENTS, BATCH);

    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (mut acknowledged, mut busy) = (0, 0);
    for _ in 0..KILLS {
        let kill = match rng.random_bool(0.1) {
            true => Kill::Early,
            false => Kill::Busy(Duration::from_micros(rng.random_range(0..40_000))),
        };
        let now = run(&killed, acknowledged, &kill);
        busy += u32::from(now > acknowledged);
        // When all is in, from the start again: that must change nothing.
        acknowledged = if now == EVENTS { 0 } else { now };
    }
    println!("{busy} of {KILLS} kills came after something had been acknowledged");
    assert!(busy > KILLS / 2, "only {busy} of {KILLS} kills came under load");
    assert_eq!(run(&killed, acknowledged, &Kill::Never), EVENTS);
    assert_eq!(state(&killed), state(&quiet));
}
