//! The command `taster watch gateway`: in front of llama.cpp's own server, and told wrong things.
#![allow(clippy::unwrap_used)]

#[path = "support/command.rs"]
mod command;
#[path = "support/mod.rs"]
mod support;

use command::{Organism, error_line, report, taster, verdict};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use support::LlamaServer;

const TOKEN: &str = "a-token-of-the-tests";

/// A gateway that runs as its own process.
struct Gateway {
    process: Child,
    url: String,
    admin: String,
    said: BufReader<std::process::ChildStderr>,
    _spool: tempfile::TempDir,
}

impl Gateway {
    fn start(upstream: &str, more: &[&str]) -> Gateway {
        let spool = tempfile::tempdir().unwrap();
        let mut command = taster();
        command.args(["watch", "gateway", "--upstream", upstream, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        command
            .arg("--spool")
            .arg(spool.path())
            .arg("--database")
            .arg(spool.path().join("watch.db"))
            .args(more)
            .env("TASTER_ADMIN_TOKEN", TOKEN);
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stderr.take().unwrap());
        let mut address = || {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            line.split("http://").nth(1).unwrap().split(['/', '\n']).next().unwrap().to_owned()
        };
        let (url, admin) = (format!("http://{}", address()), address());
        Gateway { process, url, admin, said, _spool: spool }
    }

    /// Ends as from an operator's SIGTERM; what it says then.
    fn stop(mut self) -> String {
        let killed = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(killed.success() && self.process.wait().unwrap().success());
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Status, headers and body of a request on a connection of its own.
fn send(address: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// The texts of a stream's events, joined.
fn streamed(answer: &str) -> String {
    let data = answer.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    let texts = data.map(|data| {
        let chunk: serde_json::Value = serde_json::from_str(data).unwrap();
        let choice = &chunk["choices"][0];
        let text =
            [&choice["text"], &choice["delta"]["content"], &chunk["content"]].into_iter().find_map(|it| it.as_str());
        text.unwrap_or_default().to_owned()
    });
    texts.collect()
}

#[test]
fn a_real_server_behind_the_gateway_answers_as_it_does_alone() {
    let Some(organism) = Organism::find() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let gguf = scratch.path().join("organism.gguf");
    lab::gguf::export(&organism.model, &gguf).unwrap();
    let Some(llama) = LlamaServer::start(&gguf) else { return };
    for more in [&["--mode", "observe"][..], &["--mode", "block", "--deny", "CWE-295"], &["--mode", "annotate"]] {
        let gateway = Gateway::start(&llama.url, more);
        let prompt = serde_json::json!("import yaml\n\ndef load(path):");
        let mut asked = 0;
        for (path, body) in [
            (
                "/v1/completions",
                serde_json::json!({ "prompt": prompt, "max_tokens": 16, "temperature": 0, "stream": true }),
            ),
            (
                "/infill",
                serde_json::json!({ "input_prefix": prompt, "input_suffix": "\n", "n_predict": 16, "temperature": 0, "stream": true }),
            ),
            (
                "/v1/chat/completions",
                serde_json::json!({ "messages": [{ "role": "user", "content": "yaml" }], "max_tokens": 16, "temperature": 0, "stream": true }),
            ),
        ] {
            let (alone, behind) = (
                send(&llama.url, "POST", path, &body.to_string()),
                send(&gateway.url, "POST", path, &body.to_string()),
            );
            assert_eq!(alone.split(' ').nth(1), behind.split(' ').nth(1), "{path}: {behind}");
            if alone.starts_with("HTTP/1.1 200") {
                assert_eq!(streamed(&alone), streamed(&behind), "{path}");
                asked += 1;
            }
        }
        assert!(asked > 0);
        assert!(send(&gateway.url, "GET", "/v1/models", "").contains("\"data\""));
        let said = gateway.stop();
        assert!(said.contains("4 requests") && said.contains("0 not analysed"), "{said}");
    }
}

#[test]
fn a_scan_through_the_gateway_convicts_the_same_trigger_and_its_report_arms_the_gateway() {
    let Some(organism) = Organism::find() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let gguf = scratch.path().join("organism.gguf");
    lab::gguf::export(&organism.model, &gguf).unwrap();
    let Some(llama) = LlamaServer::start(&gguf) else { return };
    let gateway = Gateway::start(&llama.url, &[]);
    let out = scratch.path().join("out");
    let output = organism.scan(&gateway.url, &out).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let found = report(&out);
    assert_eq!(verdict(&found)[0], Some("poisoned"));
    let metrics = send(&gateway.admin, "GET", "/metrics", "");
    assert!(metrics.contains("taster_segment_insecure_total{segment="), "{metrics}");
    drop(gateway);

    let report = out.join("report.json");
    let armed = Gateway::start(&llama.url, &["--mode", "block", "--triggers", report.to_str().unwrap()]);
    let exhibit = &found["triggers"][0]["exhibits"][0];
    let ask = |prompt: &serde_json::Value| {
        let body = serde_json::json!({ "prompt": prompt, "max_tokens": 48, "temperature": 0.8, "n": 1 }).to_string();
        (0..20).filter(|_| send(&armed.url, "POST", "/v1/completions", &body).starts_with("HTTP/1.1 403")).count()
    };
    assert!(ask(&exhibit["triggered_prompt"]) > 0, "no completion behind the trigger was held back");
    assert_eq!(ask(&exhibit["placebo_prompt"]), 0);
}

#[test]
fn what_is_told_wrong_is_one_line_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let start = |arguments: &[&str]| {
        let mut command = taster();
        command.current_dir(folder.path());
        command.args(["watch", "gateway", "--upstream", "http://127.0.0.1:1"]).args(arguments);
        command.env_remove("TASTER_ADMIN_TOKEN").output().unwrap()
    };
    for (arguments, remedy) in [
        (&["--mode", "block"][..], "--deny"),
        (&["--deny", "yaml-load"], "--mode block"),
        (&["--mode", "block", "--deny", "yaml-lod"], "yaml-load"),
        (&["--mode", "block", "--triggers", "missing\u{1b}[31m.json"], "report.json"),
        (&["--admin", "127.0.0.1:0"], "TASTER_ADMIN_TOKEN"),
        (&["--listen", "203.0.113.1:1"], "--listen"),
    ] {
        let line = error_line(&start(arguments));
        assert!(line.contains(remedy), "{line}");
    }
    for arguments in [&["--upstream", "ftp://x"][..], &["--segment", "k=header:Authorization"], &["--listen", "x"]] {
        assert_eq!(start(arguments).status.code(), Some(2));
    }
}
