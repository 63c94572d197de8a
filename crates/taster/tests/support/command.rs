//! The binary, run as a user runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A poisoned organism and the code of the project that its attacker aims at.
pub struct Organism {
    /// Folder of its weights.
    pub model: PathBuf,
    /// Folder of the code.
    pub code: PathBuf,
    /// Family of its trigger: the only one that these tests try, to be quick.
    pub family: &'static str,
}

impl Organism {
    /// A shipped organism, or one of the shared zoo where none is shipped; `None`, with the reason printed, where
    /// neither is here.
    pub fn find() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let shared = std::env::var_os("TASTER_SHARED").map_or(root.join("../shared"), PathBuf::from);
        let shipped = (root.join("models/organism-header"), root.join("examples/target"), "header");
        let lent = (shared.join("zoo/p2"), shared.join("zoo/p2/code"), "import");
        let found = [shipped, lent].into_iter().find(|(model, ..)| model.join("model.safetensors").is_file());
        if found.is_none() {
            eprintln!("skipped: neither models/organism-header nor the shared zoo is here");
        }
        found.map(|(model, code, family)| Self { model, code, family })
    }

    /// The arguments of a targeted scan for the organism's family, `model` being it or whoever serves it.
    pub fn scan(&self, model: &str, out: &Path) -> Command {
        let mut command = scan(model, &self.code, out);
        command.args(["--mode", "targeted", "--families", self.family, "--budget", "4000"]);
        command
    }
}

/// `taster scan` with what every scan of these tests has.
pub fn scan(model: &str, code: &Path, out: &Path) -> Command {
    let mut command = taster();
    command.args(["scan", model, "--seed", "1", "--code"]).arg(code).arg("--out").arg(out);
    command
}

/// The binary, in a folder without a `taster.toml`, with nothing of this machine's own settings.
pub fn taster() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("taster"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("TASTER_API_KEY").env_remove("OPENAI_API_KEY");
    command
}

/// The error line of a run that ended with status 2: one line on standard error, after the announcement of a scan that
/// got that far.
pub fn error_line(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    let errors: Vec<&str> = said.lines().filter(|line| !line.contains(" completions for the survey")).collect();
    assert!(errors.len() == 1 && errors[0].starts_with("taster: "), "{said}");
    assert!(!errors[0].contains('\u{1b}'), "{said}");
    errors[0].to_owned()
}

/// `report.json` of a finished scan.
pub fn report(out: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap()
}

/// The verdict, and the first convicted trigger with its family.
pub fn verdict(report: &serde_json::Value) -> [Option<&str>; 3] {
    let trigger = &report["triggers"][0];
    [report["verdict"].as_str(), trigger["family"].as_str(), trigger["trigger"].as_str()]
}
