//! The ledger, as a user runs it.
#![allow(clippy::unwrap_used)]

#[path = "support/command.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod command;

use command::{error_line, taster};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    taster().current_dir(folder).args(arguments).output().unwrap()
}

/// What a command prints as JSON, and its exit status.
fn json(folder: &Path, arguments: &[&str]) -> (Value, i32) {
    let output = run(folder, &[arguments, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    (
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{arguments:?}: {text} {error}")),
        output.status.code().unwrap(),
    )
}

/// A ledger with a sealed folder of two documents.
fn sealed() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("data")).unwrap();
    fs::write(at.join("data/a.py"), "a = 1\n").unwrap();
    fs::write(at.join("data/b\x1b[31m.py"), "b = 1\n").unwrap();
    assert_eq!(json(at, &["ledger", "init", "--origin", "example.com/log"]).0["origin"], "example.com/log");
    assert_eq!(json(at, &["ledger", "add", "data", "--licence", "MIT"]).0["documents"], 2);
    assert_eq!(json(at, &["ledger", "seal"]).0["records"], 2);
    folder
}

#[test]
fn a_ledger_is_begun_filled_sealed_verified_and_proved() {
    let folder = sealed();
    let at = folder.path();
    let (found, status) = json(at, &["ledger", "verify"]);
    assert_eq!((found["records"].as_u64(), status), (Some(2), 0), "{found}");
    let (proved, status) = json(at, &["ledger", "prove", "data/a.py", "--out", "proofs"]);
    assert_eq!((proved["proofs"].as_array().unwrap().len(), status), (1, 0));
    // A stranger has the proof and the policy only.
    let stranger = tempfile::tempdir().unwrap();
    let proof = at.join("proofs/0-0.tlog-proof");
    let policy = at.join("ledger.home/policy");
    let check = |proof: &Path| {
        json(
            stranger.path(),
            &["ledger", "prove", "--check", proof.to_str().unwrap(), "--policy", policy.to_str().unwrap()],
        )
    };
    let (checked, status) = check(&proof);
    assert_eq!((checked["record"]["path"].as_str(), status), (Some("a.py"), 0), "{checked}");
    let forged = stranger.path().join("forged.tlog-proof");
    fs::write(&forged, fs::read_to_string(&proof).unwrap().replace("index 0", "index 1")).unwrap();
    assert_eq!(check(&forged).1, 1);
    assert_eq!(run(at, &["ledger", "prove", &"0".repeat(64)]).status.code(), Some(1));

    assert_eq!(json(at, &["ledger", "train", "data", "--name", "model"]).1, 0);
    let (blast, status) = json(at, &["blast", "--source", "data"]);
    assert_eq!((blast["models"][0]["name"].as_str(), status), (Some("model"), 1), "{blast}");
    assert_eq!(json(at, &["blast", "--source", "elsewhere"]).1, 0);
    assert_eq!(json(at, &["ledger", "revoke", "--source", "data", "--reason", "planted"]).1, 0);
    assert_eq!(json(at, &["ledger", "log"]).0["entries"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_revoked_is_named_by_an_audit_and_left_out() {
    let folder = sealed();
    let at = folder.path();
    fs::create_dir_all(at.join("crawl/one")).unwrap();
    fs::write(at.join("crawl/one/copied.py"), "a = 1\n").unwrap();
    fs::write(at.join("crawl/one/other.py"), "c = 1\n").unwrap();
    let row = |source: &str| format!("{{\"content\": \"d = 1\", \"repo_name\": \"{source}\"}}\n");
    fs::write(at.join("crawl/rows.jsonl"), row("elsewhere") + &row("data")).unwrap();
    let audit = |more: &[&str]| json(at, &[&["audit", "crawl"], more].concat());
    assert_eq!(audit(&["--ledger", "ledger"]).1, 0, "nothing is revoked yet");
    assert_eq!(json(at, &["ledger", "revoke", "--source", "data", "--reason", "planted"]).1, 0);
    let (told, status) = audit(&["--ledger", "ledger", "--clean", "cleaned", "--remove", "names"]);
    let revoked = told["revoked"].as_array().unwrap();
    let names: Vec<&str> = revoked.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!((names, status), (vec!["rows.jsonl:2", "one/copied.py"], 1), "{told}");
    assert_eq!([&revoked[1]["target"], &revoked[1]["reason"]], ["source data", "planted"]);
    assert_eq!(fs::read_to_string(at.join("names")).unwrap(), "one/copied.py\nrows.jsonl:2\n");
    assert!(!at.join("cleaned/one/copied.py").exists() && at.join("cleaned/one/other.py").exists());
    assert_eq!(fs::read_to_string(at.join("cleaned/rows.jsonl")).unwrap(), row("elsewhere"));
    assert!(fs::read_to_string(at.join("taster-report/audit.html")).unwrap().contains("must no longer be used"));
    assert_eq!(audit(&[]).1, 0);
}

#[test]
fn each_row_of_a_data_set_is_a_record_and_a_broken_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let row = |text: &str| serde_json::json!({"text": text, "repo_name": "example/project", "license": "MIT"});
    let rows = format!("{}\nnot json\n{}\n", row("a = 1\n"), row("b = 1\n"));
    fs::write(at.join("rows.jsonl"), rows).unwrap();
    fs::write(at.join("a.py"), "a = 1\n").unwrap();
    json(at, &["ledger", "init", "--origin", "example.com/log"]);
    let output = run(at, &["ledger", "add", "rows.jsonl"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("rows.jsonl:2: no JSON"), "{said}");
    assert_eq!(json(at, &["ledger", "seal"]).0["records"], 2);
    assert_eq!(json(at, &["ledger", "verify"]).1, 0);
    let (proved, status) = json(at, &["ledger", "prove", "a.py"]);
    assert_eq!(status, 0, "{proved}");
    assert!(proved.to_string().contains("example/project"), "{proved}");
}

#[test]
fn what_a_killed_writer_left_is_counted_and_breaks_nothing() {
    let folder = sealed();
    let at = folder.path();
    let verified = || {
        let (found, status) = json(at, &["ledger", "verify"]);
        (found["orphans"].as_u64().unwrap(), status)
    };
    assert_eq!(verified(), (0, 0));
    // As after a kill between an object and the note that it waits.
    let left = at.join("ledger/statement");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join(format!("{}.json", "0".repeat(64))), "{}").unwrap();
    assert_eq!(verified(), (1, 0));
    let said = run(at, &["ledger", "verify"]).stdout;
    assert!(String::from_utf8(said).unwrap().contains("1 objects belong to nothing"));
}

#[test]
fn a_forged_ledger_is_named_and_nothing_of_it_reaches_the_terminal_unescaped() {
    let folder = sealed();
    let at = folder.path();
    let b = "data/b\x1b[31m.py";
    let said = run(at, &["ledger", "prove", b]).stdout;
    assert!(!said.contains(&0x1b) && !said.is_empty());
    let tile = at.join("ledger/tile/entries/000.p/1");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[40] ^= 1;
    fs::write(&tile, bytes).unwrap();
    let output = run(at, &["ledger", "verify"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.starts_with("tile/entries/000.p/1"), "{text}");
}

#[test]
fn what_is_wrong_is_one_line_that_says_what_to_do() {
    let folder = sealed();
    let at = folder.path();
    for (arguments, said) in [
        (&["ledger", "init"][..], "there is a ledger here already"),
        (&["ledger", "seal", "--ledger", "none"], "init"),
        (&["ledger", "add", "none"], "no folder"),
        (&["ledger", "add", "data", "--licence", "mine, all mine"], "SPDX"),
        (&["ledger", "prove", "none"], "cannot be read as a file"),
        (&["ledger", "revoke", "--contributor", "nobody@example.com", "--reason", "x"], "nobody of this name"),
        (&["ledger", "seal", "--ledger", "ftp://host/x", "--home", "ledger.home"], "s3://"),
        (&["ledger", "train", "data", "--segment", "0"], "64 digits"),
    ] {
        let output = run(at, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let line = error_line(&output);
        assert!(line.contains(said), "{arguments:?}: {line}");
    }
}
