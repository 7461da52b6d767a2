//! A receiver of callbacks for tests: verifies and opens what comes with code of its own, and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aes::Aes256;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Response, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::array::Array;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use sha1::{Digest as _, Sha1};
use wecom_simulator::{DEMO_CORP_ID, corp::Callback};

use crate::bed::{KEY, param};

pub(crate) const TOKEN: &str = "simTok3n2026";

/// What the receiver does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// 200 with this body.
    Say(String),
    /// This status.
    Status(u16),
    /// An encrypted reply with this inner text.
    Reply(String),
    /// As `Reply`, for another corp.
    ForeignReply(String),
    /// No answer, ever.
    Silence,
}

/// A request that came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Came {
    /// Path and query.
    pub(crate) uri: String,
    pub(crate) body: String,
    /// The decrypted text.
    pub(crate) message: String,
}

#[derive(Default)]
struct Inner {
    came: Vec<Came>,
    acts: VecDeque<Act>,
}

#[derive(Clone)]
pub(crate) struct Listener {
    inner: Arc<Mutex<Inner>>,
    pub(crate) url: String,
}

impl Listener {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callback?tenant=1", listener.local_addr().unwrap());
        let this = Self { inner: Arc::default(), url };
        let router = Router::new().fallback(handle).with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        this
    }

    pub(crate) fn callback(&self) -> Callback {
        Callback::new(self.url.as_str(), TOKEN, KEY)
    }

    /// What it does next; afterwards it says `success`.
    pub(crate) fn will(&self, acts: impl IntoIterator<Item = Act>) {
        self.inner.lock().unwrap().acts.extend(acts);
    }

    /// What came so far; forgotten then.
    pub(crate) fn came(&self) -> Vec<Came> {
        std::mem::take(&mut self.inner.lock().unwrap().came)
    }
}

async fn handle(State(listener): State<Listener>, method: Method, uri: Uri, body: String) -> Response<Body> {
    let uri = uri.to_string();
    assert!(uri.starts_with("/callback?tenant=1&"), "the query of the address stays: {uri}");
    let get = |name| param(&uri, name).unwrap();
    let encrypted = if method == Method::GET { get("echostr") } else { envelope(&body) };
    assert_eq!(get("msg_signature"), sign(&get("timestamp"), &get("nonce"), &encrypted), "{uri}");
    let message = open(&encrypted);
    if method == Method::GET {
        let act = listener.inner.lock().unwrap().acts.pop_front();
        return answer(act.unwrap_or(Act::Say(message))).await;
    }
    let act = {
        let mut inner = listener.inner.lock().unwrap();
        inner.came.push(Came { uri, body, message });
        inner.acts.pop_front().unwrap_or(Act::Say("success".to_owned()))
    };
    answer(act).await
}

async fn answer(act: Act) -> Response<Body> {
    let (status, body) = match act {
        Act::Say(body) => (200, body),
        Act::Status(status) => (status, String::new()),
        Act::Reply(inner) => (200, seal(&inner, DEMO_CORP_ID)),
        Act::ForeignReply(inner) => (200, seal(&inner, "wwother")),
        Act::Silence => std::future::pending().await,
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// The cipher text of an envelope in either form.
fn envelope(body: &str) -> String {
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(body) {
        return json["Encrypt"].as_str().unwrap().to_owned();
    }
    body.split("<Encrypt><![CDATA[").nth(1).unwrap().split("]]>").next().unwrap().to_owned()
}

fn sign(timestamp: &str, nonce: &str, encrypted: &str) -> String {
    let mut parts = [TOKEN, timestamp, nonce, encrypted];
    parts.sort_unstable();
    Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key() -> [u8; 32] {
    std::array::from_fn(|n| u8::try_from(n).unwrap())
}

fn open(encrypted: &str) -> String {
    let mut text = STANDARD.decode(encrypted).unwrap();
    let vector: [u8; 16] = key()[..16].try_into().unwrap();
    let (blocks, _) = Array::slice_as_chunks_mut(&mut text);
    cbc::Decryptor::<Aes256>::new(&key().into(), &vector.into()).decrypt_blocks(blocks);
    let length = u32::from_be_bytes(text[16..20].try_into().unwrap()) as usize;
    assert_eq!(&text[20 + length..][..DEMO_CORP_ID.len()], DEMO_CORP_ID.as_bytes());
    String::from_utf8(text[20..20 + length].to_vec()).unwrap()
}

fn seal(inner: &str, receiver: &str) -> String {
    let length = u32::try_from(inner.len()).unwrap().to_be_bytes();
    let mut text = [&[7; 16][..], &length, inner.as_bytes(), receiver.as_bytes()].concat();
    let padding = 32 - text.len() % 32;
    text.extend(std::iter::repeat_n(u8::try_from(padding).unwrap(), padding));
    let vector: [u8; 16] = key()[..16].try_into().unwrap();
    let (blocks, _) = Array::slice_as_chunks_mut(&mut text);
    cbc::Encryptor::<Aes256>::new(&key().into(), &vector.into()).encrypt_blocks(blocks);
    let encrypted = STANDARD.encode(text);
    let signature = sign("1760000102", "27182818", &encrypted);
    format!(
        "<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>\
         <TimeStamp>1760000102</TimeStamp><Nonce><![CDATA[27182818]]></Nonce></xml>"
    )
}
