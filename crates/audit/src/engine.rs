//! Where parts are read: on all cores of this machine, or on a cluster.

use crate::{AuditError, fetch, survey};
#[cfg(feature = "cluster")]
use dataset::cluster::Cluster;
use rayon::prelude::*;
use std::sync::mpsc::sync_channel;

/// What an audit runs on the parts of a data set, by its name: from text to text, so that it runs as well on another machine.
pub(crate) type Function = (&'static str, fn(&str) -> Result<String, String>);

/// Reads parts and leaves outlines.
pub(crate) const SURVEY: Function = ("survey", survey::survey);
/// Brings documents of parts.
pub(crate) const FETCH: Function = ("fetch", fetch::fetch);

/// Where parts are read.
#[derive(Debug)]
pub(crate) enum Engine {
    /// On all cores of this machine.
    Here,
    /// On a cluster, with answers by way of the work folder.
    #[cfg(feature = "cluster")]
    Cluster {
        /// Its client.
        cluster: Box<Cluster>,
        /// The work folder.
        work: String,
    },
}

impl Engine {
    /// The cluster of the scheduler at an address, or this machine.
    ///
    /// # Errors
    /// If no scheduler answers, or if clusters were not built in.
    #[cfg(feature = "cluster")]
    pub fn at(cluster: Option<&str>, work: String) -> Result<Engine, AuditError> {
        match cluster {
            None => Ok(Engine::Here),
            Some(address) => Ok(Engine::Cluster { cluster: Box::new(Cluster::connect(address)?), work }),
        }
    }

    /// The cluster of the scheduler at an address, or this machine.
    ///
    /// # Errors
    /// If no scheduler answers, or if clusters were not built in.
    #[cfg(not(feature = "cluster"))]
    pub fn at(cluster: Option<&str>, _: String) -> Result<Engine, AuditError> {
        match cluster {
            None => Ok(Engine::Here),
            Some(_) => Err(AuditError::NoCluster),
        }
    }

    /// Runs a function on every input, wherever there is a free core, and hands on the answers as they come.
    ///
    /// # Errors
    /// The first of a function or of `answer`; what is not begun by then is not.
    pub fn each(
        &self,
        function: Function,
        inputs: &[String],
        mut answer: impl FnMut(&str) -> Result<(), AuditError>,
    ) -> Result<(), AuditError> {
        let answered = |said: Result<String, String>| answer(&said.map_err(|what| AuditError::Work { what })?);
        match self {
            Engine::Here => here(function, inputs, answered),
            #[cfg(feature = "cluster")]
            Engine::Cluster { cluster, work } => cluster.each(function, inputs, work, answered),
        }
    }
}

fn here(
    (_, run): Function,
    inputs: &[String],
    answered: impl FnMut(Result<String, String>) -> Result<(), AuditError>,
) -> Result<(), AuditError> {
    let (sender, receiver) = sync_channel(0);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A send fails when nobody listens any more: then the rest is not asked for.
            let _ = inputs.par_iter().try_for_each_with(sender, |sender, input| sender.send(run(input)).ok());
        });
        receiver.into_iter().try_for_each(answered)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_input_is_answered_once_and_an_error_ends_the_rest() {
        let inputs: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        let mut answers = Vec::new();
        let echo: Function = ("echo", |input| Ok(input.to_owned()));
        let mut push = |answer: &str| {
            answers.push(answer.to_owned());
            Ok(())
        };
        Engine::Here.each(echo, &inputs, &mut push).unwrap();
        answers.sort_by_key(|answer| answer.parse::<u32>().unwrap());
        assert_eq!(answers, inputs);
        let seven: Function = ("seven", |input| if input == "7" { Err("seven".to_owned()) } else { Ok(String::new()) });
        let failed = Engine::Here.each(seven, &inputs, |_| Ok(()));
        assert!(failed.unwrap_err().to_string().contains("seven"));
    }
}
