//! What a model's files say of its shape: `config.json` or GGUF metadata, brought to one form.

use crate::Error;
use serde_json::Value;

/// Decoders that this crate computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// Llama and all that share its layout: CodeLlama, DeepSeek-Coder, Mistral without a window.
    Llama,
    /// Qwen 2 and 2.5: Llama with biases on queries, keys and values.
    Qwen2,
    /// Qwen 3: Llama with norms on queries and keys.
    Qwen3,
    /// StarCoder 2: layer norms, biases and a plain MLP.
    Starcoder2,
}

impl Architecture {
    /// Names as in `model_type` and `general.architecture`.
    pub const KNOWN: [(&str, Architecture); 4] = [
        ("llama", Architecture::Llama),
        ("qwen2", Architecture::Qwen2),
        ("qwen3", Architecture::Qwen3),
        ("starcoder2", Architecture::Starcoder2),
    ];

    /// The architecture of that name.
    pub fn named(file: &str, name: &str) -> Result<Self, Error> {
        let known = Self::KNOWN.map(|(name, _)| name).join(", ");
        Self::KNOWN
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, architecture)| architecture)
            .ok_or_else(|| Error::UnknownArchitecture { file: file.into(), name: name.into(), known })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::KNOWN.iter().find(|(_, known)| *known == self).map_or("unknown", |(name, _)| name)
    }
}

/// The shape of a decoder and the constants it computes with.
#[derive(Debug, Clone)]
pub struct Config {
    pub architecture: Architecture,
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    pub intermediate: usize,
    pub vocabulary: usize,
    /// Longest sequence, in tokens.
    pub context: usize,
    pub epsilon: f32,
    /// Angle per position of each pair of dimensions.
    pub frequencies: Vec<f32>,
    /// Rotated pairs are neighbours (GGUF's Llama) instead of half a head apart.
    pub interleaved: bool,
    /// Starts a document.
    pub begin: Option<u32>,
    /// Any of these ends a document.
    pub ends: Vec<u32>,
}

/// No published decoder is larger in any direction; a larger number is a lie that would only cost memory.
const LARGEST: u64 = 1 << 22;

impl Config {
    /// Reads a Hugging Face `config.json`.
    pub fn from_json(file: &str, json: &Value) -> Result<Self, Error> {
        let fields = Fields { file, json };
        let name = json["model_type"].as_str().unwrap_or("(none)");
        let architecture = Architecture::named(file, name)?;
        let (hidden, heads) = (fields.size("hidden_size")?, fields.size("num_attention_heads")?);
        let head_dim = fields.optional_size("head_dim")?.unwrap_or(hidden / heads);
        let epsilon = json["rms_norm_eps"].as_f64().or(json["norm_epsilon"].as_f64()).unwrap_or(1e-5);
        Self {
            architecture,
            hidden,
            layers: fields.size("num_hidden_layers")?,
            heads,
            kv_heads: fields.optional_size("num_key_value_heads")?.unwrap_or(heads),
            head_dim,
            intermediate: fields.size("intermediate_size")?,
            vocabulary: fields.size("vocab_size")?,
            context: fields.optional_size("max_position_embeddings")?.unwrap_or(2048),
            epsilon: epsilon as f32,
            frequencies: frequencies(file, json, head_dim)?,
            interleaved: false,
            begin: token_ids(&json["bos_token_id"]).first().copied(),
            ends: token_ids(&json["eos_token_id"]),
        }
        .checked(file)
    }

    /// Refuses shapes that cannot be computed.
    pub fn checked(self, file: &str) -> Result<Self, Error> {
        let whole = self.heads.is_multiple_of(self.kv_heads) && self.head_dim.is_multiple_of(2);
        if !whole || self.head_dim > 4096 {
            return Err(Error::Config {
                file: file.into(),
                problem: format!(
                    "{} heads of {} dimensions over {} key heads do not fit together",
                    self.heads, self.head_dim, self.kv_heads
                ),
            });
        }
        Ok(self)
    }
}

/// A token id, or a list of them.
pub fn token_ids(value: &Value) -> Vec<u32> {
    let one = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}

struct Fields<'a> {
    file: &'a str,
    json: &'a Value,
}

impl Fields<'_> {
    fn size(&self, field: &str) -> Result<usize, Error> {
        self.optional_size(field)?.ok_or_else(|| self.wrong(format!("{field} is missing")))
    }

    fn optional_size(&self, field: &str) -> Result<Option<usize>, Error> {
        match &self.json[field] {
            Value::Null => Ok(None),
            value => match value.as_u64() {
                Some(size) if (1..=LARGEST).contains(&size) => Ok(Some(size as usize)),
                _ => Err(self.wrong(format!("{field} is {value}, not a size from 1 to {LARGEST}"))),
            },
        }
    }

    fn wrong(&self, problem: String) -> Error {
        Error::Config { file: self.file.into(), problem }
    }
}

/// Rotary angles per position, from `rope_parameters` (new files) or `rope_theta` and `rope_scaling` (old ones).
fn frequencies(file: &str, json: &Value, head_dim: usize) -> Result<Vec<f32>, Error> {
    let scaling = if json["rope_parameters"].is_object() { &json["rope_parameters"] } else { &json["rope_scaling"] };
    let theta = scaling["rope_theta"].as_f64().or(json["rope_theta"].as_f64()).unwrap_or(10_000.0);
    let plain = rotations(theta, head_dim);
    let number = |field: &str, default: f64| scaling[field].as_f64().unwrap_or(default);
    let factor = number("factor", 1.0).max(1e-6);
    match scaling["rope_type"].as_str().or(scaling["type"].as_str()).unwrap_or("default") {
        "default" | "dynamic" => Ok(plain),
        "linear" => Ok(plain.iter().map(|f| f / factor as f32).collect()),
        "llama3" => {
            let (low, high) = (number("low_freq_factor", 1.0), number("high_freq_factor", 4.0));
            let trained = number("original_max_position_embeddings", 8192.0);
            Ok(plain.iter().map(|&f| stretch(f64::from(f), factor, low, high, trained) as f32).collect())
        }
        other => Err(Error::Config {
            file: file.into(),
            problem: format!("rope type `{other}` is not known (known: default, linear, dynamic, llama3)"),
        }),
    }
}

/// Angles per position with base `theta`, fastest first.
pub fn rotations(theta: f64, head_dim: usize) -> Vec<f32> {
    (0..head_dim / 2).map(|pair| theta.powf(-2.0 * pair as f64 / head_dim as f64) as f32).collect()
}

/// Llama 3.1's scaling: slow angles are divided by `factor`, fast ones kept, those between blended.
fn stretch(frequency: f64, factor: f64, low: f64, high: f64, trained: f64) -> f64 {
    let turns = trained * frequency / std::f64::consts::TAU;
    let kept = ((turns - low) / (high - low)).clamp(0.0, 1.0);
    frequency * (kept + (1.0 - kept) / factor)
}
