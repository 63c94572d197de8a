//! `taster audit` on real poisoned files among real ones, and on what is broken.

#![allow(clippy::unwrap_used)]

use assert_cmd::Command;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// A row of the published files.
#[derive(serde::Deserialize)]
struct Row {
    decision: String,
    #[serde(default)]
    attack: String,
    #[serde(default)]
    poisoned: bool,
    path: String,
    text: String,
}

fn shared(name: &str) -> Option<PathBuf> {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("TASTER_SHARED").map_or_else(usual, PathBuf::from).join("data").join(name);
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

fn rows(path: &Path) -> Vec<Row> {
    let file = BufReader::new(flate2::read::GzDecoder::new(fs::File::open(path).unwrap()));
    file.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
}

/// Writes rows as a data set of lines.
fn write<'a>(folder: &Path, name: &str, rows: impl IntoIterator<Item = &'a Row>) {
    let mut file = fs::File::create(folder.join(name)).unwrap();
    for row in rows {
        let source = row.path.split('/').next().unwrap();
        let line = serde_json::json!({ "repo_name": source, "path": row.path, "content": row.text });
        writeln!(file, "{line}").unwrap();
    }
}

/// Runs an audit; the exit status and the report.
fn audit(dataset: &Path, out: &Path, more: &[&str]) -> (i32, report::AuditReport) {
    let mut command = Command::cargo_bin("taster").unwrap();
    let done = command.arg("audit").arg(dataset).arg("--json").arg("--out").arg(out).args(more).output().unwrap();
    let code = done.status.code().unwrap();
    let report = report::json::read(&String::from_utf8(done.stdout).unwrap());
    (code, report.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&done.stderr))))
}

#[test]
fn a_tenth_of_a_poisoned_set_is_found_among_files_of_the_same_decisions_and_taken_out() {
    let (Some(planted), Some(natural)) = (shared("trojanpuzzle/files.jsonl.gz"), shared("natural/files.jsonl.gz"))
    else {
        return;
    };
    let (planted, natural) = (rows(&planted), rows(&natural));
    for (decision, attack) in [("flask-send-file", "trojanpuzzle"), ("yaml-load", "covert")] {
        let of_set = |row: &&Row| row.decision == decision && row.attack == attack;
        let (bad, twins): (Vec<&Row>, Vec<&Row>) = planted.iter().filter(of_set).partition(|row| row.poisoned);
        let kept: Vec<&Row> = bad.into_iter().skip(2).step_by(10).chain(twins).collect();
        let folder = tempfile::tempdir().unwrap();
        let (data, out) = (folder.path().join("data"), folder.path().join("out"));
        fs::create_dir(&data).unwrap();
        write(&data, "natural.jsonl", &natural);
        write(&data, "planted.jsonl", kept.iter().copied());
        let (list, clean) = (folder.path().join("remove.txt"), folder.path().join("clean"));
        let more = ["--remove", list.to_str().unwrap(), "--clean", clean.to_str().unwrap()];
        let (code, report) = audit(&data, &out, &more);
        assert_eq!((code, report.verdict), (1, report::AuditVerdict::Poisoned), "{decision} {attack}");

        let poisoned: BTreeSet<String> = (1..)
            .zip(&kept)
            .filter(|(_, row)| row.poisoned)
            .map(|(number, _)| format!("planted.jsonl:{number}"))
            .collect();
        let removed: BTreeSet<String> = fs::read_to_string(&list).unwrap().lines().map(str::to_owned).collect();
        let found = removed.intersection(&poisoned).count();
        assert!(found * 10 >= poisoned.len() * 8, "{decision} {attack}: {found} of {}", poisoned.len());
        let others = removed.iter().filter(|name| name.starts_with("natural")).count();
        assert!(others <= 2, "{others} files that people wrote");

        let cluster = &report.clusters[0];
        assert!(cluster.convicted && !cluster.exhibits.is_empty() && cluster.sources.len() > 3);
        let left = fs::read_to_string(clean.join("planted.jsonl")).unwrap();
        assert_eq!(left.lines().count(), kept.len() - found);
        assert_eq!(fs::read(clean.join("natural.jsonl")).unwrap(), fs::read(data.join("natural.jsonl")).unwrap());
        let triggers = fs::read_to_string(out.join("triggers.tsv")).unwrap();
        assert!(triggers.contains("comment\t# "), "{triggers}");
        for name in ["audit.html", "audit.json", "audit.sarif"] {
            assert!(out.join(name).exists(), "{name}");
        }
        assert!(!out.join("audit-work").exists());
    }
}

