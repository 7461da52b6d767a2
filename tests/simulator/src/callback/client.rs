//! One HTTP request to a receiver.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::receiver::Address;

/// More than any answer may have.
const LARGEST_ANSWER: usize = 1 << 20;

/// What came back, or why nothing did.
#[derive(Debug)]
pub(crate) enum Exchange {
    Answer { status: u16, body: Vec<u8> },
    TimedOut,
    Failed(String),
}

/// Sends a request with these pairs added to its query. It has to be answered in full within `timeout` of real time.
pub(crate) async fn send(
    address: &Address,
    (method, pairs): (Method, &[(&str, &str)]),
    (kind, body): (&str, &str),
    timeout: Duration,
) -> Exchange {
    let exchange = async {
        let stream = TcpStream::connect(address.socket).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let talking = AbortOnDrop(tokio::spawn(async move { drop(connection.await) }));
        let mut request = Request::builder().method(method).uri(address.path(pairs)).header(HOST, &address.host);
        request = request.header(USER_AGENT, "Mozilla/4.0").header(CONTENT_TYPE, kind);
        let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes())))?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await?.to_bytes().to_vec();
        drop(talking);
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((head.status.as_u16(), body))
    };
    match tokio::time::timeout(timeout, exchange).await {
        Err(_) => Exchange::TimedOut,
        Ok(Err(error)) => Exchange::Failed(error.to_string()),
        Ok(Ok((status, body))) => Exchange::Answer { status, body },
    }
}

/// Ends the connection's task also when the wait is given up.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
