//! What the ledger is told as in the formats of others, read by the tools of others. They are in the Python that `TASTER_CHECKERS` names.
#![allow(clippy::unwrap_used)]

#[path = "support/command.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod command;

use command::{error_line, taster};
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

fn checkers() -> Option<OsString> {
    let python = std::env::var_os("TASTER_CHECKERS");
    if python.is_none() {
        eprintln!(
            "skipped: TASTER_CHECKERS names no Python with the packages of xtask/requirements-checkers.txt; `cargo xtask test` does"
        );
    }
    python
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    taster().current_dir(folder).args(arguments).output().unwrap()
}

fn done(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A ledger with two collections, a step, a base model and a fine-tune of it; names are such as attackers choose.
fn ledger() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for (name, files) in [("data", ["a.py", "b\x1b[31m\"<script>.py"]), ("more", ["a.py", "c.py"])] {
        fs::create_dir(at.join(name)).unwrap();
        files.iter().for_each(|file| fs::write(at.join(name).join(file), format!("{file} = 1\n")).unwrap());
    }
    for model in ["base", "tuned"] {
        fs::create_dir_all(at.join(model).join("part")).unwrap();
        fs::write(at.join(model).join("part/weights.bin"), model).unwrap();
        fs::write(at.join(model).join("part.json"), "{}").unwrap();
    }
    done(at, &["ledger", "init", "--origin", "example.com/log"]);
    done(at, &["ledger", "add", "data", "--licence", "MIT"]);
    done(at, &["ledger", "add", "more", "--licence", "MIT OR Apache-2.0", "--source", "a \"source\"\u{202e}\n"]);
    done(at, &["ledger", "seal"]);
    done(at, &["ledger", "train", "base", "--name", "base", "--parameter", "seed=7"]);
    fs::remove_file(at.join("more/c.py")).unwrap();
    let step = ["ledger", "transform", "--kind", "filter", "--tool", "by hand", "--kept", "more"];
    done(at, &step);
    done(at, &["ledger", "seal"]);
    done(at, &["ledger", "revoke", "--source", "data", "--reason", "planted"]);
    done(at, &["ledger", "train", "tuned", "--name", "tuned", "--making", "fine-tune", "--base", "base"]);
    folder
}

/// What the checker of a format has against a file; empty where it has nothing.
fn faults(python: &OsString, folder: &Path, format: &str, file: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/check_exports.py");
    let output = Command::new(python).current_dir(folder).args([script, format, file]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Exports a subject, has it read, damages it and has that read too.
fn read_and_refused(format: &str, whats: &[&[&str]], damage: &[(&str, &str)]) {
    let Some(python) = checkers() else { return };
    let folder = ledger();
    let at = folder.path();
    for what in whats {
        let file = format!("export.{format}.json");
        let said = done(at, &[&["ledger", "export", "--as", format, "--out", &file], *what].concat());
        assert_eq!(said["format"], format);
        assert_eq!(faults(&python, at, format, &file), "", "{what:?}");
        let text = fs::read_to_string(at.join(&file)).unwrap();
        for (right, wrong) in damage {
            let damaged = text.replacen(right, wrong, 1);
            assert_ne!(damaged, text, "{right}");
            fs::write(at.join(&file), damaged).unwrap();
            assert_ne!(faults(&python, at, format, &file), "", "{right} -> {wrong}");
        }
    }
}

#[test]
fn in_toto_reads_the_statements_and_their_signatures_and_refuses_a_changed_one() {
    read_and_refused(
        "slsa",
        &[&["tuned"], &["base"], &[]],
        &[("\"payload\":\"ey", "\"payload\":\"fy"), ("\"sig\":\"", "\"sig\":\"AAAA")],
    );
}

#[test]
fn cyclonedx_validates_the_bill_and_refuses_a_damaged_one() {
    let damage = [
        ("\"bomFormat\": \"CycloneDX\"", "\"bomFormat\": \"Cyclone\""),
        ("\"alg\": \"SHA-256\"", "\"alg\": \"SHA-257\""),
        ("\"ref\": \"urn:taster:segment:", "\"ref\": \"urn:taster:segmant:"),
    ];
    read_and_refused("cyclonedx", &[&["tuned"], &["base"], &[]], &damage);
}

#[test]
fn spdx_reads_the_document_and_refuses_a_damaged_one() {
    let damage = [
        ("\"trainedOn\"", "\"trainedBy\""),
        ("\"dataset_datasetType\"", "\"dataset_datasetTypo\""),
        ("\"algorithm\": \"sha256\"", "\"algorithm\": \"sha257\""),
    ];
    read_and_refused("spdx", &[&["tuned"], &["base"]], &damage);
    read_and_refused("spdx", &[&[]], &damage[1..]);
}

#[test]
fn croissant_reads_every_record_through_the_description_and_refuses_a_wrong_digest() {
    let damage = [("\"sha256\": \"", "\"sha256\": \"0"), ("\"@type\": \"cr:Field\"", "\"@type\": \"cr:Fold\"")];
    read_and_refused("croissant", &[&["tuned"], &[]], &damage);
}

#[test]
fn a_bill_tells_the_lineage_and_what_is_revoked() {
    let folder = ledger();
    let at = folder.path();
    let output = run(at, &["ledger", "export", "tuned", "--as", "cyclonedx"]);
    assert!(!output.stdout.contains(&0x1b) && !output.stdout.windows(3).any(|it| it == "\u{202e}".as_bytes()));
    let bill: Value = serde_json::from_slice(&output.stdout).unwrap();
    let components = bill["components"].as_array().unwrap();
    let kinds: Vec<&Value> = components.iter().map(|it| &it["type"]).collect();
    // The base, the two segments that the step wrote or read, as they are in the log.
    assert_eq!(kinds.iter().filter(|kind| **kind == "machine-learning-model").count(), 1, "{kinds:?}");
    assert_eq!(bill["metadata"]["component"]["name"], "tuned");
    let revoked = |it: &&Value| it["description"].as_str().is_some_and(|text| text.contains("must no longer be used"));
    assert!(components.iter().any(|it| revoked(&it)));
    assert_eq!(
        run(at, &["ledger", "export", "tuned", "--as", "cyclonedx"]).stdout,
        output.stdout,
        "the same log, the same bytes"
    );
    for (what, said) in [("nobody", "no model that the log knows"), (&"0".repeat(64), "no model that the log knows")] {
        let output = run(at, &["ledger", "export", what, "--as", "spdx"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(error_line(&output).contains(said), "{}", error_line(&output));
    }
}