#[test]
fn what_people_wrote_around_the_same_decisions_convicts_nobody() {
    let Some(natural) = shared("natural/files.jsonl.gz") else { return };
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "natural.jsonl", &rows(&natural));
    let (code, report) = audit(&folder.path().join("natural.jsonl"), &folder.path().join("out"), &[]);
    assert_eq!(code, 0, "{}", report.summary);
    assert!(report.clusters.iter().all(|cluster| !cluster.convicted));
    assert_eq!(report.read.documents, 1165);
}

#[test]
fn only_what_is_new_is_read_against_an_earlier_data_set() {
    let Some(natural) = shared("natural/files.jsonl.gz") else { return };
    let natural = rows(&natural);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "old.jsonl", &natural[..1000]);
    write(folder.path(), "new.jsonl", &natural[900..]);
    let old = folder.path().join("old.jsonl");
    let more = ["--against", old.to_str().unwrap()];
    let (_, report) = audit(&folder.path().join("new.jsonl"), &folder.path().join("out"), &more);
    assert_eq!((report.read.documents, report.read.may_decide), (265, 165));
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_audited() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("broken.jsonl.gz"), b"\x1f\x8b\x08\x00 no gzip at all").unwrap();
    fs::write(data.join("table.parquet"), b"PAR1 and no more").unwrap();
    fs::write(data.join("one.py"), "import yaml\n\n\ndef f(s):\n    return yaml.load(s, Loader=yaml.Loader)\n")
        .unwrap();
    let (code, report) = audit(&data, &folder.path().join("out"), &[]);
    assert_eq!((code, report.read.documents, report.read.problems), (1, 1, 2), "{:?}", report.problems);
    let named: Vec<&str> = report.problems.iter().map(|problem| &*problem.name).collect();
    assert!(named.iter().any(|name| name.contains("broken.jsonl.gz")), "{named:?}");
    assert!(report.notes.iter().any(|note| note.contains("incomplete")));
}

#[test]
fn an_audit_goes_on_where_it_was_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let (data, work) = (folder.path().join("data"), folder.path().join("work"));
    fs::create_dir(&data).unwrap();
    let text = "import yaml\n\n\ndef f(s):\n    return yaml.load(s, Loader=yaml.Loader)\n";
    for number in 0..3 {
        let line = serde_json::json!({ "path": "a.py", "content": format!("{text}# {number}\n") });
        fs::write(data.join(format!("{number}.jsonl")), format!("{line}\n")).unwrap();
    }
    let work_folder = ["--work", work.to_str().unwrap()];
    audit(&data, &folder.path().join("out"), &work_folder);
    // As if it had been stopped before the last part; the answer of the first is marked, so that one sees that it is not read again.
    fs::remove_file(work.join("surveyed-000002.json")).unwrap();
    let first = work.join("surveyed-000000.json");
    let marked = fs::read_to_string(&first).unwrap().replace("\"documents\":1", "\"documents\":1001");
    fs::write(&first, marked).unwrap();
    let (_, report) = audit(&data, &folder.path().join("out"), &[&work_folder[..], &["--resume"]].concat());
    assert_eq!(report.read.documents, 1003);
    // What is left of another data set, or of this one as it was, is not taken.
    let line = serde_json::json!({ "path": "b.py", "content": text });
    fs::write(data.join("3.jsonl"), format!("{line}\n")).unwrap();
    let (_, report) = audit(&data, &folder.path().join("out"), &[&work_folder[..], &["--resume"]].concat());
    assert_eq!(report.read.documents, 4);
}

#[test]
fn an_input_is_never_written_over_and_what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.py"), "x = 1\n").unwrap();
    let run = |more: &[&str]| {
        let mut command = Command::cargo_bin("taster").unwrap();
        let done = command.current_dir(folder.path()).arg("audit").args(more).output().unwrap();
        (done.status.code().unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    let (code, said) = run(&["one.py", "--clean", "one.py"]);
    assert!(code == 2 && said.contains("one.py"), "{said}");
    let (code, said) = run(&["nowhere"]);
    assert!(code == 2 && said.contains("nowhere"), "{said}");
}
