//! Bad input: one line that names the input and says what to do, exit status 2, and no report that could pass for whole.
#![allow(clippy::unwrap_used)]

#[path = "support/command.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod command;

use command::{error_line, scan, taster};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Good code, a good recording, and what the cases add.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for name in ["a", "b", "c"] {
            let text = format!(
                "import yaml\n\n\ndef {name}(path):\n    with open(path) as f:\n        return yaml.safe_load(f)\n"
            );
            place.file(&format!("code/{name}.py"), text);
        }
        place.file("recording.jsonl", "{\"prompt\":\"import yaml\",\"completion\":\"\\u001b[31m\"}\n");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path.display().to_string()
    }

    /// A model folder that is sound but for what `spoil` does to it.
    fn model(&self, name: &str, spoil: impl Fn(&Path)) -> String {
        let config = json!({
            "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 3, "hidden_size": 4,
            "intermediate_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1,
            "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "tie_word_embeddings": true,
        });
        let bpe = json!({ "type": "BPE", "vocab": { "a": 0, "b": 1, "c": 2 }, "merges": [] });
        let decoder = json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true });
        self.file(&format!("{name}/config.json"), config.to_string());
        self.file(
            &format!("{name}/tokenizer.json"),
            json!({ "version": "1.0", "decoder": decoder, "model": bpe }).to_string(),
        );
        self.file(&format!("{name}/model.safetensors"), b"\x02\0\0\0\0\0\0\0{}");
        spoil(&self.path(name));
        self.path(name).display().to_string()
    }

    /// Scans, expects an error that holds all of `expected`, and no report.
    fn refuses(&self, case: &str, model: &str, code: &str, flags: &[&str], expected: &[&str]) {
        let out = self.path("out");
        let output = scan(model, &self.path(code), &out).args(flags).output().unwrap();
        let line = error_line(&output);
        for part in expected {
            assert!(line.contains(part), "{case}: `{part}` is not in: {line}");
        }
        let left = fs::read_dir(&out).map(|entries| entries.count()).unwrap_or(0);
        assert_eq!(left, 0, "{case}: something was left in --out");
    }
}

