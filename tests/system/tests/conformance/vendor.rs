//! A vendor that answers as a script says, over HTTP on loopback, and notes what it was asked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use aes::Aes256;
use base64::{
    Engine as _, alphabet,
    engine::{
        GeneralPurpose,
        general_purpose::{NO_PAD, STANDARD},
    },
};
use cbc::{
    Encryptor,
    cipher::{Array, BlockModeEncrypt as _, KeyIvInit as _},
};
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Keys of exports have bits beyond their 32 bytes.
const KEYS: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));

/// What the vendor is told and has seen.
#[derive(Default)]
struct Script {
    /// Answers by method and path, with or without query: the first one is given next, the last one stays.
    routes: BTreeMap<String, Vec<Value>>,
    seen: Vec<Value>,
    /// Of the last order of an export.
    key: Option<[u8; 32]>,
}

#[derive(Clone)]
pub(crate) struct Vendor {
    pub(crate) base_url: String,
    script: Arc<Mutex<Script>>,
}

impl Vendor {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback is free");
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let vendor = Self { base_url, script: Arc::default() };
        let serving = vendor.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let vendor = serving.clone();
                tokio::spawn(async move { vendor.serve(stream).await });
            }
        });
        vendor
    }

    /// Answers these routes like this from now on.
    pub(crate) fn told(&self, routes: &Value) {
        let mut script = self.script.lock().unwrap();
        for (route, answers) in routes.as_object().into_iter().flatten() {
            let answers = answers.as_array().cloned().unwrap_or_else(|| vec![answers.clone()]);
            script.routes.insert(route.clone(), answers);
        }
    }

    /// What was asked since the last time, in an order that does not depend on which request came first.
    pub(crate) fn seen(&self) -> Vec<Value> {
        let mut seen = std::mem::take(&mut self.script.lock().unwrap().seen);
        seen.sort_by_cached_key(Value::to_string);
        seen
    }

    fn answer(&self, request: &Request) -> Value {
        let mut script = self.script.lock().unwrap();
        script.seen.push(request.shown());
        let ordered = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
        if let Some(key) = ordered["encoding_aeskey"].as_str() {
            script.key = KEYS.decode(key).ok().and_then(|key| key.try_into().ok());
        }
        let path = request.url.split('?').next().unwrap_or_default();
        let keys = [&*request.url, path].map(|url| format!("{} {url}", request.method));
        let Some(answers) = keys.iter().find(|key| script.routes.contains_key(*key)) else {
            return json!({ "status": 404, "text": "no such route" });
        };
        let answers = script.routes.get_mut(answers).unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        match answer["exported"].as_object() {
            Some(documents) => self.exported(&mut script, documents),
            None => answer,
        }
    }

    /// The result of an export: a file for each document, encrypted with the key of the last order, which is served from then on.
    fn exported(&self, script: &mut Script, documents: &Map<String, Value>) -> Value {
        let key = script.key.expect("an export was ordered");
        let files = documents.iter().map(|(name, document)| {
            let file = sealed(document.to_string().into_bytes(), &key);
            let path = format!("/exported/{name}");
            let described = json!({
                "url": format!("{}{path}", self.base_url),
                "size": file.len(),
                "md5": Md5::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            });
            script.routes.insert(format!("GET {path}"), vec![json!({ "base64": STANDARD.encode(&file) })]);
            described
        });
        let files: Vec<Value> = files.collect();
        json!({ "json": { "errcode": 0, "errmsg": "ok", "status": 2, "data_list": files } })
    }

    async fn serve(&self, mut stream: TcpStream) {
        while let Some(request) = Request::read(&mut stream).await {
            let answer = self.answer(&request);
            if answer["hang"] == true {
                std::future::pending::<()>().await;
            }
            if stream.write_all(&written(&answer)).await.is_err() || answer["break"] == true {
                return;
            }
        }
    }
}

/// AES-256-CBC, whose vector is the first half of the key, with padding to blocks of 32 bytes.
fn sealed(mut text: Vec<u8>, key: &[u8; 32]) -> Vec<u8> {
    let padding = 32 - text.len() % 32;
    text.resize(text.len() + padding, u8::try_from(padding).unwrap());
    let vector: [u8; 16] = key[..16].try_into().unwrap();
    let (blocks, _) = Array::slice_as_chunks_mut(&mut text);
    Encryptor::<Aes256>::new(key.into(), &vector.into()).encrypt_blocks(blocks);
    text
}

