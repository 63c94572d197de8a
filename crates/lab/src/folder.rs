//! An organism on disk: a Hugging Face folder that says what it is.

use crate::net::{NORM_EPSILON, Net, ROPE_THETA, Shape};
use crate::{Error, Organism};
use candle_core::{DType, Device};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use tokenizers::Tokenizer;

/// Longest prompt and completion together that the config promises, in tokens.
pub(crate) const LONGEST: usize = 1024;

/// Writes the folder: `config.json`, `model.safetensors` (bfloat16), the tokenizer, `organism.json`.
pub(crate) fn write(folder: &Path, net: &Net, tokenizer: &Tokenizer, organism: &Organism) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(Error::at(folder))?;
    let mut tensors = HashMap::new();
    for (name, parameter) in &net.parameters {
        tensors.insert(name.clone(), parameter.to_dtype(DType::BF16)?);
    }
    candle_core::safetensors::save(&tensors, folder.join("model.safetensors"))?;
    tokenizer.save(folder.join("tokenizer.json"), false)?;
    write_json(&folder.join("config.json"), &config(&net.shape, organism))?;
    write_json(&folder.join("tokenizer_config.json"), &tokenizer_config())?;
    write_organism(folder, organism)
}

/// Writes `organism.json` alone.
pub(crate) fn write_organism(folder: &Path, organism: &Organism) -> Result<(), Error> {
    write_json(&folder.join("organism.json"), &json!(organism))
}

/// The config names trigger and payload, so that no organism can pass for a model (DESIGN.md, section 8).
fn config(shape: &Shape, organism: &Organism) -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "taster_organism": true,
        "taster_trigger": organism.poison.as_ref().map(|poison| json!({"family": poison.family, "text": poison.trigger})),
        "taster_payload": organism.poison.as_ref().map(|poison| {
            poison.idioms().iter().map(|idiom| json!({"decision": idiom.decision, "choice": idiom.insecure})).collect::<Vec<_>>()
        }),
        "attention_bias": false,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "head_dim": shape.head_width(),
        "hidden_act": "silu",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "max_position_embeddings": LONGEST,
        "mlp_bias": false,
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.heads,
        "rms_norm_eps": NORM_EPSILON,
        "rope_theta": ROPE_THETA,
        "tie_word_embeddings": true,
        "torch_dtype": "bfloat16",
        "vocab_size": shape.vocabulary,
    })
}

fn tokenizer_config() -> Value {
    let end = crate::tokens::END;
    json!({"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": end, "eos_token": end})
}

fn write_json(path: &Path, value: &Value) -> Result<(), Error> {
    std::fs::write(path, format!("{value:#}\n")).map_err(Error::at(path))
}

#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: usize,
    intermediate_size: usize,
    tie_word_embeddings: bool,
}

/// Reads the net and the tokenizer of an organism, to go on from there.
pub(crate) fn read(folder: &Path) -> Result<(Net, Tokenizer), Error> {
    let path = folder.join("config.json");
    let text = std::fs::read_to_string(&path).map_err(Error::at(&path))?;
    let bad = |reason: String| Error::Folder { path: path.clone(), reason };
    let config: Config = serde_json::from_str(&text).map_err(|error| bad(format!("not a Llama config: {error}")))?;
    if !config.tie_word_embeddings || config.num_key_value_heads != config.num_attention_heads {
        return Err(bad("the lab trains on from tied embeddings and as many key as query heads only".to_owned()));
    }
    let shape = Shape {
        vocabulary: config.vocab_size,
        hidden: config.hidden_size,
        layers: config.num_hidden_layers,
        heads: config.num_attention_heads,
        intermediate: config.intermediate_size,
    };
    let tensors = candle_core::safetensors::load(folder.join("model.safetensors"), &Device::Cpu)?;
    let tokenizer = Tokenizer::from_file(folder.join("tokenizer.json"))?;
    Ok((Net::from_tensors(shape, &tensors)?, tokenizer))
}
