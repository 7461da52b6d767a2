//! The progress of a run as it happens, by server-sent events. A stream ends with the run, with the session, and with the host; a
//! browser that is cut off asks again by itself, and is let in anew.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    http::{HeaderName, HeaderValue},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use maud::{Markup, html};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{
    super::{
        refusal::Refuse,
        request_limits::RequestPermit,
        sign_in::is_administrator,
        visitor::{Seen, seen},
    },
    asked::Asked,
    failure::Failure,
    running::Standing,
    sync,
};
use crate::interrupt::interrupted;

/// The part of the page that changes.
pub const PROGRESS: &str = "progress";
/// The last event.
pub const END: &str = "end";

/// Between two events.
const PAUSE: Duration = Duration::from_millis(500);
/// How often it is asked whether the person may still look on.
const LOOK: Duration = Duration::from_secs(10);
/// Shorter than a connection may last.
const LASTS: Duration = Duration::from_secs(240);
/// A sign that the connection is there.
const SIGN: Duration = Duration::from_secs(15);

/// A stream under way.
struct Live {
    asked: Asked,
    changes: watch::Receiver<Standing>,
    next: Next,
    look_at: Instant,
    ends_at: Instant,
    _places: [RequestPermit; 2],
}

/// What a stream does next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    First,
    Change,
    End,
    Nothing,
}

/// What a stream waits for.
enum Woken {
    Changed,
    /// Whoever tells of changes has gone.
    Alone,
    Look,
    Over,
}

/// The stream of the run that is under way here.
pub async fn events(asked: &Asked) -> Result<Response, Failure> {
    let Some(changes) = asked.service.runs().follow(&asked.tenant.name) else {
        return Err(Failure::Asked(["没有进行中的同步。", "No sync is under way here."]));
    };
    let session: Arc<str> = asked.proof().into();
    let places = asked.service.admit_stream(&asked.tenant, &session);
    let places = places.ok_or(Failure::TooMany)?;
    let now = Instant::now();
    let live = Live {
        asked: asked.clone(),
        changes,
        next: Next::First,
        look_at: now + LOOK,
        ends_at: now + LASTS,
        _places: places,
    };
    let events = stream::unfold(live, Live::next);
    let mut response = Sse::new(Box::pin(events)).keep_alive(KeepAlive::new().interval(SIGN)).into_response();
    // Some proxies keep an answer until it is whole.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

impl Live {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        match self.next {
            Next::Nothing => None,
            Next::End => {
                self.next = Next::Nothing;
                // A browser passes over an event without data.
                Some((Ok(Event::default().event(END).data(END)), self))
            }
            Next::First => Some(self.progress()),
            Next::Change => loop {
                match self.woken().await {
                    Woken::Changed => return Some(self.progress()),
                    Woken::Look if self.may_look().await => self.look_at = Instant::now() + LOOK,
                    Woken::Look => {
                        let content = signed_out(&self.asked);
                        return Some(self.last(&content));
                    }
                    Woken::Alone | Woken::Over => return None,
                }
            },
        }
    }

    async fn woken(&mut self) -> Woken {
        tokio::select! {
            biased;
            () = interrupted() => Woken::Over,
            () = sleep_until(self.ends_at) => Woken::Over,
            () = sleep_until(self.look_at) => Woken::Look,
            changed = async {
                sleep(PAUSE).await;
                self.changes.changed().await
            } => if changed.is_ok() { Woken::Changed } else { Woken::Alone },
        }
    }

    /// Whether the person is still signed in, and an administrator. Whoever cannot be asked about may not.
    async fn may_look(&self) -> bool {
        let Asked { service, tenant, headers, scope, .. } = &self.asked;
        match seen(service, tenant, headers, scope).await {
            Ok(Seen::Visitor(visitor)) => is_administrator(tenant, &visitor, &Refuse(headers)).await.unwrap_or(false),
            Ok(Seen::Ended | Seen::Nobody) | Err(_) => false,
        }
    }

    /// How the run stands now.
    fn progress(mut self) -> (Result<Event, Infallible>, Self) {
        let standing = self.changes.borrow_and_update().clone();
        if matches!(standing, Standing::UnderWay(_)) {
            self.next = Next::Change;
            let event = event(&sync::words(&self.asked, &standing));
            return (Ok(event), self);
        }
        let content = html! { (sync::words(&self.asked, &standing)) (sync::anew(&self.asked)) };
        self.last(&content)
    }

    fn last(mut self, content: &Markup) -> (Result<Event, Infallible>, Self) {
        self.next = Next::End;
        (Ok(event(content)), self)
    }
}

fn event(content: &Markup) -> Event {
    // A carriage return would end a line of the event.
    Event::default().event(PROGRESS).data(content.0.replace('\r', " "))
}

fn signed_out(asked: &Asked) -> Markup {
    html! {
        p.banner.warn {
            (asked.say("您的登录已结束，进度不再更新。", "Your session has ended: the progress is not shown any more.")) " "
            a href=(asked.address("sync")) { (asked.say("重新登录", "Sign in again")) }
        }
    }
}
