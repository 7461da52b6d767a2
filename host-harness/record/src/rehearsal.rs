//! The second run of recorded calls, on pseudonyms: what it asks and answers is what may be written down.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use organisation_host::{
    Host, LoadedComponent,
    recording::{ImportSource, RecordedCall, RecordedEnd, RecordedImport},
};
use serde_json::Value;

use crate::{
    difference::Difference,
    file::{Header, RecordingFile},
    pseudonym::{Bytes, Pseudonyms},
    replay::{ends_outside, played, replay, unread},
    secret::declared_secrets,
};

/// Why there is no recording without private data. Says where, and nothing of what stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Diverged {
    /// Bytes that nobody can look into, such as an encrypted file.
    #[error(
        "call {call} ({function}) holds bytes that cannot be looked into, so nothing private could be taken out of them"
    )]
    Bytes {
        /// Counted from 1.
        call: usize,
        /// The export or the import.
        function: String,
    },
    /// The component asked something else.
    #[error("with pseudonyms call {call} ({function}) takes another way at its import {import}: {what}")]
    OtherWay {
        /// Counted from 1.
        call: usize,
        /// The export.
        function: String,
        /// Counted from 1.
        import: usize,
        /// What is other, without what stands there.
        what: String,
    },
    /// The call ended in another way.
    #[error("with pseudonyms call {call} ({function}) ends in another way: {found}, not {expected}")]
    OtherEnd {
        /// Counted from 1.
        call: usize,
        /// The export.
        function: String,
        /// The kind of end.
        expected: String,
        /// The kind of end.
        found: String,
    },
    /// Something private would stand in the file all the same.
    #[error("{0} private texts would still stand in the file")]
    Left(usize),
    /// The component does not do twice what it does once.
    #[error("the recording cannot be replayed: {0}")]
    NotRepeatable(Box<Difference>),
    /// A value is no JSON; a defect of this program.
    #[error("the recording cannot be written: {0}")]
    NotWritten(String),
}

/// Makes the calls of a recording again on pseudonyms, and answers what may be written down. The words in `bytes`, usually the component's
/// file, are nobody's.
///
/// # Errors
/// See [`Diverged`]: the calls depend on what is private. Then nothing may be written.
pub async fn rehearse(
    host: &Host,
    component: &Arc<LoadedComponent>,
    bytes: &[u8],
    header: Header,
    recorded: &[RecordedCall],
) -> Result<RecordingFile, Diverged> {
    let mut pseudonyms = Pseudonyms::new(bytes);
    declared_secrets(recorded).iter().for_each(|secret| pseudonyms.collect_secret(secret));
    for (at, call) in recorded.iter().enumerate() {
        let opaque = |function: &str| Diverged::Bytes { call: at + 1, function: function.to_owned() };
        if call.arguments.iter().any(holds_bytes) {
            return Err(opaque(&call.function));
        }
        pseudonyms.collect_arguments(&call.function, &call.arguments);
        for RecordedImport { function, arguments, answer } in &call.imports {
            let Some(answer) = answer else { continue };
            if function.starts_with("http.") && holds_bytes(answer) {
                return Err(opaque(function));
            }
            pseudonyms.collect(function, arguments, answer);
        }
    }
    pseudonyms.complete();
    let mut calls = Vec::with_capacity(recorded.len());
    let stage = Stage(Arc::new(Mutex::new(Scene {
        call: 0,
        imports: Vec::new(),
        end: RecordedEnd::BrokenOff,
        pseudonyms,
        asked: Vec::new(),
        is_over: false,
        other_way: None,
        written: HashMap::new(),
    })));
    for (at, call) in recorded.iter().enumerate() {
        let arguments = stage.lock().begin(at, call);
        let again = RecordedCall { arguments, imports: Vec::new(), ..call.clone() };
        let end = played(host, component, &again, stage.clone()).await;
        let mut scene = stage.lock();
        let import = scene.asked.len() + 1;
        if let Some(what) = scene.other_way.take() {
            return Err(Diverged::OtherWay { call: at + 1, function: call.function.clone(), import, what });
        }
        let end = if scene.is_over { without_output(&call.end) } else { end };
        if !scene.is_over && scene.asked.len() < call.imports.len() {
            let what =
                format!("it ends ({}) and does not ask {}", kind(&end), call.imports[scene.asked.len()].function);
            return Err(Diverged::OtherWay { call: at + 1, function: call.function.clone(), import, what });
        }
        let (expected, found) = (kind(&call.end), kind(&end));
        if expected != found {
            return Err(Diverged::OtherEnd { call: at + 1, function: call.function.clone(), expected, found });
        }
        if let (RecordedEnd::Answered(original), RecordedEnd::Answered(answer)) = (&call.end, &end) {
            learn(&mut scene.pseudonyms, original, answer);
        }
        calls.push(RecordedCall { imports: mem::take(&mut scene.asked), end, ..again });
    }
    let file = RecordingFile { header, calls };
    let text = file.to_text().map_err(|error| Diverged::NotWritten(error.to_string()))?;
    match stage.lock().pseudonyms.left_in(&text) {
        0 => {}
        left => return Err(Diverged::Left(left)),
    }
    replay(host, component, &file).await.map_err(Diverged::NotRepeatable)?;
    Ok(file)
}

