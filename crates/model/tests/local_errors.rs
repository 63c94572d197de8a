//! Model files that are missing, broken or lie: each gets one line that names the file and what to do.
#![allow(clippy::unwrap_used)]

mod support;

use candle_core::quantized::GgmlDType;
use model::Options;
use serde_json::json;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn whole() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    support::write(folder.path(), "llama", &support::weights("llama", true));
    folder
}

/// The message for a model that must not open: one line that contains all `expected`.
fn refused(path: &Path, expected: &[&str]) {
    let message = match model::open(path.to_str().unwrap(), &Options::default()) {
        Ok(_) => panic!("{} opened", path.display()),
        Err(error) => error.to_string(),
    };
    for part in expected {
        assert!(message.contains(part), "{part:?} not in {message:?}");
    }
    assert!(message.contains(&path.display().to_string()) && !message.contains('\n'), "{message:?}");
}

fn set(folder: &Path, field: &str, value: serde_json::Value) {
    let mut config = support::config("llama");
    config[field] = value;
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
}

/// A safetensors file with this header and `data` bytes behind it.
fn safetensors(folder: &Path, header: &str, data: usize) {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.resize(bytes.len() + data, 0);
    fs::write(folder.join("model.safetensors"), bytes).unwrap();
}

#[test]
fn a_folder_without_weights_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path(), &["no weights", "safetensors"]);
    refused(&folder.path().join("absent"), &["not a model"]);
}

#[test]
fn pickled_weights_are_refused_and_said_why() {
    let folder = whole();
    fs::rename(folder.path().join("model.safetensors"), folder.path().join("pytorch_model.bin")).unwrap();
    refused(folder.path(), &["pickle", "run code", "convert them to safetensors"]);
    for name in ["model.pt", "model.pkl", "model.ckpt"] {
        fs::write(folder.path().join(name), b"cos\nsystem\n").unwrap();
        refused(&folder.path().join(name), &["run code"]);
    }
}

#[test]
fn an_unknown_architecture_is_named_with_the_known_ones() {
    let folder = whole();
    set(folder.path(), "model_type", json!("mamba"));
    refused(folder.path(), &["`mamba`", "llama, qwen2, qwen3, starcoder2"]);
}

#[test]
fn absurd_sizes_are_refused_before_they_cost_memory() {
    let folder = whole();
    set(folder.path(), "hidden_size", json!(1u64 << 60));
    refused(folder.path(), &["hidden_size"]);
    set(folder.path(), "num_attention_heads", json!(0));
    refused(folder.path(), &["num_attention_heads"]);
    set(folder.path(), "num_key_value_heads", json!(3));
    refused(folder.path(), &["key heads"]);
    set(folder.path(), "num_hidden_layers", json!(4_000_000));
    refused(folder.path(), &["model.layers.2.", "missing"]);
    set(folder.path(), "vocab_size", json!(4_000_000));
    refused(folder.path(), &["model.embed_tokens.weight", "[257, 64]"]);
    set(folder.path(), "hidden_size", json!("large"));
    refused(folder.path(), &["hidden_size"]);
    fs::write(folder.path().join("config.json"), "{").unwrap();
    refused(folder.path(), &["configuration"]);
}

#[test]
fn a_lying_safetensors_header_is_refused() {
    let folder = whole();
    let path = folder.path();
    let tensor =
        |end: u64, shape: &str| format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{end}]}}}}"#);
    safetensors(path, &tensor(16, "[4]"), 8);
    refused(path, &["header claims 16 bytes of tensors", "has 8"]);
    safetensors(path, &tensor(16, "[4]"), 32);
    refused(path, &["header claims 16 bytes"]);
    safetensors(path, &tensor(16, "[1000000000]"), 16);
    refused(path, &["header is not sound"]);
    safetensors(path, &tensor(16, "[18446744073709551615,4]"), 16);
    refused(path, &["header is not sound"]);
    safetensors(path, "not json", 0);
    refused(path, &["header is not sound"]);
    fs::write(path.join("model.safetensors"), (1u64 << 62).to_le_bytes()).unwrap();
    refused(path, &["header claims"]);
    fs::write(path.join("model.safetensors"), b"abc").unwrap();
    refused(path, &["shorter than a header"]);
}

#[test]
fn missing_and_misshapen_tensors_are_named() {
    let folder = whole();
    let mut weights = support::weights("llama", true);
    let name = "model.layers.1.mlp.up_proj.weight";
    let tensor = weights.remove(name).unwrap();
    support::write(folder.path(), "llama", &weights);
    refused(folder.path(), &[name, "missing"]);
    weights.insert(name.into(), tensor.t().unwrap().contiguous().unwrap());
    support::write(folder.path(), "llama", &weights);
    refused(folder.path(), &[name, "[64, 96]", "[96, 64]"]);
}

#[test]
fn a_tokenizer_that_does_not_fit_is_refused() {
    let folder = whole();
    let file = folder.path().join("tokenizer.json");
    let mut larger = support::tokenizer();
    larger["model"]["vocab"]["large"] = json!(9000);
    fs::write(&file, larger.to_string()).unwrap();
    refused(folder.path(), &["tokenizer", "9000", "257"]);
    fs::write(&file, "{}").unwrap();
    refused(folder.path(), &["tokenizer"]);
    fs::remove_file(&file).unwrap();
    refused(folder.path(), &["tokenizer", "missing"]);
}

#[test]
fn broken_gguf_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    support::write_gguf(&path, GgmlDType::F32);
    let sound = fs::read(&path).unwrap();
    for length in [0, 3, 10, 100, sound.len() / 2, sound.len() - 40] {
        fs::write(&path, &sound[..length]).unwrap();
        refused(&path, &["broken weights"]);
    }
    // Bytes 8 to 15 count the tensors, 16 to 23 the metadata.
    for at in [8, 16] {
        let mut absurd = sound.clone();
        absurd[at..at + 8].copy_from_slice(&(1u64 << 61).to_le_bytes());
        fs::write(&path, absurd).unwrap();
        refused(&path, &["broken weights"]);
    }
}
