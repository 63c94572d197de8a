//! `taster ledger sign-model`.

use super::Place;
use super::place::passphrase;
use anyhow::Result;
use clap::Args;
use ledger::export::put;
use ledger::sign_model;
use serde_json::json;
use sign::ec::SecretKey;
use std::path::PathBuf;
use std::process::ExitCode;

/// Sign a model for whoever receives it (OpenSSF Model Signing).
///
/// Writes a signature over every file of the model, with a bare key on P-256: ledgers sign with Ed25519, which Model Signing does not know.
/// The key is made where there is none, encrypted with TASTER_LEDGER_PASSPHRASE where that is set; its public half is written beside it, as
/// KEY.pub. Whoever has that checks the model with `taster ledger verify-model`, or with the Python package:
/// `model_signing verify key MODEL --signature MODEL/model.sig --public_key KEY.pub`. The digest is the one that `train` records.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The model: a folder or a file.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    #[command(flatten)]
    place: Place,
    /// The key that signs: PEM, on P-256, P-384 or P-521 [default: HOME/model-signing.pem]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The signature [default: MODEL/model.sig, or MODEL.sig beside a file]
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let path = arguments.key.clone().unwrap_or_else(|| arguments.place.home().file("model-signing.pem"));
    let signature = arguments.signature.clone().unwrap_or_else(|| super::verify_model::signature(&arguments.model));
    let key = SecretKey::read_or_make(&path, passphrase().as_deref())?;
    let public = path.with_extension("pub");
    put(&public, &key.public().to_pem()?)?;
    let (text, signed) = sign_model(&arguments.model, &signature, &key)?;
    put(&signature, &text)?;
    let line =
        format!("{}: {} files; check it with --public-key {}", signature.display(), signed.files, public.display());
    let json = json!({ "signature": signature, "public_key": public, "name": signed.name, "digest": signed.digest, "files": signed.files });
    arguments.place.say(&json, &[line])?;
    Ok(ExitCode::SUCCESS)
}
