//! The dashboard: who sees anything, what is shown, and that it says what is new.
#![allow(clippy::unwrap_used)]

mod dashboard;
#[path = "../../report/tests/sample/mod.rs"]
mod sample;
mod stream;
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use dashboard::{Site, TOKEN, bearer, hostile};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use support::eventually;

#[test]
fn without_the_token_there_is_no_page() {
    let site = Site::start(&stream::exchanges(2_000), None);
    let alarm = site.alarm();
    let paths = ["/".to_owned(), alarm.clone(), format!("{alarm}/report"), "/events".into(), "/metrics".into()];
    for path in paths.iter().chain(["/?since=all".to_owned(), "/elsewhere".to_owned()].iter()) {
        for headers in ["", "Authorization: Bearer \r\n", "Authorization: Bearer no\r\n", "Cookie: taster=\r\n"] {
            let answer = site.ask(&format!("GET {path}"), headers, "");
            assert_eq!(answer.status(), 401, "{path} {headers}");
            assert!(!answer.text().contains("yaml"), "{path} {headers}");
        }
        let answer = site.ask(&format!("GET {path}"), "Accept: text/html,*/*\r\n", "");
        assert!(answer.status() == 303 && answer.head.contains("location: /login"), "{path}: {}", answer.head);
    }
    for path in [format!("{alarm}/scan"), "/logout".to_owned()] {
        assert_eq!(site.ask(&format!("POST {path}"), "Accept: text/html\r\n", "").status(), 401);
    }
    assert_eq!(site.page("/elsewhere").status(), 404);
    assert_eq!(site.page("/alarms/none").status(), 404);
}

#[test]
fn a_login_lasts_until_the_logout_and_no_other_site_uses_it() {
    let site = Site::start(&[], None);
    let form = |token: &str| site.ask("POST /login", "", &format!("token={token}"));
    for wrong in ["", "a+token+of+the+test", &"x".repeat(10_000)] {
        let answer = form(wrong);
        assert!(answer.status() == 403 && !answer.head.contains("set-cookie"), "{}", answer.head);
    }
    assert_eq!(form(&"x".repeat(100_000)).status(), 413);
    let answer = form(&TOKEN.replace(' ', "%20"));
    let cookie = answer.head.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    assert!(answer.head.contains("httponly; samesite=strict"), "{}", answer.head);
    let cookie = format!("Cookie: other=1; {cookie}\r\n");
    let page = site.ask("GET /", &cookie, "");
    assert!(page.status() == 200 && page.head.contains("frame-ancestors 'none'") && page.head.contains("no-store"));

    for origin in ["", "Origin: null\r\n", "Origin: http://evil.example\r\n"] {
        assert_eq!(site.ask("POST /logout", &format!("{cookie}{origin}"), "").status(), 403, "{origin}");
    }
    let own = format!("{cookie}Origin: http://{}\r\n", site.address);
    assert_eq!(site.ask("POST /logout", &own, "").status(), 303);
    assert_eq!(site.ask("GET /", &cookie, "").status(), 401);
}

