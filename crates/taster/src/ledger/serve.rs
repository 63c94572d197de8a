//! `taster ledger serve`.

use super::Place;
use anyhow::Result;
use clap::Args;
use std::net::SocketAddr;
use std::process::ExitCode;

/// Serve the log over HTTP, for any C2SP client.
///
/// Read only: the checkpoint, tiles, bundles, statements and segments, as they stand in the ledger. A web server over the folder does as
/// well. What waits to be sealed is not shown, and the home least of all.
///
/// Ends on Ctrl-C or SIGTERM.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8510")]
    listen: SocketAddr,
}

/// Runs the command until it is interrupted.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let store = ledger::Store::open(&arguments.place.ledger)?;
    let ready = |address: SocketAddr| eprintln!("taster: ledger on http://{address}/checkpoint");
    ledger::serve::ledger(store, arguments.listen, ready, told())?;
    Ok(ExitCode::SUCCESS)
}

/// Ctrl-C, or SIGTERM as from a service manager.
pub async fn told() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return drop(tokio::signal::ctrl_c().await) };
    tokio::select! { _ = tokio::signal::ctrl_c() => {}, _ = terminate.recv() => {} }
}
