//! What several tests need: a real server.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// llama.cpp's HTTP server with one model, gone when this is dropped.
pub struct LlamaServer {
    /// Its base URL.
    pub url: String,
    process: Child,
}

impl LlamaServer {
    /// Serves `gguf`. `None`, with the reason printed, where no Python with the package `xllamacpp` is named by
    /// `TASTER_TEST_PYTHON` (`cargo xtask test` installs one and names it).
    pub fn start(gguf: &Path) -> Option<Self> {
        let Some(python) = std::env::var_os("TASTER_TEST_PYTHON") else {
            eprintln!("skipped: TASTER_TEST_PYTHON names no Python with xllamacpp; `cargo xtask test` does");
            return None;
        };
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/support/start_llama_server.py");
        let mut process = Command::new(python)
            .arg(script)
            .arg(gguf)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines.find_map(|line| line.ok().filter(|line| line.starts_with("http://")));
        // A Python that is named and does not serve is a failure, not a reason to skip.
        let url = url.unwrap_or_else(|| panic!("{} was not served", gguf.display()));
        Some(Self { url, process })
    }
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        // It ends by itself when its input closes; this is quicker.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
