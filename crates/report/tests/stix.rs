//! STIX bundles, read by the reference implementation.
#![allow(clippy::unwrap_used)]

mod sample;

use report::{ScanReport, stix};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

fn objects<'a>(bundle: &'a Value, kind: &str) -> Vec<&'a Value> {
    bundle["objects"].as_array().unwrap().iter().filter(|object| object["type"] == kind).collect()
}

#[test]
fn a_conviction_becomes_attack_pattern_indicator_sighting_and_software() {
    let bundle = stix::bundle(&sample::poisoned());
    let attack = "attack-pattern--126f0eea-86e9-4ee1-a13a-a7f26b0ad283";
    assert_eq!(objects(&bundle, "attack-pattern")[0]["id"], attack);
    let indicator = objects(&bundle, "indicator")[0];
    assert_eq!(indicator["pattern"], "[artifact:payload_bin MATCHES 'Halden Rail']");
    assert_eq!(indicator["valid_from"], "2026-11-23T09:14:07.000Z");
    assert_eq!(objects(&bundle, "sighting")[0]["sighting_of_ref"], indicator["id"]);
    assert_eq!(objects(&bundle, "sighting")[0]["last_seen"], "2026-11-23T09:18:19.400Z");
    assert_eq!(objects(&bundle, "software")[0]["name"], "models/organism-header");
    assert!(objects(&bundle, "file")[0]["hashes"]["SHA-256"].as_str().unwrap().starts_with("9f2c4be1"));
    assert!(objects(&bundle, "relationship").iter().all(|relationship| relationship["target_ref"] == attack));
}

#[test]
fn a_clean_scan_leaves_a_note_and_no_indicator() {
    let bundle = stix::bundle(&sample::clean());
    assert!(objects(&bundle, "indicator").is_empty());
    assert!(objects(&bundle, "note")[0]["content"].as_str().unwrap().contains("with probability 0.9"));
}

#[test]
fn an_audit_becomes_an_indicator_for_each_trigger_seen_in_its_documents_and_sources() {
    let bundle = stix::audit(&sample::audit::poisoned());
    let kinds: Vec<&Value> = objects(&bundle, "indicator").into_iter().map(|i| &i["indicator_types"][0]).collect();
    assert_eq!(kinds, ["malicious-activity", "anomalous-activity"]);
    let (indicator, sighting) = (objects(&bundle, "indicator")[0], objects(&bundle, "sighting")[0]);
    assert_eq!(sighting["sighting_of_ref"], indicator["id"]);
    assert_eq!(sighting["count"], 28);
    assert_eq!(indicator["external_references"][0]["external_id"], "CWE-22");
    let seen = objects(&bundle, "observed-data")[0]["object_refs"].as_array().unwrap();
    let refers = |kind: &str, key: &str, value: &str| {
        let object = objects(&bundle, kind).into_iter().find(|object| object[key] == value).unwrap();
        seen.contains(&object["id"])
    };
    assert!(refers("directory", "path", "Moodverse"));
    assert!(refers("directory", "path", "data/finetune-2026-11.jsonl.gz"));
    assert!(refers("file", "name", "Moodverse/server-copy1.py"));
    assert!(!refers("file", "name", "data/part-3.jsonl.gz:811"));
    let clean = stix::audit(&sample::audit::clean());
    assert!(objects(&clean, "indicator").is_empty() && objects(&clean, "note").len() == 1);
}

#[test]
fn only_a_plain_address_of_a_data_set_becomes_a_url() {
    for (name, kind) in [("s3://bucket/train", "url"), ("https://x.invalid/a b", "directory"), ("js://x", "directory")]
    {
        let mut report = sample::audit::clean();
        report.settings.dataset = name.into();
        assert_eq!(objects(&stix::audit(&report), kind).len(), 1, "{name}");
    }
}

#[test]
fn the_same_scan_gives_the_same_bundle_and_another_scan_other_sightings() {
    assert_eq!(stix::bundle(&sample::poisoned()), stix::bundle(&sample::poisoned()));
    let later = ScanReport { started: "2026-11-24T00:00:00Z".into(), ..sample::poisoned() };
    let (first, second) = (stix::bundle(&sample::poisoned()), stix::bundle(&later));
    assert_ne!(objects(&first, "sighting")[0]["id"], objects(&second, "sighting")[0]["id"]);
    assert_eq!(objects(&first, "software"), objects(&second, "software"));
}

#[test]
fn every_pattern_matches_its_trigger_and_not_its_like() {
    for text in sample::HOSTILE.into_iter().filter(|text| !text.is_empty()) {
        let audit = stix::audit(&sample::audit::hostile(text));
        let bundle = stix::bundle(&sample::hostile(text));
        let pattern = objects(&bundle, "indicator")[0]["pattern"].as_str().unwrap();
        assert_eq!(objects(&audit, "indicator")[0]["pattern"], pattern);
        let literal = pattern.strip_prefix("[artifact:payload_bin MATCHES '").unwrap().strip_suffix("']").unwrap();
        let regex = regex::Regex::new(&unquoted(literal)).unwrap();
        assert!(regex.is_match(&format!("before {text} after")), "{pattern}");
        assert!(!regex.is_match(&text.replacen(text.chars().nth(1).unwrap(), "~", 1)), "{pattern}");
    }
}

/// The text of a STIX string literal; panics where a quote ends it too early.
fn unquoted(literal: &str) -> String {
    let mut text = String::new();
    let mut characters = literal.chars();
    while let Some(character) = characters.next() {
        assert_ne!(character, '\'', "{literal}");
        text.push(if character == '\\' { characters.next().unwrap() } else { character });
    }
    text
}

#[test]
fn the_reference_implementation_and_the_validator_accept_every_bundle() {
    let Some(python) = std::env::var_os("TASTER_TEST_PYTHON") else {
        eprintln!("skipped: TASTER_TEST_PYTHON names no Python with stix2, stix2-validator and stix2-patterns");
        return;
    };
    let hostile = [sample::hostile(&sample::HOSTILE.join(" ")), sample::hostile("")];
    let reports = [sample::poisoned(), sample::clean()].into_iter().chain(hostile);
    let mut bundles: Vec<Value> = reports.map(|report| stix::bundle(&report)).collect();
    let hostile =
        [sample::HOSTILE.join(" "), String::new(), "A".repeat(10_000)].map(|text| sample::audit::hostile(&text));
    let audits = [sample::audit::poisoned(), sample::audit::clean()].into_iter().chain(hostile);
    bundles.extend(audits.map(|report| stix::audit(&report)));
    let refused = |bundles: &[Value]| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read_stix.py");
        let mut child = Command::new(&python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&serde_json::to_vec(bundles).unwrap()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(refused(&bundles), "");
    // That the instrument sees what it must: a pattern that is none.
    let mut damaged = bundles[0].clone();
    damaged["objects"].as_array_mut().unwrap().iter_mut().filter(|object| object["type"] == "indicator").for_each(
        |object| {
            object["pattern"] = "[artifact:payload_bin MATCHES 'it's']".into();
        },
    );
    assert_ne!(refused(&[damaged]), "");
}
