//! A file as numbered rows, in batches, whatever its format and size.

use super::{shape, trace};
use crate::{Error, Exchange};
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use model::Fields;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Longest line; a longer one is no completion.
const LINE: usize = 16 << 20;
/// A batch ends at so many rows or so many bytes.
const ROWS: usize = 2_048;
const BYTES: usize = 8 << 20;
/// A file that is one JSON document is read whole, up to this size.
const DOCUMENT: usize = 256 << 20;

/// One row.
pub enum Piece {
    /// A line of text.
    Line(Vec<u8>),
    /// An element of a document.
    Element(Value),
    /// A row of Parquet.
    Row(Fields),
}

impl Piece {
    /// The exchanges that the row holds: one, or those of a trace.
    pub fn exchanges(self, now: Timestamp) -> Result<Vec<Exchange>, String> {
        let value = match self {
            Piece::Line(line) if trace::is_trace(&line) => return trace::from_json(&line, now),
            Piece::Line(line) => serde_json::from_slice(&line)
                .map_err(|error| format!("no JSON ({:?} error near column {})", error.classify(), error.column()))?,
            Piece::Element(value) => value,
            Piece::Row(fields) => fields.into_iter().map(|(name, text)| (name, unfolded(text))).collect(),
        };
        if trace::is_trace_value(&value) {
            return trace::from_json(value.to_string().as_bytes(), now);
        }
        shape::exchange(&value, now).map(|exchange| vec![exchange])
    }
}

/// Tables write lists and objects as their JSON.
fn unfolded(text: String) -> Value {
    match text.starts_with(['{', '[']) {
        true => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        false => Value::String(text),
    }
}

/// A batch of rows with their numbers, from 1.
pub type Numbered = Vec<(u64, Result<Piece, String>)>;

/// The batches of a file.
pub struct Pieces {
    name: String,
    source: Source,
    place: u64,
}

enum Source {
    Lines(Box<dyn BufRead + Send>),
    Document(std::vec::IntoIter<Value>),
    Rows(model::Rows),
    Ended,
}

impl Pieces {
    pub fn open(path: &Path) -> Result<Pieces, Error> {
        let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
        if path.extension().is_some_and(|extension| extension == "parquet") {
            let rows =
                model::rows(path).map_err(|error| Error::Input { name: name.clone(), why: error.to_string() })?;
            return Ok(Pieces { name, source: Source::Rows(rows), place: 0 });
        }
        let failed = |error: std::io::Error| Error::Input {
            name: name.clone(),
            why: format!("it cannot be read ({error}); give a file of JSONL, JSON or Parquet, or `-`"),
        };
        let raw: Box<dyn Read + Send> = match path == Path::new("-") {
            true => Box::new(std::io::stdin()),
            false => Box::new(File::open(path).map_err(failed)?),
        };
        let mut raw = BufReader::with_capacity(1 << 20, raw);
        let packed = raw.fill_buf().map_err(failed)?.starts_with(&[0x1f, 0x8b]);
        let mut text: Box<dyn BufRead + Send> = match packed {
            true => Box::new(BufReader::with_capacity(1 << 20, MultiGzDecoder::new(raw))),
            false => Box::new(raw),
        };
        let start = text.fill_buf().map_err(failed)?.trim_ascii_start();
        let document = start.starts_with(b"[") || start.split(|byte| *byte == b'\n').next() == Some(b"{");
        let source = if document { Source::Document(elements(text, &name)?) } else { Source::Lines(text) };
        Ok(Pieces { name, source, place: 0 })
    }

    fn lines(&mut self) -> Result<Numbered, Error> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let Source::Lines(text) = &mut self.source else { return Ok(batch) };
        while batch.len() < ROWS && bytes < BYTES {
            let mut line = Vec::new();
            let read = text.by_ref().take(LINE as u64 + 1).read_until(b'\n', &mut line);
            let read = read.and_then(|read| if read > LINE { rest_of_line(text).map(|()| read) } else { Ok(read) });
            let broken = |error: std::io::Error| Error::Input {
                name: self.name.clone(),
                why: format!("it cannot be read beyond line {} ({error}); what came before is stored", self.place),
            };
            match read.map_err(broken)? {
                0 => break,
                read => {
                    self.place += 1;
                    bytes += read;
                    if read > LINE {
                        batch.push((self.place, Err(format!("longer than {} MiB", LINE >> 20))));
                    } else if !line.trim_ascii().is_empty() {
                        batch.push((self.place, Ok(Piece::Line(line))));
                    }
                }
            }
        }
        Ok(batch)
    }

    fn rows(&mut self) -> Result<Numbered, Error> {
        let Source::Rows(rows) = &mut self.source else { return Ok(Vec::new()) };
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for row in rows {
            let (place, row) = row.map_err(|error| Error::Input { name: self.name.clone(), why: error.to_string() })?;
            bytes += row.as_ref().map_or(0, |row| row.values().map(String::len).sum());
            batch.push((place as u64, row.map(Piece::Row)));
            if batch.len() >= ROWS || bytes >= BYTES {
                break;
            }
        }
        Ok(batch)
    }

    fn elements(&mut self) -> Numbered {
        let Source::Document(elements) = &mut self.source else { return Vec::new() };
        let place = self.place;
        let batch: Numbered = (place + 1..).zip(elements.take(ROWS).map(|value| Ok(Piece::Element(value)))).collect();
        self.place += batch.len() as u64;
        batch
    }
}

impl Iterator for Pieces {
    type Item = Result<Numbered, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let place = self.place;
        let batch = match self.source {
            Source::Lines(_) => self.lines(),
            Source::Document(_) => Ok(self.elements()),
            Source::Rows(_) => self.rows(),
            Source::Ended => return None,
        };
        match batch {
            // Blank lines are no end.
            Ok(batch) if batch.is_empty() && self.place == place => None,
            Ok(batch) => Some(Ok(batch)),
            Err(error) => {
                self.source = Source::Ended;
                Some(Err(error))
            }
        }
    }
}

fn rest_of_line(text: &mut dyn BufRead) -> std::io::Result<()> {
    loop {
        let buffer = text.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        let done = end.is_some() || buffer.is_empty();
        text.consume(used);
        if done {
            return Ok(());
        }
    }
}

/// The elements of a JSON document: of an array, of an object that holds one as `data`, or the document itself.
fn elements(text: impl Read, name: &str) -> Result<std::vec::IntoIter<Value>, Error> {
    let failed = |why: String| Error::Input { name: name.to_owned(), why };
    let mut document = Vec::new();
    text.take(DOCUMENT as u64 + 1)
        .read_to_end(&mut document)
        .map_err(|error| failed(format!("it cannot be read ({error}); restore it")))?;
    if document.len() > DOCUMENT {
        return Err(failed(format!("one JSON document of more than {} MiB; export it as JSONL", DOCUMENT >> 20)));
    }
    let value = serde_json::from_slice(&document);
    let value = value.map_err(|error| failed(format!("no JSON ({error}); export it as JSONL")))?;
    Ok(match value {
        Value::Array(elements) => elements,
        Value::Object(mut object) => match object.remove("data") {
            Some(Value::Array(elements)) => elements,
            Some(other) => {
                object.insert("data".into(), other);
                vec![Value::Object(object)]
            }
            None => vec![Value::Object(object)],
        },
        other => vec![other],
    }
    .into_iter())
}
