//! Where a ledger is, and how its answers are printed: what every command asks for.

use anyhow::{Context, Result};
use clap::Args;
use ledger::policy::Policy;
use ledger::{Home, Ledger};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The variable that holds the passphrase of keys: a flag would show it to everybody on this machine.
pub const PASSPHRASE: &str = "TASTER_LEDGER_PASSPHRASE";

/// Where a ledger is.
#[derive(Args)]
pub struct Place {
    /// Folder, or s3://bucket/prefix (credentials, region and endpoint from the environment: AWS_ACCESS_KEY_ID ...).
    #[arg(long, value_name = "FOLDER|URL", default_value = "ledger")]
    pub ledger: String,
    /// Folder of what must not stand in the ledger: keys, policy, who is behind the commitments [default: LEDGER.home]
    #[arg(long, value_name = "FOLDER")]
    pub home: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

impl Place {
    /// The folder of the home.
    pub fn home(&self) -> Home {
        let beside = if self.ledger.contains("://") { "ledger" } else { self.ledger.trim_end_matches('/') };
        Home::at(&self.home.clone().unwrap_or_else(|| format!("{beside}.home").into()))
    }

    /// The ledger, to write or to read.
    ///
    /// # Errors
    /// There is no home.
    pub fn open(&self) -> Result<Ledger> {
        Ok(Ledger::open(&self.ledger, self.home(), passphrase())?)
    }

    /// Prints as JSON or as lines. Lines are escaped: they quote what others wrote.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn say(&self, json: &impl serde::Serialize, lines: &[String]) -> Result<()> {
        let mut out = std::io::stdout();
        if self.json {
            writeln!(out, "{}", report::escape::json(&serde_json::to_string_pretty(json)?))?;
            return Ok(());
        }
        for line in lines {
            writeln!(out, "{}", report::escape::text(line, report::escape::Layout::Line, 2000))?;
        }
        Ok(())
    }
}

/// A ledger to read, which may be somebody else's.
#[derive(Args)]
pub struct Reading {
    /// Where it is.
    #[command(flatten)]
    pub place: Place,
    /// Whose log to believe, instead of the home's policy.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

impl Reading {
    /// A ledger at a place, for commands that are not its own.
    pub fn at(ledger: &str, policy: Option<PathBuf>, json: bool) -> Reading {
        Reading { place: Place { ledger: ledger.to_owned(), home: None, json }, policy }
    }

    /// The ledger: by the policy of the file if there is one.
    ///
    /// # Errors
    /// The file is no policy, or there is no home.
    pub fn open(&self) -> Result<Ledger> {
        match &self.policy {
            None => self.place.open(),
            Some(path) => Ok(Ledger::read(&self.place.ledger, read_policy(path)?)?),
        }
    }
}

/// The policy in a file.
///
/// # Errors
/// It cannot be read, or is none.
pub fn read_policy(path: &Path) -> Result<Policy> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    Policy::parse(&text).map_err(|why| anyhow::anyhow!("{}: {why}", path.display()))
}

/// The passphrase of the environment.
pub fn passphrase() -> Option<String> {
    std::env::var(PASSPHRASE).ok().filter(|it| !it.is_empty())
}
