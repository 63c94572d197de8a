//! What can go wrong.

use std::path::PathBuf;

/// Why something was not watched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be opened.
    #[error(
        "{name}: the database cannot be opened ({why}); give a file that can be written, or postgres://user@host/name"
    )]
    Database {
        /// Its name, without a password.
        name: String,
        /// What it said.
        why: String,
    },
    /// The database failed while it was used. Nothing of the batch was kept; it may be given again.
    #[error("the database failed ({0}); what was not acknowledged must be given again")]
    Storage(String),
    /// The tables are those of another taster.
    #[error(
        "the database has tables of version {found}, and this taster knows {known}; use the taster that made it, or another file"
    )]
    Version {
        /// Theirs.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The tables hold what taster did not write.
    #[error("the database holds something that taster did not write; restore it, or use another one")]
    Foreign,
    /// An input cannot be read.
    #[error("{name}: {why}")]
    Input {
        /// Its name.
        name: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A file cannot be written.
    #[error("{}: cannot be written ({why}); free space or give another folder", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A receiver of alerts did not take one.
    #[error("{address}: the alert was not taken ({why}); it is sent again with the next")]
    Alert {
        /// Its host.
        address: String,
        /// What it said.
        why: String,
    },
    /// A server cannot listen.
    #[error("{address}: cannot be listened on ({why}); give another address with --listen")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        why: String,
    },
    /// A token that can be guessed.
    #[error("the token has fewer than {0} characters; give a longer one")]
    Token(usize),
    /// A scan cannot be started.
    #[error("the scan cannot be started: {0}")]
    Scan(String),
    /// A number that makes no sense.
    #[error(transparent)]
    Number(#[from] stats::Error),
}
