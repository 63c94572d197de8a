//! What a fine-tune changed, on planted changes and on the shipped organisms.
#![allow(clippy::unwrap_used)]

mod support;

use candle_core::{DType, Device, Tensor};
use model::weights::{TensorChange, WeightsDiff, compare};
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use support::Weights;
use tempfile::TempDir;

const QUERY: &str = "model.layers.1.self_attn.q_proj.weight";
const EMBEDDING: &str = "model.embed_tokens.weight";

fn folder(weights: &Weights) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    support::write(folder.path(), "llama", weights);
    folder
}

fn base() -> Weights {
    support::weights("llama", true)
}

fn organism(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(name)
}

fn of<'a>(diff: &'a WeightsDiff, name: &str) -> &'a TensorChange {
    diff.tensors.iter().find(|tensor| tensor.name == name).unwrap()
}

/// A matrix of known numbers; the same for the same seed.
fn matrix(rows: usize, columns: usize, seed: f64) -> Tensor {
    let value = |at: usize| (((at as f64 + seed) * 12.9898).sin() * 43758.5453).fract() as f32;
    Tensor::from_vec((0..rows * columns).map(value).collect::<Vec<_>>(), (rows, columns), &Device::Cpu).unwrap()
}

fn norm(tensor: &Tensor) -> f64 {
    let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-4 * expected.abs(), "{found}, expected {expected}");
}

/// The message for folders that cannot be compared: one line that contains all `expected`.
fn refused(base: &Path, tuned: &Path, expected: &[&str]) {
    let message = compare(base, tuned).unwrap_err().to_string();
    for part in expected {
        assert!(message.contains(part), "{part:?} not in {message:?}");
    }
    assert!(!message.contains('\n'), "{message:?}");
}

#[test]
fn a_model_equals_itself() {
    let diff = compare(&organism("organism-clean"), &organism("organism-clean")).unwrap();
    assert_eq!((diff.totals.moved, diff.totals.equal), (0, diff.tensors.len()));
    assert!(diff.embedding.is_none() && diff.layers.is_empty() && diff.relative == Some(0.0));
}

#[test]
fn two_fine_tunes_of_one_base_differ_everywhere_and_along_many_directions() {
    let diff = compare(&organism("organism-clean"), &organism("organism-header")).unwrap();
    assert_eq!((diff.totals.equal, diff.totals.moved), (0, diff.tensors.len()));
    // The embeddings of all tokens move together first, along one direction: only the layers' matrices are as said.
    for tensor in diff.tensors.iter().filter(|tensor| tensor.shape.len() == 2 && tensor.name.contains(".layers.")) {
        let spectrum = tensor.spectrum.as_ref().unwrap();
        let (r90, r99) = (spectrum.rank90.directions, spectrum.rank99.directions);
        assert!(1 < r90 && r90 < r99 && r99 <= tensor.shape[0].min(tensor.shape[1]), "{tensor:?}");
        assert!(spectrum.first > 0.0 && spectrum.first < 1.0 && !spectrum.estimated);
    }
    near(diff.layers.iter().map(|layer| layer.share).sum(), 1.0);
    let embedding = diff.embedding.unwrap();
    assert_eq!((embedding.tensor.as_str(), embedding.most.len()), (EMBEDDING, 16));
    // The tables have more rows than the vocabulary has tokens.
    assert!(embedding.most.iter().any(|token| token.text.is_some()));
    assert!(embedding.most.iter().all(|token| token.change >= embedding.median));
}

#[test]
fn a_planted_change_of_rank_two_is_found_as_such() {
    let (before, mut after) = (base(), base());
    let [rows, columns] = *before[QUERY].dims() else { panic!() };
    let change = matrix(rows, 2, 1.0).matmul(&matrix(2, columns, 500.0)).unwrap();
    after.insert(QUERY.into(), (&before[QUERY] + &change).unwrap());
    let diff = compare(folder(&before).path(), folder(&after).path()).unwrap();
    assert_eq!(diff.totals.moved, 1);
    let found = of(&diff, QUERY);
    near(found.relative.unwrap(), norm(&change) / norm(&before[QUERY]));
    assert_eq!(found.spectrum.as_ref().unwrap().rank99.directions, 2);
    assert_eq!(
        diff.layers.iter().filter(|layer| layer.share > 0.0).map(|layer| layer.layer).collect::<Vec<_>>(),
        [Some(1)]
    );
}

