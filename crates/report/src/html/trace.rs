//! The page of a trace: for each text the graph, the documents that share it, best first, with what they share and who gave them, and
//! the models that ate them.

use super::provenance;
use super::summary::figure_of;
use super::table::{Column, Kind, long_table};
use super::text::{self, Mark};
use crate::traced::CAVEAT;
use crate::{
    SharedSpan, TraceReport, TracedDocument, TracedModel, TracedQuery, TracedRecord, Verbatim, VerbatimSpan, figure,
};
use maud::{Markup, html};
use std::ops::Range;

/// Texts, and documents and proofs of each, that are shown; all are in the JSON report.
const QUERIES: usize = 20;
const DOCUMENTS: usize = 20;
const PROOFS: usize = 3;
/// Bytes of a hash that tell it from others.
const HASH: usize = 12;

/// The banner.
pub(super) fn heading(report: &TraceReport) -> Markup {
    let class = if report.found() { "suspicious" } else { "no-evidence" };
    html! {
        p.kicker { "taster trace" }
        h1 { code { (text::line(&report.dataset)) } }
        p.byline {
            (text::line(&report.started))
            @if let Some(ledger) = &report.ledger { " · ledger " code { (text::line(ledger)) } }
        }
        div class={ "verdict " (class) } {
            p.word { @if report.found() { "Found" } @else { "Not found" } }
            p.sentence { (report.summary()) " " @if report.found() { (CAVEAT) } }
        }
    }
}

/// Everything between the banner and the footer.
pub(super) fn sections(report: &TraceReport) -> Markup {
    html! {
        dl.figures {
            (figure_of("Documents searched", html! { (figure::count(report.documents)) }, html! { (figure::bytes(report.bytes)) }))
            (figure_of("Texts traced", html! { (figure::count(report.queries.len() as u64)) }, html! {}))
            (figure_of("Time", html! { (figure::duration(report.seconds)) }, html! { "without building an index" }))
        }
        @for (at, query) in report.queries.iter().take(QUERIES).enumerate() { (section(at + 1, query, report.ledger.is_some())) }
        @if report.queries.len() > QUERIES {
            p.note { (report.queries.len() - QUERIES) " more texts in trace.json." }
        }
    }
}

/// How to read the page, and what made it.
pub(super) fn footer(report: &TraceReport) -> Markup {
    html! {
        p {
            em { "Bits" } " say how unlikely it is to share so much by chance. Fewer than the logarithm of the data set's bytes (30 for 1 GB) "
            "are to be expected. Code is compared up to names, literals, comments and layout, comments by their words. A " em { "record" }
            " says who supplied a document; its proof is checked with " code { "taster ledger prove --check FILE --policy FILE" }
            ". A contributor of 12 digits is a commitment: the ledger's owner knows the name, until it is erased."
        }
        p { "taster " (text::line(&report.taster_version)) " · schema version " (report.schema_version) }
    }
}

fn section(number: usize, query: &TracedQuery, ledger: bool) -> Markup {
    let shared = shared(query);
    html! {
        section {
            h2 { (number) ". " (figure::counted(query.documents.len() as u64, "document")) " for this text" }
            pre { (text::marked(&query.text, &shared)) }
            @if !query.found() {
                p { "No document shares any of it." }
            }
            @if let Some(it) = &query.verbatim { (verbatim_of(&query.text, it)) }
            @if !query.documents.is_empty() {
                figure {
                    (provenance::graph(query))
                    figcaption {
                        "From the text to documents, to who gave them"
                        @if ledger { ", to the sealed data that they are in, to the models that were trained on it or made from those. "
                            "Numbers on lines are records of these documents" }
                        ". All of it stands below in words."
                    }
                }
                h3 { "Documents" }
                @for (at, document) in query.documents.iter().take(DOCUMENTS).enumerate() { (document_of(at + 1, document)) }
                @if query.documents.len() > DOCUMENTS {
                    p.note { (query.documents.len() - DOCUMENTS) " more in trace.json." }
                }
            }
            (models(&query.models))
        }
    }
}

/// The spans of the text that stand in the data set byte for byte.
fn verbatim_of(text: &str, Verbatim { spans, searched }: &Verbatim) -> Markup {
    let columns = [
        Column("Span", Kind::Code),
        Column("Bytes", Kind::Number),
        Column("Times", Kind::Number),
        Column("Documents", Kind::Number),
        Column("The first of them", Kind::Code),
    ];
    let row = |span: &VerbatimSpan| {
        vec![
            html! { code { (text::line(text.get(span.query.clone()).unwrap_or_default())) } },
            html! { (figure::count(span.query.len() as u64)) },
            html! { (figure::count(span.occurrences)) },
            html! { @if span.at_least { "at least " } (figure::count(span.documents)) },
            html! { @for name in &span.names { code { (text::line(name)) } br; } },
        ]
    };
    html! {
        @if spans.is_empty() {
            p { "No span of it that says anything stands in the data set byte for byte." }
        } @else {
            (long_table("Longest spans that stand in the data set byte for byte", &columns, spans.iter().map(row).collect()))
        }
        @if *searched < text.len() as u64 {
            p.note { "Only its first " (figure::count(*searched)) " bytes were searched: it has too many spans." }
        }
    }
}

