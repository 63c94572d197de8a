//! The side table of a segment: its records as Parquet, a row a record, with the leaf hash of each. The table is for reading; what is
//! hashed is the canonical record, which a row says completely.

mod reader;

pub use reader::{Act, Reader, TableError};

use crate::hash::Digest;
use crate::record::View;
use arrow::array::{
    ArrayRef, BinaryBuilder, FixedSizeBinaryBuilder, Int64Builder, RecordBatch, StringBuilder, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::sync::Arc;

/// Rows of a row group: what is held in memory while a table is written.
pub const GROUP: usize = 1 << 16;
/// Rows of a page: what is decoded to read one row.
const PAGE: usize = 1 << 12;

fn schema() -> Schema {
    let fixed = |name: &str, width, null| Field::new(name, DataType::FixedSizeBinary(width), null);
    let field = |name: &str, kind: DataType, null| Field::new(name, kind, null);
    Schema::new(vec![
        fixed("leaf", 32, false),
        fixed("content", 32, false),
        field("length", DataType::UInt64, false),
        fixed("swhid", 20, true),
        field("source", DataType::Utf8, false),
        field("commit", DataType::Binary, true),
        field("path", DataType::Binary, false),
        fixed("author", 32, true),
        fixed("committer", 32, true),
        field("committed", DataType::Int64, true),
        field("licence", DataType::Utf8, true),
        field("collected", DataType::Int64, false),
        fixed("collector", 32, false),
        field("method", DataType::Utf8, false),
        fixed("transform", 32, true),
        field("parents", DataType::Binary, true),
        field("disposition", DataType::Utf8, false),
        field("detail", DataType::Binary, true),
    ])
}

fn properties() -> Result<WriterProperties, ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_row_count(Some(GROUP))
        .set_data_page_row_count_limit(PAGE)
        .set_write_batch_size(PAGE)
        // Nothing of the machine in the bytes: the same records make the same table.
        .set_created_by("taster".to_owned());
    // Hashes repeat seldom and do not shrink.
    for name in ["leaf", "content", "swhid"] {
        let column = ColumnPath::from(name);
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_compression(column, Compression::UNCOMPRESSED);
    }
    for name in ["length", "path"] {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    Ok(properties.build())
}

/// Writes a table into memory.
pub struct Writer {
    schema: Arc<Schema>,
    inner: ArrowWriter<Vec<u8>>,
    group: Group,
}

impl Writer {
    /// An empty table.
    ///
    /// # Errors
    /// None in practice.
    pub fn new() -> Result<Writer, ParquetError> {
        let schema = Arc::new(schema());
        let options = ArrowWriterOptions::new().with_properties(properties()?).with_skip_arrow_metadata(true);
        let inner = ArrowWriter::try_new_with_options(Vec::new(), schema.clone(), options)?;
        Ok(Writer { schema, inner, group: Group::default() })
    }

    /// Adds a row; its leaf hash is given when its group is written.
    ///
    /// # Errors
    /// A field has a length that it cannot have.
    pub fn push(&mut self, row: &View) -> Result<(), ArrowError> {
        self.group.push(row)
    }

    /// Writes the rows since the last group, with their leaf hashes.
    ///
    /// # Errors
    /// There are not as many hashes as rows.
    pub fn group(&mut self, leaves: &[Digest]) -> Result<(), ParquetError> {
        let batch = RecordBatch::try_new(self.schema.clone(), self.group.finish(leaves)?)?;
        self.inner.write(&batch)?;
        self.inner.flush()
    }

    /// The table.
    ///
    /// # Errors
    /// None in practice.
    pub fn finish(self) -> Result<Vec<u8>, ParquetError> {
        self.inner.into_inner()
    }
}

/// The rows of a group that is not yet written.
struct Group {
    leaf: FixedSizeBinaryBuilder,
    content: FixedSizeBinaryBuilder,
    length: UInt64Builder,
    swhid: FixedSizeBinaryBuilder,
    source: StringBuilder,
    commit: BinaryBuilder,
    path: BinaryBuilder,
    author: FixedSizeBinaryBuilder,
    committer: FixedSizeBinaryBuilder,
    committed: Int64Builder,
    licence: StringBuilder,
    collected: Int64Builder,
    collector: FixedSizeBinaryBuilder,
    method: StringBuilder,
    transform: FixedSizeBinaryBuilder,
    parents: BinaryBuilder,
    disposition: StringBuilder,
    detail: BinaryBuilder,
}

impl Default for Group {
    fn default() -> Group {
        let fixed = FixedSizeBinaryBuilder::new;
        Group {
            leaf: fixed(32),
            content: fixed(32),
            length: UInt64Builder::new(),
            swhid: fixed(20),
            source: StringBuilder::new(),
            commit: BinaryBuilder::new(),
            path: BinaryBuilder::new(),
            author: fixed(32),
            committer: fixed(32),
            committed: Int64Builder::new(),
            licence: StringBuilder::new(),
            collected: Int64Builder::new(),
            collector: fixed(32),
            method: StringBuilder::new(),
            transform: fixed(32),
            parents: BinaryBuilder::new(),
            disposition: StringBuilder::new(),
            detail: BinaryBuilder::new(),
        }
    }
}

impl Group {
    fn push(&mut self, row: &View) -> Result<(), ArrowError> {
        self.content.append_value(row.content)?;
        self.length.append_value(row.length);
        fixed(&mut self.swhid, row.swhid)?;
        self.source.append_value(row.source);
        self.commit.append_option(some(row.commit));
        self.path.append_value(row.path);
        fixed(&mut self.author, row.author)?;
        fixed(&mut self.committer, row.committer)?;
        self.committed.append_option(row.committed);
        self.licence.append_option(Some(row.licence).filter(|it| !it.is_empty()));
        self.collected.append_value(row.collected);
        self.collector.append_value(row.collector)?;
        self.method.append_value(row.method);
        fixed(&mut self.transform, row.transform)?;
        self.parents.append_option(some(row.parents));
        self.disposition.append_value(row.disposition);
        self.detail.append_option(some(row.detail));
        Ok(())
    }

    fn finish(&mut self, leaves: &[Digest]) -> Result<Vec<ArrayRef>, ArrowError> {
        leaves.iter().try_for_each(|leaf| self.leaf.append_value(leaf.0))?;
        Ok(vec![
            Arc::new(self.leaf.finish()),
            Arc::new(self.content.finish()),
            Arc::new(self.length.finish()),
            Arc::new(self.swhid.finish()),
            Arc::new(self.source.finish()),
            Arc::new(self.commit.finish()),
            Arc::new(self.path.finish()),
            Arc::new(self.author.finish()),
            Arc::new(self.committer.finish()),
            Arc::new(self.committed.finish()),
            Arc::new(self.licence.finish()),
            Arc::new(self.collected.finish()),
            Arc::new(self.collector.finish()),
            Arc::new(self.method.finish()),
            Arc::new(self.transform.finish()),
            Arc::new(self.parents.finish()),
            Arc::new(self.disposition.finish()),
            Arc::new(self.detail.finish()),
        ])
    }
}

fn some(bytes: &[u8]) -> Option<&[u8]> {
    Some(bytes).filter(|bytes| !bytes.is_empty())
}

fn fixed(to: &mut FixedSizeBinaryBuilder, bytes: &[u8]) -> Result<(), ArrowError> {
    if bytes.is_empty() {
        to.append_null();
        return Ok(());
    }
    to.append_value(bytes)
}
