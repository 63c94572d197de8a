//! Connections of clients: accepted, bounded in memory and time, and ended when the gateway is.

use super::framing::Framing;
use super::upstream::Upstreams;
use super::{Count, Counters, Gateway, answer};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};

/// Most connections at once.
const CONNECTIONS: usize = 16_384;

/// Longest time for a request's head, idle time between two requests included.
const HEAD: Duration = Duration::from_secs(60);

/// Longest time that a client may take no byte of what it is sent.
const STUCK: Duration = Duration::from_secs(60);

/// Most bytes that are buffered for one connection in each direction: a head must fit.
const BUFFER: usize = 64 << 10;

/// How long replies under way may take to end when the gateway does.
const FAREWELL: Duration = Duration::from_secs(30);

/// A connection of a client, with its place among the [`CONNECTIONS`].
pub type Accepted = (std::net::TcpStream, OwnedSemaphorePermit);

/// Accepts connections until `told` to stop, and deals them out to the lanes.
pub async fn accept(listener: TcpListener, lanes: Vec<UnboundedSender<Accepted>>, told: impl Future<Output = ()>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut told = std::pin::pin!(told);
    let mut next = (0..lanes.len()).cycle();
    loop {
        let accepted = async {
            let permit = room.clone().acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((listener.accept().await?.0.into_std()?, permit))
        };
        let accepted = tokio::select! { accepted = accepted => accepted, () = &mut told => return };
        match (accepted, next.next().and_then(|lane| lanes.get(lane))) {
            // A lane ends only after this does.
            (Ok(accepted), Some(lane)) => drop(lane.send(accepted)),
            // Out of files, mostly: they come back as connections end.
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Serves the connections that are dealt to one lane: a thread that does everything for its connections itself, so that no token
/// changes processors on its way. Ends when no more can come and replies under way have ended.
pub async fn lane(gateway: Arc<Gateway>, mut connections: UnboundedReceiver<Accepted>) {
    let upstreams = Arc::new(Upstreams::new(gateway.options.upstreams.clone(), gateway.options.patience));
    let graceful = GracefulShutdown::new();
    while let Some((stream, permit)) = connections.recv().await {
        let Ok(stream) = TcpStream::from_std(stream) else { continue };
        // Without it replies are slower, and the same.
        let _ = stream.set_nodelay(true);
        let (asked, upstreams) = (gateway.clone(), upstreams.clone());
        let service = service_fn(move |request| answer::answer(asked.clone(), upstreams.clone(), request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(Guarded::new(stream, gateway.counters.clone())), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that breaks off or misbehaves harms only itself.
            let _ = connection.await;
            drop(permit);
        });
    }
    let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
}

/// A connection that ends when its client takes nothing for too long, or frames a request twice.
struct Guarded {
    stream: TcpStream,
    stuck: Option<Pin<Box<Sleep>>>,
    framing: Framing,
    counters: Arc<Counters>,
}

impl Guarded {
    fn new(stream: TcpStream, counters: Arc<Counters>) -> Guarded {
        Guarded { stream, stuck: None, framing: Framing::default(), counters }
    }

    /// What a write came to; an error where nothing has moved for too long.
    fn moved<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let timer = self.stuck.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + STUCK)));
        match timer.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let arrived = &mut buffer.filled_mut()[before..];
        if let Some(line_end) = self.framing.follow(arrived) {
            self.counters.add(Count::Refused);
            // No header may hold this, so hyper refuses the request and closes.
            arrived[line_end] = 0;
        }
        read
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.moved(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.moved(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
