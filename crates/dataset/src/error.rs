//! What can go wrong: with a data set as a whole, and with one piece of it.

use std::fmt;
use std::io;

/// Why a data set or a part of it cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The file, folder or object cannot be opened.
    #[error("{name}: {source}")]
    Unreadable {
        /// Where it lies.
        name: String,
        /// What the system or the store said.
        source: io::Error,
    },
    /// The location is of no kind that is read.
    #[error("{name}: {what}")]
    Unknown {
        /// The location.
        name: String,
        /// What it is, and what would be read.
        what: String,
    },
    /// A table without a column of texts.
    #[error(
        "{name}: no column of texts; there are {columns}; name the one that holds the code `content`, `text` or `code`"
    )]
    NoContent {
        /// The file.
        name: String,
        /// The columns that it has.
        columns: String,
    },
    /// Something does not have the form that its name promises.
    #[error("{name}: {what}")]
    Broken {
        /// The file.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// Something is in the way of what is to be written.
    #[error("{name}: {what}")]
    InTheWay {
        /// The file or folder.
        name: String,
        /// Why it cannot be written there.
        what: String,
    },
}

impl DatasetError {
    pub(crate) fn unreadable(name: impl Into<String>) -> impl FnOnce(io::Error) -> DatasetError {
        let name = name.into();
        move |source| DatasetError::Unreadable { name, source }
    }

    pub(crate) fn broken(name: impl Into<String>, what: impl fmt::Display) -> DatasetError {
        DatasetError::Broken { name: name.into(), what: what.to_string() }
    }

    /// The same, as a problem of the piece that it names.
    pub(crate) fn into_problem(self) -> Problem {
        let text = self.to_string();
        match self {
            DatasetError::Unreadable { name, .. }
            | DatasetError::Unknown { name, .. }
            | DatasetError::NoContent { name, .. }
            | DatasetError::Broken { name, .. }
            | DatasetError::InTheWay { name, .. } => {
                let what = text.strip_prefix(&format!("{name}: ")).unwrap_or(&text).to_owned();
                Problem { name, what }
            }
        }
    }
}

/// A piece of a data set that could not be read. Both texts may hold anything: escape them before they are shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Problem {
    /// The file, or file and row.
    pub name: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.what)
    }
}
