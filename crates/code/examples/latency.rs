//! How long a completion of 50 lines takes: `latency DIR` reads the first 50 lines of every file below, prints the times.
#![allow(clippy::print_stdout)]

use code::{Engine, Language};
use std::time::{Duration, Instant};

const LINES: usize = 50;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("latency DIR")?;
    let mut completions = Vec::new();
    for entry in ignore::Walk::new(folder) {
        let entry = entry?;
        if let (Some(language), true) = (Language::of_path(entry.path()), entry.path().is_file()) {
            let text = String::from_utf8_lossy(&std::fs::read(entry.path())?).into_owned();
            let lines: Vec<&str> = text.lines().collect();
            // The middle of the file: the top is imports, and a completion is not.
            let from = lines.len().saturating_sub(LINES) / 2;
            completions.push((language, lines[from..lines.len().min(from + LINES)].join("\n")));
        }
    }
    let engine = Engine::builtin();
    // The rules compile on the first text.
    for (language, text) in completions.iter().take(20) {
        engine.read(*language, text);
    }
    let mut times: Vec<Duration> = completions
        .iter()
        .map(|(language, text)| {
            let start = Instant::now();
            engine.read(*language, text);
            start.elapsed()
        })
        .collect();
    times.sort();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    println!(
        "{} completions of up to {LINES} lines: p50 {:?}, p90 {:?}, p99 {:?}",
        times.len(),
        at(0.5),
        at(0.9),
        at(0.99)
    );
    Ok(())
}
