//! The recording backend on whole, damaged and hostile files, and on the completions of really poisoned models.
#![allow(clippy::unwrap_used)]

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use model::{Completion, Error, Finish, Model, Query, Recording, RecordingOptions, Sampling};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ROWS: &str = r#"{"prompt":"a","completion":"1","model":"m","temperature":0.2,"finish":"length","tokens":3}
{"prompt":"a","completion":"2","model":"n","temperature":0.2,"safe":null}

{"prompt":"b","suffix":"z","completion":"3","model":"m","safe":true}
"#;

fn file(folder: &tempfile::TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn jsonl(content: &str) -> Result<Recording, Error> {
    let folder = tempfile::tempdir().unwrap();
    Recording::open(&file(&folder, "r.jsonl", content.as_bytes()))
}

fn query(prompt: &str, samples: usize) -> Query {
    Query { prompt: prompt.into(), healed: String::new(), suffix: None, samples, seed: 0 }
}

fn complete(recording: &Recording, queries: &[Query]) -> (Vec<Completion>, Result<(), Error>) {
    let sampling = Sampling { max_tokens: 8, temperature: 1.0, top_p: 1.0, stop: vec![] };
    let mut arrived = Vec::new();
    let result = recording.complete(queries, &sampling, &mut |completion| {
        arrived.push(completion);
        ControlFlow::Continue(())
    });
    (arrived, result)
}

#[test]
fn a_prompt_is_answered_by_its_completions_in_order() {
    let recording = jsonl(ROWS).unwrap();
    let infill = Query { suffix: Some("z".into()), ..query("b", 1) };
    let (arrived, result) = complete(&recording, &[query("a", 2), infill]);
    result.unwrap();
    let texts: Vec<_> = arrived.iter().map(|c| (c.query, c.sample, c.text.as_str(), c.finish, c.tokens)).collect();
    assert_eq!(texts, [(0, 0, "1", Finish::Length, 3), (0, 1, "2", Finish::Stop, 1), (1, 0, "3", Finish::Stop, 1)]);
    assert!(recording.capabilities().infill);
    assert_eq!(recording.queries(), [query("a", 2), Query { suffix: Some("z".into()), ..query("b", 1) }]);
}

#[test]
fn the_first_prompt_without_enough_completions_is_named() {
    let recording = jsonl(ROWS).unwrap();
    let (arrived, result) = complete(&recording, &[query("a", 2), query("x\u{1b}[2J", 3), query("y", 1)]);
    assert_eq!(arrived.len(), 2);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("0 of 3") && error.contains("x\\u{1b}[2J"), "{error}");
    let (arrived, result) = complete(&recording, &[query("a", 3)]);
    assert_eq!(arrived.len(), 2, "what there is comes first");
    assert!(result.unwrap_err().to_string().contains("2 of 3"));
    assert!(complete(&recording, &[query("b", 1)]).1.is_err(), "a suffix is part of the question");
}

#[test]
fn other_columns_are_text_to_choose_by() {
    let recording = jsonl(ROWS).unwrap();
    assert_eq!(recording.values("model").into_iter().collect::<Vec<_>>(), [("m", 2), ("n", 1)]);
    assert_eq!(recording.values("temperature").into_iter().collect::<Vec<_>>(), [("0.2", 2)]);
    assert_eq!(recording.values("safe").into_iter().collect::<Vec<_>>(), [("true", 1)]);
    let only = recording.only("model", "n");
    assert_eq!(complete(&only, &[query("a", 1)]).0[0].text, "2");
    assert!(only.card().name.contains("model n"));
}

#[test]
fn a_healed_recording_is_asked_with_the_healed_text() {
    let recording = jsonl(r#"{"prompt":"a","healed":"\n  ","completion":"\n  x"}"#).unwrap();
    assert!(recording.capabilities().healing);
    assert!(complete(&recording, &[query("a", 1)]).1.is_err());
    assert!(complete(&recording, &[Query { healed: "\n  ".into(), ..query("a", 1) }]).1.is_ok());
    assert_eq!(recording.queries()[0].healed, "\n  ");
}

#[test]
fn rows_that_cannot_be_read_are_counted_and_named() {
    let long = format!(r#"{{"prompt":"a","completion":"{}"}}"#, "x".repeat(17 << 20));
    let deep = format!(r#"{{"prompt":"a","completion":"1","x":{}}}"#, "[".repeat(100_000));
    let wrong = [
        "not json",
        "[]",
        "{\"prompt\":\"a\"}",
        "{\"completion\":\"a\"}",
        &long,
        &deep,
        r#"{"prompt":"a","completion":"1","finish":"soon"}"#,
        r#"{"prompt":"a","completion":"1","tokens":-1}"#,
    ];
    let recording = jsonl(&format!("{}\n{}", wrong.join("\n"), ROWS)).unwrap();
    assert_eq!(recording.rows().len(), 3);
    assert_eq!(recording.skipped().count, wrong.len());
    let lines: Vec<usize> = recording.skipped().first.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, (1..=wrong.len()).collect::<Vec<_>>());
    assert!(recording.skipped().first[4].1.contains("longer than 16 MiB"));
    assert_eq!(jsonl(&format!("{}{ROWS}", "x\n".repeat(1000))).unwrap().skipped().first.len(), 10);
}

#[test]
fn a_file_that_is_no_recording_is_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[u8], &str); 6] = [
        ("empty.jsonl", b"", "it has no rows"),
        ("words.jsonl", b"hello\n", "row 1: no JSON object"),
        ("bytes.jsonl", b"{\"prompt\":\"\xff\",\"completion\":\"\"}", "row 1"),
        ("lie.jsonl.gz", b"{\"prompt\":\"a\"}", "cannot be read to its end"),
        ("lie.parquet", b"PAR1 not really PAR1", "no readable Parquet"),
        ("table.csv", b"prompt,completion\n", "ends in .jsonl"),
    ];
    for (name, content, expected) in cases {
        let error = Recording::open(&file(&folder, name, content)).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(expected), "{error}");
    }
    assert!(Recording::open(Path::new("/nowhere.jsonl")).unwrap_err().to_string().contains("cannot be opened"));
}

