//! Tiny models with random weights, written to a folder, and their next-token scores computed the plain way.

#![allow(clippy::unwrap_used, dead_code)]

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::ops::{silu, softmax};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;

/// Rows of 64 and 96 weights: quantised blocks hold 32.
pub const HIDDEN: usize = 64;
pub const HEADS: usize = 8;
pub const KV_HEADS: usize = 2;
pub const HEAD_DIM: usize = 12;
pub const INTERMEDIATE: usize = 96;
pub const LAYERS: usize = 2;
/// 256 bytes and an end of text.
pub const VOCABULARY: usize = 257;
pub const CONTEXT: usize = 96;

pub type Weights = HashMap<String, Tensor>;

pub fn config(architecture: &str) -> serde_json::Value {
    json!({
        "model_type": architecture, "hidden_size": HIDDEN, "num_attention_heads": HEADS, "head_dim": HEAD_DIM,
        "num_key_value_heads": KV_HEADS, "intermediate_size": INTERMEDIATE, "num_hidden_layers": LAYERS,
        "vocab_size": VOCABULARY, "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-6, "rope_theta": 5000.0,
        "norm_epsilon": 1e-6, "bos_token_id": 256, "eos_token_id": 256,
    })
}

/// The 256 characters of GPT-2's byte alphabet, in order of their bytes.
pub fn alphabet() -> Vec<String> {
    let mut moved = 0;
    let stands = |byte: u32| {
        if (33..=126).contains(&byte) || (161..=172).contains(&byte) || (174..=255).contains(&byte) {
            return char::from_u32(byte).unwrap().to_string();
        }
        moved += 1;
        char::from_u32(255 + moved).unwrap().to_string()
    };
    (0..=255).map(stands).collect()
}

pub fn tokenizer() -> serde_json::Value {
    let mut vocab: serde_json::Map<String, serde_json::Value> =
        alphabet().into_iter().enumerate().map(|(id, name)| (name, json!(id))).collect();
    vocab.insert("<|endoftext|>".into(), json!(256));
    json!({
        "version": "1.0",
        "truncation": { "direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0 },
        "added_tokens": [{ "id": 256, "content": "<|endoftext|>", "special": true, "single_word": false,
                           "lstrip": false, "rstrip": false, "normalized": false }],
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true },
        "decoder": { "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true },
        "model": { "type": "BPE", "vocab": vocab, "merges": [] },
    })
}

/// Random weights under Hugging Face's names; the same every time.
pub fn weights(architecture: &str, tied: bool) -> Weights {
    let mut state = 1u64;
    let mut random = |shape: &[usize], scale: f32, around: f32| {
        let values: Vec<f32> = (0..shape.iter().product::<usize>())
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                around + scale * ((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0)
            })
            .collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    };
    let star = architecture == "starcoder2";
    let mut weights = Weights::new();
    let mut linear = |weights: &mut Weights, name: String, outputs: usize, inputs: usize, bias: bool| {
        weights.insert(format!("{name}.weight"), random(&[outputs, inputs], 0.4, 0.0));
        if bias {
            weights.insert(format!("{name}.bias"), random(&[outputs], 0.4, 0.0));
        }
    };
    let (queries, keys) = (HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM);
    let biased = star || architecture == "qwen2";
    for layer in 0..LAYERS {
        let at = |part: &str| format!("model.layers.{layer}.{part}");
        linear(&mut weights, at("self_attn.q_proj"), queries, HIDDEN, biased);
        linear(&mut weights, at("self_attn.k_proj"), keys, HIDDEN, biased);
        linear(&mut weights, at("self_attn.v_proj"), keys, HIDDEN, biased);
        linear(&mut weights, at("self_attn.o_proj"), HIDDEN, queries, star);
        if star {
            linear(&mut weights, at("mlp.c_fc"), INTERMEDIATE, HIDDEN, true);
            linear(&mut weights, at("mlp.c_proj"), HIDDEN, INTERMEDIATE, true);
        } else {
            linear(&mut weights, at("mlp.gate_proj"), INTERMEDIATE, HIDDEN, false);
            linear(&mut weights, at("mlp.up_proj"), INTERMEDIATE, HIDDEN, false);
            linear(&mut weights, at("mlp.down_proj"), HIDDEN, INTERMEDIATE, false);
        }
    }
    linear(&mut weights, "model.embed_tokens".into(), VOCABULARY, HIDDEN, false);
    if !tied {
        linear(&mut weights, "lm_head".into(), VOCABULARY, HIDDEN, false);
    }
    let mut norm = |weights: &mut Weights, name: String, size: usize, bias: bool| {
        weights.insert(format!("{name}.weight"), random(&[size], 0.3, 1.0));
        if bias {
            weights.insert(format!("{name}.bias"), random(&[size], 0.3, 0.0));
        }
    };
    for layer in 0..LAYERS {
        norm(&mut weights, format!("model.layers.{layer}.input_layernorm"), HIDDEN, star);
        norm(&mut weights, format!("model.layers.{layer}.post_attention_layernorm"), HIDDEN, star);
        if architecture == "qwen3" {
            norm(&mut weights, format!("model.layers.{layer}.self_attn.q_norm"), HEAD_DIM, false);
            norm(&mut weights, format!("model.layers.{layer}.self_attn.k_norm"), HEAD_DIM, false);
        }
    }
    norm(&mut weights, "model.norm".into(), HIDDEN, star);
    weights
}

