//! The servers behind the gateway.

use super::GatewayError;
use super::body::{self, RequestBody};
use super::link::{Answer, Idle, Link};
use bytes::Bytes;
use hyper::header::{HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tower_service::Service;

/// Longest time for a connection to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// One server: where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    scheme: Scheme,
    authority: Authority,
    /// What stands before the path of each request; no `/`, no `/v1` at its end: clients say that themselves.
    base: String,
}

impl std::str::FromStr for Upstream {
    type Err = GatewayError;

    fn from_str(url: &str) -> Result<Self, GatewayError> {
        // What may hold a secret is not repeated.
        let shown = if url.contains(['@', '?']) { "the upstream's URL" } else { url };
        let wrong = |why| GatewayError::Upstream { url: shown.to_owned(), why };
        let uri: Uri = url.parse().map_err(|_| wrong("is no URL"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(wrong("does not begin with http:// or https://"));
        };
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err(wrong("does not begin with http:// or https://"));
        }
        let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        if path.query().is_some() || authority.as_str().contains('@') {
            return Err(wrong("holds a query string, a name or a password"));
        }
        let path = path.path().trim_end_matches('/');
        let base = path.strip_suffix("/v1").unwrap_or(path).to_owned();
        Ok(Upstream { scheme, authority, base })
    }
}

impl Upstream {
    fn uri(&self, path: &str) -> Option<Uri> {
        let path = format!("{}{path}", self.base);
        Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query(path).build().ok()
    }

    /// What follows the method in a request: the path alone, since this is no proxy's proxy.
    fn target(&self, parts: &Parts) -> Option<Uri> {
        let path = parts.uri.path_and_query()?;
        if self.base.is_empty() {
            return Some(path.clone().into());
        }
        format!("{}{path}", self.base).parse().ok()
    }
}

/// Why no server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// None could be reached, or it broke off before it answered.
    Down,
    /// One was reached and said nothing in time.
    Slow,
    /// What the client asked for is no path.
    Path,
    /// The client's body grew beyond the limit while it was sent on.
    TooLarge,
}

/// All servers, asked in turn.
pub struct Upstreams {
    servers: Vec<(Upstream, Arc<Idle>)>,
    connector: HttpsConnector<HttpConnector>,
    next: AtomicUsize,
    patience: Duration,
}

impl Upstreams {
    /// Connects to nobody yet. `patience` is the longest silence before an answer.
    pub fn new(servers: Vec<Upstream>, patience: Duration) -> Upstreams {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT));
        // Where the program has two providers of cryptography, rustls takes neither by itself; one that was chosen already stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // This system's certificates, its operator's own among them; Mozilla's where it has none.
        let tls = HttpsConnectorBuilder::new().with_native_roots();
        let tls = tls.unwrap_or_else(|_| HttpsConnectorBuilder::new().with_webpki_roots());
        let connector = tls.https_or_http().enable_http1().wrap_connector(http);
        let servers = servers.into_iter().map(|server| (server, Arc::default())).collect();
        Upstreams { servers, connector, next: AtomicUsize::new(0), patience }
    }

    /// Sends a request whose body is here to the next server; where that cannot be reached, to the one after it.
    ///
    /// # Errors
    /// No server answered.
    pub async fn send(&self, parts: &Parts, body: Bytes) -> Result<Response<Answer>, Failure> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        for attempt in 0..self.servers.len() {
            let (server, idle) = &self.servers[(first + attempt) % self.servers.len()];
            let link = match idle.take() {
                Some(link) => link,
                None => match self.connect(server).await {
                    Ok(link) => link,
                    Err(_) => continue,
                },
            };
            let used = link.used;
            match self.ask(server, idle, link, parts, RequestBody::here(body.clone())).await {
                // A connection that had waited was being closed; the server has not read the request.
                Err(Failure::Down) if used => {
                    let link = self.connect(server).await?;
                    return self.ask(server, idle, link, parts, RequestBody::here(body)).await;
                }
                answer => return answer,
            }
        }
        Err(Failure::Down)
    }

    /// Sends a request whose body is still coming to the next server, on a fresh connection: it cannot be sent twice.
    ///
    /// # Errors
    /// The server did not answer, or the body grew too large.
    pub async fn stream(&self, parts: &Parts, body: RequestBody) -> Result<Response<Answer>, Failure> {
        let (server, idle) = &self.servers[self.next.fetch_add(1, Ordering::Relaxed) % self.servers.len()];
        let link = self.connect(server).await?;
        self.ask(server, idle, link, parts, body).await
    }

    async fn connect(&self, server: &Upstream) -> Result<Link, Failure> {
        let uri = server.uri("/").ok_or(Failure::Down)?;
        let stream = self.connector.clone().call(uri).await.map_err(|_| Failure::Down)?;
        Link::new(stream).await.map_err(|_| Failure::Down)
    }

    async fn ask(
        &self,
        server: &Upstream,
        idle: &Arc<Idle>,
        mut link: Link,
        parts: &Parts,
        body: RequestBody,
    ) -> Result<Response<Answer>, Failure> {
        let mut request = Request::new(body);
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = server.target(parts).ok_or(Failure::Path)?;
        *request.headers_mut() = parts.headers.clone();
        let host = HeaderValue::from_str(server.authority.as_str()).map_err(|_| Failure::Path)?;
        request.headers_mut().insert(HOST, host);
        match tokio::time::timeout(self.patience, link.ask(request)).await {
            Ok(Ok(response)) => Ok(response.map(|body| Answer::new(body, link, idle.clone()))),
            Ok(Err(error)) if body::is_too_large(&error) => Err(Failure::TooLarge),
            Ok(Err(_)) => Err(Failure::Down),
            Err(_) => Err(Failure::Slow),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_base_url_is_taken_with_and_without_its_version() {
        for (url, expected) in [
            ("http://localhost:8000", "http://localhost:8000/v1/models?x=1"),
            ("http://localhost:8000/v1/", "http://localhost:8000/v1/models?x=1"),
            ("https://host/api/v1", "https://host/api/v1/models?x=1"),
        ] {
            let upstream: Upstream = url.parse().unwrap();
            assert_eq!(upstream.uri("/v1/models?x=1").unwrap().to_string(), expected);
        }
    }

    #[test]
    fn a_url_with_a_place_for_secrets_is_refused_without_repeating_it() {
        for url in ["http://me:secret@host", "http://host/?key=secret", "ftp://host", "host:80", "", "/v1"] {
            let error = url.parse::<Upstream>().unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
