//! `taster scheduler` and `taster executor`: the machines that an audit can be spread over.

use anyhow::Result;
use audit::cluster;
use clap::Args;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::ExitCode;

/// Hand out the parts of audits to the executors of a cluster.
///
/// One machine runs `taster scheduler`, each that is to read runs `taster executor`, and `taster audit DATASET --cluster HOST:PORT --work FOLDER`
/// asks. All run the same version of taster. The data set and the work folder lie where every executor reaches them by the same name: on a
/// file system that all share, or on an object store (s3://, gs://, az://).
///
/// Nobody is asked for a password: whoever reaches the address can have files read and written with the rights of the executors. Bind it to a
/// network that only the cluster is on.
///
/// Only in builds with clusters: cargo build --release --features cluster.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Scheduler {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50050")]
    bind: SocketAddr,
}

/// Read parts of audits for a scheduler.
///
/// An executor asks the scheduler for work and listens to nobody, so that any number can run behind any router. One that is killed costs the
/// time of what it was reading: after some 15 seconds its parts are given to others. Ctrl-C lets it end the parts that it reads.
///
/// Only in builds with clusters: cargo build --release --features cluster.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Executor {
    /// The scheduler that hands out the work.
    #[arg(value_name = "HOST:PORT", default_value = "127.0.0.1:50050")]
    scheduler: String,
    /// Parts to read at a time, each on a core [default: all cores].
    #[arg(long, value_name = "N")]
    tasks: Option<NonZeroUsize>,
}

/// Runs a scheduler until it is ended.
///
/// # Errors
/// One sentence that names the address, or says how to get clusters.
pub fn scheduler(arguments: &Scheduler) -> Result<ExitCode> {
    cluster::built_in()?;
    eprintln!("taster: scheduler at {}", arguments.bind);
    cluster::scheduler(arguments.bind)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs an executor until it is interrupted.
///
/// # Errors
/// One sentence that names the scheduler, or says how to get clusters.
pub fn executor(Executor { scheduler, tasks }: Executor) -> Result<ExitCode> {
    cluster::built_in()?;
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let tasks = tasks.map_or_else(cores, NonZeroUsize::get);
    eprintln!("taster: executor of the scheduler at {scheduler}, {tasks} parts at a time");
    cluster::executor(scheduler, tasks)?;
    Ok(ExitCode::SUCCESS)
}
