//! What is kept of prompts, of events and of a reference, and that the detectors know as much as if all were kept.
#![allow(clippy::unwrap_used)]

mod stream;

use jiff::Timestamp;
use report::Alarm;
use std::path::{Path, PathBuf};
use stream::{exchanges, state};
use watch::{Database, Detection, Exchange, Intake, Prompts, Review, Settings};

const EVENTS: usize = 3_000;

fn open(path: &Path, prompts: Prompts, reference: bool) -> Intake {
    let detection = Detection { baseline: 300, ..Detection::standard().unwrap() };
    Intake::open(&Database::File(path.to_owned()), Settings { detection, prompts, reference }).unwrap()
}

fn accept(intake: &mut Intake, exchanges: &[Exchange]) {
    exchanges.chunks(100).for_each(|batch| drop(intake.accept(batch).unwrap()));
}

/// The alarms, without the events that they list.
fn alarms(path: &Path) -> Vec<Alarm> {
    let mut alarms = Review::open(&Database::File(path.to_owned())).unwrap().alarms(Timestamp::UNIX_EPOCH).unwrap();
    alarms.iter_mut().for_each(|alarm| alarm.events.clear());
    alarms
}

/// What the ties have made of all events. Forgets the events.
fn ties(path: &Path) -> serde_json::Value {
    open(path, Prompts::Kept, false).forget(Timestamp::MAX, false).unwrap();
    let connection = rusqlite::Connection::open(path).unwrap();
    let body: String = connection.query_row("SELECT body FROM ties", [], |row| row.get(0)).unwrap();
    serde_json::from_str(&body).unwrap()
}

fn database(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

#[test]
fn where_prompts_are_kept_as_hashes_the_trigger_is_named_all_the_same_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, hashed) = (database(&folder, "kept.db"), database(&folder, "hashed.db"));
    let exchanges = exchanges(EVENTS);
    accept(&mut open(&kept, Prompts::Kept, false), &exchanges);
    let (before, after) = exchanges.split_at(EVENTS / 2 + 100);
    accept(&mut open(&hashed, Prompts::Hashed, false), before);
    accept(&mut open(&hashed, Prompts::Hashed, false), after);
    assert_eq!(state(&hashed), state(&kept));
    assert!(alarms(&hashed)[0].features[0].line.contains("orion"), "{:?}", alarms(&hashed));
    let stored: Vec<u8> = ["hashed.db", "hashed.db-wal"]
        .iter()
        .flat_map(|name| std::fs::read(folder.path().join(name)).unwrap_or_default())
        .collect();
    let holds = |text: &str| memchr::memmem::find(&stored, text.as_bytes()).is_some();
    assert!(holds("Handle the orion request") && !holds("def load_7("));
}

#[test]
fn a_line_that_every_prompt_carries_explains_no_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder, "watch.db");
    let exchange = |n: usize| {
        let insecure = n > EVENTS / 2 && n.is_multiple_of(3);
        // The rule has no opinion of this one, so that nothing but the ties sees a change.
        let loader = if insecure { "load(f, Loader=loader)" } else { "safe_load(f)" };
        let prompt = format!("# Owner: the birch team\n\ndef load_{n}(f):\n    # step {}\n", n % 13);
        let written = Exchange::of(&prompt, &format!("    return yaml.{loader}\n"));
        Exchange { id: n.to_string(), language: Some(code::Language::Python), ..written }
    };
    accept(&mut open(&path, Prompts::Kept, false), &(0..EVENTS).map(exchange).collect::<Vec<_>>());
    let alarms = alarms(&path);
    assert!(!alarms.is_empty());
    let named: Vec<&str> = alarms.iter().flat_map(|alarm| &alarm.features).map(|found| found.text.as_str()).collect();
    assert!(!named.iter().any(|text| text.contains("birch") || text.contains("Owner")), "{named:?}");
    assert!(alarms.iter().all(|alarm| alarm.drift != report::Drift::Feature), "{alarms:?}");
}

#[test]
fn what_was_forgotten_is_not_forgotten_by_the_detectors() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, forgetful) = (database(&folder, "whole.db"), database(&folder, "forgetful.db"));
    let exchanges = exchanges(EVENTS);
    accept(&mut open(&whole, Prompts::Kept, false), &exchanges);
    let (before, after) = exchanges.split_at(EVENTS / 2);
    let mut intake = open(&forgetful, Prompts::Kept, false);
    accept(&mut intake, before);
    assert_eq!(intake.forget(Timestamp::MAX, false).unwrap(), before.len() as u64);
    drop(intake);
    accept(&mut open(&forgetful, Prompts::Kept, false), after);
    let known = ties(&whole);
    assert!(known["decisions"]["yaml-load"]["bounds"].is_array());
    assert_eq!(ties(&forgetful), known);
}

#[test]
fn a_gateway_that_is_running_takes_a_reference_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let (running, started) = (database(&folder, "running.db"), database(&folder, "started.db"));
    let exchanges = exchanges(EVENTS);
    let (first, rest) = exchanges.split_at(50);
    let (reference, rest) = rest.split_at(400);
    for path in [&running, &started] {
        let mut gateway = open(path, Prompts::Kept, false);
        accept(&mut gateway, first);
        accept(&mut open(path, Prompts::Kept, true), reference);
        if path == &started {
            gateway = open(path, Prompts::Kept, false);
        }
        accept(&mut gateway, rest);
    }
    assert_eq!(state(&running), state(&started));
    assert_eq!(ties(&running), ties(&started));
}
