//! Files that people wrote around two decisions: the choices found there are those that a person who read the code found.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use code::{Choice, Engine, Language};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

/// Path in the data set, line, decision and choice; 30 of each decision, drawn at random and read by a person.
const LABELS: &str = include_str!("natural.tsv");

#[test]
fn every_labelled_decision_in_files_people_wrote_gets_the_right_choice() {
    let shared = std::env::var_os("TASTER_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let Ok(file) = File::open(shared.join("data/natural/files.jsonl.gz")) else {
        println!("skipped: no {}/data/natural (set TASTER_SHARED)", shared.display());
        return;
    };
    let mut labels: BTreeMap<&str, Vec<(usize, &str, Choice)>> = BTreeMap::new();
    for line in LABELS.lines() {
        let [path, line, decision, choice] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let choice = serde_json::from_value(choice.into()).unwrap();
        labels.entry(path).or_default().push((line.parse().unwrap(), decision, choice));
    }
    let mut read = 0;
    let mut wrong = Vec::new();
    for row in BufReader::new(flate2::read::GzDecoder::new(file)).lines() {
        let row: serde_json::Value = serde_json::from_str(&row.unwrap()).unwrap();
        let path = row["path"].as_str().unwrap();
        let Some(labels) = labels.get(path) else { continue };
        let analysis = Engine::builtin().read(Language::Python, row["text"].as_str().unwrap());
        for &(line, decision, choice) in labels {
            let mut found = analysis.decisions.iter().filter(|d| d.line == line && *d.decision == *decision);
            read += 1;
            if found.next().is_none_or(|d| d.choice != choice) {
                wrong.push(format!("{path}:{line} {decision} is {choice:?}"));
            }
        }
    }
    assert_eq!(read, LABELS.lines().count(), "labels whose file is not in the data set");
    assert!(wrong.is_empty(), "wrong: {wrong:#?}");
}
