//! Killed at ten random moments and resumed each time, a scan ends as if nothing had happened, and asks nothing twice.
#![allow(clippy::unwrap_used)]

#[path = "support/command.rs"]
mod command;

use command::{Organism, report, verdict};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const KILLS: usize = 10;

#[test]
fn a_scan_killed_at_ten_random_moments_ends_with_the_same_verdict_and_asks_nothing_twice() {
    let Some(organism) = Organism::find() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let (whole, broken) = (scratch.path().join("whole"), scratch.path().join("broken"));
    let model = organism.model.display().to_string();
    assert_eq!(organism.scan(&model, &whole).output().unwrap().status.code(), Some(1));

    let mut journal = Vec::new();
    for moment in moments(report(&whole)["cost"]["completions"].as_u64().unwrap()) {
        let mut scan = organism.scan(&model, &broken);
        if !journal.is_empty() {
            scan.arg("--resume");
        }
        kill_at(scan, &broken.join("transcript.jsonl"), moment);
        let now = fs::read(broken.join("transcript.jsonl")).unwrap();
        assert!(now.starts_with(whole_lines(&journal)), "what was written down before the kill is still there");
        journal = now;
    }
    let refused = command::error_line(&organism.scan(&model, &broken).output().unwrap());
    assert!(refused.contains("continue it with --resume"), "{refused}");
    assert!(!broken.join("report.html").exists(), "an unfinished scan has no report");

    assert_eq!(organism.scan(&model, &broken).arg("--resume").output().unwrap().status.code(), Some(1));
    let (uninterrupted, resumed) = (report(&whole), report(&broken));
    assert_eq!(verdict(&uninterrupted), verdict(&resumed));
    assert_eq!(uninterrupted["cost"]["by_stage"]["survey"], resumed["cost"]["by_stage"]["survey"]);
    for (out, report) in [(&whole, &uninterrupted), (&broken, &resumed)] {
        let asked: u64 = transcript(out).values().sum();
        assert_eq!(Some(asked), report["cost"]["completions"].as_u64(), "a completion for each that the scan counted");
    }
    let survey =
        |out| transcript(out).into_iter().filter(|((stage, _), _)| stage == "survey").collect::<BTreeMap<_, _>>();
    assert_eq!(survey(&whole), survey(&broken), "each prompt of the survey was asked as often");
}

/// Numbers of completions at which to kill: random, in the stages that take most of a scan.
fn moments(completions: u64) -> Vec<u64> {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let mut moments: Vec<u64> = (0..KILLS).map(|_| random.random_range(1..completions * 6 / 10)).collect();
    moments.sort_unstable();
    moments
}

/// Runs a scan and kills it, as `kill -9` does, once its journal holds so many completions.
fn kill_at(mut scan: Command, journal: &Path, completions: u64) {
    let mut process = scan.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while lines(journal) <= completions {
        assert!(process.try_wait().unwrap().is_none(), "the scan ended before its {completions} completions");
        std::thread::sleep(Duration::from_millis(20));
    }
    process.kill().unwrap();
    assert!(!process.wait().unwrap().success());
}

/// Lines of the journal: its heading and a completion each.
fn lines(journal: &Path) -> u64 {
    fs::read(journal).unwrap_or_default().iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// A journal without the last line, where a kill cut it.
fn whole_lines(journal: &[u8]) -> &[u8] {
    &journal[..journal.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1)]
}

/// How many completions `transcript.parquet` holds for each stage and query.
fn transcript(out: &Path) -> BTreeMap<(String, String), u64> {
    let reader = SerializedFileReader::new(File::open(out.join("transcript.parquet")).unwrap()).unwrap();
    let fields = reader.metadata().file_metadata().schema_descr().columns().to_vec();
    let column = |name: &str| fields.iter().position(|column| column.name() == name).unwrap();
    let (stage, key) = (column("stage"), column("key"));
    let mut counts = BTreeMap::new();
    for row in reader.get_row_iter(None).unwrap() {
        let row = row.unwrap();
        *counts.entry((row.get_string(stage).unwrap().clone(), row.get_string(key).unwrap().clone())).or_default() += 1;
    }
    counts
}