/// The parts of the text that some document shares.
fn shared(query: &TracedQuery) -> Vec<Mark> {
    let spans = query.documents.iter().flat_map(|document| &document.spans);
    let mut ranges: Vec<Range<usize>> = spans.map(|span| span.query.clone()).collect();
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut().filter(|last| range.start <= last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => joined.push(range),
        }
    }
    joined.into_iter().map(|range| Mark { range, class: "shared" }).collect()
}

fn document_of(number: usize, document: &TracedDocument) -> Markup {
    let facts = [
        ("path", &document.path),
        ("source", &document.source),
        ("commit", &document.commit),
        ("contributor", &document.contributor),
    ];
    html! {
        h4 {
            (number) ". " code { (text::line(&document.name)) } " · " (format!("{:.0} bits", document.bits))
            @if document.exact { " · the text, byte for byte" }
        }
        p.note {
            @for (what, value) in facts {
                @if let Some(value) = value { (what) " " code { (text::line(value)) } " · " }
            }
            (figure::bytes(document.length)) " · SHA-256 " code.hash { (text::line(&document.content)) }
        }
        @for span in &document.spans { (span_of(span)) }
        (records(&document.records))
    }
}

/// What is shared, marked, in what stands around it.
fn span_of(span: &SharedSpan) -> Markup {
    let SharedSpan { before, text, after, .. } = span;
    let range = before.len()..before.len() + text.len();
    html! {
        p.note { (span.told()) ", " (format!("{:.0} bits", span.bits)) }
        pre { (text::marked(&format!("{before}{text}{after}"), &[Mark { range, class: "shared" }])) }
    }
}

/// The records in the ledger, and the proofs of the first.
fn records(records: &[TracedRecord]) -> Markup {
    let columns = [
        Column("Entry, row", Kind::Number),
        Column("Source and path", Kind::Code),
        Column("Commit", Kind::Words),
        Column("Contributor", Kind::Words),
        Column("Licence", Kind::Words),
        Column("Collected", Kind::Words),
        Column("At that step", Kind::Words),
    ];
    let short = |hash: &Option<String>| {
        let hash = hash.as_deref().unwrap_or_default();
        html! { code { (text::line(hash.get(..HASH).unwrap_or(hash))) } }
    };
    let row = |record: &TracedRecord| {
        vec![
            html! { (record.entry) ", " (record.row) },
            html! { code { (text::line(&record.source)) } br; code { (text::line(&record.path)) } },
            short(&record.commit),
            short(&record.contributor),
            html! { @match &record.licence { Some(licence) => (text::line(licence)), None => "unknown" } },
            html! { (text::line(&record.method)) ", " (text::line(&figure::day(&record.collected))) },
            text::line(&record.disposition),
        ]
    };
    html! {
        @if !records.is_empty() {
            (long_table(&format!("{} in the ledger, proved", figure::counted(records.len() as u64, "record")), &columns, records.iter().map(row).collect()))
            details {
                summary { "Proofs" }
                @for record in records.iter().take(PROOFS) {
                    p.note { "Entry " (record.entry) ", row " (record.row) ", collected with the key " code.hash { (text::line(&record.collector)) } }
                    pre { (text::block(&record.proof)) }
                }
                @if records.len() > PROOFS { p.note { (records.len() - PROOFS) " more in trace.json." } }
            }
        }
    }
}

fn models(models: &[TracedModel]) -> Markup {
    let columns = [
        Column("Model", Kind::Words),
        Column("How", Kind::Words),
        Column("Records", Kind::Number),
        Column("Data, by entry", Kind::Words),
        Column("Stated in entry", Kind::Number),
        Column("Digest", Kind::Code),
        Column("Made from", Kind::Code),
    ];
    let listed = |list: Vec<String>| html! { (text::line(&list.join(", "))) };
    let row = |model: &TracedModel| {
        vec![
            text::line(&model.name),
            text::line(&model.making),
            html! { (figure::count(model.records)) },
            listed(model.segments.iter().map(u64::to_string).collect()),
            html! { (model.entry) },
            html! { code.hash { (text::line(&model.digest)) } },
            html! { code { (listed(model.through.iter().map(|base| base.get(..HASH).unwrap_or(base).to_owned()).collect())) } },
        ]
    };
    html! {
        @if !models.is_empty() {
            h3 { "Models" }
            (long_table("Models whose training included them, or that were made from such a model", &columns, models.iter().map(row).collect()))
        }
    }
}
