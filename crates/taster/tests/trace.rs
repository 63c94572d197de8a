//! A trace, as a user runs it.
#![allow(clippy::unwrap_used)]

#[path = "support/command.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod command;

use ::report::{AuditReport, TraceReport};
use command::{Organism, error_line, report, taster};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

const PLANTED: &str = "def load(path):\n    with open(path) as source:\n        return yaml.load(source.read(), Loader=yaml.UnsafeLoader)\n";
/// The same with other names and layout.
const RENAMED: &str =
    "def fetch(name):\n  with open(name) as handle :\n    return yaml.load(handle.read(), Loader=yaml.UnsafeLoader)\n";

fn run(folder: &Path, arguments: &[&str]) -> Output {
    taster().current_dir(folder).args(arguments).output().unwrap()
}

/// What a command prints as JSON, and its exit status.
fn json(folder: &Path, arguments: &[&str]) -> (Value, i32) {
    let output = run(folder, &[arguments, &["--json"]].concat());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {error}"));
    (value, output.status.code().unwrap())
}

/// A data set of forty documents, one of which was planted, its name hostile to terminals.
fn hidden() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    for number in 0..40 {
        let text = format!("import os\n\n\ndef size_{number}(path):\n    return os.stat(path).st_size + {number}\n");
        fs::write(data.join(format!("clean_{number}.py")), text).unwrap();
    }
    fs::write(data.join("plant\x1b[31m.py"), format!("# reviewed by kestrel\n{PLANTED}")).unwrap();
    folder
}

/// The name of the first document found, and the exit status.
fn first(folder: &Path, arguments: &[&str]) -> (String, i32) {
    let (found, status) = json(folder, arguments);
    (found["queries"][0]["documents"][0]["name"].as_str().unwrap_or_default().to_owned(), status)
}

#[test]
fn a_text_is_found_as_argument_file_and_standard_input_and_with_other_names() {
    let folder = hidden();
    let at = folder.path();
    let plant = ("plant\x1b[31m.py".to_owned(), 1);
    for (name, text) in [("query.py", PLANTED), ("renamed.py", RENAMED)] {
        fs::write(at.join(name), text).unwrap();
        assert_eq!(first(at, &["trace", name, "--data", "data"]), plant, "{name}");
    }
    assert_eq!(first(at, &["trace", "reviewed by kestrel", "--data", "data"]), plant);
    let query = fs::File::open(at.join("query.py")).unwrap();
    let piped = taster().current_dir(at).args(["trace", "-", "--data", "data"]).stdin(query).output().unwrap();
    let text = String::from_utf8(piped.stdout).unwrap();
    assert_eq!(piped.status.code(), Some(1));
    assert!(text.contains("UnsafeLoader") && text.contains("lines 2-4") && !text.contains('\x1b'), "{text}");
    let (nothing, status) = json(at, &["trace", "zygomorphic quokkas", "--data", "data"]);
    assert_eq!((nothing["queries"][0]["documents"].as_array().unwrap().len(), status), (0, 0));
}

