//! Rows of Parquet, each of them a document.

mod batches;
mod cells;
mod source;

use crate::columns::{self, language_of_table};
use crate::part::Sink;
use crate::place::Place;
use crate::{DatasetError, Document, Problem};
use arrow::record_batch::RecordBatch;
use batches::Table;
use cells::Cells;
use std::fmt::Write;
use std::ops::Range;

/// Reads some row groups of a file, or all. A group that is broken is a problem, and the next one is read.
pub(crate) fn read(
    place: &Place,
    file: &str,
    groups: Option<Range<usize>>,
    sink: &mut Sink<'_>,
) -> Result<(), DatasetError> {
    let table = Table::open(place, file)?;
    let groups = groups.unwrap_or(0..table.groups());
    for group in groups.start..groups.end.min(table.groups()) {
        if let Some(what) = table.bomb(group, &sink.limits) {
            sink.problem(Problem { name: format!("{file}, row group {group}"), what });
            continue;
        }
        let mut number = table.first_row(group);
        if let Err(what) = rows(&table, group, file, &mut number, sink) {
            sink.problem(Problem { name: format!("{file}, rows from {number} to the end of their group"), what });
        }
    }
    Ok(())
}

/// Reads the rows of a group; `number` is that of the next one.
fn rows(table: &Table, group: usize, file: &str, number: &mut u64, sink: &mut Sink<'_>) -> Result<(), String> {
    for batch in table.batches(group)? {
        let batch = batch?;
        documents(&batch, file, *number, sink);
        *number += batch.num_rows() as u64;
    }
    Ok(())
}

fn documents(batch: &RecordBatch, file: &str, first: u64, sink: &mut Sink<'_>) {
    let cells = Cells::of(batch);
    let table = language_of_table(file);
    let (mut name, mut licence) = (String::new(), String::new());
    for (row, number) in (0..batch.num_rows()).zip(first..) {
        name.clear();
        let _ = write!(name, "{file}:{number}");
        let Some(bytes) = cells.content(row) else {
            sink.problem(Problem { name: name.clone(), what: "no text in its column of texts".to_owned() });
            continue;
        };
        cells.licence(row, &mut licence);
        let path = cells.path(row);
        sink.document(Document {
            name: &name,
            row: number,
            path,
            source: cells.source(row),
            contributor: cells.contributor(row),
            time: cells.time(row),
            commit: cells.commit(row),
            licence: Some(&*licence).filter(|licence| !licence.is_empty()),
            language: columns::language(cells.language(row), path, table),
            bytes,
        });
    }
}

/// Row groups that one part reads, about so many bytes each, with their bytes.
pub(crate) fn cuts(place: &Place, file: &str, full: u64) -> Result<Vec<(Range<usize>, u64)>, DatasetError> {
    let table = Table::open(place, file)?;
    let mut cuts = Vec::new();
    let (mut start, mut held) = (0, 0);
    for group in 0..table.groups() {
        held = table.packed(group).saturating_add(held);
        if held >= full || group + 1 == table.groups() {
            cuts.push((start..group + 1, held));
            (start, held) = (group + 1, 0);
        }
    }
    Ok(cuts)
}

/// Calls into the Parquet crate, whose assertions a damaged file can trip: that is this file's error, not the program's.
pub(crate) fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
    read.unwrap_or_else(|_| Err("it is damaged, and its reader gave up".to_owned()))
}
