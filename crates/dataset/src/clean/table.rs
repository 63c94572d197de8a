//! A Parquet file without some of its rows: row groups that stay whole are copied as they are, and of the others each column is read
//! and written in the file's own types, so that the schema stays what it was, whatever it is.

use crate::place::{Place, local};
use crate::table::guarded;
use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, ColumnWriterImpl};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

/// Rows that are copied at a time.
const ROWS: u64 = 256;

/// Copies all rows but `rows`, counted from 1; which of these were there.
pub(super) fn copy(place: &Place, name: &str, rows: &BTreeSet<u64>, target: &Path) -> io::Result<BTreeSet<u64>> {
    let file = match place {
        Place::Local(folder) => local::open(folder, name)?,
        Place::Store(_) => {
            let mut copy = tempfile::tempfile()?;
            io::copy(&mut place.open(name)?, &mut copy)?;
            copy.seek(SeekFrom::Start(0))?;
            copy
        }
    };
    let writer = BufWriter::new(File::create_new(target)?);
    let copied = guarded(|| filter(file, rows, writer).map_err(|error| error.to_string()));
    let removed = copied.map_err(io::Error::other)?;
    File::open(target)?.sync_all()?;
    Ok(removed)
}

fn filter(file: File, rows: &BTreeSet<u64>, to: BufWriter<File>) -> Result<BTreeSet<u64>> {
    let reader = SerializedFileReader::new(file.try_clone()?)?;
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr().root_schema_ptr();
    let mut writer = SerializedFileWriter::new(to, schema, Arc::new(properties(metadata)))?;
    let mut removed = BTreeSet::new();
    let mut first = 1u64;
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number)?;
        let count = group.metadata().num_rows().max(0).unsigned_abs();
        let here: Vec<u64> = rows.range(first..first.saturating_add(count)).map(|row| row - first).collect();
        removed.extend(here.iter().map(|row| row + first));
        first = first.saturating_add(count);
        let mut target = writer.next_row_group()?;
        if here.is_empty() {
            whole(&file, &*group, &mut target)?;
        } else {
            without(&*group, &here, count, &mut target)?;
        }
        target.close()?;
    }
    writer.close()?;
    Ok(removed)
}

/// The same compression, metadata and author as the file has. Indices of pages, which say where to find what and nothing of it, are left
/// out: the writer wants them of all row groups or of none.
fn properties(metadata: &ParquetMetaData) -> WriterProperties {
    let file = metadata.file_metadata();
    let mut properties = WriterProperties::builder()
        .set_key_value_metadata(file.key_value_metadata().cloned())
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    if let Some(author) = file.created_by() {
        properties = properties.set_created_by(author.to_owned());
    }
    if let Some(group) = metadata.row_groups().first() {
        for column in group.columns() {
            properties =
                properties.set_column_compression(column.column_path().clone(), writable(column.compression()));
        }
    }
    properties.build()
}

/// LZ4's first form cannot be written any more; its successor is what its readers read.
fn writable(compression: Compression) -> Compression {
    match compression {
        Compression::LZ4 => Compression::LZ4_RAW,
        other => other,
    }
}

/// Copies a row group as it is.
fn whole<W: io::Write + Send>(
    file: &File,
    group: &dyn RowGroupReader,
    target: &mut SerializedRowGroupWriter<'_, W>,
) -> Result<()> {
    for column in group.metadata().columns() {
        let result = ColumnCloseResult {
            bytes_written: column.compressed_size().max(0).unsigned_abs(),
            rows_written: group.metadata().num_rows().max(0).unsigned_abs(),
            metadata: column.clone(),
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        target.append_column(file, result)?;
    }
    Ok(())
}

/// Copies the rows of a group that are not in `rows`, which count from 0.
fn without<W: io::Write + Send>(
    group: &dyn RowGroupReader,
    rows: &[u64],
    count: u64,
    target: &mut SerializedRowGroupWriter<'_, W>,
) -> Result<()> {
    let mut number = 0;
    while let Some(mut column) = target.next_column()? {
        let reader = group.get_column_reader(number)?;
        match (reader, column.untyped()) {
            (ColumnReader::BoolColumnReader(from), ColumnWriter::BoolColumnWriter(to)) => cells(from, to, rows, count)?,
            (ColumnReader::Int32ColumnReader(from), ColumnWriter::Int32ColumnWriter(to)) => {
                cells(from, to, rows, count)?
            }
            (ColumnReader::Int64ColumnReader(from), ColumnWriter::Int64ColumnWriter(to)) => {
                cells(from, to, rows, count)?
            }
            (ColumnReader::Int96ColumnReader(from), ColumnWriter::Int96ColumnWriter(to)) => {
                cells(from, to, rows, count)?
            }
            (ColumnReader::FloatColumnReader(from), ColumnWriter::FloatColumnWriter(to)) => {
                cells(from, to, rows, count)?
            }
            (ColumnReader::DoubleColumnReader(from), ColumnWriter::DoubleColumnWriter(to)) => {
                cells(from, to, rows, count)?
            }
            (ColumnReader::ByteArrayColumnReader(from), ColumnWriter::ByteArrayColumnWriter(to)) => {
                cells(from, to, rows, count)?
            }
            (ColumnReader::FixedLenByteArrayColumnReader(from), ColumnWriter::FixedLenByteArrayColumnWriter(to)) => {
                cells(from, to, rows, count)?;
            }
            _ => {
                return Err(ParquetError::General(
                    "a column is of another type in its schema than in its data".to_owned(),
                ));
            }
        }
        column.close()?;
        number += 1;
    }
    Ok(())
}

/// Copies the cells of a column.
fn cells<T: DataType>(
    mut from: ColumnReaderImpl<T>,
    to: &mut ColumnWriterImpl<'_, T>,
    rows: &[u64],
    count: u64,
) -> Result<()> {
    let (mut values, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
    let mut at = 0;
    for end in rows.iter().copied().chain([count]) {
        while at < end {
            let wanted = (end - at).min(ROWS);
            values.clear();
            definitions.clear();
            repetitions.clear();
            let wanted = usize::try_from(wanted).unwrap_or(1);
            let (read, _, _) =
                from.read_records(wanted, Some(&mut definitions), Some(&mut repetitions), &mut values)?;
            if read == 0 {
                return Err(ParquetError::General("a column ends before its row group".to_owned()));
            }
            to.write_batch(&values, some(&definitions), some(&repetitions))?;
            at += read as u64;
        }
        if end < count {
            from.skip_records(1)?;
            at = end + 1;
        }
    }
    Ok(())
}

/// Levels, of which a column that is neither nullable nor nested has none.
fn some(levels: &[i16]) -> Option<&[i16]> {
    (!levels.is_empty()).then_some(levels)
}
