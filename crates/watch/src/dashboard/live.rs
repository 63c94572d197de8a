//! Open pages are told that something has changed, by server-sent events.

use super::House;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How often the database is asked whether something has changed.
const PACE: Duration = Duration::from_secs(1);
/// How often a page hears something, so that whoever stands between does not cut the line.
const BREATH: Duration = Duration::from_secs(20);
/// Most pages that are told.
const PAGES: usize = 200;

/// What the pages are told.
#[derive(Clone, Default)]
struct Now {
    version: String,
    closing: bool,
}

/// Tells the pages.
pub struct Live(watch::Sender<Now>);

impl Live {
    /// Nobody listens yet.
    pub fn new() -> Live {
        Live(watch::Sender::new(Now::default()))
    }

    /// Ends all lines.
    pub fn close(&self) {
        self.0.send_modify(|now| now.closing = true);
    }

    /// Waits until all lines are ended.
    pub async fn closed(&self) {
        // The other end is `self`, which is still here.
        let _ = self.0.subscribe().wait_for(|now| now.closing).await;
    }

    fn tell(&self, version: String) {
        self.0.send_if_modified(|now| {
            let changed = now.version != version;
            now.version = version;
            changed
        });
    }

    /// A line to a page: the version now, and each that comes.
    pub fn listen(&self) -> Response {
        if self.0.receiver_count() >= PAGES {
            return (StatusCode::SERVICE_UNAVAILABLE, "too many pages are open").into_response();
        }
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(speak(self.0.subscribe(), sender));
        ([(header::CONTENT_TYPE, "text/event-stream")], Body::new(Line(receiver))).into_response()
    }
}

/// Looks whether something has changed, for as long as the server runs.
pub async fn follow(house: Arc<House>) {
    loop {
        tokio::time::sleep(PACE).await;
        if house.live.0.receiver_count() > 0 {
            let asked = house.clone();
            // A database that is away is told by the pages themselves.
            if let Ok(Ok(version)) = tokio::task::spawn_blocking(move || asked.version()).await {
                house.live.tell(version);
            }
        }
    }
}

async fn speak(mut now: watch::Receiver<Now>, page: mpsc::Sender<Bytes>) {
    loop {
        let Now { version, closing } = now.borrow_and_update().clone();
        let said = if version.is_empty() { ":\n\n".to_owned() } else { format!("data: {version}\n\n") };
        if closing || page.send(said.into()).await.is_err() {
            return;
        }
        loop {
            tokio::select! {
                changed = now.changed() => if changed.is_ok() { break } else { return },
                () = page.closed() => return,
                () = tokio::time::sleep(BREATH) => if page.send(Bytes::from_static(b":\n\n")).await.is_err() { return },
            }
        }
    }
}

/// The body of a line.
struct Line(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Line {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|said| said.map(|said| Ok(Frame::data(said))))
    }
}
