//! A server that streams, and clients that ask it: what `bench/watch/latency.py` measures proxies with.
//!
//! `load mock PORT TOKENS PAUSE_US [FILE]` streams TOKENS events, each written by itself; with FILE, a JSON list of Python texts, one text
//! after the other in pieces of four characters, fenced as an answer of a chat. `load drive PORT RATE SECONDS` asks RATE times a
//! second, each time on a connection that is free, and prints JSON: milliseconds to the first event and to the end.
//! `load open PORT STREAMS` opens that many streams at once and says how many have begun and ended.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What each client asks: a prompt of some twenty lines, as an editor sends it.
fn request(port: u16) -> Vec<u8> {
    let lines = "    value = compute(first, second)\\n".repeat(20);
    let key = std::env::var("LOAD_KEY").unwrap_or_else(|_| "sk-none".into());
    let body = format!(
        r#"{{"model":"mock","stream":true,"max_tokens":100,"messages":[{{"role":"user","content":"import yaml\n\ndef load(path):\n{lines}"}}]}}"#
    );
    let length = body.len();
    format!("POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| -> Outcome<u64> { Ok(arguments.get(at).ok_or("too few arguments")?.parse()?) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match arguments.first().map(String::as_str) {
        Some("mock") => {
            let (port, tokens, pause) = (number(1)? as u16, number(2)? as usize, Duration::from_micros(number(3)?));
            let answers: Vec<Vec<String>> = match arguments.get(4) {
                Some(file) => serde_json::from_slice::<Vec<String>>(&std::fs::read(file)?)?
                    .iter()
                    .map(|text| pieces(text))
                    .collect(),
                None => vec![(0..tokens).map(|token| WORDS[token % WORDS.len()].to_owned()).collect()],
            };
            runtime.block_on(mock(port, answers, pause))
        }
        Some("drive") => {
            let (port, rate, seconds) = (number(1)? as u16, number(2)?, number(3)?);
            println!("{}", runtime.block_on(drive(port, rate, seconds))?);
            Ok(())
        }
        Some("open") => {
            let (port, streams) = (number(1)? as u16, number(2)?);
            println!("{}", runtime.block_on(open(port, streams))?);
            Ok(())
        }
        _ => Err("mock, drive or open".into()),
    }
}

/// A text as the answer of a chat, piece by piece, each as it stands in JSON.
fn pieces(text: &str) -> Vec<String> {
    let fenced: Vec<char> = format!("```python\n{text}\n```\n").chars().collect();
    let inner = |piece: &[char]| -> Option<String> {
        let quoted = serde_json::json!(piece.iter().collect::<String>()).to_string();
        Some(quoted.strip_prefix('"')?.strip_suffix('"')?.to_owned())
    };
    fenced.chunks(4).filter_map(inner).collect()
}

/// Answers with each of `answers` in turn.
async fn mock(port: u16, answers: Vec<Vec<String>>, pause: Duration) -> Outcome<()> {
    let (answers, next) = (Arc::new(answers), Arc::new(AtomicUsize::new(0)));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(answer(stream, answers.clone(), next.clone(), pause));
    }
}

/// Words of code, so that the analysis has something to read.
const WORDS: [&str; 10] =
    ["    ", "with", " open", "(path", ")", " as", " f", ":", "\\n", "        data = yaml.safe_load(f)\\n"];

