//! What a path asks for.

use hyper::Method;

/// A way to ask for completions that the gateway reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `/completions`, and llama.cpp's `/completion`: the prompt is code up to the gap.
    Completions,
    /// `/chat/completions`, and Ollama's `/api/chat`: the code stands in the fences of an answer.
    Chat,
    /// llama.cpp's `/infill`: code around a gap.
    Infill,
    /// Ollama's `/api/generate`: code up to the gap, or talk, whichever the prompt is.
    Generate,
    /// OpenAI's `/responses`: a chat whose turns the server may keep.
    Responses,
}

impl Dialect {
    /// The dialect of a request; `None` for everything that is passed on unread.
    pub fn of(method: &Method, path: &str) -> Option<Dialect> {
        let path = path.trim_end_matches('/');
        let ends = |end| path.ends_with(end);
        match *method {
            Method::POST if ends("/chat/completions") || ends("/api/chat") => Some(Dialect::Chat),
            Method::POST if ends("/completions") || ends("/completion") => Some(Dialect::Completions),
            Method::POST if ends("/infill") => Some(Dialect::Infill),
            Method::POST if ends("/api/generate") => Some(Dialect::Generate),
            Method::POST if ends("/responses") => Some(Dialect::Responses),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_call_completion_is_read_and_the_rest_is_passed_on() {
        for (path, expected) in [
            ("/v1/chat/completions", Some(Dialect::Chat)),
            ("/v1/completions", Some(Dialect::Completions)),
            ("/openai/deployments/x/completions/", Some(Dialect::Completions)),
            ("/v1/fim/completions", Some(Dialect::Completions)),
            ("/completion", Some(Dialect::Completions)),
            ("/infill", Some(Dialect::Infill)),
            ("/api/generate", Some(Dialect::Generate)),
            ("/api/chat", Some(Dialect::Chat)),
            ("/v1/responses", Some(Dialect::Responses)),
            ("/v1/responses/resp_1/cancel", None),
            ("/v1/embeddings", None),
            ("/", None),
        ] {
            assert_eq!(Dialect::of(&Method::POST, path), expected, "{path}");
        }
        assert_eq!(Dialect::of(&Method::GET, "/v1/completions"), None);
    }
}
