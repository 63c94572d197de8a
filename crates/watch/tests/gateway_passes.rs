//! What passes the gateway in observe mode passes unchanged, and is seen.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use support::{STREAM, Upstream, chunk, event, eventually, gateway, post, reply, send};
use watch::gateway::Count;

const ASK: &str = r#"{"model":"asked","prompt":"import yaml\n\ndef load(f):\n","unknown":{"a":[1]},"stream":true}"#;

#[test]
fn a_stream_cut_at_every_byte_arrives_as_it_was_sent_and_is_understood() {
    let stream = format!("{}: ping\r\n\r\n{}data: [DONE]\n\n", event("    return yaml.é"), event("load(f)\n"));
    let bytes = stream.clone().into_bytes();
    let upstream = Upstream::start(move |_, client| {
        client.set_nodelay(true).unwrap();
        client.write_all(STREAM.as_bytes()).unwrap();
        for byte in &bytes {
            client.write_all(&chunk(&[*byte])).unwrap();
        }
        client.write_all(b"0\r\n\r\n").unwrap();
    });
    let (running, received) = gateway(&upstream.url(), |_| {});
    let answer = send(running.address(), &post("/v1/completions", ASK));
    assert_eq!((answer.status(), answer.whole, answer.text()), (200, true, stream));
    running.stop();
    let seen = received.all();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].completion, "    return yaml.éload(f)\n");
    assert_eq!((seen[0].model.as_str(), seen[0].cut), ("m", false));
    assert_eq!(upstream.seen()[0].body, ASK.as_bytes(), "unknown fields reach the server");
}

#[test]
fn bytes_that_are_no_text_pass_unharmed_in_both_directions() {
    let body = b"{\"choices\":[{\"text\":\"a\xff\xfe\"}],\"x\":\"\xc3\"}".to_vec();
    let upstream = Upstream::saying(reply("application/json", &body));
    let (running, received) = gateway(&upstream.url(), |_| {});
    let mut request =
        b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 16\r\n\r\n".to_vec();
    request.extend_from_slice(b"{\"prompt\":\"\xff\xfe#\"}");
    let answer = send(running.address(), &request);
    assert_eq!((answer.status(), answer.body), (200, body));
    assert_eq!(upstream.seen()[0].body, b"{\"prompt\":\"\xff\xfe#\"}");
    assert_eq!(running.stop().get(Count::NoLanguage), 1, "said, not taken for clean");
    assert_eq!(received.all()[0].completion, "a\u{fffd}\u{fffd}");
}

#[test]
fn what_asks_for_no_completion_passes_with_its_path_query_and_headers() {
    let upstream = Upstream::saying(reply("text/x", b"anything"));
    let (running, received) = gateway(&upstream.url(), |_| {});
    let request = b"PUT /v1/files/%7Ea?x=1&y=%20 HTTP/1.1\r\nHost: evil\r\nX-Mine: 1\r\nConnection: close, X-Hop\r\nX-Hop: 2\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let answer = send(running.address(), request);
    assert_eq!((answer.status(), answer.text().as_str()), (200, "anything"));
    assert!(answer.head.contains("content-type: text/x"));
    let seen = &upstream.seen()[0];
    assert!(seen.head.starts_with("PUT /v1/files/%7Ea?x=1&y=%20 HTTP/1.1\r\n"), "{}", seen.head);
    let head = seen.head.to_ascii_lowercase();
    assert!(head.contains("x-mine: 1") && !head.contains("x-hop") && !head.contains("evil"), "{head}");
    assert_eq!(seen.body, b"abc");
    let counters = running.stop();
    assert_eq!((received.all().len(), counters.get(Count::Passed)), (0, 1));
}

