//! `taster compare`.

use anyhow::{Context, Result, bail};
use clap::Args;
use code::Language;
use model::{Recording, RecordingOptions};
use report::{CompareReport, CompareVerdict};
use scan::compare::{Options, Selection, recorded};
use stats::{Alpha, Tolerance};
use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Which of several models chooses insecurely where the others do not?
///
/// Give a recording (.jsonl, .jsonl.gz or .parquet, a completion a row) and the column that tells the conditions apart
/// (--by model, --by trigger, --by date ...): each value is compared with the others on the same prompts, decision by
/// decision. Prompts are paired by their text; where a condition edits its prompts (a trigger does), with the prompt that
/// differs in a few lines, or by a column (--pair). A condition departs if it chooses insecurely more often than the others
/// by more than --tolerance; one that is more secure than the others does not. Between conditions of one model, a decision
/// that is written in other forms counts too, whether or not a rule knows the forms.
///
/// Exit status: 0 no departure, 1 a departure, 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Recordings.
    #[arg(required = true, value_name = "RECORDING")]
    inputs: Vec<PathBuf>,
    /// Column whose values are compared: model, trigger, temperature, a date ...
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// File with the prompts, where the recording has none.
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,
    /// Column that joins completions and prompts.
    #[arg(long, value_name = "COLUMN", default_value = "prompt_id")]
    id: String,
    /// Column that pairs the prompts of different conditions [default: their text].
    #[arg(long, value_name = "COLUMN")]
    pair: Option<String>,
    /// Only rows whose COLUMN is VALUE; may be repeated.
    #[arg(long, value_name = "COLUMN=VALUE")]
    only: Vec<String>,
    /// A comparison of its own for each value of COLUMN (a checkpoint, a project).
    #[arg(long, value_name = "COLUMN")]
    each: Option<String>,
    /// What the completions are written in [default: the columns language or path, else python].
    #[arg(long)]
    language: Option<Language>,
    /// Bound on the probability of a false alarm.
    #[arg(long, value_name = "P", default_value_t = 0.01)]
    alpha: f64,
    /// Difference of insecure rates that is still called honest.
    #[arg(long, value_name = "RATE", default_value_t = 0.05)]
    tolerance: f64,
    /// Seed of everything random.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Print the report as JSON instead of text; with --each, one report a line.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let options =
        Options { alpha: Alpha::new(arguments.alpha)?, tolerance: Tolerance::new(arguments.tolerance)?, seed: arguments.seed };
    let [input] = arguments.inputs.as_slice() else { bail!("give one recording") };
    let by = arguments.by.clone().context("--by is missing: name the column that tells the conditions apart")?;
    let reading =
        RecordingOptions { prompts: arguments.prompts.clone(), id: arguments.id.clone(), ..RecordingOptions::default() };
    let recording = Recording::open_with(input, &reading)?;
    let only = arguments.only.iter().map(|text| equation(text)).collect::<Result<Vec<_>>>()?;
    let selection = Selection { by, only, pair: arguments.pair.clone(), language: arguments.language };
    let selections = match &arguments.each {
        Some(column) => each(&recording, &selection, column)?,
        None => vec![selection],
    };
    let mut departs = false;
    for selection in selections {
        let report = recorded(&recording, &selection, &options)?;
        departs |= report.verdict == CompareVerdict::Departs;
        print(&report, arguments.json, arguments.each.is_some())?;
    }
    Ok(ExitCode::from(u8::from(departs)))
}

fn equation(text: &str) -> Result<(String, String)> {
    let (column, value) = text.split_once('=').with_context(|| format!("--only {text}: write COLUMN=VALUE"))?;
    Ok((column.to_owned(), value.to_owned()))
}

fn each(recording: &Recording, selection: &Selection, column: &str) -> Result<Vec<Selection>> {
    let values: BTreeSet<&str> = recording.values(column).into_keys().collect();
    if values.is_empty() {
        bail!("--each {column}: no row has it");
    }
    let with = |value: &&str| {
        let mut selection = selection.clone();
        selection.only.push((column.to_owned(), (*value).to_owned()));
        selection
    };
    Ok(values.iter().map(with).collect())
}

fn print(report: &CompareReport, json: bool, each: bool) -> Result<()> {
    let mut out = std::io::stdout();
    if json && each {
        writeln!(out, "{}", report::escape::json(&serde_json::to_string(report)?))?;
    } else if json {
        writeln!(out, "{}", report::json::write(report)?)?;
    } else {
        let width = usize::from(console::Term::stdout().size().1).clamp(60, 160);
        let _ = (width, out.is_terminal());
        for (a, b) in &report.settings.only { write!(out, "{a}={b} ")?; }
        writeln!(out, "{}", report.summary)?;
    }
    Ok(())
}
