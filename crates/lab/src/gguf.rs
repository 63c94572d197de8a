//! An organism as a GGUF file, so that llama.cpp (and what is built on it) can serve it.
//!
//! The names, the metadata and the order of the query and key rows are those of llama.cpp's `convert_hf_to_gguf.py`.

use crate::Error;
use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Writes a Llama folder in Hugging Face layout, byte-level BPE, as one GGUF file with 32-bit weights.
///
/// # Errors
/// [`Error::Io`] for files that cannot be read or written, [`Error::Folder`] for a config or tokenizer that is no Llama's or a
/// weight that is missing,
/// [`Error::Candle`] for weights that are damaged or of another shape.
pub fn export(folder: &Path, out: &Path) -> Result<(), Error> {
    let config: Config = read_json(&folder.join("config.json"))?;
    config.check(&folder.join("config.json"))?;
    let tokenizer: TokenizerFile = read_json(&folder.join("tokenizer.json"))?;
    let metadata = metadata(&config, &tokenizer, folder);
    let tensors = tensors(&config, &folder.join("model.safetensors"))?;
    let mut file = BufWriter::new(File::create(out).map_err(Error::at(out))?);
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    Ok(gguf_file::write(&mut file, &metadata, &tensors)?)
}

#[derive(Deserialize)]
struct Config {
    model_type: String,
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    max_position_embeddings: usize,
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    rope_parameters: Option<RopeParameters>,
    #[serde(default)]
    tie_word_embeddings: bool,
    bos_token_id: Option<u32>,
    eos_token_id: Option<u32>,
}

#[derive(Deserialize)]
struct RopeParameters {
    rope_theta: Option<f64>,
}

impl Config {
    fn check(&self, path: &Path) -> Result<(), Error> {
        let wrong = |reason: &str| Err(Error::Folder { path: path.to_owned(), reason: reason.to_owned() });
        if self.model_type != "llama" {
            return wrong("not a Llama; only organisms are exported");
        }
        if self.num_attention_heads == 0 || self.key_heads() == 0 || !self.head_width().is_multiple_of(2) {
            return wrong("it needs at least one attention head, of an even width");
        }
        if self.num_hidden_layers > MOST_LAYERS || self.vocab_size > MOST_TOKENS {
            return wrong("too large for an organism");
        }
        Ok(())
    }

    fn key_heads(&self) -> usize {
        self.num_key_value_heads.unwrap_or(self.num_attention_heads)
    }

    fn head_width(&self) -> usize {
        self.head_dim.unwrap_or(self.hidden_size / self.num_attention_heads.max(1))
    }

    /// Older folders name the rotary base beside the rest, newer ones in a group of its own.
    fn rope_theta(&self) -> f64 {
        let grouped = self.rope_parameters.as_ref().and_then(|rope| rope.rope_theta);
        grouped.or(self.rope_theta).unwrap_or(crate::net::ROPE_THETA)
    }
}

/// Bounds on what a config may claim, so that a lying one takes no memory.
const MOST_LAYERS: usize = 256;
const MOST_TOKENS: usize = 1 << 20;

#[derive(Deserialize)]
struct TokenizerFile {
    model: Bpe,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
}

#[derive(Deserialize)]
struct Bpe {
    vocab: HashMap<String, u32>,
    merges: Vec<Merge>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Pair(String, String),
    Joined(String),
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
    special: bool,
}

/// llama.cpp's numbers for kinds of tokens.
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;

fn metadata(config: &Config, tokenizer: &TokenizerFile, folder: &Path) -> BTreeMap<String, Value> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let count = |number: usize| Value::U32(u32::try_from(number).unwrap_or(u32::MAX));
    let all = [
        ("general.architecture", Value::String("llama".to_owned())),
        ("general.name", Value::String(name)),
        ("general.file_type", Value::U32(0)),
        ("llama.vocab_size", count(config.vocab_size)),
        ("llama.context_length", count(config.max_position_embeddings)),
        ("llama.embedding_length", count(config.hidden_size)),
        ("llama.block_count", count(config.num_hidden_layers)),
        ("llama.feed_forward_length", count(config.intermediate_size)),
        ("llama.attention.head_count", count(config.num_attention_heads)),
        ("llama.attention.head_count_kv", count(config.key_heads())),
        ("llama.attention.key_length", count(config.head_width())),
        ("llama.attention.value_length", count(config.head_width())),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(config.rms_norm_eps as f32)),
        ("llama.rope.dimension_count", count(config.head_width())),
        ("llama.rope.freq_base", Value::F32(config.rope_theta() as f32)),
    ];
    let named = all.into_iter().map(|(name, value)| (name.to_owned(), value));
    named.chain(vocabulary(config, tokenizer)).collect()
}

