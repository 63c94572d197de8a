//! The views of a trace: what they say and draw, and that nothing in them comes alive.
#![allow(clippy::unwrap_used)]

mod sample;

use report::{TraceReport, TracedModel, html, json, schema, terminal};
use sample::trace::{found, hostile, nothing};

/// Texts that have hurt a report before, and those that a data set brings.
fn texts() -> Vec<String> {
    let long = ["A".repeat(10_000), "a ".repeat(5_000), "\u{202e}".repeat(3_000), "宽".repeat(3_000)];
    sample::HOSTILE.map(str::to_owned).into_iter().chain(long).collect()
}

#[test]
fn the_page_shows_what_is_shared_who_gave_it_and_where_it_went() {
    let page = html::trace(&found());
    for said in [
        "<title>Trace: corpus.parquet - taster</title>",
        "3 documents shown that share some of 1 text; they reached 3 models.",
        "not that a model has learnt it from there",
        "# reviewed\n<mark class=\"shared\">def fetch(name):",
        "<pre><mark class=\"shared\">def load(path):",
        "lines 2-3, 31 tokens alike, 120 bits",
        "the text, byte for byte",
        "2 records in the ledger, proved",
        "c0c0c0c0c0c0",
        "MIT",
        "unknown",
        "dropped: too long",
        "c2sp.org/tlog-proof@v1",
        "coder-1-tuned",
        "120,431",
        "at least 31",
        "Only its first 60 bytes were searched",
    ] {
        assert!(page.contains(said), "{said} is missing");
    }
}

#[test]
fn the_graph_leads_from_the_text_to_the_models_with_counts() {
    let page = html::trace(&found());
    for title in
        ["Text", "Documents", "Sources", "Contributors", "Collections", "Data sets", "Models", "Made from them"]
    {
        assert!(page.contains(&format!(">{title}</text>")), "{title} is no group");
    }
    assert!(!page.contains(">Made from those</text>"));
    for edge in [
        "corpus/copy.py → https://example.com/mlin/upload",
        "corpus/other.py → https://example.com/kestrel/tools",
        "https://example.com/mlin/upload → entry 0: 2 records",
        "hannes.k → entry 2: 1 record",
        "transform 2026-11-26 10:00:00 → entry 2: 1 record",
        "entry 0 → coder-1: 2 records",
        "entry 2 → coder-1-tuned: 1 record",
        "coder-1 → coder-1-q4",
        "coder-1 → coder-1-tuned",
    ] {
        assert!(page.contains(&format!("<title>{edge}</title>")), "{edge} is missing");
    }
    // What was dropped at a step did not reach what came of the step.
    assert!(!page.contains("kestrel/tools → entry"));
}

#[test]
fn without_a_ledger_the_graph_ends_with_who_gave_the_documents() {
    let mut report = found();
    report.ledger = None;
    report.queries[0].models.clear();
    report.queries[0].documents.iter_mut().for_each(|document| document.records.clear());
    let page = html::trace(&report);
    assert!(
        page.contains("<title>corpus/copy.py → https://example.com/mlin/upload</title>") && page.contains(">hannes.k<")
    );
    for absent in
        [">Collections</text>", ">Data sets</text>", ">Models</text>", "<h3>Models</h3>", "in the ledger, proved"]
    {
        assert!(!page.contains(absent), "{absent}");
    }
}

#[test]
fn nothing_found_is_told_without_a_graph() {
    for view in [html::trace(&nothing()), terminal::trace(&nothing(), 120, false)] {
        assert!(view.contains("No document shares any of 1 text.") && !view.contains("not that a model"), "{view}");
    }
    assert!(!html::trace(&nothing()).contains("<svg"));
}

#[test]
fn what_stands_byte_for_byte_is_found_where_no_document_is_ranked_and_nothing_is_said_where_nobody_asked() {
    let mut report = found();
    report.queries[0].documents.clear();
    report.queries[0].models.clear();
    for view in [html::trace(&report), terminal::trace(&report, 120, false)] {
        assert!(view.contains("1 span of 1 text found byte for byte."), "{view}");
        assert!(!view.contains("No document shares"), "{view}");
    }
    report.queries[0].verbatim = None;
    assert!(!report.found());
    for view in [html::trace(&report), terminal::trace(&report, 120, false)] {
        assert!(view.contains("No document shares any of 1 text.") && !view.contains("yte for byte"), "{view}");
    }
}

