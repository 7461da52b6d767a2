//! What a run takes: calls, time, bytes and memory, for its report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    contract::{
        call::Budget,
        directory::{CallCount, PhaseTime},
        storage::Op,
    },
    directory::key,
    failure::Failure,
    json,
    platform::Platform,
    store,
    vendor::Usage,
};

/// The form in which this version stores them.
const FORMAT: u32 = 1;

/// See the module. Stored apart from the run, since they only tell people something: where they cannot be read they begin
/// anew, and the run goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    format: u32,
    calls: BTreeMap<String, u64>,
    /// Ranges of files that were fetched; not among the calls.
    pub downloads: u64,
    pub retries: u64,
    pub waits: u64,
    /// Calls of `advance` that worked on this run.
    pub advances: u32,
    /// Bytes of answers.
    pub bytes_in: u64,
    /// Bytes of guest memory, in the largest call.
    pub peak_memory: u64,
    /// The work of each phase, in the order in which the run came to them, waits of the caller not included.
    pub phases: Vec<PhaseTime>,
}

impl Stats {
    pub fn load(platform: &dyn Platform, run: &str) -> Result<Self, Failure> {
        let stored = store::get_text(platform, &key::scratch_page(run, 't', 0))?;
        let read = stored.and_then(|entry| json::from_str::<Self>(&entry.value).ok());
        let read = read.filter(|stats| stats.format == FORMAT);
        Ok(read.unwrap_or_else(|| Self { format: FORMAT, ..Self::default() }))
    }

    pub fn put(&self, run: &str) -> Op {
        store::put_for(key::scratch_page(run, 't', 0), self, super::SCRATCH_TTL_MS)
    }

    pub fn vendor_calls(&self) -> u64 {
        self.calls.values().sum()
    }

    pub fn calls_by_api(&self) -> Vec<CallCount> {
        self.calls.iter().map(|(api, calls)| CallCount { api: api.clone(), calls: *calls }).collect()
    }

    /// Adds what was sent between two counts of the same client; tells how many calls.
    pub fn count(&mut self, now: &Usage, before: &Usage) -> u64 {
        for (api, calls) in &now.calls {
            let known = before.calls.get(api).copied().unwrap_or_default();
            *self.calls.entry((*api).to_owned()).or_default() += calls - known;
        }
        self.retries += now.retries - before.retries;
        self.downloads += now.downloads - before.downloads;
        now.total() - before.total()
    }

    /// Adds what of a call's budget was used between two looks at it.
    pub fn add(&mut self, phase: &str, from: &Budget, to: &Budget, vendor_calls: u64) {
        let ms = from.wall_ms.saturating_sub(to.wall_ms);
        self.bytes_in += from.bytes_in.saturating_sub(to.bytes_in);
        match self.phases.iter_mut().find(|time| time.phase == phase) {
            Some(time) => {
                time.vendor_calls += vendor_calls;
                time.ms += ms;
            }
            None => self.phases.push(PhaseTime { phase: phase.to_owned(), vendor_calls, ms }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_that_comes_again_is_the_same_phase() {
        let budget = |wall_ms, bytes_in| Budget {
            wall_ms,
            cpu_ms: 0,
            memory: 0,
            requests: 0,
            bytes_in,
            bytes_out: 0,
            host_calls: 0,
            log_bytes: 0,
            parallelism: 1,
            largest_response: 0,
        };
        let mut stats = Stats::default();
        stats.add("fetch", &budget(100, 1_000), &budget(90, 700), 2);
        stats.add("apply", &budget(90, 700), &budget(85, 700), 0);
        // Another call, with limits of its own.
        stats.add("fetch", &budget(100, 1_000), &budget(99, 900), 1);
        let time = |phase: &str, vendor_calls, ms| PhaseTime { phase: phase.to_owned(), vendor_calls, ms };
        assert_eq!(stats.phases, [time("fetch", 3, 11), time("apply", 0, 5)]);
        assert_eq!(stats.bytes_in, 400);
    }
}
