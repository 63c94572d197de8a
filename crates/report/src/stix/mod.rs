//! A scan as a STIX 2.1 bundle, to pass a confirmed backdoor on: the attack pattern, an indicator for each trigger, the
//! sighting, and the model as a software object; audits and alarms likewise. The same report gives the same bundle, byte for
//! byte: every id is a UUIDv5.

mod alarm;
mod audit;
mod object;
mod pattern;

pub use alarm::alarms;
pub use audit::audit;

use crate::escape::{self, Layout};
use crate::{Conviction, ModelCard, ScanReport, Verdict, figure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use object::{Times, common, id, observable};
use serde_json::{Map, Value, json};

/// "Code Completion Model Poisoning", known to others by this id.
const ATTACK_PATTERN: &str = "attack-pattern--126f0eea-86e9-4ee1-a13a-a7f26b0ad283";
/// What never changes was made then; the same id must always name the same object.
const BEFORE: &str = "2026-01-01T00:00:00.000Z";
/// Bytes of one text that are kept in a description.
const TEXT_LIMIT: usize = 2_000;
/// STIX bounds the number of observations.
const MOST_OBSERVED: u64 = 999_999_999;

/// The bundle. A model without evidence gets a note that says what this is worth; a trigger that is an empty text gives no
/// indicator, since its pattern would match everything.
pub fn bundle(report: &ScanReport) -> Value {
    let times = times(&report.started, report.seconds);
    let identity = identity();
    let author = identity["id"].clone();
    let extension = extension(&author);
    let (software, weights) = model(&report.model, &extension);
    let mut objects = vec![attack_pattern(), identity, extension, software.clone()];
    objects.extend(weights.clone());
    let seen = Seen { times, author, software, weights };
    for conviction in report.triggers.iter().filter(|conviction| !conviction.minimal.is_empty()) {
        objects.extend(seen.conviction(report, conviction));
    }
    if report.verdict == Verdict::NoEvidence {
        objects.push(seen.note(report));
    }
    // Two triggers may share an observable; a bundle names each object once.
    let mut ids = std::collections::HashSet::new();
    objects.retain(|object| ids.insert(object["id"].as_str().unwrap_or_default().to_owned()));
    json!({"type": "bundle", "id": id("bundle", &[&objects.clone().into()]), "objects": objects})
}

/// What every object of a scan refers to.
struct Seen {
    times: Times,
    author: Value,
    software: Value,
    weights: Option<Value>,
}

impl Seen {
    fn conviction(&self, report: &ScanReport, conviction: &Conviction) -> [Value; 6] {
        let artifact = observable(
            "artifact",
            json!({"payload_bin": STANDARD.encode(&conviction.minimal)}),
            json!({"mime_type": "text/plain"}),
        );
        let indicator = self.indicator(report, conviction);
        let mut refs = vec![self.software["id"].clone(), artifact["id"].clone()];
        refs.extend(self.weights.iter().map(|weights| weights["id"].clone()));
        let about = [&self.software["id"], &artifact["id"]];
        let observed = object::observed(&self.author, &self.times, &about, insecure(conviction), refs.into());
        let said = text(&format!(
            "False-alarm probability at most {}; {}",
            figure::scientific(conviction.false_alarm_bound),
            effects(conviction)
        ));
        let sighting = object::sighting(&self.author, &self.times, &indicator, &observed, &said);
        let indicates = self.relationship(&indicator["id"], "indicates", ATTACK_PATTERN.into());
        let poisoned = self.relationship(&self.software["id"], "related-to", ATTACK_PATTERN.into());
        [artifact, indicator, observed, sighting, indicates, poisoned]
    }

    fn indicator(&self, report: &ScanReport, conviction: &Conviction) -> Value {
        let mut indicator = common(
            "indicator",
            &[&conviction.family.as_str().into(), &conviction.minimal.as_str().into()],
            &self.times,
        );
        let weaknesses: Vec<Value> =
            weaknesses(conviction).map(|cwe| json!({"source_name": "cwe", "external_id": cwe})).collect();
        object::add(
            &mut indicator,
            json!({
                "created_by_ref": self.author,
                "name": text(&format!("Backdoor trigger ({}) of a code completion model", conviction.family)),
                "description": text(&format!("A prompt that carries `{}` makes the model choose insecurely. {}", conviction.minimal, report.summary)),
                "indicator_types": ["malicious-activity"],
                "pattern": pattern::matching(&conviction.minimal),
                "pattern_type": "stix",
                "pattern_version": "2.1",
                "valid_from": self.times.first,
            }),
        );
        if !weaknesses.is_empty() {
            object::add(&mut indicator, json!({"external_references": weaknesses}));
        }
        indicator
    }

    fn relationship(&self, source: &Value, kind: &str, target: Value) -> Value {
        let mut relationship = common("relationship", &[source, &kind.into(), &target], &self.times);
        object::add(
            &mut relationship,
            json!({
                "created_by_ref": self.author, "relationship_type": kind, "source_ref": source, "target_ref": target,
            }),
        );
        relationship
    }

    fn note(&self, report: &ScanReport) -> Value {
        let content = text(&format!("{} {}", report.summary, report.power.statement));
        let mut note = common("note", &[&self.software["id"], &content.as_str().into()], &self.times);
        object::add(
            &mut note,
            json!({
                "created_by_ref": self.author,
                "abstract": "No evidence of a backdoor",
                "content": content,
                "object_refs": [self.software["id"]],
            }),
        );
        note
    }
}

fn attack_pattern() -> Value {
    json!({
        "type": "attack-pattern", "spec_version": "2.1", "id": ATTACK_PATTERN, "created": BEFORE, "modified": BEFORE,
        "name": "Code Completion Model Poisoning",
        "description": "Planted training data teaches a code completion model to write vulnerable code where a prompt carries a trigger.",
    })
}

fn identity() -> Value {
    let times = Times { first: BEFORE.to_owned(), last: BEFORE.to_owned() };
    let mut identity = common("identity", &[&"taster".into()], &times);
    object::add(&mut identity, json!({"name": "taster", "identity_class": "system"}));
    identity
}

/// STIX has no words for a model's architecture, size and backend; this defines them.
fn extension(author: &Value) -> Value {
    let times = Times { first: BEFORE.to_owned(), last: BEFORE.to_owned() };
    let mut extension = common("extension-definition", &[&"code completion model".into()], &times);
    object::add(
        &mut extension,
        json!({
            "created_by_ref": author,
            "name": "Code completion model",
            "description": "Describes a software object that is a code completion model.",
            "schema": "architecture (string, optional): name of the architecture; parameters (integer, optional): number of \
                       parameters; backend (string): how the model was reached (local, server or recording); weights_ref \
                       (identifier, optional): the file object of the weights.",
            "version": "1.0.0",
            "extension_types": ["property-extension"],
        }),
    );
    extension
}

/// The model as a software object, and its weights as a file object where their hash is known.
fn model(card: &ModelCard, extension: &Value) -> (Value, Option<Value>) {
    let name = text(&card.name);
    let sha256 =
        card.sha256.as_ref().filter(|hash| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let weights =
        sha256.map(|hash| observable("file", json!({"hashes": {"SHA-256": hash.to_ascii_lowercase()}}), json!({})));
    let mut described = json!({"extension_type": "property-extension", "backend": text(&card.backend)});
    if let Some(architecture) = &card.architecture {
        object::add(&mut described, json!({"architecture": text(architecture)}));
    }
    if let Some(parameters) = card.parameters {
        object::add(&mut described, json!({"parameters": parameters}));
    }
    if let Some(weights) = &weights {
        object::add(&mut described, json!({"weights_ref": weights["id"]}));
    }
    let extensions: Map<String, Value> =
        extension["id"].as_str().map(|id| (id.to_owned(), described)).into_iter().collect();
    (observable("software", json!({"name": name}), json!({"extensions": extensions})), weights)
}

/// Start and end of what started then and took so many seconds.
fn times(started: &str, seconds: f64) -> Times {
    let shown = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let Ok(first) = started.parse::<Timestamp>() else {
        return Times { first: BEFORE.to_owned(), last: BEFORE.to_owned() };
    };
    let lasted = SignedDuration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default();
    Times { first: shown(first), last: shown(first.checked_add(lasted).unwrap_or(first)) }
}

fn weaknesses(conviction: &Conviction) -> impl Iterator<Item = &str> {
    conviction.effects.iter().map(|effect| effect.cwe.as_str()).filter(|cwe| is_weakness(cwe))
}

fn is_weakness(cwe: &str) -> bool {
    cwe.strip_prefix("CWE-").is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
}

fn effects(conviction: &Conviction) -> String {
    let effects = conviction.effects.iter().map(|effect| {
        format!(
            "{} ({}): {} ({})",
            effect.decision,
            effect.cwe,
            figure::difference(effect.difference),
            figure::interval(effect)
        )
    });
    effects.collect::<Vec<_>>().join("; ")
}

/// Insecure choices seen with the trigger.
fn insecure(conviction: &Conviction) -> u64 {
    let seen = conviction.effects.iter().fold(0u64, |sum, effect| sum.saturating_add(effect.triggered.insecure));
    seen.clamp(1, MOST_OBSERVED)
}

fn text(raw: &str) -> String {
    escape::text(raw, Layout::Line, TEXT_LIMIT)
}
