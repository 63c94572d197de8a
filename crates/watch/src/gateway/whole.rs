//! A reply in one piece, read before any of it goes out.

use super::asked::Asked;
use super::breaking::sent;
use super::judge::{self, Judgement};
use super::link::Answer;
use super::observe::{Fault, Passing, Reply};
use super::policy::Armed;
use super::refusal::Refusal;
use super::reply::Unread;
use super::transit::Transit;
use super::{Count, Gateway, Mode};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::response::Parts;
use hyper::{Response, StatusCode};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Where findings are written.
const FINDINGS: HeaderName = HeaderName::from_static("taster-findings");

/// Most bytes that wait to be read; the rest of a longer reply is passed on unread, or none of it.
const LONGEST: usize = 16 << 20;

/// Reads a reply and lets it go, with what was found or not at all.
pub async fn judged(
    gateway: &Arc<Gateway>,
    mut head: Parts,
    mut transit: Transit,
    body: Answer,
) -> Result<Response<Reply>, Refusal> {
    let mut rest = Passing::new(body, gateway.options.patience);
    let (first, ended) = gather(&mut rest, &mut transit).await;
    let broken = ended == Ended::Broken;
    transit.end(!broken, jiff::Timestamp::now());
    transit.read();
    let asked = Arc::new(judge::asked(transit.dialect, transit.request.clone()).await);
    let (judgement, denial) = verdict(gateway, &transit, &asked).await;
    gateway.queue(transit);
    if let Some(message) = denial {
        gateway.counters.add(Count::Blocked);
        return Ok(held_back(message).response());
    }
    if gateway.options.mode == Mode::Annotate {
        gateway.counters.add(Count::Annotated);
        if let Ok(value) = HeaderValue::from_str(&judgement.header()) {
            head.headers.insert(FINDINGS, value);
        }
    }
    Ok(Response::from_parts(head, sent(Read { first: Some(first.into()), rest, ended })))
}

/// The answer in place of a completion that is held back.
pub fn held_back(message: String) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "insecure_completion", message)
}

/// Reads every choice; with why the reply is held back, if one of them is.
async fn verdict(gateway: &Gateway, transit: &Transit, asked: &Arc<Asked>) -> (Judgement, Option<String>) {
    let mut all = Judgement { failed: transit.reply.unread.is_some(), ..Judgement::default() };
    let blocks = gateway.options.mode == Mode::Block;
    let mut denial = None;
    for (choice, written) in transit.reply.choices.iter().enumerate() {
        let armed = if blocks { arm(gateway, asked, choice) } else { Armed::default() };
        if blocks && armed.is_empty() {
            continue;
        }
        let (asked, usual) = (asked.clone(), gateway.options.language);
        let judgement = judge::read_choice(asked, choice, written.clone(), usual).await;
        denial = denial.or_else(|| judgement.denial(&armed, gateway)).filter(|_| blocks);
        all.add(judgement);
    }
    if blocks && transit.reply.unread.is_some() {
        let failed = Judgement { failed: true, ..Judgement::default() };
        denial = denial.or_else(|| failed.denial(&Armed::default(), gateway));
    }
    (all, denial)
}

/// The policy for one choice: triggers may stand before and behind the gap.
pub fn arm(gateway: &Gateway, asked: &Asked, choice: usize) -> Armed {
    let suffix = asked.suffix.as_deref().unwrap_or_default();
    gateway.options.policy.arm(&format!("{}\n{suffix}", asked.prompt(choice)))
}

/// How far a reply was gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Whole,
    Broken,
    TooLong,
}

async fn gather(body: &mut Passing, transit: &mut Transit) -> (Vec<u8>, Ended) {
    let mut first = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return (first, Ended::Broken) };
        if let Some(data) = frame.data_ref() {
            first.extend_from_slice(data);
            transit.feed(data);
        }
        if first.len() > LONGEST {
            transit.reply.give_up(Unread::TooLarge);
            return (first, Ended::TooLong);
        }
    }
    (first, Ended::Whole)
}

/// What was gathered, and then what follows.
struct Read {
    first: Option<Bytes>,
    rest: Passing,
    ended: Ended,
}

impl Body for Read {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        match (self.first.take().filter(|first| !first.is_empty()), self.ended) {
            (Some(first), _) => Poll::Ready(Some(Ok(Frame::data(first)))),
            (None, Ended::Whole) => Poll::Ready(None),
            // The server broke off, and so does the client's reply.
            (None, Ended::Broken) => Poll::Ready(Some(Err("the upstream broke off".into()))),
            (None, Ended::TooLong) => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.first, self.ended) {
            (Some(first), Ended::Whole) => SizeHint::with_exact(first.len() as u64),
            _ => SizeHint::default(),
        }
    }
}
