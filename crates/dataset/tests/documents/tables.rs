//! Rows of Parquet as documents.

use crate::common::{All, folder, read, read_with};
use arrow::array::{
    ArrayRef, BinaryArray, ListBuilder, StringArray, StringBuilder, StructArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use dataset::Limits;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

fn file(columns: Vec<(&str, ArrayRef)>, rows: usize) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let compression = Compression::ZSTD(ZstdLevel::default());
    let properties =
        WriterProperties::builder().set_max_row_group_row_count(Some(rows)).set_compression(compression).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn of(bytes: &[u8]) -> All {
    let data = folder(&[("data/train.parquet", bytes)]);
    read(data.path())
}

fn texts(texts: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(texts.to_vec()))
}

#[test]
fn columns_are_found_by_their_names_and_the_others_are_not_read() {
    let mut licences = ListBuilder::new(StringBuilder::new());
    licences.append_value([Some("MIT"), None, Some("BSD")]);
    licences.append_null();
    let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![Some(1_500_000_000_000_000), None]));
    let bytes = file(
        vec![
            ("content", texts(&[Some("x = 1"), Some("y = 1")])),
            ("max_stars_repo_path", texts(&[Some("a.py"), None])),
            ("repo_name", texts(&[Some("o/r"), Some("")])),
            ("licenses", Arc::new(licences.finish())),
            ("created_at", times),
            ("embedding", texts(&[Some("junk"), None])),
        ],
        10,
    );
    let all = of(&bytes);
    assert!(all.problems.is_empty(), "{:?}", all.problems);
    assert_eq!(all.names(), ["data/train.parquet:1", "data/train.parquet:2"]);
    let [first, second] = &all.documents[..] else { panic!() };
    assert_eq!(
        (&*first.text, first.path.as_deref(), first.language),
        (&b"x = 1"[..], Some("a.py"), Some(code::Language::Python))
    );
    assert_eq!((first.licence.as_deref(), first.time), (Some("MIT, BSD"), Some(1_500_000_000)));
    assert_eq!((&second.source, &second.licence, second.time, second.language), (&None, &None, None, None));
}

#[test]
fn datatrove_tables_are_read_with_their_metadata() {
    let author = (Arc::new(Field::new("author", DataType::Utf8, true)), texts(&[Some("Eve")]));
    let text = (Arc::new(Field::new("text", DataType::Utf8, true)), texts(&[Some("not this")]));
    let metadata: ArrayRef = Arc::new(StructArray::from(vec![author, text]));
    let all = of(&file(vec![("text", texts(&[Some("x = 1")])), ("metadata", metadata)], 10));
    assert_eq!((all.documents[0].contributor.as_deref(), &*all.documents[0].text), (Some("Eve"), &b"x = 1"[..]));
}

#[test]
fn bytes_are_texts_too_and_a_missing_text_is_named() {
    let content: ArrayRef = Arc::new(BinaryArray::from_opt_vec(vec![Some(&b"x = '\xff'"[..]), None, Some(b"y")]));
    let all = of(&file(vec![("content", content)], 10));
    assert_eq!(all.names(), ["data/train.parquet:1", "data/train.parquet:3"]);
    assert_eq!(all.documents[0].text, b"x = '\xff'");
    all.problem("data/train.parquet:2", "no text");
}

#[test]
fn a_missing_column_is_said_with_the_columns_that_are_there() {
    let all = of(&file(vec![("body", texts(&[Some("x")])), ("n", texts(&[None]))], 10));
    all.problem("data/train.parquet", "`body`, `n`");
}

#[test]
fn a_truncated_file_is_named_and_its_neighbour_is_read() {
    let bytes = file(vec![("text", texts(&[Some("x")]))], 10);
    let data = folder(&[("a.parquet", &bytes[..bytes.len() - 3]), ("b.parquet", &bytes), ("c.parquet", b"")]);
    let all = read(data.path());
    assert_eq!(all.names(), ["b.parquet:1"]);
    assert_eq!(all.problems.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["a.parquet", "c.parquet"]);
}

#[test]
fn a_corrupt_row_group_is_named_and_the_next_one_is_read_under_its_own_numbers() {
    let long: Vec<String> = (0..6).map(|number| format!("{number}").repeat(5000)).collect();
    let rows: Vec<Option<&str>> = long.iter().map(|it| Some(&**it)).collect();
    let mut bytes = file(vec![("text", texts(&rows))], 2);
    // The first page lies right behind the magic.
    bytes[4..24].fill(0xff);
    let all = of(&bytes);
    assert_eq!(
        all.names(),
        ["data/train.parquet:3", "data/train.parquet:4", "data/train.parquet:5", "data/train.parquet:6"]
    );
    all.problem("data/train.parquet", "");
}

#[test]
fn a_bomb_is_not_unpacked() {
    let zeros = " ".repeat(8 << 20);
    let bytes = file(vec![("text", texts(&[Some(&zeros)]))], 10);
    let data = folder(&[("a.parquet", &bytes)]);
    read_with(data.path(), &Limits { unpacked: 1 << 20, ..Limits::default() }).problem("a.parquet", "bomb");
}
