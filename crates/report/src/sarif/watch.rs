//! Alarms of `taster watch`, one result each.

use super::log::{Log, Rule, message, notification, text};
use crate::{Alarm, Error, WatchReport, figure};
use serde_json::json;
use serde_sarif::sarif::{Location, LogicalLocation, PropertyBag, Result as SarifResult, ResultLevel};
use std::collections::BTreeMap;

const DRIFT: &str = "insecure-drift";

/// The log of `taster watch`.
///
/// # Errors
/// [`Error::Unwritable`] where a number is not a number.
pub fn watch(report: &WatchReport) -> Result<String, Error> {
    let rule = Rule {
        title: "Generated code makes a decision insecurely more often than it did".to_owned(),
        help: "Look at the completions that the alarm names. Where it names a feature of the prompts, test it as a trigger: taster scan \
               --triggers."
            .to_owned(),
        weaknesses: report.alarms.iter().map(|alarm| alarm.cwe.clone()).collect(),
    };
    let unread = (report.not_analysed > 0).then(|| {
        let some = figure::counted(report.not_analysed, "completion");
        notification("warning", format!("not analysed, never counted as clean: {some}"), None)
    });
    Log {
        taster_version: report.taster_version.clone(),
        rules: BTreeMap::from([(DRIFT.to_owned(), rule)]),
        results: report.alarms.iter().map(result).collect(),
        notifications: unread.into_iter().collect(),
        properties: BTreeMap::from([
            ("since".to_owned(), text(&report.since).into()),
            ("completions".to_owned(), report.completions.into()),
        ]),
    }
    .write()
}

fn result(alarm: &Alarm) -> SarifResult {
    let feature = alarm.features.first().map(|feature| format!(" ({} `{}`)", feature.family, feature.text));
    let said = format!(
        "{}: insecure in {} of {} in {}, before in {} of {}; {}{}",
        alarm.decision,
        alarm.now.insecure,
        figure::counted(alarm.now.made, "decision"),
        alarm.segment,
        alarm.before.insecure,
        alarm.before.made,
        alarm.drift.sentence(),
        feature.unwrap_or_default(),
    );
    let segment = LogicalLocation::builder().name(text(&alarm.segment)).kind("segment").build();
    let features: Vec<String> = alarm.features.iter().map(|feature| text(&feature.text)).collect();
    let measured = BTreeMap::from([
        ("alarm".to_owned(), text(&alarm.id).into()),
        ("raised".to_owned(), text(&alarm.raised).into()),
        ("decision".to_owned(), text(&alarm.decision).into()),
        ("eValue".to_owned(), json!(alarm.e_value.min(f64::MAX))),
        ("runLength".to_owned(), json!(alarm.run_length)),
        ("features".to_owned(), json!(features)),
        ("drift".to_owned(), json!(alarm.drift)),
    ]);
    SarifResult::builder()
        .rule_id(DRIFT)
        .level(ResultLevel::Error)
        .message(message(text(&said)))
        .locations(vec![Location::builder().logical_locations(vec![segment]).build()])
        .properties(PropertyBag::builder().additional_properties(measured).build())
        .build()
}