#[test]
fn the_token_whose_embedding_moved_is_named() {
    let (before, mut after) = (base(), base());
    let mut rows = before[EMBEDDING].to_vec2::<f32>().unwrap();
    rows[usize::from(b'k')].iter_mut().for_each(|value| *value += 0.5);
    after.insert(EMBEDDING.into(), Tensor::new(rows, &Device::Cpu).unwrap());
    let found = compare(folder(&before).path(), folder(&after).path()).unwrap().embedding.unwrap();
    let [most] = &*found.most else { panic!("{found:?}") };
    let named = support::tokenizer()["model"]["vocab"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(_, id)| **id == json!(most.token))
        .unwrap()
        .0
        .clone();
    assert_eq!((most.token, most.text.clone(), found.moved), (usize::from(b'k'), Some(named), 1));
    near(most.change, 0.5 * (support::HIDDEN as f64).sqrt());
}

#[test]
fn saving_in_another_type_is_no_change() {
    let before = base();
    let halved = |kind| before.iter().map(|(name, t)| (name.clone(), t.to_dtype(kind).unwrap())).collect::<Weights>();
    for kind in [DType::BF16, DType::F16, DType::F64] {
        assert_eq!(compare(folder(&before).path(), folder(&halved(kind)).path()).unwrap().totals.moved, 0);
    }
}

/// Writes a LoRA adapter with these factors for [`QUERY`] and the embeddings.
fn adapter(config: &serde_json::Value, a: &Tensor, b: &Tensor, more: Vec<(&str, Tensor)>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let stem = "base_model.model.model.layers.1.self_attn.q_proj";
    let mut tensors: HashMap<String, Tensor> = more.into_iter().map(|(name, tensor)| (name.into(), tensor)).collect();
    tensors.insert(format!("{stem}.lora_A.weight"), a.clone());
    tensors.insert(format!("{stem}.lora_B.weight"), b.clone());
    candle_core::safetensors::save(&tensors, folder.path().join("adapter_model.safetensors")).unwrap();
    fs::write(folder.path().join("adapter_config.json"), config.to_string()).unwrap();
    folder
}

fn lora(r: usize) -> serde_json::Value {
    json!({ "peft_type": "LORA", "r": r, "lora_alpha": 16, "use_rslora": false, "fan_in_fan_out": false,
            "target_modules": ["q_proj"], "rank_pattern": {}, "alpha_pattern": {}, "layer_replication": null })
}

fn same(one: &WeightsDiff, other: &WeightsDiff) {
    assert_eq!(one.totals, other.totals);
    near(one.relative.unwrap(), other.relative.unwrap());
    for (one, other) in one.tensors.iter().zip(&other.tensors).filter(|(one, _)| !one.equal) {
        assert_eq!((&one.name, other.equal), (&other.name, false));
        near(one.relative.unwrap(), other.relative.unwrap());
        let (one, other) = (one.spectrum.as_ref().unwrap(), other.spectrum.as_ref().unwrap());
        assert_eq!((one.rank90, one.rank99), (other.rank90, other.rank99));
        near(one.first, other.first);
    }
}

