//! A table that is read: by row group, or a single row, without the rest.

use super::{PAGE, schema};
use crate::record::{RecordError, View};
use arrow::array::{Array, BinaryArray, FixedSizeBinaryArray, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::reader::ChunkReader;

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
