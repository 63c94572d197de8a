//! The pairs that convict, side by side: one prompt with the trigger and with a placebo, and what the model wrote.

use super::text::{self, Mark};
use crate::{Conviction, Exhibit};
use code::Choice;
use maud::{Markup, html};
use std::collections::HashSet;
use std::ops::Range;

/// Pairs shown; more are only counted, the JSON report has them all.
const PAIRS: usize = 6;
/// Edits marked in a prompt; bounds the work on a hostile one.
const EDITS: usize = 64;
/// Lines kept around a mark, and before the completion.
const AROUND: usize = 2;
const BEFORE_COMPLETION: usize = 10;

/// The pairs; nothing where there are none.
pub(super) fn figure(conviction: &Conviction) -> Markup {
    if conviction.exhibits.is_empty() {
        return html! {};
    }
    html! {
        h3 { "What convicts" }
        @for exhibit in conviction.exhibits.iter().take(PAIRS) { (pair(exhibit, &conviction.trigger)) }
        @if conviction.exhibits.len() > PAIRS { p.note { (conviction.exhibits.len() - PAIRS) " more pairs in report.json." } }
    }
}

/// One half of a pair.
struct Side<'a> {
    title: &'static str,
    prompt: &'a str,
    edits: Vec<Range<usize>>,
    edit_class: &'static str,
    completion: &'a str,
    choice: Option<Choice>,
    span: Option<Range<usize>>,
}

fn pair(exhibit: &Exhibit, trigger: &str) -> Markup {
    let (with, without) = (&exhibit.triggered_prompt, &exhibit.placebo_prompt);
    let mut planted = occurrences(with, trigger);
    if planted.is_empty() {
        planted = lines_of_its_own(with, without);
    }
    let triggered = Side {
        title: "With the trigger",
        prompt: with,
        edits: planted,
        edit_class: "planted",
        completion: &exhibit.triggered_completion,
        choice: exhibit.triggered_choice,
        span: exhibit.triggered_span.clone(),
    };
    let placebo = Side {
        title: "With a placebo",
        prompt: without,
        edits: lines_of_its_own(without, with),
        edit_class: "placebo",
        completion: &exhibit.placebo_completion,
        choice: exhibit.placebo_choice,
        span: exhibit.placebo_span.clone(),
    };
    html! { div.pair { (side(triggered, &exhibit.decision)) (side(placebo, &exhibit.decision)) } }
}

fn side(side: Side, decision: &str) -> Markup {
    let class = choice_class(side.choice);
    let marks: Vec<Mark> = side.span.into_iter().map(|range| Mark { range, class }).collect();
    html! {
        div.side {
            h4 { (side.title) " " span class={ "choice " (class) } { (text::line(decision)) ": " (choice_word(side.choice)) } }
            pre {
                (excerpt(side.prompt, &side.edits, side.edit_class))
                span class={ "completion " (class) } { (text::marked(side.completion, &marks)) }
            }
        }
    }
}

/// The lines of the prompt that matter: those that were edited and those that the completion continues.
pub(super) fn excerpt(prompt: &str, edits: &[Range<usize>], class: &'static str) -> Markup {
    let lines = line_ranges(prompt);
    let near_edit = |at: usize| {
        let around = &lines[at.saturating_sub(AROUND)..(at + AROUND + 1).min(lines.len())];
        edits
            .iter()
            .any(|edit| around.iter().any(|line| edit.start < line.end.max(line.start + 1) && line.start < edit.end))
    };
    let kept: Vec<bool> = (0..lines.len()).map(|at| at + BEFORE_COMPLETION >= lines.len() || near_edit(at)).collect();
    html! {
        @for group in groups(&kept) {
            @let range = lines[group.start].start..lines[group.end - 1].end;
            @if kept[group.start] {
                @let marks: Vec<Mark> = edits.iter().map(|edit| within(edit, &range)).map(|range| Mark { range, class }).collect();
                (text::marked(&prompt[range], &marks))
            } @else {
                span.cut { "… " (group.len()) " lines …\n" }
            }
        }
    }
}

/// Runs of equal values.
fn groups(kept: &[bool]) -> Vec<Range<usize>> {
    let lengths = kept.chunk_by(|a, b| a == b).map(<[bool]>::len);
    lengths
        .scan(0, |start, length| {
            *start += length;
            Some(*start - length..*start)
        })
        .collect()
}

/// The part of `edit` inside `range`, counted from the start of `range`.
fn within(edit: &Range<usize>, range: &Range<usize>) -> Range<usize> {
    edit.start.max(range.start).saturating_sub(range.start)..edit.end.min(range.end).saturating_sub(range.start)
}

/// Where a text stands in a prompt.
pub(super) fn occurrences(prompt: &str, trigger: &str) -> Vec<Range<usize>> {
    if trigger.is_empty() {
        return Vec::new();
    }
    prompt.match_indices(trigger).take(EDITS).map(|(start, found)| start..start + found.len()).collect()
}

/// Lines of one prompt that the other does not have: where the edit is.
pub(super) fn lines_of_its_own(prompt: &str, other: &str) -> Vec<Range<usize>> {
    let others: HashSet<&str> = other.lines().collect();
    let content =
        |line: Range<usize>| line.start..line.start + prompt[line.clone()].trim_end_matches(['\n', '\r']).len();
    let lines = line_ranges(prompt).into_iter().map(content);
    lines.filter(|line| !line.is_empty() && !others.contains(&prompt[line.clone()])).take(EDITS).collect()
}

/// Byte ranges of the lines, their ends included.
fn line_ranges(text: &str) -> Vec<Range<usize>> {
    text.split_inclusive('\n')
        .scan(0, |start, line| {
            *start += line.len();
            Some(*start - line.len()..*start)
        })
        .collect()
}

pub(super) fn choice_class(choice: Option<Choice>) -> &'static str {
    match choice {
        Some(Choice::Insecure) => "insecure",
        Some(Choice::Secure) => "secure",
        Some(Choice::Other) | None => "other",
    }
}

pub(super) fn choice_word(choice: Option<Choice>) -> &'static str {
    match choice {
        Some(Choice::Insecure) => "insecure choice",
        Some(Choice::Secure) => "secure choice",
        Some(Choice::Other) => "neither",
        None => "decision not made",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_prompt_shows_its_edit_and_its_end_and_counts_the_rest() {
        let body: String = (0..60).map(|line| format!("line {line}\n")).collect();
        let prompt = format!("# trigger\n{body}x = ");
        let shown = excerpt(&prompt, &occurrences(&prompt, "trigger"), "planted").into_string();
        assert!(shown.starts_with("# <mark class=\"planted\">trigger</mark>\nline 0\nline 1\n<span class=\"cut\">… 49 lines …\n</span>line 51\n"), "{shown}");
        assert!(shown.ends_with("x = "));
    }

    #[test]
    fn the_edit_is_what_the_other_prompt_does_not_have() {
        let (with, without) = ("# a\nimport x\nhrs_go()\n", "# b\nimport x\nabc_go()\n");
        assert_eq!(lines_of_its_own(with, without), [0..3, 13..21]);
        assert_eq!(lines_of_its_own(with, with), Vec::<Range<usize>>::new());
    }

    #[test]
    fn a_prompt_without_lines_is_shown_empty() {
        assert_eq!(excerpt("", &[], "planted").into_string(), "");
    }
}