#[test]
fn the_terminal_tells_documents_spans_proofs_and_models() {
    let shown = terminal::trace(&found(), 120, false);
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "FOUND corpus.parquet",
        "1. corpus/load.py 312 bits, the whole document",
        "commit 9f2c4be19c7e61d0",
        "lines 2-3, 31 tokens alike: │ def fetch(name):",
        "proved: entry 0, row 11: https://example.com/mlin/upload (git, 2026-11-26, MIT, kept)",
        "coder-1-tuned digest of coder-1-tuned: fine-tune of 1 model on 1 record",
        "bytes, 120,431 times in at least 31 documents: corpus/load.py, corpus/copy.py │ def load(path):",
        "Only its first 60 bytes were searched",
    ] {
        assert!(shown.contains(said), "{said} is missing in\n{shown}");
    }
}

#[test]
fn a_trace_reads_back_as_it_was_written_and_keeps_to_its_schema() {
    let schema = jsonschema::validator_for(&schema::trace()).unwrap();
    for report in [found(), nothing()].into_iter().chain(texts().iter().map(|text| hostile(text))) {
        let written = json::write(&report).unwrap();
        assert_eq!(json::read::<TraceReport>(&written).unwrap(), report);
        assert!(schema.is_valid(&serde_json::from_str(&written).unwrap()));
        assert!(written.chars().all(|c| c == '\n' || !c.is_control()));
    }
    let mut damaged = serde_json::to_value(found()).unwrap();
    damaged["queries"][0]["documents"][0]["spans"][0]["alike"] = "perhaps".into();
    assert!(!schema.is_valid(&damaged));
}

#[test]
fn no_hostile_text_becomes_markup_or_acts() {
    let tags = |page: &str| {
        ["<script", "<img", "<iframe", "<link", "<style", "<meta", "<svg", "<path"].map(|tag| page.matches(tag).count())
    };
    let harmless = tags(&html::trace(&hostile("harmless")));
    assert_eq!(harmless[..6], [0, 0, 0, 0, 1, 5]);
    assert!(harmless[6] > 5 && harmless[7] > 5);
    for text in texts() {
        let page = html::trace(&hostile(&text));
        assert_eq!(tags(&page), harmless, "{text:?}");
        assert!(!page.contains("href=\"javascript") && !page.contains("NaN"));
        for view in [page, terminal::trace(&hostile(&text), 100, false)] {
            let acts = |c: char| {
                (c.is_control() && !['\n', '\t'].contains(&c)) || ['\u{202e}', '\u{200b}', '\u{feff}'].contains(&c)
            };
            assert!(!view.contains(acts), "{text:?}");
        }
    }
}

#[test]
fn numbers_that_are_none_leave_the_graph_standing() {
    let mut report = found();
    report.seconds = f64::NAN;
    report.queries[0].documents[0].bits = f64::INFINITY;
    report.queries[0].documents[1].bits = f64::NAN;
    let page = html::trace(&report);
    assert!(!page.contains("=\"NaN") && page.contains("coder-1-q4</text>"));
}

#[test]
fn models_made_from_each_other_in_a_circle_and_a_thousand_of_everything_are_drawn_in_part() {
    let mut report = found();
    let query = &mut report.queries[0];
    query.models[1].through = vec!["digest of coder-1-tuned".into()];
    let model = |number: u64| TracedModel {
        name: format!("model {number}"),
        digest: format!("{number}"),
        records: number,
        segments: vec![0],
        ..TracedModel::default()
    };
    query.models.extend((0..1_000).map(model));
    let document = query.documents[2].clone();
    query.documents.extend((0..1_000).map(|number| {
        let (mut document, name) = (document.clone(), format!("source {number}"));
        document.records.iter_mut().for_each(|record| (record.source, record.kept) = (name.clone(), true));
        document
    }));
    let page = html::trace(&report);
    let graph = page.split("<svg class=\"graph\"").nth(1).unwrap().split("</figure>").next().unwrap();
    // Nodes beside those that say how many more there are.
    assert!(graph.matches("<rect").count() < 60 && graph.len() < 100_000, "{}", graph.len());
    for said in ["and 991 more</text>", "and 992 more</text>", "and 997 more</text>", "model 999</text>"] {
        assert!(graph.contains(said), "{said}");
    }
    assert!(page.contains("983 more in trace.json"));
    assert!(terminal::trace(&report, 100, false).len() < 2_000_000);
}
