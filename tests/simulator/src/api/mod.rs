//! The server API below `/cgi-bin/`: what is asked, how it is judged, how it is answered.

mod agent;
pub(crate) mod answer;
mod approval;
mod binary;
mod call;
mod damage;
pub(crate) mod department;
pub(crate) mod download;
mod error_text;
mod export;
mod login;
mod media;
mod member;
mod message;
mod multipart;
mod pipeline;
pub(crate) mod record;
pub(crate) mod table;
pub(crate) mod tag;
mod ticket;
mod token;
pub(crate) mod view;

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Response};

use crate::calls::excerpt;
use crate::faults::Effect;
use crate::server::Asked;
use crate::world::Shared;

pub(crate) use approval::template_nodes;
pub(crate) use call::{Query, query_value};
pub(crate) use damage::unknown_path;

/// For how long, in real time, an answer waits for the work it has begun, so that whoever submits a small job finds it
/// done. The work itself goes on.
const PATIENCE: Duration = Duration::from_secs(2);

/// Serves one call. `path` comes without `/cgi-bin/`.
pub(crate) async fn serve(
    shared: &Shared,
    peer: IpAddr,
    method: &Method,
    path: &str,
    query: &Query,
    headers: &HeaderMap,
    body: &[u8],
) -> Response<Body> {
    let Some((api, endpoint)) = pipeline::locate(path) else { return unknown_path() };
    let (visit, under_way, latency) = Visit::begin(shared, api);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let post = *method == Method::POST;
    let request = pipeline::Request { api, endpoint, post, query, headers, body, peer, under_way };
    let outcome = pipeline::run(&mut shared.lock(), &request);
    if let Some(work) = outcome.work {
        let shared = shared.clone();
        let work = move || {
            work();
            shared.lock().announce_jobs();
        };
        let _ = tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(work)).await;
    }
    for effect in &outcome.effects {
        if let Effect::Delay(length) = effect {
            tokio::time::sleep(*length).await;
        }
    }
    drop(visit);
    let mut response = damage::render(outcome.answer, &outcome.effects);
    response.extensions_mut().insert(Asked(excerpt(body)));
    response
}

/// Counts a call as under way until dropped, also when the client goes away.
pub(crate) struct Visit {
    shared: Shared,
    api: &'static str,
}

impl Visit {
    fn begin(shared: &Shared, api: &'static str) -> (Self, u32, Duration) {
        let mut world = shared.lock();
        let under_way = world.log.enter(api);
        let latency = world.behaviour.latency;
        (Self { shared: shared.clone(), api }, under_way, latency)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.shared.lock().log.leave(self.api);
    }
}

/// The pairs of a query string, percent-decoded.
pub(crate) fn parse_query(query: &str) -> Query {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}
