//! Key files: PKCS #8 PEM, encrypted where there is a passphrase (PBES2 with scrypt and AES-256, as OpenSSL reads it), for their owner's eyes alone.

use crate::Error;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, SecretDocument};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

/// The labels of a key that is not encrypted, and of one that is.
const PLAIN: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// A larger file is no key.
const LARGEST: u64 = 64 << 10;

/// Makes a key in a new file that only its owner can read.
///
/// # Errors
/// There is a file already, or it cannot be written.
pub fn make(path: &Path, passphrase: Option<&str>) -> Result<SigningKey, Error> {
    let key = SigningKey::from_bytes(&rand::random());
    let text = encoded(&key, passphrase).map_err(|why| Error::Key { path: path.to_owned(), why })?;
    keep(path, &text)?;
    Ok(key)
}

/// Reads a key.
///
/// # Errors
/// The file cannot be read, is readable by others, holds no Ed25519 key, or needs another passphrase.
pub fn read(path: &Path, passphrase: Option<&str>) -> Result<SigningKey, Error> {
    decoded(&secret(path)?, passphrase).map_err(|why| Error::Key { path: path.to_owned(), why })
}

/// The key in a file; made where there is none.
///
/// # Errors
/// As for [`read`] and [`make`].
pub fn read_or_make(path: &Path, passphrase: Option<&str>) -> Result<SigningKey, Error> {
    if path.exists() { read(path, passphrase) } else { make(path, passphrase) }
}

/// Writes a secret into a new file that only its owner can read.
pub(crate) fn keep(path: &Path, text: &str) -> Result<(), Error> {
    let unwritten = |error: std::io::Error| {
        let why = match error.kind() {
            ErrorKind::AlreadyExists => "exists already; keys are never written over".to_owned(),
            _ => format!("cannot be written ({error})"),
        };
        Error::Key { path: path.to_owned(), why }
    };
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(unwritten)?;
    let mut file = private(path).map_err(unwritten)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritten)
}

/// Reads a secret from a file that nobody else can read.
pub(crate) fn secret(path: &Path) -> Result<String, Error> {
    let bad = |why: String| Error::Key { path: path.to_owned(), why };
    let file = File::open(path).map_err(|error| bad(format!("cannot be read ({error})")))?;
    guarded(&file).map_err(bad)?;
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).map_err(|error| bad(format!("cannot be read ({error})")))?;
    Ok(text)
}

fn encoded(key: &SigningKey, passphrase: Option<&str>) -> Result<String, String> {
    sealed(&key.to_pkcs8_der().map_err(|error| format!("the key cannot be written down ({error})"))?, passphrase)
}

/// A key in PKCS #8 PEM, encrypted where there is a passphrase.
pub(crate) fn sealed(document: &SecretDocument, passphrase: Option<&str>) -> Result<String, String> {
    let said = |error: &dyn std::fmt::Display| format!("the key cannot be written down ({error})");
    let text = match passphrase {
        None => document.to_pem(PLAIN, LineEnding::LF),
        Some(passphrase) => {
            let info = PrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|error| said(&error))?;
            info.encrypt(passphrase).map_err(|error| said(&error))?.to_pem(ENCRYPTED, LineEnding::LF)
        }
    };
    Ok(text.map_err(|error| said(&error))?.to_string())
}

fn decoded(text: &str, passphrase: Option<&str>) -> Result<SigningKey, String> {
    SigningKey::from_pkcs8_der(opened(text, passphrase)?.as_bytes())
        .map_err(|_| "holds no Ed25519 key in PKCS #8 PEM".to_owned())
}

/// The key in a PKCS #8 PEM.
pub(crate) fn opened(text: &str, passphrase: Option<&str>) -> Result<SecretDocument, String> {
    let (label, document) = SecretDocument::from_pem(text).map_err(|_| "holds no key in PKCS #8 PEM")?;
    if label != ENCRYPTED {
        return Ok(document);
    }
    let passphrase = passphrase.ok_or("is encrypted; give its passphrase")?;
    let sealed = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| "is damaged")?;
    Ok(sealed.decrypt(passphrase).map_err(|_| "does not open with this passphrase")?)
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn guarded(file: &File) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|error| format!("cannot be read ({error})"))?.permissions().mode();
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(format!(
            "can be read by others (mode {:o}); chmod 600 it, and make a new key if they may have",
            mode & 0o777
        )),
    }
}

#[cfg(not(unix))]
fn guarded(_: &File) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_is_for_its_owner_and_its_passphrase_only() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, sealed) = (folder.path().join("new/plain.pem"), folder.path().join("sealed.pem"));
        let key = read_or_make(&plain, None).unwrap();
        assert_eq!(read_or_make(&plain, None).unwrap(), key);
        assert!(make(&plain, None).unwrap_err().to_string().contains("exists already"));

        let key = make(&sealed, Some("long enough")).unwrap();
        assert_eq!(read(&sealed, Some("long enough")).unwrap(), key);
        for wrong in [None, Some("long enougH")] {
            assert!(read(&sealed, wrong).unwrap_err().to_string().contains("passphrase"));
        }
        assert!(!std::fs::read_to_string(&sealed).unwrap().contains("BEGIN PRIVATE KEY"));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        make(&path, None).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read(&path, None).unwrap_err().to_string().contains("by others"));
    }
}
