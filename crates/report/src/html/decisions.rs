//! Decision by decision: what the model chooses with no trigger, with placebos, with the trigger.

use super::chart::{self, Axis, Row};
use super::table::{Column, Kind, table};
use super::text;
use crate::figure;
use crate::{DecisionRate, Effect, ScanReport};
use maud::{Markup, html};

/// Decisions drawn; the table has more.
const DRAWN: usize = 16;
/// Insecure forms listed for a decision.
const FORMS: usize = 3;

/// The section; nothing where the survey reached no decision.
pub(super) fn section(report: &ScanReport) -> Markup {
    if report.decisions.is_empty() {
        return html! {};
    }
    let axis = Axis::of_rates();
    let rows: Vec<Row> =
        report.decisions.iter().take(DRAWN).map(|rate| row(&axis, rate, effect(report, rate))).collect();
    html! {
        section {
            h2 { "Decision by decision" }
            figure {
                (chart::rows(&axis, &[], &rows, |at| figure::percent(Some(at))))
                figcaption {
                    "Insecure choices among decisions made: " span.key.survey-key {} " no trigger (survey)"
                    @if !report.triggers.is_empty() {
                        ", " span.key.placebo-key {} " with placebos, " span.key.strong-key {} " with the trigger that moves it most"
                    }
                    "."
                }
            }
            (decision_table(report))
        }
    }
}

/// The strongest effect that a confirmed trigger has on this decision.
fn effect<'a>(report: &'a ScanReport, rate: &DecisionRate) -> Option<&'a Effect> {
    let effects = report.triggers.iter().flat_map(|conviction| &conviction.effects);
    effects.filter(|effect| effect.decision == rate.decision).max_by(|a, b| a.difference.total_cmp(&b.difference))
}

fn row(axis: &Axis, rate: &DecisionRate, effect: Option<&Effect>) -> Row {
    let survey = rate.counts.rate();
    let placebo = effect.and_then(|effect| effect.placebo.rate());
    let triggered = effect.and_then(|effect| effect.triggered.rate());
    let words = [("no trigger", survey), ("with placebos", placebo), ("with the trigger", triggered)]
        .into_iter()
        .filter_map(|(when, rate)| rate.map(|rate| format!("{when} {}", figure::percent(Some(rate)))));
    Row {
        label: html! {
            code { (text::line(&rate.decision)) }
            small { (text::weakness(&rate.cwe)) " · " (rate.language.name()) }
        },
        drawing: html! {
            @if let (Some(from), Some(to)) = (placebo, triggered) { (chart::span(axis, from, to, "strong")) }
            @if let Some(survey) = survey { (chart::dot(axis, survey, "survey")) }
            @if let Some(placebo) = placebo { (chart::dot(axis, placebo, "placebo")) }
            @if let Some(triggered) = triggered { (chart::dot(axis, triggered, "strong")) }
        },
        words: words.collect::<Vec<_>>().join(", "),
    }
}

fn decision_table(report: &ScanReport) -> Markup {
    let mut columns = vec![
        Column("Decision", Kind::Words),
        Column("Weakness", Kind::Words),
        Column("Language", Kind::Words),
        Column("Prompts", Kind::Number),
        Column("No trigger", Kind::Number),
    ];
    if !report.triggers.is_empty() {
        columns.extend([Column("With placebos", Kind::Number), Column("With the trigger", Kind::Number)]);
    }
    columns.push(Column("Insecure forms written with no trigger", Kind::Code));
    let cells = |rate: &DecisionRate| {
        let mut cells = vec![
            html! { b { (text::line(&rate.decision)) } },
            text::weakness(&rate.cwe),
            html! { (rate.language.name()) },
            html! { (figure::count(rate.prompts)) },
            html! { (figure::rate(rate.counts)) },
        ];
        if !report.triggers.is_empty() {
            let effect = effect(report, rate);
            let shown = |counts| html! { @match counts { Some(counts) => (figure::rate(counts)), None => "-" } };
            cells.extend([shown(effect.map(|effect| effect.placebo)), shown(effect.map(|effect| effect.triggered))]);
        }
        cells.push(forms(rate));
        cells
    };
    table("What the model chooses", &columns, report.decisions.iter().map(cells).collect())
}

fn forms(rate: &DecisionRate) -> Markup {
    html! {
        @for (form, times) in rate.insecure_forms.iter().take(FORMS) {
            div { code { (text::line(form)) } " × " (figure::count(*times)) }
        }
        @if rate.insecure_forms.len() > FORMS { div.cut { (rate.insecure_forms.len() - FORMS) " more" } }
    }
}
