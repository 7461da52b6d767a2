//! The web server: so many connections and no more, and none that takes its time.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{sleep, timeout},
};

/// What strangers may take of a host.
pub struct WebLimits {
    /// Connections at a time; further ones wait unaccepted. So many calls are under way or wait at most.
    pub connections: usize,
    /// How long the head of a request may take, also that of the next one on a kept connection.
    pub head: Duration,
    /// Bytes of a head.
    pub head_bytes: usize,
    /// How long a connection may last, whatever happens on it.
    pub connection: Duration,
}

impl Default for WebLimits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            head: Duration::from_secs(10),
            head_bytes: 32 << 10,
            connection: Duration::from_secs(300),
        }
    }
}

/// How long the server waits when the machine gives it no connection, for want of descriptors perhaps.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` returns; requests under way then have `grace`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: WebLimits,
    stop: impl Future<Output = ()>,
    grace: Duration,
) {
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(limits.head_bytes);
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, stream) = tokio::select! {
            biased;
            () = &mut stop => break,
            (place, accepted) = next => match accepted {
                Ok((stream, _)) => (place, stream),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    sleep(PAUSE).await;
                    continue;
                }
            },
        };
        let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let connection = timeout(limits.connection, connections.watch(connection));
        tokio::spawn(async move {
            match connection.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a connection broke"),
                Err(_) => tracing::debug!("a connection lasted too long"),
            }
            drop(place);
        });
    }
    drop(listener);
    if timeout(grace, connections.shutdown()).await.is_err() {
        tracing::warn!("requests were broken off: they took longer than the host waits when it stops");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
        sync::oneshot,
    };

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    /// A server and what stops it.
    async fn start(limits: WebLimits) -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let slow = get(async || {
            sleep(Duration::from_millis(200)).await;
            "slow"
        });
        let router = Router::new().route("/", get(async || "here")).route("/slow", slow);
        let stop_of = async { drop(stopped.await) };
        (address, stop, tokio::spawn(serve(listener, router, limits, stop_of, Duration::from_secs(5))))
    }

    /// Sends these bytes, and reads what comes until the server closes.
    async fn exchange(stream: &mut TcpStream, request: &[u8]) -> String {
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn who_takes_too_long_makes_room_for_others() {
        let limits = WebLimits { connections: 1, head: Duration::from_millis(100), ..WebLimits::default() };
        let (address, _stop, _) = start(limits).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        let mut slow = TcpStream::connect(address).await.unwrap();
        let mut other = TcpStream::connect(address).await.unwrap();
        // One after the other, since there is one place: the first two say nothing, or half of it.
        assert!(!exchange(&mut idle, b"").await.contains("here"));
        assert!(!exchange(&mut slow, b"GET / HTTP/1.1\r\nhost:").await.contains("here"));
        assert!(exchange(&mut other, REQUEST).await.ends_with("here"));
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_is_refused() {
        let (address, _stop, _) = start(WebLimits { head_bytes: 8 << 10, ..WebLimits::default() }).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(9 << 10));
        assert!(exchange(&mut stream, request.as_bytes()).await.starts_with("HTTP/1.1 431"));
    }

    #[tokio::test]
    async fn requests_under_way_end_when_the_host_stops() {
        let (address, stop, server) = start(WebLimits::default()).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        sleep(Duration::from_millis(50)).await;
        stop.send(()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(String::from_utf8(answer).unwrap().ends_with("slow"));
        server.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
