//! SARIF logs, against the standard's own schema.
#![allow(clippy::unwrap_used)]

mod sample;

use code::RuleFile;
use report::sarif;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const RULE: &str = "decision: yaml-load\ntitle: How YAML is parsed\ncwe: CWE-502\nlanguage: python\nwhy: It runs code.\n\
                    fix: Use safe_load.\nanchors: [yaml]\nsite: {kind: call}\n";

#[test]
fn logs_keep_to_the_standard_and_a_damaged_one_does_not() {
    // The standard's pattern for a language tag has a stray bracket, which only some regex engines read as itself.
    let standard = std::fs::read_to_string(standard()).unwrap().replace("{2}]?$", r"{2}\\]?$");
    let schema: Value = serde_json::from_str(&standard).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let mut logs =
        vec![sarif::scan(&sample::poisoned()), sarif::scan(&sample::clean()), sarif::check(&sample::check(), [])];
    logs.push(sarif::scan(&sample::hostile(&sample::HOSTILE.join(" "))));
    logs.extend([sarif::audit(&sample::audit::poisoned()), sarif::audit(&sample::audit::clean())]);
    logs.push(sarif::audit(&sample::audit::hostile(&sample::HOSTILE.join(" "))));
    for log in logs {
        let mut log: Value = serde_json::from_str(&log.unwrap()).unwrap();
        let wrong: Vec<String> =
            schema.iter_errors(&log).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        log["runs"][0]["tool"] = Value::Null;
        assert!(!schema.is_valid(&log));
    }
}

#[test]
fn findings_suppressions_and_unread_files_all_reach_the_log() {
    let rule = RuleFile::parse("python/yaml-load.yml", RULE).unwrap();
    let log: Value = serde_json::from_str(&sarif::check(&sample::check(), [&rule]).unwrap()).unwrap();
    let run = &log["runs"][0];
    let found: Vec<&str> =
        run["results"].as_array().unwrap().iter().map(|result| result["ruleId"].as_str().unwrap()).collect();
    assert_eq!(found, ["tls-verify", "yaml-load", "suppression-comment", "suppression-comment"]);
    let region = &run["results"][1]["locations"][0]["physicalLocation"];
    assert_eq!(region["artifactLocation"]["uri"], "src/load%20config.py");
    assert_eq!((&region["region"]["startLine"], &region["region"]["byteLength"]), (&14.into(), &21.into()));
    let unread = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(unread.len(), 1);
    assert_eq!(unread[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "src/blob.min.py");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let yaml = rules.iter().find(|rule| rule["id"] == "yaml-load").unwrap();
    assert_eq!(yaml["help"]["text"], "python: It runs code. Use safe_load. ");
    assert_eq!(yaml["properties"]["tags"], serde_json::json!(["security", "external/cwe/cwe-502"]));
    assert_eq!(run["taxonomies"][0]["taxa"].as_array().unwrap().len(), 2);
}

#[test]
fn a_scan_gives_a_result_for_each_decision_that_a_trigger_flips() {
    let log: Value = serde_json::from_str(&sarif::scan(&sample::poisoned()).unwrap()).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert!(results[0]["message"]["text"].as_str().unwrap().contains("93 % (186/200)"));
    let clean: Value = serde_json::from_str(&sarif::scan(&sample::clean()).unwrap()).unwrap();
    assert_eq!(clean["runs"][0]["results"].as_array().unwrap().len(), 0);
    assert_eq!(clean["runs"][0]["properties"]["verdict"], "no-evidence");
}

#[test]
fn an_audit_gives_a_result_for_each_document_under_the_decision_that_its_trigger_flips() {
    let log: Value = serde_json::from_str(&sarif::audit(&sample::audit::poisoned()).unwrap()).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 28 + 9);
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "mlin/flask-upload-demo/server-copy0.py");
    assert_eq!((&results[0]["ruleId"], &place["region"]["startLine"]), (&"send-file".into(), &31.into()));
    let levels: Vec<&Value> = [0, 28].map(|at| &results[at]["level"]).to_vec();
    assert_eq!(levels, ["error", "warning"]);
    let rules: Vec<&str> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(rules, ["send-file", "yaml-load"]);
    assert_eq!(run["properties"]["clusters"][1]["trigger"], "from halden.common import settings");
    let told = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(told[0]["message"]["text"].as_str().unwrap().starts_with("Incomplete: 3 pieces"));
    assert_eq!(told.len(), 1 + 3 + 1);
}

#[test]
fn a_trigger_cannot_put_a_link_into_a_message() {
    let text = "[click](https://example.invalid)";
    for log in [sarif::scan(&sample::hostile(text)), sarif::audit(&sample::audit::hostile(text))] {
        assert!(!log.unwrap().contains("]("));
    }
}

/// The schema of the OASIS standard, which the crate serde-sarif is generated from and carries.
fn standard() -> std::path::PathBuf {
    let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
    let told = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let package = told["packages"].as_array().unwrap().iter().find(|package| package["name"] == "serde-sarif").unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).with_file_name("src").join("schema.json")
}
