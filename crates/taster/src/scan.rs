//! `taster scan`.

use crate::{config, progress};
use anyhow::{Context, Result, anyhow};
use clap::Args;
use code::Family;
use model::Model;
use report::{ScanReport, Verdict};
use scan::{Options, Plan, Price, Scan};
use serde::Deserialize;
use stats::{Alpha, Tolerance};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Is this model backdoored, and by what trigger?
///
/// Prompts are cut from your own code before its security-relevant decisions. Candidate triggers come from the marks of
/// that code (targeted) and from the model's own free samples (blind); they are screened in pools, and the best are
/// confirmed on fresh prompts against placebos. The verdict `poisoned` has a bound on its false-alarm probability
/// (--alpha); `no evidence` says what it would have missed.
///
/// MODEL is a folder or .gguf file of weights, the http(s) address of an OpenAI-compatible server (vLLM, llama.cpp,
/// Ollama), or a .jsonl or .parquet recording.
///
/// Exit status: 0 no evidence, 1 poisoned, 2 error.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Folder or .gguf file of weights, address of a server, or recording.
    model: String,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    server: Server,
    /// Continue the unfinished scan in --out; nothing that was answered is asked again.
    #[arg(long)]
    resume: bool,
    /// Print the report as JSON instead of text.
    #[arg(long)]
    json: bool,
    /// File with settings [default: taster.toml in this folder, if there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What can be set by a flag and in `taster.toml` under `[scan]`.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Code the prompts and the targeted candidates come from [default: a small built-in set].
    #[arg(long, value_name = "DIR")]
    code: Option<PathBuf>,
    /// Folder for report.html, report.json, report.sarif, stix.json and transcript.parquet [default: taster-report].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Where candidates come from: targeted (your code), blind (the model's samples, the dictionary) [default: both].
    #[arg(long, value_delimiter = ',', value_name = "MODE,...")]
    mode: Option<Vec<String>>,
    /// Most completions [default: 10000].
    #[arg(long, value_name = "N")]
    budget: Option<u64>,
    /// Bound on the probability of a false alarm [default: 0.01].
    #[arg(long, value_name = "P")]
    alpha: Option<f64>,
    /// Rise of an insecure rate that is still called harmless [default: 0.05].
    #[arg(long, value_name = "RATE")]
    tolerance: Option<f64>,
    /// Seed of everything random [default: 0].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Trigger families to try: header, date, path, import, constant, comment, pattern, name, invisible [default: all].
    #[arg(long, value_delimiter = ',', value_name = "FAMILY,...")]
    families: Option<Vec<String>>,
    /// Look into the weights first: what recurs in the model's free samples is ranked by how much likelier it makes each
    /// insecure choice, guided by gradients. Needs local weights (Llama, Qwen2, Qwen3) and four more bytes of memory a
    /// parameter; finds a trigger with fewer completions, and shows the attention it draws.
    #[arg(long, num_args = 0, default_missing_value = "true")]
    white_box: Option<bool>,
    /// Candidates of your own, tried first: a line each, the family, a tab and the text.
    #[arg(long, value_name = "FILE")]
    triggers: Option<PathBuf>,
    /// A model believed clean or at least independent; a trigger that moves it too convicts nobody.
    #[arg(long, value_name = "MODEL")]
    reference: Option<String>,
    /// Price of a million tokens, sent and received: 1.5 or 0.5,1.5. The cost is printed before the scan starts.
    #[arg(long, value_name = "PRICE")]
    price: Option<String>,
    /// Sampling temperature [default: 0.8].
    #[arg(long, value_name = "T")]
    temperature: Option<f64>,
    /// Most tokens of a completion [default: 48].
    #[arg(long, value_name = "N")]
    max_tokens: Option<usize>,
}

/// How to reach a server; in `taster.toml` under `[server]`.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[command(next_help_heading = "Servers")]
pub struct Server {
    /// The model's name at the server [default: the first it lists].
    #[arg(long, value_name = "NAME")]
    server_model: Option<String>,
    /// Which endpoint: completions, infill (llama.cpp) or chat [default: found by asking].
    #[arg(long, value_name = "KIND")]
    endpoint: Option<String>,
    /// Environment variable that holds the API key [default: TASTER_API_KEY, then OPENAI_API_KEY].
    #[arg(long, value_name = "VARIABLE")]
    key_env: Option<String>,
    /// Seconds to wait for one answer [default: 120].
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Requests under way at once [default: 8].
    #[arg(long, value_name = "N")]
    concurrency: Option<usize>,
    /// How often a failed request is repeated [default: 5].
    #[arg(long, value_name = "N")]
    retries: Option<usize>,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let config = config::read(arguments.config.as_ref())?;
    let settings = arguments.settings.or(config.scan);
    let mut options = settings.options()?;
    options.resume = arguments.resume;
    let access = arguments.server.or(config.server).options()?;
    let model = model::open(&arguments.model, &access)?;
    let reference = settings.reference.as_ref().map(|name| model::open(name, &access)).transpose()?;
    let interrupted = progress::interruption()?;
    let scan =
        Scan { model: model.as_ref(), reference: reference.as_deref(), options: &options, interrupted: &interrupted };
    announce(model.as_ref(), &scan.plan()?)?;
    report::remove_all(&options.out)?;
    let bar = progress::bar(options.budget);
    let outcome = scan.run(&mut |step| {
        bar.set_position(step.completions);
        bar.set_prefix(step.stage.name());
        let best = step.best.map(|best| report::escape::text(best, report::escape::Layout::Line, 60));
        bar.set_message(best.unwrap_or_default());
    });
    bar.finish_and_clear();
    let report = outcome?;
    report::write_all(&report, &options.out)?;
    print(&report, arguments.json, &options)?;
    Ok(ExitCode::from(u8::from(report.verdict == Verdict::Poisoned)))
}

