//! The recording backend: completions that were made before, from JSONL or Parquet.
//!
//! A recording is a table with one completion a row:
//!
//! | column | | meaning |
//! |---|---|---|
//! | `prompt` | needed, unless joined | what the model was given |
//! | `completion` | needed | what it wrote after the prompt |
//! | `suffix` | | code after the gap, where it infilled |
//! | `healed` | | text that the completion was made to begin with (see [`Query::healed`]) |
//! | `finish` | | `stop` or `length` |
//! | `tokens` | | tokens generated |
//! | `model`, `sample`, `temperature`, any other | | kept as text; see [`Row::get`] |
//!
//! Files end in `.jsonl`, `.jsonl.gz` or `.parquet`. Prompts may stand in a file of their own, joined by a column that both
//! have ([`RecordingOptions::prompts`]); its other columns join the row. In JSONL numbers and booleans are read as their text,
//! `null` as absent. A row that cannot be read is skipped, counted and named ([`Recording::skipped`]).

mod rows;

use crate::{Capabilities, Card, Completion, Error, Finish, Model, Query, Sampling};
pub use rows::{Fields, Place, Rows, rows};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How to read a recording. The default reads prompts from the recording itself and at most 2 GiB.
#[derive(Debug, Clone)]
pub struct RecordingOptions {
    /// A file with the prompts, where the recording has none.
    pub prompts: Option<PathBuf>,
    /// The column that joins both.
    pub id: String,
    /// Most bytes of text that are kept.
    pub limit: usize,
}

impl Default for RecordingOptions {
    fn default() -> Self {
        Self { prompts: None, id: "prompt_id".into(), limit: 2 << 30 }
    }
}

/// One recorded completion. Its text is hostile: never print it raw.
#[derive(Debug, Clone)]
pub struct Row {
    /// What the model was given.
    pub prompt: Arc<str>,
    /// Code after the gap.
    pub suffix: Option<Arc<str>>,
    /// What the completion was made to begin with.
    pub healed: Arc<str>,
    /// What the model wrote.
    pub completion: Arc<str>,
    /// Why it ended, where recorded.
    pub finish: Option<Finish>,
    /// Tokens generated, where recorded.
    pub tokens: Option<usize>,
    others: Vec<(Arc<str>, Arc<str>)>,
}

impl Row {
    /// The names of all columns but the texts.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(|(name, _)| &**name)
    }

    /// Any other column, as text.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.others.iter().find(|(name, _)| &**name == column).map(|(_, value)| &**value)
    }
}

/// Rows that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub count: usize,
    /// The first few: the line or row, from 1, and what is wrong with it.
    pub first: Vec<(usize, String)>,
}

impl Skipped {
    /// So many are named; a file of nothing else would fill the memory.
    const NAMED: usize = 10;

    fn add(&mut self, place: usize, why: String) {
        self.count += 1;
        if self.first.len() < Self::NAMED {
            self.first.push((place, why));
        }
    }
}

/// Recorded completions, by row and as a [`Model`].
#[derive(Debug, Clone)]
pub struct Recording {
    card: Card,
    rows: Vec<Arc<Row>>,
    skipped: Skipped,
    /// Rows of each prompt, in the order of the file.
    index: HashMap<Asked, Vec<usize>>,
    /// Whether rows say what they were healed with.
    healed: bool,
}

/// What tells recorded queries apart: prompt, suffix, healed text.
type Asked = (Arc<str>, Option<Arc<str>>, Arc<str>);

