//! The operator's page: `/metrics` for Prometheus and `/taster/health`, for those who have the token.

use super::observe::Reply;
use super::refusal::{Refusal, whole};
use super::{Count, Gateway};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Most connections at once: one operator and one Prometheus have enough.
const CONNECTIONS: usize = 64;

/// Longest time for one connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serves the page for as long as the gateway runs.
pub async fn serve(gateway: Arc<Gateway>, listener: TcpListener, token: String) {
    let token = Arc::new(Sha256::digest(token));
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (gateway, token) = (gateway.clone(), token.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let response = page(&gateway, &request, &token);
            async move { Ok::<_, Infallible>(response) }
        });
        tokio::spawn(async move {
            let connection =
                http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
            let _ = tokio::time::timeout(PATIENCE, connection).await;
            drop(permit);
        });
    }
}

fn page(gateway: &Gateway, request: &Request<Incoming>, token: &[u8]) -> Response<Reply> {
    if !is_allowed(request, token) {
        let message = "This page wants the token of TASTER_ADMIN_TOKEN as `Authorization: Bearer`.";
        let mut response = Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", message).response();
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    }
    match request.uri().path() {
        "/metrics" => text("text/plain; version=0.0.4; charset=utf-8", metrics(gateway)),
        "/taster/health" => text("application/json", health(gateway)),
        _ => Refusal::new(StatusCode::NOT_FOUND, "not_found", "Here are /metrics and /taster/health.").response(),
    }
}

/// Digests are compared, so that the time tells nothing of the token.
fn is_allowed(request: &Request<Incoming>, token: &[u8]) -> bool {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    given.is_some_and(|given| Sha256::digest(given)[..] == *token)
}

fn text(kind: &'static str, body: String) -> Response<Reply> {
    let mut response = Response::new(whole(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn metrics(gateway: &Gateway) -> String {
    let waiting = gateway.queue.len();
    let page = gateway.page.lock().unwrap_or_else(PoisonError::into_inner);
    let queue = format!("# TYPE taster_gateway_queue_length gauge\ntaster_gateway_queue_length {waiting}\n");
    gateway.counters.prometheus() + &queue + &page
}

/// Degraded means: completions pass that nobody reads.
fn health(gateway: &Gateway) -> String {
    let count = |what| gateway.counters.get(what);
    let lost = [Count::NotQueued, Count::NotDelivered, Count::Failed].map(count);
    let status = if lost.iter().all(|&lost| lost == 0) { "ok" } else { "degraded" };
    json!({
        "status": status,
        "mode": format!("{:?}", gateway.options.mode).to_lowercase(),
        "queue": { "waiting": gateway.queue.len(), "most": gateway.options.capacity.items },
        "completions": count(Count::Completions),
        "not_queued": lost[0],
        "not_delivered": lost[1],
        "analysis_failed": lost[2],
        "unread": count(Count::Unread),
        "spooled": count(Count::Spooled),
    })
    .to_string()
}
