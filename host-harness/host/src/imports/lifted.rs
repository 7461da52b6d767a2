//! Imports that look at what a component hands over before it becomes the host's: the ones that take lists and texts.
//!
//! The generated bindings turn all parameters into values first, however many there are; the most that may be is then what
//! the largest request needs. Here lists and texts are looked at where they lie, in the component's memory, and what is too
//! much ends the call, or is refused, before anything is made of it: a text that is too long is not even read, because that
//! takes longer than all that a sound call does.

use std::collections::BTreeMap;

use base64::{Engine as _, decoded_len_estimate, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use wasmtime::{
    StoreContextMut,
    component::{ComponentType, Lift, Linker, WasmList},
};

use crate::{
    call::{
        limits::{Exceeded, LimitName},
        state::{CallState, Capabilities},
    },
    contract::{
        audit,
        http::{self, BodyKind, Request},
        log::{self, Field, Level},
        storage::{self, Check, Op},
        types::{Body, Header},
    },
    egress::{self, MAX_BATCH, Sizes, header_rules::MAX_HEADERS},
};

use super::{
    http::{answer_bytes, in_bytes, pure, request_bytes, written},
    text::Text,
};

/// The most bytes that a call of `storage` or `log` hands over. The contract has an answer for what is above its own limits,
/// which are well below; this is for what nobody would write by mistake.
const SMALL: usize = 4 << 20;

type Store<'a> = StoreContextMut<'a, CallState>;

/// Adds them in place of the generated ones.
pub(super) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    let mut http = linker.instance("lowcode:organisation/http@0.1.0")?;
    http.func_wrap_async("send", |mut store, (request,): (RequestInMemory,)| {
        Box::new(async move {
            let mut left = store.data().hostcall_bytes;
            if store.data().tape.plays() {
                let request = request.read(&mut store, &mut left)?;
                return Ok((http::Host::send(store.data_mut(), request).await?,));
            }
            Ok((match request.lifted(&mut store, &mut left)? {
                Ok(request) => http::Host::send(store.data_mut(), request).await?,
                Err(refused) => {
                    let refused = Err(refused);
                    let state = store.data_mut();
                    state.count("http")?;
                    state.tape.ask::<()>("http.send", || Ok(json!({"request": null})))?;
                    state.note_answers("http.send", std::slice::from_ref(&refused))?;
                    state.transfer(answer_bytes(&refused))?;
                    refused
                }
            },))
        })
    })?;
    http.func_wrap_async("send-all", |mut store, (requests,): (WasmList<RequestInMemory>,)| {
        Box::new(async move {
            let count = requests.len();
            let admitted = admitted(store.data_mut(), count)?;
            if store.data().tape.plays() {
                return played_batch(&mut store, &requests);
            }
            // Nobody looks at what a pure function wants to send.
            if let Capabilities::Nothing = store.data().capabilities {
                let (state, answers) = (store.data_mut(), vec![Err(pure()); count]);
                state.count("http")?;
                state.tape.ask::<()>("http.send-all", || Ok(json!({"requests": vec![Value::Null; count]})))?;
                state.note_answers("http.send-all", &answers)?;
                state.transfer(answers.iter().map(answer_bytes).sum())?;
                return Ok((answers,));
            }
            let requests: Vec<_> = requests.iter(&mut store)?.take(admitted).collect::<wasmtime::Result<_>>()?;
            let (mut lifted, mut refused) = (Vec::with_capacity(admitted), BTreeMap::new());
            let mut left = store.data().hostcall_bytes;
            for (at, request) in requests.into_iter().enumerate() {
                match request.lifted(&mut store, &mut left)? {
                    Ok(request) => lifted.push(request),
                    Err(error) => drop(refused.insert(at, error)),
                }
            }
            let state = store.data_mut();
            state.tape.ask::<()>("http.send-all", || {
                let mut requests =
                    lifted.iter().map(|request| written(Some(request))).collect::<Result<Vec<_>, _>>()?;
                refused.keys().for_each(|at| requests.insert(*at, Value::Null));
                requests.resize(count, Value::Null);
                Ok(json!({"requests": requests}))
            })?;
            let mut answers = http::Host::send_all(state, lifted).await?;
            // In ascending order, so each one comes to stand where its request stood.
            refused.into_iter().for_each(|(at, error)| answers.insert(at, Err(error)));
            if count > admitted
                && let Capabilities::Everything { http, .. } = &state.capabilities
            {
                let refusal: http::HttpError = http.refuse(count - admitted).into();
                answers.resize_with(count, || Err(refusal.clone()));
            }
            state.note_answers("http.send-all", &answers)?;
            Ok((answers,))
        })
    })?;
    let mut log = linker.instance("lowcode:organisation/log@0.1.0")?;
    log.func_wrap_async("write", |mut store, (level, message, fields): (Level, Text, WasmList<FieldInMemory>)| {
        Box::new(async move {
            let (count, mut texts) = (fields.len(), message.bytes_at_least());
            if texts > SMALL || count.saturating_mul(size_of::<Field>()) > SMALL {
                return Err(too_much(&mut store));
            }
            if !store.data().log.has_room(texts, count) {
                return store.data_mut().pass_over_line(texts, count);
            }
            let fields = list(&mut store, &fields)?;
            texts += fields.iter().map(FieldInMemory::bytes_at_least).sum::<usize>();
            if !store.data().log.has_room(texts, count) {
                return store.data_mut().pass_over_line(texts, count);
            }
            let message = message.to_string(&store)?;
            let fields = fields.iter().map(|field| field.lifted(&store)).collect::<wasmtime::Result<_>>()?;
            log::Host::write(store.data_mut(), level, message, fields).await
        })
    })?;
    let mut audit = linker.instance("lowcode:organisation/audit@0.1.0")?;
    audit.func_wrap_async("append", |mut store, (entries,): (WasmList<audit::Entry>,)| {
        Box::new(async move {
            let entries = list(&mut store, &entries)?;
            Ok((audit::Host::append(store.data_mut(), entries).await?,))
        })
    })?;
    let mut storage = linker.instance("lowcode:organisation/storage@0.1.0")?;
    storage.func_wrap_async("get-many", |mut store, (keys,): (WasmList<String>,)| {
        Box::new(async move {
            let keys = list(&mut store, &keys)?;
            Ok((storage::Host::get_many(store.data_mut(), keys).await?,))
        })
    })?;
    storage.func_wrap_async("scan", |mut store, (prefix, after, limit): (Text, Option<Text>, u32)| {
        Box::new(async move {
            let prefix = text(&mut store, &prefix)?;
            let after = after.map(|after| text(&mut store, &after)).transpose()?;
            Ok((storage::Host::scan(store.data_mut(), prefix, after, limit).await?,))
        })
    })?;
    storage.func_wrap_async("scan-keys", |mut store, (prefix, after, limit): (Text, Option<Text>, u32)| {
        Box::new(async move {
            let prefix = text(&mut store, &prefix)?;
            let after = after.map(|after| text(&mut store, &after)).transpose()?;
            Ok((storage::Host::scan_keys(store.data_mut(), prefix, after, limit).await?,))
        })
    })?;
    storage.func_wrap_async("delete-range", |mut store, (prefix, checks): (Text, WasmList<Check>)| {
        Box::new(async move {
            let (prefix, checks) = (text(&mut store, &prefix)?, list(&mut store, &checks)?);
            Ok((storage::Host::delete_range(store.data_mut(), prefix, checks).await?,))
        })
    })?;
    storage.func_wrap_async("apply", |mut store, (ops,): (WasmList<Op>,)| {
        Box::new(async move {
            let ops = list(&mut store, &ops)?;
            Ok((storage::Host::apply(store.data_mut(), ops).await?,))
        })
    })?;
    storage.func_wrap_async("wait", |mut store, (key, version, timeout): (Text, Option<u64>, u32)| {
        Box::new(async move {
            let key = text(&mut store, &key)?;
            Ok((storage::Host::wait(store.data_mut(), key, version, timeout).await?,))
        })
    })
}

