//! Functions run on many machines: a Ballista scheduler hands their inputs out, and executors answer into a folder that all reach.
//!
//! A [`Function`] goes from text to text and is registered, by its name and this version, with the [`scheduler`] and every
//! [`executor`]; [`Cluster`] asks for it. Each input is a task of its own, which the executor that is free takes. Answers go through
//! the folder and not back through Ballista, so that each is seen as soon as it is there, and none is lost with the executor that
//! found it.

mod client;
mod function;
mod node;

use crate::DatasetError;
pub use client::Cluster;
pub use node::{Executor, executor, scheduler};

/// A name, and what is run by it on every input. It may run twice on one, and must then come to the same.
pub type Function = (&'static str, fn(&str) -> Result<String, String>);

/// Why a cluster does not work.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// An address that is none.
    #[error("{address}: no address; write HOST:PORT")]
    Address {
        /// What was given.
        address: String,
    },
    /// A scheduler or an executor failed or refused.
    #[error("the cluster at {address}: {what}")]
    Failed {
        /// The scheduler's address.
        address: String,
        /// What went wrong.
        what: String,
    },
    /// The folder of the answers does not work.
    #[error(transparent)]
    Folder(#[from] DatasetError),
    /// A runtime could not be started.
    #[error("the threads of the cluster's client cannot be started: {0}")]
    Start(#[from] std::io::Error),
}

/// Makes errors that name an address.
fn failed<E: std::fmt::Display>(address: &str) -> impl Fn(E) -> ClusterError {
    move |what| ClusterError::Failed { address: address.to_owned(), what: what.to_string() }
}

/// The parts of `HOST:PORT`.
fn host_and_port(address: &str) -> Result<(&str, u16), ClusterError> {
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    parts.filter(|(host, _)| !host.is_empty()).ok_or_else(|| ClusterError::Address { address: address.to_owned() })
}
