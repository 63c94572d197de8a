//! `taster ledger revoke`.

use super::{Bad, Place};
use anyhow::Result;
use clap::Args;
use ledger::Revocation;
use serde_json::json;
use std::process::ExitCode;

/// State that something must no longer be used.
///
/// The statement is signed and stands in the log for ever. From then on `verify` names runs that use it all the same; `taster blast` says
/// which models it has reached already.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    bad: Bad,
    #[command(flatten)]
    place: Place,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let ledger = arguments.place.open()?;
    let revocation = Revocation { target: arguments.bad.target(&ledger)?, reason: arguments.reason.clone() };
    let statement = ledger.revoke(&revocation)?;
    let line = format!("revoked {:?}: statement {statement}", revocation.target);
    arguments.place.say(&json!({ "revocation": revocation, "statement": statement }), &[line])?;
    Ok(ExitCode::SUCCESS)
}
