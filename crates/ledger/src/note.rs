//! Signed notes and cosignatures (C2SP signed-note, tlog-cosignature): a text, and who signed it.

use crate::hash::{bytes, hex};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use sign::{Signer, VerifyingKey};
use std::fmt;
use std::str::FromStr;

/// Longer notes are not read, nor more signatures than these.
const LONGEST: usize = 1 << 20;
const SIGNATURES: usize = 64;
/// How a signature line begins.
const DASH: &str = "\u{2014} ";

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Notes.
    Note = 1,
    /// Checkpoints that it has seen, with the time (a witness).
    Cosignature = 4,
}

/// A public key with its name, as verifiers know it (a vkey).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    /// The key's name; a log's is its origin.
    pub name: String,
    /// What it signs.
    pub kind: Kind,
    /// The key.
    pub key: VerifyingKey,
}

impl Verifier {
    /// A key with a name.
    ///
    /// # Errors
    /// No key can have this name.
    pub fn new(name: &str, kind: Kind, key: VerifyingKey) -> Result<Verifier, String> {
        if name.is_empty()
            || name.contains(['+', '\u{85}'])
            || name.contains(|c: char| c.is_whitespace() || c.is_control())
        {
            return Err(format!("{name:?} is no name for a key: it must not be empty nor have white space or + in it"));
        }
        Ok(Verifier { name: name.to_owned(), kind, key })
    }

    /// What signatures call the key beside its name.
    pub fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', self.kind as u8])
            .chain_update(self.key.as_bytes())
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let material = [&[self.kind as u8][..], self.key.as_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, hex(&self.id()), STANDARD.encode(material))
    }
}

impl FromStr for Verifier {
    type Err = String;

    fn from_str(text: &str) -> Result<Verifier, String> {
        // The name has no +, base64 may.
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(format!("{text:?} is no verifier key: it has the form NAME+ID+KEY"));
        };
        let material =
            STANDARD.decode(material).map_err(|error| format!("the key of {name:?} is damaged ({error})"))?;
        let (kind, key) = match material.split_first() {
            Some((1, key)) => (Kind::Note, key),
            Some((4, key)) => (Kind::Cosignature, key),
            _ => return Err(format!("the key of {name:?} is not of Ed25519, the only kind that is known here")),
        };
        let key = key.try_into().ok().and_then(|key| VerifyingKey::from_bytes(key).ok());
        let verifier = Verifier::new(name, kind, key.ok_or_else(|| format!("the key of {name:?} is damaged"))?)?;
        match bytes(id) == Some(verifier.id().to_vec()) {
            true => Ok(verifier),
            false => Err(format!("the key of {name:?} does not fit its id")),
        }
    }
}

/// A line under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose.
    pub name: String,
    /// What beside its name tells the key.
    pub id: [u8; 4],
    /// What follows.
    pub blob: Vec<u8>,
}

impl fmt::Display for Signature {
    /// The line, with its end.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let blob = [&self.id[..], &self.blob].concat();
        writeln!(f, "{DASH}{} {}", self.name, STANDARD.encode(blob))
    }
}

impl Signature {
    fn parse(line: &str) -> Option<Signature> {
        let (name, blob) = line.strip_prefix(DASH)?.split_once(' ')?;
        let blob = STANDARD.decode(blob).ok()?;
        let (id, blob) = blob.split_first_chunk::<4>()?;
        let named = !name.is_empty() && !name.contains('+') && !name.contains(char::is_whitespace);
        (named && !blob.is_empty()).then(|| Signature { name: name.to_owned(), id: *id, blob: blob.to_vec() })
    }

    /// Lines of signatures, as a witness answers.
    pub fn parse_all(text: &str) -> Option<Vec<Signature>> {
        text.strip_suffix('\n')?.split('\n').take(SIGNATURES + 1).map(Signature::parse).collect()
    }
}

/// A text with signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text, which ends with a line's end.
    pub text: String,
    /// The lines below.
    pub signatures: Vec<Signature>,
}

/// Why a note is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It has not the form of one.
    #[error("is no signed note ({0})")]
    Form(&'static str),
    /// A known key's signature does not fit.
    #[error("was changed after {0} signed it, or {0} did not sign it: the signature does not fit")]
    Wrong(String),
    /// Nobody known has signed.
    #[error("is signed by no key that is trusted here")]
    Nobody,
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// It has not the form of one.
    pub fn parse(text: &str) -> Result<Note, NoteError> {
        if text.len() > LONGEST {
            return Err(NoteError::Form("it is too long"));
        }
        if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteError::Form("it has control characters"));
        }
        let at = text.rfind("\n\n").ok_or(NoteError::Form("no empty line stands before its signatures"))?;
        let (text, lines) = (&text[..=at], &text[at + 2..]);
        let signatures = Signature::parse_all(lines).ok_or(NoteError::Form("a line of its signatures is none"))?;
        if signatures.len() > SIGNATURES {
            return Err(NoteError::Form("it has too many signatures"));
        }
        Ok(Note { text: text.to_owned(), signatures })
    }

    /// The signatures of known keys, each with the time that it states, if it states one. Signatures of unknown keys are passed over.
    ///
    /// # Errors
    /// A known key's signature does not fit, or there is none.
    pub fn verify<'v>(&self, known: &'v [Verifier]) -> Result<Vec<(&'v Verifier, Option<u64>)>, NoteError> {
        let mut verified: Vec<(&Verifier, Option<u64>)> = Vec::new();
        for signature in &self.signatures {
            let by = |it: &&Verifier| it.name == signature.name && it.id() == signature.id;
            let Some(verifier) = known.iter().find(by) else { continue };
            let time = self.fits(verifier, &signature.blob).ok_or_else(|| NoteError::Wrong(verifier.name.clone()))?;
            if !verified.iter().any(|(seen, _)| *seen == verifier) {
                verified.push((verifier, time));
            }
        }
        if verified.is_empty() { Err(NoteError::Nobody) } else { Ok(verified) }
    }

    /// The time of a signature that fits, where it has one.
    fn fits(&self, verifier: &Verifier, blob: &[u8]) -> Option<Option<u64>> {
        let (time, signature) = match verifier.kind {
            Kind::Note => (None, blob),
            Kind::Cosignature => {
                let (time, rest) = blob.split_first_chunk::<8>()?;
                (Some(u64::from_be_bytes(*time)), rest)
            }
        };
        let message = time.map_or_else(|| self.text.clone(), |time| cosigned(&self.text, time));
        let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
        verifier.key.verify_strict(message.as_bytes(), &signature).ok().map(|()| time)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| write!(f, "{signature}"))
    }
}

