//! How long a completion waits to be judged: `judge FILE` takes a JSON list of Python completions and prints JSON: milliseconds
//! to read each whole, and line by line as `--mode block` does at worst; and how many hold something insecure.
#![allow(clippy::print_stdout)]

use code::{Choice, Engine, Language};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("judge FILE")?;
    let texts: Vec<String> = serde_json::from_slice(&std::fs::read(path)?)?;
    let engine = Engine::builtin();
    // The rules compile on the first text.
    engine.read(Language::Python, "import yaml\nyaml.load(f)\n");
    let (mut times, mut statements, mut found) = (Vec::new(), Vec::new(), 0);
    for text in &texts {
        let start = Instant::now();
        let analysis = engine.read(Language::Python, text);
        times.push(start.elapsed().as_secs_f64() * 1e3);
        found += usize::from(analysis.decisions.iter().any(|decision| decision.choice == Choice::Insecure));
        let longest = text.match_indices('\n').map(|(end, _)| {
            let start = Instant::now();
            if engine.may_decide(Language::Python, &text[..=end]) {
                engine.read(Language::Python, &text[..=end]);
            }
            start.elapsed().as_secs_f64() * 1e3
        });
        statements.extend(longest);
    }
    println!("{}", serde_json::json!({ "times": times, "statements": statements, "found": found }));
    Ok(())
}
