//! What the tests of whole ledgers share.
#![allow(clippy::unwrap_used, dead_code)]

use ledger::statement::COLLECTION;
use ledger::{Digest, Disposition, Home, Ledger, Origin, Record, Signing};
use std::path::Path;

/// A new ledger below a folder.
pub fn init(folder: &Path) -> Ledger {
    let place = folder.join("ledger").display().to_string();
    Ledger::init(&place, Home::at(&folder.join("home")), "example.com/log", &Signing::File { passphrase: None })
        .unwrap()
}

/// The same ledger again.
pub fn open(folder: &Path) -> Ledger {
    Ledger::open(&folder.join("ledger").display().to_string(), Home::at(&folder.join("home")), None).unwrap()
}

/// A record of a document with this name.
pub fn record(name: &str, collector: Digest) -> Record {
    let content = Digest::of(name.as_bytes());
    Record {
        content,
        length: name.len() as u64,
        swhid: Some(content.0[..20].try_into().unwrap()),
        source: "https://example.com/repository".to_owned(),
        commit: Some(content.0[12..].to_vec()),
        path: format!("src/{name}\n.py").into_bytes(),
        author: Some(Digest::of(&content.0[..1])),
        committer: None,
        committed: Some(1_600_000_000 + i64::from(content.0[0])),
        licence: (!content.0[0].is_multiple_of(3)).then(|| "MIT".to_owned()),
        collected: 1_700_000_000,
        collector,
        method: "git".to_owned(),
        transform: None,
        parents: Vec::new(),
        disposition: Disposition::Kept,
    }
}

/// Adds documents; they wait to be sealed.
pub fn add(ledger: &Ledger, names: impl IntoIterator<Item = String>) -> Vec<ledger::segment::Seal> {
    let about = serde_json::json!({ "source": "https://example.com/repository" });
    let mut adder = ledger.add(Origin { predicate_type: COLLECTION, about }).unwrap();
    for name in names {
        adder.push(&record(&name, adder.collector())).unwrap();
    }
    adder.finish().unwrap()
}
