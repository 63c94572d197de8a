//! The machines that audits can be spread over: what a data set's parts are read with, registered with each.

use crate::AuditError;
use crate::engine::{FETCH, SURVEY};
use dataset::cluster;
use std::net::SocketAddr;

/// Hands out the parts of audits at an address until the process ends.
///
/// # Errors
/// If it cannot listen there.
pub fn scheduler(bind: SocketAddr) -> Result<(), AuditError> {
    Ok(cluster::scheduler(bind, &[SURVEY, FETCH])?)
}

/// Reads parts of audits for the scheduler at `HOST:PORT`, so many at a time, until the process is interrupted.
///
/// # Errors
/// If no scheduler answers within a minute.
pub fn executor(scheduler: String, tasks: usize) -> Result<(), AuditError> {
    Ok(cluster::executor(&cluster::Executor { scheduler, tasks }, &[SURVEY, FETCH])?)
}
