//! What cannot pass is refused clearly, counted, and harms nobody else.
#![allow(clippy::unwrap_used)]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use support::{STREAM, Upstream, chunk, event, eventually, gateway, post, reply, send};
use watch::gateway::{Admin, Count};

const ASK: &str = r#"{"prompt":"import yaml\n","stream":true}"#;

fn fine() -> Upstream {
    Upstream::saying(reply("application/json", br#"{"choices":[{"text":"a = 1\n","finish_reason":"stop"}]}"#))
}

#[test]
fn a_body_over_the_limit_is_refused_whether_it_says_so_or_not() {
    let upstream = fine();
    let (running, _) = gateway(&upstream.url(), |options| options.body_limit = 1000);
    let large = "x".repeat(2000);
    let announced = post("/v1/completions", &large);
    let chunked = |path| {
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
        [head.as_bytes(), &chunk(large.as_bytes()), b"0\r\n\r\n"].concat()
    };
    for request in [announced, chunked("/v1/completions"), chunked("/v1/files")] {
        let answer = send(running.address(), &request);
        assert_eq!(answer.status(), 413, "{answer:?}");
        let error: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(error["error"]["code"], "request_too_large");
    }
    assert_eq!(send(running.address(), &post("/v1/completions", "{}")).status(), 200);
    assert_eq!(running.stop().get(Count::Refused), 3);
}

#[test]
fn framing_that_two_readers_could_read_differently_is_refused() {
    let upstream = fine();
    let (running, _) = gateway(&upstream.url(), |_| {});
    let request = |headers: &str| {
        format!("POST /v1/completions HTTP/1.1\r\nHost: x\r\n{headers}\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n")
    };
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding\t: chunked\r\n",
        "X: a\r\n Content-Length: 5\r\n",
        "Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 5\r\n",
    ] {
        let answer = send(running.address(), request(headers).as_bytes());
        assert_eq!(answer.status(), 400, "{headers:?}: {answer:?}");
    }
    assert_eq!(send(running.address(), b"CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n").status(), 400);
    assert!(upstream.seen().is_empty(), "none of it reached the server");
}

#[test]
fn a_server_that_is_down_slow_or_no_http_has_its_own_status_and_is_not_named() {
    let silent = Upstream::start(|_, client| drop(client.read(&mut [0])));
    let noise = Upstream::saying("no http\r\n\r\n");
    for (url, status, counted) in [
        ("http://127.0.0.1:1".to_owned(), 502, Count::Down),
        (silent.url(), 504, Count::Slow),
        (noise.url(), 502, Count::Down),
    ] {
        let (running, received) = gateway(&url, |options| options.patience = Duration::from_millis(300));
        for path in ["/v1/completions", "/v1/models"] {
            let answer = send(running.address(), &post(path, ASK));
            assert_eq!(answer.status(), status, "{answer:?}");
            assert!(!answer.text().contains("127.0.0.1"));
        }
        assert_eq!(running.stop().get(counted), 2);
        assert!(received.all().is_empty());
    }
}

#[test]
fn a_stream_that_breaks_off_is_seen_broken_by_the_client_and_marked_cut() {
    let broken = Upstream::start(|_, client| {
        client.write_all(STREAM.as_bytes()).unwrap();
        client.write_all(&chunk(event("x = 1\n").as_bytes())).unwrap();
    });
    let stalled = Upstream::start(|_, client| {
        client.write_all(STREAM.as_bytes()).unwrap();
        client.write_all(&chunk(event("x = 1\n").as_bytes())).unwrap();
        drop(client.read(&mut [0]));
    });
    let short = Upstream::saying(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"choices\":[{\"text\":\"a\"}]}",
    );
    for (upstream, seen) in [(broken, 1), (stalled, 1), (short, 1)] {
        let (running, received) = gateway(&upstream.url(), |options| options.patience = Duration::from_millis(300));
        let answer = send(running.address(), &post("/v1/completions", ASK));
        assert_eq!((answer.status(), answer.whole), (200, false), "{answer:?}");
        assert!(!answer.body.is_empty(), "what was written arrives");
        let counters = running.stop();
        assert_eq!((received.all().len(), counters.get(Count::Cut)), (seen, 1));
        assert!(received.all().iter().all(|exchange| exchange.cut));
    }
}

#[test]
fn a_client_that_goes_away_leaves_a_cut_event_and_the_server_is_let_go() {
    let (gone, told) = std::sync::mpsc::channel();
    let gone = std::sync::Mutex::new(gone);
    let upstream = Upstream::start(move |_, client| {
        client.write_all(STREAM.as_bytes()).unwrap();
        while client.write_all(&chunk(event("x = 1\n").as_bytes())).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
        gone.lock().unwrap().send(()).unwrap();
    });
    let (running, received) = gateway(&upstream.url(), |_| {});
    let mut client = TcpStream::connect(running.address()).unwrap();
    client.write_all(&post("/v1/completions", ASK)).unwrap();
    client.read_exact(&mut [0; 300]).unwrap();
    drop(client);
    told.recv_timeout(Duration::from_secs(60)).unwrap();
    eventually(|| received.all().first().is_some_and(|exchange| exchange.cut));
}

#[test]
fn a_client_that_does_not_read_holds_back_its_server_and_nobody_else() {
    let written = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = written.clone();
    let upstream = Upstream::start(move |seen, client| {
        if seen.head.contains("/v1/models") {
            client.write_all(&reply("application/json", b"{}")).unwrap();
            return;
        }
        client.write_all(STREAM.as_bytes()).unwrap();
        client.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
        let event = chunk(event(&"x".repeat(10_000)).as_bytes());
        while client.write_all(&event).is_ok() {
            count.fetch_add(event.len(), std::sync::atomic::Ordering::Relaxed);
        }
    });
    let (running, _) = gateway(&upstream.url(), |_| {});
    let mut client = TcpStream::connect(running.address()).unwrap();
    client.write_all(&post("/v1/completions", ASK)).unwrap();
    client.read_exact(&mut [0; 100]).unwrap();
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(send(running.address(), &post("/v1/models", "")).status(), 200);
    std::thread::sleep(Duration::from_secs(2));
    let held = written.load(std::sync::atomic::Ordering::Relaxed);
    // The system's buffers of four sockets take some megabytes; without end it would be gigabytes.
    assert!(held < 64 << 20, "{held} bytes were taken for a client that reads nothing");
}

#[test]
fn the_operators_page_wants_its_token() {
    let upstream = fine();
    let token = "0123456789abcdef";
    let (running, received) = gateway(&upstream.url(), |options| {
        options.admin = Some(Admin { listen: "127.0.0.1:0".parse().unwrap(), token: token.into() });
    });
    assert_eq!(send(running.address(), &post("/v1/completions", ASK)).status(), 200);
    eventually(|| received.all().len() == 1);
    let get = |path: &str, token: &str| {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n");
        send(running.admin().unwrap(), request.as_bytes())
    };
    for (path, token) in [("/metrics", "wrong"), ("/metrics", ""), ("/taster/health", "0123456789abcde"), ("/", "x")] {
        let answer = get(path, token);
        assert_eq!(answer.status(), 401);
        assert!(!answer.text().contains("completions"));
    }
    let health: serde_json::Value = serde_json::from_slice(&get("/taster/health", token).body).unwrap();
    assert_eq!((health["status"].as_str(), health["completions"].as_u64()), (Some("ok"), Some(1)));
    let metrics = get("/metrics", token).text();
    assert!(metrics.contains("\ntaster_gateway_requests_total 1\n"), "{metrics}");
    // The clients' address has no such page: what is asked for there is asked of the server.
    send(running.address(), b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(upstream.seen().last().unwrap().head.starts_with("GET /metrics"));
}

#[test]
fn the_servers_own_errors_pass_as_they_are_and_are_no_completions() {
    let body = br#"{"error":{"message":"no key"}}"#;
    let head = format!(
        "HTTP/1.1 401 Unauthorized\r\nX-Why: key\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let upstream = Upstream::saying([head.as_bytes(), body].concat());
    let (running, received) = gateway(&upstream.url(), |_| {});
    let answer = send(running.address(), &post("/v1/completions", ASK));
    assert_eq!((answer.status(), answer.body.as_slice()), (401, body.as_slice()));
    assert!(answer.head.contains("x-why: key"));
    assert_eq!((running.stop().get(Count::Errors), received.all().len()), (1, 0));
}
