//! The last calls of each tenant on this host, for its administrators. Kept in memory, so many of a tenant and so many of all; nothing
//! in a report is secret or holds what a call answered.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use organisation_host::{CallOutcome, CallReport, Observer};

/// Calls of one tenant.
const LAST: usize = 60;
/// Calls of one tenant that were trouble, which many that were none do not push out.
const TROUBLED: usize = 20;
/// Calls of all tenants: some ten megabytes. The tenant that has called nothing for the longest time is forgotten first.
const ALL: usize = 40_000;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLine {
    /// Its name in the log.
    pub call: String,
    /// Milliseconds since 1970.
    pub begun_ms: u64,
    pub function: &'static str,
    /// `answered`, `refused`, `failed` or `abandoned`.
    pub outcome: &'static str,
    /// Why it was refused, or which limit or fault ended it.
    pub reason: Option<String>,
    pub vendor_code: Option<i64>,
    pub wall_us: u64,
    pub cpu_us: u64,
    pub memory_bytes: u64,
    pub host_calls: u64,
    /// Requests to the vendor.
    pub requests: u64,
    /// Those without an answer.
    pub failures: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
}

impl From<&CallReport> for CallLine {
    fn from(report: &CallReport) -> Self {
        let (outcome, reason) = report.outcome.names();
        let begun = report.begun_at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self {
            call: report.call.clone(),
            begun_ms: u64::try_from(begun.as_millis()).unwrap_or(u64::MAX),
            function: report.function,
            outcome,
            reason: reason.map(str::to_owned),
            vendor_code: report.outcome.vendor_code(),
            wall_us: report.wall_us,
            cpu_us: report.cpu_us,
            memory_bytes: report.peak_memory_bytes,
            host_calls: report.host_calls.values().sum(),
            requests: report.http.requests,
            failures: report.http.failures,
            bytes_in: report.http.bytes_in,
            bytes_out: report.http.bytes_out,
        }
    }
}

/// The calls that are kept of one tenant, the last one first.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TenantCalls {
    pub last: Vec<Arc<CallLine>>,
    pub troubled: Vec<Arc<CallLine>>,
}

/// The calls that are kept.
pub struct CallHistory {
    kept: Mutex<Kept>,
    all: usize,
}

#[derive(Default)]
struct Kept {
    tenants: HashMap<Arc<str>, OfTenant>,
    /// Tenants by when they called last.
    turns: BTreeMap<u64, Arc<str>>,
    turn: u64,
    lines: usize,
}

#[derive(Default)]
struct OfTenant {
    last: VecDeque<Arc<CallLine>>,
    troubled: VecDeque<Arc<CallLine>>,
    turn: u64,
}

impl Default for CallHistory {
    fn default() -> Self {
        Self { kept: Mutex::default(), all: ALL }
    }
}

impl CallHistory {
    /// The calls of a tenant.
    pub fn of(&self, tenant: &str) -> TenantCalls {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = kept.tenants.get(tenant) else { return TenantCalls::default() };
        let list = |lines: &VecDeque<Arc<CallLine>>| lines.iter().rev().cloned().collect();
        TenantCalls { last: list(&found.last), troubled: list(&found.troubled) }
    }

    fn keep(&self, tenant: &str, line: CallLine, is_trouble: bool) {
        let line = Arc::new(line);
        // What a panic leaves is at worst a line too few.
        let mut guard = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &mut *guard;
        kept.turn += 1;
        let name = kept.tenants.get_key_value(tenant).map_or_else(|| tenant.into(), |(name, _)| Arc::clone(name));
        let found = kept.tenants.entry(Arc::clone(&name)).or_default();
        kept.turns.remove(&found.turn);
        found.turn = kept.turn;
        kept.turns.insert(kept.turn, name);
        kept.lines -= found.len();
        push(&mut found.last, Arc::clone(&line), LAST);
        if is_trouble {
            push(&mut found.troubled, line, TROUBLED);
        }
        kept.lines += found.len();
        while kept.lines > self.all
            && let Some((_, longest)) = kept.turns.pop_first()
        {
            kept.lines -= kept.tenants.remove(&longest).map_or(0, |gone| gone.len());
        }
    }
}

impl OfTenant {
    fn len(&self) -> usize {
        self.last.len() + self.troubled.len()
    }
}

fn push(lines: &mut VecDeque<Arc<CallLine>>, line: Arc<CallLine>, most: usize) {
    if lines.len() == most {
        lines.pop_front();
    }
    lines.push_back(line);
}

/// Whether somebody has to look at it: not where nobody waited any more, nor where what was asked for is not there.
fn is_trouble(outcome: &CallOutcome) -> bool {
    match outcome {
        CallOutcome::Answered | CallOutcome::Abandoned => false,
        CallOutcome::Refused { reason, .. } => reason != "not-found",
        _ => true,
    }
}

impl Observer for CallHistory {
    fn called(&self, report: &CallReport) {
        self.keep(&report.tenant, report.into(), is_trouble(&report.outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(call: u64) -> CallLine {
        CallLine {
            call: call.to_string(),
            begun_ms: call,
            function: "directory.overview",
            outcome: "answered",
            reason: None,
            vendor_code: None,
            wall_us: 0,
            cpu_us: 0,
            memory_bytes: 0,
            host_calls: 0,
            requests: 0,
            failures: 0,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    #[test]
    fn a_tenant_keeps_its_last_calls_and_trouble_longer() {
        let history = CallHistory::default();
        history.keep("acme", line(0), true);
        (1..=100).for_each(|call| history.keep("acme", line(call), false));
        let found = history.of("acme");
        assert_eq!((found.last.len(), &*found.last[0].call, &*found.last[LAST - 1].call), (LAST, "100", "41"));
        assert_eq!(found.troubled.iter().map(|line| &*line.call).collect::<Vec<_>>(), ["0"]);
        assert_eq!(history.of("globex"), TenantCalls::default());
    }

    #[test]
    fn what_nobody_need_look_at_is_no_trouble() {
        let refused = |reason: &str| CallOutcome::Refused { reason: reason.to_owned(), vendor_code: None };
        for (outcome, expected) in [
            (CallOutcome::Answered, false),
            (CallOutcome::Abandoned, false),
            (refused("not-found"), false),
            (refused("unavailable"), true),
        ] {
            assert_eq!(is_trouble(&outcome), expected, "{outcome:?}");
        }
    }

    #[test]
    fn all_together_are_bounded_and_who_called_last_stays() {
        let history = CallHistory { all: 110, ..CallHistory::default() };
        for tenant in ["a", "b", "c"] {
            (0..50).for_each(|call| history.keep(tenant, line(call), false));
            history.keep("a", line(50), false);
        }
        // `b` was forgotten when `c` came, since `a` has called after it.
        assert_eq!(["a", "b", "c"].map(|tenant| history.of(tenant).last.len()), [53, 0, 50]);
        let state = history.kept.lock().unwrap();
        assert!(state.lines <= 110 && state.turns.len() == state.tenants.len());
    }
}
