//! `taster check`.

use crate::progress;
use anyhow::{Context, Result};
use clap::Args;
use code::{Analysis, Engine, Language, check};
use report::{CheckReport, FileAnalysis, SCHEMA_VERSION};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Which security-relevant choices does this code make?
///
/// Reads files and folders (.gitignore is respected) in eleven languages, whole or cut off. The findings are the insecure
/// choices; what could not be analysed is counted, never called clean.
///
/// Exit status: 0 clean, 1 findings or something not analysed, 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Files and folders.
    #[arg(required_unless_present = "stdin")]
    paths: Vec<PathBuf>,
    /// Read standard input instead, as --language.
    #[arg(long, requires = "language", conflicts_with = "paths")]
    stdin: bool,
    /// Read everything as this language.
    #[arg(long)]
    language: Option<Language>,
    /// Print decisions and findings by file as JSON instead of text.
    #[arg(long)]
    json: bool,
    /// Also write the findings to FILE as SARIF 2.1.0.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let report = analyse(&arguments)?;
    if let Some(path) = &arguments.sarif {
        let log = report::sarif::check(&report, Engine::builtin().rules())?;
        std::fs::write(path, log).with_context(|| format!("{}: cannot be written", path.display()))?;
    }
    let mut out = std::io::stdout();
    if arguments.json {
        writeln!(out, "{}", report::json::write(&report)?)?;
    } else {
        let width = usize::from(console::Term::stdout().size().1).clamp(60, 160);
        write!(out, "{}", report::terminal::check(&report, width, out.is_terminal()))?;
    }
    let found = report.files_not_analysed > 0 || report.files.iter().any(|file| file.findings().next().is_some());
    Ok(ExitCode::from(u8::from(found)))
}

fn analyse(arguments: &Arguments) -> Result<CheckReport> {
    let clock = Instant::now();
    let engine = Engine::builtin();
    let mut files = Vec::new();
    let (files_read, files_not_analysed) = match arguments.language {
        Some(language) if arguments.stdin => {
            let analysis = check::stdin(engine, language, std::io::stdin().lock()).context("standard input")?;
            let not_analysed = u64::from(analysis.not_analysed.is_some());
            files.push(FileAnalysis { path: "-".to_owned(), language: Some(language), analysis });
            (1, not_analysed)
        }
        language => {
            let options = check::Options { language, everything: false };
            let bar = progress::bar(0);
            let summary = check::run(engine, &arguments.paths, &options, |checked, step| {
                bar.set_length(step.of as u64);
                bar.set_position(step.done as u64);
                if checked.analysis != Analysis::default() {
                    let path = checked.path.display().to_string();
                    files.push(FileAnalysis { path, language: checked.language, analysis: checked.analysis });
                }
            })?;
            bar.finish_and_clear();
            (summary.files as u64, summary.not_analysed as u64)
        }
    };
    Ok(CheckReport {
        schema_version: SCHEMA_VERSION,
        taster_version: env!("CARGO_PKG_VERSION").to_owned(),
        files,
        files_read,
        files_not_analysed,
        seconds: clock.elapsed().as_secs_f64(),
    })
}
