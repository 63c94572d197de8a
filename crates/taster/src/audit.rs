//! `taster audit`.

use crate::ledger::Reading;
use crate::progress;
use ::audit::Options;
use anyhow::{Context, Result, bail};
use clap::Args;
use dataset::{Dataset, Removal, clean};
use report::{AuditReport, AuditVerdict, RevokedDocument};
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Is this training data poisoned, and by which files?
///
/// DATASET is a folder, a git repository (with its history), JSONL (also .gz, .zst), Parquet, or a Hugging Face dataset folder, here
/// or on an object store (s3://, gs://, az://). Rows may have columns for the text (content, text, code), path, repo_name, author,
/// licence and time.
///
/// Whoever plants a backdoor plants a contrast: near-copies that differ in a trigger and in a security-relevant decision. Clusters of
/// such documents are named with their trigger, the decision that it flips, twins side by side, and who they are from.
///
/// Afterwards: --clean writes the data set without them; `taster scan MODEL --triggers OUT/triggers.tsv` asks a model that was
/// already trained on it.
///
/// Exit status: 0 nothing found; 1 poisoned or revoked, or the audit is incomplete; 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Folder, file or URL of the data set.
    dataset: String,
    /// Only what OLD, an earlier data set, does not have: for the nightly crawl.
    #[arg(long, value_name = "OLD")]
    against: Option<String>,
    /// Folder for audit.html, audit.json, audit.sarif, stix.json and triggers.tsv.
    #[arg(long, value_name = "DIR", default_value = "taster-report")]
    out: PathBuf,
    /// Write the names of the documents to remove to FILE, one a line.
    #[arg(long, value_name = "FILE")]
    remove: Option<PathBuf>,
    /// Write the data set without these documents to OUT; everything else stays as it is, byte for byte.
    #[arg(long, value_name = "OUT")]
    clean: Option<PathBuf>,
    /// Folder or URL for what is kept while the audit runs [default: audit-work in --out].
    #[arg(long, value_name = "DIR")]
    work: Option<String>,
    /// Go on with the unfinished audit in --work; parts that were read are not read again.
    #[arg(long)]
    resume: bool,
    /// Read the data set on the cluster of the scheduler at HOST:PORT. Its executors must reach DATASET and --work by the same names.
    #[arg(long, value_name = "HOST:PORT")]
    cluster: Option<String>,
    /// A ledger: documents that it says must no longer be used are named, and left out by --remove and --clean.
    #[arg(long, value_name = "FOLDER|URL")]
    ledger: Option<String>,
    /// Whose log to believe [default: the policy in LEDGER.home].
    #[arg(long, value_name = "FILE", requires = "ledger")]
    policy: Option<PathBuf>,
    /// Print the report as JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    if let Some(out) = arguments.clean.as_deref().filter(|out| out.symlink_metadata().is_ok()) {
        bail!("--clean {}: there is something already; give a name that is free", out.display());
    }
    // First, since a ledger may not be there, or not hold.
    let revoked = revoked(&arguments)?;
    let work = Work::new(&arguments)?;
    let mut report = audit(&arguments, &work)?;
    report.revoked = revoked;
    report::write_audit(&report, &arguments.out)?;
    write_triggers(&report, &arguments.out)?;
    let removal = removal(&report);
    if let Some(path) = &arguments.remove {
        let unwritable = || format!("--remove {}: cannot be written", path.display());
        let mut file = BufWriter::new(File::create(path).with_context(unwritable)?);
        removal.write(&mut file).and_then(|()| file.flush()).with_context(unwritable)?;
    }
    if let Some(out) = &arguments.clean {
        clean(&arguments.dataset, &removal, out)?;
    }
    work.finish();
    print(&report, &arguments)?;
    let found = report.verdict == AuditVerdict::Poisoned || !report.revoked.is_empty() || report.read.problems > 0;
    Ok(ExitCode::from(u8::from(found)))
}

/// The folder that holds what was read by now.
struct Work {
    location: String,
    /// Whether it is ours to remove when all is done.
    ours: bool,
}

impl Work {
    fn new(arguments: &Arguments) -> Result<Work> {
        let usual = arguments.out.join("audit-work");
        if arguments.work.is_none() && !arguments.resume && usual.exists() {
            std::fs::remove_dir_all(&usual).with_context(|| format!("{}: cannot be removed", usual.display()))?;
        }
        let location = arguments.work.clone().unwrap_or_else(|| usual.display().to_string());
        Ok(Work { location, ours: arguments.work.is_none() })
    }

    fn finish(self) {
        if self.ours {
            // What stays is looked for and replaced by the next audit.
            let _ = std::fs::remove_dir_all(&self.location);
        }
    }
}

fn audit(arguments: &Arguments, work: &Work) -> Result<AuditReport> {
    let options = Options {
        dataset: arguments.dataset.clone(),
        against: arguments.against.clone(),
        work: work.location.clone(),
        resume: arguments.resume,
        cluster: arguments.cluster.clone(),
    };
    let interrupted = progress::interruption()?;
    let bar = progress::bytes();
    let report = ::audit::run(&options, &interrupted, &mut |step| {
        bar.set_prefix(step.stage);
        if step.of > 0 {
            bar.set_length(step.of);
            bar.set_position(step.bytes);
            bar.set_message(format!("{} documents", step.documents));
        }
    });
    bar.finish_and_clear();
    Ok(report?)
}

/// The documents that the ledger says must no longer be used.
fn revoked(arguments: &Arguments) -> Result<Vec<RevokedDocument>> {
    let Some(ledger) = &arguments.ledger else { return Ok(Vec::new()) };
    let ledger = Reading::at(ledger, arguments.policy.clone(), arguments.json).open()?;
    let revoked = ledger.revoked(&ledger.snapshot()?)?;
    if revoked.is_empty() {
        return Ok(Vec::new());
    }
    let dataset = Dataset::open(&arguments.dataset)?;
    let bar = progress::bytes();
    bar.set_prefix("revoked");
    bar.set_length(dataset.bytes());
    let found = revoked.among(&dataset, &|bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    Ok(found)
}

/// The documents of all convicted clusters, and what is revoked.
fn removal(report: &AuditReport) -> Removal {
    let mut removal = Removal::default();
    for name in report.unwanted() {
        removal.add(name);
    }
    removal
}

/// The triggers as candidates that `scan --triggers` reads.
fn write_triggers(report: &AuditReport, folder: &Path) -> Result<()> {
    let path = folder.join("triggers.tsv");
    std::fs::write(&path, ::audit::triggers(report)).with_context(|| format!("{}: cannot be written", path.display()))
}

fn print(report: &AuditReport, arguments: &Arguments) -> Result<()> {
    let mut out = std::io::stdout();
    if arguments.json {
        writeln!(out, "{}", report::json::write(report)?).context("standard output")?;
    } else {
        let width = usize::from(console::Term::stdout().size().1).clamp(60, 160);
        write!(out, "{}", report::terminal::audit(report, width, out.is_terminal()))?;
    }
    Ok(())
}
