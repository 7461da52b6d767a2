//! The request log and its counters, in which downloads of exported files are an API named `download`. Values of query parameters are never kept: they hold tokens, codes and secrets.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::api::download::DOWNLOAD;
use crate::clock::UnixMillis;

/// The log keeps this many recent requests; counters keep all.
pub const LOG_CAPACITY: usize = 20_000;

/// How the path of every exported file appears in the log.
pub(crate) const FILE_PATH: &str = "/export/*.bin";

/// One answered request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// Simulated time of the answer, Unix milliseconds.
    pub at: UnixMillis,
    /// HTTP method.
    pub method: String,
    /// Whole path, such as `/cgi-bin/user/list`.
    pub path: String,
    /// Keys of the query, in order.
    pub query_keys: Vec<String>,
    /// HTTP status; 0 when the connection was closed instead.
    pub status: u16,
    /// `errcode` of an API answer; `None` for pages, and where a fault left none.
    pub errcode: Option<i64>,
}

/// What happened to one API so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ApiCount {
    /// Calls answered, whatever the answer.
    pub calls: u64,
    /// Of these, answered with errcode 0, or with bytes of a file.
    pub succeeded: u64,
    /// The most that were under way at once.
    pub most_at_once: u32,
}

/// Recent requests, and totals by API.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<LogEntry>,
    counts: BTreeMap<String, ApiCount>,
    under_way: BTreeMap<String, u32>,
}

impl Log {
    /// Notes a call that begins; answers how many of its API are under way, itself included.
    pub(crate) fn enter(&mut self, api: &str) -> u32 {
        let under_way = self.under_way.entry(api.to_owned()).or_default();
        *under_way += 1;
        let count = self.counts.entry(api.to_owned()).or_default();
        count.most_at_once = count.most_at_once.max(*under_way);
        *under_way
    }

    /// Notes that a call ended, also when it was cancelled.
    pub(crate) fn leave(&mut self, api: &str) {
        if let Some(under_way) = self.under_way.get_mut(api) {
            *under_way = under_way.saturating_sub(1);
        }
    }

    pub(crate) fn note(&mut self, entry: LogEntry) {
        let download = entry.path == FILE_PATH;
        let api = if download { Some(DOWNLOAD) } else { entry.path.strip_prefix("/cgi-bin/") };
        if let Some(count) = api.and_then(|api| self.counts.get_mut(api)) {
            count.calls += 1;
            let served = download && entry.errcode.is_none() && matches!(entry.status, 200 | 206);
            count.succeeded += u64::from(served || entry.errcode == Some(0));
        }
        if self.entries.len() == LOG_CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn entries(&self) -> Vec<LogEntry> {
        self.entries.iter().cloned().collect()
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, ApiCount> {
        self.counts.clone()
    }

    pub(crate) fn count(&self, api: &str) -> ApiCount {
        self.counts.get(api).cloned().unwrap_or_default()
    }

    /// Forgets entries and totals; calls under way stay counted.
    pub(crate) fn reset(&mut self) {
        self.entries.clear();
        self.counts.clear();
    }
}
