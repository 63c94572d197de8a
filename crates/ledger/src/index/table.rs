//! The documents of an index, as Parquet: 4,096 to a file, in the order of their numbers.

use crate::error::Error;
use crate::hash::Digest;
use arrow::array::{Array, ArrayRef, BinaryArray, RecordBatch, StringArray, UInt64Array};
use bytes::Bytes;
use dataset::Document;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::Serialize;
use std::sync::Arc;

/// Documents of a file.
pub const ROWS: usize = 4096;

/// A document that is indexed. All texts are hostile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Indexed {
    /// Its name in the data set, as `taster audit` and [`dataset::Removal`] write it.
    pub name: String,
    /// The path that it had where it was collected.
    pub path: Option<String>,
    /// The repository or folder that it is from.
    pub source: Option<String>,
    /// The commit that brought it.
    pub commit: Option<String>,
    /// Who wrote it.
    pub contributor: Option<String>,
    /// SHA-256 of its bytes.
    pub content: Digest,
    /// Bytes of it.
    pub length: u64,
}

impl Indexed {
    pub(super) fn of(document: &Document) -> Indexed {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Indexed {
            name: document.name.to_owned(),
            path: owned(document.path),
            source: owned(document.source),
            commit: owned(document.commit),
            contributor: owned(document.contributor),
            content: Digest::of(document.bytes),
            length: document.bytes.len() as u64,
        }
    }
}

/// The path of a file, and of the one that has a document.
pub fn path(file: usize) -> String {
    format!("documents/{file:05}.parquet")
}

/// A file of documents.
pub fn write(rows: &[Indexed]) -> Result<Vec<u8>, Error> {
    let text = |of: fn(&Indexed) -> Option<&str>| Arc::new(rows.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("name", text(|it| Some(&it.name)), false),
        ("path", text(|it| it.path.as_deref()), true),
        ("source", text(|it| it.source.as_deref()), true),
        ("commit", text(|it| it.commit.as_deref()), true),
        ("contributor", text(|it| it.contributor.as_deref()), true),
        ("content", Arc::new(BinaryArray::from_iter_values(rows.iter().map(|it| it.content.0))), false),
        ("length", Arc::new(UInt64Array::from_iter_values(rows.iter().map(|it| it.length))), false),
    ])?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    Ok(writer.into_inner()?)
}

/// A row of a file.
pub fn read(name: &str, bytes: Bytes, row: usize) -> Result<Indexed, Error> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options)?;
    let mut batches = reader.with_offset(row).with_limit(1).with_batch_size(1).build()?;
    let batch = batches.next().ok_or_else(|| super::damaged(name))??;
    of(&batch).ok_or_else(|| super::damaged(name))
}

fn of(batch: &RecordBatch) -> Option<Indexed> {
    let column = |name: &str| batch.column_by_name(name).filter(|it| it.len() == 1);
    let text = |name: &str| -> Option<Option<String>> {
        let column = column(name)?.as_any().downcast_ref::<StringArray>()?;
        Some((!column.is_null(0)).then(|| column.value(0).to_owned()))
    };
    Some(Indexed {
        name: text("name")??,
        path: text("path")?,
        source: text("source")?,
        commit: text("commit")?,
        contributor: text("contributor")?,
        content: Digest::from_slice(column("content")?.as_any().downcast_ref::<BinaryArray>()?.value(0))?,
        length: column("length")?.as_any().downcast_ref::<UInt64Array>()?.value(0),
    })
}