/// An end that is taken over as it was. What a component wrote before may hold anything.
fn without_output(end: &RecordedEnd) -> RecordedEnd {
    match end {
        RecordedEnd::Trap { kind, .. } => RecordedEnd::Trap { kind: kind.clone(), output: String::new() },
        end => end.clone(),
    }
}

/// Whether somewhere in a value is a body of bytes.
fn holds_bytes(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            let is_some = value.as_str().is_some_and(|text| !text.is_empty())
                || value.as_array().is_some_and(|list| !list.is_empty());
            matches!(&**key, "bytes" | "base64") && is_some || holds_bytes(value)
        }),
        Value::Array(items) => items.iter().any(holds_bytes),
        _ => false,
    }
}

/// How a call ended, without anything that depends on names.
fn kind(end: &RecordedEnd) -> String {
    match end {
        RecordedEnd::Answered(answer) => {
            let error = &answer["err"];
            let name = |value: &Value| match value {
                Value::String(name) => name.clone(),
                Value::Object(case) if case.len() == 1 => case.keys().next().cloned().unwrap_or_default(),
                _ => String::new(),
            };
            if error.is_null() {
                // The case of a variant, such as how far a sync has come.
                let case = answer.get("ok").filter(|ok| ok.as_object().is_some_and(|case| case.len() == 1));
                case.map_or_else(|| "an answer".to_owned(), |case| format!("the answer {}", name(case)))
            } else {
                let code =
                    error["vendor_code"].as_i64().map_or_else(String::new, |code| format!(", vendor code {code}"));
                format!("the error {}{code}", name(&error["reason"]))
            }
        }
        RecordedEnd::Limit { limit } => format!("the limit {limit}"),
        RecordedEnd::Trap { kind, .. } => format!("the trap {kind}"),
        RecordedEnd::BrokenOff => "broken off".to_owned(),
    }
}

/// The source of imports of a call and whoever waits for the call share it.
#[derive(Clone)]
struct Stage(Arc<Mutex<Scene>>);

/// The call that is rehearsed, and what all of them share.
struct Scene {
    /// Counted from 0.
    call: usize,
    /// What was recorded of it.
    imports: Vec<RecordedImport>,
    end: RecordedEnd,
    pseudonyms: Pseudonyms,
    asked: Vec<RecordedImport>,
    /// The call came to the place where something outside of the component had ended it.
    is_over: bool,
    other_way: Option<String>,
    /// What the calls wrote, by its key: the value, and key and value of the rehearsal.
    written: HashMap<String, [String; 3]>,
}

impl Stage {
    fn lock(&self) -> MutexGuard<'_, Scene> {
        // A scene that a panic left behind is of a call that fails.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ImportSource for Stage {
    fn answer(&mut self, function: &str, arguments: Value) -> Option<Value> {
        self.lock().answer(function, arguments)
    }
}

impl Scene {
    /// Begins a call, and answers its arguments.
    fn begin(&mut self, at: usize, call: &RecordedCall) -> Vec<Value> {
        (self.call, self.end, self.is_over) = (at, call.end.clone(), false);
        self.imports.clone_from(&call.imports);
        self.asked.clear();
        self.pseudonyms.arguments(&call.function, &call.arguments)
    }

    fn answer(&mut self, function: &str, arguments: Value) -> Option<Value> {
        let at = self.asked.len();
        let Some(recorded) = self.imports.get(at).cloned() else {
            self.is_over = ends_outside(&self.end);
            if !self.is_over {
                self.other_way = Some(format!("it asks {function} where it had ended"));
            }
            return None;
        };
        if recorded.function != function {
            self.other_way = Some(format!("it asks {function}, not {}", recorded.function));
            return None;
        }
        let arguments = unread(&recorded.arguments, arguments);
        if let Some(place) = self.other_key(&recorded.arguments, &arguments) {
            self.other_way = Some(format!("it asks {function} with another {place}"));
            return None;
        }
        learn(&mut self.pseudonyms, &recorded.arguments, &arguments);
        self.note_written(&recorded.arguments, &arguments);
        let answer = match (function, recorded.answer) {
            (_, None) => None,
            ("random.get-random-bytes", Some(bytes)) => {
                let mut drawn = self.randomness();
                Some(bytes.as_array().map_or(0, Vec::len))
                    .map(|count| (0..count).map(|_| Value::from(drawn.next())).collect())
            }
            ("random.get-random-u64", Some(_)) => {
                let mut drawn = self.randomness();
                Some(u64::from_le_bytes(std::array::from_fn(|_| drawn.next())).into())
            }
            (_, Some(answer)) => {
                let mut replaced = self.pseudonyms.answer(function, &answer);
                self.read_again(&answer, &mut replaced);
                Some(replaced)
            }
        };
        self.is_over = answer.is_none();
        self.asked.push(RecordedImport { function: function.to_owned(), arguments, answer: answer.clone() });
        answer
    }

