//! A reply on its way to the client, copied as it passes: nothing waits.

use super::Gateway;
use super::link::Answer;
use super::transit::Transit;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// What a client is sent.
pub type Reply = http_body_util::combinators::UnsyncBoxBody<Bytes, Fault>;

/// What ends a body early.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// A reply's bytes, passed on as they are.
pub struct Passing {
    inner: Answer,
    patience: Patience,
    copy: Option<Copying>,
}

/// Where the copy goes when the reply ends, however it does.
struct Copying {
    transit: Transit,
    gateway: Arc<Gateway>,
}

impl Passing {
    /// Passes a reply on; it breaks off after `silence` without a byte.
    pub fn new(inner: Answer, silence: Duration) -> Passing {
        Passing { inner, patience: Patience::new(silence), copy: None }
    }

    /// The same, with a copy that is queued for analysis at its end.
    pub fn copied(inner: Answer, silence: Duration, transit: Transit, gateway: Arc<Gateway>) -> Passing {
        let mut passing = Passing::new(inner, silence);
        passing.copy = Some(Copying { transit, gateway });
        passing
    }

    fn end(&mut self, whole: bool) {
        if let Some(Copying { mut transit, gateway }) = self.copy.take() {
            transit.end(whole, jiff::Timestamp::now());
            gateway.queue(transit);
        }
    }
}

impl Body for Passing {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let frame = match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(frame) => frame,
            Poll::Pending if self.patience.is_over(context) => {
                self.end(false);
                return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())));
            }
            Poll::Pending => return Poll::Pending,
        };
        self.patience.renew();
        match &frame {
            Some(Ok(frame)) => {
                if let (Some(copy), Some(data)) = (&mut self.copy, frame.data_ref()) {
                    copy.transit.feed(data);
                }
            }
            Some(Err(_)) => self.end(false),
            None => self.end(true),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Passing {
    /// hyper does not ask a body of known length for its end, and drops it when the client is gone.
    fn drop(&mut self) {
        let whole = self.inner.is_end_stream();
        self.end(whole);
    }
}

/// How long a silence may last. Armed once and moved only when it fires, so that a frame costs no timer.
struct Patience {
    limit: Duration,
    last: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    fn new(limit: Duration) -> Patience {
        let last = Instant::now();
        Patience { limit, last, timer: Box::pin(sleep_until(last + limit)) }
    }

    fn renew(&mut self) {
        self.last = Instant::now();
    }

    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        while self.timer.as_mut().poll(context).is_ready() {
            let until = self.last + self.limit;
            if until <= Instant::now() {
                return true;
            }
            self.timer.as_mut().reset(until);
        }
        false
    }
}
