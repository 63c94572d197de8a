//! A document as it was found, and its digests.

use crate::hash::Digest;
use sha1_checked::Sha1;
use sha2::{Digest as _, Sha256};
use std::io::Read;

/// Bytes at the beginning that are looked at for a licence's name.
const HEAD: usize = 4096;

/// What becomes a record.
pub(super) struct Document {
    pub path: Vec<u8>,
    /// Where it is from, where it says so itself.
    pub source: Option<String>,
    pub content: Digest,
    pub length: u64,
    pub swhid: [u8; 20],
    pub licence: Option<String>,
    pub commit: Option<Vec<u8>>,
    pub author: Option<String>,
    pub committer: Option<String>,
    pub committed: Option<i64>,
}

/// The digests of some bytes, and their beginning.
pub(super) struct Digested {
    pub content: Digest,
    pub length: u64,
    pub swhid: [u8; 20],
    pub head: Vec<u8>,
}

/// Reads exactly `length` bytes. The SWHID of a content is the name that Git gives a blob of it: SHA-1 over a header and the bytes. SHA-1
/// can be made to collide, so a document that does is refused, and nothing but SHA-256 is ever relied on.
pub(super) fn digest(mut reader: impl Read, length: u64) -> Result<Digested, String> {
    let (mut sha256, mut sha1) = (Sha256::new(), Sha1::new());
    sha1_checked::Digest::update(&mut sha1, format!("blob {length}\0"));
    let (mut buffer, mut head, mut read) = (vec![0; 1 << 16], Vec::new(), 0u64);
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(format!("cannot be read ({error})")),
        };
        let bytes = &buffer[..count];
        head.extend_from_slice(&bytes[..count.min(HEAD - head.len())]);
        sha256.update(bytes);
        sha1_checked::Digest::update(&mut sha1, bytes);
        read += count as u64;
        if read > length {
            break;
        }
    }
    if read != length {
        return Err("changed while it was read".to_owned());
    }
    let sha1 = sha1.try_finalize();
    if sha1.has_collision() {
        return Err("was made to collide in SHA-1".to_owned());
    }
    let swhid = (*sha1.hash()).into();
    Ok(Digested { content: Digest(sha256.finalize().into()), length, swhid, head })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::hash::hex;

    /// What `git hash-object` and the SWHID test suite say.
    #[test]
    fn contents_have_the_identifiers_that_git_gives_them() {
        for (bytes, swhid) in [
            (&b""[..], "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
            (b"Hello", "5ab2f8a4323abafb10abb68657d9d39f1a775057"),
            (b"hello world\n", "3b18e512dba79e4c8300dd08aeb37f8e728b8dad"),
        ] {
            let digested = digest(bytes, bytes.len() as u64).unwrap();
            assert_eq!(hex(&digested.swhid), swhid);
            assert_eq!((digested.content, digested.head), (Digest::of(bytes), bytes.to_vec()));
        }
    }

    #[test]
    fn a_file_that_changes_is_refused() {
        assert!(digest(&b"longer"[..], 3).is_err());
        assert!(digest(&b"short"[..], 30).is_err());
    }
}