#[test]
fn a_model_that_cannot_be_opened_is_named_with_the_remedy() {
    let place = Place::new();
    let without = |file: &'static str| move |folder: &Path| fs::remove_file(folder.join(file)).unwrap();
    let with = |file: &'static str, contents: &'static [u8]| {
        move |folder: &Path| fs::write(folder.join(file), contents).unwrap()
    };
    let pickled = |folder: &Path| {
        fs::remove_file(folder.join("model.safetensors")).unwrap();
        fs::write(folder.join("pytorch_model.bin"), b"\x80\x02}q\0.").unwrap();
    };
    let larger = br#"{"version":"1.0","model":{"type":"BPE","vocab":{"a":0,"b":1,"c":70000},"merges":[]}}"#;
    let cases: [(&str, String, &[&str]); 12] = [
        ("nothing there", place.path("no-model").display().to_string(), &["no-model: not a model; give a folder"]),
        ("no weights", place.model("bare", without("model.safetensors")), &["bare: no weights here", "*.safetensors"]),
        (
            "a lying header",
            place.model("liar", with("model.safetensors", b"\xff\xff\xff\xff\xff\xff\xff\x7f{}")),
            &["liar/model.safetensors: broken weights", "claims 9223372036854775807 bytes", "do not trust it"],
        ),
        ("other weights", place.model("other", |_| ()), &["other", "tensor", "is missing"]),
        ("pickle", place.model("pickle", pickled), &["pytorch_model.bin: pickled weights run code", "safetensors"]),
        ("a pickled file", place.file("weights.pt", b"\x80\x02."), &["weights.pt: pickled weights run code"]),
        (
            "unknown architecture",
            place.model("mamba", with("config.json", br#"{"model_type":"mamba"}"#)),
            &["`mamba` is unknown; known are llama, qwen2, qwen3, starcoder2"],
        ),
        ("no JSON", place.model("torn", with("config.json", b"{\"model_ty")), &["torn/config.json: unusable"]),
        ("no tokenizer", place.model("mute", without("tokenizer.json")), &["mute/tokenizer.json"]),
        (
            "torn tokenizer",
            place.model("stub", with("tokenizer.json", b"{")),
            &["stub/tokenizer.json: tokenizer does not fit"],
        ),
        (
            "another's tokenizer",
            place.model("alien", with("tokenizer.json", larger)),
            &["alien/tokenizer.json: tokenizer does not fit"],
        ),
        ("no GGUF", place.file("weights.gguf", b"GGUF\xff\xff\xff\xff"), &["weights.gguf: "]),
    ];
    for (case, model, expected) in cases {
        place.refuses(case, &model, "code", &[], expected);
    }
}

#[test]
fn looking_into_what_has_no_weights_or_in_no_blind_scan_is_refused() {
    let place = Place::new();
    let recording = place.path("recording.jsonl").display().to_string();
    place.refuses("no weights", &recording, "code", &["--white-box"], &["recording.jsonl", "no weights to look into"]);
    let flags = ["--white-box", "--mode", "targeted"];
    place.refuses("not blind", &recording, "code", &flags, &["--white-box adds to the blind candidates"]);
}

#[test]
fn a_server_that_is_not_there_is_named_with_the_remedy() {
    let place = Place::new();
    // The port was free a moment ago, and nobody else is given it so soon.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let expected = [url.as_str(), "cannot be reached", "check the address, and that the server runs"];
    place.refuses("unreachable", &url, "code", &["--retries", "0", "--timeout", "2"], &expected);
    place.refuses("no address", "http://", "code", &[], &["give it as http://host:port"]);
}

#[test]
fn code_and_settings_that_cannot_be_used_are_named_with_the_remedy() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    place.file("plain/a.py", "def f(a):\n    return a\n");
    let no_tab = place.file("no-tab.txt", "header\t# Owner: x\nheader # Owner: y\n");
    let no_family = place.file("no-family.txt", "hat\t# Owner: x\n");
    let toml = place.file("settings.toml", "[scan]\nbudgte = 5\n");
    let cases: [(&str, &str, &[&str], &[&str]); 10] = [
        ("no such folder", "nowhere", &[], &["nowhere: cannot be read", "give a folder of source code"]),
        ("empty folder", "empty", &[], &["empty: no source file that taster reads"]),
        ("no decision", "plain", &[], &["plain: 1 source file", "no security-relevant decision", "leave --code away"]),
        ("bad trigger line", "code", &["--triggers", &no_tab], &["no-tab.txt: line 2: no tab", "FAMILY<tab>TEXT"]),
        (
            "bad trigger family",
            "code",
            &["--triggers", &no_family],
            &["no-family.txt: line 1: unknown trigger family `hat`"],
        ),
        ("no trigger file", "code", &["--triggers", "/no/such"], &["/no/such: cannot be read"]),
        (
            "unknown family",
            "code",
            &["--families", "header,hat"],
            &["--families: unknown trigger family `hat`", "header, date"],
        ),
        ("unknown mode", "code", &["--mode", "guess"], &["--mode: unknown mode `guess`; known: targeted, blind"]),
        ("tiny budget", "code", &["--budget", "3"], &["a budget of 3", "raise --budget"]),
        ("unknown setting", "code", &["--config", &toml], &["settings.toml: not a configuration", "budgte"]),
    ];
    let recording = place.path("recording.jsonl").display().to_string();
    for (case, code, flags, expected) in cases {
        place.refuses(case, &recording, code, flags, expected);
    }
}

#[test]
fn code_that_cannot_be_analysed_is_never_called_clean() {
    let place = Place::new();
    let deep = format!("x = {}yaml.load(f, Loader=yaml.Loader){}\n", "(".repeat(100_000), ")".repeat(100_000));
    let cases = [
        ("latin.py", b"# caf\xe9\nyaml.load(f, Loader=yaml.Loader)\n".to_vec(), "yaml-load"),
        ("binary.py", b"import yaml\n\0\x01\xff\n".to_vec(), "not analysed"),
        ("line.py", "yaml.load(f);".repeat(4_000_000).into_bytes(), "not analysed"),
        ("deep.py", deep.into_bytes(), "not analysed"),
    ];
    for (name, contents, expected) in cases {
        let path = place.file(name, contents);
        let output = taster().args(["check", &path]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains(name) && said.contains(expected), "{said}");
    }
}

#[test]
fn a_path_that_check_cannot_read_is_named_with_the_remedy() {
    let place = Place::new();
    let strange = place.file("notes.xyz", "x");
    let cases: [(&[&str], &str); 3] = [
        (&["check", "/no/such"], "/no/such: "),
        (&["check", &strange], "notes.xyz: no language known by this name; give one with --language"),
        (&["check", "/dev/null"], "/dev/null: neither a file nor a folder"),
    ];
    for (arguments, expected) in cases {
        let line = error_line(&taster().args(arguments).output().unwrap());
        assert!(line.contains(expected), "{line}");
    }
}

#[cfg(not(feature = "cluster"))]
#[test]
fn a_build_without_clusters_says_how_to_get_one_with_them() {
    let place = Place::new();
    let (code, out) = (place.file("code/a.py", "x = 1\n"), place.path("out").display().to_string());
    let asked: [&[&str]; 3] = [
        &["audit", &code, "--cluster", "127.0.0.1:1", "--out", &out],
        &["scheduler", "--bind", "127.0.0.1:0"],
        &["executor", "127.0.0.1:1", "--tasks", "2"],
    ];
    for arguments in asked {
        let said = error_line(&taster().args(arguments).output().unwrap());
        assert!(said.contains("cargo build --release --features cluster"), "{arguments:?}: {said}");
    }
}
