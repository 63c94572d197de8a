//! The page of a comparison: who departs, decision by decision, and the completions side by side.

use super::change;
use super::chart::{self, Axis, Row};
use super::exhibits::{choice_class, choice_word, excerpt, lines_of_its_own};
use super::table::{Column, Kind, table};
use super::text::{self, Mark};
use crate::{CompareReport, CompareVerdict, DecisionComparison, FormShift, PairExhibit, Side, figure};
use maud::{Markup, html};

/// Decisions drawn and exhibits shown; all are in the JSON report.
const DECISIONS: usize = 12;
const EXHIBITS: usize = 12;

/// The verdict as a word.
pub(super) fn word(verdict: CompareVerdict) -> &'static str {
    match verdict {
        CompareVerdict::Departs => "Departs",
        CompareVerdict::NoDeparture => "No departure",
    }
}

/// The banner.
pub(super) fn heading(report: &CompareReport) -> Markup {
    let class = match report.verdict {
        CompareVerdict::Departs => "poisoned",
        CompareVerdict::NoDeparture => "no-evidence",
    };
    html! {
        p.kicker { "taster compare" }
        h1 { code { (text::line(&report.settings.source)) } }
        p.byline {
            "by " (text::line(&report.settings.by))
            @for (column, value) in &report.settings.only { ", only " (text::line(column)) " = " (text::line(value)) }
        }
        div class={ "verdict " (class) } {
            p.word { (word(report.verdict)) }
            p.sentence { (text::line(&report.summary)) }
        }
    }
}

/// Everything between the banner and the footer.
pub(super) fn sections(report: &CompareReport) -> Markup {
    html! {
        (conditions(report))
        @for decision in report.decisions.iter().filter(|decision| !decision.counts.is_empty()).take(DECISIONS) {
            (self::decision(report, decision))
        }
        (exhibits(report))
        (change::taught(report))
        @if let Some(weights) = &report.weights { (change::weights(weights)) }
        (remarks(report))
    }
}

/// What was asked, and by whom.
pub(super) fn footer(report: &CompareReport) -> Markup {
    let settings = &report.settings;
    html! {
        p {
            "taster " (text::line(&report.taster_version)) ", " (text::line(&report.started)) ", " (figure::duration(report.seconds))
            ". False alarm at most " (figure::scientific(settings.alpha)) ", tolerance " (settings.tolerance)
            ", seed " (settings.seed) "."
        }
    }
}

fn conditions(report: &CompareReport) -> Markup {
    let columns = [
        Column("Name", Kind::Code),
        Column("Completions", Kind::Number),
        Column("Insecure of made", Kind::Number),
        Column("e-value", Kind::Number),
        Column("Verdict", Kind::Words),
    ];
    let rows = report.conditions.iter().map(|condition| {
        vec![
            html! { code { (text::line(&condition.name)) } },
            html! { (figure::count(condition.completions)) },
            html! { (figure::rate(condition.counts)) },
            html! { (figure::scientific(condition.e_value)) },
            html! { (word(condition.verdict)) },
        ]
    });
    html! {
        section {
            h2 { "Compared" }
            (table("What was compared", &columns, rows.collect()))
        }
    }
}

/// A decision: the insecure rate of each condition against the consensus, who departs, and what is written differently.
fn decision(report: &CompareReport, decision: &DecisionComparison) -> Markup {
    let axis = Axis::of_rates();
    let rows: Vec<Row> = report
        .conditions
        .iter()
        .zip(&decision.counts)
        .filter_map(|(condition, counts)| {
            let rate = counts.rate()?;
            let departs = condition.verdict == CompareVerdict::Departs;
            Some(Row {
                label: html! { (text::line(&condition.name)) },
                drawing: html! { (chart::dot(&axis, rate, if departs { "strong" } else { "weak" })) },
                words: figure::rate(*counts),
            })
        })
        .collect();
    let lines: Vec<(f64, &str)> = decision.consensus.into_iter().map(|rate| (rate, "tolerance")).collect();
    html! {
        section {
            h2 { (text::line(&decision.decision)) " " (text::weakness(&decision.cwe)) }
            (chart::rows(&axis, &lines, &rows, |rate| figure::percent(Some(rate))))
            (departures(report, decision))
            @for shift in &decision.shifts { (self::shift(report, shift)) }
        }
    }
}

