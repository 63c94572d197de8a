//! `taster watch otlp`: takes OpenTelemetry traces over HTTP, as JSON or protobuf. A reply of 200 means that they are stored.

use crate::import::{from_json, from_protobuf};
use crate::{Error, Exchange, Intake};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::read::GzDecoder;
use jiff::Timestamp;
use std::future::Future;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// Largest request, and largest content of a packed one.
const BODY: usize = 16 << 20;
const UNPACKED: u64 = 64 << 20;

/// What is called with every accepted request, to tell alarms and keep house.
pub type After = Box<dyn Fn(&mut Intake) + Send + Sync>;

struct Shared {
    intake: Mutex<Intake>,
    after: After,
}

/// Serves `/v1/traces` until `stop` is ready; `ready` gets the address that is listened on.
///
/// # Errors
/// The address cannot be listened on.
pub async fn otlp(
    intake: Intake,
    listen: SocketAddr,
    after: After,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::Listen { address: listen.to_string(), why: error.to_string() };
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(failed)?;
    ready(listener.local_addr().map_err(failed)?);
    let shared = Arc::new(Shared { intake: Mutex::new(intake), after });
    let router = Router::new().route("/v1/traces", post(traces)).layer(DefaultBodyLimit::max(BODY)).with_state(shared);
    axum::serve(listener, router).with_graceful_shutdown(stop).await.map_err(failed)
}

async fn traces(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    // Reading and storing block; the server goes on meanwhile.
    let done = tokio::task::spawn_blocking(move || take(&shared, &headers, &body)).await;
    done.unwrap_or_else(|_| reply(StatusCode::INTERNAL_SERVER_ERROR, "the trace could not be read"))
}

fn take(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Response {
    let json = match kind(headers) {
        Some(json) => json,
        None => return reply(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json or application/x-protobuf"),
    };
    let exchanges = match unpacked(headers, body).and_then(|body| read(&body, json)) {
        Ok(exchanges) => exchanges,
        Err(why) => return reply(StatusCode::BAD_REQUEST, &why),
    };
    let Ok(mut intake) = shared.intake.lock() else {
        return reply(StatusCode::SERVICE_UNAVAILABLE, "the analysis has failed; start taster again");
    };
    match intake.accept(&exchanges) {
        Ok(_) => {
            (shared.after)(&mut intake);
            // An empty answer is `ExportTraceServiceResponse` with nothing rejected, in both encodings.
            let kind = if json { "application/json" } else { "application/x-protobuf" };
            ([(header::CONTENT_TYPE, kind)], if json { "{}" } else { "" }).into_response()
        }
        Err(error) => {
            let mut response = reply(StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
            response
        }
    }
}

/// Whether the body is JSON; none where it is neither that nor protobuf.
fn kind(headers: &HeaderMap) -> Option<bool> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim();
    match kind {
        "application/json" => Some(true),
        "application/x-protobuf" => Some(false),
        _ => None,
    }
}

fn unpacked(headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, String> {
    match headers.get(header::CONTENT_ENCODING).map(|encoding| encoding.as_bytes()) {
        None | Some(b"identity") => Ok(body.to_vec()),
        Some(b"gzip") => {
            let mut unpacked = Vec::new();
            let read = GzDecoder::new(body).take(UNPACKED + 1).read_to_end(&mut unpacked);
            match read {
                Ok(size) if size as u64 > UNPACKED => Err(format!("more than {} MiB when unpacked", UNPACKED >> 20)),
                Ok(_) => Ok(unpacked),
                Err(_) => Err("the gzip is damaged".into()),
            }
        }
        Some(_) => Err("send it unpacked or as gzip".into()),
    }
}

fn read(body: &[u8], json: bool) -> Result<Vec<Exchange>, String> {
    let now = Timestamp::now();
    if json { from_json(body, now) } else { from_protobuf(body, now) }
}

fn reply(status: StatusCode, why: &str) -> Response {
    let why = report::escape::text(why, report::escape::Layout::Line, 300);
    (status, [(header::CONTENT_TYPE, "application/json")], serde_json::json!({"message": why}).to_string())
        .into_response()
}
