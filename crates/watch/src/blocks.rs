//! The code in a chat's answer: what stands between its fences.

use crate::language::of_fence;
use code::Language;
use std::ops::Range;

/// The fenced blocks of an answer, and the language that each names; the last may be unclosed.
pub fn blocks(text: &str) -> Vec<(Option<Language>, Range<usize>)> {
    let mut found = Vec::new();
    let mut open: Option<(Option<Language>, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if let Some(named) = fence(line) {
            match open.take() {
                Some((language, start)) => found.push((language, start..at)),
                None => open = Some((of_fence(named), end)),
            }
        }
        at = end;
    }
    found.extend(open.map(|(language, start)| (language, start..text.len())));
    found
}

/// What stands behind a line's fence, where it has one.
pub fn fence(line: &str) -> Option<&str> {
    let line = line.trim();
    line.strip_prefix("```").or_else(|| line.strip_prefix("~~~"))
}
