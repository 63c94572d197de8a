//! `taster ledger prove`.

use super::Reading;
use super::place::read_policy;
use anyhow::{Context, Result, bail};
use clap::Args;
use ledger::{Digest, Record, check};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Prove that a document stands in the log, or check such a proof.
///
/// DOCUMENT is a file, or the SHA-256 of its content. A proof (a C2SP tlog-proof) is written for each record of it; whoever has the log's
/// policy can check it without the ledger and without asking anybody: `taster ledger prove --check FILE --policy FILE`.
///
/// Exit status: 0 proved, 1 no such document in the log or a wrong proof, 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// A file, or the SHA-256 of its content.
    #[arg(value_name = "DOCUMENT", required_unless_present = "check", conflicts_with = "check")]
    document: Option<String>,
    #[command(flatten)]
    reading: Reading,
    /// Folder for the proofs, named ENTRY-ROW.tlog-proof.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Check a proof instead.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    if let Some(path) = &arguments.check {
        return run_check(arguments, path);
    }
    let document = arguments.document.as_deref().unwrap_or_default();
    let content = match document.parse::<Digest>() {
        Ok(content) => content,
        Err(_) => {
            let bytes = std::fs::read(document);
            Digest::of(&bytes.with_context(|| format!("{document}: is no SHA-256 and cannot be read as a file"))?)
        }
    };
    let ledger = arguments.reading.open()?;
    let snapshot = ledger.snapshot()?;
    let found = ledger.find(&snapshot, &content)?;
    std::fs::create_dir_all(&arguments.out).with_context(|| format!("--out {}", arguments.out.display()))?;
    let (mut proofs, mut lines) = (Vec::new(), Vec::new());
    for record in &found {
        let proof = ledger.prove(&snapshot, record)?.to_string();
        let path = arguments.out.join(format!("{}-{}.tlog-proof", record.place.entry, record.place.row));
        std::fs::write(&path, proof).with_context(|| format!("{}: cannot be written", path.display()))?;
        lines.push(format!(
            "{}: entry {}, row {}: {}",
            path.display(),
            record.place.entry,
            record.place.row,
            line(&record.record)
        ));
        proofs.push(json!({ "file": path, "place": record.place, "leaf": record.leaf, "record": record.record }));
    }
    if found.is_empty() {
        lines.push(format!("no sealed record of {content}"));
    }
    arguments.reading.place.say(&json!({ "content": content, "proofs": proofs }), &lines)?;
    Ok(ExitCode::from(u8::from(found.is_empty())))
}

fn run_check(arguments: &Arguments, path: &Path) -> Result<ExitCode> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let policy = match &arguments.reading.policy {
        Some(path) => read_policy(path)?,
        None => arguments.reading.place.home().policy()?,
    };
    if text.len() > 1 << 20 {
        bail!("{}: is too long for a proof", path.display());
    }
    let checked = check(&text, &policy);
    let (json, text) = match &checked {
        Ok(record) => (json!({ "holds": true, "record": record }), line(record)),
        Err(why) => (json!({ "holds": false, "why": why }), format!("{}: {why}", path.display())),
    };
    arguments.reading.place.say(&json, &[text])?;
    Ok(ExitCode::from(u8::from(checked.is_err())))
}

/// A record in a line.
fn line(record: &Record) -> String {
    let licence = record.licence.as_deref().unwrap_or("licence unknown");
    let commit: String = record.commit.iter().flatten().take(6).map(|byte| format!("{byte:02x}")).collect();
    let at = if commit.is_empty() { String::new() } else { format!("@{commit}") };
    format!("{}{at} {} ({licence}, {:?})", record.source, String::from_utf8_lossy(&record.path), record.disposition)
}
