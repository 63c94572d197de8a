//! `taster watch otlp`.

use super::watching::Watching;
use anyhow::{Context, Result};
use clap::Args;
use std::net::SocketAddr;
use std::process::ExitCode;
use watch::{Intake, otlp};

/// Receive OpenTelemetry traces of generative models over HTTP (POST /v1/traces, JSON or protobuf).
///
/// Spans that tell a prompt and a completion are taken in, others are passed over. A reply of 200 means that they are stored.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4318")]
    listen: SocketAddr,
    #[command(flatten)]
    watching: Watching,
}

/// Runs the command until it is interrupted.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let intake = Intake::open(&arguments.watching.database, arguments.watching.settings(false)?)?;
    let keeper = arguments.watching.keeper()?;
    let after = Box::new(move |intake: &mut Intake| {
        // Whoever sent the trace has done their part; what goes wrong here is the operator's.
        if let Err(error) = keeper.tend(intake) {
            eprintln!("taster: {}", report::escape::text(&error.to_string(), report::escape::Layout::Line, 500));
        }
    });
    let ready = |address: SocketAddr| eprintln!("taster: receiving traces on http://{address}/v1/traces");
    let runtime = tokio::runtime::Runtime::new().context("no threads can be started")?;
    // Without a handler for Ctrl-C the process ends at once, and what was acknowledged is stored all the same.
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    runtime.block_on(otlp(intake, arguments.listen, after, ready, stop))?;
    Ok(ExitCode::SUCCESS)
}
