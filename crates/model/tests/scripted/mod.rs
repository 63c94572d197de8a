//! A server that answers as a script says, misbehaviour included.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What one connection is answered with.
#[derive(Clone)]
pub enum Reply {
    /// Status line's end, headers without the length, body.
    Whole(&'static str, &'static str, String),
    /// The announced length is not reached; then the connection closes.
    Truncated(String),
    /// Nothing, until the client goes away.
    Stall,
    /// A byte now and then, for ever.
    Drip,
    /// A body without end, as fast as it can.
    Endless,
    /// The connection closes at once.
    Hangup,
    /// Bytes that are no HTTP.
    Noise,
}

/// JSON with status 200.
pub fn json(body: &str) -> Reply {
    Reply::Whole("200 OK", "Content-Type: application/json\r\n", body.to_owned())
}

/// One completion with this text.
pub fn text(text: &str) -> Reply {
    let usage = r#""usage":{"prompt_tokens":9,"completion_tokens":2}"#;
    json(&format!(r#"{{"choices":[{{"text":{text:?},"finish_reason":"stop"}}],{usage}}}"#))
}

/// A request as it arrived.
#[derive(Clone)]
pub struct Seen {
    pub path: String,
    pub headers: String,
    pub body: String,
}

/// A scripted server on a port of its own; it lives as long as the test.
pub struct Scripted {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Scripted {
    /// `script` is given each request and the number of those before it.
    pub fn start(script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (script, log) = (Arc::new(script), seen.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (script, log) = (script.clone(), log.clone());
                std::thread::spawn(move || {
                    let stream = stream.unwrap();
                    let Some(request) = read(&stream) else { return };
                    let before = {
                        let mut log = log.lock().unwrap();
                        log.push(request.clone());
                        log.len() - 1
                    };
                    // The client may be gone; that is its right.
                    let _ = reply(&stream, &script(&request, before));
                });
            }
        });
        Self { url, seen }
    }

    /// Requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Seen> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    Some(Seen { path, headers: head, body: String::from_utf8(body).ok()? })
}

fn reply(mut stream: &TcpStream, reply: &Reply) -> std::io::Result<()> {
    let ok = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n";
    match reply {
        Reply::Whole(status, headers, body) => {
            let length = body.len();
            write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
        }
        Reply::Truncated(body) => write!(stream, "{ok}Content-Length: 100000\r\n\r\n{body}"),
        Reply::Stall => stream.read(&mut [0]).map(|_| ()),
        Reply::Drip => {
            write!(stream, "{ok}\r\n")?;
            loop {
                stream.write_all(b" ")?;
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        Reply::Endless => {
            write!(stream, "{ok}\r\n")?;
            loop {
                stream.write_all(&[b' '; 4096])?;
            }
        }
        Reply::Hangup => Ok(()),
        Reply::Noise => stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    }
}
