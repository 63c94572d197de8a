//! What a server writes, gathered choice by choice while it flows by.

use super::asked::Texts;
use super::sse::{self, Splitter};
use serde::Deserialize;

/// Most bytes of a reply that are kept to be read: some million tokens of code.
const MOST: usize = 16 << 20;

/// Most bytes of events that wait to be read.
const MOST_UNSPLIT: usize = 64 << 10;

/// Most choices of one reply.
const MOST_CHOICES: usize = 1024;

/// Most calls of tools by one choice.
const MOST_CALLS: usize = 128;

/// A reply so far.
#[derive(Debug)]
pub struct Reply {
    body: Body,
    /// What each choice wrote, by its index.
    pub choices: Vec<Written>,
    /// The model, as the server names it.
    pub model: String,
    /// Whether the server said that it is done.
    pub done: bool,
    /// Why the reply, or a part of it, could not be read. Never to be taken for clean.
    pub unread: Option<Unread>,
    kept: usize,
    gave_up: bool,
    /// Events that were not read yet.
    unsplit: Vec<u8>,
}

#[derive(Debug)]
enum Body {
    Events(Splitter),
    Whole(Vec<u8>),
}

/// What one choice wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Its text.
    pub text: String,
    /// The arguments of the tools it calls, JSON, by the number of the call.
    pub calls: Vec<String>,
    /// Whether it ended by itself.
    pub finished: bool,
}

/// Why a reply was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// More than the gateway keeps.
    #[error("the reply is too large")]
    TooLarge,
    /// Compressed, although this was not asked for.
    #[error("the reply is compressed")]
    Compressed,
    /// No JSON, or of another shape.
    #[error("the reply is not JSON of a known shape")]
    Shape,
    /// The gateway's memory for copies is used up.
    #[error("the memory for copies is used up")]
    Memory,
}

/// The JSON of a whole reply and of an event, in all dialects.
#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    model: Texts,
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    content: Option<String>,
    stop: Option<bool>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: usize,
    text: Option<String>,
    message: Option<Message>,
    delta: Option<Message>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Texts,
    #[serde(default)]
    tool_calls: Option<Vec<Call>>,
    function_call: Option<Function>,
}

#[derive(Deserialize)]
struct Call {
    index: Option<usize>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    arguments: Option<String>,
}

impl Reply {
    /// A reply that streams its events.
    pub fn events() -> Reply {
        Reply::new(Body::Events(Splitter::default()))
    }

    /// A reply that comes as one JSON text.
    pub fn whole() -> Reply {
        Reply::new(Body::Whole(Vec::new()))
    }

    fn new(body: Body) -> Reply {
        Reply {
            body,
            choices: Vec::new(),
            model: String::new(),
            done: false,
            unread: None,
            kept: 0,
            gave_up: false,
            unsplit: Vec::new(),
        }
    }

    /// Whether it comes as events.
    pub fn is_streamed(&self) -> bool {
        matches!(self.body, Body::Events(_))
    }

    /// Bytes that are kept for this reply.
    pub fn size(&self) -> usize {
        self.kept + self.unsplit.len()
    }

    /// Gives up: frees what is kept, reads nothing more, and remembers why.
    pub fn give_up(&mut self, why: Unread) {
        *self = Reply { unread: Some(why), gave_up: true, ..Reply::whole() };
    }

