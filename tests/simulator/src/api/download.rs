//! The address of exported files. On the platform it belongs to a network of caches: it asks for no token, and whoever
//! knows the name of a file may read it.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, SERVER};
use axum::http::{HeaderValue, Response, StatusCode};

use super::answer::{Answer, Refusal, trailer};
use super::call::Query;
use super::{Visit, damage, pipeline};
use crate::behaviour::Limits;
use crate::export::{Found, Harm, Slice};
use crate::faults::Effect;
use crate::world::{Shared, World};

/// Where the files are.
pub(crate) const FOLDER: &str = "/export/";
/// What downloads are called in faults and counters.
pub(crate) const DOWNLOAD: &str = "download";

/// Serves a file or a part of it. `name` comes without the folder.
pub(crate) async fn serve(
    shared: &Shared,
    peer: IpAddr,
    name: &str,
    query: &Query,
    range: Option<&str>,
) -> Response<Body> {
    let (visit, _, latency) = Visit::begin(shared, DOWNLOAD);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let mut effects = Vec::new();
    let (struck, found, ranges) = {
        let mut world = shared.lock();
        let struck = strike(&mut world, peer, query, &mut effects);
        let now = world.now();
        let found = name.strip_suffix(".bin").map_or(Found::Unknown, |id| world.jobs.file(id, now));
        (struck, found, world.behaviour.exports.ranges)
    };
    for effect in &effects {
        if let Effect::Delay(length) = effect {
            tokio::time::sleep(*length).await;
        }
    }
    if let Some(answer) = struck {
        return damage::render(answer, &effects);
    }
    match found {
        Found::File(file) => {
            let size = file.size;
            let range = range.filter(|_| ranges).map_or(Part::Whole, |range| Part::asked(range, size));
            let (status, at, end) = match range {
                Part::Whole => (StatusCode::OK, 0, size),
                Part::Between(at, end) => (StatusCode::PARTIAL_CONTENT, at, end),
                Part::Outside => return outside(size),
            };
            let has = |effect| effects.contains(&effect);
            let half = if has(Effect::Truncated) { at + (end - at) / 2 } else { end };
            let harm = Harm { corrupted: has(Effect::Corrupted), cut_off: has(Effect::CutOff) };
            let mut response = response(status, Body::new(Slice::new(file, at, half, harm, visit)));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            headers.insert(CONTENT_LENGTH, HeaderValue::from(half - at));
            if ranges {
                headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
            }
            if status == StatusCode::PARTIAL_CONTENT {
                content_range(&mut response, &format!("bytes {at}-{}/{size}", end - 1));
            }
            response
        }
        Found::Expired => response(StatusCode::FORBIDDEN, Body::empty()),
        Found::Unknown => response(StatusCode::NOT_FOUND, Body::empty()),
    }
}

/// The faults of this download; `Some` when one answers in place of the file. Rate limits are those of the API and do not
/// hold here, but a block that a fault orders does.
fn strike(world: &mut World, peer: IpAddr, query: &Query, effects: &mut Vec<Effect>) -> Option<Answer> {
    let address = peer.to_string();
    let now = world.now();
    let refusal: Refusal = match pipeline::faults(world, DOWNLOAD, query, effects) {
        Ok(Some(answer)) => return Some(answer),
        Ok(None) if world.rates.admit(&Limits::default(), DOWNLOAD, &address, now) => {
            // The connection closes whatever there would be to read.
            return effects
                .iter()
                .any(|effect| matches!(effect, Effect::Disconnect { .. }))
                .then(|| Answer::ok(vec![]));
        }
        Ok(None) => 45009.into(),
        Err(refusal) => refusal,
    };
    let quirks = world.behaviour.quirks;
    Some(Answer::refused(&refusal, &[], &trailer(&quirks, refusal.code, &address, now, &mut world.random)))
}

/// What a `Range` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// From one byte to before another.
    Between(u64, u64),
    Outside,
}

impl Part {
    /// Reads one range of bytes. Several ranges, other units and nonsense are ignored, as HTTP has it.
    pub(super) fn asked(range: &str, size: u64) -> Self {
        let Some((from, to)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
            return Self::Whole;
        };
        match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
            (Ok(from), Ok(to)) if to < from => Self::Whole,
            (Ok(from), _) if from >= size && (to.is_empty() || to.trim().parse::<u64>().is_ok()) => Self::Outside,
            (Ok(from), Ok(to)) => Self::Between(from, size.min(to.saturating_add(1))),
            (Ok(from), Err(_)) if to.is_empty() => Self::Between(from, size),
            (Err(_), Ok(0)) if from.is_empty() => Self::Outside,
            (Err(_), Ok(last)) if from.is_empty() => Self::Between(size.saturating_sub(last), size),
            _ => Self::Whole,
        }
    }
}

fn outside(size: u64) -> Response<Body> {
    let mut response = response(StatusCode::RANGE_NOT_SATISFIABLE, Body::empty());
    content_range(&mut response, &format!("bytes */{size}"));
    response
}

fn content_range(response: &mut Response<Body>, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(CONTENT_RANGE, value);
    }
}

fn response(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(SERVER, HeaderValue::from_static("nginx"));
    response
}

#[cfg(test)]
mod tests {
    use super::Part::{self, Between, Outside, Whole};

    #[test]
    fn ranges_are_read_as_http_has_it() {
        for (range, expected) in [
            ("bytes=0-0", Between(0, 1)),
            ("bytes=0-31", Between(0, 32)),
            ("bytes=32-95", Between(32, 96)),
            ("bytes=90-1000", Between(90, 96)),
            ("bytes=90-", Between(90, 96)),
            ("bytes=-6", Between(90, 96)),
            ("bytes=-1000", Between(0, 96)),
            ("bytes=0-18446744073709551615", Between(0, 96)),
            ("bytes=96-", Outside),
            ("bytes=96-100", Outside),
            ("bytes=-0", Outside),
            ("bytes=5-4", Whole),
            ("bytes=0-1,4-5", Whole),
            ("bytes=96-x", Whole),
            ("bytes=-", Whole),
            ("items=0-1", Whole),
            ("nonsense", Whole),
        ] {
            assert_eq!(Part::asked(range, 96), expected, "{range}");
        }
    }
}
