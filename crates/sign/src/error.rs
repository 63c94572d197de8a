//! What can go wrong.

use std::path::PathBuf;

/// Why something was not signed, or not believed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key file that cannot be used.
    #[error("{}: {why}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A program that should have signed.
    #[error("the signing command {command:?} {why}")]
    Command {
        /// How it is called.
        command: String,
        /// What it did instead.
        why: String,
    },
    /// A signed statement that is none, or was changed.
    #[error("the signed statement {0}")]
    Statement(String),
}
