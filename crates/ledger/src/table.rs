//! The side table of a segment: its records as Parquet, a row a record, with the leaf hash of each. The table is for reading; what is
//! hashed is the canonical record, which a row says completely.

use crate::hash::Digest;
use crate::record::{RecordError, View};
use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryBuilder, FixedSizeBinaryArray, FixedSizeBinaryBuilder, Int64Array,
    Int64Builder, RecordBatch, StringArray, StringBuilder, UInt64Array, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::ChunkReader;
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

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Parquet is damaged.
    #[error("the table cannot be read ({0})")]
    Parquet(#[from] ParquetError),
    /// Arrow is.
    #[error("the table cannot be read ({0})")]
    Arrow(#[from] ArrowError),
    /// Another table.
    #[error("the table has other columns than the table of a segment")]
    Columns,
    /// A row says nothing that a record can.
    #[error("row {0}: {1}")]
    Row(u64, RecordError),
}

/// What is done with a row and its leaf hash.
pub type Act<'a, E> = &'a mut dyn FnMut(&View, &[u8]) -> Result<(), E>;

/// A table that is being read.
#[derive(Clone)]
pub struct Reader<T> {
    source: T,
    metadata: ArrowReaderMetadata,
}

impl<T: ChunkReader + Clone + 'static> Reader<T> {
    /// Reads what the table says about itself.
    ///
    /// # Errors
    /// It is no table of a segment.
    pub fn open(source: T) -> Result<Reader<T>, TableError> {
        // The schema that Arrow would add is not read: its reader panics on damage, and Parquet's own says as much.
        let options =
            ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional).with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::load(&source, options)?;
        let names = |schema: &Schema| -> Vec<(String, DataType)> {
            schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect()
        };
        if names(metadata.schema()) != names(&schema()) {
            return Err(TableError::Columns);
        }
        Ok(Reader { source, metadata })
    }

    /// The rows of each row group.
    pub fn groups(&self) -> Vec<u64> {
        self.metadata.metadata().row_groups().iter().map(|group| group.num_rows().try_into().unwrap_or(0)).collect()
    }

    /// Does something with each row of a group, in order, with its leaf hash as the table says it.
    ///
    /// # Errors
    /// The group is damaged, or `act` says so.
    pub fn each<E: From<TableError>>(&self, group: usize, act: Act<E>) -> Result<(), E> {
        let batches =
            self.builder().with_row_groups(vec![group]).with_batch_size(PAGE).build().map_err(TableError::from)?;
        for batch in batches {
            let batch = batch.map_err(TableError::from)?;
            let columns = Columns::of(&batch).ok_or(TableError::Columns)?;
            for row in 0..batch.num_rows() {
                act(&columns.view(row), columns.leaf.value(row))?;
            }
        }
        Ok(())
    }

    /// Does something with one row.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub fn row<R>(&self, row: u64, act: impl FnOnce(&View, &[u8]) -> R) -> Result<R, TableError> {
        let (mut group, mut before) = (0, row);
        // Only the row's own group is touched: each has dictionaries that would be read.
        for rows in self.groups() {
            if before < rows {
                break;
            }
            (group, before) = (group + 1, before - rows);
        }
        let before = usize::try_from(before).map_err(|_| TableError::Row(row, RecordError::Damaged))?;
        if group >= self.groups().len() {
            return Err(TableError::Row(row, RecordError::Damaged));
        }
        let selection = RowSelection::from(vec![RowSelector::skip(before), RowSelector::select(1)]);
        let one = self.builder().with_row_groups(vec![group]).with_row_selection(selection).with_batch_size(1);
        let mut batches = one.build()?;
        let batch = batches.next().ok_or(TableError::Row(row, RecordError::Damaged))??;
        let columns = Columns::of(&batch).filter(|_| batch.num_rows() == 1).ok_or(TableError::Columns)?;
        Ok(act(&columns.view(0), columns.leaf.value(0)))
    }

    fn builder(&self) -> ParquetRecordBatchReaderBuilder<T> {
        ParquetRecordBatchReaderBuilder::new_with_metadata(self.source.clone(), self.metadata.clone())
    }
}

/// The columns of some rows.
struct Columns<'a> {
    leaf: &'a FixedSizeBinaryArray,
    content: &'a FixedSizeBinaryArray,
    length: &'a UInt64Array,
    swhid: &'a FixedSizeBinaryArray,
    source: &'a StringArray,
    commit: &'a BinaryArray,
    path: &'a BinaryArray,
    author: &'a FixedSizeBinaryArray,
    committer: &'a FixedSizeBinaryArray,
    committed: &'a Int64Array,
    licence: &'a StringArray,
    collected: &'a Int64Array,
    collector: &'a FixedSizeBinaryArray,
    method: &'a StringArray,
    transform: &'a FixedSizeBinaryArray,
    parents: &'a BinaryArray,
    disposition: &'a StringArray,
    detail: &'a BinaryArray,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Columns<'a>> {
        fn column<'a, T: 'static>(batch: &'a RecordBatch, name: &str) -> Option<&'a T> {
            batch.column_by_name(name)?.as_any().downcast_ref()
        }
        Some(Columns {
            leaf: column(batch, "leaf")?,
            content: column(batch, "content")?,
            length: column(batch, "length")?,
            swhid: column(batch, "swhid")?,
            source: column(batch, "source")?,
            commit: column(batch, "commit")?,
            path: column(batch, "path")?,
            author: column(batch, "author")?,
            committer: column(batch, "committer")?,
            committed: column(batch, "committed")?,
            licence: column(batch, "licence")?,
            collected: column(batch, "collected")?,
            collector: column(batch, "collector")?,
            method: column(batch, "method")?,
            transform: column(batch, "transform")?,
            parents: column(batch, "parents")?,
            disposition: column(batch, "disposition")?,
            detail: column(batch, "detail")?,
        })
    }

    fn view(&self, row: usize) -> View<'a> {
        let fixed = |column: &'a FixedSizeBinaryArray| if column.is_null(row) { &[][..] } else { column.value(row) };
        let binary = |column: &'a BinaryArray| if column.is_null(row) { &[][..] } else { column.value(row) };
        let text = |column: &'a StringArray| if column.is_null(row) { "" } else { column.value(row) };
        View {
            content: fixed(self.content),
            length: self.length.value(row),
            swhid: fixed(self.swhid),
            source: text(self.source),
            commit: binary(self.commit),
            path: binary(self.path),
            author: fixed(self.author),
            committer: fixed(self.committer),
            committed: (!self.committed.is_null(row)).then(|| self.committed.value(row)),
            licence: text(self.licence),
            collected: self.collected.value(row),
            collector: fixed(self.collector),
            method: text(self.method),
            transform: fixed(self.transform),
            parents: binary(self.parents),
            disposition: text(self.disposition),
            detail: binary(self.detail),
        }
    }
}
