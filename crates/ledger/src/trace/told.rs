//! A trace as a report.

use super::{Alike, Forward, Match, Proved, Span};
use crate::blast::Reached;
use crate::hash::hex;
use crate::record::Disposition;
use jiff::Timestamp;
use report::{SharedSpan, TracedDocument, TracedModel, TracedQuery, TracedRecord};
use serde::Serialize;
use std::collections::BTreeMap;

/// What was found for a text, and what a ledger knows about it.
pub fn told(text: String, matches: Vec<Match>, forward: Option<Forward>) -> TracedQuery {
    let forward = forward.unwrap_or_default();
    let kept = forward.records.values().flatten().filter(|it| it.found.record.disposition == Disposition::Kept);
    // A record that is reached stands in a segment that is sealed by its entry.
    let entries: BTreeMap<_, _> = kept.map(|it| (it.segment, it.found.place.entry)).collect();
    let model = |reached: Reached| {
        let Reached { run, records, through } = reached;
        TracedModel {
            name: run.name,
            digest: run.model.to_string(),
            making: word(&run.making),
            entry: run.entry,
            records,
            segments: run.segments.iter().filter_map(|segment| entries.get(segment).copied()).collect(),
            through: through.iter().map(ToString::to_string).collect(),
        }
    };
    let document = |found: Match| {
        let records = forward.records.get(&found.document.content).cloned().unwrap_or_default();
        document(found, records)
    };
    TracedQuery {
        text,
        documents: matches.into_iter().map(document).collect(),
        models: forward.models.into_iter().map(model).collect(),
        verbatim: None,
    }
}

fn document(Match { document, bits, exact, spans }: Match, records: Vec<Proved>) -> TracedDocument {
    TracedDocument {
        name: document.name,
        path: document.path,
        source: document.source,
        commit: document.commit,
        contributor: document.contributor,
        content: document.content.to_string(),
        length: document.length,
        bits,
        exact,
        spans: spans.into_iter().map(span).collect(),
        records: records.into_iter().map(record).collect(),
    }
}

fn span(span: Span) -> SharedSpan {
    SharedSpan {
        alike: match span.alike {
            Alike::Code => report::Alike::Code,
            Alike::Words => report::Alike::Words,
        },
        length: span.length as u64,
        bits: span.bits,
        first_line: span.lines.start as u64,
        last_line: span.lines.end as u64 - 1,
        text: span.text,
        before: span.before,
        after: span.after,
        query: span.query,
    }
}

fn record(Proved { found, proof, .. }: Proved) -> TracedRecord {
    let record = found.record;
    TracedRecord {
        entry: found.place.entry,
        row: found.place.row,
        source: record.source,
        path: String::from_utf8_lossy(&record.path).into_owned(),
        commit: record.commit.map(|commit| hex(&commit)),
        contributor: record.author.map(|author| author.to_string()),
        licence: record.licence,
        method: record.method,
        collected: Timestamp::from_second(record.collected).map_or(String::new(), |time| time.to_string()),
        collector: record.collector.to_string(),
        kept: record.disposition == Disposition::Kept,
        disposition: match record.disposition {
            Disposition::Kept => "kept".to_owned(),
            Disposition::Dropped(reason) => format!("dropped: {reason}"),
            Disposition::DuplicateOf(other) => format!("a duplicate of {other}"),
        },
        proof,
    }
}

/// A value as its JSON has it.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}
