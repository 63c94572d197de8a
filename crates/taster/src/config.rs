//! `taster.toml`: the same settings as the flags, under the command's name. Flags win.

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file looked for where no `--config` names one.
const NAME: &str = "taster.toml";

/// The file's contents.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[scan]`.
    #[serde(default)]
    pub scan: crate::scan::Settings,
    /// `[server]`.
    #[serde(default)]
    pub server: crate::scan::Server,
}

/// Reads the file named, or `taster.toml` in this folder if there is one.
///
/// # Errors
/// The file named is not there, cannot be read, or holds something else than settings.
pub fn read(named: Option<&PathBuf>) -> Result<Config> {
    let path = match named {
        Some(path) => path.as_path(),
        None if Path::new(NAME).exists() => Path::new(NAME),
        None => return Ok(Config::default()),
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    toml::from_str(&text)
        .map_err(|error| anyhow!("{}: not a configuration of taster: {}", path.display(), error.message()))
}