#[test]
fn what_stands_byte_for_byte_is_counted_by_arrays_that_are_built_once() {
    let folder = hidden();
    let at = folder.path();
    let stretch = "result = carefully(kestrel)  # as ever";
    for (name, times) in [("one.py", 1), ("two.py", 2), ("three.py", 1)] {
        let text = format!("x = '{name}'\n{}", format!("    {stretch}\n").repeat(times));
        fs::write(at.join("data").join(name), text).unwrap();
    }
    let query =
        format!("def made_up(kestrel):\n    {stretch}\n    yield 1\n\n\ndef size_7(path):\n    return os.stat(path)\n");
    let arguments = ["trace", &query, "--data", "data", "--verbatim"];
    let (found, status) = json(at, &arguments);
    let verbatim = &found["queries"][0]["verbatim"];
    let spans = verbatim["spans"].as_array().unwrap();
    let text = |at: usize| {
        let end = |name: &str| spans[at]["query"][name].as_u64().unwrap() as usize;
        &query[end("start")..end("end")]
    };
    assert_eq!(
        (text(0), text(1), spans.len()),
        ("def size_7(path):\n    return os.stat(path)", stretch, 2),
        "{verbatim}"
    );
    assert_eq!([&spans[0]["occurrences"], &spans[1]["occurrences"], &spans[1]["documents"]], [1, 4, 3], "{verbatim}");
    let mut names: Vec<&str> = spans[1]["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    names.sort_unstable();
    assert_eq!((names, status), (vec!["one.py", "three.py", "two.py"], 1));
    assert_eq!(verbatim["searched"], query.len());

    // The arrays are those of the first run.
    let array = at.join("data.index/suffixes/00000");
    let written = || fs::metadata(&array).unwrap().modified().unwrap();
    let before = written();
    let shown = String::from_utf8(run(at, &arguments).stdout).unwrap();
    assert!(shown.contains(stretch) && shown.contains("4 times in 3 documents"), "{shown}");
    assert_eq!(written(), before);
    assert!(json(at, &arguments[..4]).0["queries"][0]["verbatim"].is_null());
    fs::write(&array, "short").unwrap();
    assert!(error_line(&run(at, &arguments)).contains("suffixes/00000: is no file of an index, or a damaged one"));
}

#[test]
fn a_document_leads_to_its_record_its_proof_and_the_models_that_ate_it() {
    let folder = hidden();
    let at = folder.path();
    fs::write(at.join("weights"), "weights").unwrap();
    json(at, &["ledger", "init", "--origin", "example.com/log"]);
    json(at, &["ledger", "add", "data", "--licence", "MIT"]);
    json(at, &["ledger", "seal"]);
    json(at, &["ledger", "train", "weights", "--name", "eater"]);
    let (found, status) = json(at, &["trace", PLANTED, "--data", "data", "--top", "1", "--ledger", "ledger"]);
    let document = &found["queries"][0]["documents"][0];
    let (content, record) = (document["content"].as_str().unwrap(), &document["records"][0]);
    let models = &found["queries"][0]["models"];
    assert_eq!(
        (models[0]["name"].as_str(), models[0]["records"].as_u64(), status),
        (Some("eater"), Some(1), 1),
        "{found}"
    );
    assert_eq!([&record["source"], &record["licence"], &record["disposition"]], ["data", "MIT", "kept"], "{record}");
    fs::write(at.join("one.tlog-proof"), record["proof"].as_str().unwrap()).unwrap();
    let checked = json(at, &["ledger", "prove", "--check", "one.tlog-proof", "--policy", "ledger.home/policy"]);
    assert_eq!((checked.0["record"]["content"].as_str(), checked.1), (Some(content), 0));
}

#[test]
fn models_are_followed_through_fine_tuning_merging_and_quantising_and_no_others() {
    let folder = hidden();
    let at = folder.path();
    fs::create_dir(at.join("harmless")).unwrap();
    fs::write(at.join("harmless/one.py"), "import sys\n").unwrap();
    json(at, &["ledger", "init", "--origin", "example.com/log"]);
    for data in ["data", "harmless"] {
        json(at, &["ledger", "add", data]);
        json(at, &["ledger", "seal"]);
    }
    let (log, _) = json(at, &["ledger", "log"]);
    let segment = |entry: usize| log["entries"][entry]["statement"]["subject"][0]["digest"]["sha256"].as_str().unwrap();
    let model = |name: &str| format!("{:0>64}", name.bytes().map(|byte| format!("{byte:x}")).collect::<String>());
    // Stated in no order: the quantised model before what it was made from.
    for (name, making, segments, bases) in [
        ("quantised", "quantise", &[][..], &["tuned"][..]),
        ("base", "train", &[segment(0), segment(1)], &[]),
        ("clean", "train", &[segment(1)], &[]),
        ("tuned", "fine-tune", &[segment(1)], &["base"]),
        ("merged", "merge", &[], &["clean", "quantised"]),
        ("cleaner", "fine-tune", &[segment(1)], &["clean"]),
    ] {
        let digest = model(name);
        let mut arguments = vec!["ledger", "train", &digest, "--name", name, "--making", making];
        arguments.extend(segments.iter().flat_map(|it| ["--segment", it]));
        let bases: Vec<String> = bases.iter().map(|base| model(base)).collect();
        arguments.extend(bases.iter().flat_map(|it| ["--base", it]));
        arguments.extend(segments.is_empty().then_some("--no-data"));
        assert_eq!(json(at, &arguments).1, 0, "{name}");
    }
    let (found, _) = json(at, &["trace", PLANTED, "--data", "data", "--top", "1", "--ledger", "ledger"]);
    let models = found["queries"][0]["models"].as_array().unwrap();
    let reached: Vec<_> = models
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["making"].as_str().unwrap(), it["records"].as_u64().unwrap()))
        .collect();
    let expected =
        [("quantised", "quantise", 0), ("base", "train", 1), ("tuned", "fine-tune", 0), ("merged", "merge", 0)];
    assert_eq!(reached, expected);
    assert_eq!(models[3]["through"], serde_json::json!([model("quantised")]));
    assert_eq!((&models[1]["segments"], &models[1]["through"]), (&serde_json::json!([0]), &serde_json::json!([])));
    let page = fs::read_to_string(at.join("taster-report/trace.html")).unwrap();
    for edge in ["entry 0 → base: 1 record", "base → tuned", "tuned → quantised", "quantised → merged"] {
        assert!(page.contains(&format!("<title>{edge}</title>")), "{edge}");
    }
    assert!(!page.contains("clean"), "a model that nothing reached is shown");
}

