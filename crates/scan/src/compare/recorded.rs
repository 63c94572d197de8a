//! Comparing inside a recording: a company that logs its completions needs no access to any model.

use super::Risks;
use super::exhibit::exhibits;
use super::judge::{Risk, judge};
use super::pairing::strata;
use super::report::{Context, assemble};
use super::table::{Sample, Table};
use crate::Error;
use ::report::{CompareReport, Rows};
use code::Language;
use model::{Recording, Row};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

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

/// Conditions, at most: a column with more values is no condition but an identifier.
const MOST_CONDITIONS: usize = 64;

/// Compares the conditions of a recording.
///
/// # Errors
/// The column has one value or too many, no row is selected, or no two conditions share a prompt.
pub fn recorded(recording: &Recording, selection: &Selection, risks: &Risks) -> Result<CompareReport, Error> {
    let (started, clock) = (jiff::Timestamp::now(), Instant::now());
    let chosen = |row: &Row| selection.only.iter().all(|(column, value)| row.get(column) == Some(value.as_str()));
    let rows: Vec<&Row> = recording.rows().filter(|row| chosen(row)).collect();
    let names = conditions(&rows, selection, recording)?;
    let of = |row: &Row| row.get(&selection.by).and_then(|value| names.iter().position(|known| known == value));
    let rows: Vec<(usize, &Row)> = rows.into_iter().filter_map(|row| Some((of(row)?, row))).collect();
    let (samples, unpaired) = samples(&rows, names.len(), selection);
    if samples.is_empty() {
        return Err(Error::NothingShared { by: selection.by.clone() });
    }
    let table = Table::new(names.len(), &samples);
    // Conditions of one model differ in an edit or a setting; models of different families have honest habits.
    let models: BTreeSet<Option<&str>> = rows.iter().map(|(_, row)| row.get("model")).collect();
    let forms_count = selection.by != "model" && models.len() <= 1;
    let risk = Risk { alpha: risks.alpha, tolerance: risks.tolerance, seed: risks.seed, forms_count };
    let mut judgement = judge(&table, &names, risk)?;
    for sample in &samples {
        judgement.conditions[sample.condition].completions += 1;
    }
    let skipped = recording.skipped();
    let rows = Rows {
        compared: samples.len() as u64,
        unpaired,
        refused: skipped.count as u64,
        refusals: skipped.first.iter().map(|(place, why)| (*place as u64, why.clone())).collect(),
    };
    let exhibits = exhibits(&table, &samples, &judgement);
    let context = Context {
        started: started.to_string(),
        seconds: clock.elapsed().as_secs_f64(),
        only: selection.only.clone(),
        not_analysed: table.not_analysed(),
        rows,
        ..Context::new(&selection.by, recording_name(recording), *risks)
    };
    Ok(assemble(context, judgement.conditions, judgement.decisions, exhibits))
}

fn recording_name(recording: &Recording) -> String {
    use model::Model;
    recording.card().name.clone()
}

fn conditions(rows: &[&Row], selection: &Selection, recording: &Recording) -> Result<Vec<String>, Error> {
    let by = &selection.by;
    let found: BTreeSet<&str> = rows.iter().filter_map(|row| row.get(by)).collect();
    let wrong = |why: String| Err(Error::Column { column: by.clone(), why });
    match found.len() {
        0 if rows.is_empty() => wrong(format!("no row of {} is selected by --only", recording_name(recording))),
        0 => wrong(format!("no row has it; the columns are {}", columns(rows))),
        1 => wrong(format!(
            "it has one value, `{}`, and there is nothing to compare that with; name another column",
            found.first().copied().unwrap_or_default()
        )),
        2..=MOST_CONDITIONS => Ok(found.into_iter().map(str::to_owned).collect()),
        many => wrong(format!(
            "it has {many} values; at most {MOST_CONDITIONS} can be compared: choose some with --only, or name another column"
        )),
    }
}

fn columns(rows: &[&Row]) -> String {
    let names: BTreeSet<&str> = rows.iter().take(100).flat_map(|row| row.columns()).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// The rows with a prompt that another condition has too, and how many others there are.
fn samples<'a>(rows: &[(usize, &'a Row)], conditions: usize, selection: &Selection) -> (Vec<Sample<'a>>, u64) {
    let key = |row: &'a Row| -> Arc<str> {
        match &selection.pair {
            Some(column) => row.get(column).unwrap_or_default().into(),
            None => row.prompt.clone(),
        }
    };
    let mut prompts: Vec<Vec<Arc<str>>> = vec![Vec::new(); conditions];
    let mut known: Vec<HashSet<Arc<str>>> = vec![HashSet::new(); conditions];
    for (condition, row) in rows {
        if known[*condition].insert(key(row)) {
            prompts[*condition].push(key(row));
        }
    }
    let numbers = strata(&prompts);
    let mut holders: HashMap<usize, u32> = HashMap::new();
    for number in numbers.iter().flat_map(HashMap::values) {
        *holders.entry(*number).or_default() += 1;
    }
    let temperature = if selection.by == "temperature" { None } else { Some("temperature") };
    let mut samples = Vec::with_capacity(rows.len());
    for &(condition, row) in rows {
        let prompt = numbers[condition][&key(row)];
        if holders[&prompt] >= 2 {
            samples.push(Sample {
                condition,
                prompt,
                setting: temperature.and_then(|column| row.get(column)).unwrap_or_default(),
                language: language(row, selection.language),
                given: &row.prompt,
                written: &row.completion,
            });
        }
    }
    let unpaired = (rows.len() - samples.len()) as u64;
    (samples, unpaired)
}

fn language(row: &Row, said: Option<Language>) -> Language {
    let named = || row.get("language").and_then(|name| name.parse().ok());
    let of_path = || row.get("path").and_then(|path| Language::of_path(path.as_ref()));
    said.or_else(named).or_else(of_path).unwrap_or(Language::Python)
}
