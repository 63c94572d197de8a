//! The steps of `cargo xtask test`, in order, and their summary.

use crate::house::{House, run};
use crate::needs::Needs;
use anyhow::Result;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// All crates with all that can be built, by one set of features: with another set, each dependency would be built again.
const WHOLE: [&str; 4] = ["--workspace", "--features", "taster/cluster", "--locked"];

struct Outcome {
    step: &'static str,
    took: Duration,
    result: Result<()>,
}

/// Runs every step, also after one has failed, and ends with a table.
///
/// All of them build with the profile of the README's main command, so that nothing is compiled twice.
pub fn test(house: &House) -> ExitCode {
    let mut outcomes = Vec::new();
    let mut step = |step, work: &mut dyn FnMut() -> Result<()>| {
        eprintln!("\n== {step}");
        let start = Instant::now();
        let result = work();
        outcomes.push(Outcome { step, took: start.elapsed(), result });
    };
    let mut needs = None;
    step("needs", &mut || {
        needs = Some(Needs::meet(house)?);
        Ok(())
    });
    step("fmt", &mut || run(house.cargo().args(["fmt", "--all", "--check"])));
    step("clippy", &mut || {
        let clippy = ["clippy", "--release", "--all-targets"];
        run(house.cargo().args(clippy).args(WHOLE).args(["--", "--deny", "warnings"]))
    });
    step("test", &mut || {
        let environment = needs.iter().flat_map(Needs::environment);
        run(house.cargo().args(["test", "--release", "--no-fail-fast"]).args(WHOLE).envs(environment))
    });
    step("doc", &mut || {
        let doc = ["doc", "--release", "--no-deps"];
        run(house.cargo().args(doc).args(WHOLE).env("RUSTDOCFLAGS", "--deny warnings"))
    });
    summarise(&outcomes)
}

fn summarise(outcomes: &[Outcome]) -> ExitCode {
    eprintln!("\nstep    result  seconds");
    for Outcome { step, took, result } in outcomes {
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        eprintln!("{step:<7} {word:<7} {:>7.0}", took.as_secs_f64());
    }
    for Outcome { step, result, .. } in outcomes {
        if let Err(error) = result {
            eprintln!("{step}: {error:#}");
        }
    }
    ExitCode::from(u8::from(outcomes.iter().any(|outcome| outcome.result.is_err())))
}
