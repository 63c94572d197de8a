//! Data sets written again without some documents, and what tells old texts from new ones.

use crate::common::{folder, gzip, read, zstd};
use arrow::array::{ArrayRef, Int64Array, ListBuilder, StringArray, StringBuilder};
use arrow::record_batch::RecordBatch;
use dataset::{Dataset, Folder, Known, Limits, Removal, clean};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

fn removal(names: &[&str]) -> Removal {
    let mut removal = Removal::default();
    for name in names {
        assert!(removal.add(*name));
    }
    removal
}

fn location(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn names_with_newlines_survive_the_list() {
    let written = removal(&["a.py", "b\nc.py", "d\\ne.py", "f\r.py", "x.jsonl:3"]);
    let mut bytes = Vec::new();
    written.write(&mut bytes).unwrap();
    assert_eq!(bytes.iter().filter(|&&byte| byte == b'\n').count(), 5);
    assert_eq!(Removal::read(&bytes[..]).unwrap(), written);
}

#[test]
fn the_other_lines_stay_byte_for_byte() {
    let lines = b"{\"text\": \"a\"}\r\n\n{\"text\":   \"b\"}\nnonsense \xff\n{\"text\": \"c\"}";
    let kept = b"{\"text\": \"a\"}\r\n\nnonsense \xff\n{\"text\": \"c\"}";
    for (name, bytes) in [("x.jsonl", lines.to_vec()), ("x.jsonl.gz", gzip(lines)), ("x.jsonl.zst", zstd(lines))] {
        let data = folder(&[(name, &bytes)]);
        let out = data.path().join(format!("out-{name}"));
        let report =
            clean(location(&data.path().join(name)), &removal(&[&format!("{name}:3"), &format!("{name}:9")]), &out)
                .unwrap();
        assert_eq!((report.removed, report.missing), (1, vec![format!("{name}:9")]));
        let bytes = fs::read(&out).unwrap();
        let mut unpacked = Vec::new();
        match name {
            "x.jsonl" => unpacked = bytes,
            "x.jsonl.gz" => drop(flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).unwrap()),
            _ => unpacked = zstd::decode_all(&bytes[..]).unwrap(),
        }
        assert_eq!(unpacked, kept, "{name}");
    }
}

#[test]
fn a_folder_is_copied_without_the_removed_files() {
    let data = folder(&[("a/b.py", b"1"), ("a/c.py", b"2"), (".hidden", b"3"), ("logo.png", b"\0")]);
    let out = tempfile::tempdir().unwrap();
    let out = out.path().join("clean");
    let report = clean(location(data.path()), &removal(&["a/b.py", "typo.py"]), &out).unwrap();
    assert_eq!((report.removed, report.missing), (1, vec!["typo.py".to_owned()]));
    assert!(!out.join("a/b.py").exists());
    assert_eq!(fs::read(out.join("a/c.py")).unwrap(), b"2");
    assert_eq!(
        (fs::read(out.join(".hidden")).unwrap(), fs::read(out.join("logo.png")).unwrap()),
        (b"3".to_vec(), b"\0".to_vec())
    );
}

