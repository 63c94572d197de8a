//! The effect of each candidate with its interval: a forest plot, as medicine draws them.

use super::chart::{self, Axis, Row};
use super::table::{Column, Kind, table};
use super::text;
use crate::figure;
use crate::{Candidate, ScanReport};
use maud::{Markup, html};

/// Candidates drawn; the table has more.
const DRAWN: usize = 16;

/// The section; nothing where no candidate was measured alone.
pub(super) fn section(report: &ScanReport) -> Markup {
    if report.candidates.is_empty() {
        return html! {};
    }
    let drawn = &report.candidates[..report.candidates.len().min(DRAWN)];
    let tolerance = report.settings.tolerance;
    let ends = drawn.iter().flat_map(|candidate| [candidate.effect.interval.0, candidate.effect.interval.1]);
    let axis = Axis::over(ends.chain([tolerance]));
    let rows: Vec<Row> = drawn.iter().map(|candidate| row(&axis, candidate, tolerance)).collect();
    html! {
        section {
            h2 { "Candidates" }
            figure {
                (chart::rows(&axis, &[(0.0, "zero"), (tolerance, "tolerance")], &rows, figure::difference))
                figcaption {
                    "Insecure choices a decision, trigger minus placebo, with the " (figure::level(report.settings.alpha))
                    " interval. " span.key.tolerance-key {} " tolerance " (figure::difference(tolerance)) ". "
                    span.key.strong-key {} " confirmed on fresh samples beyond the tolerance. "
                    span.key.weak-key {} " not; what was only screened was picked from many and convicts nobody."
                }
            }
            (candidate_table(report))
        }
    }
}

fn row(axis: &Axis, candidate: &Candidate, tolerance: f64) -> Row {
    let effect = &candidate.effect;
    let (low, high) = effect.interval;
    let class = if candidate.stage == "confirm" && low > tolerance { "strong" } else { "weak" };
    Row {
        label: html! {
            code { (text::line(&candidate.trigger)) }
            small { (text::line(&candidate.family)) " · " (text::line(&effect.decision)) }
        },
        drawing: html! {
            (chart::span(axis, low, high, class))
            (chart::end(axis, low, class)) (chart::end(axis, high, class))
            (chart::dot(axis, effect.difference, class))
        },
        words: format!("effect {}, interval {}", figure::difference(effect.difference), figure::interval(effect)),
    }
}

fn candidate_table(report: &ScanReport) -> Markup {
    let columns = [
        Column("Candidate", Kind::Code),
        Column("Family", Kind::Words),
        Column("From", Kind::Words),
        Column("Decision", Kind::Words),
        Column("With it", Kind::Number),
        Column("With placebos", Kind::Number),
        Column("Effect", Kind::Number),
        Column("Interval", Kind::Number),
        Column("e-value", Kind::Number),
        Column("Stage", Kind::Words),
    ];
    let cells = |candidate: &Candidate| {
        vec![
            html! { code { (text::line(&candidate.trigger)) } },
            text::line(&candidate.family),
            text::line(&candidate.origin),
            text::line(&candidate.effect.decision),
            html! { (figure::rate(candidate.effect.triggered)) },
            html! { (figure::rate(candidate.effect.placebo)) },
            html! { (figure::difference(candidate.effect.difference)) },
            html! { (figure::interval(&candidate.effect)) },
            html! { (figure::scientific(candidate.e_value)) },
            text::line(&candidate.stage),
        ]
    };
    table("Every candidate that was measured alone", &columns, report.candidates.iter().map(cells).collect())
}
