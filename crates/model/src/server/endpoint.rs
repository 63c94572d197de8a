//! Where a server is.

use crate::Error;
use ureq::http::Uri;

/// The addresses of a server, from the base URL that the user gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// What `/completions` is appended to: the base URL, with `/v1` when it has no path of its own.
    api: String,
    /// What llama.cpp's own paths are appended to: the same without `/v1`.
    root: String,
    /// Host and port.
    pub(super) authority: String,
    /// The host alone.
    pub(super) host: String,
}

impl Endpoint {
    /// # Errors
    /// [`Error::Url`] unless it is `http(s)://host[:port][/path]`: anything else in a URL is a place where keys hide.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let wrong = |why| Error::Url { url: crate::error::printable(url, 200), why };
        if url.contains('@') {
            return Err(Error::Url { url: "the server's URL".into(), why: "holds a name or password" });
        }
        let uri: Uri = url.parse().map_err(|_| wrong("is no URL"))?;
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"));
        let (Some(scheme), Some(authority)) = (scheme, uri.authority()) else {
            return Err(wrong("does not begin with http:// or https://"));
        };
        if uri.query().is_some() {
            return Err(Error::Url { url: "the server's URL".into(), why: "holds a query string" });
        }
        let path = uri.path().trim_end_matches('/');
        let base = format!("{scheme}://{authority}");
        Ok(Self {
            api: format!("{base}{}", if path.is_empty() { "/v1" } else { path }),
            root: format!("{base}{}", path.strip_suffix("/v1").unwrap_or(path)),
            authority: authority.to_string(),
            host: authority.host().to_owned(),
        })
    }

    /// The address of an endpoint of the OpenAI interface.
    pub(super) fn api(&self, path: &str) -> String {
        format!("{}/{path}", self.api)
    }

    /// The address of an endpoint of llama.cpp's own.
    pub(super) fn native(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    /// Whether it is this machine, which no proxy should stand before.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_base_url_is_taken_as_other_clients_take_it() {
        for (url, api, native) in [
            ("http://localhost:8000", "http://localhost:8000/v1/models", "http://localhost:8000/infill"),
            ("http://localhost:8000/v1/", "http://localhost:8000/v1/models", "http://localhost:8000/infill"),
            ("https://host/api/v1", "https://host/api/v1/models", "https://host/api/infill"),
            ("https://host/v1beta/openai", "https://host/v1beta/openai/models", "https://host/v1beta/openai/infill"),
        ] {
            let endpoint = Endpoint::parse(url).unwrap();
            assert_eq!((endpoint.api("models").as_str(), endpoint.native("infill").as_str()), (api, native), "{url}");
        }
    }

    #[test]
    fn a_url_with_a_place_for_secrets_is_refused_without_repeating_it() {
        for url in ["http://me:secret@host/v1", "http://host/v1?key=secret"] {
            let error = Endpoint::parse(url).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(Endpoint::parse("localhost:8000").is_err());
        assert!(Endpoint::parse("file:///etc/passwd").is_err());
        assert!(Endpoint::parse("").is_err());
    }

    #[test]
    fn this_machine_is_known_by_all_its_names() {
        for (url, expected) in
            [("http://localhost:1", true), ("http://127.0.0.2", true), ("http://[::1]:8", true), ("http://host", false)]
        {
            assert_eq!(Endpoint::parse(url).unwrap().is_loopback(), expected, "{url}");
        }
    }
}
