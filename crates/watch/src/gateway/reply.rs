//! What a server writes, gathered choice by choice while it flows by.

use super::chunk::{Chunk, Said};
use super::sse::{self, Form, Splitter};

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
    /// Whether it ended because it might be no longer.
    pub limited: bool,
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

impl Reply {
    /// A reply that streams its events.
    pub fn events(form: Form) -> Reply {
        Reply::new(Body::Events(Splitter::new(form)))
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

    /// How it separates its events, where it streams.
    pub fn form(&self) -> Option<Form> {
        match &self.body {
            Body::Events(splitter) => Some(splitter.form()),
            Body::Whole(_) => None,
        }
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
        let form = splitter.form();
        let mut splitter = std::mem::replace(splitter, Splitter::new(form));
        let outcome = splitter.push(&bytes, |event| self.event(event));
        self.body = Body::Events(splitter);
        outcome
    }

    /// Reads one event.
    pub fn event(&mut self, event: &[u8]) {
        match sse::data(self.form().unwrap_or_default(), event).as_deref().map(str::trim) {
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
        if let Body::Events(splitter) = &mut self.body {
            // The last event may lack its blank line; where it was broken off, the reply is cut, not of an unknown shape.
            let (rest, before) = (splitter.rest(), self.unread);
            self.event(&rest);
            self.unread = before;
        }
        match std::mem::replace(&mut self.body, Body::Whole(Vec::new())) {
            Body::Whole(body) if !body.is_empty() => {
                self.kept = 0;
                self.chunk(&String::from_utf8_lossy(&body));
                self.done = self.unread.is_none();
            }
            Body::Whole(_) | Body::Events(_) => {}
        }
    }

    /// Whether the server ended it as it should.
    pub fn is_complete(&self) -> bool {
        self.done || (!self.choices.is_empty() && self.choices.iter().all(|choice| choice.finished))
    }

    fn chunk(&mut self, json: &str) {
        let Some(chunk) = Chunk::read(json) else {
            self.unread = self.unread.or(Some(Unread::Shape));
            return;
        };
        if self.model.is_empty() {
            self.model = chunk.model;
        }
        for piece in chunk.pieces {
            self.piece(piece.choice, piece.said);
        }
        self.done |= chunk.done;
    }

    fn piece(&mut self, choice: usize, said: Said) {
        match said {
            Said::Text(more) => self.add(choice, |written| written.text.push_str(&more), more.len()),
            Said::AllText(all) => {
                let more = self.choices.get(choice).map_or(&*all, |written| unsaid(&written.text, &all));
                self.piece(choice, Said::Text(more.to_owned()));
            }
            Said::AllCall(call, all) => {
                let calls = self.choices.get(choice).map_or(&[][..], |written| &written.calls);
                let call = call.unwrap_or(calls.len());
                let more = calls.get(call).map_or(&*all, |arguments| unsaid(arguments, &all));
                self.piece(choice, Said::Call(call, more.to_owned()));
            }
            Said::Call(call, _) if call >= MOST_CALLS => self.unread = Some(Unread::TooLarge),
            Said::Call(call, more) => {
                let append = |written: &mut Written| {
                    written.calls.resize(written.calls.len().max(call + 1), String::new());
                    written.calls[call].push_str(&more);
                };
                self.add(choice, append, more.len());
            }
            Said::End { limited } => {
                let end =
                    |written: &mut Written| (written.finished, written.limited) = (true, written.limited | limited);
                self.add(choice, end, 0);
            }
        }
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

/// What is said as a whole, without what was said of it so far.
fn unsaid<'a>(so_far: &str, all: &'a str) -> &'a str {
    if so_far.ends_with(all) { "" } else { all.strip_prefix(so_far).unwrap_or(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streamed(stream: &str, size: usize) -> Reply {
        let mut reply = Reply::events(Form::Sse);
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
    fn ollamas_own_lines_are_read_and_a_limit_of_tokens_is_told_from_an_end() {
        let lines = |reason: &str| {
            format!(
                "{{\"model\":\"m\",\"response\":\"a\",\"done\":false}}\n{{\"response\":\"b\",\"done\":true,\"done_reason\":\"{reason}\"}}\n"
            )
        };
        let chat = "{\"message\":{\"role\":\"assistant\",\"content\":\"ab\",\"tool_calls\":[{\"function\":{\"arguments\":{\"x\":1}}}]},\"done\":false}\n{\"done\":true,\"done_reason\":\"stop\"}\n";
        for (stream, limited, calls) in [(lines("stop"), false, 0), (lines("length"), true, 0), (chat.into(), false, 1)]
        {
            for size in 1..stream.len() {
                let mut reply = Reply::events(Form::Lines);
                stream.as_bytes().chunks(size).for_each(|piece| reply.feed(piece));
                reply.end();
                let written = &reply.choices[0];
                assert_eq!(
                    (written.text.as_str(), written.limited, written.calls.len()),
                    ("ab", limited, calls),
                    "{stream}"
                );
                assert!(written.finished && reply.done && reply.unread.is_none());
            }
        }
        assert!(whole(r#"{"choices":[{"text":"a","finish_reason":"length"}]}"#).choices[0].limited);
        assert!(whole(r#"{"content":"a","stop":true,"stop_type":"limit"}"#).choices[0].limited);
    }

    #[test]
    fn what_a_response_says_twice_is_read_once_and_what_it_says_only_at_its_end_is_read() {
        let stream = |deltas: &str| {
            format!(
                "event: response.created\ndata: {{\"type\":\"response.created\",\"response\":{{\"model\":\"m\"}}}}\n\n{deltas}data: {{\"type\":\"response.output_text.done\",\"output_index\":0,\"text\":\"ab\"}}\n\ndata: {{\"type\":\"response.incomplete\",\"response\":{{\"model\":\"m\",\"incomplete_details\":{{\"reason\":\"max_output_tokens\"}},\"output\":[{{\"type\":\"message\",\"content\":[{{\"type\":\"output_text\",\"text\":\"ab\"}}]}},{{\"type\":\"function_call\",\"arguments\":\"{{}}\"}}]}}}}\n\n"
            )
        };
        let delta = "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"a\"}\n\n";
        for deltas in ["", delta] {
            let reply = streamed(&stream(deltas), 7);
            assert_eq!((reply.choices[0].text.as_str(), reply.model.as_str()), ("ab", "m"), "{deltas}");
            assert!(reply.choices[0].limited && reply.done && reply.unread.is_none());
            assert_eq!(reply.choices[1].calls, ["{}"]);
        }
        let body = r#"{"object":"response","model":"m","text":{"format":{"type":"text"}},"output":[{"type":"reasoning","summary":[]},{"type":"message","content":[{"type":"output_text","text":"a"}]}]}"#;
        let reply = whole(body);
        assert_eq!((reply.choices[1].text.as_str(), reply.choices[1].limited, reply.done), ("a", false, true));
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
