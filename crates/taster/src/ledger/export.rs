//! `taster ledger export`.

use super::Reading;
use anyhow::{Result, bail};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use ledger::export::{FORMATS, Subject, put};
use ledger::{Digest, Ledger, Snapshot, model_digest};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write what the log says in a format of others.
///
/// WHAT is a model (a file, a folder, its SHA-256 or the name that `train` was given) or segments, by their SHA-256. A model is told with
/// the models and the data that it was made from, segments with those that they were made from; without WHAT it is all segments that no
/// step has read. The export is a view: it says nothing that the log does not say, and names the checkpoint that it was made from.
///
///   taster ledger export weights/ --as cyclonedx --out bom.json
///   taster ledger export --as croissant --out croissant.json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// A model, or segments.
    #[arg(value_name = "WHAT")]
    what: Vec<String>,
    #[command(flatten)]
    reading: Reading,
    /// The format.
    #[arg(long = "as", value_name = "FORMAT", value_parser = formats())]
    format: String,
    /// File for it, written at once [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where whoever reads the export finds the ledger's objects, such as the address of `taster ledger serve` [default: as --ledger]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

fn formats() -> PossibleValuesParser {
    PossibleValuesParser::new(FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.what)))
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Some(format) = FORMATS.iter().find(|format| format.name == arguments.format) else {
        bail!("--as {}: is no format; see --help", arguments.format);
    };
    let ledger = arguments.reading.open()?;
    let snapshot = ledger.snapshot()?;
    let inventory = ledger.inventory(&snapshot, &subject(&ledger, &snapshot, &arguments.what)?)?;
    let address = arguments.url.as_ref().unwrap_or(&arguments.reading.place.ledger);
    let text = (format.write)(&inventory, &format!("{}/", address.trim_end_matches('/')))?;
    let Some(path) = &arguments.out else {
        write!(std::io::stdout(), "{}", report::escape::json(&text))?;
        return Ok(ExitCode::SUCCESS);
    };
    put(path, &text)?;
    let (models, segments) = (inventory.models.len(), inventory.data.len());
    let json = json!({ "file": path, "format": format.name, "models": models, "segments": segments, "sha256": Digest::of(text.as_bytes()) });
    arguments
        .reading
        .place
        .say(&json, &[format!("{}: {} of {models} models and {segments} segments", path.display(), format.name)])?;
    Ok(ExitCode::SUCCESS)
}

fn subject(ledger: &Ledger, snapshot: &Snapshot, what: &[String]) -> Result<Subject> {
    if what.is_empty() {
        return Ok(Subject::Data(ledger.ends(snapshot)?));
    }
    let segments: Option<Vec<Digest>> = what
        .iter()
        .map(|text| text.parse().ok().filter(|id| snapshot.segments().any(|(_, seal)| seal.id() == *id)))
        .collect();
    match (segments, what) {
        (Some(segments), _) => Ok(Subject::Data(segments)),
        (None, [model]) => Ok(Subject::Model(named(ledger, snapshot, model)?)),
        (None, _) => bail!("give one model, or the SHA-256 of sealed segments; `taster ledger log` lists them"),
    }
}

/// The model that a text names: a digest, what lies on disk, or what a run called it.
fn named(ledger: &Ledger, snapshot: &Snapshot, text: &str) -> Result<Digest> {
    if let Ok(digest) = text.parse() {
        return Ok(digest);
    }
    if Path::new(text).exists() {
        return Ok(model_digest(Path::new(text))?);
    }
    let mut models: Vec<Digest> =
        ledger.runs(snapshot)?.into_iter().filter(|run| run.name == text).map(|run| run.model).collect();
    models.sort();
    models.dedup();
    match models[..] {
        [model] => Ok(model),
        [] => {
            bail!("{text}: is no file, no SHA-256 and no model that the log knows; `taster ledger train` records one")
        }
        _ => bail!(
            "{text}: {} models have this name; give the SHA-256 of one, as `taster ledger log --json` has them",
            models.len()
        ),
    }
}
