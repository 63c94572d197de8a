//! A Parquet file as batches of the columns that are known, from this machine or from a store.

use super::guarded;
use super::source::Source;
use crate::columns::{self, NESTED, Role};
use crate::place::Place;
use crate::{DatasetError, Limits};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::SchemaDescriptor;
use std::sync::Arc;

/// Bytes of text that a batch should hold.
const BATCH: i64 = 4 << 20;

/// Most rows of a batch.
const ROWS: i64 = 1024;

/// An open file.
pub(super) struct Table {
    source: Source,
    metadata: ArrowReaderMetadata,
    leaves: Vec<usize>,
}

impl Table {
    /// Reads the footer and chooses the columns.
    pub fn open(place: &Place, file: &str) -> Result<Table, DatasetError> {
        let source = Source::open(place, file).map_err(DatasetError::unreadable(file))?;
        guarded(|| Table::of(source)).map_err(|what| DatasetError::broken(file, what))
    }

    fn of(source: Source) -> Result<Table, String> {
        let broken = |error: ParquetError| format!("no Parquet that can be read: {error}");
        // The schema that Arrow's writers leave in the file may ask for any type; the file's own is enough.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::load(&source, options.clone()).map_err(broken)?;
        let leaves = leaves(metadata.parquet_schema());
        if leaves.is_empty() {
            let names: Vec<&str> = metadata.schema().fields().iter().map(|field| field.name().as_str()).collect();
            return Err(columns::no_content(&names));
        }
        let schema = Arc::new(Schema::new(views(metadata.schema().fields())));
        let options = options.with_schema(schema);
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(broken)?;
        Ok(Table { source, metadata, leaves })
    }

    fn file(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    /// How many row groups there are.
    pub fn groups(&self) -> usize {
        self.file().num_row_groups()
    }

    /// The number of the first row of a group, from 1.
    pub fn first_row(&self, group: usize) -> u64 {
        let before = self.file().row_groups().iter().take(group);
        before.fold(1, |row: u64, group| row.saturating_add(group.num_rows().max(0).unsigned_abs()))
    }

    /// Bytes of a group as they lie in the file.
    pub fn packed(&self, group: usize) -> u64 {
        self.file().row_group(group).compressed_size().max(0).unsigned_abs()
    }

    /// Why a row group should not be unpacked, if it says itself that it is a bomb.
    pub fn bomb(&self, group: usize, limits: &Limits) -> Option<String> {
        let columns = self.leaves.iter().map(|&leaf| self.file().row_group(group).column(leaf));
        let (packed, unpacked) = columns.fold((0u64, 0u64), |(packed, unpacked), column| {
            let size = |size: i64| size.max(0).unsigned_abs();
            (
                packed.saturating_add(size(column.compressed_size())),
                unpacked.saturating_add(size(column.uncompressed_size())),
            )
        });
        let bomb = unpacked > limits.unpacked && unpacked / limits.ratio.max(1) > packed;
        bomb.then(|| {
            format!("unpacks to more than {} times its size; it looks like a bomb, and it is not read", limits.ratio)
        })
    }

    /// The batches of a row group, up to the first that cannot be read.
    pub fn batches(&self, group: usize) -> Result<impl Iterator<Item = Result<RecordBatch, String>>, String> {
        let mut reader = guarded(|| self.reader(group))?;
        Ok(std::iter::from_fn(move || {
            guarded(|| reader.next().transpose().map_err(|error| error.to_string())).transpose()
        }))
    }

    fn reader(&self, group: usize) -> Result<ParquetRecordBatchReader, String> {
        let mask = ProjectionMask::leaves(self.metadata.parquet_schema(), self.leaves.iter().copied());
        let columns = self.leaves.iter().map(|&leaf| self.file().row_group(group).column(leaf).byte_range());
        let ranges = columns.map(|(start, length)| start..start.saturating_add(length)).collect();
        let source = self.source.fetch(ranges).map_err(|error| error.to_string())?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(source, self.metadata.clone());
        let builder = builder.with_projection(mask).with_row_groups(vec![group]).with_batch_size(self.rows(group));
        builder.build().map_err(|error| error.to_string())
    }

    /// How many rows of a group make a batch.
    fn rows(&self, group: usize) -> usize {
        let group = self.file().row_group(group);
        let sizes = self.leaves.iter().map(|&leaf| group.column(leaf).uncompressed_size().max(0));
        let bytes = sizes.fold(0, i64::saturating_add);
        let rows = group.num_rows().max(1);
        (BATCH / (bytes / rows).max(1)).clamp(1, ROWS) as usize
    }
}

/// The columns with a role; none where there is no text.
fn leaves(schema: &SchemaDescriptor) -> Vec<usize> {
    let roles = schema.columns().iter().map(|column| {
        let parts: Vec<&str> = column.path().parts().iter().map(String::as_str).collect();
        match parts[..] {
            [outer, inner] if NESTED.contains(&outer) => Role::of(inner).filter(|(role, _)| *role != Role::Content),
            [name] => Role::of(name),
            [name, ..] => Role::of(name).filter(|(role, _)| *role == Role::Licence),
            [] => None,
        }
    });
    let known: Vec<(usize, Role)> = roles.enumerate().filter_map(|(leaf, role)| Some((leaf, role?.0))).collect();
    let content = known.iter().any(|(_, role)| *role == Role::Content);
    if content { known.into_iter().map(|(leaf, _)| leaf).collect() } else { Vec::new() }
}

/// The same fields with texts as views, which are not copied, however often a dictionary repeats one.
fn views(fields: &Fields) -> Fields {
    let view = |field: &Arc<Field>| -> Arc<Field> {
        let kind = match field.data_type() {
            DataType::Utf8 => DataType::Utf8View,
            DataType::Binary => DataType::BinaryView,
            DataType::Struct(inner) => DataType::Struct(views(inner)),
            _ => return Arc::clone(field),
        };
        Arc::new(field.as_ref().clone().with_data_type(kind))
    };
    fields.iter().map(view).collect()
}
