//! A stream that is read while it is written: what may go goes at once, what is undecided waits, and what is denied never
//! leaves.

use super::asked::Asked;
use super::breaking::sent;
use super::judge::{self, Judgement};
use super::link::Answer;
use super::observe::{Fault, Passing, Reply};
use super::policy::Armed;
use super::reply::{Unread, Written};
use super::sse::Splitter;
use super::transit::Transit;
use super::whole::{arm, held_back};
use super::writing::Writing;
use super::{Count, Gateway, Mode};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Events that may wait for a slow client; the server waits then, as it would for the client itself.
const DEPTH: usize = 16;

/// The client's stream of a server's.
pub async fn stream(gateway: Arc<Gateway>, transit: Transit, body: Answer) -> Reply {
    let asked = Arc::new(judge::asked(transit.dialect, transit.request.clone()).await);
    let (client, events) = mpsc::channel(DEPTH);
    let form = transit.reply.form().unwrap_or_default();
    let holding = Holding {
        gateway,
        transit,
        asked,
        choices: Vec::new(),
        splitter: Splitter::new(form),
        waiting: VecDeque::new(),
        unread: false,
        client,
    };
    tokio::spawn(holding.run(body));
    sent(Events(events))
}

/// A stream under way.
struct Holding {
    gateway: Arc<Gateway>,
    transit: Transit,
    asked: Arc<Asked>,
    choices: Vec<Choice>,
    splitter: Splitter,
    waiting: VecDeque<Event>,
    /// Whether the stream can no longer be read, and passes as it is.
    unread: bool,
    client: mpsc::Sender<Result<Bytes, Fault>>,
}

/// A choice of the stream.
struct Choice {
    writing: Writing,
    armed: Armed,
    /// Whether all that its tools are called with was read.
    calls_read: bool,
}

/// An event that waits, and for what: each choice that it adds to, with the length that must be settled, and whether it adds
/// to the call of a tool, which is harmless until it is whole.
struct Event {
    bytes: Bytes,
    adds: Vec<(usize, usize, bool)>,
}

/// How a stream ends before its time.
enum Stop {
    /// The server broke off or fell silent.
    Broken,
    /// The client is gone.
    Gone,
    /// It is held back, for this reason.
    Denied(String),
}

impl Holding {
    async fn run(mut self, body: Answer) {
        let mut body = Passing::new(body, self.gateway.options.patience);
        let outcome = match self.flow(&mut body).await {
            Ok(()) => self.finish().await,
            Err(Stop::Broken) => self.finish().await.and(Err(Stop::Broken)),
            Err(stop) => Err(stop),
        };
        // The server need not write what nobody will read.
        drop(body);
        match &outcome {
            Ok(()) | Err(Stop::Gone) => {}
            // A client that went away needs neither.
            Err(Stop::Broken) => {
                let _ = self.client.send(Err("the upstream broke off".into())).await;
            }
            Err(Stop::Denied(message)) => {
                self.gateway.counters.add(Count::Blocked);
                let event = held_back(message.clone()).event(self.splitter.form());
                let _ = self.send(event.into()).await;
            }
        }
        self.transit.end(outcome.is_ok(), jiff::Timestamp::now());
        self.gateway.queue(self.transit);
    }

