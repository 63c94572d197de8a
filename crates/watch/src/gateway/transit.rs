//! A request and its reply on their way through, as they wait to be read.

use super::Dialect;
use super::asked::Asked;
use super::memory::Held;
use super::passage::passages;
use super::reply::{Reply, Unread};
use super::segment::Caller;
use super::sse::Form;
use crate::Exchange;
use bytes::Bytes;
use code::Language;
use jiff::Timestamp;

/// What went by.
#[derive(Debug)]
pub struct Transit {
    /// Tells it from every other.
    pub id: String,
    /// How it was asked.
    pub dialect: Dialect,
    /// Who asked.
    pub caller: Caller,
    /// The request's body.
    pub request: Bytes,
    /// What the server wrote.
    pub reply: Reply,
    /// When it ended.
    pub ended: Timestamp,
    /// Whether it broke off.
    pub cut: bool,
    /// The memory that it takes.
    pub held: Held,
}

impl Transit {
    /// A request that has no reply yet.
    pub fn new(id: String, dialect: Dialect, caller: Caller, request: Bytes, held: Held) -> Transit {
        let (ended, reply) = (Timestamp::UNIX_EPOCH, Reply::whole());
        Transit { id, dialect, caller, request, reply, ended, cut: false, held }
    }

    /// Takes a piece of the reply, as far as there is memory to keep it.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.reply.feed(bytes);
        if !self.held.resize(self.request.len() + self.reply.size()) {
            self.reply.give_up(Unread::Memory);
        }
    }

    /// The reply ends, `whole` or broken off.
    pub fn end(&mut self, whole: bool, now: Timestamp) {
        (self.cut, self.ended) = (!whole, now);
        self.reply.shrink();
    }

    /// Reads what has not been read yet. Once it has ended, and where it may take its time.
    pub fn read(&mut self) {
        // What broke off in the middle of a whole reply may still be JSON; of a stream, the last event tells.
        let streamed = self.reply.form().is_some();
        self.reply.end();
        // A client may hang up on the last event, which is its right.
        self.cut &= !(streamed && self.reply.is_complete());
    }

    /// The completions in it, one for each stretch of code; and why some of it could not be read, if so.
    pub fn exchanges(&self, usual: Option<Language>) -> (Vec<Exchange>, Option<Unread>) {
        let asked = Asked::read(self.dialect, &self.request);
        let model = if self.reply.model.is_empty() { &asked.model } else { &self.reply.model };
        let mut exchanges = Vec::new();
        for (choice, written) in self.reply.choices.iter().enumerate() {
            for passage in passages(&asked, choice, written, usual) {
                exchanges.push(Exchange {
                    id: format!("{}-{}", self.id, exchanges.len()),
                    at: self.ended,
                    model: model.clone(),
                    language: passage.language,
                    segment: self.caller.segment(model, passage.language),
                    prompt: asked.prompt(choice).to_owned(),
                    suffix: asked.suffix.clone(),
                    completion: passage.code.into_owned(),
                    cut: (self.cut && !written.finished) || written.limited,
                });
            }
        }
        (exchanges, self.reply.unread)
    }
}

/// The completions in a request and its reply that are here already, as the gateway would have seen them pass; whether all
/// of the reply could be read.
pub fn completions(dialect: Dialect, request: &[u8], streamed: bool, pieces: &[&[u8]]) -> (Vec<Exchange>, bool) {
    let caller = Caller::of(&[], &hyper::HeaderMap::new(), "");
    let held = super::memory::Memory::new(usize::MAX).hold();
    let mut transit = Transit::new(String::new(), dialect, caller, Bytes::copy_from_slice(request), held);
    if streamed {
        let form = if dialect == Dialect::Generate { Form::Lines } else { Form::Sse };
        transit.reply = Reply::events(form);
    }
    pieces.iter().for_each(|piece| transit.feed(piece));
    transit.end(true, Timestamp::UNIX_EPOCH);
    transit.read();
    let (exchanges, unread) = transit.exchanges(None);
    (exchanges, unread.is_none())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::memory::Memory;
    use super::*;
    use hyper::HeaderMap;

    fn transit(memory: usize, request: &str) -> Transit {
        let caller = Caller::of(&["m=model".parse().unwrap()], &HeaderMap::new(), "/");
        let request = Bytes::from(request.to_owned());
        Transit::new(String::new(), Dialect::Completions, caller, request, Memory::new(memory).hold())
    }

    #[test]
    fn each_choice_is_an_exchange_with_its_own_prompt_and_id() {
        let mut transit = transit(1 << 20, r#"{"model":"asked","prompt":["def a():","def b():"],"n":1}"#);
        transit.feed(br#"{"model":"told","choices":[{"index":0,"text":"\n  1"},{"index":1,"text":"\n  2"}]}"#);
        transit.end(true, Timestamp::UNIX_EPOCH);
        transit.read();
        let (exchanges, unread) = transit.exchanges(None);
        assert_eq!((exchanges.len(), unread), (2, None));
        assert_eq!((exchanges[1].prompt.as_str(), exchanges[1].completion.as_str()), ("def b():", "\n  2"));
        assert_eq!((exchanges[1].segment["m"].as_str(), exchanges[1].cut), ("told", false));
        assert_ne!(exchanges[0].id, exchanges[1].id);
    }

    #[test]
    fn a_completion_that_might_be_no_longer_is_cut() {
        for (reason, cut) in [("stop", false), ("length", true)] {
            let mut transit = transit(1 << 20, r#"{"prompt":"def a():"}"#);
            transit.feed(format!(r#"{{"choices":[{{"text":"\n  1","finish_reason":"{reason}"}}]}}"#).as_bytes());
            transit.end(true, Timestamp::UNIX_EPOCH);
            transit.read();
            assert_eq!(transit.exchanges(None).0[0].cut, cut, "{reason}");
        }
    }

    #[test]
    fn without_memory_the_reply_is_unread_rather_than_clean() {
        let mut transit = transit(100, "{}");
        transit.feed(&[b' '; 101]);
        transit.end(true, Timestamp::UNIX_EPOCH);
        transit.read();
        assert_eq!(transit.exchanges(None), (vec![], Some(Unread::Memory)));
    }
}
