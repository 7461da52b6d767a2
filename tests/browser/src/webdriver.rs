//! The few commands of WebDriver that the tests need (<https://www.w3.org/TR/webdriver2/>): JSON over HTTP to a driver on this
//! machine.
//!
//! The kept clients cost more than they save here: one brings two dozen crates, among them one under another licence, and with
//! them features that have the whole workspace built anew; the other turns on `preserve_order` of `serde_json` for every crate
//! that is tested beside it.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// The key under which an element stands in an answer, as the specification fixes it.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What the driver says when something does not work.
#[derive(Debug)]
pub(crate) struct Failure {
    /// As the specification names it, such as `no such element`; empty where the driver did not answer.
    pub(crate) kind: String,
    message: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The first line: what follows are addresses inside the driver.
        write!(f, "{} {}", self.kind, self.message.lines().next().unwrap_or_default())
    }
}

impl Failure {
    fn new(error: impl std::fmt::Display) -> Self {
        Self { kind: String::new(), message: error.to_string() }
    }

    /// Whether the element that was found has left the page.
    pub(crate) fn is_stale(&self) -> bool {
        self.kind == "stale element reference"
    }
}

/// How an element is found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Locator<'l> {
    Css(&'l str),
    XPath(&'l str),
}

/// A session: one browser window.
#[derive(Debug)]
pub(crate) struct Session {
    /// Host and port of the driver.
    host: String,
    id: String,
}

/// An element of the page that is shown.
#[derive(Debug)]
pub(crate) struct Element<'s> {
    session: &'s Session,
    id: String,
}

impl Session {
    /// A new window.
    pub(crate) async fn new(host: &str, capabilities: Value) -> Result<Self, Failure> {
        let asked = json!({"capabilities": {"alwaysMatch": capabilities}});
        let answer = send(host, Method::POST, "/session", Some(&asked)).await?;
        let id = answer["sessionId"].as_str().ok_or_else(|| Failure::new("no session"))?;
        Ok(Self { host: host.to_owned(), id: id.to_owned() })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) async fn get(&self, command: &str) -> Result<Value, Failure> {
        send(&self.host, Method::GET, &format!("/session/{}/{command}", self.id), None).await
    }

    pub(crate) async fn post(&self, command: &str, body: &Value) -> Result<Value, Failure> {
        send(&self.host, Method::POST, &format!("/session/{}/{command}", self.id), Some(body)).await
    }

    /// Runs the body of a function in the page.
    pub(crate) async fn run(&self, script: &str) -> Result<Value, Failure> {
        self.post("execute/sync", &json!({"script": script, "args": []})).await
    }

    /// The first element that fits.
    pub(crate) async fn find(&self, locator: Locator<'_>) -> Result<Element<'_>, Failure> {
        let (using, value) = match locator {
            Locator::Css(value) => ("css selector", value),
            Locator::XPath(value) => ("xpath", value),
        };
        let found = self.post("element", &json!({"using": using, "value": value})).await?;
        self.element(&found)
    }

    /// The same, as soon as there is one.
    pub(crate) async fn wait_for(&self, locator: Locator<'_>, patience: Duration) -> Result<Element<'_>, Failure> {
        let started = Instant::now();
        loop {
            match self.find(locator).await {
                // The page may be another one by now.
                Err(failure)
                    if matches!(failure.kind.as_str(), "no such element" | "stale element reference")
                        && started.elapsed() < patience =>
                {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                found => return found,
            }
        }
    }

    /// What has the focus.
    pub(crate) async fn focused(&self) -> Result<Element<'_>, Failure> {
        let found = self.get("element/active").await?;
        self.element(&found)
    }

    fn element(&self, found: &Value) -> Result<Element<'_>, Failure> {
        let id = found[ELEMENT].as_str().ok_or_else(|| Failure::new("no element"))?.to_owned();
        Ok(Element { session: self, id })
    }
}

impl Element<'_> {
    pub(crate) async fn click(&self) -> Result<(), Failure> {
        self.session.post(&format!("element/{}/click", self.id), &json!({})).await.map(drop)
    }

    pub(crate) async fn clear(&self) -> Result<(), Failure> {
        self.session.post(&format!("element/{}/clear", self.id), &json!({})).await.map(drop)
    }

    pub(crate) async fn type_keys(&self, keys: &str) -> Result<(), Failure> {
        self.session.post(&format!("element/{}/value", self.id), &json!({"text": keys})).await.map(drop)
    }

    /// What a person reads.
    pub(crate) async fn text(&self) -> Result<String, Failure> {
        self.read("text").await
    }

    /// `input`, `select` …
    pub(crate) async fn tag(&self) -> Result<String, Failure> {
        self.read("name").await
    }

    /// Chooses an option of a list by its value.
    pub(crate) async fn choose(&self, value: &str) -> Result<(), Failure> {
        let option = json!({"using": "css selector", "value": format!("option[value={}]", json!(value))});
        let found = self.session.post(&format!("element/{}/element", self.id), &option).await?;
        self.session.element(&found)?.click().await
    }

    async fn read(&self, what: &str) -> Result<String, Failure> {
        let read = self.session.get(&format!("element/{}/{what}", self.id)).await?;
        Ok(read.as_str().unwrap_or_default().to_owned())
    }
}

/// One command, and the value of its answer.
async fn send(host: &str, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
    let stream = TcpStream::connect(host).await.map_err(Failure::new)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(Failure::new)?;
    let talking = tokio::spawn(connection);
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .body(Full::new(Bytes::from(body)))
        .map_err(Failure::new)?;
    let answer = sender.send_request(request).await.map_err(Failure::new)?;
    let is_good = answer.status().is_success();
    let body = answer.into_body().collect().await.map_err(Failure::new)?.to_bytes();
    talking.abort();
    let mut answer: Value = serde_json::from_slice(&body).map_err(Failure::new)?;
    let value = answer["value"].take();
    if is_good {
        return Ok(value);
    }
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    Err(Failure { kind: text("error"), message: text("message") })
}