/// Signs a text that ends with a line's end.
///
/// # Errors
/// The signer fails.
pub fn sign(text: &str, name: &str, signer: &Signer) -> Result<Signature, sign::Error> {
    signature(name, Kind::Note, signer, signer.sign(text.as_bytes())?.to_vec())
}

/// Cosigns a checkpoint's text, at a time in seconds since 1970.
///
/// # Errors
/// The signer fails.
pub fn cosign(text: &str, time: u64, name: &str, signer: &Signer) -> Result<Signature, sign::Error> {
    let signed = signer.sign(cosigned(text, time).as_bytes())?;
    signature(name, Kind::Cosignature, signer, [&time.to_be_bytes()[..], &signed].concat())
}

fn signature(name: &str, kind: Kind, signer: &Signer, blob: Vec<u8>) -> Result<Signature, sign::Error> {
    let verifier = Verifier::new(name, kind, signer.public()).map_err(sign::Error::Statement)?;
    Ok(Signature { name: name.to_owned(), id: verifier.id(), blob })
}

fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The example of the specification.
    const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    #[test]
    fn the_example_of_the_specification_verifies_and_no_change_of_it_does() {
        let verifier: Verifier = VKEY.parse().unwrap();
        assert_eq!(verifier.to_string(), VKEY);
        let note = Note::parse(NOTE).unwrap();
        assert_eq!(note.to_string(), NOTE);
        assert_eq!(note.verify(std::slice::from_ref(&verifier)).unwrap(), [(&verifier, None)]);
        for at in 0..NOTE.len() {
            let mut bytes = NOTE.as_bytes().to_vec();
            bytes[at] ^= 1;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let believed = Note::parse(&text).is_ok_and(|note| note.verify(std::slice::from_ref(&verifier)).is_ok());
            assert!(!believed, "byte {at}");
        }
    }

    #[test]
    fn text_may_have_empty_lines_and_unknown_keys_are_passed_over() {
        let (ours, theirs) = (Signer::from_seed([1; 32]), Signer::from_seed([2; 32]));
        let text = "one\n\ntwo\n".to_owned();
        let signatures = vec![sign(&text, "them", &theirs).unwrap(), sign(&text, "us", &ours).unwrap()];
        let note = Note::parse(&Note { text, signatures }.to_string()).unwrap();
        let us = Verifier::new("us", Kind::Note, ours.public()).unwrap();
        assert_eq!(note.verify(std::slice::from_ref(&us)).unwrap().len(), 1);
        let impostor = Verifier::new("us", Kind::Note, theirs.public()).unwrap();
        assert_eq!(note.verify(&[impostor]), Err(NoteError::Nobody));
        assert!(note.verify(&[]).is_err());
    }

    #[test]
    fn a_cosignature_covers_its_time() {
        let witness = Signer::from_seed([5; 32]);
        let text = "log\n1\nroot\n".to_owned();
        let mut line = cosign(&text, 1_700_000_000, "w", &witness).unwrap();
        let verifier = Verifier::new("w", Kind::Cosignature, witness.public()).unwrap();
        let verified = |line: &Signature| {
            let note = Note { text: text.clone(), signatures: vec![line.clone()] };
            note.verify(std::slice::from_ref(&verifier)).map(|it| it[0].1)
        };
        assert_eq!(verified(&line), Ok(Some(1_700_000_000)));
        line.blob[7] ^= 1;
        assert_eq!(verified(&line), Err(NoteError::Wrong("w".to_owned())));
    }

    #[test]
    fn names_and_forms_that_the_specification_forbids_are_refused() {
        let key = Signer::from_seed([1; 32]).public();
        for name in ["", "a b", "a+b", "a\u{a0}b", "a\nb"] {
            assert!(Verifier::new(name, Kind::Note, key).is_err(), "{name:?}");
        }
        for text in [
            "",
            "x",
            "x\n",
            "x\n\n",
            "x\n\nno dash\n",
            "x\n\n\u{2014} a AAAA\n",
            "x\t\n\n\u{2014} a AAAAAAA=\n",
            &NOTE[..NOTE.len() - 1],
        ] {
            assert!(Note::parse(text).is_err(), "{text:?}");
        }
        for vkey in ["", "a+b", "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"] {
            assert!(vkey.parse::<Verifier>().is_err(), "{vkey:?}");
        }
    }
}
