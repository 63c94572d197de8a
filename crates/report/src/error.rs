//! What can go wrong when a report is written or read.

use std::path::PathBuf;

/// Why a report could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A number in the report is not a number, which JSON cannot say; a bug in whoever filled it in.
    #[error("the report cannot be written as JSON ({0}); please report this as a bug in taster")]
    Unwritable(#[source] serde_json::Error),
    /// The text is not a report.
    #[error("not a taster report: {0}; give a report.json that `taster scan --out` wrote")]
    Unreadable(#[source] serde_json::Error),
    /// The report was written by a later taster.
    #[error("the report has schema version {found}, this taster reads up to {known}; use the taster that wrote it")]
    Version {
        /// What the report says.
        found: u32,
        /// The latest version known here.
        known: u32,
    },
    /// A file could not be written.
    #[error("cannot write {path}: {source}; choose another folder with --out")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
