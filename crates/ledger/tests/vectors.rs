//! The test vectors of others.
#![allow(clippy::unwrap_used)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::Digest;
use ledger::checkpoint::Checkpoint;
use ledger::merkle::{Tree, is_consistent, leaf, root_of_inclusion};
use ledger::note::Note;
use ledger::tile::{self, Tile};
use serde::Deserialize;

/// A case of transparency-dev/merkle.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    kind: String,
    name: String,
    desc: String,
    want_err: bool,
    proof: Option<Vec<String>>,
    #[serde(default)]
    leaf_idx: u64,
    #[serde(default)]
    tree_size: u64,
    root: Option<String>,
    leaf_hash: Option<String>,
    #[serde(default)]
    size1: u64,
    #[serde(default)]
    size2: u64,
    root1: Option<String>,
    root2: Option<String>,
}

impl Case {
    fn holds(&self) -> Option<bool> {
        let hash = |text: &Option<String>| Digest::from_base64(text.as_deref()?);
        // Where a consistency case does not look at a root, it is some text: another one for another text.
        let root = |text: &Option<String>| Some(hash(text).unwrap_or(Digest::of(text.as_deref()?.as_bytes())));
        let proof = self.proof.iter().flatten().map(|it| Digest::from_base64(it)).collect::<Option<Vec<_>>>()?;
        Some(match self.kind.as_str() {
            "inclusion" => {
                root_of_inclusion(self.leaf_idx, self.tree_size, hash(&self.leaf_hash)?, &proof)? == hash(&self.root)?
            }
            _ => is_consistent((self.size1, root(&self.root1)?), (self.size2, root(&self.root2)?), &proof),
        })
    }
}

#[test]
fn all_196_cases_of_transparency_dev_come_out_as_they_should() {
    let cases: Vec<Case> =
        include_str!("data/merkle.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cases.len(), 196);
    assert!(cases.iter().any(|case| case.want_err) && cases.iter().any(|case| !case.want_err));
    for case in &cases {
        assert_eq!(case.holds().unwrap_or(false), !case.want_err, "{} {}: {}", case.kind, case.name, case.desc);
    }
}

#[derive(Deserialize)]
struct TesseraLog {
    bundle: String,
    tile: String,
    checkpoints: Vec<String>,
}

#[test]
fn the_log_that_tessera_wrote_has_the_tiles_and_the_roots_that_we_compute() {
    let log: TesseraLog = serde_json::from_str(include_str!("data/tessera.json")).unwrap();
    let bundle = Tile::parse("tile/entries/000.p/15").unwrap();
    let entries = tile::entries(&bundle, &STANDARD.decode(&log.bundle).unwrap()).unwrap();
    assert_eq!(entries[0], b"one");
    assert_eq!(tile::bundle(&entries).unwrap(), STANDARD.decode(&log.bundle).unwrap());
    let leaves: Vec<Digest> = entries.iter().map(|entry| leaf(entry)).collect();
    assert_eq!(tile::bytes(&leaves), STANDARD.decode(&log.tile).unwrap());
    for (size, note) in log.checkpoints.iter().enumerate() {
        let checkpoint = Checkpoint::parse(&Note::parse(note).unwrap().text).unwrap();
        assert_eq!(
            (checkpoint.size, checkpoint.root),
            (size as u64, Tree::new(leaves[..size].to_vec()).root()),
            "{size}"
        );
    }
}
