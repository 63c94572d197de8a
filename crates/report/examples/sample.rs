//! Writes every report of a poisoned and a clean sample scan and audit: `cargo run --release -p report --example sample -- OUTDIR`.
#![allow(clippy::print_stdout)]

#[path = "../tests/sample/mod.rs"]
mod sample;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::env::args().nth(1).ok_or("usage: sample OUTDIR")?;
    for (name, report) in [("poisoned", sample::poisoned()), ("clean", sample::clean())] {
        println!("{}", report::terminal::scan(&report, 110, true));
        for path in report::write_all(&report, &Path::new(&out).join(name))? {
            println!("{}", path.display());
        }
    }
    for (name, report) in [("planted", sample::audit::poisoned()), ("honest", sample::audit::clean())] {
        println!("{}", report::terminal::audit(&report, 110, true));
        for path in report::write_audit(&report, &Path::new(&out).join(name))? {
            println!("{}", path.display());
        }
    }
    Ok(())
}
