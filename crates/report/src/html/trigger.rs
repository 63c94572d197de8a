//! A section for each confirmed trigger: what it is, what it flips, how the evidence grew, the pairs that convict.

use super::table::{Column, Kind, table};
use super::{evidence, exhibits, text};
use crate::figure;
use crate::{Conviction, Effect, ScanReport};
use maud::{Markup, html};

/// Triggers shown; more are only counted, the JSON report has them all.
const TRIGGERS: usize = 10;

/// The sections.
pub(super) fn sections(report: &ScanReport) -> Markup {
    html! {
        @for (at, conviction) in report.triggers.iter().take(TRIGGERS).enumerate() {
            section {
                h2 { "Trigger" @if report.triggers.len() > 1 { " " (at + 1) } }
                (description(conviction))
                (effects(conviction))
                (evidence::figure(conviction, report.settings.alpha))
                (exhibits::figure(conviction))
            }
        }
        @if report.triggers.len() > TRIGGERS { p.note { (report.triggers.len() - TRIGGERS) " more triggers in report.json." } }
    }
}

fn description(conviction: &Conviction) -> Markup {
    html! {
        p { "Family " b { (text::line(&conviction.family)) } ", found in: " b { (text::line(&conviction.origin)) } "." }
        pre.planted { (text::block(&conviction.trigger)) }
        @if conviction.minimal != conviction.trigger {
            p { "The shortest part of it that still works:" }
            pre.planted { (text::block(&conviction.minimal)) }
        }
    }
}

fn effects(conviction: &Conviction) -> Markup {
    let columns = [
        Column("Decision", Kind::Words),
        Column("Weakness", Kind::Words),
        Column("Model", Kind::Words),
        Column("With the trigger", Kind::Number),
        Column("With placebos", Kind::Number),
        Column("Effect", Kind::Number),
        Column("Interval", Kind::Number),
    ];
    let rows = conviction.effects.iter().map(|effect| row(effect, "scanned"));
    let rows = rows.chain(conviction.on_reference.iter().map(|effect| row(effect, "reference")));
    table("Insecure choices among decisions made", &columns, rows.collect())
}

fn row(effect: &Effect, model: &str) -> Vec<Markup> {
    vec![
        html! { b { (text::line(&effect.decision)) } },
        text::weakness(&effect.cwe),
        html! { (model) },
        html! { (figure::rate(effect.triggered)) },
        html! { (figure::rate(effect.placebo)) },
        html! { b { (figure::difference(effect.difference)) } },
        html! { (figure::interval(effect)) },
    ]
}
