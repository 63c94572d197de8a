//! `taster trace`.

use crate::ledger::Reading;
use crate::progress;
use anyhow::{Context, Result, bail};
use clap::Args;
use code::Language;
use dataset::{Dataset, Extent};
use ledger::index::{Index, Suffixes};
use ledger::{LONGEST_QUERY, Ledger};
use report::escape::{self, Layout};
use report::{AuditReport, SCHEMA_VERSION, ScanReport, TraceReport, TracedQuery};
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Which documents taught this? From suspicious code or a trigger back to documents, sources and contributors, and forward to models.
///
/// TEXT is code in any language or a line of a comment; a file with it; or - for standard input. Documents are found by what they share
/// with it: word for word, or as code with other names, literals, comments and layout. The index is built when there is none, once for a
/// data set. It says that a text is there, not that a model has learnt it from there.
///
/// Exit status: 0 no document shares any of it; 1 some do; 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Code, a comment, a file, or - for standard input.
    #[arg(value_name = "TEXT|FILE|-", required_unless_present = "finding", conflicts_with = "finding")]
    text: Option<String>,
    /// The data set: what `taster audit` takes.
    #[arg(long, value_name = "DATASET")]
    data: String,
    /// Folder or s3:// URL of the index [default: DATASET.index].
    #[arg(long, value_name = "DIR")]
    index: Option<String>,
    /// Take the triggers of a report.json or audit.json instead.
    #[arg(long, value_name = "FILE")]
    finding: Option<PathBuf>,
    /// The text's language, where it is not a file whose name says it [default: every one that the data set has].
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<Language>,
    /// A ledger: proves each document's record and names the models that were trained on it.
    #[arg(long, value_name = "FOLDER|URL")]
    ledger: Option<String>,
    /// Whose log to believe [default: the policy in LEDGER.home].
    #[arg(long, value_name = "FILE", requires = "ledger")]
    policy: Option<PathBuf>,
    /// Documents that are shown.
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Also list every longest span of the text that stands in the data set byte for byte, how often, and where. Takes suffix arrays
    /// of 5 bytes for each byte of the data set's text, built beside the index when they are first asked for.
    #[arg(long)]
    verbatim: bool,
    /// Folder for trace.html, a page that draws the graph, and trace.json.
    #[arg(long, value_name = "DIR", default_value = "taster-report")]
    out: PathBuf,
    /// Print the report as JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (queries, language) = queries(arguments)?;
    let index = index(arguments)?;
    let suffixes = arguments.verbatim.then(|| suffixes(&index)).transpose()?;
    let report = trace(arguments, &index, suffixes.as_ref(), queries, language)?;
    report::write_trace(&report, &arguments.out)?;
    print(&report, arguments.json)?;
    Ok(ExitCode::from(u8::from(report.found())))
}

fn trace(
    arguments: &Arguments,
    index: &Index,
    suffixes: Option<&Suffixes>,
    queries: Vec<String>,
    language: Option<Language>,
) -> Result<TraceReport> {
    let (clock, started) = (Instant::now(), jiff::Timestamp::now());
    let ledger =
        arguments.ledger.as_deref().map(|place| Reading::at(place, arguments.policy.clone(), arguments.json).open());
    let ledger = ledger.transpose()?;
    let snapshot = ledger.as_ref().map(Ledger::snapshot).transpose()?;
    let mut traced = Vec::new();
    for query in queries {
        let documents = ::ledger::trace(index, query.as_bytes(), language, arguments.top)?;
        let contents: Vec<_> = documents.iter().map(|it| it.document.content).collect();
        let forward =
            ledger.as_ref().zip(snapshot.as_ref()).map(|(ledger, snapshot)| ledger.forward(snapshot, &contents));
        let verbatim = suffixes.map(|suffixes| ::ledger::verbatim(index, suffixes, &query)).transpose()?;
        traced.push(TracedQuery { verbatim, ..::ledger::told(query, documents, forward.transpose()?) });
    }
    Ok(TraceReport {
        schema_version: SCHEMA_VERSION,
        taster_version: env!("CARGO_PKG_VERSION").to_owned(),
        started: started.to_string(),
        seconds: clock.elapsed().as_secs_f64(),
        dataset: arguments.data.clone(),
        documents: index.manifest().documents,
        bytes: index.manifest().bytes,
        ledger: arguments.ledger.clone(),
        queries: traced,
    })
}

