//! `cargo xtask test`: installs what the tests need where it is missing, and runs all of them.

mod house;
mod needs;
mod steps;

use anyhow::{Result, bail};
use house::House;
use std::process::ExitCode;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => Ok(steps::test(&House::find()?)),
        _ => bail!("`cargo xtask test` installs what the tests need where it is missing, and runs all of them"),
    }
}
