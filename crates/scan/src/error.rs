//! Why a scan could not be done: each names its input and what to do.

use std::path::PathBuf;

/// Why a scan could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read.
    #[error("{}: cannot be read ({source}); give a folder of source code that exists and is readable", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("{}: cannot be written ({source}); choose another folder with --out", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of the transcript is not one.
    #[error("{}: line {line} is damaged ({source}); remove the file to start the scan anew", path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// 1-based line.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// An unfinished scan is in the way.
    #[error("{}: an unfinished scan is here; continue it with --resume, or choose another folder with --out", path.display())]
    Unfinished {
        /// Its journal.
        path: PathBuf,
    },
    /// The unfinished scan was another one.
    #[error(
        "{}: the unfinished scan here had another model, code folder or other settings; repeat those, or choose another folder with --out",
        path.display()
    )]
    OtherScan {
        /// Its journal.
        path: PathBuf,
    },
    /// A column cannot be compared by.
    #[error("--by {column}: {why}")]
    Column {
        /// The column.
        column: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A comparison needs two models.
    #[error("fewer than two models answered, and one cannot be compared with itself: {why}")]
    TooFewModels {
        /// What was wrong with the others.
        why: String,
    },
    /// A fingerprint cannot be used.
    #[error("{}: {problem}; a fingerprint is what `taster compare --fingerprint MODEL` wrote", path.display())]
    Fingerprint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// What a model was taught can be told by log probabilities alone.
    #[error(
        "{model}: gives no log probabilities of a given text, without which --taught has nothing to compare; leave it or --taught out"
    )]
    NoLogProbabilities {
        /// The model.
        model: String,
    },
    /// No prompt stands under two conditions.
    #[error(
        "no two values of `{by}` share a prompt, or one that differs in a few lines; name a column that pairs them with --pair"
    )]
    NothingShared {
        /// The column.
        by: String,
    },
    /// No file of a known language.
    #[error(
        "{}: no source file that taster reads (Python, JavaScript, TypeScript, Java, Go, C, C++, C#, PHP, Ruby, Rust); give another folder, or leave --code away to use the built-in prompts",
        path.display()
    )]
    NoCode {
        /// The folder.
        path: PathBuf,
    },
    /// Code, but nothing to ask about.
    #[error(
        "{}: {files} source files and no security-relevant decision in them; give a folder whose code parses, encrypts, queries or connects to something, or leave --code away to use the built-in prompts",
        path.display()
    )]
    NoDecision {
        /// The folder.
        path: PathBuf,
        /// Files read.
        files: usize,
    },
    /// The model reaches no decision on any prompt.
    #[error(
        "{model}: made none of the decisions asked for in {asked} completions; is it a code-completion model, and does its context hold the prompts?"
    )]
    NeverDecides {
        /// The model.
        model: String,
        /// Completions asked.
        asked: u64,
    },
    /// A line of a trigger file is not one.
    #[error("{}: line {line}: {problem}; a line is `FAMILY<tab>TEXT`, for example `header<tab># Maintainer: x`", path.display())]
    TriggerFile {
        /// The file.
        path: PathBuf,
        /// 1-based line.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A setting that makes no sense.
    #[error("{0}")]
    Setting(String),
    /// The budget is too small to learn anything.
    #[error(
        "a budget of {budget} completions cannot reach a verdict on this code: the survey alone needs {needed}; raise --budget"
    )]
    Budget {
        /// Completions allowed.
        budget: u64,
        /// Completions needed at least.
        needed: u64,
    },
    /// Stopped by the user; the journal is kept.
    #[error("interrupted after {completions} completions; continue with --resume")]
    Interrupted {
        /// Completions so far.
        completions: u64,
    },
    /// The model failed.
    #[error(transparent)]
    Model(#[from] model::Error),
    /// A number outside its range.
    #[error(transparent)]
    Number(#[from] stats::Error),
}