    fn note_written(&mut self, recorded: &Value, found: &Value) {
        let (Some(ops), Some(others)) = (recorded["ops"].as_array(), found["ops"].as_array()) else { return };
        for (op, other) in ops.iter().zip(others) {
            let texts = [&op["put"]["key"], &op["put"]["value"], &other["put"]["key"], &other["put"]["value"]];
            if let [Some(key), Some(value), Some(new_key), Some(new_value)] = texts.map(Value::as_str) {
                self.written.insert(key.to_owned(), [value, new_key, new_value].map(str::to_owned));
            }
        }
    }

    /// What these calls wrote is read as it was written in the rehearsal.
    fn read_again(&self, answer: &Value, replaced: &mut Value) {
        match (answer, replaced) {
            (Value::Array(items), Value::Array(others)) => {
                items.iter().zip(others).for_each(|(item, other)| self.read_again(item, other));
            }
            (Value::Object(fields), Value::Object(others)) => {
                let (key, value) =
                    (fields.get("key").and_then(Value::as_str), fields.get("value").and_then(Value::as_str));
                if let Some([written, new_key, new_value]) = key.and_then(|key| self.written.get(key))
                    && value == Some(written.as_str())
                {
                    others.insert("key".to_owned(), new_key.as_str().into());
                    others.insert("value".to_owned(), new_value.as_str().into());
                    return;
                }
                for (name, field) in fields {
                    if let Some(other) = others.get_mut(name) {
                        self.read_again(field, other);
                    }
                }
            }
            _ => {}
        }
    }

    /// Others than were drawn: what is made of them, such as the state of a sign-in, is secret.
    fn randomness(&self) -> Bytes {
        Bytes::of(((self.call as u64) << 32) + self.asked.len() as u64)
    }

    /// The argument by which an answer belongs to another question, if there is one: a key of the store, or where a request goes.
    fn other_key(&mut self, recorded: &Value, found: &Value) -> Option<&'static str> {
        let differs = |pseudonyms: &mut Pseudonyms, one: &Value, other: &Value| match (one.as_str(), other.as_str()) {
            (Some(one), Some(other)) => !is_same(pseudonyms, one, other),
            _ => one != other,
        };
        for name in ["key", "prefix", "after_key"] {
            if differs(&mut self.pseudonyms, &recorded[name], &found[name]) {
                return Some(name);
            }
        }
        let (keys, others) = (recorded["keys"].as_array(), found["keys"].as_array());
        if let (Some(keys), Some(others)) = (keys, others)
            && (keys.len() != others.len()
                || keys.iter().zip(others).any(|(one, other)| differs(&mut self.pseudonyms, one, other)))
        {
            return Some("keys");
        }
        let requests = |of: &Value| match &of["requests"] {
            Value::Array(requests) => requests.clone(),
            _ => vec![of["request"].clone()],
        };
        let (requests, others) = (requests(recorded), requests(found));
        let path = |of: &Value| {
            let url = of["url"].as_str().unwrap_or_default();
            url.split(['?', '#']).next().and_then(|url| url.splitn(4, '/').nth(3)).unwrap_or_default().to_owned()
        };
        let is_other = |(one, other): (&Value, &Value)| one["method"] != other["method"] || path(one) != path(other);
        if requests.len() != others.len() || requests.iter().zip(&others).any(is_other) {
            return Some("request");
        }
        None
    }
}

/// Whether a text is another one with pseudonyms, part by part.
fn is_same(pseudonyms: &mut Pseudonyms, original: &str, found: &str) -> bool {
    if original == found || pseudonyms.is_known(original, found) {
        return true;
    }
    let (ones, others) = (parts(original), parts(found));
    if ones.len() != others.len() {
        return pseudonyms.stands_for(original, found);
    }
    // Every part is looked at: each may teach something.
    let is_same = |(one, other): (&&str, &&str)| one == other || pseudonyms.stands_for(one, other);
    let same: Vec<bool> = ones.iter().zip(&others).map(is_same).collect();
    same.into_iter().all(|is_same| is_same)
}

/// Words and what stands between them.
fn parts(text: &str) -> Vec<&str> {
    let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let inside = is_of_word(first);
        let end = rest.find(|c| is_of_word(c) != inside).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts
}

/// Learns from two values of the same shape what stands for what the component made itself.
fn learn(pseudonyms: &mut Pseudonyms, original: &Value, found: &Value) {
    match (original, found) {
        (Value::Object(one), Value::Object(other)) => {
            for (key, value) in one {
                if let Some(found) = other.get(key) {
                    learn(pseudonyms, value, found);
                }
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            one.iter().zip(other).for_each(|(one, other)| learn(pseudonyms, one, other));
        }
        (Value::String(one), Value::String(other)) if one != other => {
            let read =
                |text: &str| text.starts_with(['{', '[']).then(|| serde_json::from_str::<Value>(text).ok()).flatten();
            match (read(one), read(other)) {
                (Some(one), Some(other)) => learn(pseudonyms, &one, &other),
                // Where it does not fit, nothing is learnt: whether it matters is seen where it is asked for.
                _ => drop(is_same(pseudonyms, one, other)),
            }
        }
        _ => {}
    }
}