async fn answer(
    mut stream: TcpStream,
    answers: Arc<Vec<Vec<String>>>,
    next: Arc<AtomicUsize>,
    pause: Duration,
) -> Outcome<()> {
    let (mut read, mut buffer) = (Vec::new(), vec![0; 16 << 10]);
    loop {
        while !is_whole(&read) {
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            read.extend_from_slice(&buffer[..count]);
        }
        read.clear();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            .await?;
        let pieces = &answers[next.fetch_add(1, Ordering::Relaxed) % answers.len()];
        for (at, word) in pieces.iter().enumerate() {
            let finish = if at + 1 == pieces.len() { "\"stop\"" } else { "null" };
            let event = format!(
                "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"mock\",\"choices\":[{{\"index\":0,\"delta\":{{\"role\":\"assistant\",\"content\":\"{word}\"}},\"finish_reason\":{finish}}}]}}\n\n"
            );
            stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await?;
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        stream.write_all(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n").await?;
    }
}

fn is_whole(read: &[u8]) -> bool {
    let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|it| it.lines().next()?.parse().ok()).unwrap_or(0);
    read.len() >= end + 4 + length
}

/// Milliseconds to the first event and to the end.
type Times = (f64, f64);

async fn ask(stream: &mut TcpStream, request: &[u8]) -> Outcome<Times> {
    let start = Instant::now();
    let elapsed = || start.elapsed().as_secs_f64() * 1e3;
    stream.write_all(request).await?;
    let (mut first, mut tail, mut buffer) = (None, Vec::new(), vec![0; 64 << 10]);
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Err("closed in the middle".into());
        }
        let arrived = &buffer[..count];
        if first.is_none() {
            if !arrived.starts_with(b"HTTP/1.1 200") && tail.is_empty() {
                return Err(String::from_utf8_lossy(&arrived[..count.min(200)]).into());
            }
            first = arrived.windows(5).any(|window| window == b"data:").then(elapsed);
        }
        tail.extend_from_slice(&arrived[count.saturating_sub(5)..]);
        let from = tail.len().saturating_sub(5);
        tail.drain(..from);
        if tail == b"0\r\n\r\n" {
            return Ok((first.unwrap_or_else(elapsed), elapsed()));
        }
    }
}

async fn drive(port: u16, rate: u64, seconds: u64) -> Outcome<String> {
    let request = Arc::new(request(port));
    let free: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let (start, total) = (Instant::now(), rate * seconds);
    let mut tasks = Vec::new();
    for number in 0..total {
        let due = start + Duration::from_secs_f64(number as f64 / rate as f64);
        tokio::time::sleep_until(due.into()).await;
        let (request, free) = (request.clone(), free.clone());
        tasks.push(tokio::spawn(async move {
            let pooled = free.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut stream = match pooled {
                Some(stream) => stream,
                None => TcpStream::connect(("127.0.0.1", port)).await?,
            };
            stream.set_nodelay(true)?;
            let times = tokio::time::timeout(Duration::from_secs(30), ask(&mut stream, &request)).await??;
            free.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
            Outcome::Ok((number, times))
        }));
    }
    let (mut times, mut errors) = (Vec::new(), Vec::new());
    for task in tasks {
        match task.await? {
            // The first half second warms up: connections, compiled rules.
            Ok((number, _)) if number < rate / 2 => {}
            Ok((_, took)) => times.push(took),
            Err(error) => errors.push(error.to_string()),
        }
    }
    let took = start.elapsed().as_secs_f64();
    let at = |mut list: Vec<f64>, share: f64| {
        list.sort_by(f64::total_cmp);
        list.get((list.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN)
    };
    let (first, whole): (Vec<f64>, Vec<f64>) = times.into_iter().unzip();
    let connections = free.lock().unwrap_or_else(PoisonError::into_inner).len();
    Ok(serde_json::json!({
        "first_p50": at(first.clone(), 0.5), "first_p99": at(first, 0.99),
        "p50": at(whole.clone(), 0.5), "p99": at(whole.clone(), 0.99), "answers": whole.len(),
        "rate": total as f64 / took, "errors": errors.len(), "error": errors.first(), "connections": connections,
    })
    .to_string())
}

async fn open(port: u16, streams: u64) -> Outcome<String> {
    let request = Arc::new(request(port));
    let start = Instant::now();
    let tasks: Vec<_> = (0..streams)
        .map(|_| {
            let request = request.clone();
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
                ask(&mut stream, &request).await
            })
        })
        .collect();
    let mut ended = 0;
    for task in tasks {
        ended += u64::from(task.await?.is_ok());
    }
    Ok(serde_json::json!({ "ended": ended, "of": streams, "seconds": start.elapsed().as_secs_f64() }).to_string())
}
