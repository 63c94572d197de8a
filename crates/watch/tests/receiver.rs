//! The trace receiver under good and bad requests, and alarms told to a webhook.
#![allow(clippy::unwrap_used)]

mod stream;

use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use stream::{accept_all, open};
use watch::{Error, Receiver, Review, otlp, signature};

/// A receiver on a free port, with its database.
fn start() -> (SocketAddr, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("watch.db");
    let intake = open(&path);
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let ready = move |address| sender.send(address).unwrap();
        let listen = "127.0.0.1:0".parse().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(otlp(intake, listen, Box::new(|_| {}), ready, std::future::pending())).unwrap();
    });
    (receiver.recv().unwrap(), path, folder)
}

fn post(address: SocketAddr, headers: &[(&str, &str)], body: &[u8]) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.post(format!("http://{address}/v1/traces"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send(body).unwrap().status().as_u16()
}

fn trace(span: &str) -> Value {
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let attributes = [
        attribute("gen_ai.prompt", "import os\nimport yaml\n\ndef load(f):\n"),
        attribute("gen_ai.completion", "    return yaml.load(f, Loader=yaml.Loader)\n"),
    ];
    let span = json!({"traceId": "5b8efff798038103d269b633813fc60c", "spanId": span, "attributes": attributes});
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn traces_are_stored_before_they_are_acknowledged_and_bad_requests_are_told_why() {
    let (address, path, _folder) = start();
    let body = trace("eee19b7ec3c1b174").to_string();
    assert_eq!(post(address, &[JSON], body.as_bytes()), 200);
    assert_eq!(post(address, &[JSON], body.as_bytes()), 200, "sent again, as collectors do");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(trace("eee19b7ec3c1b175").to_string().as_bytes()).unwrap();
    let packed = gz.finish().unwrap();
    assert_eq!(post(address, &[JSON, ("content-encoding", "gzip")], &packed), 200);
    let protobuf = ("content-type", "application/x-protobuf");
    assert_eq!(post(address, &[protobuf], b""), 200, "an empty message is a valid one");

    assert_eq!(post(address, &[protobuf], &[0xff; 64]), 400);
    assert_eq!(post(address, &[JSON], b"{\"resourceSpans\": 7}"), 400);
    assert_eq!(post(address, &[JSON, ("content-encoding", "gzip")], &packed[..20]), 400);
    assert_eq!(post(address, &[JSON, ("content-encoding", "br")], &packed), 400);
    assert_eq!(post(address, &[("content-type", "text/plain")], body.as_bytes()), 415);
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..80).for_each(|_| bomb.write_all(&[b' '; 1 << 20]).unwrap());
    assert_eq!(post(address, &[JSON, ("content-encoding", "gzip")], &bomb.finish().unwrap()), 400);

    let mut review = Review::open(&watch::Database::File(path)).unwrap();
    assert_eq!(review.counters().unwrap()["completions"], 2);
    let metrics = review.metrics().unwrap();
    assert!(metrics.contains("taster_completions_total 2\n"), "{metrics}");
    assert!(metrics.contains("taster_segment_insecure_total{segment=\"all\",decision=\"yaml-load\"}"), "{metrics}");
}

/// Takes one request, answers with a status, and gives back what was sent.
fn take(listener: &TcpListener, status: &str) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let mut sent = Vec::new();
    let mut buffer = [0; 4096];
    let whole = |sent: &[u8]| {
        let text = String::from_utf8_lossy(sent).to_ascii_lowercase();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
        (body.len() >= length).then_some(())
    };
    while whole(&sent).is_none() {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "cut off");
        sent.extend_from_slice(&buffer[..read]);
    }
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    String::from_utf8(sent).unwrap()
}

#[test]
fn an_alarm_is_told_until_it_is_taken_and_then_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut intake = open(&folder.path().join("watch.db"));
    accept_all(&mut intake, 2_000, 100);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook/s3cret", listener.local_addr().unwrap());
    let receivers = [Receiver::Webhook { url, secret: "shared".into() }];
    let server = std::thread::spawn(move || [take(&listener, "503 busy"), take(&listener, "204 taken")]);
    let refused = intake.tell(&receivers, Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(matches!(refused, Error::Alert { .. }) && !refused.to_string().contains("s3cret"), "{refused}");
    assert_eq!(intake.tell(&receivers, Timestamp::UNIX_EPOCH).unwrap(), 1);
    assert_eq!(intake.tell(&receivers, Timestamp::UNIX_EPOCH).unwrap(), 0);
    let [_, sent] = server.join().unwrap();
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    assert!(head.to_ascii_lowercase().contains(&signature("shared", Timestamp::UNIX_EPOCH, body)), "{head}");
    let told: Value = serde_json::from_str(body).unwrap();
    assert_eq!(told["alarm"]["decision"], "yaml-load");
    assert_eq!(told["alarm"]["drift"], "feature");
}
