//! Imports that look at what a component hands over before it becomes the host's: the ones that take lists and texts.
//!
//! The generated bindings turn all parameters into values first, however many there are; the most that may be is then what
//! the largest request needs. Here lists and texts are looked at where they lie, in the component's memory, and what is too
//! much ends the call before anything is made of it.

use wasmtime::{
    StoreContextMut,
    component::{Lift, Linker, WasmList, WasmStr},
};

use crate::{
    call::{
        limits::{Exceeded, LimitName},
        state::{CallState, Capabilities},
    },
    contract::{
        http::{self, Request},
        log::{self, Field, Level},
        storage::{self, Op},
    },
    egress::MAX_BATCH,
};

/// The most bytes that a call of `storage` or `log` hands over. The contract has an answer for what is above its own limits,
/// which are well below; this is for what nobody would write by mistake.
const SMALL: usize = 4 << 20;

type Store<'a> = StoreContextMut<'a, CallState>;

/// Adds them in place of the generated ones.
pub(super) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    let mut http = linker.instance("lowcode:organisation/http@0.1.0")?;
    http.func_wrap_async("send-all", |mut store, (requests,): (WasmList<Request>,)| {
        Box::new(async move {
            let (requests, refused) = admitted(&mut store, &requests)?;
            let state = store.data_mut();
            let mut answers = http::Host::send_all(state, requests).await?;
            if refused > 0
                && let Capabilities::Everything { http, .. } = &state.capabilities
            {
                let refusal: http::HttpError = http.refuse(refused).into();
                answers.resize_with(answers.len() + refused, || Err(refusal.clone()));
            }
            Ok((answers,))
        })
    })?;
    let mut log = linker.instance("lowcode:organisation/log@0.1.0")?;
    log.func_wrap_async("write", |mut store, (level, message, fields): (Level, WasmStr, WasmList<Field>)| {
        Box::new(async move {
            let (message, fields) = (text(&mut store, &message)?, list(&mut store, &fields)?);
            log::Host::write(store.data_mut(), level, message, fields).await
        })
    })?;
    let mut storage = linker.instance("lowcode:organisation/storage@0.1.0")?;
    storage.func_wrap_async("get-many", |mut store, (keys,): (WasmList<String>,)| {
        Box::new(async move {
            let keys = list(&mut store, &keys)?;
            Ok((storage::Host::get_many(store.data_mut(), keys).await?,))
        })
    })?;
    storage.func_wrap_async("scan", |mut store, (prefix, after, limit): (WasmStr, Option<WasmStr>, u32)| {
        Box::new(async move {
            let prefix = text(&mut store, &prefix)?;
            let after = after.map(|after| text(&mut store, &after)).transpose()?;
            Ok((storage::Host::scan(store.data_mut(), prefix, after, limit).await?,))
        })
    })?;
    storage.func_wrap_async("apply", |mut store, (ops,): (WasmList<Op>,)| {
        Box::new(async move {
            let ops = list(&mut store, &ops)?;
            Ok((storage::Host::apply(store.data_mut(), ops).await?,))
        })
    })?;
    storage.func_wrap_async("wait", |mut store, (key, version, timeout): (WasmStr, Option<u64>, u32)| {
        Box::new(async move {
            let key = text(&mut store, &key)?;
            Ok((storage::Host::wait(store.data_mut(), key, version, timeout).await?,))
        })
    })
}

/// The requests of a batch that the budget has room for, and how many there are beyond those: nobody looks at them.
fn admitted(store: &mut Store<'_>, requests: &WasmList<Request>) -> wasmtime::Result<(Vec<Request>, usize)> {
    let count = requests.len();
    let state = store.data_mut();
    if count > MAX_BATCH {
        let exceeded = Exceeded { limit: LimitName::BatchRequests, allowed: MAX_BATCH as u64, asked: count as u64 };
        return Err(state.end(exceeded));
    }
    let left = usize::try_from(state.budget.remaining().requests).unwrap_or(usize::MAX);
    let admitted = match state.capabilities {
        Capabilities::Everything { .. } => count.min(left),
        Capabilities::Nothing => count,
    };
    let requests = requests.iter(&mut *store)?.take(admitted).collect::<wasmtime::Result<_>>()?;
    Ok((requests, count - admitted))
}

/// A text, where it is no longer than it may be.
fn text(store: &mut Store<'_>, text: &WasmStr) -> wasmtime::Result<String> {
    let text = text.to_str(&*store)?;
    match (text.len(), text) {
        (0..=SMALL, text) => Ok(text.into_owned()),
        _ => Err(too_much(store)),
    }
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
