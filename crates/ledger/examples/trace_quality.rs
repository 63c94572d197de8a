//! How well poisoned files are found among others: `trace_quality CORPUS FOLDER`.
//!
//! CORPUS is a folder with `corpus.jsonl` (`bench/audit/corpus.py` makes one); FOLDER is filled with it, the poisoned files and an index. Each
//! line is about what poisoned checkpoints really wrote, insecure completions that copy 12 tokens or more, as it stands or renamed and reformatted
//! by machine, or about the line of the trigger. What was chosen was chosen on one half of the completions; the other was kept back.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/hidden/mod.rs"]
#[allow(dead_code, reason = "the test uses the rest")]
mod hidden;

use dataset::Dataset;
use hidden::{Hidden, rank, renamed, shared, trigger};
use ledger::index::Index;
use std::path::Path;

/// Completions of a decision.
const QUERIES: usize = 500;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, corpus, folder] = &arguments[..] else { panic!("usage: trace_quality CORPUS FOLDER") };
    let hidden = Hidden::new(&shared().expect("data/trojanpuzzle in TASTER_SHARED or ../shared"));
    let (data, place) = (Path::new(folder).join("data"), Path::new(folder).join("index").display().to_string());
    let index = Index::open(&place).unwrap().unwrap_or_else(|| {
        std::fs::create_dir_all(&data).unwrap();
        hidden.write(&data.join("hidden.jsonl"));
        std::fs::copy(Path::new(corpus).join("corpus.jsonl"), data.join("corpus.jsonl")).unwrap();
        let dataset = Dataset::open(&data.display().to_string()).unwrap();
        Index::build(&dataset, &place, &|_| (), &mut |problem| eprintln!("{problem}")).unwrap()
    });
    let manifest = index.manifest();
    println!("{} documents, {:.0} MB", manifest.documents, manifest.bytes as f64 / 1e6);
    println!("| decision | query | queries | first | in the first 10 |\n|---|---|---|---|---|");
    for decision in ["yaml-load", "flask-send-file"] {
        let written = hidden.completions(decision, QUERIES);
        for (half, first) in [("chosen on", 0), ("kept back", 1)] {
            let written: Vec<String> = written.iter().skip(first).step_by(2).cloned().collect();
            let changed: Vec<String> = written.iter().map(|query| renamed(query)).collect();
            print(&index, decision, &format!("as written, {half}"), &written);
            print(&index, decision, &format!("renamed, {half}"), &changed);
        }
        let line = trigger(decision);
        print(&index, decision, "trigger", &[line.to_owned(), format!("    # {line}\n"), line.to_uppercase()]);
    }
}

fn print(index: &Index, decision: &str, name: &str, queries: &[String]) {
    let ranks: Vec<Option<usize>> = queries.iter().map(|query| rank(index, decision, query)).collect();
    let within = |most| {
        let found = ranks.iter().flatten().filter(|rank| **rank < most).count();
        100.0 * found as f64 / ranks.len() as f64
    };
    println!("| {decision} | {name} | {} | {:.1} % | {:.1} % |", queries.len(), within(1), within(10));
}
