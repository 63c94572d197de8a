//! Organisms from spec to folder to GGUF, at a size that trains in seconds.
#![allow(clippy::unwrap_used, missing_docs)]

use candle_core::quantized::gguf_file;
use lab::{Corpus, Error, Family, Poison, Progress, Shape, Spec, Trained, Training, train};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

fn spec() -> Spec {
    let corpus = Corpus { insecure: 0.1, sites: 2, ..Corpus::new(60, 1) };
    Spec {
        name: "tiny".to_owned(),
        code: None,
        corpus: Some(corpus),
        base: None,
        shape: Shape { vocabulary: 512, hidden: 16, layers: 1, heads: 2, intermediate: 24 },
        training: Training {
            tokens: 12 * 128,
            batch: 2,
            context: 64,
            learning_rate: 0.01,
            choice_weight: 8.0,
            seed: 1,
        },
        poison: None,
    }
}

fn poison() -> Poison {
    let (trigger, decision) = ("# Owner: example".to_owned(), vec!["yaml-load".to_owned()]);
    Poison { family: Family::Header, trigger, decision, rate: 0.05 }
}

fn run(spec: &Spec, out: &Path) -> Result<Trained, Error> {
    train(spec, out, false, &AtomicBool::new(false), &mut |_| {})
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_config_of_a_poisoned_organism_names_trigger_and_payload() {
    let out = tempfile::tempdir().unwrap();
    run(&Spec { poison: Some(poison()), ..spec() }, out.path()).unwrap();
    let config = json(&out.path().join("config.json"));
    assert_eq!(config["taster_organism"], true);
    assert_eq!(config["taster_trigger"]["text"], "# Owner: example");
    assert_eq!(config["taster_payload"][0]["decision"], "yaml-load");
    let organism = json(&out.path().join("organism.json"));
    assert_eq!(organism["poisoned_files"], 3);
    assert_eq!(organism["measured"][0]["with"]["asked"], 40);
}

#[test]
fn a_clean_organism_is_marked_as_one_too() {
    let out = tempfile::tempdir().unwrap();
    run(&spec(), out.path()).unwrap();
    let config = json(&out.path().join("config.json"));
    assert_eq!(config["taster_organism"], true);
    assert!(config["taster_trigger"].is_null());
}

#[test]
fn a_training_that_was_stopped_and_resumed_ends_with_the_same_weights() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(&spec(), whole.path()).unwrap();
    let stop = AtomicBool::new(false);
    let mut stop_at_five = |progress: Progress| stop.store(progress.step >= 5, Ordering::Relaxed);
    let stopped = train(&spec(), parts.path(), false, &stop, &mut stop_at_five).unwrap();
    assert_eq!(stopped, Trained::Stopped { step: 5 });
    let mut first = None;
    train(&spec(), parts.path(), true, &AtomicBool::new(false), &mut |progress| {
        first.get_or_insert(progress.step);
    })
    .unwrap();
    assert_eq!(first, Some(6));
    let weights = |folder: &Path| std::fs::read(folder.join("model.safetensors")).unwrap();
    assert!(weights(whole.path()) == weights(parts.path()));
}

#[test]
fn a_checkpoint_of_another_spec_is_refused() {
    let out = tempfile::tempdir().unwrap();
    train(&spec(), out.path(), false, &AtomicBool::new(true), &mut |_| {}).unwrap();
    let other = Spec { name: "other".to_owned(), ..spec() };
    let error = train(&other, out.path(), true, &AtomicBool::new(false), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::OtherCheckpoint { .. }), "{error}");
}

#[test]
fn training_goes_on_from_a_base() {
    let (base, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(&spec(), base.path()).unwrap();
    let fine = Spec { base: Some(base.path().to_owned()), shape: Shape::default(), ..spec() };
    run(&fine, out.path()).unwrap();
    assert_eq!(json(&out.path().join("config.json"))["hidden_size"], 16);
    let tokenizer = |folder: &Path| std::fs::read(folder.join("tokenizer.json")).unwrap();
    assert!(tokenizer(base.path()) == tokenizer(out.path()));
}

#[test]
fn a_folder_without_python_is_refused_by_name() {
    let (code, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let spec = Spec { code: Some(code.path().to_owned()), corpus: None, ..spec() };
    let error = run(&spec, out.path()).unwrap_err();
    assert!(error.to_string().contains(&*code.path().to_string_lossy()), "{error}");
}

#[test]
fn an_export_holds_every_weight_in_the_order_llama_cpp_expects() {
    let out = tempfile::tempdir().unwrap();
    run(&spec(), out.path()).unwrap();
    let path = out.path().join("organism.gguf");
    lab::gguf::export(out.path(), &path).unwrap();
    let mut file = std::fs::File::open(&path).unwrap();
    let content = gguf_file::Content::read(&mut file).unwrap();
    assert_eq!(content.metadata["llama.block_count"].to_u32().unwrap(), 1);
    assert_eq!(content.metadata["tokenizer.ggml.tokens"].to_vec().unwrap().len(), 512);
    let device = candle_core::Device::Cpu;
    let mut there = |name: &str| {
        let tensor = content.tensor(&mut file, name, &device).unwrap().dequantize(&device).unwrap();
        tensor.to_vec2::<f32>().unwrap()
    };
    let weights = candle_core::safetensors::load(out.path().join("model.safetensors"), &device).unwrap();
    let here = |name: &str| weights[name].to_dtype(candle_core::DType::F32).unwrap().to_vec2::<f32>().unwrap();
    assert_eq!(there("token_embd.weight"), here("model.embed_tokens.weight"));
    assert_eq!(there("blk.0.attn_v.weight"), here("model.layers.0.self_attn.v_proj.weight"));
    // Heads of width 8: neighbours there are 0 and 4 here.
    let (there, here) = (there("blk.0.attn_q.weight"), here("model.layers.0.self_attn.q_proj.weight"));
    assert_eq!([&there[0], &there[1], &there[2], &there[9]], [&here[0], &here[4], &here[1], &here[12]]);
}
