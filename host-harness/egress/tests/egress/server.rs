//! A server that answers with exactly the bytes a test gives it, and counts what it sees.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::{Barrier, Notify},
};

/// What the server does with a request for a path.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Writes these bytes.
    Raw(Vec<u8>),
    /// Writes these bytes and closes the connection.
    RawThenClose(Vec<u8>),
    /// Closes the connection without a word.
    Close,
    /// Never answers.
    Hang,
    /// Answers "ok" once so many requests are waiting here.
    Together(Arc<Barrier>),
    /// Answers "ok" once the other reply was notified.
    After(Arc<Notify>),
    /// Notifies, and answers "ok".
    Notify(Arc<Notify>),
    /// Sends the head and body of the request back as the body.
    Echo,
}

/// What the server saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) connections: AtomicUsize,
    pub(crate) requests: Mutex<Vec<String>>,
    in_flight: AtomicUsize,
    pub(crate) most_in_flight: AtomicUsize,
}

pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) seen: Arc<Seen>,
}

impl Server {
    /// Listens on 127.0.0.1 and answers by path; other paths are echoed.
    pub(crate) async fn start<'a>(replies: impl IntoIterator<Item = (&'a str, Reply)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let replies: Arc<HashMap<String, Reply>> =
            Arc::new(replies.into_iter().map(|(path, reply)| (path.to_owned(), reply)).collect());
        let seen = Arc::new(Seen::default());
        let server = Self { port, seen: seen.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.connections.fetch_add(1, SeqCst);
                tokio::spawn(serve(stream, replies.clone(), seen.clone()));
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }
}

/// An answer with a length, from status line, extra header lines and body.
pub(crate) fn answer(status: &str, headers: &[&str], body: &[u8]) -> Reply {
    let mut bytes = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len()).into_bytes();
    for header in headers {
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    Reply::Raw(bytes)
}

fn ok(body: &[u8]) -> Vec<u8> {
    match answer("200 OK", &[], body) {
        Reply::Raw(bytes) => bytes,
        _ => unreachable!(),
    }
}

/// Serves one connection until either side ends it.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    replies: Arc<HashMap<String, Reply>>,
    seen: Arc<Seen>,
) {
    while let Some(request) = read_request(&mut stream).await {
        let in_flight = seen.in_flight.fetch_add(1, SeqCst) + 1;
        seen.most_in_flight.fetch_max(in_flight, SeqCst);
        let target = request.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default().to_owned();
        seen.requests.lock().unwrap().push(request.clone());
        let (bytes, close) = match replies.get(&path).cloned().unwrap_or(Reply::Echo) {
            Reply::Raw(bytes) => (bytes, false),
            Reply::RawThenClose(bytes) => (bytes, true),
            Reply::Close => (Vec::new(), true),
            Reply::Hang => std::future::pending().await,
            Reply::Together(barrier) => {
                barrier.wait().await;
                (ok(b"ok"), false)
            }
            Reply::After(notify) => {
                notify.notified().await;
                (ok(b"ok"), false)
            }
            Reply::Notify(notify) => {
                notify.notify_one();
                (ok(b"ok"), false)
            }
            Reply::Echo => (ok(request.as_bytes()), false),
        };
        // Before writing: the client may send its next request as soon as it has the answer.
        seen.in_flight.fetch_sub(1, SeqCst);
        if stream.write_all(&bytes).await.is_err() || close {
            return;
        }
    }
}

/// Head and body of the next request.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(request.clone()).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8_lossy(&body))
}
