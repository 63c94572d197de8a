//! `taster watch report`.

use anyhow::Result;
use clap::Args;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use watch::{Database, Review};

/// What was seen: alarms, and rates by segment and decision.
///
/// Exit status: 0 no alarm, 1 an alarm, 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// SQLite file, or postgres://user@host/name.
    #[arg(long, value_name = "FILE|URL", default_value = "taster-watch.db")]
    database: Database,
    /// How long ago to begin.
    #[arg(long, value_name = "TIME", default_value = "7d")]
    since: String,
    /// Print the report as JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let seen = Review::open(&arguments.database)?.report(super::ago("--since", &arguments.since)?)?;
    let mut out = std::io::stdout();
    if arguments.json {
        writeln!(out, "{}", report::json::write(&seen)?)?;
    } else {
        let width = usize::from(console::Term::stdout().size().1).clamp(60, 160);
        write!(out, "{}", report::terminal::watch(&seen, width, out.is_terminal()))?;
    }
    Ok(ExitCode::from(u8::from(!seen.alarms.is_empty())))
}
