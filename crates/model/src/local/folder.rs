//! Opening a Hugging Face folder.

use super::config::{Config, token_ids};
use super::decoder::Decoder;
use super::tensors::{Safetensors, digest};
use super::vocabulary::Vocabulary;
use super::{Local, card};
use crate::Error;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tokenizers::Tokenizer;

/// Largest JSON file that is read, in bytes; the largest tokenizers in use have some 20 MB.
const LARGEST_JSON: u64 = 256 << 20;

/// Endings of files that hold pickled weights.
const PICKLES: [&str; 5] = ["bin", "pt", "pth", "pkl", "ckpt"];

/// Opens the model in a folder.
pub fn open(folder: &Path) -> Result<Local, Error> {
    let weights = weights(folder)?;
    let config_file = folder.join("config.json");
    let mut config = Config::from_json(&config_file.display().to_string(), &json(&config_file)?)?;
    let generation = folder.join("generation_config.json");
    if generation.is_file() {
        config.ends.extend(token_ids(&json(&generation)?["eos_token_id"]));
    }
    let vocabulary = vocabulary(&folder.join("tokenizer.json"), &config)?;
    let sha256 = digest(&weights)?;
    let decoder = Decoder::load(config, &mut Safetensors::open(folder, weights)?)?;
    Ok(Local::new(card(folder, &decoder, sha256), decoder, vocabulary))
}

/// The safetensors files of a folder, in order of their names.
pub fn weights(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = |source| Error::Read { file: folder.display().to_string(), source };
    let entries = fs::read_dir(folder).map_err(read)?.collect::<Result<Vec<_>, _>>().map_err(read)?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    let ends_in = |path: &Path, ending: &str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending));
    if let Some(whole) = files.iter().find(|path| path.ends_with("model.safetensors")) {
        return Ok(vec![whole.clone()]);
    }
    let shards: Vec<PathBuf> = files.iter().filter(|path| ends_in(path, "safetensors")).cloned().collect();
    if !shards.is_empty() {
        return Ok(shards);
    }
    match files.iter().find(|path| PICKLES.iter().any(|ending| ends_in(path, ending))) {
        Some(pickle) => Err(Error::Pickle { file: pickle.display().to_string() }),
        None => Err(Error::NoWeights { folder: folder.display().to_string() }),
    }
}

/// Reads a JSON file of a sane size.
pub fn json(path: &Path) -> Result<Value, Error> {
    let file = || path.display().to_string();
    serde_json::from_slice(&bytes(path)?).map_err(|error| Error::Config { file: file(), problem: error.to_string() })
}

/// Reads a file that holds JSON, as long as its size is sane.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let read = |source| Error::Read { file: path.display().to_string(), source };
    let length = fs::metadata(path).map_err(read)?.len();
    if length > LARGEST_JSON {
        let problem = format!("it has {length} bytes, more than any tokenizer or configuration needs");
        return Err(Error::Config { file: path.display().to_string(), problem });
    }
    fs::read(path).map_err(read)
}

fn vocabulary(path: &Path, config: &Config) -> Result<Vocabulary, Error> {
    let file = path.display().to_string();
    if !path.is_file() {
        return Err(Error::Tokenizer { file, problem: "it is missing: save the model's fast tokenizer here".into() });
    }
    let bytes = bytes(path)?;
    let unfit = |problem: String| Error::Tokenizer { file: file.clone(), problem };
    let tokenizer = Tokenizer::from_bytes(&bytes).map_err(|error| unfit(error.to_string()))?;
    let parsed: Value = serde_json::from_slice(&bytes).map_err(|error| unfit(error.to_string()))?;
    let byte_level =
        [&parsed["decoder"], &parsed["pre_tokenizer"]].iter().any(|part| part.to_string().contains("\"ByteLevel\""));
    Vocabulary::new(&file, tokenizer, byte_level, config)
}
