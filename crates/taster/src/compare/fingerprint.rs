//! `taster compare --fingerprint`, and the comparison of a model with what was kept.

use super::{Arguments, BETWEEN_MODELS};
use crate::progress;
use anyhow::{Context, Result, anyhow, bail};
use report::CompareReport;
use scan::compare::{Fingerprint, Still};
use sign::Signer;
use sign::dsse::name;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// File name of a fingerprint.
const FILE: &str = "fingerprint.json";

/// Takes the fingerprint of one model, signs it and says where it is.
pub(super) fn take(arguments: &Arguments) -> Result<ExitCode> {
    let [model] = arguments.inputs.as_slice() else { bail!("--fingerprint takes the fingerprint of one model") };
    let path = arguments.out.join(FILE);
    let signing = arguments.fingerprint.key.clone().map_or_else(default_key, Ok)?;
    let key = sign::key::read_or_make(&signing, None).map_err(|error| anyhow!("{error}; name another with --key"))?;
    let key = Signer::from(key);
    let taken = with(arguments, model, |still, watch| still.take(watch))?;
    std::fs::write(&path, taken.sealed(&key)?).with_context(|| format!("{}", path.display()))?;
    let mut out = std::io::stdout();
    let (path, signer, completions) = (path.display().to_string(), name(&key.public()), taken.most());
    if arguments.json {
        writeln!(out, "{}", serde_json::json!({ "fingerprint": path, "signer": signer, "completions": completions }))?;
    } else {
        writeln!(out, "{path}: {completions} completions, signed by {signer}")?;
        writeln!(out, "Later: taster compare {path} MODEL --signer {signer}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether an input is a fingerprint, by its name: no model's ends so.
pub(super) fn is_one(input: &str) -> bool {
    Path::new(input).extension().is_some_and(|ending| ending == "json") && !input.starts_with("http")
}

/// Holds a model against a fingerprint.
pub(super) fn check(arguments: &Arguments, path: &Path, model: &str) -> Result<CompareReport> {
    let (known, signer) = Fingerprint::read(path)?;
    let signer = name(&signer);
    if let Some(wanted) = arguments.fingerprint.signer.as_deref().filter(|wanted| !wanted.eq_ignore_ascii_case(&signer))
    {
        bail!(
            "{}: is signed by {signer}, not by {wanted}; give the fingerprint that you took yourself",
            path.display()
        );
    }
    let mut report = with(arguments, model, |still, watch| still.check(&known, watch))?;
    let trusted =
        if arguments.fingerprint.signer.is_some() { "" } else { " (any key would do: name yours with --signer)" };
    report.notes.push(format!("the fingerprint is signed by {signer}{trusted}"));
    Ok(report)
}

type Watch<'a> = &'a mut dyn FnMut(&scan::Progress);

/// Opens the model and asks it, with a bar.
fn with<T>(
    arguments: &Arguments,
    model: &str,
    work: impl FnOnce(&Still, Watch) -> Result<T, scan::Error>,
) -> Result<T> {
    let model = model::open(model, &arguments.server.options()?)?;
    let (options, interrupted) = (arguments.options(BETWEEN_MODELS)?, progress::interruption()?);
    let bar = progress::bar(options.budget);
    let still = Still { model: &*model, options: &options, interrupted: &interrupted };
    let done = work(&still, &mut |step| {
        bar.set_position(step.completions);
        bar.set_prefix(step.stage.name());
    });
    bar.finish_and_clear();
    Ok(done?)
}

fn default_key() -> Result<PathBuf> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".config"));
    let folder = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home);
    Ok(folder.context("no home folder to keep the key in; name a file with --key")?.join("taster/key.pem"))
}
