//! Lines of JSON, each of them a document.

mod row;

use crate::columns::{self, language_of_table};
use crate::lines::{Line, Lines};
use crate::part::Sink;
use crate::place::Place;
use crate::{Compression, DatasetError, Document, Problem, compression};
use row::{Row, mend_surrogates};
use simd_json::{Buffers, Tape};
use std::fmt::Write;
use std::io::Read;
use std::ops::Range;

/// Reads the lines that begin in a range of a file, or all.
pub(crate) fn read(
    place: &Place,
    file: &str,
    packed: Option<Compression>,
    range: Option<Range<u64>>,
    first: u64,
    sink: &mut Sink<'_>,
) -> Result<(), DatasetError> {
    let end = range.as_ref().map_or(u64::MAX, |range| range.end.saturating_sub(range.start));
    let opened = match range {
        None => place.open(file),
        // The last line begins in the range and may end behind it.
        Some(range) => place.open_range(file, range.start..u64::MAX),
    };
    let opened = opened.map_err(DatasetError::unreadable(file))?;
    let reader = compression::unpack(opened, packed, &sink.limits).map_err(DatasetError::unreadable(file))?;
    rows(reader, file, first, end, sink)
}

/// Reads the lines of a stream that begin before `end`.
fn rows(reader: impl Read, file: &str, first: u64, end: u64, sink: &mut Sink<'_>) -> Result<(), DatasetError> {
    let mut lines = Lines::new(reader, sink.limits.line);
    let (mut buffers, mut tape) = (Buffers::default(), Tape::null());
    let (mut name, mut licence) = (String::new(), String::new());
    let table = language_of_table(file);
    for number in first.. {
        if lines.consumed >= end {
            break;
        }
        let Some(line) = lines.next().map_err(DatasetError::unreadable(format!("{file}, from row {number}")))? else {
            break;
        };
        name.clear();
        let _ = write!(name, "{file}:{number}");
        let what = match line {
            Line::TooLong(length) => {
                format!("a line of {length} bytes, more than the {} that are read", sink.limits.line)
            }
            Line::Held(line) if line.trim_ascii().is_empty() => continue,
            Line::Held(line) => {
                mend_surrogates(line);
                let mut filled = tape.reset();
                let what = match simd_json::fill_tape(line, &mut buffers, &mut filled) {
                    Ok(()) => document(&filled, &name, number, table, &mut licence, sink),
                    Err(error) => Err(format!("no JSON: {error}")),
                };
                tape = filled.reset();
                match what {
                    Ok(()) => continue,
                    Err(what) => what,
                }
            }
        };
        sink.problem(Problem { name: name.clone(), what });
    }
    Ok(())
}

/// Hands on the document in a row, or says why there is none.
fn document(
    tape: &Tape<'_>,
    name: &str,
    number: u64,
    table: Option<code::Language>,
    licence: &mut String,
    sink: &mut Sink<'_>,
) -> Result<(), String> {
    let row = Row::of(tape.as_value(), licence)?;
    sink.document(Document {
        name,
        row: number,
        path: row.path,
        source: row.source,
        contributor: row.contributor,
        time: row.time,
        commit: row.commit,
        licence: Some(&**licence).filter(|licence| !licence.is_empty()),
        language: columns::language(row.language, row.path, table),
        bytes: row.content.as_bytes(),
    });
    Ok(())
}
