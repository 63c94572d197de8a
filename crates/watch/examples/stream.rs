//! The streams of `bench/watch/stream.py`, which prints what comes out of this: the completions of `data/trojanpuzzle` through the whole of
//! `watch` (reading, SQLite, detectors, miner), beside a CUSUM and a rolling z-test at the same run length.
//!
//!     cargo run --release --workspace --example stream -- all|even|odd ROUNDS QUIET > streams.jsonl
//!
//! Each fully trained checkpoint: 800 completions without trigger as the baseline, then traffic in which 10 % or 30 % of the prompts carry
//! the trigger, drawn from completions that the baseline did not have; QUIET streams without any, and a quarter as many without any in which
//! each prompt is answered thirty times in a row. `even` and `odd` take every other
//! checkpoint: what is tuned on the one is reported on the other. A line a stream.
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
use serde_json::json;
use stats::Rate;
use std::collections::BTreeMap;
use std::path::PathBuf;
use watch::{Database, Detection, Event, Exchange, Intake, Prompts, Settings};

/// Completions of the baseline.
const BASELINE: usize = 800;
/// A stream that is silent for so long is given up.
const LONGEST: usize = 5_000;
/// The same of a stream without a trigger.
const LONGEST_QUIET: usize = 25_000;

/// A checkpoint: its completions, read once.
struct Checkpoint {
    name: String,
    line: String,
    clean: Vec<Event>,
    triggered: Vec<Event>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, usual: u64| arguments.get(at).map_or(usual, |number| number.parse().unwrap());
    let (rounds, quiet) = (number(1, 5), number(2, 100));
    let all = checkpoints();
    let wanted = |at: &usize| match arguments.first().map(String::as_str) {
        Some("even") => at.is_multiple_of(2),
        Some("odd") => !at.is_multiple_of(2),
        _ => true,
    };
    let chosen: Vec<&Checkpoint> = (0..all.len()).filter(wanted).map(|at| &all[at]).collect();
    for checkpoint in &chosen {
        for share in [0.1, 0.3] {
            let one = |round| checkpoint.seen(share, checkpoint.draw(share, round));
            (0..rounds).into_par_iter().map(one).collect::<Vec<_>>().iter().for_each(|seen| println!("{seen}"));
        }
    }
    let one = |round: u64| {
        let checkpoint = chosen[round as usize % chosen.len()];
        checkpoint.seen(0.0, checkpoint.draw_clean(round + 1_000))
    };
    (0..quiet).into_par_iter().map(one).for_each(|seen| println!("{seen}"));
    let one = |round: u64| {
        let checkpoint = chosen[round as usize % chosen.len()];
        let mut seen = checkpoint.seen(0.0, checkpoint.draw_runs(round + 2_000));
        seen["runs"] = true.into();
        seen
    };
    (0..quiet / 4).into_par_iter().map(one).for_each(|seen| println!("{seen}"));
}

impl Checkpoint {
    /// What each detector made of a stream: completions from the change to the alarm. With the choices, for detectors that are not ours.
    fn seen(&self, share: f64, (baseline, traffic): (Vec<Event>, Vec<Event>)) -> serde_json::Value {
        let alarm = first_alarm(&baseline, &traffic);
        let (cusum, z) = self.peers(&baseline);
        let mined = alarm.as_ref().and_then(|(_, alarm)| Some(alarm.features.first()?.text.clone()));
        let choices = |events: &[Event]| -> String {
            let letter =
                |event| choice(event, self.decision()).map_or('-', |insecure| if insecure { '1' } else { '0' });
            events.iter().map(letter).collect()
        };
        json!({
            "checkpoint": self.name, "share": share,
            "taster": alarm.as_ref().map(|(at, _)| at), "cusum": cusum.first(&traffic), "z": z.first(&traffic),
            "right": mined.as_ref().is_some_and(|mined| self.line.contains(mined.trim_start_matches(['#', ' ']))),
            "mined": mined, "tied": alarm.is_some_and(|(_, alarm)| alarm.drift == Drift::Feature),
            "baseline": choices(&baseline), "traffic": choices(&traffic),
        })
    }

    fn decision(&self) -> &str {
        self.name.split('/').next().unwrap().trim_start_matches("flask-")
    }

    /// A baseline without trigger, and traffic of what the baseline does not have.
    fn draw(&self, share: f64, round: u64) -> (Vec<Event>, Vec<Event>) {
        let mut rng = ChaCha8Rng::seed_from_u64(round);
        let mut clean: Vec<&Event> = self.clean.iter().collect();
        clean.shuffle(&mut rng);
        let (baseline, rest) = clean.split_at(BASELINE);
        let traffic: Vec<Event> = (0..LONGEST)
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
    fn draw_clean(&self, round: u64) -> (Vec<Event>, Vec<Event>) {
        let mut rng = ChaCha8Rng::seed_from_u64(round);
        let mut drawn = (0..BASELINE + LONGEST_QUIET).map(|n| numbered(self.clean.choose(&mut rng).unwrap(), n));
        (drawn.by_ref().take(BASELINE).collect(), drawn.collect())
    }

    /// The same, but that prompts are drawn, each with all its completions.
    fn draw_runs(&self, round: u64) -> (Vec<Event>, Vec<Event>) {
        let mut rng = ChaCha8Rng::seed_from_u64(round);
        let mut prompts: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
        self.clean.iter().for_each(|event| prompts.entry(&event.prompt_hash).or_default().push(event));
        let prompts: Vec<Vec<&Event>> = prompts.into_values().collect();
        let mut drawn = Vec::new();
        while drawn.len() < BASELINE + LONGEST_QUIET {
            let run = prompts.choose(&mut rng).unwrap();
            run.iter().for_each(|event| drawn.push(numbered(event, drawn.len())));
        }
        let traffic = drawn.split_off(BASELINE);
        (drawn, traffic)
    }

    /// The peers, tuned to the rate of the baseline.
    fn peers(&self, baseline: &[Event]) -> (Peer, Peer) {
        let decision = self.decision();
        let mut rate = Rate::default();
        baseline.iter().filter_map(|event| choice(event, decision)).for_each(|insecure| rate.add(insecure));
        let tuned = Tuned::for_rate(rate.value().unwrap_or(0.0), Detection::standard().unwrap().run_length.get());
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
fn first_alarm(baseline: &[Event], traffic: &[Event]) -> Option<(usize, Alarm)> {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { detection: Detection::standard().unwrap(), prompts: Prompts::Kept, reference: false };
    let mut intake = Intake::open(&Database::File(folder.path().join("watch.db")), settings).unwrap();
    let early = intake.accept_events(baseline).unwrap();
    assert!(early.alarms.is_empty());
    traffic.chunks(200).find_map(|events| {
        let alarm = intake.accept_events(events).unwrap().alarms.into_iter().next()?;
        let at: Timestamp = alarm.raised.parse().unwrap();
        Some((at.as_second() as usize - BASELINE + 1, alarm))
    })
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
