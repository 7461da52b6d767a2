//! What crosses the boundary of a call, written down or played back: every import with its arguments and its answer, in the order in
//! which the component asked, and how the call ended.
//!
//! Here is the seam alone. What a recording looks like on disk, what of it is replaced, and what is compared when it is played, is
//! for whoever records; the crate `organisation-record` does it for the program.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{CallError, Limits, run::Answer};
use crate::contract::{JsonError, from_json, to_json, to_recorded_json};

/// A call with everything that crossed its boundary. Values are JSON in the form of [`crate::contract::to_json`], but for the bytes of
/// bodies, which are a text of base64: `{"bytes": "AAEC"}`.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedCall {
    /// The export with its interface, such as `login.exchange-code`.
    pub function: String,
    /// Its arguments, in order.
    pub arguments: Vec<Value>,
    /// What the call might use.
    pub limits: Limits,
    /// What it asked of its host, in order.
    pub imports: Vec<RecordedImport>,
    /// How it ended.
    pub end: RecordedEnd,
}

/// A call of an import.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedImport {
    /// The function with its interface, such as `storage.apply` or `wall-clock.now`.
    pub function: String,
    /// Its arguments by name. `null` stands for what the host refused unread, such as a request that is too large.
    pub arguments: Value,
    /// What the host answered; absent where the call ended before.
    pub answer: Option<Value>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordedEnd {
    /// With an answer, which may be an error of the contract.
    Answered(Value),
    /// A limit ended it.
    Limit {
        /// Which, as [`LimitName::as_str`](super::LimitName::as_str) has it.
        limit: String,
    },
    /// The component broke off.
    Trap {
        /// The kind, as [`TrapKind::as_str`](super::TrapKind::as_str) has it.
        kind: String,
        /// What it wrote to its standard streams.
        output: String,
    },
    /// The host could not serve it, or nobody waited any more: no fault of the component.
    BrokenOff,
}

impl RecordedEnd {
    /// How a call ended that gave no answer.
    pub fn of(error: &CallError) -> Self {
        match error {
            CallError::Limit { exceeded, .. } => Self::Limit { limit: exceeded.limit.as_str().to_owned() },
            CallError::Trap { trap, .. } => {
                Self::Trap { kind: trap.kind.as_str().to_owned(), output: trap.output.clone() }
            }
            CallError::Host { .. } | CallError::NotAdmitted { .. } | CallError::Destination { .. } => Self::BrokenOff,
        }
    }
}

/// Writes down the calls of a host, in memory. **It holds secrets and personal data**: what an administrator typed, what the vendor
/// answered. Clones share what they hold.
#[derive(Clone)]
pub struct Recording(Arc<Mutex<Tapes>>);

/// What a recording holds.
struct Tapes {
    calls: Vec<RecordedCall>,
    /// Of all values, about.
    bytes: usize,
    max_bytes: usize,
    is_cut_off: bool,
}

impl Default for Recording {
    fn default() -> Self {
        Self::with_max_bytes(Self::MAX_BYTES)
    }
}

impl Recording {
    /// The most memory that a recording takes where nothing else is said: 256 MiB.
    pub const MAX_BYTES: usize = 256 << 20;

