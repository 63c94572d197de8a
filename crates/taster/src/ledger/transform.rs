//! `taster ledger transform`.

use super::Place;
use crate::progress;
use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::Timestamp;
use ledger::{Digest, Outcome, Transforming};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A longer line is none of a decision.
const LONGEST: u64 = 1 << 16;

/// Record what a filter, a deduplication or a mix did with each document.
///
/// Either --decisions: JSON lines, one for each document that was not simply kept,
///   {"document": SHA256, "disposition": "dropped", "reason": "no licence"}
///   {"document": SHA256, "disposition": "duplicate", "of": SHA256 of the copy that was kept}
/// or --kept, the folder or data set that the step has written: documents whose content is not there were dropped.
///
/// Every document of the inputs gets a record, with the record that it came from as parent; they wait to be sealed.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    /// What the step is: filter, dedup, mix ...
    #[arg(long, value_name = "WORD", default_value = "filter")]
    kind: String,
    /// With what it was done: program, version, parameters.
    #[arg(long, value_name = "TEXT")]
    tool: String,
    /// Segments that it read [default: all that no step has read yet]
    #[arg(long, value_name = "SHA256")]
    segment: Vec<Digest>,
    /// What became of documents, as JSON lines.
    #[arg(long, value_name = "FILE", required_unless_present = "kept", conflicts_with = "kept")]
    decisions: Option<PathBuf>,
    /// The step's result.
    #[arg(long, value_name = "DATASET")]
    kept: Option<String>,
}

#[derive(serde::Deserialize)]
struct Decision {
    document: Digest,
    #[serde(flatten)]
    outcome: Outcome,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let ledger = arguments.place.open()?;
    let snapshot = ledger.snapshot()?;
    let (outcomes, otherwise) = match (&arguments.decisions, &arguments.kept) {
        (Some(path), _) => (decisions(path)?, Outcome::Kept),
        (None, Some(written)) => {
            let kept = ledger::collect::contents(written)?;
            let name = written.trim_end_matches('/').rsplit('/').next().unwrap_or(written);
            let reason = format!("not in {name}");
            (kept.into_iter().map(|content| (content, Outcome::Kept)).collect(), Outcome::Dropped { reason })
        }
        (None, None) => bail!("give --decisions FILE or --kept DATASET"),
    };
    let inputs = if arguments.segment.is_empty() { ledger.ends(&snapshot)? } else { arguments.segment.clone() };
    let bar = progress::bar(0);
    let what = Transforming {
        kind: arguments.kind.clone(),
        tool: arguments.tool.clone(),
        inputs,
        outcomes: &outcomes,
        otherwise,
        now: Timestamp::now(),
    };
    let done = ledger.transform(&snapshot, &what, &|documents| bar.set_position(documents));
    bar.finish_and_clear();
    let done = done?;
    let line = format!(
        "{} kept, {} dropped, {} duplicates, in {} segments that wait to be sealed",
        done.kept,
        done.dropped,
        done.duplicates,
        done.segments.len()
    );
    arguments.place.say(&done, &[line])?;
    Ok(ExitCode::SUCCESS)
}

fn decisions(path: &Path) -> Result<HashMap<Digest, Outcome>> {
    let file = std::fs::File::open(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let (mut lines, mut outcomes) = (BufReader::new(file), HashMap::new());
    for number in 1u64.. {
        let mut line = String::new();
        let read = lines.by_ref().take(LONGEST).read_line(&mut line);
        if read.with_context(|| format!("{}, line {number}: cannot be read", path.display()))? == 0 {
            break;
        }
        if line.trim().is_empty() {
            continue;
        }
        let decision: Decision = serde_json::from_str(&line)
            .with_context(|| format!("{}, line {number}: is no decision; see --help", path.display()))?;
        outcomes.insert(decision.document, decision.outcome);
    }
    Ok(outcomes)
}
