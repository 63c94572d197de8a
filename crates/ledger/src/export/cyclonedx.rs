//! A CycloneDX 1.6 bill of materials: models with model cards, segments as data, runs and steps as formulation.

use super::{Data, Inventory, Made, Model};
use crate::hash::Digest;
use crate::train::Making;
use serde_json::{Value, json};

/// The bill.
pub fn write(inventory: &Inventory, address: &str) -> Result<String, serde_json::Error> {
    let mut components: Vec<Value> = inventory.models.iter().map(model).collect();
    components.extend(inventory.data.iter().map(|segment| data(segment, address)));
    let main = if components.is_empty() { json!(null) } else { components.remove(0) };
    let name = format!("{main}{}", inventory.source());
    let serial = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, name.as_bytes());
    let bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial.urn().to_string(),
        "version": 1,
        "metadata": {
            "timestamp": Inventory::second(inventory.stated),
            "tools": { "components": [{ "type": "application", "name": "taster", "version": env!("CARGO_PKG_VERSION") }] },
            "component": main,
            "properties": properties([
                ("taster:log:origin", inventory.log.origin.clone()),
                ("taster:log:size", inventory.log.size.to_string()),
                ("taster:log:root", inventory.log.root.to_string()),
            ]),
        },
        "components": components,
        "dependencies": dependencies(inventory),
        "formulation": [{ "workflows": workflows(inventory) }],
    });
    serde_json::to_string_pretty(&bill)
}

fn of_model(digest: &Digest) -> String {
    format!("urn:taster:model:{digest}")
}

fn of_data(digest: &Digest) -> String {
    format!("urn:taster:segment:{digest}")
}

fn properties<const N: usize>(named: [(&str, String); N]) -> Vec<Value> {
    named.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

fn hashes(digest: &Digest) -> Value {
    json!([{ "alg": "SHA-256", "content": digest.to_string() }])
}

fn model(model: &Model) -> Value {
    let seen = model.runs.iter().flat_map(|run| &run.segments);
    let times = seen
        .clone()
        .map(|(segment, times)| json!({ "name": format!("taster:times:{segment}"), "value": times.to_string() }));
    json!({
        "type": "machine-learning-model",
        "bom-ref": of_model(&model.digest),
        "name": model.name,
        "hashes": hashes(&model.digest),
        "modelCard": {
            "modelParameters": { "datasets": seen.map(|(segment, _)| json!({ "ref": of_data(segment) })).collect::<Vec<_>>() },
            "properties": times.collect::<Vec<_>>(),
        },
    })
}

fn data(data: &Data, address: &str) -> Value {
    let licences = data.licences.named.iter().map(|(licence, documents)| {
        // An expression is a name here: a list has either licences or one expression.
        let key = if spdx::license_id(licence).is_some_and(|id| id.name == licence) { "id" } else { "name" };
        json!({ "license": { key: licence, "properties": properties([("taster:documents", documents.to_string())]) } })
    });
    let sources = data.sources.named.iter().map(
        |(source, documents)| json!({ "name": format!("taster:source:{source}"), "value": documents.to_string() }),
    );
    let mut counts = properties([
        ("taster:documents", data.kept.to_string()),
        ("taster:bytes", data.bytes.to_string()),
        ("taster:records", data.seal.records.to_string()),
        ("taster:root", data.seal.root.to_string()),
        ("taster:entry", data.entry.to_string()),
        ("taster:revoked", data.revoked.to_string()),
        ("taster:sources:unlisted", data.sources.others.to_string()),
        ("taster:licences:unlisted", data.licences.others.to_string()),
    ]);
    counts.extend(sources);
    json!({
        "type": "data",
        "bom-ref": of_data(&data.seal.id()),
        "name": data.name(),
        "description": data.summary(),
        "hashes": hashes(&data.seal.id()),
        "licenses": licences.collect::<Vec<_>>(),
        "data": [{
            "type": "dataset",
            "name": data.name(),
            "contents": { "url": format!("{address}{}", data.seal.table_path()), "properties": counts },
        }],
    })
}

fn dependencies(inventory: &Inventory) -> Vec<Value> {
    let models = inventory.models.iter().map(|model| {
        let runs = || model.runs.iter();
        let bases = runs().flat_map(|run| &run.bases).map(of_model);
        (
            of_model(&model.digest),
            bases.chain(runs().flat_map(|run| &run.segments).map(|(segment, _)| of_data(segment))).collect(),
        )
    });
    let data = inventory.data.iter().map(|data| (of_data(&data.seal.id()), data.inputs.iter().map(of_data).collect()));
    let all: Vec<(String, Vec<String>)> = models.chain(data).collect();
    let unique = |mut on: Vec<String>| {
        on.sort();
        on.dedup();
        on
    };
    all.into_iter().map(|(from, on)| json!({ "ref": from, "dependsOn": unique(on) })).collect()
}

/// What was done, as a workflow each.
fn workflows(inventory: &Inventory) -> Vec<Value> {
    let runs = inventory.models.iter().flat_map(|model| model.runs.iter().map(move |run| run_of(model, run)));
    runs.chain(inventory.data.iter().map(step)).collect()
}

fn run_of(model: &Model, run: &Made) -> Value {
    let task = if run.making == Making::Merge { "merge" } else { "build" };
    let inputs = run.bases.iter().map(of_model).chain(run.segments.iter().map(|(segment, _)| of_data(segment)));
    let parameters =
        run.parameters.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>();
    let mut inputs: Vec<Value> = inputs.map(|it| json!({ "resource": { "ref": it } })).collect();
    inputs.extend((!parameters.is_empty()).then(|| json!({ "parameters": parameters })));
    workflow(&run.statement, &format!("{:?}", run.making), task, inputs, &of_model(&model.digest), run.stated)
}

fn step(data: &Data) -> Value {
    let task = if data.step.is_some() { "other" } else { "copy" };
    let inputs = data.inputs.iter().map(|it| json!({ "resource": { "ref": of_data(it) } })).collect();
    workflow(&data.seal.statement, &data.how, task, inputs, &of_data(&data.seal.id()), data.stated)
}

fn workflow(
    statement: &Digest,
    name: &str,
    task: &str,
    mut inputs: Vec<Value>,
    output: &str,
    end: Option<jiff::Timestamp>,
) -> Value {
    inputs.dedup();
    let mut workflow = json!({
        "bom-ref": format!("urn:taster:statement:{statement}:{output}"),
        "uid": statement.to_string(),
        "name": name,
        "taskTypes": [task],
        "inputs": inputs,
        "outputs": [{ "type": "artifact", "resource": { "ref": output } }],
    });
    if let (Some(end), Some(fields)) = (end, workflow.as_object_mut()) {
        fields.insert("timeEnd".to_owned(), Inventory::second(end).into());
    }
    workflow
}
