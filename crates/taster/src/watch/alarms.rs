//! `taster watch alarms`.

use anyhow::{Context, Result};
use clap::Args;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use watch::{Database, Review};

/// The alarms.
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
    /// Print one alarm a line as JSON instead of text.
    #[arg(long)]
    json: bool,
    /// Also write them to FILE as SARIF 2.1.0.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Also write them to FILE as a STIX 2.1 bundle.
    #[arg(long, value_name = "FILE")]
    stix: Option<PathBuf>,
    /// Also write the features that were mined to FILE, for `taster scan --triggers`.
    #[arg(long, value_name = "FILE")]
    triggers: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut seen = Review::open(&arguments.database)?.report(super::ago("--since", &arguments.since)?)?;
    if let Some(path) = &arguments.sarif {
        write(path, &report::sarif::watch(&seen)?)?;
    }
    if let Some(path) = &arguments.stix {
        write(path, &report::json::write(&report::stix::alarms(&seen))?)?;
    }
    if let Some(path) = &arguments.triggers {
        write(path, &watch::triggers(&seen.alarms))?;
    }
    let mut out = std::io::stdout();
    if arguments.json {
        for alarm in &seen.alarms {
            writeln!(out, "{}", report::escape::json(&serde_json::to_string(alarm)?))?;
        }
    } else {
        seen.rates.clear();
        let width = usize::from(console::Term::stdout().size().1).clamp(60, 160);
        write!(out, "{}", report::terminal::watch(&seen, width, out.is_terminal()))?;
    }
    Ok(ExitCode::from(u8::from(!seen.alarms.is_empty())))
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("{}: cannot be written; give another file", path.display()))
}
