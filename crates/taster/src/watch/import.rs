//! `taster watch import`.

use super::watching::Watching;
use crate::progress;
use anyhow::{Result, bail};
use clap::Args;
use jiff::Timestamp;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use watch::{Imported, Intake};

/// Take in logs that exist already.
///
/// FILE is JSONL, one JSON document, Parquet, or gzip of text; `-` is standard input. Known are taster's recordings, OpenTelemetry traces
/// (OTLP JSON), LiteLLM's logs and Langfuse's exports. Lines that cannot be read are named and the rest is taken; what was imported before is
/// passed over.
///
/// Exit status: 0 imported, 1 imported and an alarm was raised, 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Files, or `-`.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// These completions are the reference: the baseline of what comes after, instead of its own beginning.
    #[arg(long)]
    reference: bool,
    #[command(flatten)]
    watching: Watching,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut intake = Intake::open(&arguments.watching.database, arguments.watching.settings(arguments.reference)?)?;
    let keeper = arguments.watching.keeper()?;
    let mut alarms = 0;
    for file in &arguments.files {
        let clock = Instant::now();
        let bar = progress::bar(0);
        let imported = watch::import(&mut intake, file, Timestamp::now(), &mut |imported| {
            bar.set_position(imported.accepted.new + imported.accepted.known);
        });
        bar.finish_and_clear();
        let imported = imported?;
        let taken = imported.accepted.new + imported.accepted.known;
        say(&file.display().to_string(), &imported, clock.elapsed().as_secs_f64())?;
        if taken == 0 && imported.refused > 0 {
            bail!("{}: no row can be read; see `taster watch import --help` for what can", file.display());
        }
        alarms += imported.accepted.alarms.len();
    }
    keeper.tend(&mut intake)?;
    Ok(ExitCode::from(u8::from(alarms > 0)))
}

fn say(file: &str, imported: &Imported, seconds: f64) -> Result<()> {
    let shown = |text: &str| report::escape::text(text, report::escape::Layout::Line, 300);
    let mut out = std::io::stdout();
    let accepted = &imported.accepted;
    writeln!(
        out,
        "{}: {} new completions with {} decisions, {} known before, {} not analysed, {} secrets covered, {} rows refused, {} alarms, in {seconds:.1} s",
        shown(file),
        accepted.new,
        accepted.decisions,
        accepted.known,
        accepted.not_analysed,
        accepted.secrets,
        imported.refused,
        accepted.alarms.len(),
    )?;
    for (place, why) in &imported.first_refused {
        writeln!(out, "  row {place}: {}", shown(why))?;
    }
    if imported.refused > imported.first_refused.len() as u64 {
        writeln!(out, "  and {} more", imported.refused - imported.first_refused.len() as u64)?;
    }
    Ok(())
}