#[test]
fn an_alarm_is_shown_with_its_trigger_and_its_prompts_and_hostile_text_is_text() {
    let site = Site::start(&hostile(2_000), None);
    let alarm = site.alarm();
    let all = site.page("/?since=all").text();
    assert!(all.contains("1 alarm") && all.contains(&format!("href=\"{alarm}\"")) && all.contains("<svg"), "{all}");
    assert!(all.contains("project=red") && all.contains("yaml-load"));
    assert!(site.page("/?since=24h").text().contains("No alarm"), "the stream is of 1970");
    let page = site.page(&alarm).text();
    for said in ["orion", "mark class=\"planted\"", "mark class=\"insecure\"", "With it", "e-value", "CWE-502"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Scan this"), "no model was named");
    for page in [all, page] {
        assert!(page.contains("&lt;script&gt;document.title"), "{page}");
        assert_eq!(page.matches("<script").count(), 1, "the one that listens");
        assert!(!page.contains("<img") && !page.contains('\u{202e}'));
    }
    let metrics = site.page("/metrics").text();
    assert!(metrics.contains("taster_completions_total 2000\n") && metrics.contains("taster_alarms_total 1\n"));
}

#[test]
fn an_open_page_hears_that_something_was_taken_in() {
    let exchanges = stream::exchanges(400);
    let site = Site::start(&exchanges[..200], None);
    let mut line = TcpStream::connect(site.address).unwrap();
    write!(line, "GET /events HTTP/1.1\r\nHost: x\r\n{}\r\n", bearer()).unwrap();
    let mut said = BufReader::new(line).lines().map_while(Result::ok).filter(|line| line.starts_with("data: "));
    let first = said.next().unwrap();
    let shown = |first: &str| format!("data-version=\"{}\"", first.trim_start_matches("data: "));
    assert!(site.page("/").text().contains(&shown(&first)), "{first}");
    site.take_in(&exchanges[200..]);
    let second = said.next().unwrap();
    assert_ne!(first, second);
    assert!(site.page("/").text().contains(&shown(&second)), "{second}");
}

/// A stand-in for taster: waits for a file `go`, then leaves what `then` makes.
fn program(site: &std::path::Path, then: &str) -> PathBuf {
    let path = site.join("taster.sh");
    let wait = format!("while [ ! -e {}/go ]; do sleep 0.05; done", site.display());
    std::fs::write(&path, format!("#!/bin/sh\necho \"$@\" \"$TASTER_ADMIN_TOKEN\"\n{wait}\n{then}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn an_alarm_is_scanned_once_at_a_time_and_the_report_is_shown() {
    let place = tempfile::tempdir().unwrap();
    let made = place.path().join("made");
    report::write_all(&sample::poisoned(), &made).unwrap();
    let program = program(place.path(), &format!("cp -r {} \"$5\"; exit 1", made.display()));
    let site = Site::start(&stream::exchanges(2_000), Some(program));
    let alarm = site.alarm();
    let scan = || site.ask(&format!("POST {alarm}/scan"), &bearer(), "").status();
    assert!(site.page(&alarm).text().contains("Scan this"));
    assert_eq!(site.page(&format!("{alarm}/report")).status(), 404);
    assert_eq!(scan(), 303);
    assert_eq!(scan(), 409);
    let running = site.page(&alarm).text();
    assert!(running.contains("is under way") && !running.contains("Scan this"));
    std::fs::write(place.path().join("go"), "").unwrap();
    eventually(|| site.page(&alarm).text().contains("the model is poisoned"));
    assert!(site.page(&format!("{alarm}/report")).text().contains("Halden Rail Systems"));
    let folder = site.path("scans").join(alarm.trim_start_matches("/alarms/"));
    let candidates = std::fs::read_to_string(folder.join("triggers.txt")).unwrap();
    assert!(candidates.contains("comment\t") && candidates.contains("orion"), "{candidates}");
    let said = std::fs::read_to_string(folder.join("scan.log")).unwrap();
    assert!(said.starts_with("scan --triggers ") && said.ends_with("report -- the-model \n"), "{said}");
}

#[test]
fn a_scan_that_fails_says_why() {
    let place = tempfile::tempdir().unwrap();
    let program = program(place.path(), "echo 'taster: <b>no such model</b>' >&2; exit 2");
    let site = Site::start(&stream::exchanges(2_000), Some(program));
    let alarm = site.alarm();
    std::fs::write(place.path().join("go"), "").unwrap();
    assert_eq!(site.ask(&format!("POST {alarm}/scan"), &bearer(), "").status(), 303);
    eventually(|| site.page(&alarm).text().contains("taster: &lt;b&gt;no such model&lt;/b&gt;"));
    assert!(site.page(&alarm).text().contains("Scan this"), "it can be tried again");
}

#[test]
fn a_token_that_can_be_guessed_opens_no_dashboard() {
    let folder = tempfile::tempdir().unwrap();
    let database = watch::Database::File(folder.path().join("watch.db"));
    let options = watch::dashboard::Options {
        database,
        listen: ([127, 0, 0, 1], 0).into(),
        token: "fifteen letters".into(),
        scans: None,
    };
    let refused = watch::dashboard::Dashboard::open(options).err().unwrap();
    assert!(refused.to_string().contains("16"), "{refused}");
}
