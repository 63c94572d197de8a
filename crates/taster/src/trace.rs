//! `taster trace`.

use crate::ledger::{Place, Reading};
use crate::progress;
use anyhow::{Context, Result, bail};
use clap::Args;
use code::Language;
use dataset::{Dataset, Extent};
use ledger::index::Index;
use ledger::{Forward, LONGEST_QUERY, Ledger, Match};
use report::escape::{self, Layout};
use report::{AuditReport, ScanReport};
use serde::Serialize;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

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
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// The ledger at a place, as the ledger's own commands read it.
    fn reading(&self, ledger: &str) -> Reading {
        let place = Place { ledger: ledger.to_owned(), home: None, json: self.json };
        Reading { place, policy: self.policy.clone() }
    }
}

/// What was found for one text.
#[derive(Serialize)]
struct Traced {
    query: String,
    documents: Vec<Match>,
    ledger: Option<Forward>,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (queries, language) = queries(arguments)?;
    let index = index(arguments)?;
    let ledger = arguments.ledger.as_deref().map(|place| arguments.reading(place).open()).transpose()?;
    let snapshot = ledger.as_ref().map(Ledger::snapshot).transpose()?;
    let mut traced = Vec::new();
    for query in queries {
        let documents = ::ledger::trace(&index, query.as_bytes(), language, arguments.top)?;
        let contents: Vec<_> = documents.iter().map(|it| it.document.content).collect();
        let forward =
            ledger.as_ref().zip(snapshot.as_ref()).map(|(ledger, snapshot)| ledger.forward(snapshot, &contents));
        traced.push(Traced { query, documents, ledger: forward.transpose()? });
    }
    print(&traced, arguments.json)?;
    Ok(ExitCode::from(u8::from(traced.iter().any(|it| !it.documents.is_empty()))))
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

fn print(traced: &[Traced], json: bool) -> Result<()> {
    let mut out = std::io::stdout();
    if json {
        writeln!(out, "{}", escape::json(&serde_json::to_string_pretty(traced)?))?;
        return Ok(());
    }
    for traced in traced {
        for line in lines(traced) {
            writeln!(out, "{}", escape::text(&line, Layout::Line, 2000))?;
        }
    }
    Ok(())
}

fn lines(traced: &Traced) -> Vec<String> {
    let query: Vec<&str> = traced.query.split_whitespace().collect();
    let mut lines = vec![format!("{} documents share most with: {}", traced.documents.len(), query.join(" "))];
    for (number, found) in traced.documents.iter().enumerate() {
        lines.extend(document(number + 1, found, traced.ledger.as_ref()));
    }
    for model in traced.ledger.iter().flat_map(|ledger| &ledger.models) {
        let (name, digest) = (&model.run.name, model.run.model);
        lines.push(format!("model {name} {digest}: trained with {} of their records", model.records));
    }
    lines.push("This says where the text is, not that a model has learnt it from there.".to_owned());
    lines
}

fn document(number: usize, found: &Match, ledger: Option<&Forward>) -> Vec<String> {
    let it = &found.document;
    let exact = if found.exact { ", the whole document" } else { "" };
    let mut lines = vec![format!("{number:>3}. {}  {:.0} bits{exact}", it.name, found.bits)];
    let facts = [("path", &it.path), ("source", &it.source), ("commit", &it.commit), ("contributor", &it.contributor)];
    let known = facts.into_iter().filter_map(|(what, value)| Some((what, value.as_ref()?)));
    let known: Vec<String> =
        known.filter(|(_, value)| **value != it.name).map(|(what, value)| format!("{what} {value}")).collect();
    lines.extend((!known.is_empty()).then(|| format!("     {}", known.join(", "))));
    for span in &found.spans {
        let (first, last) = (span.lines.start, span.lines.end - 1);
        lines.push(format!(
            "     lines {first}-{last}, {} {} alike:",
            span.length,
            match span.alike {
                ::ledger::Alike::Code => "tokens",
                ::ledger::Alike::Words => "words",
            }
        ));
        lines.extend(span.text.lines().take(8).map(|line| format!("     | {line}")));
    }
    for proved in ledger.iter().filter_map(|ledger| ledger.records.get(&it.content)).flatten() {
        let (place, record) = (&proved.found.place, &proved.found.record);
        lines.push(format!(
            "     proved: entry {}, row {}: {} ({:?})",
            place.entry, place.row, record.source, record.disposition
        ));
    }
    lines
}
