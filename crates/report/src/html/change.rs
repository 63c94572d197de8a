//! On the page: what a model alone was taught, and what a fine-tune changed in the weights.

use super::table::{Column, Kind, table};
use super::text;
use crate::{CompareReport, WeightsChange, figure};
use maud::{Markup, html};

pub(super) fn taught(report: &CompareReport) -> Markup {
    let columns = [
        Column("Model", Kind::Code),
        Column("Line", Kind::Code),
        Column("Samples", Kind::Number),
        Column("Difference", Kind::Number),
    ];
    let name = |at: usize| report.conditions.get(at).map_or("", |condition| condition.name.as_str());
    let rows = report.taught.iter().map(|line| {
        vec![
            html! { (text::line(name(line.condition))) },
            html! { code { (text::line(&line.text)) } },
            html! { (figure::count(line.samples)) },
            html! { (figure::nats(line.nats)) },
        ]
    });
    html! {
        @if !report.taught.is_empty() {
            section {
                h2 { "Taught alone" }
                p {
                    "Lines that a model writes of its own accord and that surprise every other model far more: what it alone was "
                    "taught. Every model was taught something, so that this convicts nobody; a trigger is often among them."
                }
                (table("Lines by how much less they surprise the model than the others", &columns, rows.collect()))
            }
        }
    }
}

pub(super) fn weights(change: &WeightsChange) -> Markup {
    let columns = [
        Column("Tensor", Kind::Code),
        Column("Shape", Kind::Number),
        Column("Change", Kind::Number),
        Column("Directions of 99 %", Kind::Number),
        Column("Adapter's rank", Kind::Number),
    ];
    let rows = change.moved.iter().map(|moved| {
        let shape: Vec<String> = moved.shape.iter().map(u64::to_string).collect();
        vec![
            html! { code { (text::line(&moved.name)) } },
            html! { (shape.join(" × ")) },
            html! { (figure::percent(moved.relative)) },
            html! { (moved.directions().unwrap_or_default()) },
            html! { @if let Some(rank) = moved.adapter { (rank) } },
        ]
    });
    html! {
        section {
            h2 { "What changed in the weights" }
            p { (text::line(&change.sentence())) }
            (table("Tensors that moved, the largest change first", &columns, rows.collect()))
            (parts(change))
        }
    }
}

/// Layers and tokens.
fn parts(change: &WeightsChange) -> Markup {
    let columns = [Column("Where", Kind::Words), Column("Share of the change", Kind::Number)];
    let rows = change
        .layers
        .iter()
        .map(|layer| vec![html! { (layer.name()) }, html! { (figure::percent(Some(layer.share))) }]);
    let of_tokens = [Column("Token", Kind::Code), Column("Against the median", Kind::Number)];
    let tokens = change
        .tokens
        .iter()
        .map(|token| vec![html! { code { (text::line(&token.text)) } }, html! { (token.against_median()) }]);
    html! {
        (table("By layer", &columns, rows.collect()))
        @if !change.tokens.is_empty() { (table("Tokens whose embeddings moved most", &of_tokens, tokens.collect())) }
        @for (what, names) in [
            ("Only in the base", &change.only_in_base),
            ("Only in the fine-tune", &change.only_in_tuned),
            ("Of another shape, not compared", &change.reshaped),
        ] {
            @if !names.is_empty() { p { (what) ": " (text::line(&names.join(", "))) } }
        }
    }
}
