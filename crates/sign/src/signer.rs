//! What signs: a key in memory, or a program that has the key (a security module, a key service).

use crate::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use std::io::Write;
use std::process::{Command, Stdio};

/// Signs with Ed25519.
#[derive(Debug)]
pub enum Signer {
    /// A key in memory.
    Key(SigningKey),
    /// A program, run by the shell once a signature: it reads the message from standard input and writes the 64 bytes of the signature,
    /// raw or in base64, to standard output. Its answer is checked against the public key.
    Command {
        /// The command line.
        command: String,
        /// The key that it signs with.
        public: VerifyingKey,
    },
}

impl Signer {
    /// The key that grows from a seed.
    pub fn from_seed(seed: [u8; 32]) -> Signer {
        Signer::from(SigningKey::from_bytes(&seed))
    }

    /// The key that its signatures are checked with.
    pub fn public(&self) -> VerifyingKey {
        match self {
            Signer::Key(key) => key.verifying_key(),
            Signer::Command { public, .. } => *public,
        }
    }

    /// Signs a message.
    ///
    /// # Errors
    /// The program fails, or signs with another key.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], Error> {
        match self {
            Signer::Key(key) => Ok(ed25519_dalek::Signer::sign(key, message).to_bytes()),
            Signer::Command { command, public } => {
                asked(command, public, message).map_err(|why| Error::Command { command: command.clone(), why })
            }
        }
    }
}

impl From<SigningKey> for Signer {
    fn from(key: SigningKey) -> Signer {
        Signer::Key(key)
    }
}

fn asked(command: &str, public: &VerifyingKey, message: &[u8]) -> Result<[u8; 64], String> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("could not be started ({error})"))?;
    if let Some(mut input) = child.stdin.take() {
        // A program that does not read its input says so by its exit status or its answer.
        let _ = input.write_all(message);
    }
    let output = child.wait_with_output().map_err(|error| format!("could not be heard ({error})"))?;
    if !output.status.success() {
        return Err(format!("failed ({})", output.status));
    }
    let raw = <[u8; 64]>::try_from(&*output.stdout).ok();
    let text = || String::from_utf8(output.stdout.clone()).ok().and_then(|text| STANDARD.decode(text.trim()).ok());
    let signature =
        raw.or_else(|| text()?.try_into().ok()).ok_or("wrote no signature of 64 bytes, raw or in base64")?;
    public
        .verify_strict(message, &Signature::from_bytes(&signature))
        .map_err(|_| "signed with another key than its public key says")?;
    Ok(signature)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_program_signs_and_one_that_lies_is_found_out() {
        let key = Signer::from_seed([1; 32]);
        let signature = STANDARD.encode(key.sign(b"message").unwrap());
        let program = |command: String| Signer::Command { command, public: key.public() };
        let honest = program(format!("cat > /dev/null; echo {signature}"));
        assert_eq!(honest.sign(b"message").unwrap(), key.sign(b"message").unwrap());
        for (command, said) in [
            (format!("echo {signature}"), "another key"),
            ("exit 3".to_owned(), "failed"),
            ("echo no".to_owned(), "no signature"),
        ] {
            let error = program(command).sign(b"another message").unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
