//! `taster ledger key`.

use super::Place;
use super::place::passphrase;
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// Make a further key; both sign from now on.
///
/// The old key states in the log that the new one is the log's. Give the new policy to whoever verifies; when all have it, move the old key
/// file out of the home: only the new one signs then. Keep the old key's line in the policy, or its statements are not believed any more.
/// Where TASTER_LEDGER_PASSPHRASE is set, the new key is encrypted with it.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let log = arguments.place.open()?.rotate(passphrase().as_deref())?.to_string();
    let line = format!("a further key signs from now on: log {log}");
    arguments.place.say(&json!({ "log": log }), &[line])?;
    Ok(ExitCode::SUCCESS)
}