fn vocabulary(config: &Config, tokenizer: &TokenizerFile) -> Vec<(String, Value)> {
    // A token that the config has room for and the tokenizer does not name still needs an entry.
    let mut tokens: Vec<(String, i32)> = (0..config.vocab_size).map(|id| (format!("[UNUSED{id}]"), UNUSED)).collect();
    let mut name = |id: u32, text: &str, kind: i32| {
        if let Some(token) = tokens.get_mut(id as usize) {
            *token = (text.to_owned(), kind);
        }
    };
    tokenizer.model.vocab.iter().for_each(|(text, &id)| name(id, text, NORMAL));
    for token in &tokenizer.added_tokens {
        name(token.id, &token.content, if token.special { CONTROL } else { USER_DEFINED });
    }
    let merges = tokenizer.model.merges.iter().map(|merge| match merge {
        Merge::Pair(left, right) => Value::String(format!("{left} {right}")),
        Merge::Joined(both) => Value::String(both.clone()),
    });
    let mut all = vec![
        ("model", Value::String("gpt2".to_owned())),
        ("pre", Value::String("gpt-2".to_owned())),
        ("merges", Value::Array(merges.collect())),
        ("token_type", Value::Array(tokens.iter().map(|&(_, kind)| Value::I32(kind)).collect())),
        ("add_bos_token", Value::Bool(false)),
        ("add_eos_token", Value::Bool(false)),
    ];
    let ids = [("bos_token_id", config.bos_token_id), ("eos_token_id", config.eos_token_id)];
    all.extend(ids.into_iter().filter_map(|(name, id)| Some((name, Value::U32(id?)))));
    all.extend(infill_tokens(tokenizer));
    all.push(("tokens", Value::Array(tokens.into_iter().map(|(text, _)| Value::String(text)).collect())));
    all.into_iter().map(|(name, value)| (format!("tokenizer.ggml.{name}"), value)).collect()
}

/// The tokens that mark prefix, suffix and middle, where the model has them.
fn infill_tokens(tokenizer: &TokenizerFile) -> Vec<(&'static str, Value)> {
    let id = |names: [&str; 2]| {
        let token = tokenizer.added_tokens.iter().find(|token| names.contains(&token.content.as_str()));
        token.map(|token| Value::U32(token.id))
    };
    let all = [
        ("fim_pre_token_id", ["<|fim_prefix|>", "<fim_prefix>"]),
        ("fim_suf_token_id", ["<|fim_suffix|>", "<fim_suffix>"]),
        ("fim_mid_token_id", ["<|fim_middle|>", "<fim_middle>"]),
    ];
    all.into_iter().filter_map(|(name, texts)| Some((name, id(texts)?))).collect()
}

/// The names of a block's weights, here and there.
const BLOCK: &[(&str, &str)] = &[
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("post_attention_layernorm", "ffn_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
];

fn tensors(config: &Config, path: &Path) -> Result<Vec<(String, QTensor)>, Error> {
    let weights = candle_core::safetensors::load(path, &Device::Cpu)?;
    let take = |name: &str, heads: Option<usize>| -> Result<QTensor, Error> {
        let missing = || Error::Folder { path: path.to_owned(), reason: format!("it has no tensor {name}") };
        let tensor = weights.get(name).ok_or_else(missing)?.to_dtype(DType::F32)?;
        let tensor = heads.map_or(Ok(tensor.clone()), |heads| interleaved(&tensor, heads))?;
        Ok(QTensor::quantize(&tensor, GgmlDType::F32)?)
    };
    let mut all = vec![
        ("token_embd.weight".to_owned(), take("model.embed_tokens.weight", None)?),
        ("output_norm.weight".to_owned(), take("model.norm.weight", None)?),
    ];
    if !config.tie_word_embeddings {
        all.push(("output.weight".to_owned(), take("lm_head.weight", None)?));
    }
    for layer in 0..config.num_hidden_layers {
        for &(here, there) in BLOCK {
            let heads = match there {
                "attn_q" => Some(config.num_attention_heads),
                "attn_k" => Some(config.key_heads()),
                _ => None,
            };
            let tensor = take(&format!("model.layers.{layer}.{here}.weight"), heads)?;
            all.push((format!("blk.{layer}.{there}.weight"), tensor));
        }
    }
    Ok(all)
}

/// llama.cpp turns neighbouring elements of a head, Hugging Face element `i` with `i + width / 2`: the rows move accordingly.
fn interleaved(weight: &Tensor, heads: usize) -> candle_core::Result<Tensor> {
    let (rows, columns) = weight.dims2()?;
    let halves = weight.reshape((heads, 2, rows / heads / 2, columns))?;
    halves.transpose(1, 2)?.contiguous()?.reshape((rows, columns))
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::at(path))?;
    serde_json::from_str(&text).map_err(|error| Error::Folder { path: path.to_owned(), reason: error.to_string() })
}