impl Recording {
    /// Reads a recording that holds its prompts.
    ///
    /// # Errors
    /// The file cannot be read, is of another kind, is too large, or has no readable row.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, &RecordingOptions::default())
    }

    /// Reads a recording as `options` say.
    ///
    /// # Errors
    /// As [`Recording::open`], and likewise for the prompts.
    pub fn open_with(path: &Path, options: &RecordingOptions) -> Result<Self, Error> {
        let mut reader = Reader { left: options.limit, limit: options.limit, names: HashSet::new() };
        let prompts = match &options.prompts {
            Some(prompts) => Some(reader.prompts(prompts, &options.id)?),
            None => None,
        };
        let (mut read, mut skipped) = (Vec::new(), Skipped::default());
        for row in rows(path)? {
            let (place, fields) = row?;
            let row = fields.and_then(|fields| match &prompts {
                Some(prompts) => joined(fields, prompts, &options.id),
                None => Ok(fields),
            });
            match row.and_then(|fields| reader.row(fields)) {
                Ok(row) => read.push(Arc::new(row)),
                Err(why) => skipped.add(place, why),
            }
            reader.check(path)?;
        }
        if read.is_empty() {
            let why = match skipped.first.first() {
                Some((place, why)) => format!("no row can be read; row {place}: {why}"),
                None => "it has no rows".to_owned(),
            };
            return Err(Error::Recording { path: path.to_owned(), why });
        }
        let name = path.display().to_string();
        let card = Card { name, backend: "recording".into(), ..Card::default() };
        Ok(Self::of(card, read, skipped))
    }

    fn of(card: Card, rows: Vec<Arc<Row>>, skipped: Skipped) -> Self {
        let healed = rows.iter().any(|row| !row.healed.is_empty());
        let mut index: HashMap<Asked, Vec<usize>> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            index.entry((row.prompt.clone(), row.suffix.clone(), row.healed.clone())).or_default().push(at);
        }
        Self { card, rows, skipped, index, healed }
    }

    /// All rows, in the order of the file.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.rows.iter().map(|row| &**row)
    }

    /// What could not be read.
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// The values of a column other than the texts (`model`, say), each with its number of rows.
    pub fn values(&self, column: &str) -> BTreeMap<&str, usize> {
        let mut values = BTreeMap::new();
        for value in self.rows().filter_map(|row| row.get(column)) {
            *values.entry(value).or_default() += 1;
        }
        values
    }

    /// The rows whose `column` is `value`, as a recording of their own; rows are shared, not copied.
    #[must_use]
    pub fn only(&self, column: &str, value: &str) -> Self {
        let rows = self.rows.iter().filter(|row| row.get(column) == Some(value)).cloned().collect();
        let name = format!("{} ({column} {value})", self.card.name);
        Self::of(Card { name, ..self.card.clone() }, rows, Skipped::default())
    }

    /// What is recorded, as queries: each prompt once, with as many samples as it has completions, in the order of the file.
    pub fn queries(&self) -> Vec<Query> {
        let mut asked: Vec<_> = self.index.iter().map(|(key, rows)| (rows.first(), key, rows.len())).collect();
        asked.sort_unstable_by_key(|(first, ..)| *first);
        let query = |(prompt, suffix, healed): &Asked, samples| Query {
            prompt: prompt.to_string(),
            healed: healed.to_string(),
            suffix: suffix.as_ref().map(ToString::to_string),
            samples,
            seed: 0,
        };
        asked.into_iter().map(|(_, key, samples)| query(key, samples)).collect()
    }

    /// The rows that answer `query`.
    fn answers(&self, query: &Query) -> &[usize] {
        let healed = if self.healed { query.healed.as_str() } else { "" };
        let key = (query.prompt.as_str().into(), query.suffix.as_deref().map(Into::into), healed.into());
        self.index.get(&key).map_or(&[], Vec::as_slice)
    }
}

impl Model for Recording {
    fn card(&self) -> &Card {
        &self.card
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            infill: self.rows.iter().any(|row| row.suffix.is_some()),
            healing: self.healed,
            free_samples: self.rows.iter().any(|row| row.prompt.is_empty()),
            ..Capabilities::default()
        }
    }

    /// Hands out what is recorded for each prompt, in the order of the file: sample 0 is the first. `sampling` is not
    /// compared with how the recording was made; choose by [`Recording::only`].
    fn complete(
        &self,
        queries: &[Query],
        sampling: &Sampling,
        sink: &mut dyn FnMut(Completion) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        for (at, query) in queries.iter().enumerate() {
            let rows = self.answers(query);
            for (sample, &row) in rows.iter().take(query.samples).enumerate() {
                let row = &self.rows[row];
                let tokens = row.tokens.unwrap_or_else(|| self.count_tokens(&row.completion));
                let unsaid = if tokens >= sampling.max_tokens { Finish::Length } else { Finish::Stop };
                let finish = row.finish.unwrap_or(unsaid);
                let text = row.completion.to_string();
                if sink(Completion { query: at, sample, text, finish, tokens }).is_break() {
                    return Ok(());
                }
            }
            if rows.len() < query.samples {
                return Err(Error::NotRecorded {
                    recording: self.card.name.clone(),
                    prompt: crate::error::printable(&ending(&query.prompt), 80),
                    recorded: rows.len(),
                    asked: query.samples,
                });
            }
        }
        Ok(())
    }
}

