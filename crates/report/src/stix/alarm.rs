//! Alarms of `taster watch` as a STIX 2.1 bundle: the feature of prompts that goes with insecure choices as an indicator, not yet
//! confirmed, and its sighting.

use super::object::{self, Times, common, id, observable};
use super::{ATTACK_PATTERN, MOST_OBSERVED, attack_pattern, identity, pattern, text};
use crate::{Alarm, Feature, WatchReport, figure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The bundle; alarms without a feature have nothing that another could look for, and give a note.
pub fn alarms(report: &WatchReport) -> Value {
    let identity = identity();
    let author = identity["id"].clone();
    let mut objects = vec![attack_pattern(), identity];
    for alarm in &report.alarms {
        let times = Times { first: alarm_time(alarm), last: alarm_time(alarm) };
        match alarm.features.first().filter(|feature| !feature.text.is_empty()) {
            Some(feature) => objects.extend(suspected(alarm, feature, &times, &author)),
            None => objects.push(note(alarm, &times, &author)),
        }
    }
    let mut ids = std::collections::HashSet::new();
    objects.retain(|object| ids.insert(object["id"].as_str().unwrap_or_default().to_owned()));
    json!({"type": "bundle", "id": id("bundle", &[&objects.clone().into()]), "objects": objects})
}

fn suspected(alarm: &Alarm, feature: &Feature, times: &Times, author: &Value) -> [Value; 5] {
    let artifact = observable(
        "artifact",
        json!({"payload_bin": STANDARD.encode(&feature.text)}),
        json!({"mime_type": "text/plain"}),
    );
    let about = [&Value::from(alarm.id.as_str()), &Value::from(feature.text.as_str())];
    let mut indicator = common("indicator", &about, times);
    object::add(
        &mut indicator,
        json!({
            "created_by_ref": author,
            "name": text(&format!("Suspected backdoor trigger ({}) of a code completion model", feature.family)),
            "description": text(&format!("Seen in production, not confirmed. {}", said(alarm))),
            "indicator_types": ["anomalous-activity"],
            "pattern": pattern::matching(&feature.text),
            "pattern_type": "stix", "pattern_version": "2.1", "valid_from": times.first,
        }),
    );
    let seen = feature.with.insecure.clamp(1, MOST_OBSERVED);
    let mut observed = common("observed-data", &about, times);
    object::add(
        &mut observed,
        json!({
            "created_by_ref": author, "first_observed": times.first, "last_observed": times.last, "number_observed": seen,
            "object_refs": [artifact["id"]],
        }),
    );
    let mut sighting = common("sighting", &about, times);
    object::add(
        &mut sighting,
        json!({
            "created_by_ref": author, "description": text(&said(alarm)), "count": seen, "sighting_of_ref": indicator["id"],
            "observed_data_refs": [observed["id"]], "where_sighted_refs": [author],
        }),
    );
    let mut indicates = common("relationship", &[&indicator["id"], &ATTACK_PATTERN.into()], times);
    object::add(
        &mut indicates,
        json!({
            "created_by_ref": author, "relationship_type": "indicates", "source_ref": indicator["id"],
            "target_ref": ATTACK_PATTERN,
        }),
    );
    [artifact, indicator, observed, sighting, indicates]
}

fn note(alarm: &Alarm, times: &Times, author: &Value) -> Value {
    let mut note = common("note", &[&alarm.id.as_str().into()], times);
    object::add(
        &mut note,
        json!({
            "created_by_ref": author, "abstract": "Generated code has changed for the worse", "content": text(&said(alarm)),
            "object_refs": [ATTACK_PATTERN],
        }),
    );
    note
}

fn said(alarm: &Alarm) -> String {
    format!(
        "{} ({}) in {}: insecure in {} of the decisions since the change, before in {}; e-value {}; {}.",
        alarm.decision,
        alarm.cwe,
        alarm.segment,
        figure::percent(alarm.now.value()),
        figure::percent(alarm.before.value()),
        figure::scientific(alarm.e_value),
        alarm.drift.sentence(),
    )
}

fn alarm_time(alarm: &Alarm) -> String {
    let at: Option<jiff::Timestamp> = alarm.raised.parse().ok();
    at.map_or_else(|| super::BEFORE.to_owned(), |at| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}