/// The answers of a batch that is played.
fn played_batch(
    store: &mut Store<'_>,
    requests: &WasmList<RequestInMemory>,
) -> wasmtime::Result<(Vec<Result<http::Response, http::HttpError>>,)> {
    let requests: Vec<_> = requests.iter(&mut *store)?.collect::<wasmtime::Result<_>>()?;
    let mut left = store.data().hostcall_bytes;
    let requests = requests.into_iter().map(|request| request.read(store, &mut left));
    let requests = requests.collect::<wasmtime::Result<Vec<_>>>()?;
    let state = store.data_mut();
    state.count("http")?;
    state.transfer(requests.iter().map(request_bytes).sum())?;
    let asked = || {
        let requests = requests.iter().map(|request| written(Some(request))).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({"requests": requests}))
    };
    let played: Option<Vec<_>> = state.tape.ask("http.send-all", asked)?;
    let answers: Vec<_> = played.unwrap_or_default().into_iter().map(in_bytes).collect();
    state.transfer(answers.iter().map(answer_bytes).sum())?;
    Ok((answers,))
}

/// How many requests of a batch the budget has room for: nobody looks at those beyond.
fn admitted(state: &mut CallState, count: usize) -> wasmtime::Result<usize> {
    if count > MAX_BATCH {
        let exceeded = Exceeded { limit: LimitName::BatchRequests, allowed: MAX_BATCH as u64, asked: count as u64 };
        return Err(state.end(exceeded));
    }
    let left = usize::try_from(state.budget.remaining().requests).unwrap_or(usize::MAX);
    Ok(match state.capabilities {
        Capabilities::Everything { .. } => count.min(left),
        Capabilities::Nothing => count,
    })
}

