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
    /// Begin a ledger: an empty log, a key, and whom to believe.
    Init(init::Arguments),
    /// Record where documents came from: a folder, a Git repository with its history, a data set.
    Add(add::Arguments),
    /// Record what a filter, a deduplication or a mix did with each document.
    Transform(transform::Arguments),
    /// Record which data and which models went into a model.
    Train(train::Arguments),
    /// Put what was added into the log, for ever.
    Seal(seal::Arguments),
    /// Does the story hold? Reads everything and names the first place where it does not.
    Verify(verify::Arguments),
    /// Prove that a document stands in the log, or check such a proof.
    Prove(prove::Arguments),
    /// What the log says, entry by entry.
    Log(log::Arguments),
    /// Write what the log says in a format of others: SLSA, CycloneDX, SPDX, Croissant.
    Export(export::Arguments),
    /// Sign a model for whoever receives it (OpenSSF Model Signing).
    SignModel(sign_model::Arguments),
    /// Is this model the one that was signed (OpenSSF Model Signing)?
    VerifyModel(verify_model::Arguments),
    /// State that a source, a contributor or a document must no longer be used.
    Revoke(revoke::Arguments),
    /// Forget a person: the commitments to them in the log say nothing any more.
    Erase(erase::Arguments),
    /// Make a further key; both sign from now on.
    Key(key::Arguments),
    /// Serve the log over HTTP, for any C2SP client.
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
