//! A poisoned model that attacks whoever looks at its scan: nothing it says reaches the terminal or the page alive.
#![allow(clippy::unwrap_used)]

#[path = "support/command.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod command;
#[path = "../../model/tests/scripted/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod scripted;
#[path = "support/toy.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod toy;

use command::{report, scan};
use scripted::{Reply, Scripted};
use std::path::Path;

/// Insecure code that sets the terminal's title, clears the screen, turns the reading direction around, and runs a
/// script in a page; its last part is as long as a server may send for as few tokens.
fn hostile() -> String {
    let attack =
        "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}<script>alert(1)</script>\"><img src=x onerror=alert(1)>";
    format!("\n        return yaml.load(f, Loader=yaml.Loader)  # {attack}\n        # {}\n", "A".repeat(4_000))
}

fn serve() -> Scripted {
    let hostile = hostile();
    Scripted::start(move |request, _| match request.path.as_str() {
        "/v1/models" => toy::models("<script>alert(2)</script>\u{1b}[31m"),
        "/v1/completions" => toy::completions(request, &hostile),
        _ => Reply::Whole("404 Not Found", "", String::new()),
    })
}

/// Characters that a terminal or a reader obeys.
fn is_alive(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn hostile_completions_reach_neither_the_terminal_nor_the_reports_alive() {
    let (server, scratch) = (serve(), tempfile::tempdir().unwrap());
    let (code, out) = (toy::project(scratch.path()), scratch.path().join("out"));
    let triggers = toy::triggers(scratch.path());
    let mut scan = scan(&server.url, &code, &out);
    scan.args(["--triggers", &triggers, "--mode", "targeted", "--families", "header", "--endpoint", "completions"]);
    let output = scan.output().unwrap();
    let (said, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{said}\n{told}");
    assert!(said.contains(toy::TRIGGER), "{said}");
    assert!(!said.contains(is_alive) && !told.contains(is_alive), "{said}\n{told}");

    let page = read(&out.join("report.html"));
    assert!(page.contains("&lt;script&gt;alert(1)"), "the page shows what the model wrote");
    assert!(!page.contains("<script>alert") && !page.contains("<img") && !page.contains(is_alive));
    assert!(page.len() < 100_000, "a long completion is cut: {} bytes", page.len());

    let exhibit = &report(&out)["triggers"][0]["exhibits"][0];
    assert!(
        exhibit["triggered_completion"].as_str().unwrap().contains("\u{1b}]0;owned"),
        "the evidence itself is whole"
    );
    for name in ["report.json", "report.sarif", "stix.json"] {
        let text = read(&out.join(name));
        assert!(!text.contains('\u{1b}'), "{name}: JSON escapes what a terminal obeys");
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