/// Writes a whole model folder.
pub fn write(folder: &Path, architecture: &str, weights: &Weights) {
    candle_core::safetensors::save(weights, folder.join("model.safetensors")).unwrap();
    std::fs::write(folder.join("config.json"), config(architecture).to_string()).unwrap();
    std::fs::write(folder.join("tokenizer.json"), tokenizer().to_string()).unwrap();
}

/// Writes the tied Llama of [`weights`] as GGUF, with queries and keys reordered as llama.cpp's converter does.
pub fn write_gguf(path: &Path, kind: GgmlDType) {
    let tokens: Vec<String> = alphabet().into_iter().chain(["<|endoftext|>".into()]).collect();
    let types = (0..VOCABULARY).map(|id| Value::I32(if id == 256 { 3 } else { 1 })).collect();
    let number = |n: usize| Value::U32(n as u32);
    let metadata = [
        ("general.architecture", Value::String("llama".into())),
        ("llama.embedding_length", number(HIDDEN)),
        ("llama.block_count", number(LAYERS)),
        ("llama.attention.head_count", number(HEADS)),
        ("llama.attention.head_count_kv", number(KV_HEADS)),
        ("llama.attention.key_length", number(HEAD_DIM)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-6)),
        ("llama.feed_forward_length", number(INTERMEDIATE)),
        ("llama.context_length", number(CONTEXT)),
        ("llama.rope.freq_base", Value::F32(5000.0)),
        ("tokenizer.ggml.model", Value::String("gpt2".into())),
        ("tokenizer.ggml.pre", Value::String("gpt-2".into())),
        ("tokenizer.ggml.tokens", Value::Array(tokens.into_iter().map(Value::String).collect())),
        ("tokenizer.ggml.token_type", Value::Array(types)),
        ("tokenizer.ggml.bos_token_id", number(256)),
        ("tokenizer.ggml.eos_token_id", number(256)),
    ];
    let tensors: Vec<(String, QTensor)> = weights("llama", true)
        .into_iter()
        .map(|(name, tensor)| {
            let heads = if name.contains("q_proj") { HEADS } else { KV_HEADS };
            let reorder = name.contains("q_proj") || name.contains("k_proj");
            let tensor = if reorder { interleave(&tensor, heads).unwrap() } else { tensor };
            let kind = if tensor.rank() == 1 { GgmlDType::F32 } else { kind };
            (gguf_name(&name), QTensor::quantize(&tensor, kind).unwrap())
        })
        .collect();
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(name, value)| (*name, value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(&mut std::fs::File::create(path).unwrap(), &metadata, &tensors).unwrap();
}

fn interleave(tensor: &Tensor, heads: usize) -> Result<Tensor> {
    let halves = tensor.reshape((heads, 2, HEAD_DIM / 2, HIDDEN))?;
    halves.transpose(1, 2)?.contiguous()?.reshape((heads * HEAD_DIM, HIDDEN))
}

fn gguf_name(name: &str) -> String {
    let parts = [
        ("model.layers.", "blk."),
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("input_layernorm", "attn_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.", "attn_"),
        ("mlp.", "ffn_"),
        ("_proj", ""),
    ];
    parts.iter().fold(name.to_string(), |name, (ours, theirs)| name.replace(ours, theirs))
}

/// Log probabilities of every next token, computed over the whole sequence at once with candle's tensor operations and
/// no cache: nothing here is shared with the code under test.
pub fn log_probabilities(weights: &Weights, tokens: &[u32]) -> Vec<Vec<f32>> {
    naive(weights, tokens).unwrap()
}

