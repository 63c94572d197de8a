//! `taster ledger add`.

use super::Place;
use crate::progress;
use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use ledger::collect::{Collected, Collecting};
use std::process::ExitCode;

/// Record where documents came from.
///
/// FROM is a folder, a Git repository, or the address of one, which is cloned for the time being. Of a repository every file at its head is
/// recorded, with the commit that wrote it last, its author as a salted commitment, and its time. A licence is what a file's SPDX header
/// says, else what the nearest licence file is; otherwise it stays unknown.
///
/// Or FROM is a data set: JSONL (also .gz, .zst), Parquet, a folder with such files, or s3://, gs://, az://. Every row is recorded under its
/// name (FILE:ROW), with what its columns say: source, commit, author, time, licence.
///
/// What was added outlives the process at once, and waits until `taster ledger seal` puts it into the log.
///
/// Exit status: 0 all added, 1 something could not be read (it is named), 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Folders, Git repositories or their addresses, data sets.
    #[arg(required = true, value_name = "FROM")]
    from: Vec<String>,
    #[command(flatten)]
    place: Place,
    /// What records call the source, where a row does not say its own [default: FROM, without passwords]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Licence of what names none itself, as SPDX expression.
    #[arg(long, value_name = "SPDX")]
    licence: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let ledger = arguments.place.open()?;
    let mut refused = 0;
    for from in &arguments.from {
        let what = Collecting {
            from: from.clone(),
            source: arguments.source.clone(),
            licence: arguments.licence.clone(),
            now: Timestamp::now(),
        };
        let bar = progress::bar(0);
        bar.set_message(from.clone());
        let collected = ledger.collect(&what, &|documents| bar.set_position(documents));
        bar.finish_and_clear();
        let collected = collected?;
        arguments.place.say(&collected, &lines(from, &collected))?;
        refused += collected.refused;
    }
    Ok(ExitCode::from(u8::from(refused > 0)))
}

fn lines(from: &str, collected: &Collected) -> Vec<String> {
    let Collected { documents, bytes, unlicensed, refused, first_refused, segments } = collected;
    let mut lines = vec![format!(
        "{from}: {documents} documents of {bytes} bytes, {unlicensed} without a known licence, in {} segments that wait to be sealed; {refused} refused",
        segments.len()
    )];
    lines.extend(first_refused.iter().map(|(name, why)| format!("  {name}: {why}")));
    if *refused > first_refused.len() as u64 {
        lines.push(format!("  and {} more", refused - first_refused.len() as u64));
    }
    lines
}
