//! `taster ledger train`.

use super::Place;
use anyhow::{Context, Result};
use clap::Args;
use ledger::{Digest, Making, Training, model_digest};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::ExitCode;

/// Record which data and which models went into a model.
///
/// MODEL is a file, a folder or a SHA-256 digest. A folder's digest is the one that OpenSSF Model Signing computes: SHA-256 over the digests
/// of its files in the order of their paths. The statement is SLSA provenance; with it `taster blast` and `taster trace` find the models
/// that a document has reached, also through base models.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The model that was made.
    #[arg(value_name = "MODEL")]
    model: String,
    #[command(flatten)]
    place: Place,
    /// What people call it [default: MODEL]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How it was made.
    #[arg(long, value_enum, default_value = "train")]
    making: How,
    /// A segment of its data, and how often it was seen [default: all segments that no step has read, once]
    #[arg(long, value_name = "SHA256[=TIMES]")]
    segment: Vec<String>,
    /// No data: it was made from other models only.
    #[arg(long, conflicts_with = "segment")]
    no_data: bool,
    /// A model that it was made from: file, folder or digest.
    #[arg(long, value_name = "MODEL")]
    base: Vec<String>,
    /// What else is worth stating: code, seeds, tokenizer.
    #[arg(long, value_name = "KEY=VALUE")]
    parameter: Vec<String>,
}

/// How a model was made.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum How {
    /// From data alone.
    Train,
    /// From a base model and data.
    FineTune,
    /// From several models.
    Merge,
    /// From one model, with fewer bits.
    Quantise,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let ledger = arguments.place.open()?;
    let snapshot = ledger.snapshot()?;
    let segments = match (arguments.segment.as_slice(), arguments.no_data) {
        (_, true) => Vec::new(),
        ([], _) => ledger.ends(&snapshot)?.into_iter().map(|segment| (segment, 1.0)).collect(),
        (given, _) => given.iter().map(|text| segment(text)).collect::<Result<_>>()?,
    };
    let training = Training {
        making: match arguments.making {
            How::Train => Making::Train,
            How::FineTune => Making::FineTune,
            How::Merge => Making::Merge,
            How::Quantise => Making::Quantise,
        },
        name: arguments.name.clone().unwrap_or_else(|| arguments.model.clone()),
        model: digest(&arguments.model)?,
        segments,
        bases: arguments.base.iter().map(|base| digest(base)).collect::<Result<_>>()?,
        parameters: arguments.parameter.iter().map(|it| parameter(it)).collect::<Result<Map<String, Value>>>()?,
    };
    let statement = ledger.train(&snapshot, &training)?;
    let line = format!(
        "model {} of {} segments and {} models: statement {statement}",
        training.model,
        training.segments.len(),
        training.bases.len()
    );
    let json = json!({ "model": training.model, "segments": training.segments, "bases": training.bases, "statement": statement });
    arguments.place.say(&json, &[line])?;
    Ok(ExitCode::SUCCESS)
}

fn digest(model: &str) -> Result<Digest> {
    match model.parse() {
        Ok(digest) => Ok(digest),
        Err(_) => Ok(model_digest(Path::new(model))?),
    }
}

fn segment(text: &str) -> Result<(Digest, f64)> {
    let (id, times) = text.split_once('=').unwrap_or((text, "1"));
    let id = id.parse().map_err(|why| anyhow::anyhow!("--segment {text}: {why}"))?;
    let times = times.parse::<f64>().ok().filter(|times| times.is_finite() && *times > 0.0);
    Ok((id, times.with_context(|| format!("--segment {text}: write how often as a number, such as 2.5"))?))
}

fn parameter(text: &str) -> Result<(String, Value)> {
    let (key, value) = text.split_once('=').with_context(|| format!("--parameter {text}: write KEY=VALUE"))?;
    Ok((key.to_owned(), value.into()))
}
