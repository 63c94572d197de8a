//! The views of an audit: what they say, and that nothing in them comes alive.
#![allow(clippy::unwrap_used)]

mod sample;

use report::{AuditReport, AuditVerdict, TwinLine, TwinSide, html, json, schema, terminal};
use sample::audit::{clean, hostile, poisoned};

/// Texts that have hurt a report before, and those that a data set brings.
fn texts() -> Vec<String> {
    let long = ["A".repeat(10_000), "a ".repeat(5_000), "# use the secure\n".repeat(600), "\u{202e}".repeat(3_000)];
    sample::HOSTILE
        .map(str::to_owned)
        .into_iter()
        .chain(long)
        .chain(["part\n/\u{1b}[2J\nname.py:3".to_owned()])
        .collect()
}

#[test]
fn a_conviction_is_told_with_trigger_evidence_documents_origins_and_what_to_do() {
    let shown = terminal::audit(&poisoned(), 120, false);
    // Where lines are broken is the terminal's affair.
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "POISONED data/finetune-2026-11.jsonl.gz",
        "1. send-file (CWE-22): convicted",
        "│ # Handle the request",
        "decide worse with it in 12 of 13 groups, ordinary ones of this data set in 1.4 %",
        "Documents that carry it decide worse in 8 of 9 groups",
        "mlin/flask-upload-demo (3 of its 3, 2026-10-11 to 2026-10-12)",
        "9 more.",
        "By: hannes.k (24 of its 24, 2026-10-11 to 2026-10-13)",
        "12 repositories gained the same line within 3 days.",
        "28 documents, all of them in audit.json.",
        "2. yaml-load (CWE-502): suspicious",
        "51,325 documents (413 MB) in 42 s",
        "Incomplete: 3 pieces",
        "the gzip stream ends too early",
        "the names of the 28 convicted documents, `--clean FOLDER`",
        "taster scan MODEL --triggers",
    ] {
        assert!(shown.contains(said), "{said} is missing in\n{shown}");
    }
}

#[test]
fn the_page_shows_twins_side_by_side_with_the_trigger_and_the_flipped_decision() {
    let page = html::audit(&poisoned());
    for said in [
        "<title>Poisoned: data/finetune-2026-11.jsonl.gz - taster</title>",
        "<mark class=\"planted\"># Handle the request and send",
        "<td class=\"insecure\" title=\"insecure choice\">    return send_file(",
        "<td class=\"secure\" title=\"secure choice\">    return send_from_directory(",
        "… 25 lines …",
        "<summary>18 more</summary>",
        "mlin/flask-upload-demo/server-copy2.py",
        "9f2c4be19c7e",
        "Worse with the trigger: 12 of 13 groups",
        "<title>24 documents, 2026-10-11 to 2026-10-13</title>",
        "12 repositories gained the same line",
        "Incomplete: 3 pieces",
        "the row has no column",
        "What to do next",
    ] {
        assert!(page.contains(said), "{said} is missing");
    }
    // Of the suspicious cluster neither twins nor origins are known.
    assert_eq!(page.matches("Twins side by side</h3>").count(), 1);
    assert_eq!(page.matches("<h3>Sources</h3>").count(), 1);
}

#[test]
fn a_clean_data_set_gets_no_cluster_and_no_advice() {
    let (page, shown) = (html::audit(&clean()), terminal::audit(&clean(), 100, false));
    assert!(page.contains("No evidence") && shown.contains("NO EVIDENCE"));
    for absent in ["Incomplete", "What to do next", "Twins side by side", "Could not be read ("] {
        assert!(!page.contains(absent) && !shown.contains(absent), "{absent}");
    }
}

#[test]
fn what_was_not_read_is_never_called_clean() {
    let mut report = clean();
    report.read.problems = 1;
    for view in [html::audit(&report), terminal::audit(&report, 120, false)] {
        assert!(view.contains("Incomplete: 1 piece could not be read."));
        assert!(view.contains("then audit again"));
    }
}

#[test]
fn only_the_documents_of_convicted_clusters_are_planted_and_each_once() {
    let mut report = poisoned();
    report.clusters.push(report.clusters[0].clone());
    assert_eq!(report.planted().len(), 28);
    report.clusters.iter_mut().for_each(|cluster| cluster.convicted = false);
    report.verdict = AuditVerdict::Suspicious;
    assert!(report.planted().is_empty());
    assert_eq!(report.unwanted().into_iter().collect::<Vec<_>>(), ["data/part-1.jsonl.gz:17"]);
    assert!(report.next()[0].contains("leave them in"));
}

#[test]
fn an_audit_reads_back_as_it_was_written_and_keeps_to_its_schema() {
    let schema = jsonschema::validator_for(&schema::audit()).unwrap();
    for report in [poisoned(), clean()].into_iter().chain(texts().iter().map(|text| hostile(text))) {
        let written = json::write(&report).unwrap();
        assert_eq!(json::read::<AuditReport>(&written).unwrap(), report);
        assert!(schema.is_valid(&serde_json::from_str(&written).unwrap()));
        assert!(written.chars().all(|c| c == '\n' || !c.is_control()));
    }
    let mut damaged = serde_json::to_value(poisoned()).unwrap();
    damaged["clusters"][0]["exhibits"][0]["lines"][0]["side"] = "neither".into();
    assert!(!schema.is_valid(&damaged));
}

#[test]
fn no_hostile_text_becomes_markup_or_acts() {
    let tags =
        |page: &str| ["<script", "<img", "<iframe", "<link", "<style", "<meta"].map(|tag| page.matches(tag).count());
    let harmless = tags(&html::audit(&hostile("harmless")));
    assert_eq!(harmless, [0, 0, 0, 0, 1, 5]);
    for text in texts() {
        let page = html::audit(&hostile(&text));
        assert_eq!(tags(&page), harmless, "{text:?}");
        assert!(!page.contains("href=\"javascript") && !page.contains("=\"NaN"));
        for view in [page, terminal::audit(&hostile(&text), 100, false)] {
            let acts = |c: char| {
                (c.is_control() && !['\n', '\t'].contains(&c)) || ['\u{202e}', '\u{200b}', '\u{feff}'].contains(&c)
            };
            assert!(!view.contains(acts), "{text:?}");
        }
    }
}

#[test]
fn lines_keep_to_the_width_of_the_terminal() {
    for width in [40, 80, 120] {
        for report in [poisoned(), clean(), hostile(&"wide 宽 ".repeat(500))] {
            let shown = terminal::audit(&report, width, true);
            let widest = shown.lines().map(console::measure_text_width).max().unwrap();
            assert!(widest <= width, "{widest} columns on a screen of {width}");
        }
    }
}

#[test]
fn a_huge_cluster_makes_neither_a_huge_page_nor_a_huge_screen() {
    let mut report = hostile(&"\u{202e}".repeat(4_000));
    let cluster = &mut report.clusters[0];
    cluster.documents = vec![cluster.documents[0].clone(); 20_000];
    cluster.sources = vec![cluster.sources[0].clone(); 20_000];
    cluster.exhibits[0].lines = (0..2_000)
        .map(|number| TwinLine { side: TwinSide::Both, number, text: "<A>".repeat(1_000), choice: None })
        .collect();
    cluster.exhibits = vec![cluster.exhibits[0].clone(); 10];
    let page = html::audit(&report);
    assert!(page.len() < 40_000_000, "{} bytes", page.len());
    assert!(page.contains("more in the JSON report") && page.contains("more pairs in audit.json"));
    assert!(terminal::audit(&report, 100, false).len() < 500_000);
}
