//! Opening a GGUF file: shape, tokenizer and (often quantised) weights in one.

use super::config::{Architecture, Config, rotations};
use super::decoder::Decoder;
use super::tensors::{Tensors, digest};
use super::vocabulary::Vocabulary;
use super::{Local, card};
use crate::Error;
use candle_core::Device;
use candle_core::quantized::gguf_file::{Content, Value};
use serde_json::json;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use tokenizers::Tokenizer;

/// Opens the model in a `.gguf` file.
pub fn open(path: &Path) -> Result<Local, Error> {
    let file = path.display().to_string();
    let opened = File::open(path).map_err(|source| Error::Read { file: file.clone(), source })?;
    let mut reader = BufReader::new(opened);
    let content = Content::read(&mut reader).map_err(|error| broken(&file, error))?;
    let mut gguf = Gguf { file, reader, content };
    let config = gguf.config()?;
    let tokenizer = gguf.tokenizer()?;
    let vocabulary = Vocabulary::new(&gguf.file, tokenizer, true, &config)?;
    let sha256 = digest(&[path.to_path_buf()])?;
    let decoder = Decoder::load(config, &mut gguf)?;
    Ok(Local::new(card(path, &decoder, sha256), decoder, vocabulary))
}

struct Gguf {
    file: String,
    reader: BufReader<File>,
    content: Content,
}

fn broken(file: &str, error: candle_core::Error) -> Error {
    // The library appends a backtrace; a user needs its first line.
    let problem = error.to_string().lines().next().unwrap_or_default().to_string();
    Error::Weights { file: file.into(), problem }
}

impl Gguf {
    fn config(&mut self) -> Result<Config, Error> {
        let name = self.text("general.architecture").unwrap_or("(none)");
        let architecture = Architecture::named(&self.file, name)?;
        let key = |field: &str| format!("{name}.{field}");
        let (hidden, heads) = (self.size(&key("embedding_length"))?, self.size(&key("attention.head_count"))?);
        let head_dim = self.number(&key("attention.key_length")).map_or(hidden / heads, |size| size as usize);
        let epsilon = self.number(&key("attention.layer_norm_rms_epsilon"));
        let epsilon = epsilon.or(self.number(&key("attention.layer_norm_epsilon"))).unwrap_or(1e-5);
        let kv_heads = self.number(&key("attention.head_count_kv")).map_or(heads, |size| size as usize);
        let stretch = match self.text(&key("rope.scaling.type")) {
            Some("linear") => self.number(&key("rope.scaling.factor")).unwrap_or(1.0),
            _ => 1.0,
        };
        let theta = self.number(&key("rope.freq_base")).unwrap_or(10_000.0);
        let id = |field: &str| self.number(field).map(|id| id as u32);
        let embedding = self.content.tensor_infos.get("token_embd.weight");
        let config = Config {
            architecture,
            hidden,
            layers: self.size(&key("block_count"))?,
            heads,
            kv_heads,
            head_dim,
            intermediate: self.size(&key("feed_forward_length"))?,
            vocabulary: embedding.and_then(|info| info.shape.dims().first().copied()).unwrap_or(0),
            context: self.size(&key("context_length"))?,
            epsilon: epsilon as f32,
            frequencies: rotations(theta, head_dim.min(4096)).iter().map(|f| f / stretch as f32).collect(),
            // llama.cpp's converter reorders Llama's queries and keys, and only Llama's.
            interleaved: architecture == Architecture::Llama,
            begin: id("tokenizer.ggml.bos_token_id"),
            ends: ["eos", "eot", "eom"]
                .iter()
                .filter_map(|end| id(&format!("tokenizer.ggml.{end}_token_id")))
                .collect(),
        }
        .checked(&self.file)?;
        self.with_factors(config)
    }

    /// Llama 3.1 stores its stretched rotations as a tensor of divisors.
    fn with_factors(&mut self, mut config: Config) -> Result<Config, Error> {
        if self.content.tensor_infos.contains_key("rope_freqs.weight") {
            let factors = self.dequantized("rope_freqs.weight", &[config.head_dim / 2])?;
            config.frequencies.iter_mut().zip(factors).for_each(|(frequency, factor)| *frequency /= factor);
        }
        Ok(config)
    }

