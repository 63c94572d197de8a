//! `taster ledger`.

mod add;
mod erase;
mod export;
mod init;
mod key;
mod log;
mod place;
mod prove;
mod revoke;
mod seal;
mod serve;
mod sign_model;
mod train;
mod transform;
mod verify;
mod verify_model;

pub use place::{Place, Reading, passphrase, read_policy};
pub use serve::told;

use ::ledger::Target;
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use std::process::ExitCode;

/// The commands of `taster ledger`.
#[derive(Subcommand)]
pub enum Command {
    Init(init::Arguments),
    Add(add::Arguments),
    Transform(transform::Arguments),
    Train(train::Arguments),
    Seal(seal::Arguments),
    Verify(verify::Arguments),
    Prove(prove::Arguments),
    Log(log::Arguments),
    Export(export::Arguments),
    SignModel(sign_model::Arguments),
    VerifyModel(verify_model::Arguments),
    Revoke(revoke::Arguments),
    Erase(erase::Arguments),
    Key(key::Arguments),
    Serve(serve::Arguments),
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Init(arguments) => init::run(&arguments),
        Command::Add(arguments) => add::run(&arguments),
        Command::Transform(arguments) => transform::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Seal(arguments) => seal::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Prove(arguments) => prove::run(&arguments),
        Command::Log(arguments) => log::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::SignModel(arguments) => sign_model::run(&arguments),
        Command::VerifyModel(arguments) => verify_model::run(&arguments),
        Command::Revoke(arguments) => revoke::run(&arguments),
        Command::Erase(arguments) => erase::run(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::Serve(arguments) => serve::run(arguments),
    }
}

/// What is bad: one of the three.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub struct Bad {
    /// Everything from this source, as `taster ledger log` writes it.
    #[arg(long, value_name = "URL|FOLDER")]
    source: Option<String>,
    /// Everything that this person wrote or committed: an e-mail address, or the commitment in records.
    #[arg(long, value_name = "ADDRESS|COMMITMENT")]
    contributor: Option<String>,
    /// This document, by the SHA-256 of its content.
    #[arg(long, value_name = "SHA256")]
    document: Option<::ledger::Digest>,
}

impl Bad {
    /// The same as a target. A person is looked up in the home's identities.
    ///
    /// # Errors
    /// Nobody of this name is known.
    pub fn target(&self, ledger: &::ledger::Ledger) -> Result<Target> {
        match self {
            Bad { source: Some(source), .. } => Ok(Target::Source(source.clone())),
            Bad { document: Some(document), .. } => Ok(Target::Document(*document)),
            Bad { contributor: Some(name), .. } => match name.parse() {
                Ok(commitment) => Ok(Target::Contributor(commitment)),
                Err(_) => {
                    let known = ledger.home()?.identities()?.find(name)?;
                    let advice = "nobody of this name is known here; give the commitment from a record";
                    Ok(Target::Contributor(known.with_context(|| format!("--contributor {name}: {advice}"))?))
                }
            },
            _ => bail!("give one of --source, --contributor and --document"),
        }
    }
}
