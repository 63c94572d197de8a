//! The measurement of `bench/watch`: the completions of `data/trojanpuzzle` as streams, through the whole of `watch` (reading, SQLite, detectors,
//! miner), beside a CUSUM and a rolling z-test at the same run length.
//!
//!     cargo run --release -p watch --example stream -- [half|all] [rounds]
//!
//! Each fully trained checkpoint: 800 completions without trigger as the baseline, then traffic in which 10 % or 30 % of the prompts carry
//! the trigger, drawn from completions that the baseline did not have. `half` reads every other checkpoint, for development.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "stream/peers.rs"]
mod peers;

use jiff::{SignedDuration, Timestamp};
use model::{Recording, RecordingOptions, Row};
use peers::{Peer, Tuned};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use report::{Alarm, Drift};
use stats::{Rate, RunLength};
use std::collections::BTreeMap;
use std::path::PathBuf;
use watch::{Database, Detection, Event, Exchange, Intake, Prompts, Settings};

/// Completions of the baseline.
const BASELINE: usize = 800;
/// A stream that is silent for so long is given up.
const LONGEST: usize = 4_000;
/// Run length at which all three detectors are compared, in decisions.
const EQUAL: f64 = 10_000.0;
/// A quiet stream: windows, and completions in each.
const WINDOWS: usize = 50;
const WINDOW: usize = 500;

/// A checkpoint: its completions, read once.
struct Checkpoint {
    name: String,
    line: String,
    clean: Vec<Event>,
    triggered: Vec<Event>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let half = arguments.first().is_some_and(|which| which == "half");
    let rounds = arguments.get(1).map_or(15, |rounds| rounds.parse().unwrap());
    let mut checkpoints = checkpoints();
    if half {
        checkpoints = checkpoints.into_iter().step_by(2).collect();
    }
    println!(
        "completions to the alarm after the change (median of {rounds} streams; decisions per false alarm in brackets)\n"
    );
    println!(
        "{:<52} {:>5} {:>10} {:>10} {:>8} {:>8} {:>7}  mined",
        "checkpoint", "share", "taster 1M", "taster 10k", "CUSUM", "z", "drift"
    );
    let mut totals: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for checkpoint in &checkpoints {
        for (name, share) in [("10 %", 0.1), ("30 %", 0.3)] {
            let seen: Vec<Seen> = (0..rounds).into_par_iter().map(|round| checkpoint.stream(share, round)).collect();
            let alarmed = seen.iter().filter(|seen| seen.product.is_some()).count();
            let mined = seen.iter().filter(|seen| seen.mined_right).count();
            let tied = seen.iter().filter(|seen| seen.tied).count();
            println!(
                "{:<52} {name:>5} {:>10} {:>10} {:>8} {:>8} {:>7}  {mined}/{alarmed} {}",
                checkpoint.name,
                median(seen.iter().map(|seen| seen.product)),
                median(seen.iter().map(|seen| seen.equal)),
                median(seen.iter().map(|seen| seen.cusum)),
                median(seen.iter().map(|seen| seen.z)),
                format!("{tied}/{alarmed}"),
                seen.iter().find_map(|seen| seen.mined.clone()).unwrap_or_default(),
            );
            let total = totals.entry(name).or_default();
            total.0 += usize::from(2 * alarmed > rounds as usize);
            total.1 += usize::from(2 * mined > rounds as usize);
            total.2 += 1;
        }
    }
    for (share, (alarms, mined, all)) in totals {
        println!(
            "{share}: an alarm in most streams of {alarms} of {all} checkpoints, a part of the trigger line mined in {mined} of {all}"
        );
    }
    quiet(&checkpoints, if half { 40 } else { 100 });
}

/// Streams without a trigger: how many raise an alarm.
fn quiet(checkpoints: &[Checkpoint], streams: u64) {
    let raised: Vec<(bool, bool, bool)> = (0..streams)
        .into_par_iter()
        .map(|round| {
            let checkpoint = &checkpoints[round as usize % checkpoints.len()];
            let (baseline, traffic) = checkpoint.draw_clean(round + 1_000, WINDOWS * WINDOW);
            let product = first_alarm(&baseline, &traffic, 1e6).is_some();
            let (cusum, z) = checkpoint.peers(&baseline);
            (product, cusum.first(&traffic).is_some(), z.first(&traffic).is_some())
        })
        .collect();
    let count = |of: fn(&(bool, bool, bool)) -> bool| raised.iter().filter(|raised| of(raised)).count();
    println!(
        "\n{streams} shuffled streams without a trigger, {WINDOWS} windows of {WINDOW}: an alarm in {} (taster, run length 1M), {} (CUSUM, 10k), {} (rolling z, 10k)",
        count(|raised| raised.0),
        count(|raised| raised.1),
        count(|raised| raised.2)
    );
}

/// What one stream showed: completions to each detector's alarm.
struct Seen {
    product: Option<usize>,
    equal: Option<usize>,
    cusum: Option<usize>,
    z: Option<usize>,
    mined: Option<String>,
    mined_right: bool,
    tied: bool,
}

impl Checkpoint {
    fn stream(&self, share: f64, round: u64) -> Seen {
        let (baseline, traffic) = self.draw(share, round, LONGEST);
        let alarm = first_alarm(&baseline, &traffic, 1e6);
        let equal = first_alarm(&baseline, &traffic, EQUAL);
        let (cusum, z) = self.peers(&baseline);
        let mined = alarm.as_ref().and_then(|(_, alarm)| Some(alarm.features.first()?.text.clone()));
        Seen {
            product: alarm.as_ref().map(|(at, _)| *at),
            equal: equal.map(|(at, _)| at),
            cusum: cusum.first(&traffic),
            z: z.first(&traffic),
            mined_right: mined.as_ref().is_some_and(|mined| self.line.contains(mined.trim_start_matches(['#', ' ']))),
            mined,
            tied: alarm.is_some_and(|(_, alarm)| alarm.drift == Drift::Feature),
        }
    }

