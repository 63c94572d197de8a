//! `taster watch serve`.

use ::watch::Database;
use ::watch::dashboard::{Dashboard, Options, Scans};
use anyhow::{Context, Result};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// A dashboard in the browser: rates by segment and decision, alarms, the prompts and completions behind them.
///
/// Every page asks for the token in the environment variable TASTER_ADMIN_TOKEN (16 characters or more): in a form, or as
/// `Authorization: Bearer`. It fetches nothing from anywhere else. /metrics is for Prometheus.
///
/// Ends on Ctrl-C or SIGTERM, and a scan under way with it.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// SQLite file, or postgres://user@host/name.
    #[arg(long, value_name = "FILE|URL", default_value = "taster-watch.db")]
    database: Database,
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8500")]
    listen: SocketAddr,
    /// The model that alarms are about, as `taster scan` takes it: alarms get a button that scans it with their features as
    /// candidates. Other settings of the scan are those of this folder's taster.toml.
    #[arg(long, value_name = "MODEL")]
    scan_model: Option<String>,
    /// Folder for these scans, one below it for each alarm.
    #[arg(long, value_name = "DIR", default_value = "taster-scans")]
    scan_out: PathBuf,
}

/// Runs the command until it is interrupted.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let token = super::token("the dashboard")?;
    let scans = arguments.scan_model.map(|model| scans(model, arguments.scan_out)).transpose()?;
    let options = Options { database: arguments.database, listen: arguments.listen, token, scans };
    let ready = |address: SocketAddr| {
        eprintln!("taster: dashboard on http://{address}/");
        if !address.ip().is_loopback() {
            eprintln!("note: {address} can be reached from other machines, and speaks HTTP without encryption");
        }
    };
    Dashboard::open(options)?.serve(ready, told())?;
    Ok(ExitCode::SUCCESS)
}

/// This same executable, as the user runs it.
fn scans(model: String, folder: PathBuf) -> Result<Scans> {
    let program =
        std::env::current_exe().context("--scan-model: this system does not tell where taster is; leave it out")?;
    Ok(Scans { program, model, folder })
}

/// Ctrl-C, or SIGTERM as from a service manager: a scan under way is ended too.
async fn told() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return drop(tokio::signal::ctrl_c().await) };
    tokio::select! { _ = tokio::signal::ctrl_c() => {}, _ = terminate.recv() => {} }
}
