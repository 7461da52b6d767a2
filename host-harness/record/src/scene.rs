//! The call that is rehearsed: what it asks is held against what was recorded, and answered with pseudonyms.

use std::{
    collections::{BTreeSet, HashMap},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use organisation_host::recording::{ImportSource, RecordedCall, RecordedEnd, RecordedImport};
use serde_json::Value;

use crate::{
    deliveries,
    downloads::Downloads,
    own::{without_own, written},
    pseudonym::{Bytes, Pseudonyms, is_mark},
    replay::{ends_outside, unread},
    same::{is_same, learn, says_the_same},
    vendor::{Replaced, VendorFormat},
};

/// The source of imports of a call and whoever waits for the call share it.
#[derive(Clone)]
pub(crate) struct Stage(Arc<Mutex<Scene>>);

/// The call that is rehearsed, and what all of them share.
pub(crate) struct Scene {
    /// Counted from 0.
    call: usize,
    /// What was recorded of it.
    imports: Vec<RecordedImport>,
    end: RecordedEnd,
    pub(crate) pseudonyms: Pseudonyms,
    pub(crate) asked: Vec<RecordedImport>,
    /// The call came to the place where something outside of the component had ended it.
    pub(crate) is_over: bool,
    pub(crate) other_way: Option<String>,
    /// What the calls wrote, by its key: the value, and key and value of the rehearsal.
    written: HashMap<String, [String; 3]>,
    /// What the call read under keys of the rehearsal, as it was recorded.
    read: HashMap<String, String>,
    /// See [`Scene::note_fresh`].
    pub(crate) fresh: Vec<(String, String)>,
    format: &'static dyn VendorFormat,
    downloads: Downloads,
    /// What may be keys and tokens.
    secrets: BTreeSet<String>,
    /// How many of them were replaced in what is sealed.
    pub(crate) seals: usize,
}

impl Stage {
    /// A stage for calls of which everything private is collected.
    pub(crate) fn new(
        pseudonyms: Pseudonyms,
        format: &'static dyn VendorFormat,
        downloads: Downloads,
        secrets: BTreeSet<String>,
    ) -> Self {
        Self(Arc::new(Mutex::new(Scene {
            call: 0,
            imports: Vec::new(),
            end: RecordedEnd::BrokenOff,
            pseudonyms,
            asked: Vec::new(),
            is_over: false,
            other_way: None,
            written: HashMap::new(),
            read: HashMap::new(),
            fresh: Vec::new(),
            format,
            downloads,
            secrets,
            seals: 0,
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Scene> {
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
    pub(crate) fn begin(&mut self, at: usize, call: &RecordedCall) -> Vec<Value> {
        (self.call, self.end, self.is_over) = (at, call.end.clone(), false);
        self.imports.clone_from(&call.imports);
        self.asked.clear();
        self.read.clear();
        let Self { pseudonyms, seals, .. } = self;
        deliveries::arguments(call, self.format, &self.secrets, (pseudonyms, seals))
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
            self.note_fresh(&arguments);
            self.other_way = Some(format!("it asks {function}, not {}", recorded.function));
            return None;
        }
        let arguments = unread(&recorded.arguments, arguments);
        if let Some(place) = self.other_key(&recorded.arguments, &arguments) {
            self.other_way = Some(format!("it asks {function} with another {place}"));
            return None;
        }
        if function == "log.write" && !says_the_same(&self.pseudonyms, &recorded.arguments, &arguments) {
            self.other_way = Some("it writes another line into its log".to_owned());
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
                // Components take a few bits for the length of a wait. With the least of it they wait no longer than they did.
                Some((u64::from_le_bytes(std::array::from_fn(|_| drawn.next())) & !0xFFFF).into())
            }
            (_, Some(answer)) => {
                self.replace_files(at);
                let is_own =
                    |key: &str, value: &str| self.written.get(key).is_some_and(|[written, ..]| written == value);
                let given = without_own(&answer, &is_own);
                let mut replaced = self.pseudonyms.answer(function, &given);
                self.read_again(&answer, &mut replaced);
                self.note_read(&answer, &replaced);
                self.downloads.hand_out((self.call, at), &arguments, &mut replaced);
                Some(replaced)
            }
        };
        self.is_over = answer.is_none();
        self.asked.push(RecordedImport { function: function.to_owned(), arguments, answer: answer.clone() });
        answer
    }

    /// Replaces the files that an import announces: by now the component has made the key for which it asked them to be sealed.
    fn replace_files(&mut self, at: usize) {
        let Self { call, format, downloads, secrets, seals, pseudonyms, .. } = self;
        let (mut changes, mut known) = (Vec::new(), BTreeSet::new());
        let replaced = |file: &[u8], size: usize| {
            // A file that is made twice is sealed once.
            let mut opened = 0;
            let mut contents = Replaced { pseudonyms: &mut *pseudonyms, secrets: &*secrets, seals: &mut opened };
            match format.file(file, size, &mut contents) {
                Some(sealed) => {
                    *seals += if known.insert(file.as_ptr()) { opened } else { 0 };
                    sealed
                }
                // What nobody can open is as closed with other bytes.
                None => vec![0; size],
            }
        };
        downloads.replace_at((*call, at), replaced, |old, file, new| {
            changes.extend(format.checksum(new).map(|checksum| (old.to_owned(), checksum, (file.len(), new.len()))));
        });
        for (old, new, sizes) in changes {
            pseudonyms.file_changed((&old, &new), sizes);
        }
    }

    /// What was asked so far, of which the next call has nothing.
    pub(crate) fn taken(&mut self) -> Vec<RecordedImport> {
        mem::take(&mut self.asked)
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

    fn note_read(&mut self, answer: &Value, replaced: &Value) {
        match (answer, replaced) {
            (Value::Array(items), Value::Array(others)) => {
                items.iter().zip(others).for_each(|(item, other)| self.note_read(item, other));
            }
            (Value::Object(fields), Value::Object(others)) => {
                if let (Some(key), Some(value)) = (others.get("key"), fields.get("value"))
                    && let (Some(key), Some(value)) = (key.as_str(), value.as_str())
                {
                    self.read.insert(key.to_owned(), value.to_owned());
                }
                for name in ["ok", "entries"] {
                    if let (Some(one), Some(other)) = (fields.get(name), others.get(name)) {
                        self.note_read(one, other);
                    }
                }
            }
            _ => {}
        }
    }

    /// What a component writes anew, where it had been content with what it found, is what it should have found: a fingerprint of a
    /// secret, say, that it compares with one of its own. Another rehearsal is given that.
    fn note_fresh(&mut self, arguments: &Value) {
        for (key, value) in written(arguments) {
            let found = self.read.get(key).and_then(|found| serde_json::from_str::<Value>(found).ok());
            if let (Some(found), Ok(value)) = (found, serde_json::from_str(value)) {
                note_marks(&found, &value, &mut self.fresh);
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
        let is_other = |(one, other): (&Value, &Value)| {
            one["method"] != other["method"] || !is_same(&mut self.pseudonyms, &path(one), &path(other))
        };
        if requests.len() != others.len() || requests.iter().zip(&others).any(is_other) {
            return Some("request");
        }
        None
    }
}

/// The fingerprints and marks in which two values differ.
fn note_marks(found: &Value, fresh: &Value, into: &mut Vec<(String, String)>) {
    match (found, fresh) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, value) in one {
                other.get(name).iter().for_each(|fresh| note_marks(value, fresh, into));
            }
        }
        (Value::String(one), Value::String(other)) if one != other && is_mark(one) && is_mark(other) => {
            into.push((one.clone(), other.clone()));
        }
        _ => {}
    }
}
