//! Plain functions of other people's Python, to stand between the decisions of a corpus.

use crate::{Error, document};
use std::path::Path;

/// Fewest and most lines of a function that is taken.
const LINES: std::ops::RangeInclusive<usize> = 3..=12;

/// The top-level functions of a folder of Python that are short and plain enough to stand anywhere: no decorator, nothing
/// private, no decision of the textbook's. Sorted, each once.
///
/// # Errors
/// Those of [`document::read`].
pub fn harvest(folder: &Path) -> Result<Vec<String>, Error> {
    let mut functions: Vec<String> = document::read(folder)?.iter().flat_map(|file| functions(&file.text)).collect();
    functions.sort_unstable();
    functions.dedup();
    Ok(functions)
}

fn functions(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = (0..lines.len()).filter(|&at| is_plain_start(&lines, at));
    starts.filter_map(|at| whole(&lines[at..])).collect()
}

fn is_plain_start(lines: &[&str], at: usize) -> bool {
    let decorated = at > 0 && lines[at - 1].starts_with('@');
    lines[at].starts_with("def ") && !lines[at].starts_with("def _") && lines[at].ends_with(':') && !decorated
}

fn whole(lines: &[&str]) -> Option<String> {
    let inside = |line: &&&str| line.is_empty() || line.starts_with(' ');
    let length = 1 + lines[1..].iter().take_while(inside).count();
    let text = lines[..length].join("\n").trim_end().to_owned() + "\n";
    let short = LINES.contains(&text.lines().count()) && text.lines().all(|line| line.len() <= 100);
    let decides = crate::textbook::IDIOMS
        .iter()
        .any(|idiom| !idiom.secure_choices(&text).is_empty() || !idiom.insecure_choices(&text).is_empty());
    (short && !decides).then_some(text)
}
