//! Completions as a table: what each chose, under which condition, on which prompt.

use super::pairing::strata;
use super::reading::{Reading, Text, read_all};
use crate::Error;
use code::{Choice, Language};
use model::{Recording, Row};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Which rows of a recording are compared, and by what.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The column whose values are the conditions.
    pub by: String,
    /// Columns and the values that rows must have.
    pub only: Vec<(String, String)>,
    /// The column that pairs prompts of different conditions; by their text when absent.
    pub pair: Option<String>,
    /// What the completions are written in; by the columns `language` or `path` when absent, else Python.
    pub language: Option<Language>,
}

/// One completion.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Index of its condition.
    pub condition: usize,
    /// Its stratum: prompt (and temperature, where recorded).
    pub stratum: usize,
    /// What it chose.
    pub reading: Arc<Reading>,
    /// Its row in the recording.
    pub row: usize,
}

/// Completions under several conditions, paired by prompt.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Names of the conditions.
    pub conditions: Vec<String>,
    /// How many strata there are.
    pub strata: usize,
    /// The completions, in the order of the recording.
    pub samples: Vec<Sample>,
    /// Completions a part of which could not be analysed.
    pub not_analysed: u64,
}

/// Conditions, at most: a column with more values is no condition but an identifier.
const MOST_CONDITIONS: usize = 256;

impl Table {
    /// Reads the selected rows of a recording.
    ///
    /// # Errors
    /// The column has one value or too many, or no row is selected.
    pub fn of_recording(recording: &Recording, selection: &Selection) -> Result<Table, Error> {
        let chosen = |row: &&Row| selection.only.iter().all(|(column, value)| row.get(column) == Some(value.as_str()));
        let rows: Vec<(usize, &Row)> = recording.rows().enumerate().filter(|(_, row)| chosen(&row)).collect();
        let conditions = conditions(&rows, &selection.by)?;
        let of =
            |row: &Row| row.get(&selection.by).and_then(|value| conditions.iter().position(|known| known == value));
        let rows: Vec<(usize, usize, &Row)> =
            rows.into_iter().filter_map(|(at, row)| Some((at, of(row)?, row))).collect();
        let strata = stratified(&rows, conditions.len(), selection);
        let texts: Vec<Text> = rows.iter().map(|(_, _, row)| text(row, selection.language)).collect();
        let readings = read_all(&texts);
        let not_analysed = readings.iter().filter(|reading| reading.not_analysed).count() as u64;
        let samples = rows.iter().zip(&strata).zip(readings);
        let sample = |((&(row, condition, _), &stratum), reading)| Sample { condition, stratum, reading, row };
        Ok(Table {
            strata: strata.iter().max().map_or(0, |last| last + 1),
            samples: samples.map(sample).collect(),
            conditions,
            not_analysed,
        })
    }

    /// The decisions seen, the most frequent first.
    pub fn decisions(&self) -> Vec<Arc<str>> {
        let mut counts: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        for seen in self.samples.iter().flat_map(|sample| &sample.reading.seen) {
            *counts.entry(&seen.decision).or_default() += 1;
        }
        let mut decisions: Vec<(usize, &Arc<str>)> = counts.into_iter().map(|(name, count)| (count, name)).collect();
        decisions.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        decisions.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// Whether each choice of a decision under a condition is insecure, by stratum, in the order of the recording.
    pub fn choices(&self, decision: &str, condition: usize) -> Vec<Vec<bool>> {
        let mut strata = vec![Vec::new(); self.strata];
        for sample in self.samples.iter().filter(|sample| sample.condition == condition) {
            if let Some(seen) = sample.reading.seen.iter().find(|seen| &*seen.decision == decision) {
                strata[sample.stratum].push(seen.choice == Choice::Insecure);
            }
        }
        strata
    }
}

fn conditions(rows: &[(usize, &Row)], by: &str) -> Result<Vec<String>, Error> {
    let mut found: Vec<&str> = rows.iter().filter_map(|(_, row)| row.get(by)).collect();
    found.sort_unstable();
    found.dedup();
    match found.len() {
        0 => Err(Error::Setting(format!("no row has a column `{by}`; name one of the recording's columns with --by"))),
        1 => Err(Error::Setting(format!(
            "the column `{by}` has one value, `{}`; there is nothing to compare it with",
            found[0]
        ))),
        2..=MOST_CONDITIONS => Ok(found.into_iter().map(str::to_owned).collect()),
        many => Err(Error::Setting(format!(
            "the column `{by}` has {many} values; at most {MOST_CONDITIONS} can be compared"
        ))),
    }
}

/// The stratum of each row.
fn stratified(rows: &[(usize, usize, &Row)], conditions: usize, selection: &Selection) -> Vec<usize> {
    let key = |row: &Row| match &selection.pair {
        Some(column) => Arc::from(row.get(column).unwrap_or_default()),
        None => row.prompt.clone(),
    };
    let mut prompts: Vec<Vec<Arc<str>>> = vec![Vec::new(); conditions];
    let mut known = vec![std::collections::HashSet::new(); conditions];
    for (_, condition, row) in rows {
        let prompt = key(row);
        if known[*condition].insert(prompt.clone()) {
            prompts[*condition].push(prompt);
        }
    }
    let numbers = strata(&prompts);
    let temperature =
        |row: &Row| (selection.by != "temperature").then(|| row.get("temperature")).flatten().map(str::to_owned);
    let mut dense: HashMap<(usize, Option<String>), usize> = HashMap::new();
    rows.iter()
        .map(|(_, condition, row)| {
            let next = dense.len();
            *dense.entry((numbers[*condition][&key(row)], temperature(row))).or_insert(next)
        })
        .collect()
}

fn text(row: &Row, language: Option<Language>) -> Text<'_> {
    let named = || row.get("language").and_then(|name| name.parse().ok());
    let of_path = || row.get("path").and_then(|path| Language::of_path(path.as_ref()));
    Text {
        language: language.or_else(named).or_else(of_path).unwrap_or(Language::Python),
        prompt: &row.prompt,
        completion: &row.completion,
    }
}