    async fn flow(&mut self, body: &mut Passing) -> Result<(), Stop> {
        loop {
            let frame = tokio::select! {
                frame = body.frame() => frame,
                () = self.client.closed() => return Err(Stop::Gone),
            };
            match frame {
                None => return Ok(()),
                Some(Err(_)) => return Err(Stop::Broken),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.take(data).await?;
                    }
                }
            }
        }
    }

    async fn take(&mut self, data: Bytes) -> Result<(), Stop> {
        if self.unread {
            return self.send(data).await;
        }
        let mut events = Vec::new();
        let split = self.splitter.push(&data, |event| events.push(Bytes::copy_from_slice(event)));
        for event in events {
            // One by one, so that what stands before a denied statement still goes.
            self.read(event);
            self.judge(false).await?;
            self.release(false).await?;
        }
        let kept = self.transit.held.resize(self.transit.request.len() + self.transit.reply.size());
        if split.is_err() || !kept {
            self.transit.reply.give_up(if kept { Unread::TooLarge } else { Unread::Memory });
        }
        if matches!(self.transit.reply.unread, Some(Unread::TooLarge | Unread::Memory | Unread::Compressed)) {
            return self.pass_unread().await;
        }
        Ok(())
    }

    /// Reads an event and notes what it waits for.
    fn read(&mut self, bytes: Bytes) {
        let lengths = |choice: &Written| (choice.text.len(), choice.calls.iter().map(String::len).sum::<usize>());
        let before: Vec<_> = self.transit.reply.choices.iter().map(lengths).collect();
        self.transit.reply.event(&bytes);
        let mut adds = Vec::new();
        for (index, choice) in self.transit.reply.choices.iter().enumerate() {
            let (was, is) = (before.get(index).copied().unwrap_or_default(), lengths(choice));
            if was != is {
                adds.push((index, is.0, was.1 != is.1));
            }
        }
        self.waiting.push_back(Event { bytes, adds });
    }

    /// Reads whatever can be read by now.
    async fn judge(&mut self, ended: bool) -> Result<(), Stop> {
        if self.gateway.options.mode != Mode::Block {
            return Ok(());
        }
        for index in 0..self.transit.reply.choices.len() {
            if index == self.choices.len() {
                self.choices.push(Choice {
                    writing: Writing::new(self.asked.talk, self.asked.prompt(index), self.gateway.options.language),
                    armed: arm(&self.gateway, &self.asked, index),
                    calls_read: false,
                });
            }
            self.judge_choice(index, ended).await?;
        }
        Ok(())
    }

    async fn judge_choice(&mut self, index: usize, ended: bool) -> Result<(), Stop> {
        let (choice, written) = (&mut self.choices[index], &self.transit.reply.choices[index]);
        let ended = ended || written.finished;
        if choice.armed.is_empty() {
            return Ok(());
        }
        let jobs = choice.writing.follow(&written.text, ended);
        let mut judgement = if jobs.is_empty() { Judgement::default() } else { judge::read(jobs).await };
        if ended && !written.calls.is_empty() && !choice.calls_read {
            let calls = Written { text: String::new(), ..written.clone() };
            let usual = self.gateway.options.language;
            judgement.add(judge::read_choice(self.asked.clone(), index, calls, usual).await);
            choice.calls_read = true;
        }
        match judgement.denial(&choice.armed, &self.gateway) {
            Some(message) => Err(Stop::Denied(message)),
            None => {
                choice.writing.settle();
                Ok(())
            }
        }
    }

    /// Sends the events that wait for nothing any more.
    async fn release(&mut self, ended: bool) -> Result<(), Stop> {
        while self.waiting.front().is_some_and(|event| ended || self.may_go(event)) {
            let Some(event) = self.waiting.pop_front() else { break };
            self.send(event.bytes).await?;
        }
        Ok(())
    }

    fn may_go(&self, event: &Event) -> bool {
        match self.gateway.options.mode {
            // The last event waits for the findings, which stand before it.
            Mode::Annotate => !self.transit.reply.done,
            _ => event.adds.iter().all(|&(index, length, calls)| {
                self.choices.get(index).is_some_and(|choice| {
                    choice.armed.is_empty() || (choice.writing.settled() >= length && (!calls || choice.calls_read))
                })
            }),
        }
    }

    /// Nothing more comes.
    async fn finish(&mut self) -> Result<(), Stop> {
        if self.unread {
            return self.annotate().await;
        }
        let rest = self.splitter.rest();
        if !rest.is_empty() {
            // What broke off in the middle of an event is passed on as it is.
            let before = self.transit.reply.unread;
            self.read(rest.into());
            self.transit.reply.unread = before;
        }
        self.judge(true).await?;
        self.annotate().await?;
        self.release(true).await
    }

    /// Writes the findings, if that is asked for.
    async fn annotate(&mut self) -> Result<(), Stop> {
        if self.gateway.options.mode != Mode::Annotate {
            return Ok(());
        }
        let mut judgement = Judgement { failed: self.transit.reply.unread.is_some(), ..Judgement::default() };
        for (index, written) in self.transit.reply.choices.iter().enumerate() {
            let (asked, usual) = (self.asked.clone(), self.gateway.options.language);
            judgement.add(judge::read_choice(asked, index, written.clone(), usual).await);
        }
        self.gateway.counters.add(Count::Annotated);
        self.send(judgement.event(self.splitter.form()).into()).await
    }

    /// The stream can no longer be read: it passes as it is, or ends here.
    async fn pass_unread(&mut self) -> Result<(), Stop> {
        self.unread = true;
        if self.gateway.options.mode == Mode::Block {
            let failed = Judgement { failed: true, ..Judgement::default() };
            if let Some(message) = failed.denial(&Armed::default(), &self.gateway) {
                return Err(Stop::Denied(message));
            }
        }
        self.release(true).await?;
        let rest = self.splitter.rest();
        self.send(rest.into()).await
    }

    async fn send(&mut self, bytes: Bytes) -> Result<(), Stop> {
        self.client.send(Ok(bytes)).await.map_err(|_| Stop::Gone)
    }
}

/// What a client reads.
struct Events(mpsc::Receiver<Result<Bytes, Fault>>);

impl Body for Events {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        self.0.poll_recv(context).map(|event| event.map(|event| event.map(Frame::data)))
    }
}
