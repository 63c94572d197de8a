//! Events on disk while whoever takes them is away: JSON lines in files of bounded size, written through to the disk.

use crate::Exchange;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Size at which a file is closed and the next begun, bytes: what is given back at once, and read into memory.
const FILE: u64 = 4 << 20;

/// A folder of events, oldest first.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    /// Most bytes of all files together.
    most: u64,
    /// The files with their sizes, oldest first.
    files: Vec<(PathBuf, u64)>,
    /// The number of the next file.
    next: u64,
    /// Whether the last file ends in a whole line of this run, so that it can be appended to.
    appending: bool,
    events: u64,
}

/// Why the spool does not work.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The disk refuses.
    #[error("{path}: {source}; name a folder for --spool that can be written to")]
    Disk {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// It holds as much as it may.
    #[error("the spool holds {most} bytes, as much as it may")]
    Full {
        /// The limit.
        most: u64,
    },
}

impl Spool {
    /// Opens a folder, with whatever an earlier run left there. It is made when there is something to keep.
    ///
    /// # Errors
    /// The folder is there and cannot be read.
    pub fn open(folder: &Path, most: u64) -> Result<Spool, SpoolError> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => Some(entries),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(fault(folder, source)),
        };
        let mut files = Vec::new();
        for entry in entries.into_iter().flatten() {
            let path = entry.map_err(|source| fault(folder, source))?.path();
            if number(&path).is_some() {
                let size = path.metadata().map_err(|source| fault(&path, source))?.len();
                files.push((path, size));
            }
        }
        files.sort();
        let next = files.iter().filter_map(|(path, _)| number(path)).max().map_or(0, |last| last + 1);
        let mut events = 0;
        for (path, _) in &files {
            let file = File::open(path).map_err(|source| fault(path, source))?;
            events += BufReader::new(file).split(b'\n').map_while(Result::ok).count() as u64;
        }
        Ok(Spool { folder: folder.to_owned(), most, files, next, appending: false, events })
    }

    /// Whether nothing waits here.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Events that wait here.
    pub fn len(&self) -> u64 {
        self.events
    }

    /// Writes events down. When this returns, they survive a loss of power.
    ///
    /// # Errors
    /// The disk refuses or the spool is full; then none of the events is here.
    pub fn keep(&mut self, exchanges: &[Exchange]) -> Result<(), SpoolError> {
        let mut lines = Vec::new();
        for exchange in exchanges {
            serde_json::to_writer(&mut lines, exchange).map_err(|error| fault(&self.folder, error.into()))?;
            lines.push(b'\n');
        }
        let held: u64 = self.files.iter().map(|(_, size)| size).sum();
        if held + lines.len() as u64 > self.most {
            return Err(SpoolError::Full { most: self.most });
        }
        create_private(&self.folder).map_err(|source| fault(&self.folder, source))?;
        let (path, before) = self.current();
        self.appending = false;
        if before == 0 {
            self.next += 1;
        }
        append(&path, before, &lines).map_err(|source| fault(&path, source))?;
        if before == 0 {
            sync_folder(&self.folder).map_err(|source| fault(&self.folder, source))?;
            self.files.push((path, 0));
        }
        self.appending = true;
        if let Some((_, size)) = self.files.last_mut() {
            *size = before + lines.len() as u64;
        }
        self.events += exchanges.len() as u64;
        Ok(())
    }

    /// The oldest events, to be delivered and then [forgotten](Spool::forget). A line that was broken off by a crash was never
    /// acknowledged to anybody, and is left out.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn oldest(&self) -> Result<Vec<Exchange>, SpoolError> {
        let Some((path, _)) = self.files.first() else { return Ok(Vec::new()) };
        let text = fs::read(path).map_err(|source| fault(path, source))?;
        Ok(text.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// Removes what [`Spool::oldest`] gave.
    ///
    /// # Errors
    /// The file cannot be removed; its events will come again, under the same ids.
    pub fn forget(&mut self, delivered: usize) -> Result<(), SpoolError> {
        if let Some((path, _)) = self.files.first() {
            fs::remove_file(path).map_err(|source| fault(path, source))?;
            self.files.remove(0);
            self.events = self.events.saturating_sub(delivered as u64);
        }
        Ok(())
    }

    /// The file to append to, and its size.
    fn current(&self) -> (PathBuf, u64) {
        match self.files.last() {
            Some((path, size)) if self.appending && *size < FILE => (path.clone(), *size),
            _ => (self.folder.join(format!("{:012}.jsonl", self.next)), 0),
        }
    }
}

/// Appends and writes through; takes back what was written in part.
fn append(path: &Path, before: u64, lines: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(lines).and_then(|()| file.sync_data()).inspect_err(|_| {
        // Where even this fails, the broken line at the end is left out when it is read.
        let _ = file.set_len(before);
    })
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a folder that nobody else can read: it will hold other people's code.
fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn number(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_suffix(".jsonl")?.parse().ok()
}

fn fault(path: &Path, source: io::Error) -> SpoolError {
    SpoolError::Disk { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn exchange(id: &str, length: usize) -> Exchange {
        Exchange {
            id: id.to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            model: String::new(),
            language: None,
            segment: Default::default(),
            prompt: String::new(),
            suffix: None,
            completion: "x".repeat(length),
            cut: false,
        }
    }

    fn ids(exchanges: &[Exchange]) -> Vec<&str> {
        exchanges.iter().map(|exchange| exchange.id.as_str()).collect()
    }

    #[test]
    fn what_is_kept_comes_back_in_order_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 30).unwrap();
        spool.keep(&[exchange("a", 1), exchange("b", FILE as usize)]).unwrap();
        spool.keep(&[exchange("c", 1)]).unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 30).unwrap();
        assert_eq!(spool.len(), 3);
        assert_eq!(ids(&spool.oldest().unwrap()), ["a", "b"]);
        assert_eq!(ids(&spool.oldest().unwrap()), ["a", "b"], "until they are delivered");
        spool.forget(2).unwrap();
        spool.keep(&[exchange("d", 1)]).unwrap();
        spool.keep(&[exchange("e", 1)]).unwrap();
        assert_eq!(ids(&spool.oldest().unwrap()), ["c"]);
        spool.forget(1).unwrap();
        assert_eq!(ids(&spool.oldest().unwrap()), ["d", "e"]);
        spool.forget(2).unwrap();
        assert!(spool.is_empty() && spool.oldest().unwrap().is_empty());
    }

    #[test]
    fn a_line_that_was_broken_off_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 30).unwrap();
        spool.keep(&[exchange("a", 1)]).unwrap();
        let file = folder.path().join("000000000000.jsonl");
        let mut text = fs::read(&file).unwrap();
        text.extend_from_slice(b"{\"id\":\"b");
        fs::write(&file, text).unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 30).unwrap();
        spool.keep(&[exchange("c", 1)]).unwrap();
        assert_eq!(ids(&spool.oldest().unwrap()), ["a"]);
        spool.forget(1).unwrap();
        assert_eq!(ids(&spool.oldest().unwrap()), ["c"], "not glued to the broken line");
    }

    #[test]
    fn a_full_spool_takes_nothing_more_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1000).unwrap();
        spool.keep(&[exchange("a", 10)]).unwrap();
        assert!(matches!(spool.keep(&[exchange("b", 1000)]), Err(SpoolError::Full { .. })));
        assert_eq!(ids(&spool.oldest().unwrap()), ["a"]);
    }
}