    /// Takes what came next. Most replies are short, and are read only at their [end](Reply::end), off the stream's way; long ones
    /// are read in between, since their text takes a fiftieth of their events' memory.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.gave_up {
            return;
        }
        let too_long = match &mut self.body {
            Body::Whole(body) => {
                body.extend_from_slice(bytes);
                self.kept = body.len();
                body.len() > MOST
            }
            Body::Events(_) => {
                self.unsplit.extend_from_slice(bytes);
                self.unsplit.len() > MOST_UNSPLIT && self.split().is_err()
            }
        };
        if too_long {
            self.give_up(Unread::TooLarge);
        }
    }

    /// Nothing more comes; it will wait a while to be read, in no more memory than it needs.
    pub fn shrink(&mut self) {
        self.unsplit.shrink_to_fit();
    }

    /// Reads the events that came.
    fn split(&mut self) -> Result<(), sse::TooLong> {
        let bytes = std::mem::take(&mut self.unsplit);
        let Body::Events(splitter) = &mut self.body else { return Ok(()) };
        let mut splitter = std::mem::take(splitter);
        let outcome = splitter.push(&bytes, |event| self.event(event));
        self.body = Body::Events(splitter);
        outcome
    }

    /// Reads one event.
    pub fn event(&mut self, event: &[u8]) {
        match sse::data(event).as_deref().map(str::trim) {
            None | Some("") => {}
            Some("[DONE]") => self.done = true,
            Some(json) => self.chunk(json),
        }
    }

    /// Reads what is left when nothing more comes.
    pub fn end(&mut self) {
        if self.split().is_err() {
            self.give_up(Unread::TooLarge);
        }
        match std::mem::replace(&mut self.body, Body::Whole(Vec::new())) {
            Body::Events(mut splitter) => {
                // The last event may lack its blank line; where it was broken off, the reply is cut, not of an unknown shape.
                let before = self.unread;
                self.event(&splitter.rest());
                self.unread = before;
            }
            Body::Whole(body) if !body.is_empty() => {
                self.kept = 0;
                self.chunk(&String::from_utf8_lossy(&body));
                self.done = self.unread.is_none();
            }
            Body::Whole(_) => {}
        }
    }

    /// Whether the server ended it as it should.
    pub fn is_complete(&self) -> bool {
        self.done || (!self.choices.is_empty() && self.choices.iter().all(|choice| choice.finished))
    }

    fn chunk(&mut self, json: &str) {
        let Ok(chunk) = serde_json::from_str::<Chunk>(json) else {
            self.unread = self.unread.or(Some(Unread::Shape));
            return;
        };
        if self.model.is_empty() {
            self.model = chunk.model.0.concat();
        }
        if let Some(content) = chunk.content {
            self.add(0, |written| written.text.push_str(&content), content.len());
            self.done |= chunk.stop == Some(true);
        }
        for choice in chunk.choices.unwrap_or_default() {
            self.choice(choice);
        }
    }

    fn choice(&mut self, choice: Choice) {
        let finished = choice.finish_reason.is_some();
        let message = choice.message.or(choice.delta);
        let (content, calls, call) =
            message.map_or_else(Default::default, |it| (it.content.0, it.tool_calls, it.function_call));
        let text = choice.text.unwrap_or_default() + &content.concat();
        self.add(choice.index, |written| written.text.push_str(&text), text.len());
        let calls = calls.unwrap_or_default().into_iter().map(|call| (call.index, call.function));
        for (place, (index, function)) in calls.chain(call.map(|call| (Some(0), Some(call)))).enumerate() {
            let arguments = function.and_then(|function| function.arguments).unwrap_or_default();
            self.call(choice.index, index.unwrap_or(place), &arguments);
        }
        self.add(choice.index, |written| written.finished |= finished, 0);
    }

    fn call(&mut self, choice: usize, call: usize, arguments: &str) {
        if call >= MOST_CALLS {
            self.unread = Some(Unread::TooLarge);
            return;
        }
        let append = |written: &mut Written| {
            written.calls.resize(written.calls.len().max(call + 1), String::new());
            written.calls[call].push_str(arguments);
        };
        self.add(choice, append, arguments.len());
    }

    fn add(&mut self, choice: usize, change: impl FnOnce(&mut Written), size: usize) {
        if choice >= MOST_CHOICES || self.kept + size > MOST {
            self.unread = Some(Unread::TooLarge);
            return;
        }
        self.kept += size;
        if choice >= self.choices.len() {
            self.choices.resize(choice + 1, Written::default());
        }
        change(&mut self.choices[choice]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streamed(stream: &str, size: usize) -> Reply {
        let mut reply = Reply::events();
        stream.as_bytes().chunks(size).for_each(|piece| reply.feed(piece));
        reply.end();
        reply
    }

    fn whole(body: &str) -> Reply {
        let mut reply = Reply::whole();
        reply.feed(body.as_bytes());
        reply.end();
        reply
    }

    #[test]
    fn a_stream_says_the_same_wherever_it_is_cut() {
        let stream = "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"text\":\"é\"}]}\n\ndata: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        for size in 1..stream.len() {
            let reply = streamed(stream, size);
            assert_eq!((reply.choices[0].text.as_str(), reply.choices[1].text.as_str()), ("é", "b"), "{size}");
            assert_eq!((reply.choices[0].calls[0].as_str(), reply.model.as_str()), ("{}", "m"));
            assert!(reply.done && reply.unread.is_none());
        }
    }

    #[test]
    fn each_dialects_whole_reply_is_read() {
        for body in [
            r#"{"choices":[{"text":"a","finish_reason":"stop"}],"usage":{}}"#,
            r#"{"choices":[{"index":0,"message":{"content":"a","tool_calls":null}}]}"#,
            r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"}]}}]}"#,
            r#"{"content":"a","stop":true}"#,
        ] {
            let reply = whole(body);
            assert_eq!((reply.choices[0].text.as_str(), reply.unread, reply.done), ("a", None, true), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert_eq!(whole("<html>").unread, Some(Unread::Shape));
        assert_eq!(streamed("data: {]\n\n", 9).unread, Some(Unread::Shape));
        assert_eq!(whole(r#"{"choices":[{"index":99999999,"text":"a"}]}"#).unread, Some(Unread::TooLarge));
        let mut reply = Reply::whole();
        (0..20).for_each(|_| reply.feed(&[b' '; 1 << 20]));
        assert_eq!((reply.unread, reply.size()), (Some(Unread::TooLarge), 0));
    }

    #[test]
    fn a_stream_that_breaks_off_is_not_complete() {
        assert!(!streamed("data: {\"choices\":[{\"index\":0,\"text\":\"a\"}]}\n\ndata: {\"ch", 7).is_complete());
        assert!(streamed("data: {\"content\":\"a\",\"stop\":true}\n\n", 7).is_complete());
    }
}
