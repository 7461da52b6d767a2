//! Replays a recording: the same calls, answered from the file, in the same order and with the same arguments to the byte.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use organisation_host::{
    Host, Limits, LoadedComponent,
    recording::{ImportSource, RecordedCall, RecordedEnd, RecordedImport},
};
use serde_json::Value;

use crate::{
    difference::{Difference, Place, first_difference, shown},
    file::RecordingFile,
};

/// A call that was replayed and is what was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// The export.
    pub function: String,
    /// How it ended.
    pub end: RecordedEnd,
}

/// Replays all calls of a recording. No network, no store and no clock is touched.
///
/// # Errors
/// The first difference. The component need not be the recorded one; whoever wants that compares [`Header::component`](crate::Header).
pub async fn replay(
    host: &Host,
    component: &Arc<LoadedComponent>,
    recording: &RecordingFile,
) -> Result<Vec<Replayed>, Box<Difference>> {
    let mut replayed = Vec::with_capacity(recording.calls.len());
    let mut line = 2;
    for (at, call) in recording.calls.iter().enumerate() {
        let strict = Shared::default();
        let source = Strict { call: call.clone(), at: 0, shared: strict.clone() };
        let end = played(host, component, call, source).await;
        let difference = |(event, what, expected, found): (usize, String, String, String)| {
            let place = Place { line: line + event, call: at + 1 };
            Box::new(Difference { place, function: call.function.clone(), what, expected, found })
        };
        let Seen { asked, difference: found, ended_as_recorded: ended } = mem::take(&mut *strict.lock());
        if let Some(found) = found {
            return Err(difference(found));
        }
        if !ended {
            if let Some(next) = call.imports.get(asked) {
                let what = format!("the call ended before it asked {}", next.function);
                return Err(difference((asked + 1, what, next.function.clone(), end_shown(&end))));
            }
            if let Some(found) = other_end(&call.end, &end) {
                return Err(difference((asked + 1, found.0, found.1, found.2)));
            }
        }
        line += call.imports.len() + 2;
        replayed.push(Replayed { function: call.function.clone(), end: call.end.clone() });
    }
    Ok(replayed)
}

/// Plays a call. How it ends where its source of imports ends it is up to the source.
pub(crate) async fn played(
    host: &Host,
    component: &Arc<LoadedComponent>,
    call: &RecordedCall,
    source: impl ImportSource + 'static,
) -> RecordedEnd {
    let limits = limits(call);
    match host.play(component, &call.function, &call.arguments, &limits, Box::new(source)).await {
        Ok(called) => RecordedEnd::Answered(called.value),
        Err(failed) => RecordedEnd::of(&failed.error),
    }
}

/// What a replayed call may use: time as much as this machine needs, unless the call is to end for the lack of it; all else is as
/// it was.
fn limits(call: &RecordedCall) -> Limits {
    const LONG: u64 = 10 * 60 * 1_000;
    let is_out_of = |name: &str| matches!(&call.end, RecordedEnd::Limit { limit } if limit == name);
    // Three times as much, for a slower machine: a call that is to end in a later import must come so far.
    let cpu_ms = if is_out_of("cpu-ms") { call.limits.cpu_ms.saturating_mul(3) } else { LONG };
    call.limits.clone().cpu_ms(cpu_ms).wall_ms(LONG)
}

/// Whether a call may come to its recorded end in an import: what ended it is not in the component.
pub(crate) fn ends_outside(end: &RecordedEnd) -> bool {
    match end {
        RecordedEnd::BrokenOff => true,
        RecordedEnd::Limit { limit } => {
            matches!(&**limit, "cpu-ms" | "wall-ms" | "tenant-memory-bytes" | "host-memory-bytes")
        }
        RecordedEnd::Answered(_) | RecordedEnd::Trap { .. } => false,
    }
}

fn other_end(expected: &RecordedEnd, found: &RecordedEnd) -> Option<(String, String, String)> {
    match (expected, found) {
        (RecordedEnd::Answered(one), RecordedEnd::Answered(other)) => {
            let (path, one, other) = first_difference(one, other)?;
            Some((format!("the answer at {path}"), one, other))
        }
        (one, other) if one == other => None,
        (one, other) => Some(("how the call ended".to_owned(), end_shown(one), end_shown(other))),
    }
}

pub(crate) fn end_shown(end: &RecordedEnd) -> String {
    serde_json::to_value(end).map_or_else(|error| error.to_string(), |end| shown(Some(&end)))
}

type Found = (usize, String, String, String);

/// What the source of a call saw, for whoever waits for the call.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    asked: usize,
    /// The event of the call, what differs, and both values.
    difference: Option<Found>,
    ended_as_recorded: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        // Whole values are set under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers what was recorded, where exactly that is asked.
struct Strict {
    call: RecordedCall,
    at: usize,
    shared: Shared,
}

impl ImportSource for Strict {
    fn answer(&mut self, function: &str, arguments: Value) -> Option<Value> {
        let mut seen = self.shared.lock();
        let event = self.at + 1;
        let Some(RecordedImport { function: expected, arguments: recorded, answer }) = self.call.imports.get(self.at)
        else {
            seen.ended_as_recorded = ends_outside(&self.call.end);
            if !seen.ended_as_recorded {
                let what = format!("the call asks {function} where it had ended");
                seen.difference = Some((event, what, end_shown(&self.call.end), shown(Some(&arguments))));
            }
            return None;
        };
        if expected != function {
            seen.difference = Some((event, "which import is asked".to_owned(), expected.clone(), function.to_owned()));
            return None;
        }
        if let Some((path, one, other)) = first_difference(recorded, &unread(recorded, arguments)) {
            seen.difference = Some((event, format!("arguments of {function} at {path}"), one, other));
            return None;
        }
        self.at += 1;
        seen.asked = self.at;
        seen.ended_as_recorded = answer.is_none();
        answer.clone()
    }
}

/// Arguments without what the host had refused unread, which stands in the recording as `null`.
pub(crate) fn unread(recorded: &Value, mut arguments: Value) -> Value {
    if recorded.get("request").is_some_and(Value::is_null) {
        arguments["request"] = Value::Null;
    }
    if let Some(requests) = recorded.get("requests").and_then(Value::as_array) {
        for (at, _) in requests.iter().enumerate().filter(|(_, request)| request.is_null()) {
            if let Some(request) = arguments.get_mut("requests").and_then(|requests| requests.get_mut(at)) {
                *request = Value::Null;
            }
        }
    }
    arguments
}
