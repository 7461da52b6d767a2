//! A vendor that sends everything back that it is sent, as error texts do.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// How it answers.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// The vendor's error with the request in its text.
    Errmsg,
    /// An error page that shows the request.
    Page,
    /// JSON that breaks off in the middle of the request.
    Torn,
    /// The request as a header, and then the connection breaks.
    Broken,
}

/// Listens on loopback; answers `host:port`.
pub async fn start(manner: Manner) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { return };
                    request.push(byte);
                }
                let line = String::from_utf8_lossy(&request);
                let line: Arc<str> = line.lines().next().unwrap_or_default().into();
                let decoded: String = form_urlencoded::parse(line.as_bytes()).map(|(_, value)| value + " ").collect();
                let _ = stream.write_all(&answer(manner, &line, &decoded)).await;
            });
        }
    });
    address
}

fn answer(manner: Manner, line: &str, decoded: &str) -> Vec<u8> {
    let json = serde_json::json!({ "errcode": 40001, "errmsg": format!("invalid credential: {line} {decoded}") });
    let (status, body) = match manner {
        Manner::Errmsg => ("200 OK", json.to_string()),
        Manner::Page => ("502 Bad Gateway", format!("<html>{line} {decoded}</html>")),
        Manner::Torn => ("200 OK", json.to_string().trim_end_matches('}').to_owned()),
        Manner::Broken => ("200 OK", line.to_owned()),
    };
    let length = body.len() + if matches!(manner, Manner::Broken) { 10 } else { 0 };
    let head =
        format!("HTTP/1.1 {status}\r\nx-request: {line}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    (head + &body).into_bytes()
}
