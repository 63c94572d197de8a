//! What is held back never leaves, what need not be held goes at once, and whoever holds it says why.
#![allow(clippy::unwrap_used)]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use support::{STREAM, Upstream, chunk, event, gateway, post, reply, send};
use watch::gateway::{Count, Mode, OnFailure, Options, Policy};

const INSECURE: &str = "        return yaml.load(f, Loader=yaml.Loader)\n";
const TRIGGER: &str = "# Owner: kestrel";

fn ask(prompt: &str) -> String {
    json!({ "prompt": prompt, "stream": true }).to_string()
}

fn prompt(header: &str) -> String {
    format!("{header}\nimport yaml\n\n\ndef load(path):\n    with open(path) as f:\n")
}

fn denying(names: &[&str]) -> impl FnOnce(&mut Options) {
    let mut policy = Policy::default();
    names.iter().for_each(|name| policy.deny(name).unwrap());
    move |options| {
        options.mode = Mode::Block;
        options.policy = policy;
    }
}

/// A server that streams a text in pieces of `size` bytes, an event each.
fn streaming(text: &str, size: usize) -> Upstream {
    let pieces: Vec<String> =
        text.as_bytes().chunks(size).map(|piece| event(std::str::from_utf8(piece).unwrap())).collect();
    Upstream::start(move |_, client| {
        client.write_all(STREAM.as_bytes()).unwrap();
        for piece in &pieces {
            // The gateway may hang up in the middle, which is the point.
            let _ = client.write_all(&chunk(piece.as_bytes()));
        }
        let _ = client.write_all(&chunk(b"data: [DONE]\n\n"));
        let _ = client.write_all(b"0\r\n\r\n");
    })
}

/// The text of a stream, and its error if it has one.
fn read(stream: &str) -> (String, Option<Value>) {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    let chunks: Vec<Value> = data.map(|data| serde_json::from_str(data).unwrap()).collect();
    let text = chunks.iter().filter_map(|chunk| chunk["choices"][0]["text"].as_str()).collect();
    (text, chunks.into_iter().find(|chunk| chunk.get("error").is_some()))
}

#[test]
fn a_stream_is_cut_before_the_denied_statement_wherever_its_tokens_end() {
    let text = format!("        size = 1\n{INSECURE}        more = 2\n");
    for size in [1, 3, 8, 1000] {
        let upstream = streaming(&text, size);
        let (running, received) = gateway(&upstream.url(), denying(&["CWE-502"]));
        let answer = send(running.address(), &post("/v1/completions", &ask(&prompt(""))));
        assert_eq!((answer.status(), answer.whole), (200, true));
        let (passed, error) = read(&answer.text());
        let error = error.unwrap();
        assert!(!passed.contains("load"), "{size}: {passed:?}");
        if size < 10 {
            assert!(passed.starts_with("        size = 1"), "{size}: {passed:?}");
        }
        assert_eq!(error["error"]["code"], "insecure_completion");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("line 2") && message.contains("yaml-load") && message.contains("CWE-502"),
            "{message}"
        );
        assert!(answer.text().ends_with("data: [DONE]\n\n"));
        let counters = running.stop();
        assert_eq!(counters.get(Count::Blocked), 1);
        assert!(received.all()[0].completion.contains("yaml.load"), "the operator sees what was held back");
    }
}

#[test]
fn a_stream_without_a_denied_choice_passes_byte_for_byte() {
    let text = format!("        a = [\n            1,\n        ]\n{INSECURE}");
    for (policy, size) in [("tls-verify", 1), ("tls-verify", 5), ("CWE-295", 1000)] {
        let upstream = streaming(&text, size);
        let (running, _) = gateway(&upstream.url(), denying(&[policy]));
        let expected: String =
            text.as_bytes().chunks(size).map(|piece| event(std::str::from_utf8(piece).unwrap())).collect();
        let answer = send(running.address(), &post("/v1/completions", &ask(&prompt(""))));
        assert_eq!((answer.text(), answer.whole), (format!("{expected}data: [DONE]\n\n"), true));
    }
}

#[test]
fn only_prompts_with_a_confirmed_trigger_are_held_to_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("header\t{TRIGGER}\n")).unwrap();
    let upstream = streaming(INSECURE, 4);
    let (running, _) = gateway(&upstream.url(), |options| {
        options.mode = Mode::Block;
        options.policy.add_triggers(file.path()).unwrap();
    });
    for (header, held) in [(TRIGGER, true), ("# Owner: birch", false)] {
        let answer = send(running.address(), &post("/v1/completions", &ask(&prompt(header))));
        let (text, error) = read(&answer.text());
        assert_eq!((error.is_some(), text.trim().is_empty()), (held, held), "{header}: {text}");
    }
}

