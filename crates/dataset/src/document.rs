//! One document of a data set, as it is read.

use code::Language;

/// A document, borrowed from the reader's buffer. Everything in it is hostile; the bytes need not be UTF-8.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Document<'a> {
    /// What it is called in its data set, and what [`crate::Removal`] takes: the path below the data set, or `FILE:ROW` with rows
    /// from 1.
    pub name: &'a str,
    /// Its row within its file, from 1; 1 for a file that is one document.
    pub row: u64,
    /// The path that it had where it was collected, where that is known.
    pub path: Option<&'a str>,
    /// The repository it is from; of a folder, the folder on its first level.
    pub source: Option<&'a str>,
    /// Who wrote it.
    pub contributor: Option<&'a str>,
    /// When, seconds since 1970 in UTC.
    pub time: Option<i64>,
    /// The commit that brought it.
    pub commit: Option<&'a str>,
    /// Its licence; several are joined with commas.
    pub licence: Option<&'a str>,
    /// Its language, from a column, its path, or the path of its file.
    pub language: Option<Language>,
    /// The text.
    pub bytes: &'a [u8],
}