#[test]
fn nothing_is_overwritten_and_nothing_half_written_stays() {
    let data = folder(&[("a.py", b"1"), ("x.jsonl.gz", &gzip(b"{\"text\": \"a\"}\n")[..20])]);
    let outside = tempfile::tempdir().unwrap();
    for wrong in [data.path().join("a.py"), data.path().join("new"), data.path().to_owned(), outside.path().to_owned()]
    {
        let error = clean(location(data.path()), &removal(&["a.py"]), &wrong).unwrap_err().to_string();
        assert!(error.contains(location(&wrong)), "{error}");
    }
    assert_eq!(fs::read(data.path().join("a.py")).unwrap(), b"1");
    // The gzip is cut, so its lines cannot be copied.
    let out = outside.path().join("out");
    clean(location(data.path()), &removal(&["x.jsonl.gz:1"]), &out).unwrap_err();
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

/// A table of 9 rows in 3 row groups, with a list and a null.
fn table() -> (Vec<u8>, RecordBatch) {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in 0..9 {
        if row % 4 == 1 {
            lists.append_null();
        } else {
            lists.append_value((0..row % 4).map(|at| (at != 1).then(|| format!("l{row}.{at}"))));
        }
    }
    let texts: Vec<Option<String>> = (0..9).map(|row| (row != 4).then(|| format!("x = {row}"))).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("content", Arc::new(StringArray::from(texts))),
        ("licenses", Arc::new(lists.finish())),
        ("id", Arc::new(Int64Array::from_iter_values(0..9))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let note = Some(vec![KeyValue::new("huggingface".to_owned(), "{\"info\": 1}".to_owned())]);
    let properties =
        WriterProperties::builder().set_max_row_group_row_count(Some(3)).set_key_value_metadata(note).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    (writer.into_inner().unwrap(), batch)
}

#[test]
fn a_table_keeps_its_schema_its_metadata_and_its_other_rows() {
    let (bytes, batch) = table();
    let data = folder(&[("x.parquet", &bytes)]);
    let out = data.path().join("out.parquet");
    let names = removal(&["x.parquet:2", "x.parquet:4", "x.parquet:5", "x.parquet:6", "x.parquet:10"]);
    let report = clean(location(&data.path().join("x.parquet")), &names, &out).unwrap();
    assert_eq!((report.removed, report.missing), (4, vec!["x.parquet:10".to_owned()]));
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&out).unwrap()).unwrap().build().unwrap();
    let schema = batch.schema();
    let got = arrow::compute::concat_batches(&schema, &reader.map(Result::unwrap).collect::<Vec<_>>()).unwrap();
    let kept = arrow::array::UInt64Array::from(vec![0, 2, 6, 7, 8]);
    assert_eq!(got, arrow::compute::take_record_batch(&batch, &kept).unwrap());
    let file =
        |path: &Path| SerializedFileReader::new(File::open(path).unwrap()).unwrap().metadata().file_metadata().clone();
    let (before, after) = (file(&data.path().join("x.parquet")), file(&out));
    assert_eq!(before.schema(), after.schema());
    assert_eq!(before.created_by(), after.created_by());
    assert!(before.key_value_metadata().unwrap().iter().all(|it| after.key_value_metadata().unwrap().contains(it)));
    assert_eq!(read(&out).documents.len(), 5);
}

#[test]
fn texts_of_an_old_data_set_are_known_in_the_new_one() {
    let old = folder(&[
        ("a.py", b"a = 1"),
        ("b.py", b"b = 1"),
        ("c.jsonl", b"{\"text\": \"c = 1\"}\n{\"text\": \"a = 1\"}\n"),
    ]);
    let work = tempfile::tempdir().unwrap();
    let kept = Folder::at(location(work.path())).unwrap();
    let dataset = Dataset::open(location(old.path())).unwrap();
    let known = Known::write(&dataset, &Limits::default(), &kept, "known", &mut |problem| panic!("{problem}")).unwrap();
    assert_eq!(known.texts(), 3);
    for (text, is) in [(&b"a = 1"[..], true), (b"c = 1", true), (b"a = 2", false), (b"", false)] {
        assert_eq!(known.has(text).unwrap(), is);
    }
    assert_eq!(Known::open(&kept, "known").unwrap().texts(), 3);
    fs::write(work.path().join("known"), b"short").unwrap();
    Known::open(&kept, "known").unwrap_err();
}

#[test]
fn many_texts_are_found_in_whatever_block_they_lie() {
    let lines: String = (0..20_000).map(|number| format!("{{\"text\": \"{number}\"}}\n")).collect();
    let old = folder(&[("a.jsonl", lines.as_bytes())]);
    let work = tempfile::tempdir().unwrap();
    let dataset = Dataset::open(location(old.path())).unwrap();
    let kept = Folder::at(location(work.path())).unwrap();
    let known = Known::write(&dataset, &Limits::default(), &kept, "known", &mut |_| ()).unwrap();
    assert_eq!(known.texts(), 20_000);
    assert!((0..20_000).all(|number| known.has(number.to_string().as_bytes()).unwrap()));
    assert!((20_000..22_000).all(|number| !known.has(number.to_string().as_bytes()).unwrap()));
}
