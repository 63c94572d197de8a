//! Documents that look planted, one result each, under the decision that their trigger flips.

use super::log::{Log, Rule, message, notification, text};
use super::place::location;
use crate::escape::{self, Layout};
use crate::{AuditReport, AuditedDocument, Cluster, Error};
use serde_json::{Value, json};
use serde_sarif::sarif::{PropertyBag, Region, Result as SarifResult, ResultLevel};
use std::collections::BTreeMap;

/// Bytes of a trigger that each of its documents repeats; the cluster, in the run's properties, has more.
const TRIGGER: usize = 200;

/// The log of `taster audit`.
///
/// # Errors
/// [`Error::Unwritable`] where a number is not a number.
pub fn audit(report: &AuditReport) -> Result<String, Error> {
    let mut log = Log { taster_version: report.taster_version.clone(), ..Log::default() };
    for (at, cluster) in report.clusters.iter().enumerate() {
        let rule = log.rules.entry(cluster.decision.clone()).or_insert_with(|| rule(cluster));
        rule.weaknesses.insert(cluster.cwe.clone());
        log.results.extend(cluster.documents.iter().map(|document| result(at, cluster, document)));
    }
    log.notifications.extend(report.incomplete().map(|incomplete| notification("warning", incomplete, None)));
    log.notifications.extend(report.problems.iter().map(|problem| {
        notification("warning", text(&format!("not read: {}", problem.what)), Some(location(&problem.name, None)))
    }));
    log.notifications.extend(report.notes.iter().map(|note| notification("note", text(note), None)));
    log.properties = BTreeMap::from([
        ("verdict".to_owned(), json!(report.verdict)),
        ("summary".to_owned(), text(&report.summary).into()),
        ("dataset".to_owned(), text(&report.settings.dataset).into()),
        ("documents".to_owned(), report.read.documents.into()),
        ("clusters".to_owned(), report.clusters.iter().map(measured).collect()),
    ]);
    log.write()
}

fn rule(cluster: &Cluster) -> Rule {
    Rule {
        title: format!("Planted training data: a trigger that flips {}", cluster.decision),
        help: "The document shares a text with others that decide insecurely where it stands, far more often than chance would \
               have it. Take it out of the training data; a model that was trained on it may have learned the trigger."
            .to_owned(),
        weaknesses: Default::default(),
    }
}

fn result(at: usize, cluster: &Cluster, document: &AuditedDocument) -> SarifResult {
    let trigger = escape::text(&cluster.trigger, Layout::Line, TRIGGER);
    let said = match cluster.convicted {
        true => format!("{}: planted, together with others that carry `{trigger}`", cluster.decision),
        false => format!("{}: suspicious, together with others that carry `{trigger}`", cluster.decision),
    };
    let line = document.line.and_then(|line| i64::try_from(line).ok()).filter(|line| *line > 0);
    let region = line.map(|line| Region::builder().start_line(line).build());
    let known = [("source", &document.source), ("contributor", &document.contributor), ("commit", &document.commit)];
    let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), text(value.as_deref()?).into())));
    let properties = known.chain([("cluster".to_owned(), at.into()), ("choice".to_owned(), json!(document.choice))]);
    SarifResult::builder()
        .rule_id(text(&cluster.decision))
        .level(if cluster.convicted { ResultLevel::Error } else { ResultLevel::Warning })
        .message(message(text(&said)))
        .locations(vec![location(&document.name, region)])
        .properties(
            PropertyBag::builder().additional_properties(properties.collect::<BTreeMap<String, Value>>()).build(),
        )
        .build()
}

fn measured(cluster: &Cluster) -> Value {
    json!({
        "trigger": text(&cluster.trigger), "decision": text(&cluster.decision), "convicted": cluster.convicted,
        "method": cluster.method, "groups": cluster.groups, "worse": cluster.worse, "ordinary": cluster.ordinary,
        "eValue": cluster.e_value.min(f64::MAX), "evidence": cluster.evidence(),
    })
}
