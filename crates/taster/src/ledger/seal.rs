//! `taster ledger seal`.

use super::Place;
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// Put what was added into the log, for ever.
///
/// A new checkpoint is signed and, where the policy names witnesses with addresses, cosigned by them. Several may seal at once: the log
/// never forks. If this is interrupted, run it again.
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
    let sealed = arguments.place.open()?.seal()?;
    let (checkpoint, records) = (&sealed.checkpoint, sealed.segments.iter().map(|it| it.records).sum::<u64>());
    let json =
        json!({ "segments": sealed.segments, "records": records, "size": checkpoint.size, "root": checkpoint.root });
    let line = format!(
        "{records} records in {} segments sealed; the log has {} entries, root {}",
        sealed.segments.len(),
        checkpoint.size,
        checkpoint.root
    );
    arguments.place.say(&json, &[line])?;
    Ok(ExitCode::SUCCESS)
}
