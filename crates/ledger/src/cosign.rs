//! Asking witnesses to cosign a checkpoint (the client's side of C2SP tlog-witness).

use crate::checkpoint::{Checkpoint, decimal};
use crate::error::Error;
use crate::log::Log;
use crate::merkle::Nodes;
use crate::note::{Note, Signature};
use crate::policy::Witness;
use crate::tiles::of_log;
use std::fmt::Write as _;
use std::time::Duration;

/// A witness that takes longer is taken for absent.
const PATIENCE: Duration = Duration::from_secs(20);
/// No answer of a witness is longer.
const LONGEST: u64 = 64 << 10;

/// The note of a checkpoint with the cosignatures of the policy's witnesses. `known` is a size that they have probably seen.
///
/// # Errors
/// So many refused or did not answer that the policy's quorum is not reached.
pub fn witnessed(log: &Log, note: &str, checkpoint: &Checkpoint, known: u64) -> Result<String, Error> {
    let (mut all, mut refused) = (note.to_owned(), None);
    for witness in &log.policy.witnesses {
        let Some(url) = &witness.url else { continue };
        match ask(log, witness, url, note, checkpoint, known) {
            Ok(lines) => all.push_str(&lines),
            Err(why) => refused = refused.or(Some(Error::Witness { name: witness.name.clone(), why })),
        }
    }
    match log.policy.believe(&all) {
        Ok(_) => Ok(all),
        Err(why) => Err(refused.unwrap_or_else(|| Error::broken("the new checkpoint", why))),
    }
}

fn ask(
    log: &Log,
    witness: &Witness,
    url: &str,
    note: &str,
    checkpoint: &Checkpoint,
    known: u64,
) -> Result<String, String> {
    let mut old = known;
    // Once with what we believe that it knows, once with what it says.
    for _ in 0..2 {
        let (status, body) = post(url, &request(log, old, note, checkpoint)?)?;
        match status {
            200 => return verified(witness, note, &body),
            409 => {
                let size = body.strip_suffix('\n').and_then(decimal).ok_or("it answered 409 without a size")?;
                if size > checkpoint.size {
                    return Err(format!("it has seen {size} entries, and this log has {}", checkpoint.size));
                }
                old = size;
            }
            _ => return Err(format!("it answered {status} ({})", body.trim().chars().take(200).collect::<String>())),
        }
    }
    Err("it changes its mind about what it has seen; try again".to_owned())
}

fn request(log: &Log, old: u64, note: &str, checkpoint: &Checkpoint) -> Result<String, String> {
    let mut text = format!("old {old}\n");
    if old > 0 {
        let proof = of_log(log.store, checkpoint.size).consistency(old, checkpoint.size);
        for hash in proof.map_err(|error| error.to_string())? {
            let _ = writeln!(text, "{}", hash.base64());
        }
    }
    Ok(format!("{text}\n{note}"))
}

fn post(url: &str, body: &str) -> Result<(u16, String), String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into();
    let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
    let mut response = agent.post(&url).send(body).map_err(|error| format!("{url}: {error}"))?;
    let text = response.body_mut().with_config().limit(LONGEST).read_to_string();
    Ok((response.status().as_u16(), text.map_err(|error| format!("{url}: {error}"))?))
}

/// The lines of an answer that are this witness's and fit.
fn verified(witness: &Witness, note: &str, answer: &str) -> Result<String, String> {
    let text = Note::parse(note).map_err(|error| error.to_string())?.text;
    let signatures = Signature::parse_all(answer).ok_or("its answer has no signature lines")?;
    let own = std::slice::from_ref(&witness.verifier);
    let fits =
        |signature: &Signature| Note { text: text.clone(), signatures: vec![signature.clone()] }.verify(own).is_ok();
    let lines: String = signatures.iter().filter(|it| fits(it)).take(1).map(Signature::to_string).collect();
    if lines.is_empty() { Err("its answer has no signature that fits its key".to_owned()) } else { Ok(lines) }
}
