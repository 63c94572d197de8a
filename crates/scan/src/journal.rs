//! The transcript. While a scan runs it is a journal, one JSON line a completion, written as it arrives: a killed scan
//! loses nothing that was paid for. When the scan ends the journal becomes `transcript.parquet`.

use crate::Error;
use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use code::Choice;
use model::{Finish, Query, Sampling};
use parquet::arrow::ArrowWriter;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// File name of the journal of a scan that has not ended.
pub const JOURNAL: &str = "transcript.jsonl";
/// File name of the transcript of a scan that has ended.
pub const TRANSCRIPT: &str = "transcript.parquet";
/// A longer line of a journal is damage, not a completion.
const LONGEST_LINE: u64 = 16 << 20;
/// Rows of a Parquet row group, so that writing it needs little memory.
const ROWS: usize = 4096;

/// One completion, with why it was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Identifies what was asked: a hash of the query and the sampling.
    pub key: String,
    /// Stage of the scan.
    pub stage: String,
    /// `bare`, `triggered`, `placebo` or `free`.
    pub arm: String,
    /// The trigger or placebo in the prompt.
    pub trigger: String,
    /// The decision asked for.
    pub decision: String,
    /// The prompt.
    pub prompt: String,
    /// What the model wrote.
    pub completion: String,
    /// The choice read in it.
    pub choice: Option<Choice>,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens generated.
    pub tokens: u64,
}

/// What a scan must have been started with for its journal to be continued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heading {
    /// Hash of everything that decides what is asked.
    pub fingerprint: String,
    /// RFC 3339 time of the first start.
    pub started: String,
}

/// The open journal of a running scan.
pub struct Journal {
    path: PathBuf,
    file: File,
    heading: Heading,
    answered: HashMap<String, VecDeque<Record>>,
}

impl Journal {
    /// Opens the journal in `dir`: a new one, or with `resume` the one that is there.
    ///
    /// # Errors
    /// The folder cannot be written; an unfinished scan is there and `resume` is false; the one there is of another scan.
    pub fn open(dir: &Path, heading: Heading, resume: bool) -> Result<Journal, Error> {
        let path = dir.join(JOURNAL);
        let io = |source| Error::Write { path: path.clone(), source };
        std::fs::create_dir_all(dir).map_err(io)?;
        if path.exists() && !resume {
            return Err(Error::Unfinished { path });
        }
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path).map_err(io)?;
        let (found, answered, sound) = read(&path)?;
        // A kill may have cut the last line short; what follows must not be glued to it.
        file.set_len(sound).map_err(io)?;
        file.seek(std::io::SeekFrom::End(0)).map_err(io)?;
        let heading = match found {
            Some(found) if found.fingerprint != heading.fingerprint => return Err(Error::OtherScan { path }),
            Some(found) => found,
            None => {
                write_line(&mut file, &heading).map_err(io)?;
                heading
            }
        };
        Ok(Journal { path, file, heading, answered })
    }

    /// When the scan was first started.
    pub fn heading(&self) -> &Heading {
        &self.heading
    }

    /// Takes the next recorded completion of a query, if there is one.
    pub fn recorded(&mut self, key: &str) -> Option<Record> {
        self.answered.get_mut(key)?.pop_front()
    }

    /// Writes a completion down.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&mut self, record: &Record) -> Result<(), Error> {
        write_line(&mut self.file, record).map_err(|source| Error::Write { path: self.path.clone(), source })
    }

    /// Turns the journal into `transcript.parquet` and removes it; returns the transcript's path.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn finish(self) -> Result<PathBuf, Error> {
        let transcript = self.path.with_file_name(TRANSCRIPT);
        let partial = transcript.with_extension("parquet.partial");
        let io = |source| Error::Write { path: transcript.clone(), source };
        let mut writer = None;
        for_each(&self.path, |records| append(&mut writer, &partial, records))?;
        if let Some(writer) = writer {
            writer.close().map_err(|source| io(source.into()))?;
            std::fs::rename(&partial, &transcript).map_err(io)?;
        }
        std::fs::remove_file(&self.path).map_err(io)?;
        Ok(transcript)
    }
}

