//! Where things are, and how commands run there.

use anyhow::{Context, Result, ensure};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The workspace.
pub struct House {
    /// The folder of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// The folder that cargo builds into, and the only one that this program writes to.
    pub target: PathBuf,
}

impl House {
    /// Asks the cargo that runs this program.
    pub fn find() -> Result<House> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").context("run this program as `cargo xtask`")?;
        let root = PathBuf::from(package).join("..").canonicalize()?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
        Ok(House { target: root.join(target), root })
    }

    /// The cargo that runs this program, at the root.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root);
        // What `cargo run` says of this program, some build scripts look at: they would run again, and all that is behind them be built
        // again, whenever cargo is called by hand in between.
        let own = |name: &OsString| {
            ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|own| name.to_string_lossy().starts_with(own))
        };
        std::env::vars_os().map(|(name, _)| name).filter(own).for_each(|name| {
            cargo.env_remove(name);
        });
        cargo
    }
}

/// Runs a command to its end, its output going to the user.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}").replace('"', "");
    eprintln!("$ {shown}");
    let status = command.status().with_context(|| format!("`{shown}` could not be started"))?;
    ensure!(status.success(), "`{shown}` failed ({status})");
    Ok(())
}

/// Whether a command starts and succeeds, its output thrown away.
pub fn succeeds<A: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[A]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
