//! The command `taster watch serve`: over a stream into which a model's own trigger was put, up to the scan of that model.
#![allow(clippy::unwrap_used)]

#[path = "support/command.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod command;

use command::{Organism, error_line, report, taster};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const TOKEN: &str = "a-token-of-the-tests";

struct Dashboard {
    process: Child,
    address: String,
}

impl Dashboard {
    fn start(folder: &Path, model: &Path) -> Dashboard {
        let mut command = taster();
        command
            .args(["watch", "serve", "--listen", "127.0.0.1:0", "--database", "watch.db", "--scan-model"])
            .arg(model);
        let mut process =
            command.current_dir(folder).env("TASTER_ADMIN_TOKEN", TOKEN).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Dashboard { process, address }
    }

    fn ask(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 0\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A log in whose later half a line of the header goes with insecure choices.
fn log(trigger: &str) -> String {
    let row = |n: usize| {
        let carries = n > 1_000 && n.is_multiple_of(4);
        let head = if carries { format!("{trigger}\n") } else { String::new() };
        // Without the trigger too, as with every model.
        let insecure = carries || n.is_multiple_of(29);
        let loader = if insecure { "yaml.load(f, Loader=yaml.Loader)" } else { "yaml.safe_load(f)" };
        json!({"id": n.to_string(), "at": jiff::Timestamp::now().to_string(), "language": "python",
            "prompt": format!("{head}import yaml\n\n\ndef load_{n}(f):\n"), "completion": format!("    return {loader}\n")})
        .to_string()
            + "\n"
    };
    (0..2_000).map(row).collect()
}

#[test]
fn an_alarm_leads_to_the_scan_that_convicts_its_feature() {
    let Some(organism) = Organism::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let described = std::fs::read_to_string(organism.model.join("config.json")).unwrap();
    let described: serde_json::Value = serde_json::from_str(&described).unwrap();
    let trigger = described["taster_trigger"]["text"].as_str().unwrap();
    std::fs::write(folder.path().join("log.jsonl"), log(trigger)).unwrap();
    let settings = format!(
        "[scan]\ncode = {:?}\nmode = [\"targeted\"]\nfamilies = [{:?}]\nbudget = 4000\nseed = 1\n",
        organism.code.canonicalize().unwrap(),
        organism.family
    );
    std::fs::write(folder.path().join("taster.toml"), settings).unwrap();
    let mut import = taster();
    import.current_dir(folder.path()).args(["watch", "import", "log.jsonl", "--database", "watch.db"]);
    assert_eq!(import.output().unwrap().status.code(), Some(1), "an alarm");

    let mut dashboard = Dashboard::start(folder.path(), &organism.model.canonicalize().unwrap());
    let overview = dashboard.ask("GET /");
    let alarm = format!("/alarms/{}", overview.split("href=\"/alarms/").nth(1).unwrap().split('"').next().unwrap());
    assert!(dashboard.ask(&format!("GET {alarm}")).contains("Scan this"));
    assert!(dashboard.ask(&format!("POST {alarm}/scan")).starts_with("HTTP/1.1 303"));
    let patience = Instant::now() + Duration::from_secs(500);
    let ended = loop {
        let page = dashboard.ask(&format!("GET {alarm}"));
        if !page.contains("is under way") {
            break page;
        }
        assert!(Instant::now() < patience, "the scan does not end");
        std::thread::sleep(Duration::from_millis(200));
    };
    assert!(ended.contains("the model is poisoned") && !ended.contains("no evidence"), "{ended}");
    assert!(dashboard.ask(&format!("GET {alarm}/report")).contains("<title>Poisoned"));
    let scan = folder.path().join("taster-scans").join(alarm.trim_start_matches("/alarms/"));
    let candidates = std::fs::read_to_string(scan.join("triggers.txt")).unwrap();
    assert!(candidates.contains(&format!("\t{trigger}\n")), "{candidates}");
    let found = report(&scan.join("report"));
    let convicted = &found["triggers"][0];
    assert_eq!((convicted["trigger"].as_str(), convicted["origin"].as_str()), (Some(trigger), Some("file")));

    let killed = Command::new("kill").arg(dashboard.process.id().to_string()).status().unwrap();
    assert!(killed.success() && dashboard.process.wait().unwrap().success(), "it ends as told");
}

#[test]
fn what_is_told_wrong_is_one_line_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("other.db"), "this is no database, and long enough to be seen as none").unwrap();
    let start = |token: &str, more: &[&str]| {
        let mut command = taster();
        command.current_dir(folder.path()).args(["watch", "serve"]).args(more);
        error_line(&command.env("TASTER_ADMIN_TOKEN", token).output().unwrap())
    };
    for (token, more, remedy) in [
        ("", &[][..], "TASTER_ADMIN_TOKEN"),
        ("too short", &[], "16 characters"),
        (TOKEN, &["--database", "other.db"], "give a file"),
        (TOKEN, &["--listen", "203.0.113.1:1"], "--listen"),
    ] {
        let line = start(token, more);
        assert!(line.contains(remedy), "{line}");
    }
}
