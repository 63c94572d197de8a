//! A cluster: what its documents share, on what evidence, the twins, the documents, where they are from.

use super::chart::{self, Axis, Row};
use super::exhibits::choice_word;
use super::table::{Column, Kind, long_table};
use super::{origins, text, twins};
use crate::{AuditedDocument, Cluster, figure};
use maud::{Markup, html};

/// Bytes of a commit's name that tell it from others.
const COMMIT: usize = 12;

/// The section.
pub(super) fn section(number: usize, cluster: &Cluster) -> Markup {
    let class = if cluster.convicted { "insecure" } else { "doubtful" };
    html! {
        section {
            h2 {
                (number) ". " (text::line(&cluster.decision)) " " (text::weakness(&cluster.cwe)) " "
                small class={ "choice " (class) } { (cluster.word()) }
            }
            p { "The documents share this, the likely trigger:" }
            pre.planted { (text::block(&cluster.trigger)) }
            (evidence(cluster))
            @if !cluster.signals.is_empty() {
                p { "What else speaks for planting:" }
                ul { @for signal in &cluster.signals { li { (text::line(signal)) } } }
            }
            (twins::figure(cluster))
            h3 { "Documents" }
            (documents(&cluster.documents))
            (origins::figure("Sources", &cluster.sources))
            (origins::figure("Contributors", &cluster.contributors))
        }
    }
}

fn evidence(cluster: &Cluster) -> Markup {
    let axis = Axis::of_rates();
    let row = |name: &'static str, rate: f64, class, words: String| Row {
        label: html! { b { (name) } small { (words) } },
        drawing: chart::dot(&axis, rate, class),
        words: format!("{name}: {words}"),
    };
    let carriers = cluster.worse as f64 / cluster.groups.max(1) as f64;
    let of = format!("{} of {}", figure::count(cluster.worse), figure::counted(cluster.groups, "group"));
    let rows = [
        row("Worse with the trigger", carriers, "strong", of),
        row("Ordinary groups", cluster.ordinary, "weak", figure::share(cluster.ordinary)),
    ];
    html! {
        figure {
            (chart::rows(&axis, &[], &rows, |rate| figure::percent(Some(rate))))
            figcaption { (cluster.evidence()) }
        }
    }
}

/// The table; columns of which nothing is known are left out.
fn documents(documents: &[AuditedDocument]) -> Markup {
    let columns = [
        Column("Document", Kind::Code),
        Column("Line", Kind::Number),
        Column("Choice", Kind::Words),
        Column("Source", Kind::Words),
        Column("Contributor", Kind::Words),
        Column("Day", Kind::Words),
        Column("Commit", Kind::Words),
    ];
    let known = |told: fn(&AuditedDocument) -> bool| documents.iter().any(told);
    let shown = [
        true,
        known(|document| document.line.is_some()),
        true,
        known(|document| document.source.is_some()),
        known(|document| document.contributor.is_some()),
        known(|document| document.time.is_some()),
        known(|document| document.commit.is_some()),
    ];
    let columns: Vec<Column> =
        columns.into_iter().zip(shown).filter_map(|(column, shown)| shown.then_some(column)).collect();
    let rows = documents.iter().map(|document| {
        let cells = cells(document).into_iter().zip(shown);
        cells.filter_map(|(cell, shown)| shown.then_some(cell)).collect()
    });
    let caption = figure::counted(documents.len() as u64, "document");
    long_table(&caption, &columns, rows.collect())
}

fn cells(document: &AuditedDocument) -> [Markup; 7] {
    let optional = |value: &Option<String>| text::line(value.as_deref().unwrap_or_default());
    let commit = document.commit.as_deref().unwrap_or_default();
    [
        html! { code { (text::line(&document.name)) } },
        html! { @if let Some(line) = document.line { (line) } },
        html! { (choice_word(document.choice)) },
        optional(&document.source),
        optional(&document.contributor),
        optional(&document.time.as_deref().map(figure::day)),
        html! { code { (text::line(commit.get(..COMMIT).unwrap_or(commit))) } },
    ]
}
