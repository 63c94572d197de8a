//! SPDX 3.0.1 as JSON-LD: models as AI packages, segments as dataset packages, and what was made from what.

use super::{Data, Inventory, Model};
use crate::hash::Digest;
use serde_json::{Value, json};

const CREATION: &str = "_:creation";
const MAKER: &str = "urn:taster:log";

/// The document.
pub fn write(inventory: &Inventory, address: &str) -> Result<String, serde_json::Error> {
    let mut elements: Vec<Value> = inventory.models.iter().map(|it| model(inventory, it)).collect();
    elements.extend(inventory.data.iter().map(|it| data(it, address)));
    let root = elements.first().map(|first| first["spdxId"].clone());
    elements.extend(licences(inventory));
    elements.extend(relationships(inventory));
    elements.push(json!({ "type": "Agent", "spdxId": MAKER, "creationInfo": CREATION, "name": inventory.log.origin }));
    elements.push(json!({ "type": "Tool", "spdxId": "urn:taster:tool", "creationInfo": CREATION, "name": concat!("taster ", env!("CARGO_PKG_VERSION")) }));
    let ids: Vec<Value> = elements.iter().map(|element| element["spdxId"].clone()).collect();
    let mut graph = vec![
        json!({
            "type": "CreationInfo",
            "@id": CREATION,
            "specVersion": "3.0.1",
            "created": Inventory::second(inventory.stated),
            "createdBy": [MAKER],
            "createdUsing": ["urn:taster:tool"],
        }),
        json!({
            "type": "SpdxDocument",
            "spdxId": format!("urn:taster:spdx:{}", Digest::of(format!("{ids:?}{}", inventory.log).as_bytes())),
            "creationInfo": CREATION,
            "name": inventory.title(),
            "comment": format!("a view of {}", inventory.source()),
            "profileConformance": ["core", "software", "simpleLicensing", "ai", "dataset"],
            "rootElement": root.into_iter().collect::<Vec<_>>(),
            "element": ids,
        }),
    ];
    graph.append(&mut elements);
    serde_json::to_string_pretty(
        &json!({ "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph }),
    )
}

fn of_model(digest: &Digest) -> String {
    format!("urn:taster:model:{digest}")
}

fn of_data(digest: &Digest) -> String {
    format!("urn:taster:segment:{digest}")
}

fn of_licence(licence: &str) -> String {
    format!("urn:taster:licence:{}", Digest::of(licence.as_bytes()))
}

fn verified(digest: &Digest) -> Value {
    json!([{ "type": "Hash", "algorithm": "sha256", "hashValue": digest.to_string() }])
}

fn model(inventory: &Inventory, model: &Model) -> Value {
    let parameters = model.runs.iter().flat_map(|run| &run.parameters);
    let parameters = parameters.map(|(key, value)| json!({ "type": "DictionaryEntry", "key": key, "value": value }));
    let stated = model.runs.iter().filter_map(|run| run.stated).max().unwrap_or(inventory.stated);
    let how: Vec<String> = model
        .runs
        .iter()
        .map(|run| {
            let times: Vec<String> =
                run.segments.iter().map(|(segment, times)| format!("segment {segment} seen {times} times")).collect();
            format!("{:?}, statement {}: {}", run.making, run.statement, times.join(", "))
        })
        .collect();
    let mut package = json!({
        "type": "ai_AIPackage",
        "spdxId": of_model(&model.digest),
        "creationInfo": CREATION,
        "name": model.name,
        "software_packageVersion": model.digest.to_string(),
        "software_downloadLocation": of_model(&model.digest),
        "software_primaryPurpose": "model",
        "suppliedBy": MAKER,
        "releaseTime": Inventory::second(stated),
        "verifiedUsing": verified(&model.digest),
        "ai_informationAboutTraining": if how.is_empty() { "the log does not say how it was made".to_owned() } else { how.join("; ") },
        "ai_hyperparameter": parameters.collect::<Vec<_>>(),
    });
    drop_empty(&mut package);
    package
}

fn data(data: &Data, address: &str) -> Value {
    let counted = |seconds: i64| jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).ok();
    let built = data.collected.and_then(|(_, last)| counted(last));
    let stated = data.stated.map(Inventory::second);
    let mut package = json!({
        "type": "dataset_DatasetPackage",
        "spdxId": of_data(&data.seal.id()),
        "creationInfo": CREATION,
        "name": data.name(),
        "summary": data.summary(),
        "software_packageVersion": data.seal.root.to_string(),
        "software_downloadLocation": format!("{address}{}", data.seal.table_path()),
        "software_primaryPurpose": "data",
        "originatedBy": [MAKER],
        "suppliedBy": MAKER,
        "builtTime": built.or_else(|| stated.clone()),
        "releaseTime": stated,
        "verifiedUsing": verified(&data.seal.id()),
        "dataset_datasetType": ["text"],
        "dataset_datasetSize": data.kept,
        "dataset_dataCollectionProcess": format!("{}; sources: {}", data.how, sources(data)),
        "dataset_dataPreprocessing": data.step.iter().map(|_| data.how.clone()).collect::<Vec<_>>(),
    });
    drop_empty(&mut package);
    package
}

fn sources(data: &Data) -> String {
    let named: Vec<String> =
        data.sources.named.iter().map(|(source, documents)| format!("{source} ({documents})")).collect();
    match data.sources.others {
        0 => named.join(", "),
        others => format!("{}, and others ({others})", named.join(", ")),
    }
}

/// Properties that say nothing are left out: the format has no null and no empty list.
fn drop_empty(element: &mut Value) {
    if let Some(fields) = element.as_object_mut() {
        fields.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    }
}

fn licences(inventory: &Inventory) -> Vec<Value> {
    let mut names: Vec<&String> = inventory.data.iter().flat_map(|data| data.licences.named.keys()).collect();
    names.sort();
    names.dedup();
    let expression = |licence: &&String| {
        json!({
            "type": "simplelicensing_LicenseExpression",
            "spdxId": of_licence(licence),
            "creationInfo": CREATION,
            "simplelicensing_licenseExpression": licence,
        })
    };
    names.iter().map(expression).collect()
}

fn relationships(inventory: &Inventory) -> Vec<Value> {
    let models = inventory.models.iter().flat_map(|model| {
        let from = of_model(&model.digest);
        let segments: Vec<String> =
            model.runs.iter().flat_map(|run| &run.segments).map(|(segment, _)| of_data(segment)).collect();
        let bases: Vec<String> = model.runs.iter().flat_map(|run| &run.bases).map(of_model).collect();
        [relationship(&from, "trainedOn", segments), relationship(&from, "descendantOf", bases)]
    });
    let data = inventory.data.iter().flat_map(|data| {
        let from = of_data(&data.seal.id());
        let inputs = data.inputs.iter().map(of_data).collect();
        let licences = data.licences.named.keys().map(|licence| of_licence(licence)).collect();
        [relationship(&from, "descendantOf", inputs), relationship(&from, "hasDeclaredLicense", licences)]
    });
    models.chain(data).flatten().collect()
}

fn relationship(from: &str, kind: &str, mut to: Vec<String>) -> Option<Value> {
    to.sort();
    to.dedup();
    (!to.is_empty()).then(|| {
        json!({
            "type": "Relationship",
            "spdxId": format!("urn:taster:relationship:{}", Digest::of(format!("{from} {kind}").as_bytes())),
            "creationInfo": CREATION,
            "from": from,
            "relationshipType": kind,
            "to": to,
        })
    })
}
