//! From what the user typed to a model.

use crate::{Error, Local, Model, Recording, RecordingOptions, Server, ServerOptions};
use std::path::Path;

/// How to reach a model, beyond its name.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// For a server; its URL is the name that is opened.
    pub server: ServerOptions,
    /// For a recording.
    pub recording: RecordingOptions,
}

/// Opens a model: a folder or `.gguf` file of weights, the `http(s)` address of a server, or a `.jsonl` or `.parquet`
/// recording.
///
/// # Errors
/// Whatever keeps the model from being opened, in one sentence that names it.
pub fn open(spec: &str, options: &Options) -> Result<Box<dyn Model>, Error> {
    if spec.starts_with("http://") || spec.starts_with("https://") {
        let options = ServerOptions { url: spec.into(), ..options.server.clone() };
        return Ok(Box::new(Server::open(&options)?));
    }
    let path = Path::new(spec);
    match path.extension().and_then(|ending| ending.to_str()) {
        _ if path.is_dir() => Ok(Box::new(Local::open(path)?)),
        Some("gguf") => Ok(Box::new(Local::open(path)?)),
        Some("jsonl" | "gz" | "parquet") => Ok(Box::new(Recording::open_with(path, &options.recording)?)),
        Some("bin" | "pt" | "pth" | "pkl" | "ckpt") => Err(Error::Pickle { file: spec.into() }),
        _ => Err(Error::NotAModel { spec: spec.into() }),
    }
}
