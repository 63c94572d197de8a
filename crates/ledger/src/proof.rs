//! Proofs that can be checked offline (C2SP tlog-proof): something stands in a log, whose checkpoint is signed.

use crate::checkpoint::decimal;
use crate::hash::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// No path of a tree is longer.
const LONGEST: usize = 63;

/// That an entry is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What else is needed to know what the entry says; nobody has signed it.
    pub extra: Option<Vec<u8>>,
    /// Which entry.
    pub index: u64,
    /// The path from the entry to the root.
    pub path: Vec<Digest>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

impl Proof {
    /// Reads a proof.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn parse(text: &str) -> Result<Proof, &'static str> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or("it has no checkpoint")?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err("it is no tlog-proof of version 1");
        }
        let extra = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            Some(extra) => {
                lines.next();
                Some(STANDARD.decode(extra).map_err(|_| "its extra line is damaged")?)
            }
            None => None,
        };
        let index = lines.next().and_then(|line| decimal(line.strip_prefix("index ")?)).ok_or("it names no entry")?;
        let path: Vec<Digest> =
            lines.take(LONGEST + 1).map(Digest::from_base64).collect::<Option<_>>().ok_or("a hash is none")?;
        match path.len() {
            0..=LONGEST => Ok(Proof { extra, index, path, checkpoint: checkpoint.to_owned() }),
            _ => Err("it is longer than the path of any tree"),
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", hash.base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_proof_is_read_as_it_was_written_and_nothing_else_is_one() {
        let proof = Proof {
            extra: Some(vec![1, 2, 3]),
            index: 5,
            path: vec![Digest::of(b"a"); 3],
            checkpoint: "log\n8\n\n\u{2014} x\n".to_owned(),
        };
        let bare = Proof { extra: None, path: Vec::new(), ..proof.clone() };
        for proof in [&proof, &bare] {
            assert_eq!(Proof::parse(&proof.to_string()).unwrap(), *proof);
        }
        let text = proof.to_string();
        for wrong in [
            text.replace("@v1", "@v2"),
            text.replace("index 5", "index 05"),
            text.replace("extra A", "extra ?"),
            text.replace("\n\n", "\n"),
            String::new(),
        ] {
            assert!(Proof::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