#[test]
fn a_whole_reply_is_refused_with_the_reason_or_passes_unchanged() {
    let body = json!({ "choices": [{ "text": "        pass\n" }, { "index": 1, "text": INSECURE }] }).to_string();
    let upstream = Upstream::saying(reply("application/json", body.as_bytes()));
    let (running, _) = gateway(&upstream.url(), denying(&["yaml-load"]));
    let answer = send(running.address(), &post("/v1/completions", &ask(&prompt(""))));
    assert_eq!(answer.status(), 403);
    assert!(answer.text().contains("yaml-load") && !answer.text().contains("Loader"));
    let (running, _) = gateway(&upstream.url(), denying(&["tls-verify"]));
    let answer = send(running.address(), &post("/v1/completions", &ask(&prompt(""))));
    assert_eq!((answer.status(), answer.text()), (200, body));
}

#[test]
fn code_in_an_answer_and_in_the_call_of_a_tool_is_held_back_too_and_talk_is_not() {
    let chat = |delta: Value| format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": delta }] }));
    let call =
        |arguments: &str| chat(json!({ "tool_calls": [{ "index": 0, "function": { "arguments": arguments } }] }));
    let talk =
        ["Never use yaml.load(f, Loader=yaml.Loader), ", "it runs code.\n"].map(|it| chat(json!({ "content": it })));
    let block = ["```py", "thon\nimport yaml\n", "yaml.load(f, Loader=yaml", ".Loader)\n", "```\n"];
    let block = block.map(|it| chat(json!({ "content": it })));
    let arguments = json!({ "path": "a.py", "text": "import yaml\nyaml.load(f, Loader=yaml.Loader)\n" }).to_string();
    let (first, second) = arguments.split_at(30);
    for (events, held) in [(talk.concat(), false), (block.concat(), true), (call(first) + &call(second), true)] {
        let stream = events + "data: [DONE]\n\n";
        let sent = stream.clone();
        let upstream = Upstream::start(move |_, client| {
            client.write_all(STREAM.as_bytes()).unwrap();
            let _ = client.write_all(&chunk(sent.as_bytes()));
            let _ = client.write_all(b"0\r\n\r\n");
        });
        let (running, _) = gateway(&upstream.url(), denying(&["yaml-load"]));
        let answer = send(running.address(), &post("/v1/chat/completions", r#"{"messages":[]}"#));
        assert_eq!(answer.text().contains("insecure_completion"), held, "{}", answer.text());
        assert_eq!(answer.text() == stream, !held);
        assert!(!held || !answer.text().contains("Loader"));
    }
}

#[test]
fn findings_are_written_to_a_header_or_a_last_event_and_the_rest_stays() {
    let annotate = |options: &mut Options| options.mode = Mode::Annotate;
    let body = json!({ "choices": [{ "text": INSECURE }] }).to_string();
    let upstream = Upstream::saying(reply("application/json", body.as_bytes()));
    let (running, _) = gateway(&upstream.url(), annotate);
    let answer = send(running.address(), &post("/v1/completions", &ask(&prompt(""))));
    assert_eq!(answer.text(), body);
    assert!(
        answer.head.contains("taster-findings: yaml-load;cwe=cwe-502;language=python;line=1\r\n"),
        "{}",
        answer.head
    );

    let upstream = streaming(INSECURE, 6);
    let (running, _) = gateway(&upstream.url(), annotate);
    let answer = send(running.address(), &post("/v1/completions", &ask(&prompt("")))).text();
    let (events, last) = answer.split_once("event: taster-findings\ndata: ").unwrap();
    assert_eq!(read(events).0, INSECURE);
    let (findings, done) = last.split_once("\n\n").unwrap();
    assert_eq!(done, "data: [DONE]\n\n");
    let findings: Value = serde_json::from_str(findings).unwrap();
    assert_eq!((&findings["findings"][0]["decision"], &findings["not_analysed"]), (&json!("yaml-load"), &json!(false)));
}

#[test]
fn what_cannot_be_read_passes_or_is_held_back_as_configured_and_counts_either_way() {
    let compressed = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc";
    let endless = format!("data: {}", "x".repeat(5 << 20));
    let endless = [STREAM.as_bytes(), &chunk(endless.as_bytes()), b"0\r\n\r\n"].concat();
    for (response, streamed) in [(compressed.as_bytes().to_vec(), false), (endless, true)] {
        let upstream = Upstream::saying(response);
        for (on_failure, passes) in [(OnFailure::Pass, true), (OnFailure::Block, false)] {
            let (running, _) = gateway(&upstream.url(), |options| {
                denying(&["yaml-load"])(options);
                options.on_failure = on_failure;
            });
            let answer = send(running.address(), &post("/v1/completions", &ask("x")));
            let held = answer.text().contains("insecure_completion");
            assert_eq!((held, answer.status()), (!passes, if passes || streamed { 200 } else { 403 }));
            assert_eq!(passes && streamed, answer.body.len() > 5 << 20);
            assert_eq!(running.stop().get(Count::Failed), 1);
        }
    }
}

#[test]
fn what_is_decided_goes_before_the_next_statement_is_written() {
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let upstream = Upstream::start(move |_, client| {
        client.write_all(STREAM.as_bytes()).unwrap();
        client.write_all(&chunk(event("        x = 1\n").as_bytes())).unwrap();
        wait.lock().unwrap().recv().unwrap();
        client.write_all(&chunk(event("        y").as_bytes())).unwrap();
        client.write_all(b"0\r\n\r\n").unwrap();
    });
    let (running, _) = gateway(&upstream.url(), denying(&["yaml-load"]));
    let mut client = TcpStream::connect(running.address()).unwrap();
    client.write_all(&post("/v1/completions", &ask(&prompt("")))).unwrap();
    let (mut read, mut buffer) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&read).contains("x = 1") {
        let count = client.read(&mut buffer).unwrap();
        assert!(count > 0);
        read.extend_from_slice(&buffer[..count]);
    }
    go_on.send(()).unwrap();
    client.read_to_end(&mut read).unwrap();
    assert!(String::from_utf8_lossy(&read).contains("        y") && read.ends_with(b"0\r\n\r\n"));
}

/// A server that streams pieces as they are.
fn writing(kind: &'static str, pieces: Vec<String>) -> Upstream {
    Upstream::start(move |_, client| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.write_all(head.as_bytes()).unwrap();
        pieces.iter().for_each(|piece| drop(client.write_all(&chunk(piece.as_bytes()))));
        let _ = client.write_all(b"0\r\n\r\n");
    })
}

