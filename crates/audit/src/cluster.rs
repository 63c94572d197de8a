//! The machines that audits can be spread over: what a data set's parts are read with, registered with each.
//!
//! Without the feature `cluster` all of it is refused with [`AuditError::NoCluster`], which says how to get it.

use crate::AuditError;
use std::net::SocketAddr;

/// Whether this build has clusters.
///
/// # Errors
/// [`AuditError::NoCluster`] where it has none.
pub fn built_in() -> Result<(), AuditError> {
    if cfg!(feature = "cluster") { Ok(()) } else { Err(AuditError::NoCluster) }
}

/// Hands out the parts of audits at an address until the process ends.
///
/// # Errors
/// If it cannot listen there.
#[cfg(feature = "cluster")]
pub fn scheduler(bind: SocketAddr) -> Result<(), AuditError> {
    Ok(dataset::cluster::scheduler(bind, &[crate::engine::SURVEY, crate::engine::FETCH])?)
}

/// Reads parts of audits for the scheduler at `HOST:PORT`, so many at a time, until the process is interrupted.
///
/// # Errors
/// If no scheduler answers within a minute.
#[cfg(feature = "cluster")]
pub fn executor(scheduler: String, tasks: usize) -> Result<(), AuditError> {
    let executor = dataset::cluster::Executor { scheduler, tasks };
    Ok(dataset::cluster::executor(&executor, &[crate::engine::SURVEY, crate::engine::FETCH])?)
}

/// Hands out the parts of audits at an address until the process ends.
///
/// # Errors
/// There are no clusters in this build.
#[cfg(not(feature = "cluster"))]
pub fn scheduler(_: SocketAddr) -> Result<(), AuditError> {
    built_in()
}

/// Reads parts of audits for the scheduler at `HOST:PORT`, so many at a time, until the process is interrupted.
///
/// # Errors
/// There are no clusters in this build.
#[cfg(not(feature = "cluster"))]
pub fn executor(_: String, _: usize) -> Result<(), AuditError> {
    built_in()
}
