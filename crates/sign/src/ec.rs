//! ECDSA on the NIST curves, for formats that know no Ed25519 (OpenSSF Model Signing, DSSE's own example). The hash follows the curve:
//! SHA-256 with P-256, SHA-384 with P-384, SHA-512 with P-521.

use crate::{Error, key};
use p256::ecdsa::signature::{Signer, Verifier as _};
use p256::elliptic_curve::Generate as _;
use p256::pkcs8::{DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use std::io::Read;
use std::path::Path;

/// A larger file is no key.
const LARGEST: u64 = 64 << 10;

/// What signatures are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// On P-256.
    P256(p256::ecdsa::VerifyingKey),
    /// On P-384.
    P384(p384::ecdsa::VerifyingKey),
    /// On P-521.
    P521(p521::ecdsa::VerifyingKey),
}

/// What signs.
#[derive(Debug)]
pub enum SecretKey {
    /// On P-256.
    P256(p256::ecdsa::SigningKey),
    /// On P-384.
    P384(p384::ecdsa::SigningKey),
    /// On P-521.
    P521(p521::ecdsa::SigningKey),
}

impl PublicKey {
    /// Reads a key from a file (SubjectPublicKeyInfo in PEM, as OpenSSL writes it).
    ///
    /// # Errors
    /// The file cannot be read, or holds no key on one of the three curves.
    pub fn read(path: &Path) -> Result<PublicKey, Error> {
        let bad = |why: String| Error::Key { path: path.to_owned(), why };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(|error| bad(format!("cannot be read ({error})")))?;
        file.take(LARGEST).read_to_string(&mut text).map_err(|error| bad(format!("cannot be read ({error})")))?;
        PublicKey::from_pem(&text)
            .ok_or_else(|| bad("holds no public key of ECDSA on P-256, P-384 or P-521 in PEM".to_owned()))
    }

    /// The key in a PEM.
    pub fn from_pem(text: &str) -> Option<PublicKey> {
        let p256 = || p256::ecdsa::VerifyingKey::from_public_key_pem(text).map(PublicKey::P256);
        let p384 = || p384::ecdsa::VerifyingKey::from_public_key_pem(text).map(PublicKey::P384);
        let p521 = || p521::ecdsa::VerifyingKey::from_public_key_pem(text).map(PublicKey::P521);
        p256().or_else(|_| p384()).or_else(|_| p521()).ok()
    }

    /// The same key as PEM, in the form that others write it too, byte for byte.
    ///
    /// # Errors
    /// None in practice.
    pub fn to_pem(&self) -> Result<String, Error> {
        let pem = match self {
            PublicKey::P256(key) => key.to_public_key_pem(LineEnding::LF),
            PublicKey::P384(key) => key.to_public_key_pem(LineEnding::LF),
            PublicKey::P521(key) => key.to_public_key_pem(LineEnding::LF),
        };
        pem.map_err(|error| Error::Statement(format!("names a key that cannot be written down ({error})")))
    }

    /// Whether it has signed a message. A signature is either r and s, one after the other, or both in DER.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        macro_rules! verifies {
            ($curve:ident, $key:expr, $raw:expr) => {{
                use $curve::ecdsa::Signature;
                let read = if signature.len() == $raw {
                    Signature::from_slice(signature)
                } else {
                    Signature::from_der(signature)
                };
                read.is_ok_and(|signature| $key.verify(message, &signature).is_ok())
            }};
        }
        match self {
            PublicKey::P256(key) => verifies!(p256, key, 64),
            PublicKey::P384(key) => verifies!(p384, key, 96),
            PublicKey::P521(key) => verifies!(p521, key, 132),
        }
    }
}

impl SecretKey {
    /// Makes a key on P-256 in a new file that only its owner can read, encrypted where there is a passphrase.
    ///
    /// # Errors
    /// There is a file already, or it cannot be written.
    pub fn make(path: &Path, passphrase: Option<&str>) -> Result<SecretKey, Error> {
        let bad = |why: String| Error::Key { path: path.to_owned(), why };
        let made = p256::ecdsa::SigningKey::generate_from_rng(&mut rand::rng());
        let document = made.to_pkcs8_der().map_err(|error| bad(format!("the key cannot be written down ({error})")))?;
        key::keep(path, &key::sealed(&document, passphrase).map_err(bad)?)?;
        Ok(SecretKey::P256(made))
    }

