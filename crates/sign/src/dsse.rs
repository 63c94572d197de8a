//! Signed statements: DSSE envelopes (Dead Simple Signing Envelope, protocol 1.0.2) with signatures of Ed25519; those of ECDSA are read too.

use crate::{Error, Signer, ec};
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};

/// Signatures that are looked at.
const SIGNATURES: usize = 64;

/// A payload, its type, and who signed both. The payload is had by [`Envelope::open`] only, so that nobody reads what nobody has signed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signed>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Signed {
    /// A hint which key it was; nobody has signed it, so nothing is decided by it.
    #[serde(default, deserialize_with = "or_empty")]
    keyid: String,
    sig: String,
}

/// Some write null for a name that is not set; it means the same as none.
fn or_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A key that envelopes are opened with.
pub trait Opens {
    /// Whether it has signed a message.
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool;
}

impl Opens for VerifyingKey {
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.verify_strict(message, &signature).is_ok())
    }
}

impl Opens for ec::PublicKey {
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        ec::PublicKey::verifies(self, message, signature)
    }
}

impl Envelope {
    /// An envelope with one signature, of what [`encoding`] answers; the key's name is a hint and may be empty.
    pub fn new(kind: &str, payload: &[u8], keyid: &str, signature: &[u8]) -> Envelope {
        let signatures = vec![Signed { keyid: keyid.to_owned(), sig: STANDARD.encode(signature) }];
        Envelope { payload_type: kind.to_owned(), payload: STANDARD.encode(payload), signatures }
    }

    /// The payload, if it is of this type and one of the keys has signed it.
    ///
    /// # Errors
    /// It is of another type, or none of the keys has signed it as it is.
    pub fn open<K: Opens>(&self, kind: &str, keys: &[K]) -> Result<Vec<u8>, Error> {
        let payload = decoded(&self.payload)?;
        // The type is looked at only after the signature: it is part of what is signed.
        let message = encoding(&self.payload_type, &payload);
        let signatures = self.signatures.iter().take(SIGNATURES).filter_map(|signed| decoded(&signed.sig).ok());
        if !signatures.into_iter().any(|signature| keys.iter().any(|key| key.verifies(&message, &signature))) {
            return Err(Error::Statement("was changed, or is signed by no key that is trusted here".to_owned()));
        }
        if self.payload_type != kind {
            return Err(Error::Statement(format!("is of type {:?}, not {kind:?}", self.payload_type)));
        }
        Ok(payload)
    }
}

/// Signs a payload of a type; answers with the envelope as JSON.
///
/// # Errors
/// The signer fails.
pub fn seal(signer: &Signer, kind: &str, payload: &[u8]) -> Result<String, Error> {
    let signature = signer.sign(&encoding(kind, payload))?;
    let envelope = Envelope::new(kind, payload, &name(&signer.public()), &signature);
    serde_json::to_string(&envelope).map_err(|error| Error::Statement(format!("cannot be written ({error})")))
}

/// The payload of an envelope of this type that one of the keys has signed.
///
/// # Errors
/// It is no envelope, of another type, or none of the keys has signed it as it is.
pub fn open<K: Opens>(text: &str, kind: &str, keys: &[K]) -> Result<Vec<u8>, Error> {
    read(text)?.open(kind, keys)
}

/// The keys that an envelope names: whom it says that it is from. [`open`] it with one of them to believe that.
///
/// # Errors
/// It is no envelope.
pub fn claimed(text: &str) -> Result<Vec<VerifyingKey>, Error> {
    Ok(read(text)?.signatures.iter().filter_map(|signed| public(&signed.keyid)).collect())
}

