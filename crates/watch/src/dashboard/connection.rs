//! Connections of browsers: no more than can be served, and none that waits for what its client does not send.

use axum::Router;
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_service::Service;

/// Most connections at once: a few for each browser that looks.
const CONNECTIONS: usize = 512;

/// How long clients may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a request's head, idle time between two requests included.
    pub head: Duration,
    /// From the head to the first of the answer, which comes after all of the request. What streams then may go on.
    pub answer: Duration,
}

/// What is usual.
pub const PATIENCE: Patience = Patience { head: Duration::from_secs(15), answer: Duration::from_secs(60) };

/// Serves until `told` to stop, and then until requests under way have ended.
pub async fn serve(listener: TcpListener, router: Router, patience: Patience, told: impl Future<Output = ()>) {
    let (room, graceful) = (Arc::new(Semaphore::new(CONNECTIONS)), GracefulShutdown::new());
    let mut told = std::pin::pin!(told);
    loop {
        let accepted = async {
            let permit = room.clone().acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((listener.accept().await?.0, permit))
        };
        let accepted = tokio::select! { accepted = accepted => accepted, () = &mut told => break };
        let Ok((stream, permit)) = accepted else {
            // Out of files, mostly: they come back as connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = tokio::time::timeout(patience.answer, router.clone().call(request));
            async move { answer.await.unwrap_or_else(|_| Ok(StatusCode::REQUEST_TIMEOUT.into_response())) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience.head)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that breaks off harms only itself.
            let _ = connection.await;
            drop(permit);
        });
    }
    graceful.shutdown().await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::routing::post;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    #[test]
    fn a_client_that_does_not_finish_its_request_is_let_go() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", post(|body: String| async { body }));
        let short = Duration::from_millis(200);
        runtime.spawn(serve(listener, router, Patience { head: short, answer: short }, std::future::pending()));
        for (request, answer) in [
            ("POST / HTTP/1.1\r\nHos", ""),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhal", "HTTP/1.1 408"),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nwhole", "HTTP/1.1 200"),
        ] {
            let mut client = TcpStream::connect(address).unwrap();
            client.write_all(request.as_bytes()).unwrap();
            let mut got = String::new();
            // Ends only because the server closes: the client does not.
            let _ = client.read_to_string(&mut got);
            assert!(got.starts_with(answer), "{request}: {got}");
        }
    }
}
