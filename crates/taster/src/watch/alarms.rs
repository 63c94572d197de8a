//! `taster watch alarms`.

use super::report::Seen;
use anyhow::{Context, Result};
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The alarms.
///
/// Exit status: 0 no alarm, 1 an alarm, 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    seen: Seen,
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
    let mut seen = arguments.seen.report()?;
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
        super::report::print(&seen)?;
    }
    Ok(ExitCode::from(u8::from(!seen.alarms.is_empty())))
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("{}: cannot be written; give another file", path.display()))
}