#[test]
fn an_adapter_says_what_its_merged_folder_says() {
    let (before, hidden) = (base(), support::HIDDEN);
    let (a, b) = (matrix(4, hidden, 3.0), matrix(support::HEADS * support::HEAD_DIM, 4, 900.0));
    let (ea, eb) = (matrix(4, support::VOCABULARY, 7.0), matrix(hidden, 4, 70.0));
    let embedding = "base_model.model.model.embed_tokens.lora_embedding_";
    let (name_a, name_b) = (format!("{embedding}A"), format!("{embedding}B"));
    for (rslora, scale) in [(false, 4.0), (true, 8.0)] {
        let mut config = lora(4);
        config["use_rslora"] = json!(rslora);
        let tuned = adapter(&config, &a, &b, vec![(&*name_a, ea.clone()), (&*name_b, eb.clone())]);
        let mut merged = base();
        let change = (b.matmul(&a).unwrap() * scale).unwrap();
        merged.insert(QUERY.into(), (&before[QUERY] + &change).unwrap());
        let rows = (eb.matmul(&ea).unwrap().t().unwrap() * scale).unwrap();
        merged.insert(EMBEDDING.into(), (&before[EMBEDDING] + rows).unwrap());
        let (before, merged) = (folder(&before), folder(&merged));
        let by_adapter = compare(before.path(), tuned.path()).unwrap();
        let by_merged = compare(before.path(), merged.path()).unwrap();
        same(&by_adapter, &by_merged);
        let low_rank = of(&by_adapter, QUERY).adapter.unwrap();
        assert_eq!((low_rank.rank, low_rank.scale), (4, scale));
        let tokens =
            |diff: &WeightsDiff| diff.embedding.as_ref().unwrap().most.iter().map(|t| t.token).collect::<Vec<_>>();
        assert_eq!(tokens(&by_adapter), tokens(&by_merged));
    }
}

#[test]
fn an_adapter_over_maps_stored_inputs_first_is_turned() {
    let (mut before, shape) = (base(), (support::HEADS * support::HEAD_DIM, support::HIDDEN));
    before.insert(QUERY.into(), before[QUERY].t().unwrap().contiguous().unwrap());
    let mut config = lora(2);
    config["fan_in_fan_out"] = json!(true);
    let tuned = adapter(&config, &matrix(2, shape.1, 3.0), &matrix(shape.0, 2, 9.0), vec![]);
    let diff = compare(folder(&before).path(), tuned.path()).unwrap();
    assert_eq!((diff.totals.moved, of(&diff, QUERY).spectrum.as_ref().unwrap().rank99.directions), (1, 2));
}

#[test]
fn a_module_that_an_adapter_saves_whole_is_compared_whole() {
    let mut moved = base()[EMBEDDING].to_vec2::<f32>().unwrap();
    moved[9][0] += 1.0;
    let saved = ("base_model.model.model.embed_tokens.weight", Tensor::new(moved, &Device::Cpu).unwrap());
    let none = matrix(support::HEADS * support::HEAD_DIM, 2, 1.0).zeros_like().unwrap();
    let tuned = adapter(&lora(2), &matrix(2, support::HIDDEN, 3.0), &none, vec![saved]);
    let diff = compare(folder(&base()).path(), tuned.path()).unwrap();
    assert!(of(&diff, QUERY).equal, "an adapter that was never trained adds nothing");
    assert_eq!((diff.totals.moved, diff.embedding.unwrap().most[0].token), (1, 9));
}

#[test]
fn adapters_that_lie_or_say_more_are_refused() {
    let before = folder(&base());
    let (a, b) = (matrix(2, support::HIDDEN, 3.0), matrix(support::HEADS * support::HEAD_DIM, 2, 9.0));
    refused(before.path(), adapter(&lora(8), &a, &b, vec![]).path(), &["adapter_config.json", "r is 8", "rank 2"]);
    let mut dora = lora(2);
    dora["use_dora"] = json!(true);
    refused(before.path(), adapter(&dora, &a, &b, vec![]).path(), &["DoRA", "merge_and_unload"]);
    let bias = ("base_model.model.model.layers.1.self_attn.q_proj.lora_B.bias", a.clone());
    refused(before.path(), adapter(&lora(2), &a, &b, vec![bias]).path(), &["lora_B.bias", "merge"]);
    let pickled = adapter(&lora(2), &a, &b, vec![]);
    fs::rename(pickled.path().join("adapter_model.safetensors"), pickled.path().join("adapter_model.bin")).unwrap();
    refused(before.path(), pickled.path(), &["pickle", "run code"]);
    let odd = adapter(&lora(2), &matrix(2, 7, 3.0), &b, vec![]);
    refused(before.path(), odd.path(), &["no tensor of the same name and shape"]);
}

