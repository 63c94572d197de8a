//! Croissant 1.0 as JSON-LD: the side tables of the segments as files, with the records of each as a record set.

use super::{Data, Inventory};
use serde_json::{Map, Value, json};

/// The columns of a table: name, type, what it means. Croissant knows no bytes, so what is bytes is called text.
const COLUMNS: [(&str, &str, &str); 18] = [
    ("leaf", "sc:Text", "Hash of the canonical record: its leaf in the segment's Merkle tree (32 bytes)."),
    ("content", "sc:Text", "SHA-256 of the document (32 bytes)."),
    ("length", "sc:Integer", "Bytes of the document."),
    ("swhid", "sc:Text", "SHA-1 of the document as a Git blob, the core of its SWHID (20 bytes)."),
    ("source", "sc:Text", "Where the document was found."),
    ("commit", "sc:Text", "Commit that wrote it (20 or 32 bytes)."),
    ("path", "sc:Text", "Its path there (bytes: paths need not be text)."),
    ("author", "sc:Text", "Commitment to who wrote it (32 bytes)."),
    ("committer", "sc:Text", "Commitment to who committed it (32 bytes)."),
    ("committed", "sc:Integer", "When it was committed, in seconds since 1970."),
    ("licence", "sc:Text", "Its licence, an SPDX expression."),
    ("collected", "sc:Integer", "When it was collected, in seconds since 1970."),
    ("collector", "sc:Text", "Public key of the collector (32 bytes)."),
    ("method", "sc:Text", "How it was collected: folder, git, table, transform."),
    ("transform", "sc:Text", "The step that made it (32 bytes)."),
    ("parents", "sc:Text", "Leaf hashes of the records that it was made from (32 bytes each)."),
    ("disposition", "sc:Text", "What became of it: kept, dropped, duplicate."),
    ("detail", "sc:Text", "The reason, or the leaf hash of the record that stands for it."),
];

/// The description.
pub fn write(inventory: &Inventory, address: &str) -> Result<String, serde_json::Error> {
    let told: Vec<String> = inventory.data.iter().map(Data::summary).collect();
    let mut licences: Vec<&String> = inventory.data.iter().flat_map(|data| data.licences.named.keys()).collect();
    licences.sort();
    licences.dedup();
    let licences: Vec<String> = licences.into_iter().map(|it| licence(it)).collect();
    let dataset = json!({
        "@context": context(),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": inventory.title(),
        "description": format!("Records of training documents, a row each, as sealed in the {}. {}.", inventory.source(), told.join(". ")),
        "url": address,
        "creator": { "@type": "sc:Organization", "name": inventory.log.origin },
        "datePublished": Inventory::second(inventory.stated),
        "version": format!("{}.0.0", inventory.log.size),
        "citeAs": inventory.source(),
        "license": if licences.is_empty() { vec!["NOASSERTION".to_owned()] } else { licences },
        "distribution": inventory.data.iter().map(|data| file(data, address)).collect::<Vec<_>>(),
        "recordSet": inventory.data.iter().map(records).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&dataset)
}

/// A single licence has a page; an expression has none.
fn licence(expression: &str) -> String {
    match spdx::license_id(expression).filter(|id| id.name == expression) {
        Some(id) => format!("https://spdx.org/licenses/{}.html", id.name),
        None => expression.to_owned(),
    }
}

fn file(data: &Data, address: &str) -> Value {
    json!({
        "@type": "cr:FileObject",
        "@id": format!("table/{}", data.seal.id()),
        "name": format!("{}.parquet", data.seal.id()),
        "description": data.summary(),
        "contentUrl": format!("{address}{}", data.seal.table_path()),
        "contentSize": format!("{} B", data.seal.table.length),
        "encodingFormat": "application/x-parquet",
        "sha256": data.seal.table.sha256.to_string(),
    })
}

fn records(data: &Data) -> Value {
    let name = data.name();
    let field = |(column, kind, meaning): &(&str, &str, &str)| {
        json!({
            "@type": "cr:Field",
            "@id": format!("{name}/{column}"),
            "name": column,
            "description": meaning,
            "dataType": kind,
            "source": { "fileObject": { "@id": format!("table/{}", data.seal.id()) }, "extract": { "column": column } },
        })
    };
    json!({
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": data.summary(),
        "key": { "@id": format!("{name}/leaf") },
        "field": COLUMNS.iter().map(field).collect::<Vec<_>>(),
    })
}

/// The context that the specification prescribes (its appendix 1).
fn context() -> Value {
    let same = [
        "citeAs",
        "column",
        "extract",
        "field",
        "fileProperty",
        "fileObject",
        "fileSet",
        "format",
        "includes",
        "isLiveDataset",
        "jsonPath",
        "key",
        "md5",
        "parentField",
        "path",
        "recordSet",
        "references",
        "regex",
        "repeated",
        "replace",
        "separator",
        "source",
        "subField",
        "transform",
    ];
    let mut context: Map<String, Value> =
        same.iter().map(|term| ((*term).to_owned(), format!("cr:{term}").into())).collect();
    let others = json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "data": { "@id": "cr:data", "@type": "@json" },
        "dataType": { "@id": "cr:dataType", "@type": "@vocab" },
        "dct": "http://purl.org/dc/terms/",
        "examples": { "@id": "cr:examples", "@type": "@json" },
        "sc": "https://schema.org/",
    });
    context.extend(others.as_object().cloned().unwrap_or_default());
    Value::Object(context)
}
