//! `taster blast`.

use crate::ledger::{Bad, Reading};
use anyhow::Result;
use clap::Args;
use ledger::Blast;
use std::process::ExitCode;

/// What must be looked at again if a source, a contributor or a document is bad?
///
/// Counts its records that were kept, segment by segment, and follows the runs in the ledger forward: models that were trained on it, and
/// models that were made from those, by fine-tuning, merging or quantising. It says what was there, not what it has done: scan the models
/// (`taster scan`) to know.
///
/// Exit status: 0 it has reached no model, 1 it has, 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    bad: Bad,
    #[command(flatten)]
    reading: Reading,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let ledger = arguments.reading.open()?;
    let snapshot = ledger.snapshot()?;
    let blast = ledger.blast(&snapshot, arguments.bad.target(&ledger)?)?;
    arguments.reading.place.say(&blast, &lines(&blast))?;
    Ok(ExitCode::from(u8::from(!blast.models.is_empty())))
}

fn lines(blast: &Blast) -> Vec<String> {
    let records: u64 = blast.segments.values().sum();
    let mut lines =
        vec![format!("{records} records in {} segments, {} models", blast.segments.len(), blast.models.len())];
    for model in &blast.models {
        let how = match model.records {
            0 => format!("through {}", model.through.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
            records => format!("{records} records in its data"),
        };
        lines.push(format!(
            "  {} {} ({:?}, entry {}): {how}",
            model.run.name, model.run.model, model.run.making, model.run.entry
        ));
    }
    lines
}
