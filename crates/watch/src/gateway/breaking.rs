//! Bodies that break off. hyper closes a connection the moment a body fails, with whatever it has not written yet; but what the
//! server wrote before it broke off is the client's.

use super::observe::{Fault, Reply};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body that fails one round later than it could, so that what came before goes out.
struct Late<B> {
    body: B,
    fault: Option<Fault>,
}

/// Sends a body to a client.
pub fn sent(body: impl Body<Data = Bytes, Error = Fault> + Send + Unpin + 'static) -> Reply {
    Late { body, fault: None }.boxed_unsync()
}

impl<B: Body<Data = Bytes, Error = Fault> + Unpin> Body for Late<B> {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if let Some(fault) = self.fault.take() {
            return Poll::Ready(Some(Err(fault)));
        }
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Err(fault))) => {
                self.fault = Some(fault);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            other => other,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.fault.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
