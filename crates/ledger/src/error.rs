//! What can go wrong.

use crate::record::RecordError;
use crate::table::TableError;
use std::path::PathBuf;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error("{place}: {why}")]
    Store {
        /// The object, or the store.
        place: String,
        /// What it said, and what to do.
        why: String,
    },
    /// A file of the ledger's home cannot be used.
    #[error("{}: {why}", path.display())]
    Home {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// Something in the store is not what its log says, so that nothing is built on it.
    #[error("{place}: {why}; `taster ledger verify` says more")]
    Broken {
        /// The object.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// A key.
    #[error(transparent)]
    Key(#[from] sign::Error),
    /// A record that has no canonical bytes.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A data set.
    #[error(transparent)]
    Data(#[from] dataset::DatasetError),
    /// A segment that has no room.
    #[error("the segment is full")]
    Full,
    /// What was given cannot be read.
    #[error("{name}: {why}")]
    Input {
        /// Its name.
        name: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A witness did not cosign.
    #[error("the witness {name} did not cosign: {why}")]
    Witness {
        /// Its name.
        name: String,
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
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(error: parquet::errors::ParquetError) -> Error {
        Error::Table(error.into())
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Error {
        Error::Table(error.into())
    }
}

impl Error {
    /// The store failed at a place.
    pub(crate) fn store(place: impl ToString, why: impl ToString) -> Error {
        Error::Store { place: place.to_string(), why: why.to_string() }
    }

    /// Something stored is not what it should be.
    pub(crate) fn broken(place: impl ToString, why: impl ToString) -> Error {
        Error::Broken { place: place.to_string(), why: why.to_string() }
    }

    /// What was given cannot be read.
    pub(crate) fn input(name: impl ToString, why: impl ToString) -> Error {
        Error::Input { name: name.to_string(), why: why.to_string() }
    }
}
