//! Twins side by side: the lines in which they differ, and around.

use crate::confirm::Conviction;
use crate::describe::Found;
use crate::fetch::Fetched;
use code::{Choice, Engine};
use report::{TwinExhibit, TwinLine, TwinSide};
use similar::{Algorithm, ChangeTag, TextDiff};
use std::collections::HashMap;
use std::time::Duration;

/// Twins that are shown of a cluster, lines around a difference, and lines of one exhibit.
const EXHIBITS: usize = 8;
const AROUND: usize = 3;
const LINES: usize = 60;
/// Longest line that is shown, bytes.
const LINE: usize = 400;
/// A comparison of lines that takes longer is coarse.
const PATIENCE: Duration = Duration::from_secs(2);

/// The twins of a conviction, at most one pair of a family.
pub(crate) fn exhibits(conviction: &Conviction, found: &[Found]) -> Vec<TwinExhibit> {
    let of = |document: u32| found.iter().find(|found| found.document == Some(document)).map(|found| &found.fetched);
    let pairs = conviction.pairs.iter().filter_map(|pair| Some((of(pair.carrier)?, of(pair.twin)?)));
    pairs.take(EXHIBITS).map(|(carrier, twin)| exhibit(&conviction.decision, carrier, twin)).collect()
}

fn exhibit(decision: &str, carrier: &Fetched, twin: &Fetched) -> TwinExhibit {
    let diff =
        TextDiff::configure().algorithm(Algorithm::Patience).timeout(PATIENCE).diff_lines(&*twin.text, &*carrier.text);
    let (carriers, twins) = (choices(decision, carrier), choices(decision, twin));
    let mut lines = Vec::new();
    for change in diff.grouped_ops(AROUND).iter().flatten().flat_map(|change| diff.iter_changes(change)).take(LINES) {
        let (side, index, choices) = match change.tag() {
            ChangeTag::Equal => (TwinSide::Both, change.new_index(), &carriers),
            ChangeTag::Insert => (TwinSide::Carrier, change.new_index(), &carriers),
            ChangeTag::Delete => (TwinSide::Twin, change.old_index(), &twins),
        };
        let number = index.map_or(0, |index| index as u64 + 1);
        let text = change.value().trim_end_matches(['\r', '\n']);
        let text = text[..text.floor_char_boundary(LINE)].to_owned();
        lines.push(TwinLine { side, number, text, choice: choices.get(&number).copied() });
    }
    TwinExhibit { carrier: carrier.name.clone(), twin: twin.name.clone(), lines }
}

/// The choices of one decision by their lines.
fn choices(decision: &str, document: &Fetched) -> HashMap<u64, Choice> {
    let read = document.language.map(|language| Engine::builtin().read(language, &document.text)).unwrap_or_default();
    let made = read.decisions.iter().filter(|made| &*made.decision == decision);
    made.map(|made| (made.line as u64, made.choice)).collect()
}
