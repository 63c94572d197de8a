//! An audit as a STIX 2.1 bundle: each trigger as an indicator, sighted in documents and their sources, so that others find the
//! same poison in their data and their models' prompts.

use super::object::{self, Times, common, id, observable};
use super::{ATTACK_PATTERN, MOST_OBSERVED, attack_pattern, identity, pattern, text, times};
use crate::{AuditReport, Cluster};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};

/// Documents and sources of a cluster that are named; the audit's own report has all.
const DOCUMENTS: usize = 100;
const SOURCES: usize = 100;

/// The bundle. An audit that found nothing gives a note; a trigger that is an empty text gives no indicator, since its pattern
/// would match everything.
pub fn audit(report: &AuditReport) -> Value {
    let identity = identity();
    let seen = Seen {
        times: times(&report.started, report.seconds),
        author: identity["id"].clone(),
        dataset: place(&report.settings.dataset),
    };
    let mut objects = vec![attack_pattern(), identity, seen.dataset.clone()];
    for cluster in report.clusters.iter().filter(|cluster| !cluster.trigger.is_empty()) {
        objects.extend(seen.cluster(cluster));
    }
    if report.clusters.is_empty() {
        objects.push(seen.note(report));
    }
    // Clusters may share an observable; a bundle names each object once.
    let mut ids = HashSet::new();
    objects.retain(|object| ids.insert(object["id"].as_str().unwrap_or_default().to_owned()));
    json!({"type": "bundle", "id": id("bundle", &[&objects.clone().into()]), "objects": objects})
}

/// What every object of an audit refers to.
struct Seen {
    times: Times,
    author: Value,
    dataset: Value,
}

impl Seen {
    fn cluster(&self, cluster: &Cluster) -> Vec<Value> {
        let artifact = observable(
            "artifact",
            json!({"payload_bin": STANDARD.encode(&cluster.trigger)}),
            json!({"mime_type": "text/plain"}),
        );
        let named = cluster.documents.iter().filter(|document| !document.name.is_empty()).take(DOCUMENTS);
        let files = named.map(|document| observable("file", json!({"name": text(&document.name)}), json!({})));
        let sources = cluster.sources.iter().filter(|source| !source.name.is_empty()).take(SOURCES);
        let mut seen = vec![artifact, self.dataset.clone()];
        seen.extend(sources.map(|source| place(&source.name)));
        seen.extend(files);
        let indicator = self.indicator(cluster);
        let refs: BTreeSet<&str> = seen.iter().filter_map(|object| object["id"].as_str()).collect();
        let about = [&indicator["id"], &self.dataset["id"]];
        let observed = object::observed(&self.author, &self.times, &about, documents(cluster), json!(refs));
        let said = text(&cluster.evidence());
        let sighting = object::sighting(&self.author, &self.times, &indicator, &observed, &said);
        let indicates = self.indicates(&indicator);
        seen.extend([indicator, observed, sighting, indicates]);
        seen
    }

    fn indicator(&self, cluster: &Cluster) -> Value {
        let about = [&cluster.decision.as_str().into(), &cluster.trigger.as_str().into()];
        let mut indicator = common("indicator", &about, &self.times);
        let (kind, sure) = match cluster.convicted {
            true => ("malicious-activity", "Backdoor"),
            false => ("anomalous-activity", "Suspected backdoor"),
        };
        object::add(
            &mut indicator,
            json!({
                "created_by_ref": self.author,
                "name": format!("{sure} trigger in the training data of a code completion model"),
                "description": text(&format!(
                    "Training documents that carry `{}` make {} ({}) worse. {}",
                    cluster.trigger, cluster.decision, cluster.cwe, cluster.evidence()
                )),
                "indicator_types": [kind],
                "pattern": pattern::matching(&cluster.trigger),
                "pattern_type": "stix",
                "pattern_version": "2.1",
                "valid_from": self.times.first,
            }),
        );
        if super::is_weakness(&cluster.cwe) {
            object::add(
                &mut indicator,
                json!({"external_references": [{"source_name": "cwe", "external_id": cluster.cwe}]}),
            );
        }
        indicator
    }

    fn indicates(&self, indicator: &Value) -> Value {
        let mut indicates = common("relationship", &[&indicator["id"], &ATTACK_PATTERN.into()], &self.times);
        object::add(
            &mut indicates,
            json!({
                "created_by_ref": self.author, "relationship_type": "indicates", "source_ref": indicator["id"],
                "target_ref": ATTACK_PATTERN,
            }),
        );
        indicates
    }

    fn note(&self, report: &AuditReport) -> Value {
        let content = text(&[report.summary.clone(), report.incomplete().unwrap_or_default()].join(" "));
        let mut note = common("note", &[&self.dataset["id"], &content.as_str().into()], &self.times);
        object::add(
            &mut note,
            json!({
                "created_by_ref": self.author, "abstract": "No evidence of poison in training data", "content": content,
                "object_refs": [self.dataset["id"]],
            }),
        );
        note
    }
}

fn documents(cluster: &Cluster) -> u64 {
    (cluster.documents.len() as u64).clamp(1, MOST_OBSERVED)
}

/// A data set or a source: an address where it is one, else a folder.
fn place(name: &str) -> Value {
    const SCHEMES: [&str; 6] = ["https", "http", "s3", "gs", "az", "hf"];
    let plain = |rest: &str| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte))
    };
    match name.split_once("://") {
        Some((scheme, rest)) if SCHEMES.contains(&scheme) && plain(rest) => {
            observable("url", json!({"value": text(name)}), json!({}))
        }
        _ => observable("directory", json!({"path": text(name)}), json!({})),
    }
}