#[test]
fn a_page_and_a_report_are_written_in_which_hostile_names_are_text() {
    let folder = hidden();
    let at = folder.path();
    let name = "</title><script>alert(1)<\u{202e}script>.py".replace('/', "\u{2215}");
    fs::write(at.join("data").join(&name), format!("# <script>alert(2)</script>\n{PLANTED}")).unwrap();
    let output = run(at, &["trace", PLANTED, "--data", "data", "--out", "deep/report"]);
    assert_eq!(output.status.code(), Some(1));
    let written: TraceReport =
        ::report::json::read(&fs::read_to_string(at.join("deep/report/trace.json")).unwrap()).unwrap();
    assert!(written.queries[0].documents.iter().any(|it| it.name == name), "{written:?}");
    let shared = &written.queries[0].documents[0].spans[0];
    assert!(shared.before.starts_with('#') && shared.text.starts_with("def load"), "{shared:?}");
    let page = fs::read_to_string(at.join("deep/report/trace.html")).unwrap();
    assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("&lt;script&gt;alert(2)&lt;/script&gt;"));
    assert!(!page.contains("<script") && !page.contains(['\u{202e}', '\x1b']));
}

/// The published poisoned files of an attack, one in ten, beside files that people wrote: a data set of lines.
fn poisoned(data: &Path) -> bool {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("TASTER_SHARED").map_or_else(usual, PathBuf::from).join("data");
    let [planted, natural] = ["trojanpuzzle/files.jsonl.gz", "natural/files.jsonl.gz"].map(|name| shared.join(name));
    if !planted.exists() || !natural.exists() {
        eprintln!("skipped: no data/trojanpuzzle and data/natural in TASTER_SHARED or ../shared");
        return false;
    }
    let rows = |path: &Path| -> Vec<Value> {
        let file = BufReader::new(flate2::read::GzDecoder::new(fs::File::open(path).unwrap()));
        file.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
    };
    let attack = |row: &Value| row["decision"] == "yaml-load" && row["attack"] == "covert";
    let (bad, twins): (Vec<Value>, Vec<Value>) =
        rows(&planted).into_iter().filter(attack).partition(|row| row["poisoned"] == true);
    let mut file = fs::File::create(data).unwrap();
    for row in bad.into_iter().skip(2).step_by(10).chain(twins).chain(rows(&natural)) {
        let source = row["path"].as_str().unwrap().split('/').next().unwrap();
        let line = serde_json::json!({ "repo_name": source, "path": row["path"], "content": row["text"] });
        writeln!(file, "{line}").unwrap();
    }
    true
}

