//! The rows of a file as named texts, one at a time, whatever the file's format.

use crate::Error;
use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use flate2::read::MultiGzDecoder;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A row: the text of each of its columns; absent where the file has none.
pub type Fields = BTreeMap<String, String>;

/// The number of a row (in JSONL its line), from 1, and the row or what is wrong with it.
pub type Place = (usize, Result<Fields, String>);

/// The rows of a file, in order; an error ends it.
pub type Rows = Box<dyn Iterator<Item = Result<Place, Error>> + Send>;

/// Longest line of JSONL; a longer one is no completion.
const LINE: usize = 16 << 20;

/// Most columns of a row.
const COLUMNS: usize = 256;

/// Rows read from Parquet at once.
const BATCH: usize = 256;

/// Opens a file by the ending of its name; rows are read as they are asked for, whatever the file's size.
///
/// # Errors
/// It cannot be opened, or is of another kind.
pub fn rows(path: &Path) -> Result<Rows, Error> {
    let failed = {
        let path = path.to_owned();
        move |why: String| Error::Recording { path: path.clone(), why }
    };
    let open = || File::open(path).map_err(|error| failed(format!("it cannot be opened ({error})")));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if name.ends_with(".jsonl") {
        Ok(Box::new(lines(BufReader::new(open()?), failed)))
    } else if name.ends_with(".jsonl.gz") {
        Ok(Box::new(lines(BufReader::new(MultiGzDecoder::new(open()?)), failed)))
    } else if name.ends_with(".parquet") {
        let file = open()?;
        let builder = || ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(BATCH).build();
        let reader = guarded(|| builder().map_err(|error| error.to_string()));
        let reader = reader.map_err(|why| failed(format!("it is no readable Parquet ({why})")))?;
        Ok(Box::new(batches(reader, failed)))
    } else {
        Err(failed("a recording ends in .jsonl, .jsonl.gz or .parquet".into()))
    }
}

/// The objects of JSONL; blank lines are none.
fn lines(mut input: impl BufRead, failed: impl Fn(String) -> Error) -> impl Iterator<Item = Result<Place, Error>> {
    let mut ended = false;
    let next = move || {
        let mut line = Vec::new();
        let read = (&mut input).take(LINE as u64 + 1).read_until(b'\n', &mut line);
        let read = match read {
            Ok(read) if read > LINE => {
                skip_line(&mut input).map(|()| Some(Err(format!("longer than {} MiB", LINE >> 20))))
            }
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(object(&line))),
            Err(error) => Err(error),
        };
        let read = if ended { None } else { read.transpose() };
        ended = !matches!(read, Some(Ok(_)));
        read.map(|row| row.map_err(|error| failed(format!("it cannot be read to its end ({error})"))))
    };
    let numbered = (1..).zip(std::iter::from_fn(next)).map(|(place, row)| Ok((place, row?)));
    numbered.filter_map(|row| match row {
        Ok((place, row)) => row.transpose().map(|row| Ok((place, row))),
        Err(error) => Some(Err(error)),
    })
}

/// Goes on to the next line.
fn skip_line(input: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = memchr::memchr(b'\n', buffer);
        let used = end.map_or(buffer.len(), |end| end + 1);
        let done = end.is_some() || buffer.is_empty();
        input.consume(used);
        if done {
            return Ok(());
        }
    }
}

/// The fields of a line; none where it is blank.
fn object(line: &[u8]) -> Result<Option<Fields>, String> {
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    let object: BTreeMap<String, Value> =
        serde_json::from_slice(line).map_err(|error| format!("no JSON object ({:?} error)", error.classify()))?;
    if object.len() > COLUMNS {
        return Err(format!("more than {COLUMNS} columns"));
    }
    let text = |value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    Ok(Some(object.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect()))
}

/// The rows of Parquet, each column written as text.
fn batches(
    mut reader: ParquetRecordBatchReader,
    failed: impl Fn(String) -> Error,
) -> impl Iterator<Item = Result<Place, Error>> {
    let next = move || match guarded(|| reader.next().transpose().map_err(|error| error.to_string())) {
        Ok(batch) => batch.map(|batch| texts(&batch).into_iter().map(Ok).collect()),
        Err(why) => Some(vec![Err(failed(format!("its Parquet is damaged ({why})")))]),
    };
    (1..).zip(std::iter::from_fn(next).flatten()).map(|(place, row)| Ok((place, row?)))
}

/// Calls into the Parquet crate, whose assertions a damaged file can trip: that is this file's error, not the program's.
fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
    read.unwrap_or_else(|_| Err("its reader gave up".into()))
}

fn texts(batch: &RecordBatch) -> Vec<Result<Fields, String>> {
    let options = FormatOptions::default();
    let (schema, columns) = (batch.schema(), batch.columns());
    let row = |row: usize| {
        let present = schema.fields().iter().zip(columns).take(COLUMNS).filter(|(_, column)| column.is_valid(row));
        present
            .map(|(field, column)| {
                let text =
                    ArrayFormatter::try_new(column, &options).and_then(|column| column.value(row).try_to_string());
                Ok((field.name().clone(), text.map_err(|error| error.to_string())?))
            })
            .collect()
    };
    (0..batch.num_rows()).map(row).collect()
}
