//! One request and its answer: what is worth asking again, and what is an error.

use super::options::Key;
use super::stop::Stop;
use super::{Endpoint, ServerOptions};
use crate::Error;
use crate::error::printable;
use rand::RngExt;
use serde_json::Value;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body};

/// Longest `Retry-After` that is honoured, and longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Bytes of a refusal that are read to say why.
const EXCERPT: u64 = 4096;

/// Speaks HTTP with one server.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    key: Option<Key>,
    timeout: Duration,
    retries: usize,
    backoff: Duration,
    body_limit: u64,
    /// Whether it ever answered. A server that never did is not waited for: the address is probably wrong.
    reached: AtomicBool,
}

/// What to ask.
pub(super) struct Request {
    pub(super) url: String,
    /// Absent in a GET.
    pub(super) body: Option<Value>,
    /// Largest answer that makes sense, in bytes.
    pub(super) limit: u64,
}

/// Why one try failed.
enum Failure {
    /// Asking again may help.
    Passing { why: String, wait: Option<Duration> },
    /// It will not.
    Lasting(Error),
}

impl Client {
    pub(super) fn new(endpoint: &Endpoint, key: Option<Key>, options: &ServerOptions) -> Self {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would carry prompts, and perhaps the key, to a host that nobody named.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(options.timeout))
            .max_idle_connections_per_host(options.concurrency)
            .user_agent(concat!("taster/", env!("CARGO_PKG_VERSION")));
        if endpoint.is_loopback() {
            config = config.proxy(None);
        }
        Self {
            agent: config.build().new_agent(),
            key,
            timeout: options.timeout,
            retries: options.retries,
            backoff: options.backoff,
            body_limit: options.body_limit,
            reached: AtomicBool::new(false),
        }
    }

    /// Asks until `read` accepts the answer, the tries are used up, or `stop` is raised.
    ///
    /// # Errors
    /// [`Error::Refused`] at once where asking again is pointless, else [`Error::GaveUp`] with the last reason.
    pub(super) fn ask<T>(
        &self,
        request: &Request,
        stop: &Stop,
        read: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, Error> {
        self.ask_times(self.retries, request, stop, read)
    }

    /// As [`Client::ask`], for something that a server may lack: two retries at most.
    pub(super) fn try_ask<T>(&self, request: &Request, read: impl Fn(&[u8]) -> Result<T, String>) -> Result<T, Error> {
        self.ask_times(self.retries.min(2), request, &Stop::default(), read)
    }

    fn ask_times<T>(
        &self,
        retries: usize,
        request: &Request,
        stop: &Stop,
        read: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (why, wait) = match self.once(request, &read) {
                Ok(answer) => return Ok(answer),
                Err(Failure::Lasting(error)) => return Err(error),
                Err(Failure::Passing { why, wait }) => (why, wait),
            };
            let wait = wait.unwrap_or_else(|| self.pause(tries));
            if tries > retries || wait > LONGEST_WAIT || stop.wait(wait) {
                return Err(Error::GaveUp { url: request.url.clone(), tries, why });
            }
        }
    }

    /// Doubles with each try; half of it is random, so that refused requests do not come back all at once.
    fn pause(&self, tries: usize) -> Duration {
        let doublings = u32::try_from(tries - 1).unwrap_or(u32::MAX).min(16);
        let full = self.backoff.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        full.mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    fn once<T>(&self, request: &Request, read: &impl Fn(&[u8]) -> Result<T, String>) -> Result<T, Failure> {
        let mut response = self.send(request).map_err(|error| self.failure(request, &error))?;
        self.reached.store(true, Ordering::Relaxed);
        if !response.status().is_success() {
            return Err(self.refusal(request, response));
        }
        let limit = request.limit.min(self.body_limit);
        let body = response.body_mut().with_config().limit(limit).read_to_vec();
        let body = self.blot(body.map_err(|error| self.failure(request, &error))?);
        read(&body).map_err(|why| {
            if is_json(&response) {
                return Failure::Passing { why: format!("{why} in its answer"), wait: None };
            }
            let what = response.body().mime_type().unwrap_or("something unnamed");
            let what = printable(what, 60);
            Failure::Lasting(Error::NoAnswer {
                url: request.url.clone(),
                why: format!("it answered {what}, not JSON; is this the base URL of an OpenAI-compatible server?"),
            })
        })
    }

    fn send(&self, request: &Request) -> Result<Response<Body>, ureq::Error> {
        match &request.body {
            Some(body) => {
                let mut post = self.agent.post(&request.url).content_type("application/json");
                if let Some(key) = &self.key {
                    post = post.header(header::AUTHORIZATION, key.bearer());
                }
                post.send(body.to_string())
            }
            None => {
                let mut get = self.agent.get(&request.url);
                if let Some(key) = &self.key {
                    get = get.header(header::AUTHORIZATION, key.bearer());
                }
                get.call()
            }
        }
    }

    fn blot(&self, body: Vec<u8>) -> Vec<u8> {
        match &self.key {
            Some(key) => key.blot(body),
            None => body,
        }
    }

    /// What a failed connection means.
    fn failure(&self, request: &Request, error: &ureq::Error) -> Failure {
        use std::io::ErrorKind::ConnectionRefused;
        let url = request.url.clone();
        let passing = |why: String| Failure::Passing { why, wait: None };
        match error {
            ureq::Error::BodyExceedsLimit(limit) => Failure::Lasting(Error::NoAnswer {
                url,
                why: format!("its answer is longer than {limit} bytes, more than what was asked for can take"),
            }),
            ureq::Error::Timeout(_) => passing(format!(
                "no whole answer within {:?} (raise the time-out, or lower the concurrency)",
                self.timeout
            )),
            ureq::Error::Io(cause) if cause.kind() != ConnectionRefused || self.reached.load(Ordering::Relaxed) => {
                passing(format!("the connection broke ({})", cause.kind()))
            }
            ureq::Error::Protocol(_) => passing("the answer is no HTTP".into()),
            ureq::Error::Decompress(..) => passing("the answer's compression is damaged".into()),
            other => Failure::Lasting(Error::Unreachable { url, why: printable(&other.to_string(), 200) }),
        }
    }

    /// What a status other than success means.
    fn refusal(&self, request: &Request, response: Response<Body>) -> Failure {
        let status = response.status();
        let wait = retry_after(&response);
        let location = response.headers().get(header::LOCATION).map(|to| to.as_bytes().to_vec());
        let mut body = Vec::new();
        // Whatever could be read explains the refusal; that it broke off is no news.
        let _ = response.into_body().into_reader().take(EXCERPT).read_to_end(&mut body);
        let said = |bytes: Vec<u8>| printable(&explanation(&self.blot(bytes)), 300);
        let busy =
            matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY);
        let broken = status.is_server_error()
            && !matches!(status, StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED);
        if busy || broken {
            return Failure::Passing { why: format!("it answered {status}: {}", said(body)), wait };
        }
        Failure::Lasting(Error::Refused {
            url: request.url.clone(),
            status: status.as_u16(),
            said: said(location.unwrap_or(body)),
            advice: advice(status),
        })
    }
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = httpdate::parse_http_date(value).ok()?;
    Some(then.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO))
}

fn is_json(response: &Response<Body>) -> bool {
    response.body().mime_type().is_some_and(|kind| kind.contains("json"))
}

/// The message inside an error answer: servers wrap it as `{"error": {"message": ...}}` or `{"detail": ...}`.
fn explanation(body: &[u8]) -> String {
    let message = serde_json::from_slice::<Value>(body).ok().and_then(|json| {
        ["/error/message", "/message", "/detail", "/error"]
            .iter()
            .find_map(|at| json.pointer(at)?.as_str().map(str::to_owned))
    });
    message.unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned())
}

/// What the user can do about a refusal.
fn advice(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..=399 => "redirects are not followed; if you trust where it points, give that as the base URL",
        401 | 403 => "put a valid key into the environment variable TASTER_API_KEY, or name the variable that holds it",
        404 | 405 | 501 => "check the base URL, the model's name and the kind of endpoint",
        413 => "the prompt is too long for this server",
        _ => {
            "the server does not accept such a request; check the model's name, its context length and the kind of endpoint"
        }
    }
}
