//! Logs as users have them: broken here and there, packed, of other tools, given twice.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod stream;

use jiff::Timestamp;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use stream::{exchanges, open, state};
use watch::{Error, Imported, import};

fn imported(folder: &Path, file: &Path) -> Result<Imported, Error> {
    import(&mut open(&folder.join("watch.db")), file, Timestamp::UNIX_EPOCH, &mut |_| {})
}

fn write(folder: &Path, name: &str, lines: &[String]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

fn rows(count: usize) -> Vec<String> {
    let row = |exchange: &watch::Exchange| {
        json!({"prompt": exchange.prompt, "completion": exchange.completion, "model": "m", "language": "python"})
            .to_string()
    };
    exchanges(count).iter().map(row).collect()
}

#[test]
fn broken_lines_are_named_and_the_rest_is_taken_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = rows(5_000);
    let broken =
        ["{\"prompt\": \"x\", \"compl", "[1, 2]", "{}", "\u{1b}[2J nonsense", "{\"prompt\": 3, \"completion\": \"x\"}"];
    for (n, line) in lines.iter_mut().enumerate().filter(|(n, _)| n % 20 == 7) {
        *line = broken[n / 20 % broken.len()].to_owned();
    }
    let file = write(folder.path(), "log.jsonl", &lines);
    let first = imported(folder.path(), &file).unwrap();
    assert_eq!((first.accepted.new, first.refused), (4_750, 250));
    assert_eq!(first.first_refused[0].0, 8);
    let before = state(&folder.path().join("watch.db"));
    let again = imported(folder.path(), &file).unwrap();
    assert_eq!((again.accepted.new, again.accepted.known, again.refused), (0, 4_750, 250));
    assert_eq!(state(&folder.path().join("watch.db")), before);
    // A log that has grown adds what is new.
    lines.extend(rows(10));
    let grown = write(folder.path(), "log.jsonl", &lines);
    assert_eq!(imported(folder.path(), &grown).unwrap().accepted.new, 10);
}

#[test]
fn packed_text_documents_and_standard_tools_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let packed = folder.path().join("log.gz");
    let mut gz = flate2::write::GzEncoder::new(File::create(&packed).unwrap(), flate2::Compression::fast());
    gz.write_all(rows(30).join("\n").as_bytes()).unwrap();
    gz.finish().unwrap();
    assert_eq!(imported(folder.path(), &packed).unwrap().accepted.new, 30);

    let langfuse: Vec<Value> =
        (0..20).map(|n| json!({"id": format!("l{n}"), "input": "go on", "output": {"content": "x"}})).collect();
    let document =
        write(folder.path(), "export.json", &[serde_json::to_string_pretty(&json!({"data": langfuse})).unwrap()]);
    assert_eq!(imported(folder.path(), &document).unwrap().accepted.new, 20);

    let attributes = json!([{"key": "gen_ai.prompt", "value": {"stringValue": "a"}}, {"key": "gen_ai.completion", "value": {"stringValue": "b"}}]);
    let span =
        json!({"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "attributes": attributes});
    let trace = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string();
    let trace = write(folder.path(), "traces.jsonl", &[trace.clone(), "{\"resourceSpans\": 7}".to_owned(), trace]);
    let traces = imported(folder.path(), &trace).unwrap();
    assert_eq!((traces.accepted.new, traces.accepted.known, traces.refused), (1, 1, 1));
}

#[test]
fn what_cannot_be_read_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let missing = imported(folder.path(), Path::new("absent.jsonl")).unwrap_err().to_string();
    assert!(missing.contains("absent.jsonl"), "{missing}");
    let cut = folder.path().join("cut.gz");
    std::fs::write(&cut, [0x1f, 0x8b, 8, 0, 0, 0]).unwrap();
    assert!(matches!(imported(folder.path(), &cut), Err(Error::Input { .. })));
    let parquet = write(folder.path(), "x.parquet", &["PAR1 nonsense".to_owned()]);
    assert!(matches!(imported(folder.path(), &parquet), Err(Error::Input { .. })));
    std::fs::write(folder.path().join("other.db"), "this is no database").unwrap();
    let database = watch::Database::File(folder.path().join("other.db"));
    assert!(watch::Review::open(&database).is_err());
}

#[test]
fn secrets_are_nowhere_in_the_database_and_the_archive_reads_as_a_recording() {
    let folder = tempfile::tempdir().unwrap();
    let key = ["AKIA", "Z7QRTN3WXK5LPM2Y"].concat();
    let row = json!({"prompt": format!("import boto3\n\nKEY = '{key}'\n"), "completion": "client = boto3.client('s3')\n", "at": "2026-11-27T10:00:00Z"});
    let file = write(folder.path(), "log.jsonl", &[row.to_string()]);
    assert_eq!(imported(folder.path(), &file).unwrap().accepted.secrets, 1);
    let mut intake = open(&folder.path().join("watch.db"));
    let archive = dataset::Folder::at(folder.path().join("archive").to_str().unwrap()).unwrap();
    assert_eq!(intake.archive(&archive).unwrap(), 1);
    assert_eq!(intake.archive(&archive).unwrap(), 0);
    let recording = model::Recording::open(&folder.path().join("archive/2026-11-27/000000000001.parquet")).unwrap();
    assert_eq!(recording.rows().len(), 1);
    assert_eq!(intake.forget(Timestamp::MAX, true).unwrap(), 1);
    drop(intake);
    for name in ["watch.db", "watch.db-wal"] {
        let bytes = std::fs::read(folder.path().join(name)).unwrap_or_default();
        assert!(!bytes.windows(key.len()).any(|window| window == key.as_bytes()), "{name}");
    }
}
