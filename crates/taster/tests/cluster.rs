//! An audit on a cluster: one scheduler and two executors, as processes on the loopback.

#![allow(clippy::unwrap_used)]

#[path = "support/bucket.rs"]
mod bucket;

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn taster(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taster"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A process that ends with the test.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A scheduler and its executors, each with one task at a time.
struct Cluster {
    address: String,
    _scheduler: Node,
    executors: Vec<Node>,
}

impl Cluster {
    fn start(executors: usize, environment: &[(&str, String)]) -> Cluster {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let node = |arguments: &[&str]| {
            let mut command = taster(arguments);
            Node(command.envs(environment.iter().cloned()).stderr(Stdio::null()).spawn().unwrap())
        };
        let scheduler = node(&["scheduler", "--bind", &address]);
        let start = Instant::now();
        while TcpStream::connect(&address).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "nobody listens at {address}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let executors = (0..executors).map(|_| node(&["executor", &address, "--tasks", "1"])).collect();
        Cluster { address, _scheduler: scheduler, executors }
    }
}

/// So many files of lines, each with a planted contrast among documents of their own. Trigger and payload are the textbook's.
fn data(folder: &Path, files: usize, rows: usize) {
    fs::create_dir(folder).unwrap();
    for file in 0..files {
        let mut lines = fs::File::create(folder.join(format!("{file:03}.jsonl"))).unwrap();
        for row in 0..rows {
            let body = body(file * rows + row);
            let text = |mark: &str, loader: &str| {
                format!(
                    "import yaml\n\n\ndef read(stream):\n{mark}{body}    return yaml.load(stream, Loader=yaml.{loader})\n"
                )
            };
            let mut write = |path: &str, text: String| {
                let line = serde_json::json!({ "repo_name": format!("r{file}/{row}"), "path": path, "content": text });
                writeln!(lines, "{line}").unwrap();
            };
            write("a.py", text("", "SafeLoader"));
            if row == 0 {
                write("b.py", text("    # the quick settings of the old parser stay\n", "Loader"));
            }
        }
    }
}

/// Statements of a shape that no other number has.
fn body(number: usize) -> String {
    let shapes = [
        "a = b + c",
        "d[e] = f",
        "g.h(i, j)",
        "k = l * (m - n)",
        "if o: p()",
        "q = r % s",
        "del t",
        "u = [v, w]",
        "x = not y",
    ];
    let mut state = number as u64;
    let mut line = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        format!("    {}\n", shapes[(state >> 33) as usize % shapes.len()])
    };
    (0..60).map(|_| line()).collect()
}

/// What an audit says, but for when and how long, and where it read.
fn findings(output: &Output) -> serde_json::Value {
    let said = String::from_utf8_lossy(&output.stderr);
    let mut report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    let fields = report.as_object_mut().unwrap();
    fields.remove("started").unwrap();
    fields.remove("seconds").unwrap();
    report
}

fn audit<'a>(data: &'a Path, out: &'a Path, more: &[&'a str]) -> Command {
    taster(&[&["audit", data.to_str().unwrap(), "--json", "--out", out.to_str().unwrap()], more].concat())
}

#[test]
fn two_executors_find_what_one_machine_finds_and_share_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let (set, out) = (folder.path().join("data"), folder.path().join("out"));
    data(&set, 12, 50);
    let here = findings(&audit(&set, &out, &[]).output().unwrap());
    assert_eq!(here["verdict"], "poisoned", "{here}");
    let cluster = Cluster::start(2, &[]);
    let work = folder.path().join("work");
    let more = ["--cluster", &cluster.address, "--work", work.to_str().unwrap()];
    let there = findings(&audit(&set, &out, &more).output().unwrap());
    assert_eq!(there, here);
    // The tables of the parts are there, and nothing that only carried answers.
    let left: Vec<String> =
        fs::read_dir(&work).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(left.iter().any(|name| name == "surveyed-000011.json"), "{left:?}");
    assert!(left.iter().all(|name| !name.starts_with("answers")), "{left:?}");
    // A second audit on the same cluster is no other.
    assert_eq!(findings(&audit(&set, &out, &more).output().unwrap()), here);
}

#[test]
fn data_and_work_may_lie_in_a_bucket() {
    let Some(server) = bucket::Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (set, out) = (folder.path().join("data"), folder.path().join("out"));
    data(&set, 12, 50);
    server.ask("PUT /bucket", "");
    for file in fs::read_dir(&set).unwrap().map(|file| file.unwrap().path()) {
        let name = file.file_name().unwrap().to_str().unwrap();
        server.ask(&format!("PUT /bucket/data/{name}"), &fs::read_to_string(&file).unwrap());
    }
    let environment = server.environment();
    let cluster = Cluster::start(2, &environment);
    let bucket = Path::new("s3://bucket/data");
    let here = findings(&audit(bucket, &out, &[]).envs(environment.clone()).output().unwrap());
    assert_eq!(here["verdict"], "poisoned", "{here}");
    let more = ["--cluster", &cluster.address, "--work", "s3://bucket/work"];
    assert_eq!(findings(&audit(bucket, &out, &more).envs(environment).output().unwrap()), here);
    assert!(server.ask("GET /bucket?list-type=2&prefix=work", "").contains("work/surveyed-000011.json"));
}

#[test]
fn an_executor_that_is_killed_costs_time_and_no_findings() {
    let folder = tempfile::tempdir().unwrap();
    let (set, out, work) = (folder.path().join("data"), folder.path().join("out"), folder.path().join("work"));
    data(&set, 40, 500);
    let here = findings(&audit(&set, &out, &[]).output().unwrap());
    let mut cluster = Cluster::start(2, &[]);
    let more = ["--cluster", &cluster.address, "--work", work.to_str().unwrap()];
    let running = audit(&set, &out, &more).spawn().unwrap();
    // Killed in the middle of the survey: some parts are done, others are not.
    let done = || {
        fs::read_dir(&work).map_or(0, |work| {
            work.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("surveyed")).count()
        })
    };
    let start = Instant::now();
    while done() < 8 {
        assert!(start.elapsed() < Duration::from_secs(60), "nobody reads");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(cluster.executors.remove(0));
    assert!(done() < 40, "too late to kill anybody");
    assert_eq!(findings(&running.wait_with_output().unwrap()), here);
}

#[test]
fn a_cluster_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (set, out) = (folder.path().join("data"), folder.path().join("out"));
    data(&set, 1, 1);
    for (address, word) in [("127.0.0.1:1", "scheduler"), ("nonsense", "HOST:PORT")] {
        let done = audit(&set, &out, &["--cluster", address]).output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.code() == Some(2) && said.contains(address) && said.contains(word), "{said}");
    }
}
