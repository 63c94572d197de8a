//! What can go wrong.

use dataset::DatasetError;

/// Why an audit could not be made. What of a data set cannot be read is no error but stands in the report.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The data set cannot be read at all.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The work folder does not hold what it should.
    #[error("the work folder: {what}")]
    Work {
        /// What is wrong.
        what: String,
    },
    /// The cluster does not work.
    #[cfg(feature = "cluster")]
    #[error(transparent)]
    Cluster(#[from] dataset::cluster::ClusterError),
    /// There is no cluster in this build.
    #[error("built without clusters; `cargo build --release --features cluster` builds taster with them")]
    NoCluster,
    /// Ctrl-C; what was read by then is kept.
    #[error("interrupted; the same command with --resume goes on from here")]
    Interrupted,
}

impl From<parquet::errors::ParquetError> for AuditError {
    fn from(error: parquet::errors::ParquetError) -> Self {
        AuditError::Work { what: error.to_string() }
    }
}

impl From<arrow::error::ArrowError> for AuditError {
    fn from(error: arrow::error::ArrowError) -> Self {
        AuditError::Work { what: error.to_string() }
    }
}

impl From<serde_json::Error> for AuditError {
    fn from(error: serde_json::Error) -> Self {
        AuditError::Work { what: format!("what a reader answered: {error}") }
    }
}
