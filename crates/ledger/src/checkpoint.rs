//! Checkpoints (C2SP tlog-checkpoint): how large a log is and what its root is, signed.

use crate::hash::Digest;
use std::fmt;

/// What a log says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Its entries.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

impl Checkpoint {
    /// Reads the text of a note. Further lines are passed over.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Checkpoint, &'static str> {
        let mut lines = text.strip_suffix('\n').ok_or("its last line does not end")?.split('\n');
        let origin = lines.next().filter(|it| !it.is_empty()).ok_or("it names no log")?;
        let size = lines.next().and_then(decimal).ok_or("its size is no number")?;
        let root = lines.next().and_then(Digest::from_base64).ok_or("its root is no hash")?;
        match lines.any(str::is_empty) {
            true => Err("a line of it is empty"),
            false => Ok(Checkpoint { origin: origin.to_owned(), size, root }),
        }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root.base64())
    }
}

/// A decimal without signs and leading zeroes.
pub fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_checkpoint_is_read_as_it_was_written_and_nothing_else_is_one() {
        let checkpoint = Checkpoint { origin: "example.com/log".to_owned(), size: 15, root: Digest::of(b"") };
        let text = checkpoint.to_string();
        assert_eq!(Checkpoint::parse(&text).unwrap(), checkpoint);
        assert_eq!(Checkpoint::parse(&format!("{text}extension\n")).unwrap(), checkpoint);
        let wrong = [
            text.replace("15", "015"),
            text.replace("15", "+15"),
            text.replace("15", ""),
            text.replace("15", "99999999999999999999"),
            text.replace('=', ""),
            text.trim_end().to_owned(),
            format!("{text}\nx\n"),
            text.replace("example.com/log", ""),
        ];
        for text in wrong {
            assert!(Checkpoint::parse(&text).is_err(), "{text:?}");
        }
    }
}
