//! Completions as a table: what each chose, under which condition, on which prompt.

use super::reading::{Reading, Text, read_all};
use code::{Choice, Language};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A completion on its way into the table.
#[derive(Debug, Clone)]
pub(super) struct Sample<'a> {
    /// Index of its condition.
    pub condition: usize,
    /// Its prompt's number; prompts of different conditions that answer to each other have the same.
    pub prompt: usize,
    /// What else must be equal in a pair: the temperature, where recorded.
    pub setting: &'a str,
    /// What it is written in.
    pub language: Language,
    /// What the model was given.
    pub given: &'a str,
    /// What it wrote.
    pub written: &'a str,
}

/// One choice of one completion.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    /// Index of the completion.
    pub sample: usize,
    /// What was chosen.
    pub choice: Choice,
    /// Number of its normal form.
    pub form: usize,
}

/// The choices of two conditions in one stratum, in pairs: as many as the fewer choices, each a share of the one's against a
/// share of the other's, so that every choice is heard once.
pub(super) fn pairs<'a>(one: &'a [Cell], other: &'a [Cell]) -> impl Iterator<Item = (&'a [Cell], &'a [Cell])> {
    let pairs = one.len().min(other.len());
    let share =
        move |cells: &'a [Cell], pair: usize| &cells[pair * cells.len() / pairs..(pair + 1) * cells.len() / pairs];
    (0..pairs).map(move |pair| (share(one, pair), share(other, pair)))
}

/// The mean of a value over choices of which there is at least one, minus that over others.
pub(super) fn difference((one, other): (&[Cell], &[Cell]), value: impl Fn(&Cell) -> bool) -> f64 {
    let mean = |cells: &[Cell]| cells.iter().filter(|cell| value(cell)).count() as f64 / cells.len() as f64;
    mean(one) - mean(other)
}

impl Cell {
    pub fn insecure(&self) -> bool {
        self.choice == Choice::Insecure
    }
}

/// A decision and its choices.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// The decision.
    pub decision: Arc<str>,
    /// Its weakness.
    pub cwe: Arc<str>,
    /// By condition: its choices by stratum, in the order they were made.
    pub cells: Vec<BTreeMap<usize, Vec<Cell>>>,
}

/// Completions under several conditions, paired by prompt.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    /// How many conditions there are.
    pub conditions: usize,
    /// The decisions seen.
    pub columns: Vec<Column>,
    /// The prompt of each stratum. A stratum is a prompt at one setting.
    pub prompts: Vec<usize>,
    /// Normal forms, by number.
    pub forms: Vec<Arc<str>>,
    /// What each completion holds.
    pub readings: Vec<Arc<Reading>>,
}

impl Table {
    /// Reads the completions of `conditions` conditions.
    pub fn new(conditions: usize, samples: &[Sample]) -> Table {
        let texts: Vec<Text> = samples
            .iter()
            .map(|sample| Text { language: sample.language, prompt: sample.given, completion: sample.written })
            .collect();
        Table::of(conditions, samples, read_all(&texts))
    }

    /// The table of completions that were read.
    pub fn of(conditions: usize, samples: &[Sample], readings: Vec<Arc<Reading>>) -> Table {
        let mut table = Table { conditions, readings, ..Table::default() };
        let mut strata: HashMap<(usize, &str), usize> = HashMap::new();
        let mut columns: HashMap<Arc<str>, usize> = HashMap::new();
        let mut forms: HashMap<Arc<str>, usize> = HashMap::new();
        for (index, sample) in samples.iter().enumerate() {
            let stratum = *strata.entry((sample.prompt, sample.setting)).or_insert_with(|| {
                table.prompts.push(sample.prompt);
                table.prompts.len() - 1
            });
            for seen in &table.readings[index].seen {
                let column = *columns.entry(seen.decision.clone()).or_insert_with(|| {
                    let cells = vec![BTreeMap::new(); conditions];
                    table.columns.push(Column { decision: seen.decision.clone(), cwe: seen.cwe.clone(), cells });
                    table.columns.len() - 1
                });
                let form = *forms.entry(seen.form.clone()).or_insert_with(|| {
                    table.forms.push(seen.form.clone());
                    table.forms.len() - 1
                });
                let cell = Cell { sample: index, choice: seen.choice, form };
                table.columns[column].cells[sample.condition].entry(stratum).or_default().push(cell);
            }
        }
        table
    }

    /// Completions a part of which could not be analysed.
    pub fn not_analysed(&self) -> u64 {
        self.readings.iter().filter(|reading| reading.not_analysed).count() as u64
    }
}

impl Column {
    /// The strata in which both conditions made the decision, with the choices of each.
    pub fn shared(&self, one: usize, other: usize) -> impl Iterator<Item = (usize, &[Cell], &[Cell])> {
        let other = &self.cells[other];
        self.cells[one]
            .iter()
            .filter_map(move |(stratum, own)| Some((*stratum, own.as_slice(), other.get(stratum)?.as_slice())))
    }
}