/// The texts to trace, and their language where it is known.
fn queries(arguments: &Arguments) -> Result<(Vec<String>, Option<Language>)> {
    if let Some(path) = &arguments.finding {
        let triggers = triggers(path)?;
        if triggers.is_empty() {
            bail!("--finding {}: has no trigger to trace; give the code itself", path.display());
        }
        return Ok((triggers, arguments.language));
    }
    let text = arguments.text.as_deref().unwrap_or_default();
    let path = Path::new(text);
    let limit = LONGEST_QUERY as u64 + 1;
    let mut bytes = Vec::new();
    if text == "-" {
        std::io::stdin().take(limit).read_to_end(&mut bytes).context("standard input")?;
    } else if path.is_file() {
        let unreadable = || format!("{}: cannot be read", path.display());
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).with_context(unreadable)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        return Ok((vec![text], arguments.language.or_else(|| Language::of_path(path))));
    } else {
        bytes = text.as_bytes().to_vec();
    }
    Ok((vec![String::from_utf8_lossy(&bytes).into_owned()], arguments.language))
}

/// The triggers of a report, each once.
fn triggers(path: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("--finding {}", path.display()))?;
    let mut triggers: Vec<String> = match report::json::read::<ScanReport>(&text) {
        Ok(report) => report.triggers.into_iter().map(|it| it.trigger).collect(),
        Err(_) => {
            let report = report::json::read::<AuditReport>(&text);
            let wrong = || format!("--finding {}: is no report of `taster scan` or `taster audit`", path.display());
            report.with_context(wrong)?.clusters.into_iter().map(|it| it.trigger).collect()
        }
    };
    let mut seen = std::collections::HashSet::new();
    triggers.retain(|trigger| seen.insert(trigger.clone()));
    Ok(triggers)
}

/// The index of the data set, built if there is none.
fn index(arguments: &Arguments) -> Result<Index> {
    let place = arguments.index.clone().unwrap_or_else(|| format!("{}.index", arguments.data.trim_end_matches('/')));
    if arguments.verbatim && place.contains("://") {
        bail!(
            "--verbatim: the index {place} is on an object store, where it cannot be searched so; name a folder with --index"
        );
    }
    if let Some(index) = Index::open(&place)? {
        if index.manifest().extent != Extent::of(&arguments.data)? {
            bail!(
                "--index {place}: is of another data set, or of this one before it changed; delete it to build it anew"
            );
        }
        return Ok(index);
    }
    let dataset = Dataset::open(&arguments.data)?;
    let bar = progress::bytes();
    bar.set_prefix("index");
    bar.set_length(dataset.bytes());
    let problem = &mut |problem: dataset::Problem| bar.println(escape::text(&problem.to_string(), Layout::Line, 2000));
    for problem_then in dataset.problems() {
        bar.println(escape::text(&problem_then.to_string(), Layout::Line, 2000));
    }
    let index = Index::build(&dataset, &place, &|bytes| bar.set_position(bytes), problem)?;
    bar.finish_and_clear();
    Ok(index)
}

/// The suffix arrays of an index; those that are not there are built.
fn suffixes(index: &Index) -> Result<Suffixes> {
    let bar = progress::bytes();
    bar.set_prefix("suffixes");
    bar.set_length(index.manifest().bytes);
    let suffixes = Suffixes::open(index, &|bytes| bar.set_position(bytes))?;
    bar.finish_and_clear();
    Ok(suffixes)
}

fn print(report: &TraceReport, json: bool) -> Result<()> {
    let mut out = std::io::stdout();
    if json {
        writeln!(out, "{}", report::json::write(report)?)?;
    } else {
        let width = usize::from(console::Term::stdout().size().1).clamp(60, 160);
        write!(out, "{}", report::terminal::trace(report, width, out.is_terminal()))?;
    }
    Ok(())
}
