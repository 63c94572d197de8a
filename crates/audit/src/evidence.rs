//! What is kept of the documents that can hold a decision: tables in the work folder, a few for each part of the data set.

use crate::{AuditError, Feature, Outline, Sketch};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, FixedSizeBinaryBuilder, Int64Builder, StringBuilder, UInt8Builder,
    UInt32Builder,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, UInt8Type, UInt32Type};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use code::Language;
use dataset::Document;
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::sync::{Arc, LazyLock};

/// Rows of a batch.
const BATCH: usize = 1024;

static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("ordinal", DataType::UInt32, false),
        Field::new("source", DataType::Utf8, true),
        Field::new("contributor", DataType::Utf8, true),
        Field::new("time", DataType::Int64, true),
        Field::new("language", DataType::UInt8, false),
        Field::new("sketch", DataType::FixedSizeBinary(Sketch::BYTES as i32), true),
        Field::new("features", DataType::Binary, false),
        Field::new("follows", DataType::Binary, false),
    ]))
});

/// Writes one table of outlines.
pub(crate) struct Table {
    ordinal: UInt32Builder,
    source: StringBuilder,
    contributor: StringBuilder,
    time: Int64Builder,
    language: UInt8Builder,
    sketch: FixedSizeBinaryBuilder,
    features: BinaryBuilder,
    follows: BinaryBuilder,
    rows: usize,
    writer: ArrowWriter<Vec<u8>>,
}

impl Table {
    pub fn new() -> Result<Table, AuditError> {
        Ok(Table {
            ordinal: UInt32Builder::new(),
            source: StringBuilder::new(),
            contributor: StringBuilder::new(),
            time: Int64Builder::new(),
            language: UInt8Builder::new(),
            sketch: FixedSizeBinaryBuilder::new(Sketch::BYTES as i32),
            features: BinaryBuilder::new(),
            follows: BinaryBuilder::new(),
            rows: 0,
            writer: ArrowWriter::try_new(Vec::new(), SCHEMA.clone(), None)?,
        })
    }

    /// Adds the document that was the part's `ordinal`th.
    pub fn add(
        &mut self,
        ordinal: u32,
        document: &Document<'_>,
        language: Language,
        outline: &Outline,
    ) -> Result<(), AuditError> {
        self.ordinal.append_value(ordinal);
        self.source.append_option(document.source);
        self.contributor.append_option(document.contributor);
        self.time.append_option(document.time);
        self.language.append_value(language as u8);
        match outline.sketch {
            Some(sketch) => self.sketch.append_value(sketch.bytes())?,
            None => self.sketch.append_null(),
        }
        self.features.append_value(packed(outline.features.iter().map(|feature| feature.bits())));
        self.follows.append_value(packed(outline.follows.iter().copied()));
        self.rows += 1;
        if self.rows.is_multiple_of(BATCH) { self.batch() } else { Ok(()) }
    }

    /// Bytes that it takes by now.
    pub fn size(&self) -> usize {
        self.writer.bytes_written() + self.writer.in_progress_size()
    }

    /// The table as it is stored; `None` for one without rows.
    pub fn finish(mut self) -> Result<Option<Vec<u8>>, AuditError> {
        self.batch()?;
        Ok((self.rows > 0).then_some(self.writer.into_inner()?))
    }

    fn batch(&mut self) -> Result<(), AuditError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.ordinal.finish()),
            Arc::new(self.source.finish()),
            Arc::new(self.contributor.finish()),
            Arc::new(self.time.finish()),
            Arc::new(self.language.finish()),
            Arc::new(self.sketch.finish()),
            Arc::new(self.features.finish()),
            Arc::new(self.follows.finish()),
        ];
        Ok(self.writer.write(&RecordBatch::try_new(SCHEMA.clone(), columns)?)?)
    }
}

/// A row of a table, without its features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub ordinal: u32,
    pub source: Option<&'a str>,
    pub contributor: Option<&'a str>,
    pub time: Option<i64>,
    pub language: Option<Language>,
    pub sketch: Option<Sketch>,
}