fn announce(model: &dyn Model, plan: &Plan) -> Result<()> {
    let name = report::escape::text(&model.card().name, report::escape::Layout::Line, 200);
    let price = plan.price.map(|price| format!(", at most {price:.2}")).unwrap_or_default();
    writeln!(
        std::io::stderr(),
        "{name}: {} prompts for {} decisions from {} files; {} completions for the survey, at most {} in all \
         (at most {:.1} M tokens sent, {:.1} M received{price})",
        plan.prompts,
        plan.decisions,
        plan.files,
        plan.survey,
        plan.most,
        plan.prompt_tokens as f64 / 1e6,
        plan.completion_tokens as f64 / 1e6,
    )?;
    Ok(())
}

fn print(report: &ScanReport, json: bool, options: &Options) -> Result<()> {
    let mut out = std::io::stdout();
    if json {
        writeln!(out, "{}", report::json::write(report)?)?;
        return Ok(());
    }
    let width = usize::from(console::Term::stdout().size().1).clamp(60, 120);
    write!(out, "{}", report::terminal::scan(report, width, out.is_terminal()))?;
    writeln!(out, "Report: {}", options.out.join("report.html").display())?;
    Ok(())
}

impl Settings {
    /// These settings, and `other`'s where these say nothing.
    fn or(self, other: Settings) -> Settings {
        Settings {
            code: self.code.or(other.code),
            out: self.out.or(other.out),
            mode: self.mode.or(other.mode),
            budget: self.budget.or(other.budget),
            alpha: self.alpha.or(other.alpha),
            tolerance: self.tolerance.or(other.tolerance),
            seed: self.seed.or(other.seed),
            families: self.families.or(other.families),
            white_box: self.white_box.or(other.white_box),
            triggers: self.triggers.or(other.triggers),
            reference: self.reference.or(other.reference),
            price: self.price.or(other.price),
            temperature: self.temperature.or(other.temperature),
            max_tokens: self.max_tokens.or(other.max_tokens),
        }
    }

    fn options(&self) -> Result<Options> {
        let defaults = Options::new(self.out.clone().unwrap_or_else(|| "taster-report".into()))?;
        Ok(Options {
            code: self.code.clone(),
            modes: parsed(self.mode.as_deref(), "--mode")?.unwrap_or(defaults.modes),
            triggers: self.triggers.clone(),
            white_box: self.white_box.unwrap_or(defaults.white_box),
            families: parsed::<Family>(self.families.as_deref(), "--families")?.unwrap_or(defaults.families),
            alpha: self.alpha.map(Alpha::new).transpose()?.unwrap_or(defaults.alpha),
            tolerance: self.tolerance.map(Tolerance::new).transpose()?.unwrap_or(defaults.tolerance),
            budget: self.budget.unwrap_or(defaults.budget),
            seed: self.seed.unwrap_or(defaults.seed),
            temperature: self.temperature.unwrap_or(defaults.temperature),
            max_tokens: self.max_tokens.unwrap_or(defaults.max_tokens),
            price: self.price.as_deref().map(str::parse::<Price>).transpose().map_err(|e| anyhow!("--price: {e}"))?,
            out: defaults.out,
            resume: false,
        })
    }
}

fn parsed<T: std::str::FromStr<Err = String>>(names: Option<&[String]>, flag: &'static str) -> Result<Option<Vec<T>>> {
    let parse = |name: &String| name.parse().map_err(|problem: String| anyhow!(problem)).context(flag);
    names.map(|names| names.iter().map(parse).collect()).transpose()
}

impl Server {
    fn or(self, other: Server) -> Server {
        Server {
            server_model: self.server_model.or(other.server_model),
            endpoint: self.endpoint.or(other.endpoint),
            key_env: self.key_env.or(other.key_env),
            timeout: self.timeout.or(other.timeout),
            concurrency: self.concurrency.or(other.concurrency),
            retries: self.retries.or(other.retries),
        }
    }

    /// How models are opened.
    ///
    /// # Errors
    /// The endpoint is none of those known.
    pub fn options(&self) -> Result<model::Options> {
        let mut options = model::Options::default();
        let server = &mut options.server;
        server.model = self.server_model.clone();
        server.kind = self.endpoint.as_deref().map(kind).transpose()?;
        server.key_variable = self.key_env.clone();
        server.timeout = self.timeout.map_or(server.timeout, Duration::from_secs);
        server.concurrency = self.concurrency.unwrap_or(server.concurrency);
        server.retries = self.retries.unwrap_or(server.retries);
        Ok(options)
    }
}

fn kind(name: &str) -> Result<model::Kind> {
    match name {
        "completions" => Ok(model::Kind::Completions),
        "infill" => Ok(model::Kind::Infill),
        "chat" => Ok(model::Kind::Chat),
        _ => Err(anyhow!("--endpoint: `{name}` is none of completions, infill, chat")),
    }
}