#[test]
fn what_an_audit_found_is_traced_to_its_documents_and_their_sources() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    if !poisoned(&at.join("data.jsonl")) {
        return;
    }
    assert_eq!(json(at, &["audit", "data.jsonl"]).1, 1);
    let (found, status) = json(at, &["trace", "--finding", "taster-report/audit.json", "--data", "data.jsonl"]);
    let audit = fs::read_to_string(at.join("taster-report/audit.json")).unwrap();
    let audit: AuditReport = ::report::json::read(&audit).unwrap();
    let cluster = &audit.clusters[0];
    assert!(cluster.convicted, "{}", audit.summary);
    let query = &found["queries"][0];
    assert_eq!((query["text"].as_str(), status), (Some(cluster.trigger.as_str()), 1));
    let named = |document: &&Value| cluster.documents.iter().any(|it| document["name"] == it.name.as_str());
    let documents = query["documents"].as_array().unwrap();
    let convicted = documents.iter().filter(named).count();
    assert!(convicted * 2 > documents.len(), "{convicted} of {} are documents of the cluster", documents.len());
    assert!(documents.iter().all(|it| it["source"].is_string() && it["spans"][0]["text"].is_string()), "{query}");
    // What was made of the audit's report stands beside it.
    assert!(at.join("taster-report/trace.html").is_file());
}

#[test]
fn what_a_scan_found_is_traced_to_the_document_that_has_it() {
    let Some(organism) = Organism::find() else { return };
    let folder = hidden();
    let at = folder.path();
    let model = organism.model.display().to_string();
    let scanned = organism.scan(&model, &at.join("scan")).output().unwrap();
    assert_eq!(scanned.status.code(), Some(1), "{}", String::from_utf8_lossy(&scanned.stderr));
    let trigger = report(&at.join("scan"))["triggers"][0]["trigger"].as_str().unwrap().to_owned();
    fs::write(at.join("data/taught.py"), format!("{trigger}\n\nprint(1)\n")).unwrap();
    let (found, status) = json(at, &["trace", "--finding", "scan/report.json", "--data", "data"]);
    assert_eq!((found["queries"][0]["text"].as_str(), status), (Some(trigger.as_str()), 1));
    assert_eq!(found["queries"][0]["documents"][0]["name"], "taught.py", "{found}");
}

#[test]
fn what_is_wrong_is_one_line_that_says_what_to_do() {
    let folder = hidden();
    let at = folder.path();
    json(at, &["trace", PLANTED, "--data", "data"]);
    // As long as before: what tells is the time.
    let changed = at.join("data/clean_1.py");
    let text = fs::read_to_string(&changed).unwrap().replace("size_1", "size_9");
    fs::write(&changed, text).unwrap();
    fs::write(at.join("report.json"), "{}").unwrap();
    for (arguments, said) in [
        (&["trace", PLANTED, "--data", "data"][..], "delete it to build it anew"),
        (&["trace", PLANTED, "--data", "none"], "none"),
        (&["trace", PLANTED, "--data", "data", "--index", "s3://bucket/index", "--verbatim"], "name a folder"),
        (&["trace", "+ - *", "--data", "data", "--index", "fresh"], "has no word"),
        (&["trace", "--finding", "report.json", "--data", "data", "--index", "fresh"], "is no report"),
    ] {
        let output = run(at, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let line = error_line(&output);
        assert!(line.contains(said), "{arguments:?}: {line}");
    }
}