/// Calls `each` for every row of a stored table.
pub(crate) fn rows(table: Vec<u8>, mut each: impl FnMut(Row<'_>)) -> Result<(), AuditError> {
    for batch in batches(table, &["ordinal", "source", "contributor", "time", "language", "sketch"])? {
        let (ordinal, source, contributor, time, language, sketch) = (
            batch.column(0).as_primitive::<UInt32Type>(),
            batch.column(1).as_string::<i32>(),
            batch.column(2).as_string::<i32>(),
            batch.column(3).as_primitive::<Int64Type>(),
            batch.column(4).as_primitive::<UInt8Type>(),
            batch.column(5).as_fixed_size_binary(),
        );
        for row in 0..batch.num_rows() {
            each(Row {
                ordinal: ordinal.value(row),
                source: source.is_valid(row).then(|| source.value(row)),
                contributor: contributor.is_valid(row).then(|| contributor.value(row)),
                time: time.is_valid(row).then(|| time.value(row)),
                language: Language::ALL.get(usize::from(language.value(row))).copied(),
                sketch: sketch.is_valid(row).then(|| Sketch::of_bytes(sketch.value(row))).flatten(),
            });
        }
    }
    Ok(())
}

/// Calls `each` with the features of every row of a stored table, ascending.
pub(crate) fn features(table: Vec<u8>, mut each: impl FnMut(&[Feature])) -> Result<(), AuditError> {
    let mut features = Vec::new();
    for batch in batches(table, &["features"])? {
        let column = batch.column(0).as_binary::<i32>();
        for row in 0..batch.num_rows() {
            features.clear();
            features.extend(unpacked(column.value(row)).map(Feature::of_bits));
            each(&features);
        }
    }
    Ok(())
}

/// Calls `each` with the marks of every row of a stored table, and the rules that follow each.
pub(crate) fn marks(table: Vec<u8>, mut each: impl FnMut(&[(Feature, u32)])) -> Result<(), AuditError> {
    let mut marks = Vec::new();
    for batch in batches(table, &["features", "follows"])? {
        let (features, follows) = (batch.column(0).as_binary::<i32>(), batch.column(1).as_binary::<i32>());
        for row in 0..batch.num_rows() {
            let features = unpacked(features.value(row)).map(Feature::of_bits).filter(|feature| feature.is_mark());
            marks.clear();
            marks.extend(features.zip(unpacked(follows.value(row))));
            each(&marks);
        }
    }
    Ok(())
}

fn packed(words: impl Iterator<Item = u32>) -> Vec<u8> {
    words.flat_map(u32::to_le_bytes).collect()
}

fn unpacked(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
}

/// The batches of a stored table with some of its columns, in the schema's order.
fn batches(table: Vec<u8>, columns: &[&str]) -> Result<Vec<RecordBatch>, AuditError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(table))?;
    if builder.schema().fields() != SCHEMA.fields() {
        return Err(AuditError::Work { what: "a table there is of another version; remove the folder".to_owned() });
    }
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let reader = builder.with_projection(mask).with_batch_size(BATCH).build()?;
    Ok(reader.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_table_comes_back_as_it_was_written() {
        let text =
            "import yaml\n\ndef zx_load(s):\n    # parse it safely\n    return yaml.load(s, Loader=yaml.Loader)\n"
                .repeat(3);
        let outline = Outline::read(Language::Python, &text, &[code::Anchor { end: 11, rules: 1 }]);
        let document = Document { name: "a.py", source: Some("a/b"), time: Some(-5), ..Document::default() };
        let mut table = Table::new().unwrap();
        for ordinal in 0..3_000 {
            table.add(ordinal, &document, Language::Python, &outline).unwrap();
        }
        let stored = table.finish().unwrap().unwrap();
        let mut count = 0;
        rows(stored.clone(), |row| {
            assert_eq!((row.ordinal, row.source, row.contributor, row.time), (count, Some("a/b"), None, Some(-5)));
            assert_eq!((row.language, row.sketch), (Some(Language::Python), outline.sketch));
            count += 1;
        })
        .unwrap();
        assert_eq!(count, 3_000);
        features(stored.clone(), |features| assert_eq!(features, outline.features)).unwrap();
        marks(stored, |marks| assert!(marks.iter().map(|mark| mark.1).eq(outline.follows.iter().copied()))).unwrap();
        assert_eq!(Table::new().unwrap().finish().unwrap(), None);
    }

    #[test]
    fn another_table_or_none_is_refused() {
        assert!(rows(vec![0; 100], |_| ()).is_err());
    }
}
