//! Scans through a server that misbehaves: passing faults are sat out, lasting ones end in one clear line, and what was
//! answered before is not asked again.
#![allow(clippy::unwrap_used)]

#[path = "support/command.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod command;
#[path = "../../model/tests/scripted/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod scripted;
#[path = "support/toy.rs"]
mod toy;

use command::{error_line, report};
use scripted::{Reply, Scripted, Seen, json};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tempfile::TempDir;

const SECURE: &str = "\n        return yaml.safe_load(f)\n";

/// A server that opens well, answers what it is asked as `script` says (it gets the number of requests before), and
/// properly where that is `None`.
fn serve(script: impl Fn(&Seen, usize) -> Option<Reply> + Send + Sync + 'static) -> Scripted {
    let asked = AtomicUsize::new(0);
    Scripted::start(move |request, _| match request.path.as_str() {
        "/v1/models" => toy::models("toy"),
        "/v1/completions" if toy::is_asked(request) => {
            let before = asked.fetch_add(1, Ordering::SeqCst);
            script(request, before).unwrap_or_else(|| toy::completions(request, SECURE))
        }
        "/v1/completions" => toy::completions(request, SECURE),
        _ => status("404 Not Found", ""),
    })
}

fn status(line: &'static str, headers: &'static str) -> Reply {
    Reply::Whole(line, headers, r#"{"error":{"message":"no \u001b[31mway"}}"#.into())
}

fn html() -> Reply {
    Reply::Whole("200 OK", "Content-Type: text/html\r\n", "<html>".into())
}

fn scan(server: &Scripted, scratch: &TempDir) -> Command {
    let mut command = command::scan(&server.url, &toy::project(scratch.path()), &scratch.path().join("out"));
    command.args(["--mode", "targeted", "--families", "header", "--endpoint", "completions", "--budget", "600"]);
    command.args(["--concurrency", "1", "--triggers", &toy::triggers(scratch.path())]);
    command
}

#[test]
fn passing_faults_are_sat_out() {
    let server = serve(|_, before| match before {
        0 => Some(status("429 Too Many Requests", "Retry-After: 0\r\n")),
        2 => Some(status("500 Internal Server Error", "Retry-After: 0\r\n")),
        4 => Some(json(r#"{"choices":[{"te"#)),
        6 => Some(Reply::Truncated(r#"{"choices":[]"#.into())),
        _ => None,
    });
    let scratch = tempfile::tempdir().unwrap();
    let output = scan(&server, &scratch).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(report(&scratch.path().join("out"))["verdict"], "no-evidence");
}

#[test]
fn lasting_faults_are_one_clear_line_and_no_report() {
    let huge = serde_json::json!({ "choices": [{ "text": "a".repeat(20_000) }] }).to_string();
    let faults: [(&str, Reply, &str); 9] = [
        ("busy", status("429 Too Many Requests", "Retry-After: 0\r\n"), "gave up after 2 tries: it answered 429"),
        ("broken", status("500 Internal Server Error", "Retry-After: 0\r\n"), "gave up after 2 tries"),
        ("cut off", json("{"), "JSON that is cut off"),
        ("huge", json(&huge), "where 48 tokens were asked for"),
        ("a page", html(), "text/html, not JSON"),
        ("endless", Reply::Endless, "longer than"),
        ("stalls", Reply::Stall, "no whole answer within 2s"),
        ("drips", Reply::Drip, "no whole answer within 2s"),
        ("forbidden", status("403 Forbidden", ""), "status 403 (no \\u{1b}[31mway)"),
    ];
    for (name, fault, expected) in faults {
        let lasting = fault.clone();
        let server = serve(move |_, before| (before > 2).then(|| lasting.clone()));
        let slow = matches!(fault, Reply::Stall | Reply::Drip);
        let patience = if slow { "2" } else { "60" };
        let scratch = tempfile::tempdir().unwrap();
        let output = scan(&server, &scratch).args(["--retries", "1", "--timeout", patience]).output().unwrap();
        let line = error_line(&output);
        assert!(line.contains(expected) && line.contains(&server.url), "{name}: {line}");
        let out = scratch.path().join("out");
        assert!(!out.join("report.html").exists() && !out.join("report.json").exists(), "{name}");
    }
}

#[test]
fn a_server_that_misbehaves_from_the_first_is_one_clear_line() {
    for (fault, expected) in [
        (status("401 Unauthorized", ""), "put a valid key"),
        (html(), "text/html, not JSON"),
        (Reply::Noise, "/v1/models"),
        (json(r#"{"data":[]}"#), "lists no model"),
    ] {
        let server = Scripted::start(move |_, _| fault.clone());
        let scratch = tempfile::tempdir().unwrap();
        let line = error_line(&scan(&server, &scratch).args(["--retries", "0"]).output().unwrap());
        assert!(line.contains(expected), "{line}");
        assert!(!scratch.path().join("out").exists());
    }
}

#[test]
fn what_was_answered_before_a_server_broke_is_not_asked_again() {
    let (broken, answered) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (is_broken, count) = (broken.clone(), answered.clone());
    let server = serve(move |request, before| {
        if is_broken.load(Ordering::SeqCst) && before >= 20 {
            return Some(status("400 Bad Request", ""));
        }
        count.fetch_add(toy::samples(request), Ordering::SeqCst);
        None
    });
    let scratch = tempfile::tempdir().unwrap();
    let line = error_line(&scan(&server, &scratch).output().unwrap());
    assert!(line.contains("status 400"), "{line}");
    let before = answered.load(Ordering::SeqCst);
    assert!(before > 0);

    broken.store(false, Ordering::SeqCst);
    let output = scan(&server, &scratch).arg("--resume").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let completions = report(&scratch.path().join("out"))["cost"]["completions"].as_u64().unwrap();
    assert_eq!(answered.load(Ordering::SeqCst) as u64, completions, "each completion was asked once");
    assert!(completions > before as u64);
}
