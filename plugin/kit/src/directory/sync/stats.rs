//! What a run takes: time, bytes and memory, for its report.

use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Bytes of answers.
    pub bytes_in: u64,
    /// Bytes of guest memory, in the largest call.
    pub peak_memory: u64,
    /// In the order in which the run came to them.
    pub phases: Vec<PhaseTime>,
}

/// The work of one phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseTime {
    /// As the run's progress names it.
    pub phase: String,
    /// Vendor calls.
    pub vendor_calls: u64,
    /// Milliseconds of work, waits of the caller not included.
    pub ms: u64,
}

/// Where a call stood when its figures were taken last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Milliseconds that the call had left.
    pub wall_ms: u64,
    /// Bytes that it might still receive.
    pub bytes_in: u64,
}

impl Figures {
    /// Adds what was taken between two marks of one call.
    pub fn add(&mut self, phase: &str, from: Mark, to: Mark, vendor_calls: u64) {
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
        let mark = |wall_ms, bytes_in| Mark { wall_ms, bytes_in };
        let mut figures = Figures::default();
        figures.add("fetch", mark(100, 1_000), mark(90, 700), 2);
        figures.add("apply", mark(90, 700), mark(85, 700), 0);
        // Another call, with limits of its own.
        figures.add("fetch", mark(100, 1_000), mark(99, 900), 1);
        let time = |phase: &str, vendor_calls, ms| PhaseTime { phase: phase.to_owned(), vendor_calls, ms };
        assert_eq!(figures.phases, [time("fetch", 3, 11), time("apply", 0, 5)]);
        assert_eq!(figures.bytes_in, 400);
    }
}
