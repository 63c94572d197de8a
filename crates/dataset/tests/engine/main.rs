//! The engine on this machine, and the same on a cluster of processes.
#![allow(clippy::unwrap_used)]

#[cfg(feature = "cluster")]
mod cluster;
mod functions;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use dataset::Dataset;
use dataset::engine::Engine;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A data set of so many small files of lines, each a part.
fn data(parts: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..parts {
        let lines = format!("{{\"text\": \"x = {number}\"}}\n").repeat(number + 1);
        fs::write(folder.path().join(format!("{number:03}.jsonl")), lines).unwrap();
    }
    folder
}

/// The parts of a data set, as text.
fn inputs(folder: &Path) -> Vec<String> {
    let dataset = Dataset::open(folder.to_str().unwrap()).unwrap();
    dataset.parts().iter().map(|part| serde_json::to_string(part).unwrap()).collect()
}

/// What `look` said of every part: what it read, and the processes that did.
fn look(engine: &Engine, parts: &[String], work: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut seen = (BTreeSet::new(), BTreeSet::new());
    for batch in engine.each("look", parts, work.to_str().unwrap()).unwrap() {
        let batch = batch.unwrap();
        for said in batch.column(0).as_string::<i32>().iter().flatten() {
            let (read, process) = said.rsplit_once(' ').unwrap();
            assert!(seen.0.insert(read.to_owned()), "{read} came twice");
            seen.1.insert(process.to_owned());
        }
    }
    seen
}

/// What every part should say.
fn expected(parts: usize) -> BTreeSet<String> {
    let said = |number: usize| {
        let documents = number + 1;
        format!("{number:03}.jsonl {documents} {}", documents * format!("x = {number}").len())
    };
    (0..parts).map(said).collect()
}

#[test]
fn a_function_sees_every_part_once() {
    let (data, work) = (data(20), tempfile::tempdir().unwrap());
    let engine = Engine::embedded(functions::all(), 64 << 20).unwrap();
    let (read, processes) = look(&engine, &inputs(data.path()), work.path());
    assert_eq!(read, expected(20));
    assert_eq!(processes, BTreeSet::from([std::process::id().to_string()]));
    // Other inputs in the same folder do not get in the way.
    assert_eq!(look(&engine, &inputs(data.path())[..3], work.path()).0, expected(3));
}

#[test]
fn queries_stream_and_end_when_nobody_listens() {
    let (data, work) = (data(3), tempfile::tempdir().unwrap());
    let engine = Engine::embedded(functions::all(), 64 << 20).unwrap();
    let mut count = engine.query("SELECT count(*) FROM (VALUES (1), (2), (3))").unwrap();
    assert_eq!(count.next().unwrap().unwrap().column(0).as_primitive::<Int64Type>().value(0), 3);
    assert!(count.next().is_none());
    drop(engine.each("look", &inputs(data.path()), work.path().to_str().unwrap()).unwrap());
    engine.query("SELECT nothing FROM nowhere").unwrap_err();
    let error = engine.each("unknown", &inputs(data.path()), work.path().to_str().unwrap()).unwrap_err().to_string();
    assert!(error.contains("unknown"), "{error}");
}

#[test]
fn a_folder_of_parquet_is_a_table() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..3 {
        let column = arrow::array::Int64Array::from(vec![number, number + 10]);
        let batch = arrow::record_batch::RecordBatch::try_from_iter([(
            "n",
            std::sync::Arc::new(column) as arrow::array::ArrayRef,
        )])
        .unwrap();
        let file = fs::File::create(folder.path().join(format!("{number}.parquet"))).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
    let engine = Engine::embedded(Vec::new(), 64 << 20).unwrap();
    engine.register("numbers", folder.path().to_str().unwrap()).unwrap();
    let sum = engine.query("SELECT sum(n) FROM numbers").unwrap().next().unwrap().unwrap();
    assert_eq!(sum.column(0).as_primitive::<Int64Type>().value(0), 36);
}
