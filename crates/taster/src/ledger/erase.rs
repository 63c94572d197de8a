//! `taster ledger erase`.

use super::Place;
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// Forget a person.
///
/// The log has commitments, HMACs with a salt for each person that stands in the home only. Without the salt a commitment says nothing
/// about anybody, and the log stays as it was. Erase the person from copies and backups of the home too. What a revocation says of a
/// commitment stays true.
///
/// Exit status: 0 forgotten, 1 not known here, 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The person's e-mail address, or name where there is none.
    #[arg(value_name = "ADDRESS")]
    person: String,
    #[command(flatten)]
    place: Place,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let erased = arguments.place.open()?.home()?.identities()?.erase(&arguments.person)?;
    let line = if erased { "forgotten" } else { "not known here" };
    arguments.place.say(&json!({ "erased": erased }), &[line.to_owned()])?;
    Ok(ExitCode::from(u8::from(!erased)))
}
