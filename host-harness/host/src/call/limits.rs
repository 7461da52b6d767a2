//! What one call may use.

use std::{fmt, time::Duration};

use derive_setters::Setters;

use serde::{Deserialize, Serialize};

use crate::egress;

/// The limits of one call of one tenant's element. Every one is enforced by the host, whatever the component does;
/// `call.remaining` informs a component what is left, so that a well-behaved one stops before.
///
/// How a limit ends: those of [`LimitName`] end the call with [`CallError::Limit`](super::CallError::Limit); HTTP limits
/// refuse the request that passes them with `budget-exhausted` or `too-large`; log limits drop lines, which are counted.
/// The size of storage is not a matter of a call: see [`storage::Quota`](crate::storage::Quota).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Setters)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// CPU time in milliseconds: of the guest, and of the host for it, such as what a value costs that it hands over. What it
    /// spends waiting is free, for an answer or for its turn, and so is what connections and databases do meanwhile.
    /// Enforced to within some milliseconds, or the length of the host's longest piece of work. Default 10,000.
    pub cpu_ms: u64,
    /// Milliseconds from the call's beginning to its end, waiting for a free place included. Default 60,000.
    pub wall_ms: u64,
    /// Bytes of all linear memories together. Default 128 MiB. Those of all calls together have limits of their own, see
    /// [`MemoryLimits`](super::MemoryLimits).
    pub memory_bytes: u64,
    /// Elements of all tables together. Default 20,000, the most that pooled instances have room for.
    pub table_elements: u64,
    /// Core instances that the component may consist of. Default 8, the most that a pooled call has room for.
    pub instances: u32,
    /// Calls of imports, those of WASI included. Default 200,000.
    pub host_calls: u64,
    /// Bytes that the component may hand over in one call of an import, or in its answer. Default 48 MiB: the largest request
    /// body and what comes with it. Of `storage` and `log` it is never more than 4 MiB.
    pub hostcall_bytes: u64,
    /// Bytes that all calls of the contract's imports together may pass, in both directions. Default 2 GiB.
    pub hostcall_bytes_total: u64,
    /// Handles of resources that it may hold at the same time. Default 1,000; the contract itself has no resources, a
    /// standard library takes a handful.
    pub handles: u32,
    /// HTTP requests. Default 500.
    pub requests: u32,
    /// Bytes of HTTP answers, decompressed. Default 256 MiB; at once no more than
    /// [`memory_bytes`](Self::memory_bytes).
    pub bytes_in: u64,
    /// Bytes of HTTP requests. Default 32 MiB.
    pub bytes_out: u64,
    /// HTTP requests at the same time; further ones queue. Default 16.
    pub parallel: u32,
    /// Bytes of the largest single answer. Default 16 MiB.
    pub largest_response: u64,
    /// Log lines that are kept; further ones are counted. Default 1,000.
    pub log_lines: u64,
    /// Bytes of all log lines that are kept, with 16 more for each field. Default 256 KiB.
    pub log_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu_ms: 10_000,
            wall_ms: 60_000,
            memory_bytes: 128 << 20,
            table_elements: 20_000,
            instances: 8,
            host_calls: 200_000,
            hostcall_bytes: 48 << 20,
            hostcall_bytes_total: 2 << 30,
            handles: 1_000,
            requests: 500,
            bytes_in: 256 << 20,
            bytes_out: 32 << 20,
            parallel: 16,
            largest_response: egress::DEFAULT_LARGEST_RESPONSE,
            log_lines: 1_000,
            log_bytes: 256 << 10,
        }
    }
}

impl Limits {
    /// These limits, each lowered to the other's where that is lower.
    pub(crate) fn at_most(&self, other: &Self) -> Self {
        Self {
            cpu_ms: self.cpu_ms.min(other.cpu_ms),
            wall_ms: self.wall_ms.min(other.wall_ms),
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
            table_elements: self.table_elements.min(other.table_elements),
            instances: self.instances.min(other.instances),
            host_calls: self.host_calls.min(other.host_calls),
            hostcall_bytes: self.hostcall_bytes.min(other.hostcall_bytes),
            hostcall_bytes_total: self.hostcall_bytes_total.min(other.hostcall_bytes_total),
            handles: self.handles.min(other.handles),
            requests: self.requests.min(other.requests),
            bytes_in: self.bytes_in.min(other.bytes_in),
            bytes_out: self.bytes_out.min(other.bytes_out),
            parallel: self.parallel.min(other.parallel),
            largest_response: self.largest_response.min(other.largest_response),
            log_lines: self.log_lines.min(other.log_lines),
            log_bytes: self.log_bytes.min(other.log_bytes),
        }
    }

    /// The CPU limit as a duration.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_millis(self.cpu_ms)
    }

    /// The wall-clock limit as a duration, at most a day: an instant further away may not exist.
    pub(crate) fn wall(&self) -> Duration {
        Duration::from_millis(self.wall_ms).min(Duration::from_hours(24))
    }
}

/// The limits that end a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LimitName {
    /// [`Limits::cpu_ms`]
    CpuMs,
    /// [`Limits::wall_ms`]
    WallMs,
    /// [`Limits::memory_bytes`]
    MemoryBytes,
    /// What all calls of the tenant may have of memory, [`MemoryLimits::tenant`](super::MemoryLimits::tenant): beyond what is
    /// free for each.
    TenantMemoryBytes,
    /// What all calls of the host may have of memory, [`MemoryLimits::host`](super::MemoryLimits::host): beyond what is free for
    /// each.
    HostMemoryBytes,
    /// [`Limits::table_elements`]
    TableElements,
    /// [`Limits::instances`]
    Instances,
    /// The call stack: 1 MiB, the same for every call.
    StackBytes,
    /// [`Limits::host_calls`]
    HostCalls,
    /// [`Limits::hostcall_bytes`]
    HostcallBytes,
    /// [`Limits::hostcall_bytes_total`]
    HostcallBytesTotal,
    /// [`Limits::handles`]
    Handles,
    /// The requests of one batch: [`egress::MAX_BATCH`], the same for every call.
    BatchRequests,
}

impl LimitName {
    /// The name in messages and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CpuMs => "cpu-ms",
            Self::WallMs => "wall-ms",
            Self::MemoryBytes => "memory-bytes",
            Self::TenantMemoryBytes => "tenant-memory-bytes",
            Self::HostMemoryBytes => "host-memory-bytes",
            Self::TableElements => "table-elements",
            Self::Instances => "instances",
            Self::StackBytes => "stack-bytes",
            Self::HostCalls => "host-calls",
            Self::HostcallBytes => "hostcall-bytes",
            Self::HostcallBytesTotal => "hostcall-bytes-total",
            Self::Handles => "handles",
            Self::BatchRequests => "batch-requests",
        }
    }
}

impl fmt::Display for LimitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A limit that a call ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Exceeded {
    /// Which one.
    pub limit: LimitName,
    /// Its value, in the unit of its name.
    pub allowed: u64,
    /// What the call used or asked for, in the same unit; one more than allowed where nobody knows how much it was. Of a limit
    /// for several calls, what all of them would have used.
    pub asked: u64,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the limit {} is {}, the call wanted {}", self.limit, self.allowed, self.asked)
    }
}
