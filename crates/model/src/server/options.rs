//! What the user says about a server.

use crate::Error;
use std::time::Duration;

/// Which of a server's endpoints completes code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `/v1/completions`: the model continues the prompt itself. The kind to prefer.
    Completions,
    /// `/v1/completions`, and llama.cpp's `/infill` for prompts with a suffix.
    Infill,
    /// `/v1/chat/completions`: the model is told to continue the code. A last resort: what is measured is the model
    /// together with that instruction.
    Chat,
}

/// How to reach a server and how patient to be with it. [`ServerOptions::new`] gives the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerOptions {
    /// Base URL, as other clients take it: `http://localhost:8000` or `https://host/api/v1`.
    pub url: String,
    /// The model's name at the server; the first that `/v1/models` lists when absent.
    pub model: Option<String>,
    /// Found by asking when absent.
    pub kind: Option<Kind>,
    /// The environment variable that holds the key; without it `TASTER_API_KEY`, and for OpenAI itself `OPENAI_API_KEY`, is tried.
    pub key_variable: Option<String>,
    /// Longest wait for one answer, from connecting to its last byte.
    pub timeout: Duration,
    /// Requests under way at once.
    pub concurrency: usize,
    /// How often a request is repeated when the server is busy or broken (429, 5xx, lost connections, cut-off answers).
    pub retries: usize,
    /// Wait before the first repetition; doubles each time, half of it random. `Retry-After` has precedence.
    pub backoff: Duration,
    /// Largest answer that is read, in bytes.
    pub body_limit: u64,
    /// Most samples in one request; halved when the server refuses.
    pub samples_per_request: usize,
}

impl ServerOptions {
    /// The defaults for a server at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }
}

impl Default for ServerOptions {
    /// No URL; kind and model found by asking, 120 s, 8 requests at once, 5 retries from 1 s, 8 MiB, 8 samples.
    fn default() -> Self {
        Self {
            url: String::new(),
            model: None,
            kind: None,
            key_variable: None,
            timeout: Duration::from_secs(120),
            concurrency: 8,
            retries: 5,
            backoff: Duration::from_secs(1),
            body_limit: 8 << 20,
            samples_per_request: 8,
        }
    }
}

/// An API key. It is sent in one header and appears nowhere else, not even in `Debug`.
pub(super) struct Key(String);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

impl Key {
    /// The key in `variable`; without a name the one in `TASTER_API_KEY`, or in `OPENAI_API_KEY` when `host` is OpenAI's.
    ///
    /// A key that was set for OpenAI is not handed to whatever other server is being scanned unless it is named.
    ///
    /// # Errors
    /// [`Error::Key`] when the named variable is not set, or when a key cannot be sent in a header.
    pub(super) fn find(
        variable: Option<&str>,
        host: &str,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, Error> {
        let openai = host == "api.openai.com";
        let names = match variable {
            Some(name) => vec![name],
            None if openai => vec!["TASTER_API_KEY", "OPENAI_API_KEY"],
            None => vec!["TASTER_API_KEY"],
        };
        for name in names {
            let Some(value) = environment(name) else { continue };
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(Error::Key { variable: name.to_owned(), why: "holds characters that no key has" });
            }
            return Ok(Some(Self(value.to_owned())));
        }
        match variable {
            Some(name) => Err(Error::Key { variable: name.to_owned(), why: "is not set" }),
            None => Ok(None),
        }
    }

    /// The value of the `Authorization` header.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Blots the key out of what a server answered, so that no answer can carry it into an error or a report.
    pub(super) fn blot(&self, body: Vec<u8>) -> Vec<u8> {
        let finder = memchr::memmem::Finder::new(self.0.as_bytes());
        if finder.find(&body).is_none() {
            return body;
        }
        let mut clean = Vec::with_capacity(body.len());
        let mut rest = body.as_slice();
        while let Some(at) = finder.find(rest) {
            clean.extend_from_slice(&rest[..at]);
            clean.extend_from_slice(b"[key]");
            rest = &rest[at + self.0.len()..];
        }
        clean.extend_from_slice(rest);
        clean
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn environment(name: &str) -> Option<String> {
        (name == "OPENAI_API_KEY").then(|| " sk-1 \n".to_owned())
    }

    #[test]
    fn a_key_for_openai_goes_nowhere_else_unasked() {
        assert!(Key::find(None, "localhost", environment).unwrap().is_none());
        assert_eq!(Key::find(None, "api.openai.com", environment).unwrap().unwrap().bearer(), "Bearer sk-1");
        assert_eq!(
            Key::find(Some("OPENAI_API_KEY"), "localhost", environment).unwrap().unwrap().bearer(),
            "Bearer sk-1"
        );
    }

    #[test]
    fn a_named_variable_must_be_set_and_sendable() {
        let error = Key::find(Some("MY_KEY"), "localhost", environment).unwrap_err();
        assert!(error.to_string().contains("MY_KEY is not set"), "{error}");
        let error = Key::find(Some("K"), "localhost", |_| Some("a\nsecret".into())).unwrap_err();
        assert!(error.to_string().contains("K holds") && !error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = Key("sk-1".into());
        assert_eq!(format!("{key:?}"), "[key]");
        assert_eq!(key.blot(b"you sent sk-1, sk-1!".to_vec()), b"you sent [key], [key]!");
        assert_eq!(key.blot(b"nothing here".to_vec()), b"nothing here");
    }
}
