//! Bodies of requests, read whole or passed on as they come; either way within a limit and with patience.

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Longest silence of a client in the middle of its request.
const SILENCE: Duration = Duration::from_secs(30);

/// What is sent to a server.
pub struct RequestBody(Either<Full<Bytes>, Limited<Incoming>>);

impl RequestBody {
    /// A body that is here.
    pub fn here(bytes: Bytes) -> RequestBody {
        RequestBody(Either::Left(Full::new(bytes)))
    }

    /// A body that still comes, and fails beyond `limit` bytes.
    pub fn coming(body: Incoming, limit: usize) -> RequestBody {
        RequestBody(Either::Right(Limited::new(body, limit)))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// Whether an error says that a body went over its limit.
pub fn is_too_large(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Why a request's body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Larger than the limit.
    TooLarge,
    /// The client fell silent.
    Slow,
    /// The client broke off or framed it wrongly.
    Broken,
}

/// Whether a body announces more than `limit` bytes.
pub fn announces_more(body: &Incoming, limit: usize) -> bool {
    usize::try_from(body.size_hint().lower()).map_or(true, |least| least > limit)
}

/// Reads a body to its end.
///
/// # Errors
/// It is too large, or does not arrive.
pub async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, Unreadable> {
    if announces_more(&body, limit) {
        return Err(Unreadable::TooLarge);
    }
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    loop {
        let frame = match tokio::time::timeout(SILENCE, body.frame()).await {
            Ok(Some(frame)) => frame.map_err(|_| Unreadable::Broken)?,
            Ok(None) => break,
            Err(_) => return Err(Unreadable::Slow),
        };
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + more.len() + data.len() > limit {
            return Err(Unreadable::TooLarge);
        }
        // Most bodies are one frame, which needs no copy.
        match (first.is_empty(), more.is_empty()) {
            (true, true) => first = data,
            (false, true) => {
                more.extend_from_slice(&std::mem::take(&mut first));
                more.extend_from_slice(&data);
            }
            _ => more.extend_from_slice(&data),
        }
    }
    Ok(if first.is_empty() { more.freeze() } else { first })
}
