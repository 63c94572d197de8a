//! `taster ledger verify-model`.

use super::Place;
use anyhow::Result;
use clap::Args;
use ledger::{Signed, verify_model};
use sign::ec::PublicKey;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Is this model the one that was signed (OpenSSF Model Signing)?
///
/// Reads every file of the model and names those that were changed, are missing or were not signed. Signatures are made by
/// `taster ledger sign-model` or by the Python package `model-signing` with a bare key; such that a certificate or sigstore's service vouches
/// for are not checked here. No ledger is needed.
///
/// Exit status: 0 it is, 1 it is not, 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The model: a folder or a file.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    #[command(flatten)]
    place: Place,
    /// The signer's public key: PEM, on P-256, P-384 or P-521 [default: HOME/model-signing.pub]
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The signature [default: MODEL/model.sig, or MODEL.sig beside a file]
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let key = arguments.public_key.clone().unwrap_or_else(|| arguments.place.home().file("model-signing.pub"));
    let signature = arguments.signature.clone().unwrap_or_else(|| signature(&arguments.model));
    let signed = verify_model(&arguments.model, &signature, &PublicKey::read(&key)?)?;
    arguments.place.say(&signed, &lines(&signed))?;
    Ok(ExitCode::from(u8::from(!signed.faults.is_empty())))
}

fn lines(signed: &Signed) -> Vec<String> {
    let mut lines: Vec<String> = signed.faults.iter().map(|fault| format!("{}: {}", fault.place, fault.why)).collect();
    let digest = signed.digest.map(|digest| digest.to_string()).unwrap_or_default();
    lines.push(match signed.faults.is_empty() {
        true => format!("the model is as it was signed: {} of {} files, {digest}", signed.name, signed.files),
        false => "the model is not as it was signed".to_owned(),
    });
    lines
}

/// Where a model's signature is by custom.
pub fn signature(model: &Path) -> PathBuf {
    if model.is_dir() {
        return model.join("model.sig");
    }
    let mut name = model.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}
