//! The promise on real completions: the same model on the same prompts, split at random in two, departs from itself in at
//! most the promised share of splits.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use super::judge::{Risk, judge};
use super::reading::{Text, read_all};
use super::table::{Sample, Table};
use code::Language;
use model::{Recording, RecordingOptions, Row};
use rand::RngExt;
use report::CompareVerdict;
use stats::{Alpha, Tolerance};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

const SPLITS: usize = 1000;

#[test]
fn random_splits_of_one_models_completions_depart_in_at_most_one_of_a_hundred() {
    let shared = std::env::var_os("TASTER_SHARED").map_or_else(|| "../../../shared".into(), PathBuf::from);
    let folder = shared.join("data/trojanpuzzle");
    if !folder.exists() {
        println!("skipped: {} is not here", folder.display());
        return;
    }
    let options = RecordingOptions { prompts: Some(folder.join("prompts.jsonl.gz")), ..RecordingOptions::default() };
    let recording = Recording::open_with(&folder.join("completions.jsonl.gz"), &options).unwrap();
    let mut models: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in recording.rows().filter(|row| row.get("trigger") == Some("false")) {
        models.entry(row.get("model").unwrap()).or_default().push(row);
    }
    let (mut splits, mut departed) = (0, 0);
    let each = SPLITS.div_ceil(models.len());
    for rows in models.values() {
        let texts: Vec<Text> = rows
            .iter()
            .map(|row| Text { language: Language::Python, prompt: &row.prompt, completion: &row.completion })
            .collect();
        let readings = read_all(&texts);
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let prompts: Vec<usize> = rows
            .iter()
            .map(|row| {
                let next = numbers.len();
                *numbers.entry(&row.prompt).or_insert(next)
            })
            .collect();
        for seed in 0..each as u64 {
            let mut rng = crate::seeds::rng(seed, "splits");
            let samples: Vec<Sample> = rows
                .iter()
                .zip(&prompts)
                .map(|(row, &prompt)| Sample {
                    condition: usize::from(rng.random_bool(0.5)),
                    prompt,
                    setting: row.get("temperature").unwrap_or_default(),
                    language: Language::Python,
                    given: &row.prompt,
                    written: &row.completion,
                })
                .collect();
            let table = Table::of(2, &samples, readings.clone());
            let (alpha, tolerance) = (Alpha::new(0.01).unwrap(), Tolerance::new(0.05).unwrap());
            let risk = Risk { alpha, tolerance, seed, forms_count: true };
            let judgement = judge(&table, &["one".into(), "other".into()], risk).unwrap();
            splits += 1;
            departed += usize::from(judgement.conditions.iter().any(|c| c.verdict == CompareVerdict::Departs));
        }
    }
    println!("{departed} of {splits} random splits depart");
    assert!(splits >= SPLITS && departed * 100 <= splits, "{departed} of {splits}");
}
