//! A folder of files, each of them a document.

use crate::part::Sink;
use crate::place::Place;
use crate::{DatasetError, Document, Problem};
use code::Language;
use std::io::{self, Read};
use std::path::Path;

/// Bytes in which a NUL tells a binary file, as in git and grep.
const SNIFFED: usize = 8000;

/// Bytes of the buffer to begin with: most files are read into it in one go.
const BUFFER: usize = 64 << 10;

/// Reads the files one by one.
pub(crate) fn read(place: &Place, names: &[String], sink: &mut Sink<'_>) -> Result<(), DatasetError> {
    let mut buffer = vec![0; BUFFER];
    for name in names {
        if let Err(error) = file(place, name, &mut buffer, sink) {
            sink.problem(Problem { name: name.clone(), what: error.to_string() });
        }
    }
    Ok(())
}

fn file(place: &Place, name: &str, buffer: &mut Vec<u8>, sink: &mut Sink<'_>) -> io::Result<()> {
    let language = Language::of_path(Path::new(name));
    let bytes = fill(place.open(name)?, buffer, sink.limits.document)?;
    let source = name.split_once('/').map(|(folder, _)| folder);
    document(Document { name, row: 1, path: Some(name), source, language, bytes, ..Document::default() }, sink);
    Ok(())
}

/// Reads into a buffer, which grows: all of a text, up to a byte more than `most`, so that the sink sees that it is passed; of a binary file
/// only its beginning.
fn fill(mut reader: impl Read, buffer: &mut Vec<u8>, most: usize) -> io::Result<&[u8]> {
    let mut length = 0;
    loop {
        if length == buffer.len() {
            buffer.resize(2 * length, 0);
        }
        let read = match reader.read(&mut buffer[length..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let sniffed = length >= SNIFFED;
        length += read;
        if read == 0 || length > most || (!sniffed && length >= SNIFFED && is_binary(&buffer[..length])) {
            return Ok(&buffer[..length]);
        }
    }
}

/// Hands on a file, unless it is no text.
pub(crate) fn document(document: Document<'_>, sink: &mut Sink<'_>) {
    match (is_binary(document.bytes), document.language) {
        (false, _) => sink.document(document),
        (true, None) => sink.read.binary += 1,
        (true, Some(language)) => {
            let what = format!("named like {language}, but binary; it is not read");
            sink.problem(Problem { name: document.name.to_owned(), what });
        }
    }
}

/// Whether this is no text. UTF-16 is full of NULs, but begins with a mark.
fn is_binary(bytes: &[u8]) -> bool {
    let wide = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    !wide && memchr::memchr(0, &bytes[..bytes.len().min(SNIFFED)]).is_some()
}
