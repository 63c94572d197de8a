//! The end of `taster trace`: for each text the documents that share it, what they share, who gave them, and the models that ate them.

use super::screen::Screen;
use crate::traced::CAVEAT;
use crate::{SharedSpan, TraceReport, TracedDocument, TracedQuery, TracedRecord, Verbatim, figure};
use console::Style;

/// Lines of a span, records of a document, and spans that stand byte for byte and lines of each, that are shown; the JSON report has
/// more.
const LINES: usize = 8;
const RECORDS: usize = 3;
const VERBATIM: usize = 5;
const VERBATIM_LINES: usize = 3;

/// The report for a terminal `width` columns wide, with colours where `colour`. No character of a document can act on the
/// terminal.
pub fn trace(report: &TraceReport, width: usize, colour: bool) -> String {
    let mut screen = Screen::new(width, colour);
    let (word, style) = match report.found() {
        true => ("FOUND", Style::new().yellow()),
        false => ("NOT FOUND", Style::new().green()),
    };
    screen.banner(word, style, &report.dataset);
    screen.paragraph("", &report.summary());
    for (at, traced) in report.queries.iter().enumerate() {
        query(&mut screen, at + 1, traced);
    }
    screen.gap();
    if report.found() {
        screen.paragraph("", CAVEAT);
    }
    screen.finish()
}

fn query(screen: &mut Screen, number: usize, query: &TracedQuery) {
    let words: Vec<&str> = query.text.split_whitespace().collect();
    screen.heading(&format!("{number}. {}", words.join(" ")));
    if !query.found() {
        screen.paragraph("  ", "No document shares any of it.");
    }
    for (at, found) in query.documents.iter().enumerate() {
        document(screen, at + 1, found);
    }
    if let Some(it) = &query.verbatim {
        verbatim(screen, &query.text, it);
    }
    if !query.models.is_empty() {
        screen.heading("Models whose training included them, or that were made from such a model");
    }
    for model in &query.models {
        screen.paragraph("  - ", &format!("{} {}: {}", model.name, model.digest, model.told()));
    }
}

fn verbatim(screen: &mut Screen, text: &str, Verbatim { spans, searched }: &Verbatim) {
    screen.heading("Byte for byte");
    if spans.is_empty() {
        screen.paragraph("  ", "No span of it that says anything.");
    }
    for span in spans.iter().take(VERBATIM) {
        let length = figure::counted(span.query.len() as u64, "byte");
        screen.paragraph("  - ", &format!("{length}, {}: {}", span.told(), span.names.join(", ")));
        let shared = text.get(span.query.clone()).unwrap_or_default();
        screen.quote(&shared.lines().take(VERBATIM_LINES).collect::<Vec<_>>().join("\n"));
    }
    if spans.len() > VERBATIM {
        screen.paragraph("  ", &format!("{} more in trace.json.", spans.len() - VERBATIM));
    }
    if *searched < text.len() as u64 {
        screen.paragraph("  ", &format!("Only its first {searched} bytes were searched: it has too many spans."));
    }
}

fn document(screen: &mut Screen, number: usize, document: &TracedDocument) {
    let exact = if document.exact { ", the whole document" } else { "" };
    screen.paragraph(&format!("{number:>3}. "), &format!("{}  {:.0} bits{exact}", document.name, document.bits));
    let facts = [
        ("path", &document.path),
        ("source", &document.source),
        ("commit", &document.commit),
        ("contributor", &document.contributor),
    ];
    let known = facts.into_iter().filter_map(|(what, value)| Some((what, value.as_ref()?)));
    let known: Vec<String> =
        known.filter(|(_, value)| **value != document.name).map(|(what, value)| format!("{what} {value}")).collect();
    if !known.is_empty() {
        screen.paragraph("     ", &known.join(", "));
    }
    document.spans.iter().for_each(|it| span(screen, it));
    document.records.iter().take(RECORDS).for_each(|it| record(screen, it));
    if document.records.len() > RECORDS {
        screen.paragraph("     ", &format!("{} more records in trace.json.", document.records.len() - RECORDS));
    }
}

fn span(screen: &mut Screen, span: &SharedSpan) {
    screen.paragraph("     ", &format!("{}:", span.told()));
    let lines: Vec<&str> = span.text.lines().take(LINES).collect();
    screen.quote(&lines.join("\n"));
}

fn record(screen: &mut Screen, record: &TracedRecord) {
    let TracedRecord { entry, row, source, disposition, .. } = record;
    let licence = record.licence.as_deref().unwrap_or("licence unknown");
    let collected = figure::day(&record.collected);
    screen.paragraph(
        "     ",
        &format!(
            "proved: entry {entry}, row {row}: {source} ({}, {collected}, {licence}, {disposition})",
            record.method
        ),
    );
}
