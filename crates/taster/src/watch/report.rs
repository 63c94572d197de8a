//! `taster watch report`.

use anyhow::Result;
use clap::Args;
use report::WatchReport;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use watch::{Database, Review};

/// What was seen: alarms, and rates by segment and decision.
///
/// Exit status: 0 no alarm, 1 an alarm, 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    seen: Seen,
    /// Print the report as JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// What is reported on.
#[derive(Args)]
pub struct Seen {
    /// SQLite file, or postgres://user@host/name.
    #[arg(long, value_name = "FILE|URL", default_value = "taster-watch.db")]
    database: Database,
    /// How long ago to begin.
    #[arg(long, value_name = "TIME", default_value = "7d")]
    since: String,
}

impl Seen {
    /// Everything that was seen.
    ///
    /// # Errors
    /// The database fails; the time is none.
    pub fn report(&self) -> Result<WatchReport> {
        Ok(Review::open(&self.database)?.report(super::ago("--since", &self.since)?)?)
    }
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let seen = arguments.seen.report()?;
    if arguments.json {
        writeln!(std::io::stdout(), "{}", report::json::write(&seen)?)?;
    } else {
        print(&seen)?;
    }
    Ok(ExitCode::from(u8::from(!seen.alarms.is_empty())))
}

/// Prints a report as text, as wide as the terminal.
///
/// # Errors
/// The reader has gone away.
pub fn print(seen: &WatchReport) -> Result<()> {
    let mut out = std::io::stdout();
    let width = usize::from(console::Term::stdout().size().1).clamp(60, 160);
    Ok(write!(out, "{}", report::terminal::watch(seen, width, out.is_terminal()))?)
}
