//! The page of an audit: the verdict, a section for each cluster, what was read, what to do next.

use super::summary::figure_of;
use super::table::{Column, Kind, table};
use super::{cluster, text};
use crate::{AuditReport, AuditVerdict, RevokedDocument, figure};
use maud::{Markup, html};

/// Clusters shown; all are in the JSON report.
const CLUSTERS: usize = 20;
/// And revoked documents.
const REVOKED: usize = 200;

/// The verdict as a word.
pub(super) fn word(verdict: AuditVerdict) -> &'static str {
    match verdict {
        AuditVerdict::Poisoned => "Poisoned",
        AuditVerdict::Suspicious => "Suspicious",
        AuditVerdict::NoEvidence => "No evidence",
    }
}

/// The banner.
pub(super) fn heading(report: &AuditReport) -> Markup {
    let class = match report.verdict {
        AuditVerdict::Poisoned => "poisoned",
        AuditVerdict::Suspicious => "suspicious",
        AuditVerdict::NoEvidence => "no-evidence",
    };
    let settings = &report.settings;
    html! {
        p.kicker { "taster audit" }
        h1 { code { (text::line(&settings.dataset)) } }
        p.byline {
            (text::line(&report.started))
            @if let Some(against) = &settings.against { ", only what " code { (text::line(against)) } " does not have" }
        }
        div class={ "verdict " (class) } {
            p.word { (word(report.verdict)) }
            p.sentence { (text::line(&report.summary)) }
            @if let Some(incomplete) = report.incomplete() { p.incomplete { (incomplete) } }
        }
    }
}

/// Everything between the banner and the footer.
pub(super) fn sections(report: &AuditReport) -> Markup {
    html! {
        (figures(report))
        @for (at, found) in report.clusters.iter().take(CLUSTERS).enumerate() { (cluster::section(at + 1, found)) }
        @if report.clusters.len() > CLUSTERS {
            p.note { (report.clusters.len() - CLUSTERS) " more clusters in audit.json." }
        }
        (revoked(report))
        (list("What to do next", report.next().iter().map(|sentence| spoken(sentence)).collect()))
        (read(report))
        (list("Notes", report.notes.iter().map(|note| text::line(note)).collect()))
    }
}

/// How to read the page, and what made it.
pub(super) fn footer(report: &AuditReport) -> Markup {
    html! {
        p {
            "A " em { "decision" } " is a place in code where one security-relevant choice is made. Near-copies of one document are a "
            em { "group" } "; " em { "twins" } " are two of a group that differ in the trigger. Evidence counts groups, not documents, "
            "so that copying a file proves nothing. A data set without poison is called poisoned with probability at most "
            (figure::scientific(report.settings.alpha)) "."
        }
        p { "taster " (text::line(&report.taster_version)) " · schema version " (report.schema_version) }
    }
}

/// The figures that a reader looks for first.
fn figures(report: &AuditReport) -> Markup {
    let read = &report.read;
    let convicted = report.clusters.iter().filter(|cluster| cluster.convicted).count() as u64;
    let suspicious = report.clusters.len() as u64 - convicted;
    let speed = read.bytes as f64 / report.seconds.max(0.001);
    html! {
        dl.figures {
            (figure_of("Convicted documents", html! { (figure::count(report.planted().len() as u64)) }, html! {
                "in " (figure::counted(convicted, "cluster"))
                @if suspicious > 0 { ", " (figure::count(suspicious)) " more suspicious" }
            }))
            (figure_of("Documents read", html! { (figure::count(read.documents)) }, html! {
                (figure::bytes(read.bytes)) ", " (figure::count(read.may_decide)) " may hold a decision"
            }))
            (figure_of("Groups of near-copies", html! { (figure::count(read.families)) }, html! {
                "of " (figure::counted(read.near_copies, "document"))
            }))
            (figure_of("Time", html! { (figure::duration(report.seconds)) }, html! { (figure::bytes(speed as u64)) " a second" }))
        }
    }
}

/// What the ledger says must no longer be used.
fn revoked(report: &AuditReport) -> Markup {
    let row = |document: &RevokedDocument| {
        vec![
            html! { code { (text::line(&document.name)) } },
            text::line(&document.target),
            text::line(&document.reason),
            html! { (document.entry) },
        ]
    };
    let columns = [
        Column("Document", Kind::Code),
        Column("What was revoked", Kind::Words),
        Column("Why", Kind::Words),
        Column("Entry of the log", Kind::Number),
    ];
    let more = report.revoked.len().saturating_sub(REVOKED);
    html! {
        @if !report.revoked.is_empty() {
            section {
                h2 { "Revoked" }
                p { "The ledger says that these must no longer be used." }
                (table("Revoked documents", &columns, report.revoked.iter().take(REVOKED).map(row).collect()))
                @if more > 0 { p.note { (figure::count(more as u64)) " more in audit.json." } }
            }
        }
    }
}

/// What was read, and what could not be.
fn read(report: &AuditReport) -> Markup {
    let read = &report.read;
    let row = |name: &str, value: String| vec![html! { (name) }, html! { (value) }];
    let rows = vec![
        row("Documents", figure::count(read.documents)),
        row("Bytes of text", figure::count(read.bytes)),
        row("May hold a decision", figure::count(read.may_decide)),
        row("Have a near-copy", figure::count(read.near_copies)),
        row("Groups of near-copies", figure::count(read.families)),
        row("Binary files, passed over", figure::count(read.binary)),
        row("Could not be read", figure::count(read.problems)),
    ];
    let problems = report.problems.iter();
    let problems: Vec<Vec<Markup>> = problems
        .map(|problem| vec![html! { code { (text::line(&problem.name)) } }, text::line(&problem.what)])
        .collect();
    html! {
        section {
            h2 { "Read" }
            (table("What the data set holds", &[Column("", Kind::Words), Column("", Kind::Number)], rows))
            @if !problems.is_empty() {
                h3 { "Could not be read" }
                p { "The rest was audited; these may hold anything." }
                (table("The first of them", &[Column("Where", Kind::Code), Column("What is wrong", Kind::Words)], problems))
            }
        }
    }
}

fn list(title: &str, items: Vec<Markup>) -> Markup {
    html! {
        @if !items.is_empty() {
            section {
                h2 { (title) }
                ul { @for item in items { li { (item) } } }
            }
        }
    }
}

/// A sentence of taster's own; what stands in backticks is code.
fn spoken(sentence: &str) -> Markup {
    html! {
        @for (at, part) in sentence.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
