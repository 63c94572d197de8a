//! What to leave out of a data set: names of documents, one a line.

use crate::DatasetError;
use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};

/// Names of documents that are to be left out: paths below the data set, or `FILE:ROW` with rows from 1.
///
/// As a text it has one name a line. A backslash, a newline and a carriage return in a name are written `\\`, `\n` and `\r`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removal {
    names: BTreeSet<String>,
}

impl Removal {
    /// Adds a document; whether it was new.
    pub fn add(&mut self, name: impl Into<String>) -> bool {
        self.names.insert(name.into())
    }

    /// Whether a document is to be left out.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether nothing is to be left out.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Writes one name a line.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        for name in &self.names {
            writeln!(to, "{}", escape(name))?;
        }
        Ok(())
    }

    /// Reads what [`Removal::write`] wrote, or what somebody wrote like it. Empty lines say nothing.
    ///
    /// # Errors
    /// When the reader fails or its text is not UTF-8.
    pub fn read(from: impl BufRead) -> Result<Removal, DatasetError> {
        let mut removal = Removal::default();
        for line in from.lines() {
            let line = line.map_err(DatasetError::unreadable("the list of documents to remove"))?;
            if !line.is_empty() {
                removal.add(unescape(&line));
            }
        }
        Ok(removal)
    }

    /// The rows to leave out of a file that has rows.
    pub(crate) fn rows(&self, file: &str) -> BTreeSet<u64> {
        let start = format!("{file}:");
        let names = self.names.range(start.clone()..).map_while(|name| name.strip_prefix(&start));
        names.filter_map(|row| row.parse().ok()).collect()
    }
}

fn escape(name: &str) -> String {
    name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescape(line: &str) -> String {
    let mut name = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some('n') => name.push('\n'),
                Some('r') => name.push('\r'),
                Some(other) => name.push(other),
                None => name.push('\\'),
            },
            next => name.push(next),
        }
    }
    name
}
