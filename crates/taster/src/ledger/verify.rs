//! `taster ledger verify`.

use super::Reading;
use crate::progress;
use anyhow::Result;
use clap::Args;
use ledger::Verification;
use std::process::ExitCode;

/// Does the story hold?
///
/// Reads everything in the ledger: the signatures of checkpoints and statements, every tile, every record, every index. What it names first
/// is the first place that is not as it was sealed. It also names runs that used what had been revoked before.
///
/// Somebody else's ledger is verified with --policy, the file that its owner has given you. A log that was put back to an earlier state is
/// found by who has seen the later one: the home remembers the last checkpoint, and witnesses do.
///
/// Exit status: 0 it holds, 1 it does not, 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    reading: Reading,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let ledger = arguments.reading.open()?;
    let known = ledger.snapshot().map_or(0, |it| it.segments().map(|(_, seal)| seal.records).sum());
    let bar = progress::bar(known);
    let found = ledger.verify(&|records| bar.set_position(records));
    bar.finish_and_clear();
    arguments.reading.place.say(&found, &lines(&found))?;
    Ok(ExitCode::from(u8::from(!found.faults.is_empty())))
}

fn lines(found: &Verification) -> Vec<String> {
    let mut lines: Vec<String> = found.faults.iter().map(|fault| format!("{}: {}", fault.place, fault.why)).collect();
    let verdict = if found.faults.is_empty() { "the story holds" } else { "the story does not hold" };
    lines.push(format!(
        "{verdict}: {} entries, {} segments with {} records, {} statements; {} segments wait to be sealed, {} objects belong to nothing",
        found.entries, found.segments, found.records, found.statements, found.waiting, found.orphans
    ));
    lines.extend(found.remarks.iter().map(|remark| format!("note: {remark}")));
    lines
}
