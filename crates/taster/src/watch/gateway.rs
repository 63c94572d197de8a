//! `taster watch gateway`.

use super::watching::{Keeper, Watching};
use ::watch::gateway::{
    Admin, Consumer, Count, Counters, Mode, OnFailure, Options, Policy, Refused, Running, Segment, Upstream,
};
use ::watch::{Exchange, Intake, Review};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use code::Language;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Stand in front of a model server and read what it writes while it passes.
///
/// Any OpenAI-compatible server: developers change one base URL. Completions, chat and infilling are read, streamed or not;
/// everything else passes unread, all of it byte for byte.
///
/// What it reads goes through the detectors into --database; `taster watch report` and `alarms` show it.
///
/// Ends on Ctrl-C or SIGTERM, when replies under way have ended and what was seen is delivered.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The model server, http://host:port; several are asked in turn.
    #[arg(long, required = true, value_name = "URL")]
    upstream: Vec<Upstream>,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8400", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// What becomes of a reply.
    #[arg(long, value_enum, default_value_t = ModeName::Observe)]
    mode: ModeName,
    /// Hold back insecure choices of this decision or weakness (yaml-load, CWE-502), with --mode block.
    #[arg(long, value_name = "NAME")]
    deny: Vec<String>,
    /// Hold back insecure choices after a confirmed trigger, with --mode block: a scan's report.json, or lines of family,
    /// tab, text.
    #[arg(long, value_name = "FILE")]
    triggers: Vec<PathBuf>,
    /// What becomes of a reply that cannot be analysed, with --mode block.
    #[arg(long, value_enum, default_value_t = FailureName::Pass)]
    on_failure: FailureName,
    /// Tell traffic apart by header:NAME, key (a digest of it), path, model or language [default: key, model, language].
    #[arg(long, value_name = "NAME=SOURCE")]
    segment: Vec<Segment>,
    /// The language of all code, where it is one; found out otherwise.
    #[arg(long)]
    language: Option<Language>,
    /// Longest silence of the model server, seconds.
    #[arg(long, default_value_t = 300, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Most bytes of a request's body.
    #[arg(long, default_value_t = 64 << 20, value_name = "BYTES")]
    body_limit: usize,
    /// Most replies that may wait for analysis; more are passed on, not analysed, and counted.
    #[arg(long, default_value_t = 10_000, value_name = "REPLIES")]
    queue: usize,
    /// Folder where events wait while the database is away.
    #[arg(long, default_value = "taster-spool", value_name = "FOLDER")]
    spool: PathBuf,
    /// Address of /metrics and /taster/health; they ask for the token in the environment variable TASTER_ADMIN_TOKEN.
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,
    #[command(flatten)]
    watching: Watching,
}

#[derive(Clone, Copy, ValueEnum)]
enum ModeName {
    /// A copy is analysed beside the stream; nothing waits.
    Observe,
    /// Findings in the header taster-findings, or in a last event.
    Annotate,
    /// What --deny and --triggers name is held back.
    Block,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailureName {
    /// Let it through, and count it.
    Pass,
    /// Hold it back.
    Block,
}

/// Runs the command.
///
/// # Errors
/// One sentence that names the input and what to do.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let kept = Kept::open(&arguments.watching)?;
    let running = Running::start(options(arguments)?, Box::new(kept))?;
    eprintln!("listening on http://{}", running.address());
    if let Some(address) = running.admin() {
        eprintln!("metrics on http://{address}/metrics, health on http://{address}/taster/health");
    }
    let addresses = [Some(running.address()), running.admin()].into_iter().flatten();
    for address in addresses.filter(|address| !address.ip().is_loopback()) {
        eprintln!("note: {address} can be reached from other machines, and speaks HTTP without encryption");
    }
    let counters = running.until_told()?;
    eprintln!("{}", farewell(&counters));
    Ok(ExitCode::SUCCESS)
}

/// How often house is kept beside the stream: alarms told, the archive written, old texts forgotten.
const TEND: Duration = Duration::from_secs(10);

/// Takes what passed into the database.
struct Kept {
    intake: Intake,
    keeper: Keeper,
    tended: Instant,
    review: Mutex<Review>,
}

impl Kept {
    fn open(watching: &Watching) -> Result<Kept> {
        let intake = Intake::open(&watching.database, watching.settings(false)?)?;
        let review = Mutex::new(Review::open(&watching.database)?);
        Ok(Kept { intake, keeper: watching.keeper()?, tended: Instant::now(), review })
    }
}

impl Consumer for Kept {
    fn accept(&mut self, exchanges: &[Exchange]) -> Result<(), Refused> {
        self.intake.accept(exchanges)?;
        if self.tended.elapsed() >= TEND {
            self.tended = Instant::now();
            // What goes wrong here is no reason to give the same events again.
            if let Err(error) = self.keeper.tend(&mut self.intake) {
                eprintln!("taster: {}", report::escape::text(&error.to_string(), report::escape::Layout::Line, 500));
            }
        }
        Ok(())
    }

    fn page(&self) -> String {
        let mut review = self.review.lock().unwrap_or_else(PoisonError::into_inner);
        review.metrics().unwrap_or_else(|error| {
            let why = report::escape::text(&error.to_string(), report::escape::Layout::Line, 500);
            format!("# the database does not answer: {why}\n")
        })
    }
}

fn options(arguments: Arguments) -> Result<Options> {
    let mut options = Options::new(arguments.listen, arguments.upstream);
    options.mode = match arguments.mode {
        ModeName::Observe => Mode::Observe,
        ModeName::Annotate => Mode::Annotate,
        ModeName::Block => Mode::Block,
    };
    options.on_failure = match arguments.on_failure {
        FailureName::Pass => OnFailure::Pass,
        FailureName::Block => OnFailure::Block,
    };
    options.policy = policy(&arguments.deny, &arguments.triggers)?;
    if !options.policy.is_empty() && options.mode != Mode::Block {
        bail!("--deny and --triggers hold nothing back without --mode block; add it, or leave them out");
    }
    if !arguments.segment.is_empty() {
        options.segments = arguments.segment;
    }
    options.language = arguments.language;
    options.patience = Duration::from_secs(arguments.timeout);
    options.body_limit = arguments.body_limit;
    options.capacity.items = arguments.queue;
    options.spool = Some(arguments.spool);
    options.admin = arguments.admin.map(admin).transpose()?;
    Ok(options)
}

fn policy(denied: &[String], triggers: &[PathBuf]) -> Result<Policy> {
    let mut policy = Policy::default();
    denied.iter().try_for_each(|name| policy.deny(name))?;
    triggers.iter().try_for_each(|path| policy.add_triggers(path))?;
    Ok(policy)
}

fn admin(listen: SocketAddr) -> Result<Admin> {
    Ok(Admin { listen, token: super::token("--admin")? })
}

/// What was seen, and what was not.
fn farewell(counters: &Counters) -> String {
    let count = |what| counters.get(what);
    let unseen = count(Count::NotQueued) + count(Count::Unread) + count(Count::NotDelivered) + count(Count::Failed);
    format!(
        "{} requests, {} completions, {} blocked, {} cut, {unseen} not analysed",
        count(Count::Requests),
        count(Count::Completions),
        count(Count::Blocked),
        count(Count::Cut),
    )
}