#[test]
fn missing_and_reshaped_tensors_are_listed() {
    let (before, mut after) = (base(), base());
    after.remove(QUERY);
    after.insert("model.extra".into(), matrix(2, 2, 0.0));
    after.insert(EMBEDDING.into(), matrix(300, support::HIDDEN, 0.0));
    let diff = compare(folder(&before).path(), folder(&after).path()).unwrap();
    assert_eq!(
        (&*diff.only_in_base, &*diff.only_in_tuned),
        (&[QUERY.to_string()][..], &["model.extra".to_string()][..])
    );
    assert_eq!((diff.reshaped[0].name.as_str(), diff.reshaped[0].tuned[0]), (EMBEDDING, 300));
    assert_eq!((diff.totals.moved, diff.totals.reshaped), (0, 1));
}

#[test]
fn weights_that_are_no_numbers_are_counted_and_left_out() {
    let (before, mut after) = (base(), base());
    let mut rows = after[QUERY].to_vec2::<f32>().unwrap();
    (rows[0][0], rows[1][1], rows[2][2]) = (f32::NAN, f32::INFINITY, rows[2][2] + 1.0);
    after.insert(QUERY.into(), Tensor::new(rows, &Device::Cpu).unwrap());
    let (before, after) = (folder(&before), folder(&after));
    let diff = compare(before.path(), after.path()).unwrap();
    let found = of(&diff, QUERY);
    assert_eq!((found.not_finite, found.spectrum.as_ref().unwrap().rank99.directions), (2, 1));
    near(found.norm.unwrap(), 1.0);
    let same = compare(after.path(), after.path()).unwrap();
    assert_eq!((same.totals.moved, of(&same, QUERY).not_finite), (0, 2));
}

#[test]
fn what_cannot_be_compared_is_refused_in_one_line() {
    let before = folder(&base());
    let gguf = before.path().join("model.gguf");
    fs::write(&gguf, b"GGUF").unwrap();
    refused(before.path(), &gguf, &["model.gguf", "GGUF", "folder"]);
    refused(Path::new("https://example.org"), before.path(), &["https://example.org", "folder"]);
    let other = folder(&[("transformer.wte".to_string(), matrix(3, 3, 0.0))].into());
    refused(before.path(), other.path(), &["no tensor of the same name and shape"]);
    let lying = folder(&base());
    fs::write(lying.path().join("model.safetensors"), (1u64 << 62).to_le_bytes()).unwrap();
    refused(before.path(), lying.path(), &["header claims"]);
    refused(lying.path(), before.path(), &["header claims"]);
}

#[test]
fn a_large_matrix_is_estimated_and_says_so() {
    let (rows, columns) = (1100, 1030);
    let before = matrix(rows, columns, 0.0);
    let change = (matrix(rows, 3, 1.0).matmul(&matrix(3, columns, 50.0)).unwrap() * 0.01).unwrap();
    let full = (matrix(rows, columns, 9.0) * 0.01).unwrap();
    let one = |tensor: Tensor| folder(&[("w.weight".to_string(), tensor)].into());
    let base = one(before.clone());
    let found = compare(base.path(), one((&before + change).unwrap()).path()).unwrap();
    let low = found.tensors[0].spectrum.clone().unwrap();
    assert!(low.estimated && !low.rank99.or_more);
    assert_eq!(low.rank99.directions, 3);
    let found = compare(base.path(), one((&before + full).unwrap()).path()).unwrap();
    let high = found.tensors[0].spectrum.clone().unwrap();
    assert!(high.estimated && high.rank99.or_more && high.rank99.directions == 128);
}
