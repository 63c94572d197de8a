//! Signed statements: a DSSE envelope (Dead Simple Signing Envelope, protocol version 1) with one Ed25519 signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signed>,
}

#[derive(Serialize, Deserialize)]
struct Signed {
    /// The public key in hex.
    keyid: String,
    sig: String,
}

/// The signing key in a PKCS #8 file; made, for its owner's eyes alone, where there is none.
///
/// # Errors
/// What is wrong with the file.
pub fn key(path: &Path) -> Result<SigningKey, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => SigningKey::from_pkcs8_pem(&text).map_err(|_| "holds no Ed25519 key in PKCS #8 PEM".to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = SigningKey::from_bytes(&rand::random());
            let text = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| error.to_string())?;
            let folder = path.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder).map_err(|error| format!("cannot be written ({error})"))?;
            let mut file = private(path).map_err(|error| format!("cannot be written ({error})"))?;
            file.write_all(text.as_bytes()).map_err(|error| format!("cannot be written ({error})"))?;
            Ok(key)
        }
        Err(error) => Err(format!("cannot be read ({error})")),
    }
}

fn private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The public key in hex.
pub fn name(key: &VerifyingKey) -> String {
    key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signs a payload of a type.
///
/// # Errors
/// None in practice.
pub fn seal(key: &SigningKey, kind: &str, payload: &[u8]) -> Result<String, serde_json::Error> {
    let signature = key.sign(&encoding(kind, payload));
    let signed = Signed { keyid: name(&key.verifying_key()), sig: STANDARD.encode(signature.to_bytes()) };
    let envelope =
        Envelope { payload_type: kind.to_owned(), payload: STANDARD.encode(payload), signatures: vec![signed] };
    serde_json::to_string(&envelope)
}

/// The payload of an envelope of this type, and the key that signed it.
///
/// # Errors
/// What is wrong with it.
pub fn open(text: &str, kind: &str) -> Result<(Vec<u8>, VerifyingKey), String> {
    let envelope: Envelope = serde_json::from_str(text).map_err(|error| format!("is no signed statement ({error})"))?;
    if envelope.payload_type != kind {
        return Err(format!("is of type {:?}, not {kind:?}", envelope.payload_type));
    }
    let decoded = |text: &str| STANDARD.decode(text).map_err(|error| format!("is damaged ({error})"));
    let payload = decoded(&envelope.payload)?;
    let [signed] = envelope.signatures.as_slice() else { return Err("must have one signature".to_owned()) };
    let key = public(&signed.keyid).ok_or("names no Ed25519 key")?;
    let signature = Signature::from_slice(&decoded(&signed.sig)?).map_err(|_| "has no Ed25519 signature")?;
    key.verify_strict(&encoding(kind, &payload), &signature)
        .map_err(|_| "was changed after it was signed: its signature does not fit")?;
    Ok((payload, key))
}

fn public(hex: &str) -> Option<VerifyingKey> {
    let digits = |at: usize| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..32).filter_map(digits).collect();
    VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()
}

/// What is signed: type and payload with their lengths (DSSE's pre-authentication encoding).
fn encoding(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoded = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    encoded.extend_from_slice(payload);
    encoded
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_protocol() {
        assert_eq!(
            encoding("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn a_changed_statement_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/key.pem");
        let key = super::key(&path).unwrap();
        assert_eq!(super::key(&path).unwrap(), key);
        let sealed = seal(&key, "a", b"first").unwrap();
        assert_eq!(open(&sealed, "a").unwrap(), (b"first".to_vec(), key.verifying_key()));
        let forged = sealed.replace(&STANDARD.encode("first"), &STANDARD.encode("other"));
        for (text, said) in
            [(forged, "does not fit"), (sealed.replace("\"a\"", "\"b\""), "of type"), ("{}".to_owned(), "no signed")]
        {
            let error = open(&text, "a").unwrap_err();
            assert!(error.contains(said), "{error}");
        }
        assert!(open(&sealed[..sealed.len() / 2], "a").is_err());
    }
}
