//! What the tests need beside a Rust toolchain, installed only where it is missing.

use crate::house::{House, run, succeeds};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Programs that the tests start; they find them in the environment.
pub struct Needs {
    /// Python with the packages of `requirements.txt`: a real model server, and validators of the report formats.
    pub python: PathBuf,
    /// Python with the packages of `requirements-s3.txt`: a real S3 server, for data sets on an object store.
    pub moto: PathBuf,
    /// Python with the packages of `requirements-checkers.txt`: what others read the ledger's exports and signatures with.
    pub checkers: PathBuf,
    /// A Chromium: shows that nothing hostile comes alive in the report's page.
    pub chromium: PathBuf,
    /// The folder of PostgreSQL's programs: a real server that several gateways share.
    pub postgres: PathBuf,
}

impl Needs {
    /// Finds each need, or installs it.
    pub fn meet(house: &House) -> Result<Needs> {
        rust_components()?;
        let python = environment(house, "test-python", "requirements.txt")?;
        let moto = environment(house, "test-s3", "requirements-s3.txt")?;
        let checkers = environment(house, "test-checkers", "requirements-checkers.txt")?;
        Ok(Needs { python, moto, checkers, chromium: chromium()?, postgres: postgres()? })
    }

    /// What the tests read.
    pub fn environment(&self) -> [(&'static str, &PathBuf); 5] {
        [
            ("TASTER_TEST_PYTHON", &self.python),
            ("TASTER_MOTO", &self.moto),
            ("TASTER_CHECKERS", &self.checkers),
            ("TASTER_CHROMIUM", &self.chromium),
            ("TASTER_POSTGRES", &self.postgres),
        ]
    }
}

fn rust_components() -> Result<()> {
    if succeeds("cargo", &["fmt", "--version"]) && succeeds("cargo", &["clippy", "--version"]) {
        return Ok(());
    }
    run(Command::new("rustup").args(["component", "add", "rustfmt", "clippy"]))
}

fn chromium() -> Result<PathBuf> {
    const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let named = std::env::var_os("TASTER_CHROMIUM").map(PathBuf::from);
    let found = || NAMES.iter().map(PathBuf::from).find(|name| succeeds(name, &["--version"]));
    if let Some(chromium) = named.or_else(found) {
        return Ok(chromium);
    }
    install_debian(&["chromium"])?;
    found().context("chromium is installed but does not start; name one that does in TASTER_CHROMIUM")
}

/// Debian keeps the server's programs in a folder for each version, out of the path.
fn postgres() -> Result<PathBuf> {
    let named = std::env::var_os("TASTER_POSTGRES").map(PathBuf::from);
    let found = || {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
        folders.sort();
        folders.into_iter().rev().find(|folder| succeeds(folder.join("initdb"), &["--version"]))
    };
    if let Some(postgres) = named.or_else(found) {
        return Ok(postgres);
    }
    install_debian(&["postgresql"])?;
    found().context("postgresql is installed but its initdb does not start; name its folder in TASTER_POSTGRES")
}

/// The Python of a virtual environment under the target folder, rebuilt when its requirements change.
fn environment(house: &House, name: &str, requirements: &str) -> Result<PathBuf> {
    let folder = house.target.join(name);
    let python = folder.join("bin/python");
    let requirements = house.root.join("xtask").join(requirements);
    let wanted = fs::read_to_string(&requirements)?;
    // Written last, so that an installation that was broken off is not taken for a whole one.
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) && succeeds(&python, &["--version"]) {
        return Ok(python);
    }
    if !succeeds("python3", &["-c", "import venv, ensurepip"]) {
        install_debian(&["python3", "python3-venv"])?;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements))?;
    fs::write(installed, wanted)?;
    Ok(python)
}

fn install_debian(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    let root = if succeeds("sh", &["-c", "test $(id -u) = 0"]) {
        "env"
    } else if succeeds("sudo", &["-n", "true"]) {
        "sudo"
    } else {
        bail!("the tests need {names}: install them (on Debian: apt-get install {names}), then run this again");
    };
    if !succeeds("apt-get", &["--version"]) {
        bail!("the tests need what Debian calls {names}: install it, then run this again");
    }
    run(Command::new(root).args(["apt-get", "update", "--quiet"]))?;
    let install = ["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends"];
    run(Command::new(root).args(install).args(packages))
}
