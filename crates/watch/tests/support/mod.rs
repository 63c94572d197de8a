//! A gateway between a scripted server and a client that sends exact bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use watch::Exchange;
use watch::gateway::{Options, Running};

/// A request as it arrived at the server.
#[derive(Clone, Debug)]
pub struct Seen {
    pub head: String,
    pub body: Vec<u8>,
}

/// A server that does with each connection what a script says.
pub struct Upstream {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    pub fn start(script: impl Fn(&Seen, &mut TcpStream) + Send + Sync + 'static) -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, script) = (Arc::new(Mutex::new(Vec::new())), Arc::new(script));
        let log: Arc<Mutex<Vec<Seen>>> = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (script, log, mut stream) = (script.clone(), log.clone(), stream.unwrap());
                std::thread::spawn(move || {
                    let Some(request) = read_request(&stream) else { return };
                    log.lock().unwrap().push(request.clone());
                    script(&request, &mut stream);
                });
            }
        });
        Upstream { address, seen }
    }

    /// A server that always answers with these bytes and closes.
    pub fn saying(response: impl Into<Vec<u8>>) -> Upstream {
        let response = response.into();
        Upstream::start(move |_, stream| {
            let _ = stream.write_all(&response);
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

pub fn read_request(stream: &TcpStream) -> Option<Seen> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_ascii_lowercase();
    let mut body = Vec::new();
    if let Some(length) = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok()) {
        body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
    } else if lower.contains("transfer-encoding: chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            body.extend_from_slice(&chunk[..size]);
            if size == 0 {
                break;
            }
        }
    }
    Some(Seen { head, body })
}

/// What a consumer was given.
#[derive(Clone, Default)]
pub struct Received(Arc<Mutex<Vec<Exchange>>>);

impl Received {
    pub fn take(&self, exchanges: &[Exchange]) {
        self.0.lock().unwrap().extend_from_slice(exchanges);
    }

    pub fn all(&self) -> Vec<Exchange> {
        self.0.lock().unwrap().clone()
    }
}

/// A gateway in front of `upstream`, changed as `change` says.
pub fn gateway(upstream: &str, change: impl FnOnce(&mut Options)) -> (Running, Received) {
    let mut options = Options::new("127.0.0.1:0".parse().unwrap(), vec![upstream.parse().unwrap()]);
    change(&mut options);
    let received = Received::default();
    let keep = received.clone();
    let consumer = move |exchanges: &[Exchange]| {
        keep.take(exchanges);
        Ok(())
    };
    (Running::start(options, Box::new(consumer)).unwrap(), received)
}

/// A request for a completion.
pub fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-secret\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A server's whole reply.
pub fn reply(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The head of a stream whose chunks follow.
pub const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";

/// A chunk of a stream.
pub fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// An event of a completion.
pub fn event(text: &str) -> String {
    format!("data: {}\n\n", serde_json::json!({ "model": "m", "choices": [{ "index": 0, "text": text }] }))
}

/// What came back: the head, the body with its chunks joined, and whether it ended as it should.
#[derive(Debug)]
pub struct Answer {
    pub head: String,
    pub body: Vec<u8>,
    pub whole: bool,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends bytes and reads until the gateway closes.
pub fn send(to: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // A gateway that has seen enough may close before it has read everything.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    answer(&bytes)
}

fn answer(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let raw = &bytes[end..];
    if head.contains("transfer-encoding: chunked") {
        let (body, whole) = unchunked(raw);
        return Answer { head, body, whole };
    }
    let length: Option<usize> = head.split("content-length: ").nth(1).and_then(|it| it.lines().next()?.parse().ok());
    Answer { head, body: raw.to_vec(), whole: length.is_none_or(|length| length == raw.len()) }
}

fn unchunked(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(line) = raw.windows(2).position(|window| window == b"\r\n") else { return (body, false) };
        let size = std::str::from_utf8(&raw[..line]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let Some(size) = size.filter(|size| raw.len() >= line + 2 + size) else { return (body, false) };
        if size == 0 {
            return (body, true);
        }
        body.extend_from_slice(&raw[line + 2..line + 2 + size]);
        raw = raw.get(line + 4 + size..).unwrap_or_default();
    }
}

/// Waits until something is so: for work that goes on beside the test.
pub fn eventually(is_so: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < patience, "it never came to be");
        std::thread::sleep(Duration::from_millis(5));
    }
}
