//! Where parts are read: on all cores of this machine.

use crate::AuditError;
use rayon::prelude::*;
use std::sync::mpsc::sync_channel;

/// What an audit runs on the parts of a data set: from text to text, so that it could as well run on another machine.
pub(crate) type Function = fn(&str) -> Result<String, String>;

/// Runs a function on every input, wherever there is a free core, and hands on the answers as they come.
///
/// # Errors
/// The first of a function or of `answer`; what is not begun by then is not.
pub(crate) fn each(
    function: Function,
    inputs: &[String],
    mut answer: impl FnMut(&str) -> Result<(), AuditError>,
) -> Result<(), AuditError> {
    let (sender, receiver) = sync_channel(0);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A send fails when nobody listens any more: then the rest is not asked for.
            let _ = inputs.par_iter().try_for_each_with(sender, |sender, input| sender.send(function(input)).ok());
        });
        receiver.into_iter().try_for_each(|answered| answer(&answered.map_err(|what| AuditError::Work { what })?))
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
        each(
            |input| Ok(input.to_owned()),
            &inputs,
            |answer| {
                answers.push(answer.to_owned());
                Ok(())
            },
        )
        .unwrap();
        answers.sort_by_key(|answer| answer.parse::<u32>().unwrap());
        assert_eq!(answers, inputs);
        let failed =
            each(|input| if input == "7" { Err("seven".to_owned()) } else { Ok(String::new()) }, &inputs, |_| Ok(()));
        assert!(failed.unwrap_err().to_string().contains("seven"));
    }
}
