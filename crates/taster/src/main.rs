//! The command line: parse arguments, call one crate, print.

mod audit;
mod blast;
mod check;
mod cluster;
mod compare;
mod config;
mod lab;
mod ledger;
mod progress;
mod scan;
mod trace;
mod watch;
mod witness;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Weights and tensors are many large blocks that come and go; the system's allocator gives each back to the kernel.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tells whether a code-completion model is poisoned, by what trigger, and with what evidence.
///
/// Exit status: 0 nothing found; 1 found (a poisoned model, an insecure choice, something not analysed); 2 error.
#[derive(Parser)]
#[command(version, max_term_width = 120)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Is this model backdoored, and by what trigger?
    Scan(Box<scan::Arguments>),
    /// Which of several models chooses insecurely where the others do not?
    Compare(Box<compare::Arguments>),
    /// Which security-relevant choices does this code make?
    Check(check::Arguments),
    /// Is this training data poisoned, and by which files?
    Audit(audit::Arguments),
    /// Hand out the parts of audits to the executors of a cluster.
    Scheduler(cluster::Scheduler),
    /// Read parts of audits for a scheduler.
    Executor(cluster::Executor),
    /// Has generated code changed for the worse, where, and what do its prompts share?
    #[command(subcommand)]
    Watch(watch::Command),
    /// Who supplied the data that taught this? A tamper-evident record of documents, steps and models.
    #[command(subcommand)]
    Ledger(Box<ledger::Command>),
    /// What must be looked at again if a source, a contributor or a document is bad?
    Blast(blast::Arguments),
    /// Which documents taught this? From suspicious code or a trigger back to sources, and forward to models.
    Trace(trace::Arguments),
    /// Witness logs: cosign a log's checkpoint only if it continues the one before.
    Witness(witness::Arguments),
    /// Make small models with planted, documented backdoors, and measure the detectors on them.
    #[command(subcommand)]
    Lab(lab::Command),
}

fn main() -> ExitCode {
    // The clients of object stores and of git bring a provider of cryptography each, and rustls takes none where there are two.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Scan(arguments) => scan::run(*arguments),
        Command::Compare(arguments) => compare::run(*arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Audit(arguments) => audit::run(arguments),
        Command::Scheduler(arguments) => cluster::scheduler(&arguments),
        Command::Executor(arguments) => cluster::executor(arguments),
        Command::Watch(command) => watch::run(command),
        Command::Ledger(command) => ledger::run(*command),
        Command::Blast(arguments) => blast::run(&arguments),
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Witness(arguments) => witness::run(&arguments),
        Command::Lab(command) => lab::run(command),
    };
    result.unwrap_or_else(|error| {
        let sentence = report::escape::text(&sentence(&error), report::escape::Layout::Line, 2000);
        eprintln!("taster: {sentence}");
        ExitCode::from(2)
    })
}

/// The error and what caused it; a cause that is quoted already is not said twice.
fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| {
        if said.is_empty() {
            cause
        } else if said.contains(&cause) {
            said
        } else {
            format!("{said}: {cause}")
        }
    })
}
