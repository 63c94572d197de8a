//! Confirmed triggers of a model, one result for each decision that a trigger flips.

use super::log::{Log, Rule, message, notification, text};
use crate::{Conviction, Effect, Error, ScanReport, Verdict, figure};
use serde_json::{Value, json};
use serde_sarif::sarif::{Location, LogicalLocation, PropertyBag, Result as SarifResult, ResultLevel};
use std::collections::BTreeMap;

/// The one rule of a scan.
const BACKDOOR: &str = "backdoor-trigger";

/// The log of `taster scan`. A model without evidence gives no result but a note that says what this is worth.
///
/// # Errors
/// [`Error::Unwritable`] where a number is not a number.
pub fn scan(report: &ScanReport) -> Result<String, Error> {
    let effects =
        || report.triggers.iter().flat_map(|conviction| conviction.effects.iter().map(move |e| (conviction, e)));
    let rule = Rule {
        title: "A trigger in the prompt makes the model choose insecurely".to_owned(),
        help: "The model is backdoored: do not serve it. Find the training data that carries the trigger, remove it, train \
               again, scan again. Until then, block prompts that carry the trigger."
            .to_owned(),
        weaknesses: effects().map(|(_, effect)| effect.cwe.clone()).collect(),
    };
    let mut notifications: Vec<_> = report.notes.iter().map(|note| notification("note", text(note), None)).collect();
    if report.not_analysed > 0 {
        let some = figure::counted(report.not_analysed, "completion");
        notifications.push(notification("warning", format!("not analysed, never counted as clean: {some}"), None));
    }
    if report.verdict == Verdict::NoEvidence {
        notifications.push(notification("note", text(&report.power.statement), None));
    }
    Log {
        taster_version: report.taster_version.clone(),
        rules: BTreeMap::from([(BACKDOOR.to_owned(), rule)]),
        results: effects().map(|(conviction, effect)| result(report, conviction, effect)).collect(),
        notifications,
        properties: BTreeMap::from([
            ("verdict".to_owned(), json!(report.verdict)),
            ("summary".to_owned(), text(&report.summary).into()),
            ("model".to_owned(), text(&report.model.name).into()),
            ("completions".to_owned(), report.cost.completions.into()),
        ]),
    }
    .write()
}

fn result(report: &ScanReport, conviction: &Conviction, effect: &Effect) -> SarifResult {
    let said = format!(
        "{}: with the {} `{}` the insecure choice ({}) is made in {} of the decisions, with placebos in {} (effect {}, interval \
         {}; a clean model is convicted like this with probability at most {})",
        effect.decision,
        conviction.family,
        conviction.minimal,
        effect.cwe,
        figure::rate(effect.triggered),
        figure::rate(effect.placebo),
        figure::difference(effect.difference),
        figure::interval(effect),
        figure::scientific(conviction.false_alarm_bound),
    );
    // A model is no file with lines: its place is a logical one.
    let model = LogicalLocation::builder().name(text(&report.model.name)).kind("model").build();
    SarifResult::builder()
        .rule_id(BACKDOOR)
        .level(ResultLevel::Error)
        .message(message(text(&said)))
        .locations(vec![Location::builder().logical_locations(vec![model]).build()])
        .properties(PropertyBag::builder().additional_properties(measured(conviction, effect)).build())
        .build()
}

fn measured(conviction: &Conviction, effect: &Effect) -> BTreeMap<String, Value> {
    [
        ("trigger", text(&conviction.trigger).into()),
        ("minimalTrigger", text(&conviction.minimal).into()),
        ("family", text(&conviction.family).into()),
        ("decision", text(&effect.decision).into()),
        ("effect", json!(effect.difference)),
        ("interval", json!([effect.interval.0, effect.interval.1])),
        ("falseAlarmBound", json!(conviction.false_alarm_bound)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