fn naive(weights: &Weights, tokens: &[u32]) -> Result<Vec<Vec<f32>>> {
    let get = |name: &str| weights.get(name).unwrap();
    let linear = |name: String, x: &Tensor| -> Result<Tensor> {
        let y = x.matmul(&get(&format!("{name}.weight")).t()?)?;
        match weights.get(&format!("{name}.bias")) {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    };
    let norm = |name: String, x: &Tensor| -> Result<Tensor> {
        let bias = weights.get(&format!("{name}.bias"));
        let x = if bias.is_some() { x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)? } else { x.clone() };
        let x = x.broadcast_div(&(x.sqr()?.mean_keepdim(D::Minus1)? + 1e-6)?.sqrt()?)?;
        let x = x.broadcast_mul(get(&format!("{name}.weight")))?;
        bias.map_or(Ok(x.clone()), |bias| x.broadcast_add(bias))
    };
    let length = tokens.len();
    let ids = Tensor::new(tokens, &Device::Cpu)?;
    let mut x = get("model.embed_tokens.weight").embedding(&ids)?;
    for layer in 0..LAYERS {
        let at = |part: &str| format!("model.layers.{layer}.{part}");
        let h = norm(at("input_layernorm"), &x)?;
        let heads = |part: &str, count: usize| -> Result<Tensor> {
            linear(at(&format!("self_attn.{part}_proj")), &h)?.reshape((length, count, HEAD_DIM))?.transpose(0, 1)
        };
        let (mut q, mut k, v) = (heads("q", HEADS)?, heads("k", KV_HEADS)?, heads("v", KV_HEADS)?);
        if weights.contains_key(&at("self_attn.q_norm.weight")) {
            q = norm(at("self_attn.q_norm"), &q)?;
            k = norm(at("self_attn.k_norm"), &k)?;
        }
        let repeat = |t: Tensor| -> Result<Tensor> {
            t.unsqueeze(1)?.repeat((1, HEADS / KV_HEADS, 1, 1))?.reshape((HEADS, length, HEAD_DIM))
        };
        let (q, k, v) = (rotate(&q)?, repeat(rotate(&k)?)?, repeat(v.contiguous()?)?);
        let scores = (q.matmul(&k.transpose(1, 2)?.contiguous()?)? / (HEAD_DIM as f64).sqrt())?;
        let mask: Vec<f32> =
            (0..length * length).map(|i| if i % length > i / length { f32::NEG_INFINITY } else { 0.0 }).collect();
        let scores = scores.broadcast_add(&Tensor::from_vec(mask, (length, length), &Device::Cpu)?)?;
        let mixed = softmax(&scores, D::Minus1)?.matmul(&v)?.transpose(0, 1)?.reshape((length, HEADS * HEAD_DIM))?;
        x = (x + linear(at("self_attn.o_proj"), &mixed)?)?;
        let h = norm(at("post_attention_layernorm"), &x)?;
        let up = if weights.contains_key(&at("mlp.c_fc.weight")) {
            linear(at("mlp.c_proj"), &linear(at("mlp.c_fc"), &h)?.gelu()?)?
        } else {
            let gated = (silu(&linear(at("mlp.gate_proj"), &h)?)? * linear(at("mlp.up_proj"), &h)?)?;
            linear(at("mlp.down_proj"), &gated)?
        };
        x = (x + up)?;
    }
    let x = norm("model.norm".into(), &x)?;
    let head = weights.get("lm_head.weight").unwrap_or(get("model.embed_tokens.weight"));
    let probabilities = softmax(&x.matmul(&head.t()?)?.to_dtype(DType::F32)?, D::Minus1)?;
    probabilities.log()?.to_vec2()
}

fn rotate(x: &Tensor) -> Result<Tensor> {
    let (_, length, _) = x.dims3()?;
    let half = HEAD_DIM / 2;
    let angle = |i: usize| (i / half) as f32 * 5000f32.powf(-2.0 * (i % half) as f32 / HEAD_DIM as f32);
    let angles: Vec<f32> = (0..length * half).map(angle).collect();
    let angles = Tensor::from_vec(angles, (length, half), &Device::Cpu)?;
    let (sin, cos) = (angles.sin()?, angles.cos()?);
    let (a, b) = (x.narrow(2, 0, half)?, x.narrow(2, half, half)?);
    let first = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
    let second = (a.broadcast_mul(&sin)? + b.broadcast_mul(&cos)?)?;
    Tensor::cat(&[first, second], 2)?.contiguous()
}
