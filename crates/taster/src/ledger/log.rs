//! `taster ledger log`.

use super::Reading;
use anyhow::Result;
use clap::Args;
use ledger::statement::Statement;
use ledger::{Entry, Ledger};
use serde_json::{Value, json};
use std::process::ExitCode;

/// What the log says, entry by entry.
///
/// Segments with how they were made, runs, revocations, keys. The signatures and the root are checked on the way; `verify` checks the
/// records too.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    reading: Reading,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let ledger = arguments.reading.open()?;
    let snapshot = ledger.snapshot()?;
    let (mut json, mut lines) = (Vec::new(), Vec::new());
    for (at, entry) in snapshot.entries.iter().enumerate() {
        let (statement, line) = told(&ledger, entry)?;
        json.push(json!({ "entry": at, "says": entry, "statement": statement }));
        lines.push(format!("{at:>6}  {line}"));
    }
    let checkpoint = &snapshot.checkpoint;
    lines.push(format!("{}: {} entries, root {}", checkpoint.origin, checkpoint.size, checkpoint.root));
    arguments.reading.place.say(
        &json!({ "origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root, "entries": json }),
        &lines,
    )?;
    Ok(ExitCode::SUCCESS)
}

/// The statement of an entry, and the entry in a line.
fn told(ledger: &Ledger, entry: &Entry) -> Result<(Statement, String)> {
    Ok(match entry {
        Entry::Segment(seal) => {
            let statement = ledger.statement(seal.statement)?;
            let about = &statement.predicate;
            let how = match about.get("step") {
                Some(step) => format!("{} by {}", text(&step["kind"]), text(&step["tool"])),
                None => format!("{} {}", text(&about["method"]), text(&about["source"])),
            };
            let line = format!("segment {} of {} records: {how}, {}", seal.id(), seal.records, text(&about["kept"]));
            (statement, line)
        }
        Entry::Statement(stated) => {
            let statement = ledger.statement(stated.envelope.sha256)?;
            let subject = statement.subject.first();
            let subject = subject.map(|it| if it.name.is_empty() { it.uri.clone() } else { it.name.clone() });
            let more = text(&statement.predicate["reason"]);
            let line = format!("{} {} {more}", stated.predicate_type, subject.unwrap_or_default());
            (statement, line.trim_end().to_owned())
        }
    })
}

fn text(value: &Value) -> String {
    value.as_str().map(str::to_owned).unwrap_or_default()
}
