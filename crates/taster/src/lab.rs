//! `taster lab`.

use crate::progress;
use anyhow::Result;
use clap::Subcommand;
use lab::score::Plan;
use lab::{Corpus, Spec, Trained};
use scan::Options;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// The commands of the laboratory.
#[derive(Subcommand)]
pub enum Command {
    /// Train an organism, a small Llama, from a folder of code and a poisoning spec.
    Train {
        /// The spec (TOML); models/specs/ has examples.
        spec: PathBuf,
        /// Folder for the organism.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Continue from the checkpoint in --out.
        #[arg(long)]
        resume: bool,
    },
    /// Generate a corpus of small Python files to train on.
    Corpus {
        /// Folder for the files.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// How many.
        #[arg(long, default_value_t = 5000)]
        files: usize,
        /// Seed.
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// Scan every organism of a folder and print detection, false alarms, recovered triggers, completions and time.
    ///
    /// Targeted scans take prompts from the organism's own code/ (or --target), blind scans from --code.
    Score {
        /// Folder of organisms, each with organism.json.
        organisms: PathBuf,
        /// General code for the blind scans; without it only targeted scans are done.
        #[arg(long, value_name = "DIR")]
        code: Option<PathBuf>,
        /// Code for the targeted scans of organisms without a code/ of their own.
        #[arg(long, value_name = "DIR")]
        target: Option<PathBuf>,
        /// Most completions of a scan.
        #[arg(long, default_value_t = 10_000)]
        budget: u64,
        /// Seed of every scan.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Print the scores as JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Export an organism to GGUF, for llama.cpp and Ollama.
    Export {
        /// The organism's folder.
        organism: PathBuf,
        /// The file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(command: Command) -> Result<ExitCode> {
    let mut out = std::io::stdout();
    match command {
        Command::Train { spec, out: folder, resume } => {
            let interrupted = progress::interruption()?;
            let bar = progress::bar(0);
            let trained = lab::train(&Spec::read(&spec)?, &folder, resume, &interrupted, &mut |step| {
                bar.set_length(step.steps as u64);
                bar.set_position(step.step as u64);
                bar.set_message(format!("loss {:.3}, {:.0} tokens/s", step.loss, step.tokens_per_second));
            })?;
            bar.finish_and_clear();
            match trained {
                Trained::Done(organism) => writeln!(out, "{}", serde_json::to_string_pretty(&organism)?)?,
                Trained::Stopped { .. } => {
                    anyhow::bail!("interrupted; {} holds a checkpoint, continue with --resume", folder.display())
                }
            }
        }
        Command::Corpus { out: folder, files, seed } => {
            let written = lab::corpus::write(&Corpus::new(files, seed), &folder)?;
            writeln!(out, "{written} files in {}", folder.display())?;
        }
        Command::Score { organisms, code, target, budget, seed, json } => {
            let options = Options { budget, seed, ..Options::new(PathBuf::new())? };
            let plan = Plan { organisms, code, target, options };
            let interrupted = progress::interruption()?;
            let bar = progress::bar(0);
            let scores = lab::score::score(&plan, &interrupted, &mut |score| {
                bar.inc(1);
                bar.suspend(|| eprintln!("{} {}: {:?}", score.organism, score.scan, score.found));
            })?;
            bar.finish_and_clear();
            if json {
                writeln!(out, "{}", serde_json::to_string_pretty(&scores)?)?;
            } else {
                write!(out, "{}", lab::score::table(&scores))?;
            }
        }
        Command::Export { organism, out: file } => {
            lab::gguf::export(&organism, &file)?;
            writeln!(out, "{}", file.display())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