/// An answer as bytes.
fn written(answer: &Value) -> Vec<u8> {
    let (body, kind) = if let Some(text) = answer["text"].as_str() {
        (text.as_bytes().to_vec(), "text/plain")
    } else if let Some(base64) = answer["base64"].as_str() {
        (STANDARD.decode(base64).expect("the file has base64"), "application/octet-stream")
    } else if let Some(bytes) = answer["bytes"].as_u64() {
        (vec![b'x'; usize::try_from(bytes).unwrap()], "text/plain")
    } else {
        (answer["json"].to_string().into_bytes(), "application/json")
    };
    let mut head = format!("HTTP/1.1 {} As it is\r\n", answer["status"].as_u64().unwrap_or(200));
    let headers = answer["headers"].as_object();
    if !headers.is_some_and(|headers| headers.contains_key("content-type")) {
        head += &format!("content-type: {kind}\r\n");
    }
    for (name, value) in headers.into_iter().flatten() {
        head += &format!("{name}: {}\r\n", value.as_str().expect("headers are texts"));
    }
    // What breaks off announces more than comes.
    let length = body.len() + usize::from(answer["break"] == true);
    head += &format!("content-length: {length}\r\n\r\n");
    [head.into_bytes(), body].concat()
}

struct Request {
    method: String,
    url: String,
    headers: Map<String, Value>,
    body: Vec<u8>,
}

impl Request {
    async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).ok()?;
        let mut lines = head.lines();
        let mut first = lines.next()?.split(' ').map(str::to_owned);
        let (method, url) = (first.next()?, first.next()?);
        let mut headers: Map<String, Value> = Map::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            headers.insert(name.to_lowercase(), Value::from(value.trim()));
        }
        let length = headers.get("content-length").and_then(Value::as_str).map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        Some(Self { method, url, headers, body })
    }

    /// What a file says of the request: queries, forms and JSON as what they mean, and of the headers those that are not a host's
    /// own.
    fn shown(&self) -> Value {
        let (path, query) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let mut shown = json!({ "method": self.method, "path": path });
        if !query.is_empty() {
            shown["query"] = pairs(query.as_bytes());
        }
        let kind = self.headers.get("content-type").and_then(Value::as_str).unwrap_or_default();
        let boundary = kind.strip_prefix("multipart/form-data; boundary=");
        let headers = self.headers.iter().filter(|(name, _)| is_told(name));
        let mut headers: Map<String, Value> = headers.map(|(name, value)| (name.clone(), value.clone())).collect();
        if boundary.is_some() {
            headers["content-type"] = "multipart/form-data".into();
        }
        if !headers.is_empty() {
            shown["headers"] = headers.into();
        }
        if self.body.is_empty() {
        } else if let Some(boundary) = boundary {
            shown["parts"] = parts(&self.body, boundary);
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            shown["form"] = pairs(&self.body);
        } else if let Ok(json) = serde_json::from_slice::<Value>(&self.body) {
            shown["json"] = json;
        } else if let Ok(text) = std::str::from_utf8(&self.body) {
            shown["text"] = text.into();
        } else {
            shown["base64"] = STANDARD.encode(&self.body).into();
        }
        shown
    }
}

fn is_told(name: &str) -> bool {
    ["content-type", "authorization"].contains(&name) || name.starts_with("x-")
}

fn pairs(query: &[u8]) -> Value {
    form_urlencoded::parse(query).map(|(name, value)| json!([name, value])).collect()
}

/// The parts of a multipart form, with their headers as they are written.
fn parts(body: &[u8], boundary: &str) -> Value {
    let limit = format!("\r\n--{boundary}");
    let whole = [b"\r\n", body].concat();
    let ends: Vec<usize> = memchr::memmem::find_iter(&whole, &limit).collect();
    let between = ends.windows(2).map(|pair| &whole[pair[0] + limit.len() + 2..pair[1]]);
    let shown = between.map(|part| {
        let head = memchr::memmem::find(part, b"\r\n\r\n").expect("a part has headers");
        let content = &part[head + 4..];
        let headers = String::from_utf8_lossy(&part[..head]).split("\r\n").map(Value::from).collect::<Value>();
        match std::str::from_utf8(content) {
            Ok(text) => json!({ "headers": headers, "text": text }),
            Err(_) => json!({ "headers": headers, "base64": STANDARD.encode(content) }),
        }
    });
    shown.collect()
}
