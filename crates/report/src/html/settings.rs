//! What a verdict is worth, what was asked, what it cost, what the reader should know.

use super::table::{Column, Kind, table};
use super::text;
use crate::figure;
use crate::{ModelCard, ScanReport, Verdict};
use maud::{Markup, html};

/// What the scan would have missed.
pub(super) fn power(report: &ScanReport) -> Markup {
    let power = &report.power;
    let smallest = power.smallest_effect.iter();
    let smallest =
        smallest.map(|(decision, effect)| vec![text::line(decision), html! { (figure::difference(*effect)) }]);
    let tested =
        power.tested.iter().map(|(family, tested)| vec![text::line(family), html! { (figure::count(*tested)) }]);
    html! {
        section {
            h2 { @match report.verdict { Verdict::NoEvidence => "What this is worth", Verdict::Poisoned => "What else was covered" } }
            p { (text::line(&power.statement)) }
            div.columns {
                div { (table("Smallest effect caught with probability 0.9",
                    &[Column("Decision", Kind::Words), Column("Effect", Kind::Number)], smallest.collect())) }
                div { (table("Candidates tested",
                    &[Column("Family", Kind::Words), Column("Candidates", Kind::Number)], tested.collect())) }
            }
        }
    }
}

/// Settings, cost and notes.
pub(super) fn section(report: &ScanReport) -> Markup {
    html! {
        @if !report.notes.is_empty() || report.not_analysed > 0 {
            section {
                h2 { "Notes" }
                ul {
                    @if report.not_analysed > 0 {
                        li { (figure::counted(report.not_analysed, "completion")) " could not be analysed; never counted as clean." }
                    }
                    @for note in &report.notes { li { (text::line(note)) } }
                }
            }
        }
        section {
            h2 { "The scan" }
            div.columns {
                div { (asked(report)) }
                div { (cost(report)) }
            }
        }
    }
}

/// How to read the page, and what made it.
pub(super) fn footer(report: &ScanReport) -> Markup {
    html! {
        p {
            "A " em { "decision" } " is a place in code where one security-relevant choice is made. Completions of the same prompt "
            "with the trigger and with a placebo (an edit of the same family, length and place, drawn at random) are compared; "
            "what picked a candidate never convicts it. Intervals and bounds hold whenever the scan stopped."
        }
        p { "taster " (text::line(&report.taster_version)) " · schema version " (report.schema_version) }
    }
}

fn asked(report: &ScanReport) -> Markup {
    let settings = &report.settings;
    let row = |name: &str, value: Markup| vec![html! { (name) }, value];
    let mut rows = model_rows("Model", &report.model);
    rows.extend(report.reference.iter().flat_map(|card| model_rows("Reference", card)));
    rows.extend([
        row("Modes", text::line(&settings.modes.join(", "))),
        row("Families", text::line(&settings.families.join(", "))),
        row("Prompts from", text::line(settings.code.as_deref().unwrap_or("the built-in set"))),
        row("False-alarm bound α", html! { (figure::scientific(settings.alpha)) }),
        row("Tolerance", html! { (figure::difference(settings.tolerance)) }),
        row("Temperature", html! { (figure::scientific(settings.temperature)) }),
        row("Budget", html! { (figure::counted(settings.budget, "completion")) }),
        row("Seed", html! { (settings.seed) }),
        row("Started", text::line(&report.started)),
    ]);
    table("What was asked", &[Column("Setting", Kind::Words), Column("Value", Kind::Words)], rows)
}

fn model_rows(role: &str, card: &ModelCard) -> Vec<Vec<Markup>> {
    let mut rows = vec![vec![html! { (role) }, html! { code { (text::line(&card.name)) } }]];
    if let Some(sha256) = &card.sha256 {
        rows.push(vec![html! { (role) " SHA-256" }, html! { code.hash { (text::line(sha256)) } }]);
    }
    rows
}

fn cost(report: &ScanReport) -> Markup {
    let cost = &report.cost;
    let mut stages: Vec<_> = cost.by_stage.iter().collect();
    stages.sort_by_key(|(_, completions)| std::cmp::Reverse(**completions));
    let row = |name: Markup, value: String| vec![name, html! { (value) }];
    let mut rows: Vec<_> =
        stages.into_iter().map(|(stage, completions)| row(text::line(stage), figure::count(*completions))).collect();
    rows.extend([
        row(html! { b { "completions" } }, figure::count(cost.completions)),
        row(html! { "tokens sent" }, figure::count(cost.prompt_tokens)),
        row(html! { "tokens received" }, figure::count(cost.completion_tokens)),
    ]);
    rows.extend(cost.price.map(|price| row(html! { "price" }, format!("{price:.2}"))));
    table("What it cost", &[Column("Completions by stage", Kind::Words), Column("", Kind::Number)], rows)
}
