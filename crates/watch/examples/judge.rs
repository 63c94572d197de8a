//! How long a completion waits to be judged: `judge FILE` takes a JSON list of Python completions and prints JSON: milliseconds
//! to read each whole, and line by line as `--mode block` does at worst; and how many hold something insecure. Each time is the
//! least of three, so that other work on the machine is not measured; `first` holds the first of the three.
#![allow(clippy::print_stdout)]

use code::{Analysis, Choice, Engine, Language};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("judge FILE")?;
    let texts: Vec<String> = serde_json::from_slice(&std::fs::read(path)?)?;
    // The rules compile on the first text.
    read("import yaml\nyaml.load(f)\n");
    let (mut first, mut times, mut statements, mut found) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for text in &texts {
        let (took, analysis) = read(text);
        first.push(took);
        times.push(took.min(read(text).0).min(read(text).0));
        found += usize::from(analysis.decisions.iter().any(|decision| decision.choice == Choice::Insecure));
        for (end, _) in text.match_indices('\n') {
            let so_far = &text[..=end];
            statements.push(read(so_far).0.min(read(so_far).0).min(read(so_far).0));
        }
    }
    println!("{}", serde_json::json!({ "first": first, "times": times, "statements": statements, "found": found }));
    Ok(())
}

/// Milliseconds to read a text, and what was read.
fn read(text: &str) -> (f64, Analysis) {
    let (engine, start) = (Engine::builtin(), Instant::now());
    let analysis = match engine.may_decide(Language::Python, text) {
        true => engine.read(Language::Python, text),
        false => Analysis::default(),
    };
    (start.elapsed().as_secs_f64() * 1e3, analysis)
}