/// A request as it lies in the component's memory.
#[derive(ComponentType, Lift)]
#[component(record)]
struct RequestInMemory {
    method: Text,
    url: Text,
    headers: WasmList<HeaderInMemory>,
    body: Option<BodyInMemory>,
    expect: BodyKind,
    #[component(name = "timeout-ms")]
    timeout_ms: Option<u32>,
    #[component(name = "max-bytes")]
    max_bytes: Option<u64>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct HeaderInMemory {
    name: Text,
    value: Text,
}

/// A field of a line, as it lies in the component's memory.
#[derive(ComponentType, Lift)]
#[component(record)]
struct FieldInMemory {
    name: Text,
    value: Text,
}

impl FieldInMemory {
    fn bytes_at_least(&self) -> usize {
        self.name.bytes_at_least() + self.value.bytes_at_least()
    }

    fn lifted(&self, store: &Store<'_>) -> wasmtime::Result<Field> {
        Ok(Field { name: self.name.to_string(store)?, value: self.value.to_string(store)? })
    }
}

#[derive(ComponentType, Lift)]
#[component(variant)]
enum BodyInMemory {
    #[component(name = "text")]
    Text(Text),
    #[component(name = "bytes")]
    Bytes(WasmList<u8>),
    #[component(name = "base64")]
    Base64(Text),
}

impl RequestInMemory {
    /// The request as it lies there, whatever it is: of a call that is played, which sends nothing.
    fn read(self, store: &mut Store<'_>, left: &mut u64) -> wasmtime::Result<Request> {
        let Self { method, url, headers, body, expect, timeout_ms, max_bytes } = self;
        let (headers, _) = HeaderInMemory::all(&headers, store, left)?;
        let body = match &body {
            // What is no base64 stays what it is.
            Some(BodyInMemory::Base64(text)) => {
                let bytes = text.read(&*store, |text| STANDARD.decode(text))?.ok();
                Some(bytes.map_or_else(|| text.to_string(&*store).map(Body::Base64), |bytes| Ok(Body::Bytes(bytes)))?)
            }
            Some(body) => body.lifted(store)?,
            None => None,
        };
        Ok(Request {
            method: method.to_string(&*store)?,
            url: url.to_string(&*store)?,
            headers: headers.iter().map(|header| header.lifted(store)).collect::<wasmtime::Result<_>>()?,
            body,
            expect,
            timeout_ms,
            max_bytes,
        })
    }

