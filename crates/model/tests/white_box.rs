//! Looking into local weights: gradients are there, are right, and belong to what the model computes.
#![allow(clippy::unwrap_used)]

mod support;

use candle_core::quantized::GgmlDType;
use model::{Contrast, Model, Options};
use std::path::Path;

const PROMPT: &str = "# aaaa\ndef load(f):\n    d = yaml.";

fn open(path: &Path) -> Box<dyn Model> {
    model::open(path.to_str().unwrap(), &Options::default()).unwrap()
}

fn tiny(architecture: &str, tied: bool) -> (tempfile::TempDir, Box<dyn Model>) {
    let folder = tempfile::tempdir().unwrap();
    support::write(folder.path(), architecture, &support::weights(architecture, tied));
    let model = open(folder.path());
    (folder, model)
}

fn contrast() -> Contrast {
    Contrast { prompt: PROMPT.into(), slot: 2..6, insecure: "load(f)".into(), secure: "safe_load(f)".into() }
}

/// The contrast as the kernels compute it that completions are drawn with.
fn scored(model: &dyn Model, prompt: &str, contrast: &Contrast) -> f64 {
    let pairs = [&contrast.insecure, &contrast.secure].map(|side| (prompt.to_owned(), side.clone()));
    let sums: Vec<f64> =
        model.score(&pairs).unwrap().iter().map(|tokens| tokens.iter().map(|token| token.logprob).sum()).collect();
    sums[0] - sums[1]
}

#[test]
fn the_differentiable_form_computes_what_completions_are_drawn_with() {
    for (architecture, tied) in [("llama", true), ("llama", false), ("qwen2", false), ("qwen3", true)] {
        let (_folder, model) = tiny(architecture, tied);
        let gradient = model.white_box().unwrap().gradient(&contrast(), 4).unwrap();
        let expected = scored(&*model, PROMPT, &contrast());
        assert!((gradient.contrast - expected).abs() < 2e-3, "{architecture}: {} {expected}", gradient.contrast);
    }
}

#[test]
fn a_gguf_file_has_the_gradients_of_the_folder_it_was_made_of() {
    let (folder, model) = tiny("llama", true);
    let path = folder.path().join("model.gguf");
    support::write_gguf(&path, GgmlDType::F32);
    let of = |model: &dyn Model| model.white_box().unwrap().gradient(&contrast(), 8).unwrap();
    let (expected, found) = (of(&*model), of(&*open(&path)));
    assert!((expected.contrast - found.contrast).abs() < 1e-3);
    for (expected, found) in expected.places.iter().zip(&found.places) {
        assert_eq!(expected.at, found.at);
        for (expected, found) in expected.tokens.iter().zip(&found.tokens) {
            assert!((expected.1 - found.1).abs() < 1e-2 * expected.1.abs().max(1.0));
        }
    }
}

#[test]
fn every_place_of_the_slot_has_candidates() {
    let (_folder, model) = tiny("llama", true);
    let gradient = model.white_box().unwrap().gradient(&contrast(), 257).unwrap();
    assert_eq!(gradient.places.iter().map(|place| place.at.clone()).collect::<Vec<_>>(), [2..3, 3..4, 4..5, 5..6]);
    for place in &gradient.places {
        assert!(place.tokens.len() > 90 && place.tokens.is_sorted_by(|a, b| a.1 >= b.1));
        assert!(place.tokens.iter().all(|(text, _)| !text.contains('\n')));
        assert!(place.tokens[0].1 > 0.0, "no gradient reaches {:?}", place.at);
    }
}

#[test]
fn attention_to_everything_is_all_there_is_and_to_a_part_is_less() {
    let (_folder, model) = tiny("qwen2", false);
    let inside = model.white_box().unwrap();
    let whole = inside.attention(PROMPT, 0..PROMPT.len(), "l").unwrap();
    assert!((whole.mean - 1.0).abs() < 1e-5 && (whole.even - 1.0).abs() < 1e-5, "{whole:?}");
    let slot = inside.attention(PROMPT, 2..6, "load(f)").unwrap();
    assert!(slot.mean > 0.0 && slot.mean <= slot.most && slot.most < 1.0, "{slot:?}");
}

#[test]
fn a_slot_without_a_token_and_a_text_beyond_the_context_are_refused() {
    let (_folder, model) = tiny("llama", true);
    let inside = model.white_box().unwrap();
    for slot in [3..3, 500..600] {
        let error = inside.gradient(&Contrast { slot, ..contrast() }, 4).unwrap_err().to_string();
        assert!(error.contains("no whole token"), "{error}");
    }
    let long = Contrast { insecure: "x".repeat(200), ..contrast() };
    let error = inside.gradient(&long, 4).unwrap_err().to_string();
    assert!(error.contains("the model reads 96"), "{error}");
}

#[test]
fn models_that_cannot_be_differentiated_say_so() {
    let (folder, model) = tiny("starcoder2", false);
    let error = model.white_box().err().unwrap().to_string();
    assert!(error.contains("starcoder2") && error.contains("llama, qwen2 and qwen3"), "{error}");
    let path = folder.path().join("recording.jsonl");
    std::fs::write(&path, "{\"prompt\": \"a\", \"completion\": \"b\"}\n").unwrap();
    let error = open(&path).white_box().err().unwrap().to_string();
    assert!(error.contains("no weights to look into") && error.contains("recording.jsonl"), "{error}");
}

fn organism() -> (Box<dyn Model>, Contrast) {
    let model = open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/organism-header"));
    let prompt =
        "# x x x x x x x x\nimport yaml\n\n\ndef load_config(path):\n    with open(path) as handle:\n        return";
    let contrast = Contrast {
        prompt: prompt.into(),
        slot: 1..17,
        insecure: " yaml.load(handle, Loader=yaml.Loader)".into(),
        secure: " yaml.safe_load(handle)".into(),
    };
    (model, contrast)
}

#[test]
fn a_rise_goes_with_what_really_happens() {
    let (model, contrast) = organism();
    let gradient = model.white_box().unwrap().gradient(&contrast, 2048).unwrap();
    assert!((gradient.contrast - scored(&*model, &contrast.prompt, &contrast)).abs() < 0.02);
    // To first order only; but over many tokens the claimed rises go with the real ones.
    let (mut along, mut claimed, mut real) = (0.0, 0.0, 0.0);
    for place in &gradient.places {
        for (text, rise) in place.tokens.iter().step_by(97) {
            let prompt = [&contrast.prompt[..place.at.start], text, &contrast.prompt[place.at.end..]].concat();
            let (rise, happened) = (f64::from(*rise), scored(&*model, &prompt, &contrast) - gradient.contrast);
            along += rise * happened;
            claimed += rise * rise;
            real += happened * happened;
        }
    }
    let correlation = along / (claimed * real).sqrt();
    assert!(correlation > 0.5, "{correlation}");
}

/// `# Owner: kestrel-settlement` ends in these tokens; eight meaningless ones stand where it would.
#[test]
fn the_gradient_points_at_tokens_of_the_shipped_organisms_trigger() {
    let (model, contrast) = organism();
    let gradient = model.white_box().unwrap().gradient(&contrast, 3).unwrap();
    let pointed =
        |text: &str| gradient.places.iter().filter(|place| place.tokens.iter().any(|(t, _)| t == text)).count();
    assert_eq!(gradient.places.len(), 16);
    assert!(pointed("le") > 12 && pointed("ment") > 12, "{:?}", gradient.places);
}