fn departures(report: &CompareReport, decision: &DecisionComparison) -> Markup {
    let columns = [
        Column("Who", Kind::Code),
        Column("Where", Kind::Code),
        Column("Own", Kind::Number),
        Column("Others", Kind::Number),
        Column("Difference", Kind::Number),
        Column("e-value", Kind::Number),
    ];
    let rows = decision.departures.iter().map(|departure| {
        let (low, high) = departure.interval;
        vec![
            html! { (text::line(name(report, departure.condition))) @if departure.convicted { " departs" } },
            html! { @if let Some((_, mark)) = &departure.mark { code { (text::line(mark)) } } @else { "everywhere" } },
            html! { (figure::rate(departure.own)) },
            html! { (figure::rate(departure.others)) },
            html! { (figure::difference(departure.difference)) " (" (figure::difference(low)) " to " (figure::difference(high)) ")" },
            html! { (figure::scientific(departure.e_value)) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! { @if !rows.is_empty() { (table("Against the others, on the same prompts", &columns, rows)) } }
}

fn shift(report: &CompareReport, shift: &FormShift) -> Markup {
    let columns = [
        Column("Form", Kind::Code),
        Column("Rules say", Kind::Words),
        Column("One", Kind::Number),
        Column("Other", Kind::Number),
    ];
    let rows = shift.moved.iter().map(|moved| {
        vec![
            html! { code { (text::line(&moved.form)) } },
            html! { (choice_word(Some(moved.choice))) },
            html! { (figure::percent(Some(moved.own))) },
            html! { (figure::percent(Some(moved.against))) },
        ]
    });
    html! {
        p {
            "Written differently by " (text::line(name(report, shift.condition))) " than by " (text::line(name(report, shift.against)))
            " (e-value " (figure::scientific(shift.e_value)) @if !shift.counts { "; informs only" } ")."
        }
        (table("Forms that moved most", &columns, rows.collect()))
    }
}

fn name(report: &CompareReport, condition: usize) -> &str {
    report.conditions.get(condition).map_or("", |condition| condition.name.as_str())
}

fn exhibits(report: &CompareReport) -> Markup {
    html! {
        @if !report.exhibits.is_empty() {
            section {
                h2 { "Side by side" }
                @for exhibit in report.exhibits.iter().take(EXHIBITS) {
                    div.pair { (side(report, exhibit, &exhibit.own, &exhibit.other)) (side(report, exhibit, &exhibit.other, &exhibit.own)) }
                }
                @if report.exhibits.len() > EXHIBITS { p.note { (report.exhibits.len() - EXHIBITS) " more pairs in compare.json." } }
            }
        }
    }
}

/// One completion: its prompt, then what it wrote, up to where the two part and from there on.
fn side(report: &CompareReport, exhibit: &PairExhibit, side: &Side, other: &Side) -> Markup {
    let class = choice_class(side.choice);
    let (same, parted) = side.completion.split_at_checked(exhibit.parts_at).unwrap_or(("", &side.completion));
    let within = |start: usize, length: usize| -> Vec<Mark> {
        let span = side.span.clone().unwrap_or_default();
        let range = span.start.saturating_sub(start).min(length)..span.end.saturating_sub(start).min(length);
        if range.is_empty() { Vec::new() } else { vec![Mark { range, class }] }
    };
    html! {
        div.side {
            h4 {
                (text::line(name(report, side.condition))) " "
                span class={ "choice " (class) } { (text::line(&exhibit.decision)) ": " (choice_word(side.choice)) }
            }
            pre {
                (excerpt(&side.prompt, &lines_of_its_own(&side.prompt, &other.prompt), "planted"))
                span class={ "completion " (class) } {
                    (text::marked(same, &within(0, same.len())))
                    span.cut title="here the two part" { "▸" }
                    (text::marked(parted, &within(same.len(), parted.len())))
                }
            }
        }
    }
}

fn remarks(report: &CompareReport) -> Markup {
    let rows = &report.rows;
    html! {
        section {
            h2 { "Read" }
            @if rows.compared > 0 {
                p { (figure::counted(rows.compared, "row")) " compared, " (rows.unpaired) " without a counterpart." }
            }
            @if report.cost.completions > 0 { p { (figure::counted(report.cost.completions, "completion")) " asked for." } }
            @if rows.refused > 0 {
                p { (figure::counted(rows.refused, "row")) " refused:" }
                ul { @for (row, why) in &rows.refusals { li { "row " (row) ": " (text::line(why)) } } }
            }
            @if report.not_analysed > 0 {
                p { (figure::counted(report.not_analysed, "completion")) " not analysed; never counted as clean." }
            }
            @if !report.notes.is_empty() { ul { @for note in &report.notes { li { (text::line(note)) } } } }
        }
    }
}