#[test]
fn a_chat_with_tools_is_seen_block_by_block_and_the_key_is_only_a_digest() {
    let body = serde_json::json!({ "model": "m", "choices": [{ "index": 0, "finish_reason": "stop", "message": {
        "content": "Here:\n```python\nx = 1\n```\nDone.",
        "tool_calls": [{ "function": { "name": "write", "arguments": "{\"path\":\"a.go\",\"text\":\"package a\\n\"}" } }]
    } }] });
    let body = body.to_string().into_bytes();
    let upstream = Upstream::saying(reply("application/json", &body));
    let (running, received) = gateway(&upstream.url(), |options| {
        options.segments = vec!["who=key".parse().unwrap(), "lang=language".parse().unwrap()];
    });
    let answer =
        send(running.address(), &post("/v1/chat/completions", r#"{"messages":[{"role":"user","content":"go"}]}"#));
    assert_eq!(answer.body, body);
    assert!(upstream.seen()[0].head.contains("Bearer sk-secret"), "the server gets the key");
    running.stop();
    let seen = received.all();
    let told: Vec<_> = seen.iter().map(|it| (it.completion.as_str(), it.segment["lang"].as_str())).collect();
    assert_eq!(told, [("x = 1\n", "python"), ("package a\n", "go")]);
    assert!(seen.iter().all(|it| it.segment["who"].len() == 16 && it.prompt == "go"));
    assert!(!format!("{seen:?}").contains("sk-secret"));
}

#[test]
fn a_stream_is_passed_on_while_it_is_written() {
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let upstream = Upstream::start(move |_, client| {
        client.write_all(STREAM.as_bytes()).unwrap();
        client.write_all(&chunk(event("a").as_bytes())).unwrap();
        // The rest is written only once the client has the first event.
        wait.lock().unwrap().recv().unwrap();
        client.write_all(&chunk(b"data: [DONE]\n\n")).unwrap();
        client.write_all(b"0\r\n\r\n").unwrap();
    });
    let (running, _) = gateway(&upstream.url(), |_| {});
    let mut client = TcpStream::connect(running.address()).unwrap();
    client.write_all(&post("/v1/completions", ASK)).unwrap();
    let (mut read, mut buffer) = (Vec::new(), [0; 1024]);
    while !read.ends_with(b"\n\n\r\n") {
        let count = client.read(&mut buffer).unwrap();
        assert!(count > 0);
        read.extend_from_slice(&buffer[..count]);
    }
    go_on.send(()).unwrap();
    client.read_to_end(&mut read).unwrap();
    assert!(read.ends_with(b"0\r\n\r\n"));
}

#[test]
fn the_next_server_is_asked_where_one_cannot_be_reached() {
    let upstream = Upstream::saying(reply("application/json", br#"{"choices":[{"text":"a = 1\n"}]}"#));
    let (running, received) = gateway(&upstream.url(), |options| {
        options.upstreams.insert(0, "http://127.0.0.1:1".parse().unwrap());
    });
    for _ in 0..4 {
        assert_eq!(send(running.address(), &post("/v1/completions", ASK)).status(), 200);
    }
    eventually(|| received.all().len() == 4);
}

#[test]
fn a_large_body_passes_whole_and_a_client_may_use_one_connection_for_many() {
    let upstream = Upstream::start(|seen, client| {
        client.write_all(&reply("application/json", seen.body.len().to_string().as_bytes())).unwrap();
    });
    let (running, _) = gateway(&upstream.url(), |_| {});
    let body = format!("{{\"prompt\":\"{}\"}}", "x".repeat(5 << 20));
    let answer = send(running.address(), &post("/v1/completions", &body));
    assert_eq!(answer.text(), body.len().to_string());
    let keep = "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}".repeat(3);
    let answer = send(running.address(), &[keep.as_bytes(), &post("/v1/completions", "{}")].concat());
    assert_eq!(answer.text().matches("http/1.1 200").count() + answer.text().matches("HTTP/1.1 200").count(), 3);
}

/// A server that answers every request of a connection with its own body.
fn echo() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                while let Some(seen) = support::read_request(&stream) {
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                        seen.body.len()
                    );
                    stream.write_all(&[head.as_bytes(), &seen.body].concat()).unwrap();
                }
            });
        }
    });
    address
}

#[test]
fn many_clients_over_shared_connections_each_get_their_own_answer() {
    let (running, received) = gateway(&format!("http://{}", echo()), |_| {});
    let address = running.address();
    let ask = |client: usize, round: usize| {
        let text = format!("x = {client}{round:03} {}", "y".repeat(client * 97 + round));
        let body = serde_json::json!({ "choices": [{ "text": text, "finish_reason": "stop" }] }).to_string();
        assert_eq!(send(address, &post("/v1/completions", &body)).text(), body);
    };
    std::thread::scope(|scope| {
        (0..16).for_each(|client| drop(scope.spawn(move || (0..25).for_each(|round| ask(client, round)))));
    });
    running.stop();
    let mut seen: Vec<String> = received.all().into_iter().map(|exchange| exchange.completion).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 400);
}
