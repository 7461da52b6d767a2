//! A plain HTTP client: what native code reaches the vendor with, and what the benchmark plays administrator with.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

use crate::Outcome;

/// See the module. Keeps its connections, as the host does.
#[derive(Clone)]
pub struct Web(Client<HttpConnector, Full<Bytes>>);

/// An answer, whatever its status.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Web {
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    pub async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: Option<Bytes>,
    ) -> Outcome<Answer> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response = self.0.request(request.body(Full::new(body.unwrap_or_default()))?).await?;
        let (parts, body) = response.into_parts();
        let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: body.collect().await?.to_bytes(),
        })
    }

    /// Posts JSON and reads JSON.
    pub async fn post(&self, url: &str, body: &Value) -> Outcome<Value> {
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        let answer = self.send("POST", url, &headers, Some(Bytes::from(body.to_string()))).await?;
        if answer.status != 200 {
            return Err(format!("{url}: status {}: {}", answer.status, String::from_utf8_lossy(&answer.body)).into());
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }
}
