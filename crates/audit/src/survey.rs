//! The function that reads a part of the data set where it runs, on any core or executor, and leaves outlines in the work folder.

use crate::AuditError;
use crate::evidence::Table;
use crate::outline::Outline;
use code::{Engine, Language};
use dataset::{Document, Folder, Known, Limits, Part, PartRead, Problem};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Bytes at which a table of outlines is full: what one worker holds.
const FULL: usize = 32 << 20;
/// Problems of a part that are told one by one; the others are counted.
const TOLD: usize = 100;

/// What to read, and where to leave what was found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    pub number: u32,
    pub part: Part,
    /// The digest of the whole data set's extent.
    pub extent: String,
    /// The work folder.
    pub work: String,
    /// The file with the texts of an earlier data set, which are left out.
    pub known: Option<String>,
}

/// What was read of a part.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Surveyed {
    pub number: u32,
    /// The task that this answers.
    pub task: String,
    pub read: PartRead,
    /// Documents that can hold a decision.
    pub may_decide: u64,
    /// Documents that were in the earlier data set.
    pub known: u64,
    /// Features of their outlines.
    pub features: u64,
    /// The tables with their outlines.
    pub tables: Vec<String>,
    /// The first problems.
    pub problems: Vec<Problem>,
}

impl Surveyed {
    /// The file that says a part is done.
    pub fn file(number: u32) -> String {
        format!("surveyed-{number:06}.json")
    }
}

/// Tells a task, written as JSON, from all others: what an audit left in the work folder is not taken for what another one wants, nor once
/// the data set has changed.
pub(crate) fn digest(task: &str) -> String {
    Sha256::digest(task).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the part of a [`Task`], written as JSON; answers with a [`Surveyed`].
pub(crate) fn survey(task: &str) -> Result<String, String> {
    let run = || -> Result<String, AuditError> {
        let digest = digest(task);
        let task: Task = serde_json::from_str(task)?;
        let folder = Folder::at(&task.work)?;
        let surveyed = Surveyed { task: digest, ..Survey::new(&task, &folder)?.read()? };
        let answer = serde_json::to_string(&surveyed)?;
        // The tables that it names are on the disk; a part without an answer is read again.
        folder.note(&Surveyed::file(task.number), answer.clone().into_bytes())?;
        Ok(answer)
    };
    run().map_err(|error| error.to_string())
}

struct Survey<'a> {
    task: &'a Task,
    folder: &'a Folder,
    known: Option<Arc<Known>>,
    table: Table,
    found: Surveyed,
}

impl<'a> Survey<'a> {
    fn new(task: &'a Task, folder: &'a Folder) -> Result<Self, AuditError> {
        let known = task.known.as_deref().map(|file| known(folder, file)).transpose()?;
        let found = Surveyed { number: task.number, ..Surveyed::default() };
        Ok(Survey { task, folder, known, table: Table::new()?, found })
    }

    fn read(mut self) -> Result<Surveyed, AuditError> {
        let (mut ordinal, mut problems, mut failed) = (0, Vec::new(), None);
        let read = self.task.part.read(
            &Limits::default(),
            &mut |document| {
                if failed.is_none() {
                    failed = self.document(ordinal, &document).err();
                }
                ordinal += 1;
            },
            &mut |problem| {
                if problems.len() < TOLD {
                    problems.push(problem);
                }
            },
        );
        if let Some(error) = failed {
            return Err(error);
        }
        self.store()?;
        Ok(Surveyed { read, problems, ..self.found })
    }

    fn document(&mut self, ordinal: u32, document: &Document<'_>) -> Result<(), AuditError> {
        let Some(language) = language(document) else { return Ok(()) };
        if !Engine::builtin().may_decide_bytes(language, document.bytes) {
            return Ok(());
        }
        if let Some(known) = &self.known
            && known.has(document.bytes).map_err(|error| AuditError::Work { what: error.to_string() })?
        {
            self.found.known += 1;
            return Ok(());
        }
        self.found.may_decide += 1;
        let text = text(document.bytes);
        let anchors = Engine::builtin().anchors(language, &text);
        let outline = Outline::read(language, &text, &anchors);
        self.found.features += outline.features.len() as u64;
        self.table.add(ordinal, document, language, &outline)?;
        if self.table.size() > FULL { self.store() } else { Ok(()) }
    }

    fn store(&mut self) -> Result<(), AuditError> {
        if let Some(table) = std::mem::replace(&mut self.table, Table::new()?).finish()? {
            let name = format!("outlines-{:06}-{:04}.parquet", self.task.number, self.found.tables.len());
            self.folder.put(&name, table)?;
            self.found.tables.push(name);
        }
        Ok(())
    }
}

/// Opens a file of known texts once for all parts that this process reads of an audit: from an object store it is copied.
fn known(folder: &Folder, file: &str) -> Result<Arc<Known>, AuditError> {
    static OPENED: Mutex<Option<(String, Arc<Known>)>> = Mutex::new(None);
    let place = format!("{}/{file}", folder.location());
    let mut opened = OPENED.lock().map_err(|_| AuditError::Work { what: "another worker failed".to_owned() })?;
    match &*opened {
        Some((at, known)) if *at == place => Ok(Arc::clone(known)),
        _ => {
            let known = Arc::new(Known::open(folder, file)?);
            *opened = Some((place, Arc::clone(&known)));
            Ok(known)
        }
    }
}

/// The text of a document. Asked first whether it is UTF-8, which takes a tenth of the time that mending takes.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// What a document is read as.
pub(crate) fn language(document: &Document<'_>) -> Option<Language> {
    document.language.or_else(|| Language::of_path(Path::new(document.path.unwrap_or(document.name))))
}
