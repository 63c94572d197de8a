//! Twins side by side: two near-copies, line by line, with the trigger and the decision that it flips.

use super::exhibits::{choice_class, choice_word};
use super::text::{self, Mark};
use crate::{Cluster, TwinExhibit, TwinLine, TwinSide, escape, figure};
use maud::{Markup, html};
use std::ops::Range;

/// Twins shown, and rows of each; the JSON report has them all.
const EXHIBITS: usize = 3;
const ROWS: usize = 60;

/// The twins; nothing where there are none.
pub(super) fn figure(cluster: &Cluster) -> Markup {
    let left_out = cluster.exhibits.len().saturating_sub(EXHIBITS);
    html! {
        @if !cluster.exhibits.is_empty() {
            h3 { "Twins side by side" }
            @for exhibit in cluster.exhibits.iter().take(EXHIBITS) { (pair(cluster, exhibit)) }
            @if left_out > 0 { p.note { (figure::counted(left_out as u64, "more pair")) " in audit.json." } }
        }
    }
}

fn pair(cluster: &Cluster, exhibit: &TwinExhibit) -> Markup {
    let rows = rows(&exhibit.lines);
    let planted = Planted::of(cluster, exhibit);
    html! {
        div.scroll role="region" tabindex="0" aria-label="Twins side by side" {
            table.twins {
                colgroup { col.at; col; col.at; col; }
                thead {
                    tr {
                        th scope="col" colspan="2" { "With the trigger: " code { (text::line(&exhibit.carrier)) } }
                        th scope="col" colspan="2" { "Without: " code { (text::line(&exhibit.twin)) } }
                    }
                }
                tbody { @for row in rows.iter().take(ROWS) { (self::row(row, &planted)) } }
            }
        }
        @if rows.len() > ROWS { p.note { (rows.len() - ROWS) " more lines in audit.json." } }
    }
}

/// What stands side by side.
#[derive(Debug, PartialEq)]
enum Row<'a> {
    /// A line of both.
    Same(&'a TwinLine),
    /// A line of the carrier beside one of the twin, either of which may lack.
    Differs(Option<&'a TwinLine>, Option<&'a TwinLine>),
    /// Lines of both that are not shown.
    LeftOut(u64),
}

/// Lets lines of the carrier and of the twin stand beside each other.
fn rows(lines: &[TwinLine]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut last: Option<u64> = None;
    for run in lines.chunk_by(|a, b| (a.side == TwinSide::Both) == (b.side == TwinSide::Both)) {
        let side = |side| run.iter().filter(move |line| line.side == side);
        let (both, mut carrier, mut twin) = (side(TwinSide::Both), side(TwinSide::Carrier), side(TwinSide::Twin));
        for line in both {
            rows.extend(gap(last, line.number));
            last = Some(line.number);
            rows.push(Row::Same(line));
        }
        loop {
            match (carrier.next(), twin.next()) {
                (None, None) => break,
                (own, other) => {
                    if let Some(own) = own {
                        rows.extend(gap(last, own.number));
                        last = Some(own.number);
                    }
                    rows.push(Row::Differs(own, other));
                }
            }
        }
    }
    rows
}

fn gap(last: Option<u64>, number: u64) -> Option<Row<'static>> {
    let between = number.checked_sub(last?)?.saturating_sub(1);
    (between > 0).then_some(Row::LeftOut(between))
}

fn row(row: &Row<'_>, planted: &Planted<'_>) -> Markup {
    match row {
        Row::Same(line) => html! { tr { (cells(Some(line), "", planted)) td.at {} (code(Some(line), "", planted)) } },
        Row::Differs(own, other) => {
            html! { tr { (cells(*own, "differs", planted)) (cells(*other, "differs", planted)) } }
        }
        Row::LeftOut(lines) => {
            html! { tr { td.cut colspan="4" { "… " (figure::counted(*lines, "line")) " …" } } }
        }
    }
}

/// The number of a line and its text.
fn cells(line: Option<&TwinLine>, class: &'static str, planted: &Planted<'_>) -> Markup {
    html! { td.at { @if let Some(line) = line { (line.number) } } (code(line, class, planted)) }
}

fn code(line: Option<&TwinLine>, class: &'static str, planted: &Planted<'_>) -> Markup {
    let Some(line) = line else { return html! { td.none {} } };
    let chosen = line.choice.map(|choice| (choice_class(Some(choice)), choice_word(Some(choice))));
    let (class, title) = chosen.unwrap_or((class, ""));
    html! {
        td class=(class) title=[(!title.is_empty()).then_some(title)] { (text::marked_line(&line.text, &planted.marks(line))) }
    }
}

