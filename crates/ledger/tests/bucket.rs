//! A ledger on a store that speaks S3: a real server process, and one that lies about conditional writes.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use ledger::{Home, Ledger, Signing};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::add;

/// Not a test: the environment names the store of a process, so each case is a process.
#[test]
#[ignore = "started by the other tests"]
fn child() {
    let Ok(case) = std::env::var("TASTER_BUCKET") else { return };
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(&folder.path().join("home"));
    let begun =
        Ledger::init("s3://bucket/some/ledger", home.clone(), "example.com/log", &Signing::File { passphrase: None });
    if case == "lies" {
        let error = begun.err().unwrap().to_string();
        assert!(error.contains("could fork the log") && !error.contains('\n'), "{error}");
        return;
    }
    let ledger = begun.unwrap();
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let home = home.clone();
            scope.spawn(move || {
                let ledger = Ledger::open("s3://bucket/some/ledger", home, None).unwrap();
                for round in 0..4 {
                    add(&ledger, [format!("{writer}-{round}")]);
                    ledger.seal().unwrap();
                }
            });
        }
    });
    let found = ledger.verify(&|_| ());
    assert_eq!((found.entries, found.records, found.waiting, found.faults), (12, 12, 0, Vec::new()));
    let snapshot = ledger.snapshot().unwrap();
    let found = ledger.find(&snapshot, &ledger::Digest::of(b"1-2")).unwrap();
    assert_eq!(
        ledger::check(&ledger.prove(&snapshot, &found[0]).unwrap().to_string(), ledger.policy()).unwrap(),
        found[0].record
    );
}

fn run(case: &str, endpoint: &str) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("TASTER_BUCKET", case)
        .envs([("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_REGION", "us-east-1")])
        .envs([("AWS_ENDPOINT_URL", endpoint), ("AWS_ALLOW_HTTP", "true")])
        .status()
        .unwrap();
    assert!(status.success());
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A request to a server of the loopback interface; its answer if there is one.
fn put(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok().map(|_| answer)
}

#[test]
fn three_writers_share_a_bucket_of_a_real_server_without_a_fork() {
    let Some(python) = std::env::var_os("TASTER_TEST_PYTHON") else {
        println!("skipped: TASTER_TEST_PYTHON names no Python with moto; `cargo xtask test` does");
        return;
    };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let quiet = || (Stdio::null(), Stdio::null());
    let (out, err) = quiet();
    let server = "import sys; from moto.server import main; main(['-p', sys.argv[1]])";
    let mut server =
        Server(Command::new(python).args(["-c", server, &port.to_string()]).stdout(out).stderr(err).spawn().unwrap());
    let patience = Instant::now();
    while put(port, "/bucket").is_none_or(|answer| !answer.contains(" 200 ")) {
        if server.0.try_wait().unwrap().is_some() {
            println!("skipped: the Python of TASTER_TEST_PYTHON has no moto");
            return;
        }
        assert!(patience.elapsed() < Duration::from_secs(120), "moto does not answer");
        std::thread::sleep(Duration::from_millis(100));
    }
    run("honest", &format!("http://127.0.0.1:{port}"));
}

#[test]
fn a_store_that_lies_about_conditional_writes_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    // Takes every write, whatever its condition, and has nothing to read.
    std::thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| drop(std::thread::spawn(move || lie(stream))))
    });
    run("lies", &format!("http://{at}"));
}

fn lie(stream: TcpStream) {
    let mut input = BufReader::new(stream.try_clone().unwrap());
    let mut output = stream;
    loop {
        let (mut length, mut first) = (0, String::new());
        if input.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            if input.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        if input.read_exact(&mut vec![0; length]).is_err() {
            return;
        }
        let status = if first.starts_with("PUT") {
            "200 OK"
        } else if first.starts_with("DELETE") {
            "204 No Content"
        } else {
            "404 Not Found"
        };
        let answer = format!("HTTP/1.1 {status}\r\nETag: \"same\"\r\nContent-Length: 0\r\n\r\n");
        if output.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
