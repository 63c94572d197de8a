//! `taster witness`.

use crate::ledger::{passphrase, read_policy, told};
use anyhow::{Context, Result};
use clap::Args;
use ledger::witness::Witness;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Witness logs: cosign a log's checkpoint only if it continues the one before.
///
/// A log that many witnesses cosign cannot show different histories to different people. Any C2SP log may ask (tlog-witness); which ones
/// are witnessed, the policies say. What was cosigned last stands in the memory before an answer is given; keep it, or the witness begins
/// anew and proves nothing about before. The logs' owners add this witness to their policies with the line that is printed at the start,
/// and with its address.
///
/// Ends on Ctrl-C or SIGTERM.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The witness's name: an address without scheme, such as witness.example.com.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Policy of a log to witness: what `taster ledger init` wrote into its home.
    #[arg(long, value_name = "FILE", required = true)]
    policy: Vec<PathBuf>,
    /// Folder of the key and of what was cosigned last.
    #[arg(long, value_name = "FOLDER", default_value = "witness")]
    memory: PathBuf,
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8520")]
    listen: SocketAddr,
}

/// Runs the command until it is interrupted.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut policies = arguments.policy.iter().map(|path| read_policy(path));
    let mut logs = policies.next().context("give --policy FILE")??;
    for policy in policies {
        logs.logs.extend(policy?.logs);
    }
    let witness = Witness::open(&arguments.name, &arguments.memory, passphrase().as_deref(), &logs)?;
    let vkey = witness.verifier().to_string();
    let ready = |address: SocketAddr| {
        eprintln!("taster: witness on http://{address}/add-checkpoint");
        eprintln!("for policies: witness {} {vkey} http://{address}", arguments.name);
        if !address.ip().is_loopback() {
            eprintln!("note: {address} can be reached from other machines, and speaks HTTP without encryption");
        }
    };
    ledger::serve::witness(witness, arguments.listen, ready, told())?;
    Ok(ExitCode::SUCCESS)
}