/// Where the trigger stands.
struct Planted<'a> {
    words: Vec<&'a str>,
    /// Where no line has these words, the line of the carrier that the report names.
    line: Option<u64>,
}

impl<'a> Planted<'a> {
    fn of(cluster: &'a Cluster, exhibit: &TwinExhibit) -> Self {
        let words: Vec<&str> = cluster.trigger.split_whitespace().collect();
        let named = || cluster.documents.iter().find(|document| document.name == exhibit.carrier)?.line;
        let seen = exhibit.lines.iter().take(2 * ROWS).any(|line| occurrence(&line.text, &words).is_some());
        Planted { line: if seen { None } else { named() }, words }
    }

    /// The trigger in a line, however its words are spaced.
    fn marks(&self, line: &TwinLine) -> Vec<Mark> {
        let named = line.side != TwinSide::Twin && Some(line.number) == self.line;
        let range = occurrence(&line.text, &self.words).or_else(|| named.then_some(0..line.text.len()));
        range.map(|range| Mark { range, class: "planted" }).into_iter().collect()
    }
}

/// The bytes of the first run of these words, as far as the line is shown.
fn occurrence(text: &str, words: &[&str]) -> Option<Range<usize>> {
    if words.is_empty() {
        return None;
    }
    let (shown, _) = escape::clip(text, text::LINE_LIMIT);
    let standing: Vec<&str> = shown.split_whitespace().collect();
    let found = standing.windows(words.len()).find(|window| *window == words)?;
    // Words are slices of the text: their addresses say where they stand in it.
    let start = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let (first, last) = (found.first()?, found.last()?);
    Some(start(first)..start(last) + last.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(side: TwinSide, number: u64, text: &str) -> TwinLine {
        TwinLine { side, number, text: text.into(), choice: None }
    }

    #[test]
    fn lines_of_one_stand_beside_those_of_the_other_and_what_is_left_out_is_counted() {
        use TwinSide::{Both, Carrier, Twin};
        let lines = [
            line(Both, 1, "import os"),
            line(Carrier, 2, "# trigger"),
            line(Both, 3, ""),
            line(Both, 9, "def f():"),
            line(Twin, 9, "    safe()"),
            line(Twin, 10, "    more()"),
            line(Carrier, 10, "    unsafe()"),
        ];
        let shown = rows(&lines);
        assert_eq!(
            shown,
            [
                Row::Same(&lines[0]),
                Row::Differs(Some(&lines[1]), None),
                Row::Same(&lines[2]),
                Row::LeftOut(5),
                Row::Same(&lines[3]),
                Row::Differs(Some(&lines[6]), Some(&lines[4])),
                Row::Differs(None, Some(&lines[5])),
            ]
        );
    }

    #[test]
    fn numbers_that_make_no_sense_leave_nothing_out() {
        let lines = [u64::MAX, 0, 5, 3].map(|number| line(TwinSide::Both, number, ""));
        assert_eq!(rows(&lines).iter().filter(|row| matches!(row, Row::LeftOut(_))).count(), 1);
    }

    #[test]
    fn a_trigger_that_no_line_holds_marks_the_line_that_the_report_names() {
        let document = crate::AuditedDocument { name: "a.py".into(), line: Some(2), ..Default::default() };
        let cluster = Cluster { trigger: "# b".into(), documents: vec![document], ..Default::default() };
        let marked = |lines: Vec<TwinLine>| {
            let exhibit = TwinExhibit { carrier: "a.py".into(), twin: "c.py".into(), lines };
            let planted = Planted::of(&cluster, &exhibit);
            exhibit.lines.iter().map(|line| planted.marks(line).len()).collect::<Vec<usize>>()
        };
        let (first, second) = (line(TwinSide::Carrier, 1, "#\tb"), line(TwinSide::Carrier, 2, "x"));
        assert_eq!(marked(vec![first, second.clone()]), [1, 0]);
        assert_eq!(marked(vec![second, line(TwinSide::Twin, 2, "x")]), [1, 0]);
    }

    #[test]
    fn a_trigger_is_marked_however_its_words_are_spaced() {
        assert_eq!(occurrence("  # use\tthe  safe method x", &["#", "use", "the", "safe"]), Some(2..17));
        assert_eq!(occurrence("# use the safer", &["the", "safe"]), None);
        assert_eq!(occurrence("anything", &[]), None);
    }
}
