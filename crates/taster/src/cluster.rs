//! `taster scheduler` and `taster executor`: the machines that an audit can be spread over.

use anyhow::Context;
use clap::Args;
use dataset::cluster;
use dataset::engine::ScalarUDF;
use std::net::SocketAddr;
use std::process::ExitCode;

/// Options of `taster scheduler`.
#[derive(Args)]
pub struct Scheduler {
    /// Where it listens. It asks nobody for a password: give an address of a network that only the cluster is on.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50050")]
    bind: SocketAddr,
}

/// Options of `taster executor`.
#[derive(Args)]
pub struct Executor {
    /// The scheduler that hands out the work.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50050")]
    scheduler: String,
    /// Where it listens, on this port and the next. It asks nobody for a password either.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50051")]
    bind: SocketAddr,
    /// The name under which the other machines reach it, where that is not the address.
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Parts that it works on at a time; one a core where not given.
    #[arg(long, value_name = "N")]
    tasks: Option<usize>,
}

/// What both know beside SQL.
fn functions() -> Vec<ScalarUDF> {
    Vec::new()
}

/// Runs a scheduler until it is interrupted.
pub fn scheduler(arguments: &Scheduler) -> anyhow::Result<ExitCode> {
    eprintln!("taster: scheduler at {}", arguments.bind);
    cluster::scheduler(arguments.bind, functions()).context("the scheduler stopped")?;
    Ok(ExitCode::SUCCESS)
}

/// Runs an executor until it is interrupted.
pub fn executor(arguments: Executor) -> anyhow::Result<ExitCode> {
    let Executor { scheduler, bind, host, tasks } = arguments;
    eprintln!("taster: executor at {bind} for the scheduler at {scheduler}");
    let executor = cluster::Executor { scheduler, bind, host, tasks };
    cluster::executor(&executor, functions()).context("the executor stopped")?;
    Ok(ExitCode::SUCCESS)
}
