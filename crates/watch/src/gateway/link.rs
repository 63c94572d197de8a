//! A connection to a server, driven by whoever uses it. A connection with a task of its own would hand every token from one
//! task to another, and often from one processor to another: most of what a proxy adds.

use super::body::RequestBody;
use super::observe::Fault;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper::{Request, Response};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// What a connection runs over.
pub type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Most bytes that are read from a server before they are passed on.
const READ_BUFFER: usize = 64 << 10;

/// How long tokens are gathered that are here already, to go out together: each by itself would cost a frame's work. A server that
/// writes faster than this is not waited for.
const TOGETHER: Duration = Duration::from_micros(20);

/// Room for what one read brings, mostly.
const READ_AT_ONCE: usize = 4 << 10;

/// Most bytes that are gathered.
const MOST_TOGETHER: usize = 16 << 10;

/// How long a connection that nobody uses is kept: shorter than servers keep theirs, so that none is used as it closes.
const IDLE: Duration = Duration::from_secs(4);

/// Most connections that wait for use.
const MOST_IDLE: usize = 1024;

/// An open connection.
pub struct Link {
    requests: SendRequest<RequestBody>,
    connection: Connection<Stream, RequestBody>,
    /// Whether it has answered before.
    pub used: bool,
}

impl Link {
    /// Speaks HTTP over a stream.
    ///
    /// # Errors
    /// The stream is closed.
    pub async fn new(stream: Stream) -> hyper::Result<Link> {
        let (requests, connection) = Builder::new().max_buf_size(READ_BUFFER).handshake(stream).await?;
        Ok(Link { requests, connection, used: false })
    }

    /// Asks, and waits for the head of the answer.
    ///
    /// # Errors
    /// The connection breaks, or what comes is no HTTP.
    pub async fn ask(&mut self, request: Request<RequestBody>) -> hyper::Result<Response<Incoming>> {
        let mut answer = pin!(self.requests.send_request(request));
        let connection = &mut self.connection;
        poll_fn(|context| {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            // What it says at its end, it has told the answer too.
            let _ = Pin::new(&mut *connection).poll(context);
            answer.as_mut().poll(context)
        })
        .await
    }

    /// Moves the connection on; false once it is closed.
    fn drive(&mut self, context: &mut Context<'_>) -> bool {
        Pin::new(&mut self.connection).poll(context).is_pending()
    }

    /// Whether another request may be sent.
    fn is_free(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop())) && self.requests.is_ready()
    }
}

/// Connections that wait for use.
#[derive(Default)]
pub struct Idle(Mutex<Vec<(Link, Instant)>>);

impl Idle {
    /// The connection that was used last, if it is still open.
    pub fn take(&self) -> Option<Link> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((mut link, since)) = idle.pop() {
            if since.elapsed() > IDLE {
                // All others wait even longer.
                idle.clear();
            } else if link.is_free() {
                return Some(link);
            }
        }
        None
    }

    fn keep(&self, mut link: Link) {
        if link.is_free() {
            link.used = true;
            let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < MOST_IDLE {
                idle.push((link, Instant::now()));
            }
        }
    }
}

/// The body of an answer, which drives its connection, and gives it back at its end.
pub struct Answer {
    body: Incoming,
    link: Option<Link>,
    idle: Arc<Idle>,
    next: Option<Result<Frame<Bytes>, Fault>>,
    /// Whether the first piece was passed on, and whether it was written since.
    first: First,
}

/// How far the first piece of an answer has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Awaited,
    Passed,
    Written,
}

impl Answer {
    /// The body that comes over `link`.
    pub fn new(body: Incoming, link: Link, idle: Arc<Idle>) -> Answer {
        Answer { body, link: Some(link), idle, next: None, first: First::Awaited }
    }

    fn poll_one(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Fault::from)));
        }
        if let Some(link) = &mut self.link
            && !link.drive(context)
        {
            self.link = None;
        }
        Pin::new(&mut self.body).poll_frame(context).map(|frame| frame.map(|frame| frame.map_err(Fault::from)))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Fault;

    /// What has arrived by now, in one piece. hyper writes only when it is told that nothing more is here, so it is told that
    /// after the first: else the first token would wait for later ones, where a server writes fast.
    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if self.first == First::Passed {
            self.first = First::Written;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(next) = self.next.take() {
            return Poll::Ready(Some(next));
        }
        let begun = Instant::now();
        let first = match self.poll_one(context) {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            },
            other => return other,
        };
        let mut together = BytesMut::new();
        while begun.elapsed() < TOGETHER && together.len() < MOST_TOGETHER && !self.body.is_end_stream() {
            match self.poll_one(context) {
                Poll::Ready(Some(Ok(frame))) if frame.is_data() => {
                    if together.is_empty() {
                        together.reserve(READ_AT_ONCE);
                        together.extend_from_slice(&first);
                    }
                    together.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
                }
                Poll::Ready(other) => {
                    // The end is told again when it is asked for again.
                    self.next = other;
                    break;
                }
                Poll::Pending => break,
            }
        }
        if self.first == First::Awaited && !self.body.is_end_stream() {
            self.first = First::Passed;
        }
        let data = if together.is_empty() { first } else { together.freeze() };
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // In the middle of an answer the connection is of no more use: closing it lets the server stop.
        if let Some(link) = self.link.take() {
            self.idle.keep(link);
        }
    }
}