/// The public key in hex, as signatures name it.
pub fn name(key: &VerifyingKey) -> String {
    key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is signed: type and payload with their lengths (DSSE's pre-authentication encoding).
pub fn encoding(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoded = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    encoded.extend_from_slice(payload);
    encoded
}

fn read(text: &str) -> Result<Envelope, Error> {
    let envelope: Envelope =
        serde_json::from_str(text).map_err(|error| Error::Statement(format!("is no DSSE envelope ({error})")))?;
    match envelope.signatures.len() {
        0 => Err(Error::Statement("has no signature".to_owned())),
        1..=SIGNATURES => Ok(envelope),
        more => Err(Error::Statement(format!("has {more} signatures; at most {SIGNATURES} are looked at"))),
    }
}

/// Both alphabets are in use, and the protocol wants both understood.
fn decoded(text: &str) -> Result<Vec<u8>, Error> {
    let by = |engine: &GeneralPurpose| engine.decode(text);
    by(&STANDARD).or_else(|_| by(&URL_SAFE)).map_err(|error| Error::Statement(format!("is damaged ({error})")))
}

fn public(hex: &str) -> Option<VerifyingKey> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let digits = |at: usize| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..32).filter_map(digits).collect();
    VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const X: &str = "67cd390f77aa359cb08c2235f652270493a9ed832b0abcc01f70954c0390d238";
    const Y: &str = "0c782bd54e269125a44f4433aff1432ce94e12bca73aa67ac80cea12608ddf74";
    const EXAMPLE: &str = r#"{"payload": "aGVsbG8gd29ybGQ=",
 "payloadType": "http://example.com/HelloWorld",
 "signatures": [{"sig": "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}"#;

    #[test]
    fn the_encoding_is_that_of_the_protocol() {
        assert_eq!(
            encoding("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    /// The key and the envelope that the protocol gives as its example: ECDSA on P-256, r and s one after the other.
    #[test]
    fn the_example_of_the_protocol_opens_and_no_change_of_it_does() {
        let point = format!("04{X}{Y}");
        let bytes: Vec<u8> = (0..65).map(|at| u8::from_str_radix(&point[2 * at..2 * at + 2], 16).unwrap()).collect();
        let key = ec::PublicKey::P256(p256::ecdsa::VerifyingKey::from_sec1_bytes(&bytes).unwrap());
        let kind = "http://example.com/HelloWorld";
        assert_eq!(open(EXAMPLE, kind, std::slice::from_ref(&key)).unwrap(), b"hello world");
        for (right, wrong) in
            [("aGVsbG8", "aGVsbG9"), ("HelloWorld", "HelloWorle"), ("\"A3Jq", "\"A3Jr"), ("jW2JI", "jW2JJ")]
        {
            let forged = EXAMPLE.replace(right, wrong);
            assert_ne!(forged, EXAMPLE);
            assert!(open(&forged, kind, std::slice::from_ref(&key)).is_err(), "{wrong}");
        }
        assert!(open(EXAMPLE, kind, &[Signer::from_seed([3; 32]).public()]).is_err());
    }

    #[test]
    fn a_changed_statement_does_not_open() {
        let signer = Signer::from_seed([3; 32]);
        let keys = [Signer::from_seed([4; 32]).public(), signer.public()];
        let sealed = seal(&signer, "a", b"first").unwrap();
        assert_eq!(open(&sealed, "a", &keys).unwrap(), b"first");
        assert_eq!(claimed(&sealed).unwrap(), keys[1..]);
        let forged = sealed.replace(&STANDARD.encode("first"), &STANDARD.encode("other"));
        for (text, kind, keys, said) in [
            (&*forged, "a", &keys[..], "was changed"),
            (&sealed.replace("\"a\"", "\"b\""), "b", &keys, "was changed"),
            (&sealed, "b", &keys, "of type"),
            (&sealed, "a", &keys[..1], "no key that is trusted"),
            ("{}", "a", &keys, "no DSSE envelope"),
            (&sealed[..sealed.len() / 2], "a", &keys, "no DSSE envelope"),
        ] {
            let error = open(text, kind, keys).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn base64_of_either_alphabet_is_understood_and_a_missing_key_name_too() {
        let signer = Signer::from_seed([3; 32]);
        let sealed = seal(&signer, "a", &[0xff, 0xfe, 0xfb, 0xef]).unwrap();
        let mut envelope: serde_json::Value = serde_json::from_str(&sealed).unwrap();
        let other = |value: &serde_json::Value| value.as_str().unwrap().replace('+', "-").replace('/', "_").into();
        envelope["payload"] = other(&envelope["payload"]);
        envelope["signatures"][0]["sig"] = other(&envelope["signatures"][0]["sig"]);
        envelope["signatures"][0].as_object_mut().unwrap().remove("keyid");
        assert!(envelope["payload"].as_str().unwrap().contains('_'), "{envelope}");
        assert_eq!(open(&envelope.to_string(), "a", &[signer.public()]).unwrap(), [0xff, 0xfe, 0xfb, 0xef]);
        envelope["signatures"][0]["keyid"] = serde_json::Value::Null;
        assert_eq!(open(&envelope.to_string(), "a", &[signer.public()]).unwrap(), [0xff, 0xfe, 0xfb, 0xef]);
    }
}