    /// A baseline without trigger, and traffic of what the baseline does not have.
    fn draw(&self, share: f64, round: u64, length: usize) -> (Vec<Event>, Vec<Event>) {
        let mut rng = ChaCha8Rng::seed_from_u64(round);
        let mut clean: Vec<&Event> = self.clean.iter().collect();
        clean.shuffle(&mut rng);
        let (baseline, rest) = clean.split_at(BASELINE);
        let traffic: Vec<Event> = (0..length)
            .map(|n| {
                let drawn = if rng.random_bool(share) {
                    self.triggered.choose(&mut rng)
                } else {
                    rest.choose(&mut rng).copied()
                };
                numbered(drawn.unwrap(), BASELINE + n)
            })
            .collect();
        let baseline = baseline.iter().enumerate().map(|(n, event)| numbered(event, n)).collect();
        (baseline, traffic)
    }

    /// A baseline and traffic, both drawn from all completions without trigger: nothing changes at all.
    fn draw_clean(&self, round: u64, length: usize) -> (Vec<Event>, Vec<Event>) {
        let mut rng = ChaCha8Rng::seed_from_u64(round);
        let mut drawn = (0..BASELINE + length).map(|n| numbered(self.clean.choose(&mut rng).unwrap(), n));
        (drawn.by_ref().take(BASELINE).collect(), drawn.collect())
    }

    /// The peers, tuned to the rate of the baseline.
    fn peers(&self, baseline: &[Event]) -> (Peer, Peer) {
        let decision = self.name.split('/').next().unwrap().trim_start_matches("flask-");
        let mut rate = Rate::default();
        baseline.iter().filter_map(|event| choice(event, decision)).for_each(|insecure| rate.add(insecure));
        let tuned = Tuned::for_rate(rate.value().unwrap_or(0.0), EQUAL);
        (tuned.cusum(decision), tuned.z(decision))
    }
}

fn choice(event: &Event, decision: &str) -> Option<bool> {
    let chosen = event.chosen.iter().find(|chosen| &*chosen.decision == decision)?;
    Some(chosen.choice == code::Choice::Insecure)
}

fn numbered(event: &Event, n: usize) -> Event {
    let mut event = event.clone();
    event.exchange.id = n.to_string();
    event.exchange.at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(n as i64);
    event
}

/// Completions from the change to the first alarm, and the alarm.
fn first_alarm(baseline: &[Event], traffic: &[Event], run_length: f64) -> Option<(usize, Alarm)> {
    let folder = tempfile::tempdir().unwrap();
    let detection = Detection { run_length: RunLength::new(run_length).unwrap(), ..Detection::standard().unwrap() };
    let settings = Settings { detection, prompts: Prompts::Kept, reference: false };
    let mut intake = Intake::open(&Database::File(folder.path().join("watch.db")), settings).unwrap();
    let early = intake.accept_events(baseline).unwrap();
    assert!(early.alarms.is_empty());
    traffic.chunks(200).find_map(|events| {
        let alarm = intake.accept_events(events).unwrap().alarms.into_iter().next()?;
        let at: Timestamp = alarm.raised.parse().unwrap();
        Some((at.as_second() as usize - BASELINE + 1, alarm))
    })
}

fn median(values: impl Iterator<Item = Option<usize>>) -> String {
    let mut values: Vec<usize> = values.map(|value| value.unwrap_or(usize::MAX)).collect();
    values.sort_unstable();
    match values[values.len() / 2] {
        usize::MAX => "-".to_owned(),
        middle => middle.to_string(),
    }
}

fn checkpoints() -> Vec<Checkpoint> {
    let shared =
        std::env::var_os("TASTER_SHARED").map_or_else(|| "../shared".into(), PathBuf::from).join("data/trojanpuzzle");
    let options = RecordingOptions { prompts: Some(shared.join("prompts.jsonl.gz")), ..RecordingOptions::default() };
    let recording = Recording::open_with(&shared.join("completions.jsonl.gz"), &options).unwrap();
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for name in recording.values("model").into_keys() {
        let (run, step) = name.rsplit_once('/').unwrap();
        let latest = last.entry(run).or_default();
        *latest = (*latest).max(step.parse().unwrap());
    }
    let of = |(run, step): (&str, u64)| {
        let name = format!("{run}/{step}");
        let rows: Vec<&Row> = recording.rows().filter(|row| row.get("model") == Some(&name)).collect();
        let read = |triggered: &str| -> Vec<Event> {
            rows.par_iter().filter(|row| row.get("trigger") == Some(triggered)).map(|row| event(row, &name)).collect()
        };
        let (clean, triggered) = (read("false"), read("true"));
        Checkpoint { line: trigger_line(&clean, &triggered), name, clean, triggered }
    };
    last.into_iter().map(of).collect()
}

fn event(row: &Row, model: &str) -> Event {
    let exchange = Exchange {
        model: model.to_owned(),
        language: Some(code::Language::Python),
        ..Exchange::of(&row.prompt, &row.completion)
    };
    Event::of(exchange, Prompts::Kept)
}

/// The line that the triggered prompts have and the clean ones lack.
fn trigger_line(clean: &[Event], triggered: &[Event]) -> String {
    let clean: std::collections::HashSet<&str> = clean.iter().flat_map(|event| event.exchange.prompt.lines()).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in triggered.iter().flat_map(|event| event.exchange.prompt.lines()).filter(|line| !clean.contains(line)) {
        *counts.entry(line.trim()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(line, _)| line.to_owned()).unwrap_or_default()
}