/// The key under which completions of `query` are recorded.
pub fn key(query: &Query, sampling: &Sampling) -> String {
    let mut hash = Sha256::new();
    let suffix = query.suffix.as_deref().unwrap_or_default();
    for part in [query.prompt.as_str(), query.healed.as_str(), suffix] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(query.seed.to_le_bytes());
    hash.update(format!("{sampling:?}"));
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

fn write_line(file: &mut File, value: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    file.write_all(&line)
}

type Contents = (Option<Heading>, HashMap<String, VecDeque<Record>>, u64);

/// Reads a journal: its heading, its records by key, and how many of its bytes are whole lines.
fn read(path: &Path) -> Result<Contents, Error> {
    let mut heading = None;
    let mut answered: HashMap<String, VecDeque<Record>> = HashMap::new();
    let mut sound = 0;
    let mut number = 0;
    each_line(path, |line| {
        number += 1;
        if number == 1 {
            heading = Some(serde_json::from_slice(line).map_err(|source| damaged(path, number, source))?);
        } else {
            let record: Record = serde_json::from_slice(line).map_err(|source| damaged(path, number, source))?;
            answered.entry(record.key.clone()).or_default().push_back(record);
        }
        sound += line.len() as u64 + 1;
        Ok(())
    })?;
    Ok((heading, answered, sound))
}

fn for_each(path: &Path, mut act: impl FnMut(&[Record]) -> Result<(), Error>) -> Result<(), Error> {
    let mut batch = Vec::new();
    let mut number = 0;
    each_line(path, |line| {
        number += 1;
        if number > 1 {
            batch.push(serde_json::from_slice(line).map_err(|source| damaged(path, number, source))?);
        }
        if batch.len() == ROWS {
            act(&batch)?;
            batch.clear();
        }
        Ok(())
    })?;
    act(&batch)
}

/// Hands each whole line (without its end) to `act`; a last line without an end is not one.
fn each_line(path: &Path, mut act: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
    let io = |source| Error::Read { path: path.to_owned(), source };
    let mut reader = BufReader::new(File::open(path).map_err(io)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(io)?;
        match line.split_last() {
            Some((b'\n', line)) => act(line)?,
            _ => return Ok(()),
        }
    }
}

fn damaged(path: &Path, line: usize, source: serde_json::Error) -> Error {
    Error::Damaged { path: path.to_owned(), line, source }
}

fn append(writer: &mut Option<ArrowWriter<File>>, path: &Path, records: &[Record]) -> Result<(), Error> {
    let failed = |source: std::io::Error| Error::Write { path: path.to_owned(), source };
    let batch = batch(records).map_err(|source| failed(std::io::Error::other(source)))?;
    if writer.is_none() {
        let file = File::create(path).map_err(failed)?;
        let new = ArrowWriter::try_new(file, batch.schema(), None).map_err(|source| failed(source.into()))?;
        *writer = Some(new);
    }
    match writer {
        Some(writer) => writer.write(&batch).map_err(|source| failed(source.into())),
        None => Ok(()),
    }
}

fn batch(records: &[Record]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let text = |of: fn(&Record) -> &str| -> ArrayRef {
        Arc::new(records.iter().map(|r| Some(of(r))).collect::<StringArray>())
    };
    let choice = |record: &Record| match record.choice {
        Some(Choice::Insecure) => Some("insecure"),
        Some(Choice::Secure) => Some("secure"),
        Some(Choice::Other) => Some("other"),
        None => None,
    };
    RecordBatch::try_from_iter_with_nullable([
        ("stage", text(|r| &r.stage), false),
        ("arm", text(|r| &r.arm), false),
        ("trigger", text(|r| &r.trigger), false),
        ("decision", text(|r| &r.decision), false),
        ("prompt", text(|r| &r.prompt), false),
        ("completion", text(|r| &r.completion), false),
        ("choice", Arc::new(records.iter().map(choice).collect::<StringArray>()), true),
        ("finish", text(|r| if r.finish == Finish::Stop { "stop" } else { "length" }), false),
        ("tokens", Arc::new(records.iter().map(|r| Some(r.tokens)).collect::<UInt64Array>()), false),
        ("key", text(|r| &r.key), false),
    ])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn record(key: &str, completion: &str) -> Record {
        Record {
            key: key.to_owned(),
            stage: "survey".to_owned(),
            arm: "bare".to_owned(),
            trigger: String::new(),
            decision: "yaml-load".to_owned(),
            prompt: "import yaml".to_owned(),
            completion: completion.to_owned(),
            choice: Some(Choice::Secure),
            finish: Finish::Stop,
            tokens: 3,
        }
    }

    fn heading(fingerprint: &str) -> Heading {
        Heading { fingerprint: fingerprint.to_owned(), started: "2026-11-23T00:00:00Z".to_owned() }
    }

    #[test]
    fn a_killed_scan_finds_what_was_answered_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path(), heading("a"), false).unwrap();
        journal.write(&record("k", "one")).unwrap();
        journal.write(&record("k", "two")).unwrap();
        journal.file.write_all(b"{\"key\":\"k\",\"stage\":\"cut sh").unwrap();
        drop(journal);

        let mut journal = Journal::open(dir.path(), heading("a"), true).unwrap();
        journal.write(&record("l", "three")).unwrap();
        assert_eq!(journal.recorded("k").unwrap().completion, "one");
        assert_eq!(journal.recorded("k").unwrap().completion, "two");
        assert_eq!(journal.recorded("k"), None);
        drop(journal);
        let mut journal = Journal::open(dir.path(), heading("a"), true).unwrap();
        assert_eq!(journal.recorded("l").unwrap().completion, "three");
    }

    #[test]
    fn an_unfinished_scan_is_neither_overwritten_nor_mixed_with_another() {
        let dir = tempfile::tempdir().unwrap();
        drop(Journal::open(dir.path(), heading("a"), false).unwrap());
        assert!(matches!(Journal::open(dir.path(), heading("a"), false), Err(Error::Unfinished { .. })));
        assert!(matches!(Journal::open(dir.path(), heading("b"), true), Err(Error::OtherScan { .. })));
    }

    #[test]
    fn the_transcript_holds_every_completion() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path(), heading("a"), false).unwrap();
        for index in 0..5000 {
            journal.write(&record("k", &index.to_string())).unwrap();
        }
        let transcript = journal.finish().unwrap();
        let file = File::open(transcript).unwrap();
        let reader =
            parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        let rows: usize = reader.map(|batch| batch.unwrap().num_rows()).sum();
        assert_eq!(rows, 5000);
        assert!(!dir.path().join(JOURNAL).exists());
    }
}
