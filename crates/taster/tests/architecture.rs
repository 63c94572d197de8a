//! The arrows of the house point down only.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::process::Command;

/// The floors, lowest first. A crate may use the crates of lower floors, and none of its own or a higher one.
const FLOORS: [&[&str]; 5] = [
    &["code", "stats", "sign"],
    &["model", "report", "mine", "dataset"],
    &["scan", "watch", "audit", "ledger"],
    &["lab"],
    &["taster"],
];

/// Stands beside the house: builds and tests it, and neither uses a crate of the house nor is used by one.
const OUTSIDE: &str = "xtask";

/// A crate of the workspace and the ones that it uses, in tests and build scripts too.
struct Package {
    name: String,
    uses: Vec<String>,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |package: &Value| package["name"].as_str().unwrap().to_owned();
    let package = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        Package { name: name(package), uses: dependencies.filter(|it| it["path"].is_string()).map(name).collect() }
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&name))
}

/// What is wrong with where a crate stands and what it uses.
fn faults(Package { name, uses }: &Package) -> Vec<String> {
    if name == OUTSIDE {
        return uses.iter().map(|used| format!("{name} uses {used}")).collect();
    }
    let Some(upper) = floor(name) else {
        return vec![format!("{name} stands on no floor: give it one in FLOORS and in ARCHITECTURE.md")];
    };
    let below = |used: &&String| floor(used).is_some_and(|lower| lower < upper);
    uses.iter().filter(|used| !below(used)).map(|used| format!("{name} uses {used}, which is not below it")).collect()
}

#[test]
fn every_crate_stands_on_a_floor_and_uses_only_crates_below() {
    let packages = packages();
    assert!(packages.iter().any(|it| it.name == "taster" && it.uses.contains(&"scan".to_owned())), "no arrows seen");
    let faults: Vec<String> = packages.iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn arrows_that_point_up_or_sideways_or_nowhere_are_faults() {
    let package = |name: &str, used: &str| Package { name: name.to_owned(), uses: vec![used.to_owned()] };
    let wrong = [("code", "scan"), ("model", "report"), ("scan", "lab"), ("kitchen", "code"), ("scan", "kitchen")];
    for (name, used) in wrong.into_iter().chain([("xtask", "code"), ("taster", "xtask")]) {
        assert_eq!(faults(&package(name, used)).len(), 1, "{name} -> {used}");
    }
    assert_eq!(faults(&package("taster", "code")), [""; 0]);
}
