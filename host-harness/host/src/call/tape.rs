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
use crate::contract::{JsonError, from_json, to_json};

/// A call with everything that crossed its boundary. Values are JSON in the form of [`crate::contract::to_json`].
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
#[derive(Clone, Default)]
pub struct Recording(Arc<Mutex<Vec<RecordedCall>>>);

impl Recording {
    /// The calls so far, in the order in which they began; a call under way is [`RecordedEnd::BrokenOff`].
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.lock().clone()
    }

    /// How many calls there are so far.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether no component ran so far.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RecordedCall>> {
        // Calls and imports are added whole, so what a panic left behind is sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, call: usize, work: impl FnOnce(&mut RecordedCall) -> T) -> Option<T> {
        self.lock().get_mut(call).map(work)
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
        let arguments = match to_json(arguments)? {
            Value::Array(arguments) => arguments,
            _ => Vec::new(),
        };
        let mut calls = recording.lock();
        calls.push(RecordedCall {
            function: function.to_owned(),
            arguments,
            limits: limits.clone(),
            imports: Vec::new(),
            end: RecordedEnd::BrokenOff,
        });
        Ok(Self::Recording(recording.clone(), calls.len() - 1))
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
                recording.with(*call, |call| call.imports.push(import));
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
            recording.with(*call, |call| {
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
            recording.with(call, |call| call.end = end);
        }
    }
}

fn unreadable(error: JsonError) -> wasmtime::Error {
    wasmtime::Error::msg(format!("a value cannot be recorded or played: {error}"))
}
