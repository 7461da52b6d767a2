//! What the platform behind an element has seen of its requests, its vendor's answers and what it stored, and what it is to
//! do next.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use memchr::memmem;
use organisation_host::storage::{Op, Scope};
use serde_json::Value;
use tokio::sync::Notify;
use url::{Url, form_urlencoded};

use super::{Cut, RequestCounts, VendorBehaviour};

/// Texts shorter than this may stand anywhere by chance.
pub(super) const SHORTEST_SECRET: usize = 8;
/// A field of a vendor's answer whose name ends so, without hyphens and underscores, has a secret as its value. The token of a
/// page is none.
const SECRET_NAMES: [&str; 5] = ["accesstoken", "refreshtoken", "idtoken", "ticket", "secret"];
/// What such a value is.
const TOKEN: &str = "a token or ticket of the vendor";
/// What a host puts in place of a secret begins so.
const PLACEHOLDER: &str = "secret://";

/// One way of the vendor's API. Equal paths of two hosts are two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Scheme, host and port.
    pub(crate) origin: String,
    pub(crate) path: String,
}

impl Place {
    pub(super) fn of(url: &Url) -> Self {
        Self { origin: url.origin().ascii_serialization(), path: url.path().to_owned() }
    }
}

#[derive(Default)]
pub(super) struct State {
    pub(super) behaviour: VendorBehaviour,
    pub(super) store_fails: bool,
    /// And who is told when it comes.
    pub(super) cut: Option<(Cut, Arc<Notify>)>,
    pub(super) counts: RequestCounts,
    /// Requests of the last step: those since something was written between two requests.
    pub(super) step: u64,
    pub(super) has_written: bool,
    /// Requests and operations of the store.
    pub(super) operations: u64,
    /// So many requests pass, and one gets this instead of its answer.
    pub(super) once: Option<(u64, VendorBehaviour)>,
    pub(super) secrets: HashMap<String, &'static str>,
    /// Texts with the requests that carried them.
    pub(super) watched: HashMap<String, u64>,
    pub(super) codes: HashSet<String>,
    pub(super) leaks: HashSet<String>,
    /// The namespace whose writes fail.
    pub(super) unwritable: Option<Scope>,
    /// Requests that carry this are carried out, and their answers lost.
    pub(super) losing: Option<String>,
    /// Requests without those that equal the one before.
    pub(super) news: u64,
    /// Method, address and body of the last request.
    pub(super) last: Option<(String, Url, Vec<u8>)>,
    /// Requests by their place.
    pub(super) places: BTreeMap<Place, u64>,
    pub(super) gets: BTreeSet<Place>,
    /// Method and place of requests that were answered with a token or ticket, or that carried a code.
    pub(super) calls_for_secrets: BTreeSet<(String, Place)>,
    /// Names of parameters in which a token was sent.
    pub(super) token_parameters: BTreeSet<String>,
}

impl State {
    pub(super) fn revealed_by(&self, text: &str) -> Option<&'static str> {
        if text.contains(PLACEHOLDER) {
            return Some("a placeholder");
        }
        let shows = |secret: &str| text.contains(secret) || text.contains(&*secret.escape_debug().to_string());
        self.secrets.iter().find_map(|(secret, what)| shows(secret).then_some(*what))
    }

    pub(super) fn notice(&mut self, ops: &[Op]) {
        for op in ops {
            let (key, value, sealed) = match op {
                Op::Put { key, value, sealed, .. } => (key, &**value, *sealed),
                Op::Delete { key } => (key, "", true),
                Op::Check { .. } => continue,
            };
            self.counts.writes += 1;
            self.has_written = true;
            for (text, is_open) in [(&**key, true), (value, !sealed)] {
                // A placeholder at rest tells nothing: it is what a component got in place of a secret.
                let what = if is_open { self.revealed_by(&text.replace(PLACEHOLDER, "")) } else { None };
                self.leaks.extend(what.map(|what| format!("{what} stands unsealed under the key {key:?}")));
            }
        }
    }

    /// Notes a request. Answers whether its answer is to be lost.
    pub(super) fn see(&mut self, method: &str, url: &Url, body: &[u8]) -> bool {
        self.counts.requests += 1;
        let request = (method.to_owned(), url.clone(), body.to_owned());
        self.news += u64::from(self.last.as_ref() != Some(&request));
        self.last = Some(request);
        self.step = if std::mem::take(&mut self.has_written) { 1 } else { self.step + 1 };
        let place = Place::of(url);
        *self.places.entry(place.clone()).or_default() += 1;
        if method == "GET" {
            self.gets.insert(place.clone());
        }
        let carries = |text: &str| {
            let holds = |bytes: &[u8]| memmem::find(bytes, text.as_bytes()).is_some();
            let in_query = url.query_pairs().any(|(_, value)| value == text);
            let in_form = form_urlencoded::parse(body).any(|(_, value)| value == text);
            in_query || in_form || holds(url.as_str().as_bytes()) || holds(body)
        };
        for (text, sendings) in &mut self.watched {
            *sendings += u64::from(carries(text));
        }
        if self.codes.iter().any(|code| carries(code)) {
            self.calls_for_secrets.insert((method.to_owned(), place));
        }
        let is_token = |value: &str| self.secrets.get(value).is_some_and(|what| *what == TOKEN);
        let sent = url.query_pairs().filter(|(_, value)| is_token(value)).map(|(name, _)| name.into_owned());
        self.token_parameters.extend(sent);
        self.losing.as_deref().is_some_and(carries)
    }

    /// What this request alone gets.
    pub(super) fn behaviour_of_this(&mut self) -> Option<VendorBehaviour> {
        match &mut self.once {
            Some((0, _)) => self.once.take().map(|(_, behaviour)| behaviour),
            Some((passing, _)) => {
                *passing -= 1;
                None
            }
            None => None,
        }
    }

    /// Notes what a vendor's answer holds of secrets. Answers whether it holds any.
    pub(super) fn listen(&mut self, body: &[u8]) -> bool {
        let Ok(value) = serde_json::from_slice::<Value>(body) else { return false };
        let mut is_secret_told = false;
        let mut rest = vec![&value];
        while let Some(value) = rest.pop() {
            match value {
                Value::Object(fields) => {
                    for (name, value) in fields {
                        let name = name.to_lowercase().replace(['-', '_'], "");
                        let is_secret = name == "token" || SECRET_NAMES.iter().any(|end| name.ends_with(end));
                        match value.as_str() {
                            Some(text) if is_secret && text.len() >= SHORTEST_SECRET => {
                                self.secrets.insert(text.to_owned(), TOKEN);
                                is_secret_told = true;
                            }
                            _ => rest.push(value),
                        }
                    }
                }
                Value::Array(items) => rest.extend(items),
                _ => {}
            }
        }
        is_secret_told
    }
}
