//! `taster watch`.

use crate::gateway;
use anyhow::Result;
use clap::Subcommand;
use std::process::ExitCode;

/// What `taster watch` does.
#[derive(Subcommand)]
pub enum Command {
    /// Stand in front of a model server and read what it writes while it passes.
    Gateway(Box<gateway::Arguments>),
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Gateway(arguments) => gateway::run(*arguments),
    }
}
