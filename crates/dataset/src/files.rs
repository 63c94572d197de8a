//! A folder of files, each of them a document.

use crate::part::Sink;
use crate::place::Place;
use crate::{DatasetError, Document, Problem};
use code::Language;
use std::io::{self, Read};
use std::path::Path;

/// Bytes in which a NUL tells a binary file, as in git and grep.
const SNIFFED: usize = 8000;

/// Reads the files one by one.
pub(crate) fn read(place: &Place, names: &[String], sink: &mut Sink<'_>) -> Result<(), DatasetError> {
    let mut bytes = Vec::new();
    for name in names {
        if let Err(error) = file(place, name, &mut bytes, sink) {
            sink.problem(Problem { name: name.clone(), what: error.to_string() });
        }
    }
    Ok(())
}

fn file(place: &Place, name: &str, bytes: &mut Vec<u8>, sink: &mut Sink<'_>) -> io::Result<()> {
    bytes.clear();
    let language = Language::of_path(Path::new(name));
    let mut opened = place.open(name)?;
    opened.by_ref().take(SNIFFED as u64).read_to_end(bytes)?;
    if !is_binary(bytes) {
        // One more than the limit, so that the sink sees that it is passed.
        opened.take((sink.limits.document as u64 + 1).saturating_sub(bytes.len() as u64)).read_to_end(bytes)?;
    }
    let source = name.split_once('/').map(|(folder, _)| folder);
    document(Document { name, row: 1, path: Some(name), source, language, bytes, ..Document::default() }, sink);
    Ok(())
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