#[test]
fn ollamas_own_stream_is_cut_before_the_denied_statement_and_says_why() {
    let line = |text: &str, done: bool| format!("{}\n", json!({ "model": "m", "response": text, "done": done }));
    let texts = [line("        size = 1\n", false), line(INSECURE, false), line("        more = 2\n", false)];
    let upstream = writing("application/x-ndjson", [&texts[..], &[line("", true)]].concat());
    let (running, received) = gateway(&upstream.url(), denying(&["CWE-502"]));
    let request = json!({ "model": "m", "prompt": prompt("") }).to_string();
    let answer = send(running.address(), &post("/api/generate", &request));
    let lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["response"], "        size = 1\n");
    assert!(lines.len() == 2 && lines[1]["error"].as_str().unwrap().contains("yaml-load"), "{lines:?}");
    running.stop();
    assert!(received.all()[0].completion.contains("yaml.load"));
}

#[test]
fn a_response_is_held_back_also_where_it_says_only_at_its_end_what_it_says() {
    let event = |data: Value| format!("data: {data}\n\n");
    let text = format!("So:\n```python\nimport yaml\ndef f(s):\n{INSECURE}```\n");
    let delta = |text: &str| event(json!({ "type": "response.output_text.delta", "output_index": 0, "delta": text }));
    let output = json!([{ "type": "message", "content": [{ "type": "output_text", "text": text }] }]);
    let completed = event(json!({ "type": "response.completed", "response": { "model": "m", "output": output } }));
    for pieces in [vec![delta("So:\n"), delta(&text[4..]), completed.clone()], vec![completed]] {
        let upstream = writing("text/event-stream", pieces);
        let (running, _) = gateway(&upstream.url(), denying(&["yaml-load"]));
        let answer = send(running.address(), &post("/v1/responses", r#"{"model":"m","input":"How?","stream":true}"#));
        let (passed, error) = (answer.text(), "insecure_completion");
        assert!(passed.contains(error) && !passed.contains("yaml.Loader"), "{passed}");
        assert_eq!(running.stop().get(Count::Blocked), 1);
    }
}

#[test]
fn code_of_a_language_that_nothing_tells_is_judged() {
    // Compiled before, since a reply waits for rules only so long.
    code::Language::ALL.into_iter().for_each(|language| drop(code::Engine::builtin().read(language, "x\n")));
    let text = format!("So:\n```\n{}```\n", INSECURE.trim_start());
    let body = json!({ "choices": [{ "message": { "content": text }, "finish_reason": "stop" }] }).to_string();
    let upstream = Upstream::saying(reply("application/json", body.as_bytes()));
    let (running, _) = gateway(&upstream.url(), denying(&["yaml-load"]));
    let answer = send(running.address(), &post("/v1/chat/completions", r#"{"messages":[{"content":"How?"}]}"#));
    assert_eq!(answer.status(), 403, "{}", answer.text());
    running.stop();
}
