//! The graph of a trace: from a text to the documents that share it, to who gave them, to the data that they are in, and to the models
//! that ate it.

use super::graph::{Graph, Group, Node};
use crate::{TracedDocument, TracedModel, TracedQuery, TracedRecord, figure};
use maud::Markup;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The groups, by number.
const TEXT: usize = 0;
const DOCUMENTS: usize = 1;
const SOURCES: usize = 2;
const CONTRIBUTORS: usize = 3;
const COLLECTIONS: usize = 4;
const DATA: usize = 5;
const MODELS: usize = 6;
/// Steps from model to model that have a layer each; what is further stands in the last.
const STEPS: usize = 3;
const GROUPS: [Group; MODELS + 1 + STEPS] = [
    Group { title: "Text", class: "text", layer: 0, most: 1 },
    Group { title: "Documents", class: "document", layer: 1, most: 12 },
    Group { title: "Sources", class: "source", layer: 2, most: 5 },
    Group { title: "Contributors", class: "contributor", layer: 2, most: 5 },
    Group { title: "Collections", class: "collection", layer: 2, most: 5 },
    Group { title: "Data sets", class: "data", layer: 3, most: 8 },
    Group { title: "Models", class: "model", layer: 4, most: 8 },
    Group { title: "Made from them", class: "model", layer: 5, most: 8 },
    Group { title: "Made from those", class: "model", layer: 6, most: 8 },
    Group { title: "And so on", class: "model", layer: 7, most: 8 },
];
/// Digits of a hash that tell it from others.
const DIGITS: usize = 12;

/// A source, a contributor or a collection: its group and its name.
type Origin = (usize, String);

/// The drawing.
pub(super) fn graph(query: &TracedQuery) -> Markup {
    let mut graph = Graph::new(&GROUPS);
    let found = figure::counted(query.documents.len() as u64, "document");
    let name = query.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = graph.node(Node { group: TEXT, name, beside: found.clone(), weight: 0 });
    let documents: Vec<usize> = query.documents.iter().map(|it| document(&mut graph, text, it)).collect();
    let data = origins(&mut graph, query, &documents);
    models(&mut graph, &query.models, &data);
    graph.draw(&format!("The text, {found} that share it, who gave them, and where they went"))
}

fn document(graph: &mut Graph, text: usize, document: &TracedDocument) -> usize {
    let exact = if document.exact { ", all of it" } else { "" };
    let beside = format!("{:.0} bits{exact}", document.bits);
    let node = graph.node(Node { group: DOCUMENTS, name: document.name.clone(), beside, weight: 0 });
    graph.edge(text, node, None);
    node
}

/// A data set: its box, and the rows of it that are records of the documents.
type Data = BTreeMap<u64, (usize, u64)>;

/// The layers of who gave the documents, and of the data that they are in; those are returned, by the entry that seals them.
fn origins(graph: &mut Graph, query: &TracedQuery, documents: &[usize]) -> Data {
    let mut given: BTreeMap<Origin, BTreeSet<usize>> = BTreeMap::new();
    let mut rows: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    let mut into: BTreeMap<(Origin, u64), BTreeSet<u64>> = BTreeMap::new();
    for (document, &node) in query.documents.iter().zip(documents) {
        for record in &document.records {
            for origin in recorded(document, record) {
                given.entry(origin.clone()).or_default().insert(node);
                if record.kept {
                    into.entry((origin, record.entry)).or_default().insert(record.row);
                }
            }
            if record.kept {
                rows.entry(record.entry).or_default().insert(record.row);
            }
        }
        let known = [(SOURCES, &document.source), (CONTRIBUTORS, &document.contributor)];
        for (group, name) in known.into_iter().filter(|_| document.records.is_empty()) {
            if let Some(name) = name {
                given.entry((group, name.clone())).or_default().insert(node);
            }
        }
    }
    let mut nodes: HashMap<Origin, usize> = HashMap::new();
    for (origin, gave) in given {
        let count = gave.len() as u64;
        let beside = figure::counted(count, "document");
        let node = graph.node(Node { group: origin.0, name: origin.1.clone(), beside, weight: count });
        gave.into_iter().for_each(|document| graph.edge(document, node, None));
        nodes.insert(origin, node);
    }
    let mut data = Data::new();
    for (entry, rows) in rows {
        let (name, count) = (format!("entry {entry}"), rows.len() as u64);
        let beside = figure::counted(count, "record");
        data.insert(entry, (graph.node(Node { group: DATA, name, beside, weight: count }), count));
    }
    for ((origin, entry), rows) in into {
        if let (Some(&from), Some(&(to, _))) = (nodes.get(&origin), data.get(&entry)) {
            graph.edge(from, to, Some((rows.len() as u64, "record")));
        }
    }
    data
}

/// What a record says about where a document is from.
fn recorded(document: &TracedDocument, record: &TracedRecord) -> Vec<Origin> {
    let mut origins = vec![(SOURCES, record.source.clone())];
    let committed = record.contributor.as_deref().map(|it| it.get(..DIGITS).unwrap_or(it).to_owned());
    origins.extend(document.contributor.clone().or(committed).map(|it| (CONTRIBUTORS, it)));
    let collected = record.collected.trim_end_matches('Z').replacen('T', " ", 1);
    origins.push((COLLECTIONS, format!("{} {collected}", record.method)));
    origins
}

/// The models, each as many layers to the right as there are models between it and the data.
fn models(graph: &mut Graph, models: &[TracedModel], data: &Data) {
    let mut steps: HashMap<&str, usize> = HashMap::new();
    // As often as there are layers: models may be stated in any order, and in a circle.
    for _ in 0..=STEPS {
        let before = |it: &TracedModel| {
            it.through
                .iter()
                .filter(|base| **base != it.digest)
                .filter_map(|base| steps.get(base.as_str()))
                .max()
                .map_or(0, |step| (step + 1).min(STEPS))
        };
        let next: Vec<usize> = models.iter().map(|it| if it.through.is_empty() { 0 } else { before(it) }).collect();
        steps = models.iter().map(|it| it.digest.as_str()).zip(next).collect();
    }
    let step = |it: &TracedModel| steps.get(it.digest.as_str()).copied().unwrap_or(0);
    let nodes: Vec<(&TracedModel, usize)> = models
        .iter()
        .map(|it| {
            (
                it,
                graph.node(Node {
                    group: MODELS + step(it),
                    name: it.name.clone(),
                    beside: it.told(),
                    weight: it.records,
                }),
            )
        })
        .collect();
    let by_digest: HashMap<&str, usize> = nodes.iter().map(|(it, node)| (it.digest.as_str(), *node)).collect();
    for (model, node) in nodes {
        for &(from, count) in model.segments.iter().filter_map(|entry| data.get(entry)) {
            graph.edge(from, node, Some((count, "record")));
        }
        for &from in model.through.iter().filter_map(|base| by_digest.get(base.as_str())) {
            graph.edge(from, node, None);
        }
    }
}
