//! The servers behind the gateway.

use super::GatewayError;
use super::body::{self, RequestBody};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Longest time for a connection to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a connection that nobody uses is kept: shorter than servers keep theirs, so that none is used as it closes.
const IDLE: Duration = Duration::from_secs(4);

/// Most bytes that are read from a server before they are passed on.
const READ_BUFFER: usize = 64 << 10;

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
    servers: Vec<Upstream>,
    client: Client<HttpsConnector<HttpConnector>, RequestBody>,
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
        // This system's certificates, its operator's own among them; Mozilla's where it has none.
        let tls = HttpsConnectorBuilder::new().with_native_roots();
        let tls = tls.unwrap_or_else(|_| HttpsConnectorBuilder::new().with_webpki_roots());
        let connector = tls.https_or_http().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_max_buf_size(READ_BUFFER)
            .build(connector);
        Upstreams { servers, client, next: AtomicUsize::new(0), patience }
    }

    /// Sends a request whose body is here to the next server; where that cannot be reached, to the one after it.
    ///
    /// # Errors
    /// No server answered.
    pub async fn send(&self, parts: &Parts, body: Bytes) -> Result<Response<Incoming>, Failure> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut last = Failure::Down;
        for attempt in 0..self.servers.len() {
            let server = &self.servers[(first + attempt) % self.servers.len()];
            match self.ask(server, parts, RequestBody::here(body.clone())).await {
                Ok(response) => return Ok(response),
                Err((failure, unreached)) if unreached => last = failure,
                Err((failure, _)) => return Err(failure),
            }
        }
        Err(last)
    }

    /// Sends a request whose body is still coming to the next server.
    ///
    /// # Errors
    /// The server did not answer, or the body grew too large.
    pub async fn stream(&self, parts: &Parts, body: RequestBody) -> Result<Response<Incoming>, Failure> {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.servers.len();
        self.ask(&self.servers[next], parts, body).await.map_err(|(failure, _)| failure)
    }

    /// Asks one server. With the failure comes whether the server was not even reached, so that another may be asked.
    async fn ask(
        &self,
        server: &Upstream,
        parts: &Parts,
        body: RequestBody,
    ) -> Result<Response<Incoming>, (Failure, bool)> {
        let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let uri = server.uri(path).ok_or((Failure::Path, false))?;
        let host = HeaderValue::from_str(server.authority.as_str()).map_err(|_| (Failure::Path, false))?;
        let mut request = Request::new(body);
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = parts.headers.clone();
        request.headers_mut().insert(HOST, host);
        match tokio::time::timeout(self.patience, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if body::is_too_large(&error) => Err((Failure::TooLarge, false)),
            Ok(Err(error)) => Err((Failure::Down, error.is_connect())),
            Err(_) => Err((Failure::Slow, false)),
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
