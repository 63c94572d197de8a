//! `taster ledger init`.

use super::Place;
use super::place::{PASSPHRASE, passphrase};
use anyhow::{Result, bail};
use clap::Args;
use ledger::note::Verifier;
use ledger::{Ledger, Signing};
use std::process::ExitCode;

/// Begin a ledger.
///
/// Two folders are made. LEDGER may be shown to everybody: it has the log, and records in which people stand as salted commitments.
/// LEDGER.home is yours: the key that signs, who is behind the commitments, the last checkpoint that was seen, and `policy`, which says
/// whose log this is. Give the policy to whoever shall verify; keep the rest, and back it up.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The log's name, for ever: an address without scheme, such as example.com/training-data. It need not answer [default: a random one]
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
    /// Encrypt the key with the passphrase in the environment variable TASTER_LEDGER_PASSPHRASE.
    #[arg(long)]
    encrypt: bool,
    /// Sign with a program instead of a key file: it reads a message from standard input and writes an Ed25519 signature.
    #[arg(long, value_name = "COMMAND", requires = "verifier", conflicts_with = "encrypt")]
    sign_command: Option<String>,
    /// The program's public key, as NAME+ID+KEY (a C2SP verifier key); its name is the log's.
    #[arg(long, value_name = "VKEY", requires = "sign_command", conflicts_with = "origin")]
    verifier: Option<Verifier>,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let random =
        || format!("taster.invalid/{:016x}", std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0));
    let (origin, signing) = match (&arguments.verifier, &arguments.sign_command) {
        (Some(verifier), Some(command)) => {
            (verifier.name.clone(), Signing::Command { command: command.clone(), public: verifier.key })
        }
        _ => {
            let passphrase = passphrase().filter(|_| arguments.encrypt);
            if arguments.encrypt && passphrase.is_none() {
                bail!("--encrypt needs a passphrase in the environment variable {PASSPHRASE}");
            }
            (arguments.origin.clone().unwrap_or_else(random), Signing::File { passphrase })
        }
    };
    let ledger = Ledger::init(&arguments.place.ledger, arguments.place.home(), &origin, &signing)?;
    let log = ledger.policy().logs.first().map(ToString::to_string).unwrap_or_default();
    let said = [
        format!("an empty ledger in {}", arguments.place.ledger),
        format!("its log is believed by: log {log}"),
        "next: taster ledger add FOLDER, then taster ledger seal".to_owned(),
    ];
    arguments
        .place
        .say(&serde_json::json!({ "ledger": arguments.place.ledger, "origin": origin, "log": log }), &said)?;
    Ok(ExitCode::SUCCESS)
}
