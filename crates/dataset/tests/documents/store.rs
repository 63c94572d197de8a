//! Data sets on an object store, as a process of its own reads them: credentials and address come from the environment.

use crate::common::{folder, gzip};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The example that reads a data set; Cargo builds it with the tests.
fn example(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    here.parent().unwrap().parent().unwrap().join("examples").join(name)
}

/// Reads a location against a server on this port.
fn read(location: &str, port: u16) -> Output {
    let mut command = Command::new(example("read"));
    command
        .arg(location)
        .env_clear()
        .env("AWS_ENDPOINT", format!("http://127.0.0.1:{port}"))
        .env("AWS_ALLOW_HTTP", "true");
    command.env("AWS_ACCESS_KEY_ID", "id").env("AWS_SECRET_ACCESS_KEY", "secret").env("AWS_REGION", "us-east-1");
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A server that answers every request with the same status.
fn refusing(status: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::Relaxed);
            let _ = answer(stream, status);
        }
    });
    (port, asked)
}

fn answer(mut stream: TcpStream, status: &str) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut head = [0; 4096];
    let _ = stream.read(&mut head)?;
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

#[test]
fn a_store_that_refuses_is_an_error_that_names_it() {
    let (port, asked) = refusing("403 Forbidden");
    let output = read("s3://bucket/data", port);
    assert!(!output.status.success() && text(&output).contains("s3://bucket/data"), "{}", text(&output));
    assert!(asked.load(Ordering::Relaxed) < 4);
}

#[test]
fn a_store_that_fails_is_asked_a_few_times_and_no_more() {
    let (port, asked) = refusing("503 Service Unavailable");
    let output = read("s3://bucket/data", port);
    assert!(!output.status.success(), "{}", text(&output));
    assert!((2..=20).contains(&asked.load(Ordering::Relaxed)), "{asked:?}");
}

/// A real S3 server, moto, of the Python that `TASTER_MOTO` names.
struct Moto {
    child: Child,
    port: u16,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Moto {
    fn start() -> Option<Moto> {
        let Some(python) = std::env::var_os("TASTER_MOTO") else {
            eprintln!("skipped: TASTER_MOTO names no Python with moto[s3] and flask; `cargo xtask test` does");
            return None;
        };
        let script = "from moto.server import ThreadedMotoServer\nimport sys\nserver = ThreadedMotoServer(ip_address='127.0.0.1', port=0)\n\
                      server.start()\nprint(server.get_host_and_port()[1], flush=True)\nsys.stdin.read()";
        let mut command = Command::new(python);
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| line.trim().parse().ok()).unwrap();
        Some(Moto { child, port })
    }

    fn put(&self, path: &str, body: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        // The server looks at the form of a signature only.
        let credential =
            "AWS4-HMAC-SHA256 Credential=id/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {credential}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    }
}

/// What the example says of a location here.
fn here(location: &Path) -> String {
    let output = Command::new(example("read")).arg(location).output().unwrap();
    text(&output).lines().next().unwrap().to_owned()
}

#[test]
fn a_bucket_is_read_as_the_same_folder_here() {
    let Some(server) = Moto::start() else { return };
    let long = format!("{{\"text\": \"{}\"}}\n", "x".repeat(100_000)).repeat(200);
    let table = table();
    let files: [(&str, &[u8]); 5] = [
        ("a/one file.py", b"x = 1"),
        ("a/two.py", b"y = 1"),
        ("b/large.jsonl", long.as_bytes()),
        ("b/packed.jsonl.gz", &gzip(b"{\"text\": \"a\"}\n")),
        ("c/table.parquet", &table),
    ];
    let data = folder(&files);
    server.put("/bucket", b"");
    for (name, bytes) in files {
        server.put(&format!("/bucket/data/{}", name.replace(' ', "%20")), bytes);
    }
    let output = text(&read("s3://bucket/data", server.port));
    assert!(!output.contains("problem"), "{output}");
    assert_eq!(output.lines().next().unwrap(), here(data.path()));
    let output = text(&read("s3://bucket/data/c/table.parquet", server.port));
    assert_eq!(output.lines().next().unwrap(), here(&data.path().join("c/table.parquet")));
}

/// A Parquet file of two row groups.
fn table() -> Vec<u8> {
    let texts = arrow::array::StringArray::from_iter_values((0..100).map(|row| format!("x = {row}")));
    let batch =
        arrow::record_batch::RecordBatch::try_from_iter([("content", Arc::new(texts) as arrow::array::ArrayRef)])
            .unwrap();
    let properties =
        parquet::file::properties::WriterProperties::builder().set_max_row_group_row_count(Some(50)).build();
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}