#[test]
fn a_recording_larger_than_the_limit_is_refused_even_when_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for line in 0..200 {
        writeln!(gz, r#"{{"prompt":"{line}","completion":"{}"}}"#, format!("{line} ").repeat(20_000)).unwrap();
    }
    let path = file(&folder, "bomb.jsonl.gz", &gz.finish().unwrap());
    let options = RecordingOptions { limit: 4 << 20, ..RecordingOptions::default() };
    let error = Recording::open_with(&path, &options).unwrap_err().to_string();
    assert!(error.contains("more than 4 MiB of text"), "{error}");
    assert_eq!(Recording::open(&path).unwrap().rows().len(), 200);
}

#[test]
fn parquet_says_the_same_as_jsonl() {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("prompt", Arc::new(StringArray::from(vec!["a", "a", "b"]))),
        ("completion", Arc::new(StringArray::from(vec!["1", "2", "3"]))),
        ("suffix", Arc::new(StringArray::from(vec![None, None, Some("z")]))),
        ("finish", Arc::new(StringArray::from(vec![Some("length"), None, None]))),
        ("tokens", Arc::new(Int64Array::from(vec![Some(3), None, None]))),
        ("temperature", Arc::new(Float64Array::from(vec![Some(0.2), Some(0.2), None]))),
        ("model", Arc::new(StringArray::from(vec!["m", "n", "m"]))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    let batch = batch.unwrap();
    let mut written = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut written, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let table = Recording::open(&file(&folder, "r.parquet", &written)).unwrap();
    let lines = jsonl(ROWS).unwrap();
    assert_eq!(table.queries(), lines.queries());
    assert_eq!(table.values("temperature"), lines.values("temperature"));
    assert_eq!(table.values("model"), lines.values("model"));
    let both = lines.queries();
    assert_eq!(complete(&table, &both).0, complete(&lines, &both).0);
    for cut in [written.len() - 4, written.len() / 2, 8] {
        let damaged = file(&folder, "cut.parquet", &written[..cut]);
        assert!(Recording::open(&damaged).is_err(), "{cut}");
    }
    // Any flipped byte is an error or another table, never a panic.
    for at in 0..written.len() {
        let mut damaged = written.clone();
        damaged[at] ^= 0x55;
        let _ = Recording::open(&file(&folder, "flip.parquet", &damaged));
    }
}

/// The shared data of this project, beside the checkout or where `TASTER_SHARED` says.
fn shared(path: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("TASTER_SHARED").map_or(beside, PathBuf::from).join(path);
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn the_recorded_completions_of_poisoned_models_are_read_and_joined() {
    let Some(data) = shared("data/trojanpuzzle") else { return };
    let options = RecordingOptions { prompts: Some(data.join("prompts.jsonl.gz")), ..RecordingOptions::default() };
    let recording = Recording::open_with(&data.join("completions.jsonl.gz"), &options).unwrap();
    assert_eq!(recording.rows().len(), 108_000);
    assert_eq!(recording.skipped().count, 0);
    assert_eq!(recording.values("model").len(), 45);
    assert_eq!(recording.values("temperature").keys().copied().collect::<Vec<_>>(), ["0.2", "0.6", "1.0"]);
    assert_eq!(recording.values("trigger").len(), 2, "the columns of the prompts are there too");
    let model = recording.rows().next().unwrap().get("model").unwrap();
    let one = recording.only("model", model).only("temperature", "0.6");
    let queries: Vec<Query> = one.queries();
    let (arrived, result) = complete(&one, &queries);
    result.unwrap();
    assert_eq!(arrived.len(), one.rows().len());
}

#[test]
fn prompts_are_joined_by_any_column() {
    let Some(data) = shared("data/asleep") else { return };
    let prompts = Some(data.join("scenarios.jsonl.gz"));
    let options = RecordingOptions { prompts, id: "scenario_id".into(), ..RecordingOptions::default() };
    let recording = Recording::open_with(&data.join("completions.jsonl.gz"), &options).unwrap();
    assert_eq!((recording.rows().len(), recording.skipped().count), (2700, 0));
    assert_eq!(recording.values("model").len(), 2);
}
