//! The server backend against a server that misbehaves: what is asked again, what is an error, what is kept.
#![allow(clippy::unwrap_used)]

mod scripted;

use model::{Completion, Error, Kind, Model, Query, Sampling, Server, ServerOptions};
use scripted::{Reply, Scripted, Seen, json, text};
use std::ops::ControlFlow;
use std::time::Duration;

/// Requests that opening takes when the kind is given and nothing but completions is on offer.
fn is_probe(request: &Seen) -> bool {
    !request.body.contains("import yaml")
}

/// A server that opens well and answers real requests as `script` says: it gets their number, from 0.
fn scripted(script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Scripted {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    Scripted::start(move |request, _| match request.path.as_str() {
        "/v1/models" => json(r#"{"data":[{"id":"toy"}]}"#),
        _ if is_probe(request) => text(" a + b"),
        _ => script(request, asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst)),
    })
}

/// Quick to ask again. The time-out is long: these tests are not about it, and the machine may be busy.
fn options(server: &Scripted) -> ServerOptions {
    ServerOptions {
        kind: Some(Kind::Completions),
        timeout: Duration::from_secs(60),
        retries: 2,
        backoff: Duration::from_millis(1),
        concurrency: 1,
        ..ServerOptions::new(&server.url)
    }
}

fn open(server: &Scripted) -> Server {
    Server::open(&options(server)).unwrap()
}

fn query(samples: usize) -> Query {
    Query { prompt: "import yaml\n\ndef load(f):".into(), healed: String::new(), suffix: None, samples, seed: 7 }
}

fn sampling() -> Sampling {
    Sampling { max_tokens: 16, temperature: 0.8, top_p: 1.0, stop: vec![] }
}

fn complete(model: &Server, queries: &[Query]) -> (Vec<Completion>, Result<(), Error>) {
    let mut arrived = Vec::new();
    let result = model.complete(queries, &sampling(), &mut |completion| {
        arrived.push(completion);
        ControlFlow::Continue(())
    });
    (arrived, result)
}

fn status(line: &'static str, headers: &'static str) -> Reply {
    Reply::Whole(line, headers, r#"{"error":{"message":"no \u001b[31mway"}}"#.into())
}

/// Requests for real completions.
fn asked(server: &Scripted) -> usize {
    server.seen().iter().filter(|request| !is_probe(request) && request.path != "/v1/models").count()
}

#[test]
fn a_passing_fault_is_asked_again_and_then_answered() {
    let faults: [(&str, Reply); 10] = [
        ("busy", status("429 Too Many Requests", "")),
        ("busy, with a wait", status("429 Too Many Requests", "Retry-After: 0\r\n")),
        ("busy, until a date", status("503 Service Unavailable", "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n")),
        ("broken", status("500 Internal Server Error", "")),
        ("cut-off body", Reply::Truncated(r#"{"choices":[{"te"#.into())),
        ("cut-off JSON", json(r#"{"choices":[{"text":"a"#)),
        ("no choices", json(r#"{"choices":[]}"#)),
        ("too many choices", json(r#"{"choices":[{"text":"a"},{"text":"b"},{"text":"c"}]}"#)),
        ("a dropped connection", Reply::Hangup),
        ("no HTTP", Reply::Noise),
    ];
    for (name, fault) in faults {
        let server = scripted(move |_, before| if before == 0 { fault.clone() } else { text("x") });
        let (arrived, result) = complete(&open(&server), &[query(1)]);
        assert!(result.is_ok(), "{name}: {result:?}");
        assert_eq!(arrived.len(), 1, "{name}");
        assert_eq!(asked(&server), 2, "{name}");
    }
}

#[test]
fn a_fault_that_stays_is_one_clear_error_after_the_stated_tries() {
    let faults: [(&str, Reply, usize, &str); 14] = [
        ("busy", status("429 Too Many Requests", ""), 3, "gave up after 3 tries: it answered 429"),
        ("asks for an hour", status("429 Too Many Requests", "Retry-After: 3600\r\n"), 1, "gave up after 1 tries"),
        ("broken", status("500 Internal Server Error", ""), 3, "no \\u{1b}[31mway"),
        ("stalls", Reply::Stall, 3, "after 3 tries: no whole answer within 300ms"),
        ("drips", Reply::Drip, 3, "after 3 tries: no whole answer within 300ms"),
        ("cut off", json("{"), 3, "JSON that is cut off"),
        ("endless", Reply::Endless, 1, "longer than"),
        ("a page", Reply::Whole("200 OK", "Content-Type: text/html\r\n", "<html>".into()), 1, "text/html, not JSON"),
        ("no type", Reply::Whole("200 OK", "", "hello".into()), 1, "not JSON"),
        ("bad key", status("401 Unauthorized", ""), 1, "status 401 (no \\u{1b}[31mway); put a valid key"),
        ("forbidden", status("403 Forbidden", ""), 1, "status 403"),
        ("not there", status("404 Not Found", ""), 1, "check the base URL"),
        ("bad request", status("400 Bad Request", ""), 1, "status 400"),
        ("elsewhere", status("307 Temporary Redirect", "Location: http://evil.test/\r\n"), 1, "(http://evil.test/)"),
    ];
    for (name, fault, tries, expected) in faults {
        let server = scripted(move |_, _| fault.clone());
        let too_slow = matches!(name, "stalls" | "drips");
        let model = if too_slow { impatient(&server) } else { open(&server) };
        let (arrived, result) = complete(&model, &[query(1)]);
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
        assert!(error.contains(&server.url) && !error.contains(['\n', '\u{1b}']), "{name}: {error}");
        assert!(error.len() < 1000 && arrived.is_empty(), "{name}: {error}");
        // A busy machine may give up on a slow answer before its request has been read.
        assert!(asked(&server) == tries || too_slow && asked(&server) < tries, "{name}: {error}");
    }
}

/// Opened with the short time-out that the test is about; again until a busy machine manages.
fn impatient(server: &Scripted) -> Server {
    let options = ServerOptions { timeout: Duration::from_millis(300), ..options(server) };
    (0..100).find_map(|_| Server::open(&options).ok()).unwrap()
}

#[test]
fn what_arrived_before_an_error_is_kept_and_nothing_is_asked_twice() {
    let server = scripted(|_, before| if before < 3 { text("x") } else { status("400 Bad Request", "") });
    let model = open(&server);
    let queries: Vec<Query> = (0..5).map(|seed| Query { seed, ..query(1) }).collect();
    let (arrived, result) = complete(&model, &queries);
    assert!(matches!(result, Err(Error::Refused { status: 400, .. })), "{result:?}");
    assert_eq!(arrived.iter().map(|completion| completion.query).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(asked(&server), 4);
    let bodies: std::collections::HashSet<String> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert!(bodies.len() > 4);
}

#[test]
fn a_break_ends_the_work_without_error() {
    let server = scripted(|_, _| text("x"));
    let queries: Vec<Query> = (0..50).map(|seed| Query { seed, ..query(1) }).collect();
    let mut arrived = 0;
    let result = open(&server).complete(&queries, &sampling(), &mut |_| {
        arrived += 1;
        if arrived == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(result.is_ok() && arrived == 3);
    assert!(asked(&server) < 50);
}

/// As many choices as `n` asks for, up to `most`; `None` refuses more than that.
fn choices(request: &Seen, most: usize, refuse: bool) -> Reply {
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    let n = body["n"].as_u64().unwrap_or(1) as usize;
    if refuse && n > most {
        return status("400 Bad Request", "");
    }
    let seed = body["seed"].as_u64().unwrap();
    let choice = |at| format!(r#"{{"text":"{seed}.{at}","finish_reason":"length"}}"#);
    json(&format!(r#"{{"choices":[{}]}}"#, (0..n.min(most)).map(choice).collect::<Vec<_>>().join(",")))
}

#[test]
fn all_samples_arrive_however_many_the_server_makes_at_once() {
    for (most, refuse, requests) in [(8, false, 2), (1, false, 10), (4, true, 4), (1, true, 13)] {
        let server = scripted(move |request, _| choices(request, most, refuse));
        let (arrived, result) = complete(&open(&server), &[query(10)]);
        assert!(result.is_ok(), "{result:?}");
        let mut samples: Vec<usize> = arrived.iter().map(|completion| completion.sample).collect();
        samples.sort_unstable();
        assert_eq!(samples, (0..10).collect::<Vec<_>>(), "{most} {refuse}");
        let texts: std::collections::HashSet<&str> =
            arrived.iter().map(|completion| completion.text.as_str()).collect();
        assert_eq!(texts.len(), 10, "every sample has a stream of its own");
        assert_eq!(asked(&server), requests, "{most} {refuse}");
    }
}

#[test]
fn the_key_is_sent_in_its_header_and_shown_nowhere() {
    // Tests cannot set variables safely; this one is set by cargo and as good as any key.
    let variable = "CARGO_MANIFEST_DIR";
    let key = std::env::var(variable).unwrap();
    let server = Scripted::start(move |request, _| {
        let sent = request.headers.split("authorization: Bearer ").nth(1).and_then(|rest| rest.lines().next());
        let echo = format!(r#"{{"error":{{"message":"wrong key: {}"}}}}"#, sent.unwrap_or("none"));
        Reply::Whole("401 Unauthorized", "Content-Type: application/json\r\n", echo)
    });
    let error = Server::open(&ServerOptions { key_variable: Some(variable.into()), ..options(&server) }).unwrap_err();
    assert!(server.seen()[0].headers.contains(&format!("Bearer {key}")));
    let (shown, debugged) = (error.to_string(), format!("{error:?}"));
    assert!(!shown.contains(&key) && !debugged.contains(&key) && shown.contains("wrong key: [key]"), "{shown}");
}

#[test]
fn a_redirect_is_not_followed() {
    let other = Scripted::start(|_, _| text("x"));
    let location: &'static str = Box::leak(format!("Location: {}/v1/completions\r\n", other.url).into_boxed_str());
    let server = scripted(move |_, _| status("302 Found", location));
    let (_, result) = complete(&open(&server), &[query(1)]);
    assert!(matches!(result, Err(Error::Refused { status: 302, .. })), "{result:?}");
    assert!(other.seen().is_empty());
}

#[test]
fn nobody_at_the_address_is_said_at_once() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = Server::open(&ServerOptions::new(format!("http://127.0.0.1:{port}"))).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[test]
fn a_chat_server_is_found_and_its_answers_are_unwrapped() {
    let server = Scripted::start(|request, _| match request.path.as_str() {
        "/v1/models" => json(r#"{"data":[{"id":"talker","owned_by":"x"}]}"#),
        "/v1/chat/completions" => {
            json(r#"{"choices":[{"message":{"content":"```python\n    return yaml.safe_load(f)\n```"}}]}"#)
        }
        _ => status("404 Not Found", ""),
    });
    let model = Server::open(&ServerOptions { kind: None, ..options(&server) }).unwrap();
    assert!(model.card().name.starts_with("talker@127.0.0.1:"));
    assert!(!model.capabilities().free_samples && !model.capabilities().infill);
    let (arrived, result) = complete(&model, &[Query { healed: "\n    ".into(), ..query(1) }]);
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(arrived[0].text, "\n    return yaml.safe_load(f)");
    let empty = Query { prompt: String::new(), ..query(1) };
    assert!(matches!(complete(&model, &[empty]).1, Err(Error::Unsupported { .. })));
}

#[test]
fn a_suffix_that_the_server_ignores_is_no_ability() {
    let server = scripted(|_, _| text("x"));
    let model = open(&server);
    assert!(!model.capabilities().infill);
    let infill = Query { suffix: Some("\n".into()), ..query(1) };
    assert!(matches!(complete(&model, &[infill]).1, Err(Error::Unsupported { .. })));
    assert!(!model.capabilities().log_probabilities);
    assert!(model.score(&[("a".into(), "b".into())]).is_err());
}

#[test]
fn a_server_that_echoes_is_used_to_score() {
    let server = Scripted::start(|request, _| {
        if request.path == "/v1/models" {
            return json(r#"{"data":[{"id":"toy","owned_by":"vllm","max_model_len":2048}]}"#);
        }
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        if body["echo"] != true {
            return text("x");
        }
        let prompt = body["prompt"].as_str().unwrap();
        let tokens: Vec<String> = prompt.chars().map(String::from).collect();
        let logprobs: Vec<f64> = tokens.iter().map(|_| -0.5).collect();
        let logprobs = serde_json::json!({ "tokens": tokens, "token_logprobs": logprobs });
        json(&serde_json::json!({ "choices": [{ "text": prompt, "logprobs": logprobs }] }).to_string())
    });
    let model = open(&server);
    assert!(model.capabilities().log_probabilities);
    assert_eq!(model.card().context, Some(2048));
    let pairs = [("import ".to_owned(), "yaml".to_owned()), ("x".to_owned(), String::new())];
    let scores = model.score(&pairs).unwrap();
    assert_eq!(scores[0].iter().map(|token| token.text.as_str()).collect::<String>(), "yaml");
    assert!(scores[0].iter().all(|token| token.logprob == -0.5) && scores[1].is_empty());
}
