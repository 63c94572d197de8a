//! How much of a hostile input is taken into memory.

/// Bounds on what is read. The default suits source code: nobody writes a file of 20 MiB by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest document, bytes; a longer one is a problem and not read.
    pub document: usize,
    /// Longest line of JSONL, bytes; a longer one is skipped without being held.
    pub line: usize,
    /// How many bytes a compressed file may unpack to for each of its own, once it has passed [`Limits::unpacked`].
    pub ratio: u64,
    /// What any compressed file may unpack to, whatever the ratio, bytes.
    pub unpacked: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { document: 20 << 20, line: 64 << 20, ratio: 300, unpacked: 256 << 20 }
    }
}