    /// The byte-level BPE in the metadata, in the form that the tokenizer library reads.
    fn tokenizer(&self) -> Result<Tokenizer, Error> {
        let unfit = |problem: String| Error::Tokenizer { file: self.file.clone(), problem };
        let kind = self.text("tokenizer.ggml.model").unwrap_or("(none)");
        if kind != "gpt2" {
            return Err(unfit(format!("its kind is `{kind}`, taster reads byte-level BPE (`gpt2`) from GGUF")));
        }
        let tokens = self.texts("tokenizer.ggml.tokens");
        let types = self.content.metadata.get("tokenizer.ggml.token_type").and_then(|value| value.to_vec().ok());
        let added: Vec<_> = tokens
            .iter()
            .enumerate()
            .filter_map(|(id, content)| {
                let kind = types?.get(id)?.to_i32().ok()?;
                (kind == CONTROL || kind == USER_DEFINED).then(|| {
                    json!({ "id": id, "content": content, "special": kind == CONTROL, "single_word": false,
                            "lstrip": false, "rstrip": false, "normalized": false })
                })
            })
            .collect();
        let vocab: serde_json::Map<_, _> =
            tokens.iter().enumerate().map(|(id, token)| (token.to_string(), json!(id))).collect();
        let description = json!({
            "version": "1.0",
            "added_tokens": added,
            "pre_tokenizer": pre_tokenizer(self.text("tokenizer.ggml.pre").unwrap_or("gpt-2")).map_err(unfit)?,
            "decoder": { "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true },
            "model": { "type": "BPE", "vocab": vocab, "merges": self.texts("tokenizer.ggml.merges") },
        });
        Tokenizer::from_bytes(description.to_string().as_bytes()).map_err(|error| unfit(error.to_string()))
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.content.metadata.get(key).and_then(|value| value.to_string().ok()).map(String::as_str)
    }

    fn texts(&self, key: &str) -> Vec<&str> {
        let values = self.content.metadata.get(key).and_then(|value| value.to_vec().ok());
        values.into_iter().flatten().filter_map(|value| value.to_string().ok()).map(String::as_str).collect()
    }

    fn number(&self, key: &str) -> Option<f64> {
        match self.content.metadata.get(key)? {
            Value::F32(value) => Some(f64::from(*value)),
            Value::F64(value) => Some(*value),
            Value::I32(value) => Some(f64::from(*value)),
            value => value.to_u64().ok().map(|value| value as f64),
        }
    }

    fn size(&self, key: &str) -> Result<usize, Error> {
        let problem = |what: &str| Error::Config { file: self.file.clone(), problem: format!("{key} {what}") };
        let size = self.number(key).ok_or_else(|| problem("is missing"))?;
        if !(1.0..=4e6).contains(&size) {
            return Err(problem(&format!("is {size}, not a size from 1 to 4 million")));
        }
        Ok(size as usize)
    }

    fn dequantized(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let Some(info) = self.content.tensor_infos.get(name) else {
            return Err(Error::MissingTensor { file: self.file.clone(), tensor: name.into() });
        };
        // Compared before anything is allocated: the configuration's sizes are bounded, a header's are not.
        if info.shape.dims() != shape {
            return Err(Error::TensorShape {
                file: self.file.clone(),
                tensor: name.into(),
                found: info.shape.dims().to_vec(),
                expected: shape.to_vec(),
            });
        }
        let read = info.read(&mut self.reader, self.content.tensor_data_offset, &Device::Cpu);
        let values = read.and_then(|tensor| tensor.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1());
        values.map_err(|error| broken(&self.file, error))
    }
}

impl Tensors for Gguf {
    fn has(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(&gguf_name(name))
    }

    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        self.dequantized(&gguf_name(name), shape)
    }
}

/// Token types in `tokenizer.ggml.token_type`.
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;

/// GGUF's name of a tensor with this Hugging Face name.
fn gguf_name(name: &str) -> String {
    const PARTS: [(&str, &str); 17] = [
        ("model.layers.", "blk."),
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("input_layernorm", "attn_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"),
        ("self_attn.k_norm", "attn_k_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
        ("mlp.c_fc", "ffn_up"),
        ("mlp.c_proj", "ffn_down"),
    ];
    PARTS.iter().fold(name.to_string(), |name, (ours, theirs)| name.replace(ours, theirs))
}

/// How text is split before merging, by the name that llama.cpp gives each scheme.
fn pre_tokenizer(name: &str) -> Result<serde_json::Value, String> {
    let bytes = |use_regex: bool| json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex });
    let split = |digits: &str| {
        let pattern = format!(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        );
        let split =
            json!({ "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated", "invert": false });
        json!({ "type": "Sequence", "pretokenizers": [split, bytes(false)] })
    };
    match name {
        "default" | "gpt-2" => Ok(bytes(true)),
        "starcoder" | "refact" | "smollm" | "codeshell" => {
            let digits = json!({ "type": "Digits", "individual_digits": true });
            Ok(json!({ "type": "Sequence", "pretokenizers": [digits, bytes(true)] }))
        }
        "qwen2" => Ok(split(r"\p{N}")),
        "llama-bpe" | "llama3" => Ok(split(r"\p{N}{1,3}")),
        other => Err(format!(
            "its splitting `{other}` is not known (known: default, gpt-2, starcoder, refact, smollm, codeshell, qwen2, llama-bpe)"
        )),
    }
}