    /// The request, or why it is refused as it lies there: a part of it is longer than any that is sent, or than what the call
    /// may still send, or it may not go where it should. Copying that would hold a thread for as long as a thousand sound
    /// requests.
    ///
    /// `left` are the bytes that headers may still hold: those of a batch together are no more than one call of an import may
    /// hand over.
    fn lifted(self, store: &mut Store<'_>, left: &mut u64) -> wasmtime::Result<Result<Request, http::HttpError>> {
        if let Capabilities::Nothing = store.data().capabilities {
            return Ok(Err(pure()));
        }
        let Self { method, url, headers, body, expect, timeout_ms, max_bytes } = self;
        let count = headers.len();
        // Too many are refused for their number.
        let (headers, header_bytes) =
            if count > MAX_HEADERS { (Vec::new(), 0) } else { HeaderInMemory::all(&headers, store, left)? };
        let sizes = Sizes {
            method: method.bytes_at_least(),
            url: url.bytes_at_least(),
            headers: count,
            header_bytes,
            body: body.as_ref().map_or(0, BodyInMemory::bytes_at_least),
        };
        let Capabilities::Everything { http, .. } = &store.data().capabilities else { return Ok(Err(pure())) };
        if let Err(refused) = http.admits_sizes(sizes) {
            return Ok(Err(refused.into()));
        }
        let head = egress::Request::new(method.to_string(&*store)?, url.to_string(&*store)?);
        let body = match body {
            None => None,
            Some(body) => {
                if let Err(refused) = http.admits_head(&head) {
                    return Ok(Err(refused.into()));
                }
                match body.lifted(store)? {
                    Some(body) => Some(body),
                    None => {
                        let refusal = egress::HttpError::invalid_request("the body is no base64");
                        return Ok(Err(http.turn_away(&head, refusal).into()));
                    }
                }
            }
        };
        let headers = headers.iter().map(|header| header.lifted(store)).collect::<wasmtime::Result<_>>()?;
        let egress::Request { method, url, .. } = head;
        Ok(Ok(Request { method, url, headers, body, expect, timeout_ms, max_bytes }))
    }
}

impl BodyInMemory {
    /// Bytes that are sent, at the least.
    fn bytes_at_least(&self) -> usize {
        match self {
            Self::Text(text) => text.bytes_at_least(),
            Self::Bytes(bytes) => bytes.len(),
            // The last two characters may stand for nothing.
            Self::Base64(text) => decoded_len_estimate(text.bytes_at_least()).saturating_sub(2),
        }
    }

    /// The body, unless it says that it is base64 and is not.
    fn lifted(&self, store: &Store<'_>) -> wasmtime::Result<Option<Body>> {
        Ok(match self {
            Self::Text(text) => Some(Body::Text(text.to_string(store)?)),
            Self::Bytes(bytes) => Some(Body::Bytes(bytes.as_le_slice(store).to_vec())),
            Self::Base64(text) => text.read(store, |text| STANDARD.decode(text))?.ok().map(Body::Bytes),
        })
    }
}

impl HeaderInMemory {
    /// All of a list, and the bytes of all names and values together, which are taken from what is left. The engine counts them
    /// too, but begins anew with each list.
    fn all(headers: &WasmList<Self>, store: &mut Store<'_>, left: &mut u64) -> wasmtime::Result<(Vec<Self>, usize)> {
        store.set_hostcall_fuel(usize::try_from(*left).unwrap_or(usize::MAX));
        let headers: Vec<Self> = headers.iter(&mut *store)?.collect::<wasmtime::Result<_>>()?;
        let bytes = |header: &Self| header.name.bytes_at_least() + header.value.bytes_at_least();
        let bytes = headers.iter().map(bytes).sum();
        *left = left.saturating_sub(bytes as u64);
        Ok((headers, bytes))
    }

    fn lifted(&self, store: &Store<'_>) -> wasmtime::Result<Header> {
        Ok(Header { name: self.name.to_string(store)?, value: self.value.to_string(store)? })
    }
}

/// A text, where it is no longer than it may be.
fn text(store: &mut Store<'_>, text: &Text) -> wasmtime::Result<String> {
    if text.bytes_at_least() > SMALL {
        return Err(too_much(store));
    }
    text.to_string(&*store)
}

/// A list, where it and what it holds are no longer than they may be.
fn list<T: Lift>(store: &mut Store<'_>, list: &WasmList<T>) -> wasmtime::Result<Vec<T>> {
    if list.len().saturating_mul(size_of::<T>()) > SMALL {
        return Err(too_much(store));
    }
    let state = store.data_mut();
    let bytes = state.hostcall_bytes.min(SMALL as u64);
    state.hostcall_bytes = bytes;
    // What the items hold is counted by the engine.
    store.set_hostcall_fuel(usize::try_from(bytes).unwrap_or(SMALL));
    list.iter(&mut *store)?.collect()
}

fn too_much(store: &mut Store<'_>) -> wasmtime::Error {
    let allowed = SMALL as u64;
    store.data_mut().end(Exceeded { limit: LimitName::HostcallBytes, allowed, asked: allowed + 1 })
}
