//! Where a part is read: on the cores of this machine, or on a cluster.

use crate::{AuditError, fetch, survey};
use rayon::prelude::*;
use std::sync::mpsc::sync_channel;

/// What an audit runs on the parts of a data set: from text to text, so that any engine can carry it.
pub type Function = fn(&str) -> Result<String, String>;

/// The functions by their names.
pub const FUNCTIONS: [(&str, Function); 2] = [(survey::NAME, survey::survey), (fetch::NAME, fetch::fetch)];

/// Runs functions on many inputs.
pub(crate) enum Engine {
    Here,
}

impl Engine {
    /// Here, or on the cluster of a scheduler.
    pub fn of(cluster: Option<&str>) -> Result<Engine, AuditError> {
        match cluster {
            None => Ok(Engine::Here),
            Some(_) => Err(AuditError::Work { what: "this build has no cluster".to_owned() }),
        }
    }

    /// Runs a function on every input, wherever there is a free core, and hands on the answers as they come.
    pub fn each(
        &self,
        function: &str,
        inputs: &[String],
        _folder: &str,
        answer: &mut dyn FnMut(&str) -> Result<(), AuditError>,
    ) -> Result<(), AuditError> {
        let Some((_, run)) = FUNCTIONS.iter().find(|(name, _)| *name == function) else { return Ok(()) };
        let (sender, receiver) = sync_channel(0);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // A send fails when nobody listens any more: then the rest is not asked for.
                let _ = inputs.par_iter().try_for_each_with(sender, |sender, input| sender.send(run(input)).ok());
            });
            receiver.into_iter().try_for_each(|answered| answer(&answered.map_err(|what| AuditError::Work { what })?))
        })
    }
}
