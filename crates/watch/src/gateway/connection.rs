//! Connections of clients: accepted, bounded in memory and time, and ended when the gateway is.

use super::framing::Framing;
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
use tokio::sync::Semaphore;
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

/// Accepts connections until `told` to stop; then lets replies under way end.
pub async fn accept(gateway: Arc<Gateway>, listener: TcpListener, told: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut told = std::pin::pin!(told);
    loop {
        let accepted = async {
            let permit = room.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, stream) = tokio::select! {
            (permit, accepted) = accepted => match accepted {
                Ok((stream, _)) => (permit, stream),
                Err(_) => {
                    // Out of files, mostly: they come back as connections end.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut told => break,
        };
        let _ = stream.set_nodelay(true);
        let asked = gateway.clone();
        let service = service_fn(move |request| answer::answer(asked.clone(), request));
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
