//! What becomes of a request.

use super::body::{self, RequestBody, Unreadable};
use super::breaking::sent;
use super::headers::strip_hop_by_hop;
use super::observe::{Passing, Reply};
use super::refusal::Refusal;
use super::reply;
use super::segment::Caller;
use super::sse::Form;
use super::transit::Transit;
use super::upstream::{Failure, Upstreams};
use super::{Count, Dialect, Gateway, Mode, hold, whole};
use hyper::body::Incoming;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, UPGRADE};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use std::convert::Infallible;
use std::sync::Arc;

/// Answers a request: with the server's reply, or with a refusal.
pub async fn answer(
    gateway: Arc<Gateway>,
    upstreams: Arc<Upstreams>,
    request: Request<Incoming>,
) -> Result<Response<Reply>, Infallible> {
    gateway.counters.add(Count::Requests);
    let (parts, body) = request.into_parts();
    Ok(decide(&gateway, &upstreams, parts, body).await.unwrap_or_else(|refusal| {
        gateway.counters.add(Count::Refused);
        refusal.response()
    }))
}

async fn decide(
    gateway: &Arc<Gateway>,
    upstreams: &Upstreams,
    mut parts: Parts,
    body: Incoming,
) -> Result<Response<Reply>, Refusal> {
    refuse_tunnels(&parts)?;
    if body::announces_more(&body, gateway.options.body_limit) {
        return Err(too_large(gateway));
    }
    let caller = Caller::of(&gateway.options.segments, &parts.headers, parts.uri.path());
    strip_hop_by_hop(&mut parts.headers);
    match Dialect::of(&parts.method, parts.uri.path()) {
        Some(dialect) => complete(gateway, upstreams, parts, body, (dialect, caller)).await,
        None => pass(gateway, upstreams, parts, body).await,
    }
}

/// What would turn the connection into something else.
fn refuse_tunnels(parts: &Parts) -> Result<(), Refusal> {
    if parts.method == Method::CONNECT || parts.headers.contains_key(UPGRADE) {
        let message = "This gateway passes on plain HTTP requests only; send no CONNECT and no Upgrade.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "malformed_request", message));
    }
    Ok(())
}

/// Passes on what asks for no completion, unread and as it comes.
async fn pass(
    gateway: &Gateway,
    upstreams: &Upstreams,
    parts: Parts,
    body: Incoming,
) -> Result<Response<Reply>, Refusal> {
    gateway.counters.add(Count::Passed);
    let body = RequestBody::coming(body, gateway.options.body_limit);
    let response = upstreams.stream(&parts, body).await;
    let (mut head, body) = response.map_err(|failure| refusal(gateway, failure))?.into_parts();
    strip_hop_by_hop(&mut head.headers);
    Ok(Response::from_parts(head, sent(Passing::new(body, gateway.options.patience))))
}

/// Asks for a completion and reads what comes.
async fn complete(
    gateway: &Arc<Gateway>,
    upstreams: &Upstreams,
    mut parts: Parts,
    body: Incoming,
    (dialect, caller): (Dialect, Caller),
) -> Result<Response<Reply>, Refusal> {
    let request = body::read(body, gateway.options.body_limit).await.map_err(|why| match why {
        Unreadable::TooLarge => too_large(gateway),
        Unreadable::Slow => {
            Refusal::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The request did not arrive in time.")
        }
        Unreadable::Broken => {
            Refusal::new(StatusCode::BAD_REQUEST, "malformed_request", "The request's body broke off.")
        }
    })?;
    let mut held = gateway.memory.hold();
    if !held.resize(request.len()) {
        let message = "The gateway holds as many large requests as it can; try again in a moment.";
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message));
    }
    // A reply that is compressed could not be read.
    parts.headers.remove(ACCEPT_ENCODING);
    let response = upstreams.send(&parts, request.clone()).await;
    let (mut head, body) = response.map_err(|failure| refusal(gateway, failure))?.into_parts();
    strip_hop_by_hop(&mut head.headers);
    if !head.status.is_success() {
        gateway.counters.add(Count::Errors);
        let passing = Passing::new(body, gateway.options.patience);
        return Ok(Response::from_parts(head, sent(passing)));
    }
    let mut transit = Transit::new(gateway.next_id(), dialect, caller, request, held);
    transit.reply = reply_for(&head.headers);
    match (gateway.options.mode, transit.reply.form().is_some()) {
        (Mode::Observe, _) => {
            let passing = Passing::copied(body, gateway.options.patience, transit, gateway.clone());
            Ok(Response::from_parts(head, sent(passing)))
        }
        (_, true) => {
            head.headers.remove(CONTENT_LENGTH);
            Ok(Response::from_parts(head, hold::stream(gateway.clone(), transit, body).await))
        }
        (_, false) => whole::judged(gateway, head, transit, body).await,
    }
}

/// How a reply is read, by its headers.
fn reply_for(headers: &HeaderMap) -> reply::Reply {
    let is =
        |name, value: &[u8]| headers.get(name).is_some_and(|it| it.as_bytes().to_ascii_lowercase().starts_with(value));
    let mut reply = match () {
        () if is(CONTENT_TYPE, b"text/event-stream") => reply::Reply::events(Form::Sse),
        () if is(CONTENT_TYPE, b"application/x-ndjson") => reply::Reply::events(Form::Lines),
        () => reply::Reply::whole(),
    };
    if headers.contains_key(CONTENT_ENCODING) && !is(CONTENT_ENCODING, b"identity") {
        reply.give_up(reply::Unread::Compressed);
    }
    reply
}

fn too_large(gateway: &Gateway) -> Refusal {
    let message = format!("The request's body is larger than {} bytes.", gateway.options.body_limit);
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
}

/// What the client hears when no server answered: nothing of where the servers are.
fn refusal(gateway: &Gateway, failure: Failure) -> Refusal {
    match failure {
        Failure::Down => {
            gateway.counters.add(Count::Down);
            Refusal::new(StatusCode::BAD_GATEWAY, "upstream_down", "The model server cannot be reached or broke off.")
        }
        Failure::Slow => {
            gateway.counters.add(Count::Slow);
            Refusal::new(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", "The model server did not answer in time.")
        }
        Failure::Path => Refusal::new(StatusCode::BAD_REQUEST, "malformed_request", "The request's path is malformed."),
        Failure::TooLarge => too_large(gateway),
    }
}
