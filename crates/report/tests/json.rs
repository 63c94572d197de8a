//! The JSON report and its published schema.
#![allow(clippy::unwrap_used)]

mod sample;

use report::{Alarm, CheckReport, Drift, Error, Feature, ScanReport, SegmentRate, WatchReport, json, schema};
use serde_json::Value;
use stats::Rate;
use std::path::Path;

#[test]
fn a_report_reads_back_as_it_was_written() {
    for report in [sample::poisoned(), sample::clean()].into_iter().chain(sample::HOSTILE.map(sample::hostile)) {
        assert_eq!(json::read::<ScanReport>(&json::write(&report).unwrap()).unwrap(), report);
    }
    assert_eq!(json::read::<CheckReport>(&json::write(&sample::check()).unwrap()).unwrap(), sample::check());
}

#[test]
fn evidence_beyond_the_largest_double_is_written_as_the_largest_double() {
    let mut report = sample::poisoned();
    report.triggers[0].e_value = f64::INFINITY;
    let read: ScanReport = json::read(&json::write(&report).unwrap()).unwrap();
    assert_eq!(read.triggers[0].e_value, f64::MAX);
}

#[test]
fn a_number_that_is_none_is_refused_rather_than_written_as_null() {
    let mut report = sample::clean();
    report.seconds = f64::NAN;
    assert!(matches!(json::write(&report), Err(Error::Unwritable(_))));
}

#[test]
fn a_report_of_a_later_version_or_another_kind_is_refused_with_a_reason() {
    let later = json::write(&sample::clean()).unwrap().replacen("\"schema_version\": 1", "\"schema_version\": 9", 1);
    assert!(matches!(json::read::<ScanReport>(&later), Err(Error::Version { found: 9, known: 1 })));
    for text in ["", "{}", "[1", "null"] {
        assert!(matches!(json::read::<ScanReport>(text), Err(Error::Unreadable(_))), "{text}");
    }
}

#[test]
fn the_json_of_a_hostile_report_has_no_terminal_sequence() {
    for text in sample::HOSTILE {
        let shown = json::write(&sample::hostile(text)).unwrap();
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
        assert!(!shown.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}']));
    }
}

#[test]
fn samples_keep_to_the_schema_and_damaged_ones_do_not() {
    let scan = jsonschema::validator_for(&schema::scan()).unwrap();
    for report in [sample::poisoned(), sample::clean(), sample::hostile("\u{1b}<script>")] {
        assert!(scan.is_valid(&serde_json::to_value(report).unwrap()));
    }
    let mut damaged = serde_json::to_value(sample::poisoned()).unwrap();
    damaged["verdict"] = "perhaps".into();
    assert!(!scan.is_valid(&damaged));

    let check = jsonschema::validator_for(&schema::check()).unwrap();
    assert!(check.is_valid(&serde_json::to_value(sample::check()).unwrap()));
    assert!(!check.is_valid(&serde_json::json!({"files": []})));
}

#[test]
fn a_report_of_what_was_watched_keeps_to_its_schema_and_a_damaged_one_does_not() {
    let schema = jsonschema::validator_for(&schema::watch()).unwrap();
    let rate = Rate { insecure: 1, made: 9 };
    let feature = Feature {
        family: "comment".into(),
        text: "orion".into(),
        line: "# orion".into(),
        with: rate,
        without: rate,
        p: 0.01,
    };
    let alarm = Alarm {
        id: "a".into(),
        raised: "2026-11-27T00:00:00Z".into(),
        segment: "all".into(),
        also: Vec::new(),
        decision: "yaml-load".into(),
        cwe: "CWE-502".into(),
        before: rate,
        now: rate,
        e_value: f64::INFINITY,
        run_length: 1e6,
        again: 0,
        drift: Drift::Feature,
        features: vec![feature],
        events: vec!["1".into()],
    };
    let stream = SegmentRate {
        segment: "all".into(),
        decision: "yaml-load".into(),
        baseline: rate,
        limit: None,
        rate,
        evidence: 2.0,
    };
    let report = WatchReport {
        taster_version: "0".into(),
        since: "2026-11-27T00:00:00Z".into(),
        completions: 9,
        not_analysed: 0,
        rates: vec![stream],
        alarms: vec![alarm],
    };
    let written = serde_json::to_value(&report).unwrap();
    assert!(schema.is_valid(&written));
    for (place, value) in [("/alarms/0/drift", "sideways"), ("/alarms/0/before", "1 of 9"), ("/rates/0/rate/made", "9")]
    {
        let mut damaged = written.clone();
        *damaged.pointer_mut(place).unwrap() = value.into();
        assert!(!schema.is_valid(&damaged), "{place}");
    }
}

#[test]
fn the_published_schemas_are_those_of_the_result_model() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    let schemas = [
        ("scan", schema::scan()),
        ("check", schema::check()),
        ("compare", schema::compare()),
        ("audit", schema::audit()),
        ("trace", schema::trace()),
        ("watch", schema::watch()),
    ];
    for (name, schema) in schemas {
        let path = folder.join(format!("{name}.schema.json"));
        if std::env::var_os("TASTER_WRITE_SCHEMAS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, serde_json::to_string_pretty(&schema).unwrap() + "\n").unwrap();
        }
        let published: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(published, schema, "run TASTER_WRITE_SCHEMAS=1 cargo test --release -p report published");
    }
}