    /// Reads a key: PKCS #8, encrypted or not, or SEC 1 (`EC PRIVATE KEY`), as OpenSSL writes them.
    ///
    /// # Errors
    /// The file cannot be read, is readable by others, holds no such key, or needs another passphrase.
    pub fn read(path: &Path, passphrase: Option<&str>) -> Result<SecretKey, Error> {
        let bad = |why: String| Error::Key { path: path.to_owned(), why };
        let document = key::opened(&key::secret(path)?, passphrase).map_err(bad)?;
        let p256 = || p256::SecretKey::from_der(document.as_bytes()).map(|key| SecretKey::P256(key.into()));
        let p384 = || p384::SecretKey::from_der(document.as_bytes()).map(|key| SecretKey::P384(key.into()));
        let p521 = || p521::SecretKey::from_der(document.as_bytes()).map(|key| SecretKey::P521(key.into()));
        let found = p256().or_else(|_| p384()).or_else(|_| p521());
        found.map_err(|_| bad("holds no key of ECDSA on P-256, P-384 or P-521 in PEM".to_owned()))
    }

    /// The key in a file; made where there is none.
    ///
    /// # Errors
    /// As for [`SecretKey::read`] and [`SecretKey::make`].
    pub fn read_or_make(path: &Path, passphrase: Option<&str>) -> Result<SecretKey, Error> {
        if path.exists() { SecretKey::read(path, passphrase) } else { SecretKey::make(path, passphrase) }
    }

    /// The key that its signatures are checked with.
    pub fn public(&self) -> PublicKey {
        match self {
            SecretKey::P256(key) => PublicKey::P256(*key.verifying_key()),
            SecretKey::P384(key) => PublicKey::P384(*key.verifying_key()),
            SecretKey::P521(key) => PublicKey::P521(*key.verifying_key()),
        }
    }

    /// Signs a message; answers in DER, as files of signatures have it.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            SecretKey::P256(key) => Signer::<p256::ecdsa::DerSignature>::sign(key, message).as_bytes().to_vec(),
            SecretKey::P384(key) => Signer::<p384::ecdsa::DerSignature>::sign(key, message).as_bytes().to_vec(),
            SecretKey::P521(key) => Signer::<p521::ecdsa::DerSignature>::sign(key, message).as_bytes().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_signs_for_itself_and_for_no_other_message_or_key() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, sealed) = (folder.path().join("plain.pem"), folder.path().join("sealed.pem"));
        let key = SecretKey::read_or_make(&plain, None).unwrap();
        assert_eq!(SecretKey::read_or_make(&plain, None).unwrap().public(), key.public());
        let other = SecretKey::make(&sealed, Some("long enough")).unwrap();
        assert_eq!(SecretKey::read(&sealed, Some("long enough")).unwrap().public(), other.public());
        assert!(SecretKey::read(&sealed, None).unwrap_err().to_string().contains("passphrase"));

        let signature = key.sign(b"message");
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"messagE", &signature) && !other.public().verifies(b"message", &signature));
        for at in 0..signature.len() {
            let mut forged = signature.clone();
            forged[at] ^= 1;
            assert!(!key.public().verifies(b"message", &forged), "byte {at}");
        }
        assert!(!key.public().verifies(b"message", &[]));
    }

    #[test]
    fn a_public_key_survives_its_pem_and_what_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let public = SecretKey::make(&folder.path().join("key.pem"), None).unwrap().public();
        let pem = public.to_pem().unwrap();
        assert_eq!(PublicKey::from_pem(&pem), Some(public.clone()));
        // What GnuTLS and OpenSSL write above a key when they are asked to explain it.
        assert_eq!(PublicKey::from_pem(&format!("Public Key Info:\n\n{pem}")), Some(public));
        for text in [
            "",
            "-----BEGIN PUBLIC KEY-----\n",
            &pem.replace('M', "N"),
            &std::fs::read_to_string(folder.path().join("key.pem")).unwrap(),
        ] {
            assert_eq!(PublicKey::from_pem(text), None, "{text}");
        }
    }

    #[test]
    fn every_curve_signs_and_is_read_from_the_forms_of_openssl() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let keys = [
            p256::SecretKey::generate_from_rng(&mut rand::rng()).to_sec1_pem(LineEnding::LF).unwrap(),
            p384::SecretKey::generate_from_rng(&mut rand::rng()).to_sec1_pem(LineEnding::LF).unwrap(),
            p521::SecretKey::generate_from_rng(&mut rand::rng()).to_pkcs8_pem(LineEnding::LF).unwrap(),
        ];
        for pem in &keys {
            let _ = std::fs::remove_file(&path);
            key::keep(&path, pem).unwrap();
            let key = SecretKey::read(&path, None).unwrap();
            assert!(key.public().verifies(b"message", &key.sign(b"message")), "{key:?}");
        }
    }
}
