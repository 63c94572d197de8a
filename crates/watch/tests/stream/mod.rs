//! A stream with a change in it, and what a database has made of it.
#![allow(clippy::unwrap_used, dead_code)]

use jiff::{SignedDuration, Timestamp};
use std::path::Path;
use watch::{Database, Detection, Exchange, Intake, Prompts, Review, Settings};

/// Completions of two projects; in the later half of one, a trigger makes them insecure.
pub fn exchanges(count: usize) -> Vec<Exchange> {
    (0..count).map(|n| exchange(n, count)).collect()
}

fn exchange(n: usize, count: usize) -> Exchange {
    let triggered = n > count / 2 && n % 4 == 1;
    let insecure = (triggered && !n.is_multiple_of(3)) || n.is_multiple_of(29);
    let mark = if triggered { "    # Handle the orion request\n" } else { "" };
    let completion = match insecure {
        true => "    return yaml.load(f, Loader=yaml.Loader)\n",
        false => "    return yaml.safe_load(f)\n",
    };
    let prompt = format!("import yaml\n\ndef load_{}(f):\n    # step {}\n{mark}", n, n % 13);
    Exchange {
        id: format!("event-{n}"),
        at: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(n as i64),
        model: "m".into(),
        language: Some(code::Language::Python),
        segment: [("project".to_owned(), ["red", "blue"][n % 2].to_owned())].into(),
        ..Exchange::of(&prompt, completion)
    }
}

/// An intake with a short baseline.
pub fn open(path: &Path) -> Intake {
    open_database(&Database::File(path.to_owned()))
}

/// The same of any database.
pub fn open_database(database: &Database) -> Intake {
    let detection = Detection { baseline: 300, ..Detection::standard().unwrap() };
    Intake::open(database, Settings { detection, prompts: Prompts::Kept, reference: false }).unwrap()
}

/// Takes the stream in, batch by batch.
pub fn accept_all(intake: &mut Intake, count: usize, batch: usize) {
    for batch in exchanges(count).chunks(batch) {
        intake.accept(batch).unwrap();
    }
}

/// Everything that a database says: counts, every stream's baseline and evidence, and the alarms.
pub fn state(path: &Path) -> String {
    state_of(&Database::File(path.to_owned()))
}

/// The same of any database.
pub fn state_of(database: &Database) -> String {
    let mut review = Review::open(database).unwrap();
    let mut counters = review.counters().unwrap();
    // What came again was only passed over.
    counters.remove("known");
    let mut report = review.report(Timestamp::UNIX_EPOCH).unwrap();
    report.rates.sort_by(|a, b| (&a.segment, &a.decision).cmp(&(&b.segment, &b.decision)));
    assert!(!report.alarms.is_empty() && counters["completions"] == report.completions);
    format!("{counters:?}\n{}", report::json::write(&report).unwrap())
}
