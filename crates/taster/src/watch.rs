//! `taster watch`.

mod alarms;
mod gateway;
mod import;
mod otlp;
mod report;
mod serve;
mod watching;

use ::watch::dashboard::SHORTEST;
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use jiff::{SignedDuration, Span, Timestamp};
use std::process::ExitCode;

/// The commands of `taster watch`.
#[derive(Subcommand)]
pub enum Command {
    Gateway(Box<gateway::Arguments>),
    Import(import::Arguments),
    Otlp(otlp::Arguments),
    Report(report::Arguments),
    Alarms(alarms::Arguments),
    Serve(serve::Arguments),
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Gateway(arguments) => gateway::run(*arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Otlp(arguments) => otlp::run(arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Alarms(arguments) => alarms::run(&arguments),
        Command::Serve(arguments) => serve::run(arguments),
    }
}

/// The moment so long ago: `7d`, `12h`.
fn ago(option: &str, since: &str) -> Result<Timestamp> {
    let span: Span =
        since.parse().ok().with_context(|| format!("{option} {since}: write how long ago, such as 7d or 12h"))?;
    // A day of a log is 24 hours, whatever the clocks do.
    let lasted =
        SignedDuration::try_from(span).or_else(|_| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()));
    let lasted = lasted.ok().with_context(|| format!("{option} {since}: write it in weeks, days, hours or minutes"))?;
    Timestamp::now().checked_sub(lasted.abs()).with_context(|| format!("{option} {since}: too long ago"))
}

/// The variable that holds the token of the operator's pages: a flag would show it to everybody on this machine.
const TOKEN: &str = "TASTER_ADMIN_TOKEN";

/// The token that `what` asks its visitors for.
fn token(what: &str) -> Result<String> {
    match std::env::var(TOKEN) {
        Ok(token) if token.chars().count() >= SHORTEST => Ok(token),
        _ => bail!("{what} needs a token of {SHORTEST} characters or more in the environment variable {TOKEN}"),
    }
}
