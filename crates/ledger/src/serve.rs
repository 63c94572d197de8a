//! HTTP: a ledger's static files for any C2SP client, and a witness.

use crate::error::Error;
use crate::store::Store;
use crate::tile::Tile;
use crate::witness::{Answer, LONGEST, Witness};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

const TEXT: &str = "text/plain; charset=utf-8";

/// Serves a ledger, read only, until `until` is over.
///
/// # Errors
/// The address cannot be listened on.
pub fn ledger(
    store: Store,
    listen: SocketAddr,
    ready: impl FnOnce(SocketAddr),
    until: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let router = Router::new().route("/{*path}", get(object)).with_state(store);
    run(router, listen, ready, until)
}

/// Serves a witness until `until` is over.
///
/// # Errors
/// The address cannot be listened on.
pub fn witness(
    witness: Witness,
    listen: SocketAddr,
    ready: impl FnOnce(SocketAddr),
    until: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let router = Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(latest))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(Arc::new(witness));
    run(router, listen, ready, until)
}

fn run(
    router: Router,
    listen: SocketAddr,
    ready: impl FnOnce(SocketAddr),
    until: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::Listen { address: listen.to_string(), why: error.to_string() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await.map_err(failed)?;
        ready(listener.local_addr().map_err(failed)?);
        axum::serve(listener, router).with_graceful_shutdown(until).await.map_err(failed)
    })
}

fn answer(status: u16, kind: &str, cache: &str, body: impl Into<Body>) -> Response<Body> {
    let response =
        Response::builder().status(status).header(CONTENT_TYPE, kind).header(CACHE_CONTROL, cache).body(body.into());
    response.unwrap_or_else(|_| {
        let mut failed = Response::new(Body::empty());
        *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        failed
    })
}

/// What clients may see: the log, and the objects that it names. Not what waits, and nothing else that somebody put beside it.
fn is_public(path: &str) -> bool {
    let named = |folder: &str, endings: &[&str]| {
        let name =
            path.strip_prefix(folder).and_then(|name| endings.iter().find_map(|ending| name.strip_suffix(ending)));
        name.is_some_and(|name| name.parse::<crate::Digest>().is_ok())
    };
    path == "checkpoint"
        || Tile::parse(path).is_some()
        || named("segment/", &[".parquet", ".tree"])
        || named("statement/", &[".json"])
}

async fn object(State(store): State<Store>, Path(path): Path<String>) -> Response<Body> {
    if !is_public(&path) {
        return answer(404, TEXT, "no-store", "no such object\n");
    }
    let wanted = path.clone();
    let found = tokio::task::spawn_blocking(move || store.get(&wanted)).await;
    match found {
        Ok(Ok(Some(bytes))) if path == "checkpoint" => answer(200, TEXT, "no-store", bytes),
        Ok(Ok(Some(bytes))) => answer(200, "application/octet-stream", "public, max-age=31536000, immutable", bytes),
        Ok(Ok(None)) => answer(404, TEXT, "no-store", "no such object\n"),
        Ok(Err(_)) | Err(_) => answer(500, TEXT, "no-store", "the store failed\n"),
    }
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: String) -> Response<Body> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    match tokio::task::spawn_blocking(move || witness.add_checkpoint(&body, now)).await {
        Ok(said) => {
            let kind = if matches!(said, Answer::Conflict(_)) { "text/x.tlog.size" } else { TEXT };
            answer(said.status(), kind, "no-store", said.body())
        }
        Err(_) => answer(500, TEXT, "no-store", "the witness failed\n"),
    }
}

async fn latest(State(witness): State<Arc<Witness>>, Path(origin): Path<String>) -> Response<Body> {
    match tokio::task::spawn_blocking(move || witness.latest(&origin)).await {
        Ok(Ok(Some(note))) => answer(200, TEXT, "no-store", note),
        Ok(Ok(None)) => answer(404, TEXT, "no-store", "this log was not cosigned here\n"),
        Ok(Err(_)) | Err(_) => answer(500, TEXT, "no-store", "the witness failed\n"),
    }
}