    /// A recording that takes about so much memory at the most. What would be more is not written down, and nothing after it either:
    /// the calls under way then are [`RecordedEnd::BrokenOff`] where it ends, and go on themselves as if nothing were. Whoever works
    /// with a recording needs several times its memory.
    pub fn with_max_bytes(max_bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(Tapes { calls: Vec::new(), bytes: 0, max_bytes, is_cut_off: false })))
    }

    /// The calls so far, in the order in which they began; a call under way is [`RecordedEnd::BrokenOff`].
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.lock().calls.clone()
    }

    /// How many calls there are so far.
    pub fn len(&self) -> usize {
        self.lock().calls.len()
    }

    /// Whether no component ran so far.
    pub fn is_empty(&self) -> bool {
        self.lock().calls.is_empty()
    }

    /// The most memory that it takes, where that was not enough.
    pub fn cut_off_at(&self) -> Option<usize> {
        let tapes = self.lock();
        tapes.is_cut_off.then_some(tapes.max_bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Tapes> {
        // Calls and imports are added whole, so what a panic left behind is sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with a call for which so many bytes are needed, where there is room for them.
    fn add(&self, call: usize, bytes: usize, work: impl FnOnce(&mut RecordedCall)) {
        let mut tapes = self.lock();
        if tapes.takes(bytes)
            && let Some(call) = tapes.calls.get_mut(call)
        {
            work(call);
        }
    }
}

impl Tapes {
    /// Whether there is room for so many bytes, which are then taken.
    fn takes(&mut self, bytes: usize) -> bool {
        if !self.is_cut_off && self.bytes.saturating_add(bytes) > self.max_bytes {
            self.is_cut_off = true;
            tracing::warn!(max_bytes = self.max_bytes, "the recording is full: nothing more is written down");
        }
        if !self.is_cut_off {
            self.bytes += bytes;
        }
        !self.is_cut_off
    }
}

/// About how much memory a value takes.
fn bytes_of(value: &Value) -> usize {
    size_of::<Value>() + behind(value)
}

/// What a value points at.
fn behind(value: &Value) -> usize {
    /// A node of a map has room for eleven entries, and is half full at least, but for a single one.
    const ROOM: usize = 11;
    const ENTRIES: usize = 6;
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes_of).sum(),
        Value::Object(fields) => {
            let nodes = fields.len().div_ceil(ENTRIES);
            let entries: usize = fields.iter().map(|(key, value)| key.len() + behind(value)).sum();
            nodes * ROOM * size_of::<(String, Value)>() + entries
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recording({} calls)", self.len())
    }
}

/// Answers the imports of a call that is played.
pub trait ImportSource: Send {
    /// The answer to this import, in the form in which it was recorded. Nothing ends the call here and now.
    fn answer(&mut self, function: &str, arguments: Value) -> Option<Value>;
}

/// What a call says that its source of imports ended.
const PLAY_ENDS: &str = "what is played ends here";

/// What becomes of the imports of one call.
#[derive(Default)]
pub(crate) enum Tape {
    /// The host serves them.
    #[default]
    Off,
    /// The host serves them, and they are written down as this call of the recording.
    Recording(Recording, usize),
    /// They are answered from elsewhere.
    Playing(Box<dyn ImportSource>),
    /// They were, until they were not.
    Stopped,
}

impl Tape {
    /// Begins to write down a call.
    pub(crate) fn begin(
        recording: Option<&Recording>,
        function: &str,
        arguments: &impl Serialize,
        limits: &Limits,
    ) -> Result<Self, JsonError> {
        let Some(recording) = recording else { return Ok(Self::Off) };
        let arguments = match to_recorded_json(arguments)? {
            Value::Array(arguments) => arguments,
            _ => Vec::new(),
        };
        let mut tapes = recording.lock();
        if !tapes.takes(size_of::<RecordedCall>() + arguments.iter().map(bytes_of).sum::<usize>()) {
            return Ok(Self::Off);
        }
        tapes.calls.push(RecordedCall {
            function: function.to_owned(),
            arguments,
            limits: limits.clone(),
            imports: Vec::new(),
            end: RecordedEnd::BrokenOff,
        });
        Ok(Self::Recording(recording.clone(), tapes.calls.len() - 1))
    }

    /// Whether imports are answered from elsewhere.
    pub(crate) fn plays(&self) -> bool {
        matches!(self, Self::Playing(_) | Self::Stopped)
    }

    /// Whether imports are written down.
    pub(crate) fn records(&self) -> bool {
        matches!(self, Self::Recording(..))
    }

    /// The answer of an import that is played; nothing where the host is to serve it and to [`note`](Self::note) the answer.
    pub(crate) fn ask<T: DeserializeOwned>(
        &mut self,
        function: &'static str,
        arguments: impl FnOnce() -> Result<Value, JsonError>,
    ) -> wasmtime::Result<Option<T>> {
        match self {
            Self::Off => Ok(None),
            Self::Recording(recording, call) => {
                let import = RecordedImport {
                    function: function.to_owned(),
                    arguments: arguments().map_err(unreadable)?,
                    answer: None,
                };
                let bytes = size_of::<RecordedImport>() + bytes_of(&import.arguments);
                recording.add(*call, bytes, |call| call.imports.push(import));
                Ok(None)
            }
            Self::Playing(source) => {
                if let Some(answer) = source.answer(function, arguments().map_err(unreadable)?) {
                    return from_json(answer).map(Some).map_err(unreadable);
                }
                *self = Self::Stopped;
                Err(wasmtime::Error::msg(PLAY_ENDS))
            }
            Self::Stopped => Err(wasmtime::Error::msg(PLAY_ENDS)),
        }
    }

    /// Writes down what the host answered to the last import.
    pub(crate) fn note<T: Serialize>(&self, answer: &T) -> wasmtime::Result<()> {
        if let Self::Recording(recording, call) = self {
            let answer = to_json(answer).map_err(unreadable)?;
            recording.add(*call, bytes_of(&answer), |call| {
                if let Some(last) = call.imports.last_mut() {
                    last.answer = Some(answer);
                }
            });
        }
        Ok(())
    }

    /// Writes down what the component answered.
    pub(super) fn answered(&mut self, answer: &impl Answer) -> Result<(), JsonError> {
        if let Self::Recording(..) = self {
            self.end(RecordedEnd::Answered(answer.recorded()?));
        }
        Ok(())
    }

    /// Writes down that and how the call ended without an answer.
    pub(crate) fn end(&mut self, end: RecordedEnd) {
        if let Self::Recording(recording, call) = mem::take(self) {
            let bytes = match &end {
                RecordedEnd::Answered(answer) => bytes_of(answer),
                RecordedEnd::Trap { output, .. } => output.len(),
                RecordedEnd::Limit { .. } | RecordedEnd::BrokenOff => 0,
            };
            let mut tapes = recording.lock();
            // Room for the end there always is: a call that was broken off behind its last import could not be told from one that was not.
            if !tapes.is_cut_off
                && let Some(call) = tapes.calls.get_mut(call)
            {
                call.end = end;
                tapes.bytes = tapes.bytes.saturating_add(bytes);
            }
        }
    }
}

fn unreadable(error: JsonError) -> wasmtime::Error {
    wasmtime::Error::msg(format!("a value cannot be recorded or played: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A call with an import that is answered with a text of so many bytes.
    fn record(recording: &Recording, bytes: usize) {
        let mut tape =
            Tape::begin(Some(recording), "directory.overview", &("a".to_owned(),), &Limits::default()).unwrap();
        assert!(tape.ask::<String>("http.send", || Ok(json!({"request": "b"}))).unwrap().is_none());
        tape.note(&"c".repeat(bytes)).unwrap();
        tape.end(RecordedEnd::Limit { limit: "cpu-ms".to_owned() });
    }

    #[test]
    fn a_recording_ends_where_its_memory_does() {
        let recording = Recording::with_max_bytes(20_000);
        record(&recording, 5_000);
        assert_eq!((recording.len(), recording.cut_off_at()), (1, None));
        record(&recording, 15_000);
        // What would fit again is not written down: it would stand behind a gap.
        record(&recording, 1);
        assert_eq!(recording.cut_off_at(), Some(20_000));
        let calls = recording.calls();
        let [whole, cut] = &calls[..] else { panic!("{calls:?}") };
        assert_eq!(whole.end, RecordedEnd::Limit { limit: "cpu-ms".to_owned() });
        assert_eq!((&cut.end, cut.imports.len(), &cut.imports[0].answer), (&RecordedEnd::BrokenOff, 1, &None));
    }

    #[test]
    fn bytes_are_recorded_as_base64() {
        use crate::contract::types::Body;
        let recording = Recording::default();
        let arguments = (Body::Bytes(vec![0, 1, 2]), Body::Text("t".to_owned()));
        Tape::begin(Some(&recording), "messaging.upload", &arguments, &Limits::default()).unwrap();
        assert_eq!(recording.calls()[0].arguments, [json!({"bytes": "AAEC"}), json!({"text": "t"})]);
    }
}
