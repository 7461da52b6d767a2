//! From a proxy to a destination: a tunnel (`CONNECT`) where the request is `https`, else the connection as it is, over
//! which the request then goes in absolute form.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower_service::Service;
use zeroize::Zeroizing;

use super::{
    cause::{find, innermost},
    connector::{CheckedConnector, ConnectFailure},
    error::{HttpError, HttpFailure},
    proxy::Proxy,
    socket::Socket,
};

/// The most bytes of a proxy's answer to `CONNECT`.
const MAX_HEAD_BYTES: usize = 8 * 1024;

/// Opens connections through one proxy.
#[derive(Clone)]
pub(super) struct ProxyConnector {
    /// The way to the proxy itself, whose address is checked like any other.
    pub(super) way: HttpsConnector<CheckedConnector>,
    pub(super) proxy: Arc<Proxy>,
}

/// A connection that a proxy passes on.
pub(super) struct Passage {
    stream: MaybeHttpsStream<Socket>,
    /// Whether the proxy reads the requests on it.
    is_read_by_proxy: bool,
}

impl Service<Uri> for ProxyConnector {
    type Response = Passage;
    type Error = ConnectFailure;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { mut way, proxy } = self.clone();
        Box::pin(async move {
            let at: Uri =
                proxy.destination().to_string().parse().map_err(|_| failed(&proxy, None, "has no address"))?;
            let mut stream = way.call(at).await.map_err(|error| explain(&proxy, error.as_ref()))?;
            let is_read_by_proxy = uri.scheme_str() == Some("http");
            if !is_read_by_proxy {
                stream = open_tunnel(&proxy, &uri, stream).await?;
            }
            Ok(Passage { stream, is_read_by_proxy })
        })
    }
}

async fn open_tunnel(
    proxy: &Proxy,
    uri: &Uri,
    stream: MaybeHttpsStream<Socket>,
) -> Result<MaybeHttpsStream<Socket>, ConnectFailure> {
    let host = uri.host().unwrap_or_default();
    let authority = format!("{host}:{}", uri.port_u16().unwrap_or(443));
    let authorization = proxy.authorization().map_or(&b""[..], http::HeaderValue::as_bytes);
    let name: &[u8] = if authorization.is_empty() { b"" } else { b"\r\nproxy-authorization: " };
    let head = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}");
    let request = Zeroizing::new([head.as_bytes(), name, authorization, b"\r\n\r\n"].concat());

    let mut stream = TokioIo::new(stream);
    let broken = |error: io::Error| failed(proxy, None, &format!("ended the connection: {error}"));
    stream.write_all(&request).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    // Byte by byte, since what follows the head belongs to the tunnel.
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() == MAX_HEAD_BYTES {
            return Err(failed(proxy, None, "answered CONNECT at too great a length: is it a proxy?"));
        }
        answer.push(stream.read_u8().await.map_err(broken)?);
        if answer.len() == 5 && answer != b"HTTP/" {
            return Err(failed(proxy, None, "answered CONNECT with something that is not HTTP: is it a proxy?"));
        }
    }
    match status(&answer) {
        Some(200..=299) => Ok(stream.into_inner()),
        Some(407) => Err(failed(proxy, Some(407), "asks for other credentials")),
        Some(status) => {
            let why = format!("does not connect to {authority}: it answered CONNECT with status {status}");
            Err(failed(proxy, Some(status), &why))
        }
        None => Err(failed(proxy, None, "answered CONNECT without a status: is it a proxy?")),
    }
}

/// The status of an answer's head.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let code = std::str::from_utf8(line).ok()?.split(' ').nth(1)?;
    code.parse().ok().filter(|status| (100..=999).contains(status))
}

/// A failure that is the proxy's: nothing of the request has gone to its server.
pub(super) fn failed(proxy: &Proxy, status: Option<u16>, what: &str) -> ConnectFailure {
    let message = format!("the proxy {} {what}", proxy.destination());
    ConnectFailure(HttpError::before_sending(HttpFailure::Proxy { status }, message))
}

/// No connection to the proxy itself.
fn explain(proxy: &Proxy, error: &(dyn std::error::Error + 'static)) -> ConnectFailure {
    match find::<ConnectFailure>(error) {
        Some(ConnectFailure(failure)) => match failure.kind {
            HttpFailure::Denied { .. } => {
                let message = format!("the proxy: {}", failure.message);
                ConnectFailure(HttpError { message, ..failure.clone() })
            }
            _ => failed(proxy, None, &format!("cannot be reached: {}", failure.message)),
        },
        None => {
            let reason = find::<rustls::Error>(error).map_or_else(|| innermost(error), ToString::to_string);
            failed(proxy, None, &format!("offers no TLS session: {reason}"))
        }
    }
}

impl Connection for Passage {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.is_read_by_proxy)
    }
}

impl Read for Passage {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl Write for Passage {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_or_is_none() {
        for (head, expected) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", Some(200)),
            ("HTTP/1.0 407 x\r\na: b\r\n\r\n", Some(407)),
            ("HTTP/1.1 502\r\n\r\n", Some(502)),
            ("HTTP/1.1 abc\r\n\r\n", None),
            ("HTTP/1.1 99999 x\r\n\r\n", None),
            ("HTTP/1.1\r\n\r\n", None),
            ("\r\n\r\n", None),
        ] {
            assert_eq!(status(head.as_bytes()), expected, "{head:?}");
        }
    }
}
