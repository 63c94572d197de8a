//! What `taster ledger add` takes beside folders and lines: each is sealed, verified, and proved to who has the log's policy only.
#![allow(clippy::unwrap_used)]

#[path = "support/bucket.rs"]
mod bucket;
#[path = "support/command.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod command;

use bucket::Server;
use command::taster;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// A folder with a ledger, and what the commands in it have in their environment.
struct Begun {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Begun {
    fn new(environment: Vec<(&'static str, String)>) -> Begun {
        let begun = Begun { folder: tempfile::tempdir().unwrap(), environment };
        begun.json(&["ledger", "init", "--origin", "example.com/log"]);
        begun
    }

    fn at(&self) -> &Path {
        self.folder.path()
    }

    /// What a command prints as JSON; it must end with status 0.
    fn json(&self, arguments: &[&str]) -> Value {
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        let output = taster().current_dir(self.at()).args(arguments).arg("--json").envs(environment).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said} {}", String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The record of a document with this text, after all that waits is sealed, verified, and proved to a stranger.
    fn proved(&self, from: &str, documents: u64, text: &str) -> Value {
        assert_eq!(self.json(&["ledger", "add", from])["documents"], documents);
        assert_eq!(self.json(&["ledger", "seal"])["records"], documents);
        assert_eq!(self.json(&["ledger", "verify"])["records"], documents);
        fs::write(self.at().join("document"), text).unwrap();
        let proved = self.json(&["ledger", "prove", "document", "--out", "proofs"]);
        let proof = proved["proofs"][0]["file"].as_str().unwrap();
        let checked =
            self.json(&["ledger", "prove", "--check", proof, "--policy", "ledger.home/policy", "--ledger", "none"]);
        assert_eq!(checked["record"], proved["proofs"][0]["record"]);
        checked["record"].clone()
    }
}

#[test]
fn each_row_of_a_parquet_table_is_proved_with_what_its_columns_say() {
    let begun = Begun::new(Vec::new());
    let message = "message rows { required binary text (UTF8); required binary path (UTF8); required binary repo_name (UTF8); \
                   required binary license (UTF8); }";
    let schema = Arc::new(parse_message_type(message).unwrap());
    let file = fs::File::create(begun.at().join("rows.parquet")).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for values in [
        ["a = 1\n", "b = 1\n", "c = 1\n"],
        ["a.py", "b.py", "c.py"],
        ["example/one", "example/two", "example/two"],
        ["MIT", "Apache-2.0", "MIT"],
    ] {
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&values.map(ByteArray::from), None, None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    let record = begun.proved("rows.parquet", 3, "b = 1\n");
    assert_eq!([&record["source"], &record["licence"], &record["method"]], ["example/two", "Apache-2.0", "table"]);
}

#[test]
fn each_row_of_a_data_set_on_a_real_object_store_is_proved() {
    let Some(server) = Server::start() else { return };
    server.ask("PUT /bucket", "");
    let row = |text: &str| serde_json::json!({ "text": text, "repo_name": "example/project", "license": "MIT" });
    server.ask("PUT /bucket/corpus/one.jsonl", &format!("{}\n{}\n", row("a = 1\n"), row("b = 1\n")));
    server.ask("PUT /bucket/corpus/two.jsonl", &format!("{}\n", row("c = 1\n")));
    let begun = Begun::new(server.environment().into());
    let record = begun.proved("s3://bucket/corpus", 3, "c = 1\n");
    assert_eq!([&record["source"], &record["licence"], &record["method"]], ["example/project", "MIT", "table"]);
}

const TEXT: &str = "# SPDX-License-Identifier: MIT\na = 1\n";

/// A repository in a folder with one commit, and that; `None`, with the reason printed, where there is no git.
fn repository(project: &Path) -> Option<String> {
    fs::create_dir(project).unwrap();
    fs::write(project.join("a.py"), TEXT).unwrap();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(project).args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]).args(arguments);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").output()
    };
    if git(&["init", "-q", "-b", "main"]).is_err() {
        eprintln!("skipped: git does not start");
        return None;
    }
    for arguments in [&["add", "."][..], &["commit", "-qm", "one"]] {
        assert!(git(arguments).unwrap().status.success(), "{arguments:?}");
    }
    Some(String::from_utf8(git(&["rev-parse", "HEAD"]).unwrap().stdout).unwrap().trim().to_owned())
}

fn is_proved(begun: &Begun, address: &str, head: &str) {
    let record = begun.proved(address, 1, TEXT);
    assert_eq!([&record["commit"], &record["source"]], [head, address]);
    assert_eq!([&record["licence"], &record["method"], &record["path"]], ["MIT", "git", "a.py"]);
}

#[test]
fn each_file_of_a_repository_at_an_address_is_proved_with_its_commit() {
    let begun = Begun::new(Vec::new());
    let project = begun.at().join("project");
    let Some(head) = repository(&project) else { return };
    is_proved(&begun, &format!("file://{}", project.display()), &head);
}

#[test]
fn each_file_of_a_repository_on_a_git_server_is_proved_with_its_commit_and_one_that_is_not_there_is_refused() {
    let begun = Begun::new(Vec::new());
    let Some(head) = repository(&begun.at().join("project")) else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/serve_git.py");
    let mut command = Command::new("python3");
    command.arg(script).current_dir(begun.at()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut server) = command.spawn() else {
        eprintln!("skipped: python3 does not start");
        return;
    };
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let address = |project: &str| format!("http://127.0.0.1:{}/{project}", port.trim());
    is_proved(&begun, &address("project/.git"), &head);
    let refused = taster().current_dir(begun.at()).args(["ledger", "add", &address("nothing.git")]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(2) && said.contains("nothing.git: cannot be cloned"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    drop(server.stdin.take());
    server.wait().unwrap();
}