/// The end of a prompt, which tells more than its start.
fn ending(prompt: &str) -> String {
    let skip = prompt.chars().count().saturating_sub(60);
    prompt.chars().skip(skip).collect()
}

/// Turns fields into rows and keeps count of the memory they take. Equal texts are kept once.
struct Reader {
    left: usize,
    limit: usize,
    names: HashSet<Arc<str>>,
}

/// What a row costs beside its text.
const ROW: usize = 256;

impl Reader {
    /// Fails once the limit is passed.
    fn check(&self, path: &Path) -> Result<(), Error> {
        if self.left > 0 {
            return Ok(());
        }
        let why = format!("it holds more than {} MiB of text; split it", self.limit >> 20);
        Err(Error::Recording { path: path.to_owned(), why })
    }

    /// The fields of the prompts, by id.
    fn prompts(&mut self, path: &Path, id: &str) -> Result<HashMap<String, Fields>, Error> {
        let mut prompts = HashMap::new();
        for row in rows(path)? {
            let (place, fields) = row?;
            let mut fields = fields.map_err(|why| wrong_prompt(path, place, &why))?;
            let missing = || wrong_prompt(path, place, &format!("no column `{id}`"));
            let key = fields.remove(id).ok_or_else(missing)?;
            let size: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
            self.left = self.left.saturating_sub(size + ROW);
            self.check(path)?;
            prompts.insert(key, fields);
        }
        Ok(prompts)
    }

    fn row(&mut self, mut fields: Fields) -> Result<Row, String> {
        self.left = self.left.saturating_sub(ROW);
        let mut take = |name: &str| fields.remove(name);
        let prompt = take("prompt").ok_or("no column `prompt`")?;
        let completion = take("completion").ok_or("no column `completion`")?;
        let (suffix, healed) = (take("suffix"), take("healed").unwrap_or_default());
        let finish = match take("finish").as_deref() {
            None => None,
            Some("stop") => Some(Finish::Stop),
            Some("length") => Some(Finish::Length),
            Some(_) => return Err("`finish` is neither `stop` nor `length`".into()),
        };
        let tokens = match take("tokens") {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| "`tokens` is no number")?),
        };
        Ok(Row {
            prompt: self.keep(prompt),
            suffix: suffix.map(|text| self.keep(text)),
            healed: self.keep(healed),
            completion: self.keep(completion),
            finish,
            tokens,
            others: fields.into_iter().map(|(name, value)| (self.keep(name), self.keep(value))).collect(),
        })
    }

    fn keep(&mut self, text: String) -> Arc<str> {
        if let Some(known) = self.names.get(text.as_str()) {
            return known.clone();
        }
        self.left = self.left.saturating_sub(text.len() + ROW);
        let text: Arc<str> = text.into();
        self.names.insert(text.clone());
        text
    }
}

/// A row with the fields of its prompt; its own come first where both have one.
fn joined(mut fields: Fields, prompts: &HashMap<String, Fields>, id: &str) -> Result<Fields, String> {
    let key = fields.get(id).ok_or_else(|| format!("no column `{id}`"))?;
    let prompt = prompts.get(key).ok_or_else(|| format!("its `{id}` is not among the prompts"))?;
    for (name, value) in prompt {
        fields.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Ok(fields)
}

fn wrong_prompt(path: &Path, place: usize, why: &str) -> Error {
    Error::Recording { path: path.to_owned(), why: format!("row {place}: {why}") }
}
