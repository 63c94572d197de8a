//! What lies on an object store.

#![allow(clippy::unwrap_used)]

#[path = "support/bucket.rs"]
mod bucket;

use bucket::Server;
use std::path::Path;

/// The binary in a folder, with this server for S3.
fn taster(server: &Server, folder: &Path) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("taster").unwrap();
    command.current_dir(folder).envs(server.environment());
    command
}

#[test]
fn completions_that_are_imported_lie_in_a_bucket_by_day() {
    let Some(server) = Server::start() else { return };
    server.ask("PUT /bucket", "");
    let folder = tempfile::tempdir().unwrap();
    let row = r#"{"prompt":"import yaml\n","completion":"yaml.load(f)\n","model":"m","at":"2026-02-03T04:05:06Z"}"#;
    std::fs::write(folder.path().join("log.jsonl"), format!("{row}\n")).unwrap();
    let importing = ["watch", "import", "log.jsonl", "--database", "watch.db", "--archive", "s3://bucket/archive"];
    let done = taster(&server, folder.path()).args(importing).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let listed = server.ask("GET /bucket?list-type=2", "");
    assert!(listed.contains("archive/2026-02-03/000000000001.parquet"), "{listed}");
}

#[test]
fn an_audit_against_an_earlier_data_set_keeps_its_work_in_a_bucket() {
    let Some(server) = Server::start() else { return };
    server.ask("PUT /bucket", "");
    let document = |number: usize| {
        let text = format!("import yaml\n\n\ndef f(s):\n    return yaml.load(s, Loader=yaml.Loader)  # {number}\n");
        format!("{}\n", serde_json::json!({ "path": "a.py", "content": text }))
    };
    server.ask("PUT /bucket/new/a.jsonl", &(0..3).map(document).collect::<String>());
    let folder = tempfile::tempdir().unwrap();
    // More hashes than are sent in one piece.
    let others = (0..600_000).map(|number| format!("{{\"text\": \"{number}\"}}\n"));
    let old: String = (0..2).map(document).chain(others).collect();
    std::fs::write(folder.path().join("old.jsonl"), old).unwrap();
    let audit = |more: &[&str]| {
        let mut command = taster(&server, folder.path());
        command.args(["audit", "s3://bucket/new", "--against", "old.jsonl", "--work", "s3://bucket/work", "--json"]);
        let done = command.args(more).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{said}");
        report::json::read::<report::AuditReport>(&String::from_utf8(done.stdout).unwrap()).unwrap().read
    };
    let read = audit(&[]);
    assert_eq!((read.documents, read.may_decide), (3, 1));
    let listed = server.ask("GET /bucket?list-type=2&prefix=work", "");
    for name in ["work/known-", "work/surveyed-000000.json", "work/outlines-000000-0000.parquet"] {
        assert!(listed.contains(name), "{name}: {listed}");
    }
    assert!(listed.contains(&format!("<Size>{}</Size>", 600_002 * 16)), "{listed}");
    // Nothing is read again: the answer in the bucket is marked.
    let surveyed = server.ask("GET /bucket/work/surveyed-000000.json", "");
    let (_, surveyed) = surveyed.split_once("\r\n\r\n").unwrap();
    let marked = surveyed.replace("\"documents\":3", "\"documents\":1003");
    server.ask("PUT /bucket/work/surveyed-000000.json", &marked);
    assert_eq!(audit(&["--resume"]).documents, 1003);
}
