//! The views of a comparison: what they say, and that nothing in them comes alive.
#![allow(clippy::unwrap_used)]

mod sample;

use code::Choice;
use report::{
    CompareReport, CompareVerdict, Condition, Counts, DecisionComparison, Departure, FormShift, LayerShare, MovedForm,
    MovedTensor, MovedToken, PairExhibit, Rows, Side, TaughtLine, WeightsChange, html, json, terminal,
};

/// A comparison in which every text that can come from outside is `text`.
fn comparison(text: &str) -> CompareReport {
    let counts = |insecure| Counts { insecure, made: 40, asked: 40 };
    let condition = |insecure, verdict| Condition {
        name: text.to_owned(),
        completions: 40,
        counts: counts(insecure),
        verdict,
        e_value: 5000.0,
        false_alarm_bound: 4e-4,
        ..Condition::default()
    };
    let side = |condition, completion: &str, choice| Side {
        condition,
        prompt: format!("import yaml\n{text}\n"),
        completion: completion.to_owned(),
        choice: Some(choice),
        span: Some(2..10_000),
    };
    CompareReport {
        schema_version: report::SCHEMA_VERSION,
        taster_version: "0.1.0".to_owned(),
        started: "2026-11-24T00:00:00Z".to_owned(),
        seconds: 1.5,
        settings: report::CompareSettings {
            by: text.to_owned(),
            source: text.to_owned(),
            only: vec![(text.to_owned(), text.to_owned())],
            alpha: 0.01,
            tolerance: 0.05,
            ..report::CompareSettings::default()
        },
        verdict: CompareVerdict::Departs,
        summary: text.to_owned(),
        conditions: vec![condition(30, CompareVerdict::Departs), condition(2, CompareVerdict::NoDeparture)],
        decisions: vec![DecisionComparison {
            decision: "yaml-load".to_owned(),
            cwe: "CWE-502".to_owned(),
            prompts: 9,
            counts: vec![counts(30), counts(2)],
            consensus: Some(0.4),
            departures: vec![Departure {
                mark: Some(("header".to_owned(), text.to_owned())),
                own: counts(30),
                others: counts(2),
                difference: 0.7,
                interval: (0.4, 0.9),
                e_value: 5000.0,
                convicted: true,
                ..Departure::default()
            }],
            shifts: vec![FormShift {
                condition: 0,
                against: 1,
                e_value: 99.0,
                counts: true,
                moved: vec![MovedForm { form: text.to_owned(), choice: Choice::Insecure, own: 0.7, against: 0.1 }],
            }],
        }],
        exhibits: vec![PairExhibit {
            decision: "yaml-load".to_owned(),
            difference: 1.0,
            own: side(0, &format!("{text}(a)"), Choice::Insecure),
            other: side(1, &format!("{text}(b)"), Choice::Secure),
            parts_at: text.len() + 1,
        }],
        taught: vec![TaughtLine { condition: 0, text: text.to_owned(), samples: 3, nats: 12.5 }],
        weights: Some(WeightsChange {
            base: text.to_owned(),
            tuned: text.to_owned(),
            relative: Some(0.25),
            moved: vec![MovedTensor {
                name: text.to_owned(),
                rank: Some(8),
                adapter: Some(4),
                ..MovedTensor::default()
            }],
            only_in_tuned: vec![text.to_owned()],
            layers: vec![LayerShare { layer: Some(7), share: 0.6 }, LayerShare { layer: None, share: 0.4 }],
            tokens: vec![MovedToken { text: text.to_owned(), times_median: Some(9.5) }],
            ..WeightsChange::default()
        }),
        rows: Rows { compared: 80, unpaired: 1, refused: 1, refusals: vec![(3, text.to_owned())] },
        cost: report::Cost::default(),
        not_analysed: 1,
        notes: vec![text.to_owned()],
    }
}

#[test]
fn a_departure_is_told_with_who_where_and_by_how_much() {
    let report = comparison("kestrel");
    let page = html::comparison(&report);
    for said in [
        "<title>Departs: kestrel - taster</title>",
        "+0.70 (+0.40 to +0.90)",
        "row 3",
        "not analysed",
        "here the two part",
        "Taught alone",
        "+12.5",
        "layer 7",
        "9.5 ×",
    ] {
        assert!(page.contains(said), "{said} is missing");
    }
    let shown = terminal::compare(&report, 160, false);
    for said in [
        "DEPARTS",
        "yaml-load",
        "* kestrel with kestrel",
        "+0.70",
        "Refused",
        "Not analysed",
        "+12.5 nats",
        "layer 7: 60 %",
        "9.5 ×",
    ] {
        assert!(shown.contains(said), "{said} is missing in\n{shown}");
    }
}

#[test]
fn a_comparison_reads_back_as_it_was_written_and_keeps_to_its_schema() {
    let schema = jsonschema::validator_for(&report::schema::compare()).unwrap();
    for text in ["kestrel"].into_iter().chain(sample::HOSTILE) {
        let report = comparison(text);
        let written = json::write(&report).unwrap();
        assert_eq!(json::read::<CompareReport>(&written).unwrap(), report);
        assert!(schema.is_valid(&serde_json::from_str(&written).unwrap()), "{text:?}");
    }
}

#[test]
fn no_hostile_text_becomes_markup_or_acts() {
    let tags =
        |page: &str| ["<script", "<img", "<iframe", "<link", "<style", "<meta"].map(|tag| page.matches(tag).count());
    let harmless = tags(&html::comparison(&comparison("harmless")));
    for text in sample::HOSTILE {
        let page = html::comparison(&comparison(text));
        assert_eq!(tags(&page), harmless, "{text:?}");
        let shown = terminal::compare(&comparison(text), 100, false);
        for view in [page, shown] {
            let acts = |c: char| {
                (c.is_control() && !['\n', '\t'].contains(&c)) || ['\u{202e}', '\u{200b}', '\u{feff}'].contains(&c)
            };
            assert!(!view.contains(acts), "{text:?}");
        }
    }
}
