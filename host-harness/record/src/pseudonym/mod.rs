//! Pseudonyms: the same one for the same text throughout a recording, with its shape.
//!
//! What a recording was given is gone through twice: [`Pseudonyms::collect`] notes what is private, and when all of it is known,
//! [`Pseudonyms::answer`] and [`Pseudonyms::arguments`] replace it. Texts are looked at by the place where they stand:
//!
//! | Stays | Is replaced |
//! |---|---|
//! | numbers of up to six digits, times, counts, error numbers; longer ones whose name says so | other numbers of seven digits and more |
//! | words of the contract, and words of at least four letters that the component itself has in it, but under names of personal data | every other text, whatever it is called: a field that nobody knows yet is no leak |
//! | names of fields | keys of objects that are also somebody's id |
//! | addresses of this machine; the scheme, port and known path of an address | hosts, other paths, every value of a query |
//! | a mark or fingerprint of the component in its own storage | what it was made of |
//!
//! Ids keep their order, since components sort by them; other texts keep length, letters, digits and punctuation, each replaced by
//! another of its kind, since components check patterns. Both are numbered through: nothing of the original is in them.

mod json;
mod place;
mod shape;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet};

use organisation_host::contract::world_json;
use serde_json::{Map, Value};

use place::{is_number_of_no_person, is_of_a_person, is_technical, is_time};
pub(crate) use shape::Bytes;

/// See the module's description.
pub struct Pseudonyms {
    vocabulary: Vocabulary,
    /// What is private, until all of it is known.
    collected: BTreeSet<String>,
    is_complete: bool,
    known: HashMap<String, String>,
    /// Of the known ones without upper and lower case.
    folded: HashMap<String, String>,
    taken: HashSet<String>,
    /// What the component made itself, such as a fingerprint, and made anew in the rehearsal.
    made: HashMap<String, String>,
    /// Whose pseudonym the component has been given.
    given: HashSet<String>,
    /// Whether a value of the store is looked at: components put texts of several parts there.
    is_stored: bool,
}

/// Words that are nobody's.
struct Vocabulary {
    contract: BTreeSet<String>,
    component: Vec<u8>,
}

impl Vocabulary {
    fn has(&self, text: &str) -> bool {
        let is_word =
            |text: &str| text.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_' | b'.' | b'/'));
        if !is_word(text) {
            return false;
        }
        self.contract.contains(text)
            || text.len() >= 4 && memchr::memmem::find(&self.component, text.as_bytes()).is_some()
    }
}

/// All texts and keys of a JSON value.
fn texts(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(into.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => {
            for (key, value) in fields {
                into.insert(key.clone());
                into.insert(key.replace('-', "_"));
                texts(value, into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Pseudonyms {
    /// None yet. The words of `component`, usually the bytes of its file, are nobody's.
    pub fn new(component: &[u8]) -> Self {
        let mut contract = BTreeSet::from(["ok".to_owned(), "err".to_owned(), "true".to_owned(), "false".to_owned()]);
        if let Ok(world) = serde_json::from_str(world_json()) {
            texts(&world, &mut contract);
        }
        Self {
            vocabulary: Vocabulary { contract, component: component.to_vec() },
            collected: BTreeSet::new(),
            is_complete: false,
            known: HashMap::new(),
            folded: HashMap::new(),
            taken: HashSet::new(),
            made: HashMap::new(),
            given: HashSet::new(),
            is_stored: false,
        }
    }

    /// Notes what is private in the arguments of an export.
    pub fn collect_arguments(&mut self, arguments: &[Value]) {
        for value in arguments {
            self.value("", value);
        }
    }

    /// Notes what is private in the answer to an import.
    pub fn collect(&mut self, function: &str, answer: &Value) {
        self.of_import(function, answer);
    }

    /// Gives everything that was noted its pseudonym, in order.
    pub fn complete(&mut self) {
        self.is_complete = true;
        let mut texts: Vec<String> = std::mem::take(&mut self.collected).into_iter().collect();
        // Components compare ids without upper and lower case, or with it: numbers follow the one, the first letter the other.
        texts.sort_by_cached_key(|text| text.to_lowercase());
        for text in texts {
            self.mint(&text);
        }
    }

    /// The arguments of an export with pseudonyms.
    pub fn arguments(&mut self, arguments: &[Value]) -> Vec<Value> {
        arguments.iter().map(|value| self.value("", value)).collect()
    }

    /// The answer to an import with pseudonyms.
    pub fn answer(&mut self, function: &str, answer: &Value) -> Value {
        self.of_import(function, answer)
    }

    /// Whether one stands for the other.
    pub(crate) fn is_known(&self, original: &str, found: &str) -> bool {
        let known = self.made.get(original).or_else(|| self.known.get(original));
        known.or_else(|| self.folded.get(original)).is_some_and(|known| known == found)
    }

    /// Whether one stands for the other, or may: then it does from now on. Only what a component made itself may.
    pub(crate) fn stands_for(&mut self, original: &str, found: &str) -> bool {
        if self.is_known(original, found) {
            return true;
        }
        let is_made = original.len() >= 8 && original.is_ascii() && !original.contains(' ');
        if !is_made || self.given.contains(original) {
            return false;
        }
        self.made.insert(original.to_owned(), found.to_owned());
        true
    }

    /// The private texts that still stand in a text, which nobody may see.
    pub(crate) fn left_in(&self, text: &str) -> usize {
        let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let words: HashSet<&str> = text.split(|c| !is_of_word(c)).collect();
        let is_left = |original: &str| {
            let mut parts = original.split(|c| !is_of_word(c)).filter(|part| !part.is_empty());
            parts.all(|part| words.contains(part))
                && memchr::memmem::find(text.as_bytes(), original.as_bytes()).is_some()
        };
        let can_be_told = |original: &str| {
            let is_short = original.is_ascii() && original.len() < 6;
            let is_number = original.bytes().all(|b| b.is_ascii_digit()) && original.len() < 11;
            original.chars().any(char::is_alphanumeric) && !is_short && !is_number && !self.vocabulary.has(original)
        };
        self.known.keys().filter(|original| can_be_told(original) && is_left(original)).count()
    }

    fn of_import(&mut self, function: &str, answer: &Value) -> Value {
        match function.split_once('.').map_or(function, |(interface, _)| interface) {
            "http" => self.http(answer),
            "storage" => self.stored(answer),
            "settings" => self.value("", answer),
            // Times, budgets, and what a rehearsal draws anew; `audit` and `log` answer nothing of a person.
            _ => answer.clone(),
        }
    }

    /// An answer of HTTP, or several.
    fn http(&mut self, answer: &Value) -> Value {
        let Value::Object(fields) = answer else {
            return match answer {
                Value::Array(answers) => answers.iter().map(|answer| self.http(answer)).collect(),
                answer => answer.clone(),
            };
        };
        let replaced = fields.iter().map(|(key, value)| {
            let value = match (&**key, value) {
                ("ok" | "err", answer) => self.http(answer),
                ("failure", Value::Object(_)) => self.value("", value),
                ("headers", Value::Array(headers)) => headers.iter().map(|header| self.header(header)).collect(),
                ("body", Value::Object(body)) => match body.get("text").and_then(Value::as_str) {
                    Some(text) => Map::from_iter([("text".to_owned(), self.text("body", text).into())]).into(),
                    None => value.clone(),
                },
                ("message", Value::String(text)) => self.words(text).into(),
                _ => value.clone(),
            };
            (key.clone(), value)
        });
        Value::Object(replaced.collect())
    }

    fn header(&mut self, header: &Value) -> Value {
        let (Some(name), Some(value)) = (header["name"].as_str(), header["value"].as_str()) else {
            return header.clone();
        };
        let stays = ["content-type", "content-length", "content-encoding", "date", "retry-after"];
        let value =
            if stays.contains(&&*name.to_ascii_lowercase()) { value.to_owned() } else { self.text("header", value) };
        serde_json::json!({"name": name, "value": value})
    }

    /// An answer of the store.
    fn stored(&mut self, answer: &Value) -> Value {
        match answer {
            Value::Array(items) => items.iter().map(|item| self.stored(item)).collect(),
            Value::Object(fields) => {
                let key = fields.get("key").and_then(Value::as_str);
                let name = key.and_then(|key| key.rsplit('/').next()).unwrap_or_default().to_owned();
                let replaced = fields.iter().map(|(field, value)| {
                    let value = match (&**field, value) {
                        ("key", Value::String(key)) => self.path(key).into(),
                        ("value", Value::String(text)) => self.stored_text(&name, text).into(),
                        ("keys" | "conflict", Value::Array(keys)) => keys
                            .iter()
                            .map(|key| key.as_str().map_or(Value::Null, |key| self.path(key).into()))
                            .collect(),
                        ("ok" | "entries", value) => self.stored(value),
                        ("err", value) => self.stored(value),
                        ("other" | "invalid", Value::String(text)) => self.words(text).into(),
                        _ => value.clone(),
                    };
                    (field.clone(), value)
                });
                Value::Object(replaced.collect())
            }
            answer => answer.clone(),
        }
    }

    fn stored_text(&mut self, name: &str, text: &str) -> String {
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return self.number(name, text);
        }
        self.is_stored = true;
        let replaced = self.text(name, text);
        self.is_stored = false;
        replaced
    }

    /// A key of the store: part by part.
    fn path(&mut self, key: &str) -> String {
        let parts: Vec<String> = key.split('/').map(|part| self.part(part)).collect();
        parts.join("/")
    }

    fn part(&mut self, part: &str) -> String {
        if let Some(known) = self.lookup(part) {
            return known;
        }
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        let is_counted = digits && (part.len() < 7 || part.len() == 20 || part.starts_with("00"));
        if part.len() <= 1 || is_counted || self.vocabulary.has(part) || place::is_made(part) {
            return part.to_owned();
        }
        self.atom(part)
    }

    /// A value under a name.
    fn value(&mut self, name: &str, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(name, text).into(),
            Value::Array(items) => items.iter().map(|item| self.value(name, item)).collect(),
            Value::Object(fields) => {
                Value::Object(fields.iter().map(|(key, value)| (self.key(key), self.value(key, value))).collect())
            }
            Value::Number(number) => {
                let text = number.to_string();
                let replaced = self.number(name, &text);
                replaced.parse().map_or_else(|_| value.clone(), Value::Number)
            }
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    /// The key of an object: a name of a field, unless it is somebody.
    fn key(&mut self, key: &str) -> String {
        if let Some(known) = self.lookup(key) {
            return known;
        }
        let is_name =
            key.len() <= 40 && key.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'/'));
        if is_name || self.vocabulary.has(key) || key.len() <= 3 { key.to_owned() } else { self.atom(key) }
    }

    /// A number as it is written.
    fn number(&mut self, name: &str, digits: &str) -> String {
        let is_whole = digits.bytes().all(|b| b.is_ascii_digit());
        // Milliseconds since 1970, of these decades.
        let is_instant =
            digits.len() == 13 && matches!(digits.as_bytes(), [b'1', b'5'..=b'9', ..] | [b'2', b'0'..=b'4', ..]);
        if !is_whole || digits.len() < 4 || is_instant || is_number_of_no_person(name) {
            return digits.to_owned();
        }
        match self.lookup(digits) {
            Some(known) => known,
            None if digits.len() >= 7 => self.atom(digits),
            None => digits.to_owned(),
        }
    }

    /// A text under a name. JSON and addresses keep their structure.
    fn text(&mut self, name: &str, text: &str) -> String {
        if let Some(replaced) = json::replaced(self, name, text) {
            return replaced;
        }
        if let Some(known) = self.lookup(text) {
            return known;
        }
        if let Some((key, fingerprint)) = text.strip_prefix("secret://").and_then(|rest| rest.split_once("?v=")) {
            return format!("secret://{key}?v={}", self.atom(fingerprint));
        }
        if let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https")) {
            return format!("{scheme}://{}", self.address(rest));
        }
        // Of a call of the vendor's API.
        if name == "path" && text.starts_with('/') {
            return self.path(text);
        }
        if is_technical(name) {
            return self.words(text);
        }
        if self.is_stored && text.is_ascii() && text.contains(' ') && !is_of_a_person(name) {
            return self.words(text);
        }
        if self.is_private(name, text) { self.atom(text) } else { text.to_owned() }
    }

    fn is_private(&self, name: &str, text: &str) -> bool {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        if text.trim().is_empty() || digits && text.len() < 4 {
            return false;
        }
        if is_of_a_person(name) {
            // Ids of departments are small numbers.
            return !(digits
                && text.len() < 7
                && matches!(name, "id" | "parent_id" | "main_department" | "departments"));
        }
        if digits {
            return text.len() >= 7 && !is_number_of_no_person(name);
        }
        // Of a language.
        let is_tag = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
        let is_tag =
            text.split_once(['-', '_']).map_or_else(|| is_tag(text), |(one, other)| is_tag(one) && is_tag(other));
        let is_method = matches!(text, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD");
        !(is_tag || is_method || is_time(text) || place::is_made(text) || self.vocabulary.has(text))
    }

    /// Words for engineers, such as an `errmsg`: those that are nobody's stay.
    fn words(&mut self, text: &str) -> String {
        let mut replaced = String::with_capacity(text.len());
        let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '.' | '-');
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let inside = is_of_word(first);
            let end = rest.find(|c| is_of_word(c) != inside).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            let bare = word.trim_end_matches('.');
            if inside {
                replaced.push_str(&self.word(bare));
                replaced.push_str(&word[bare.len()..]);
            } else {
                replaced.push_str(word);
            }
        }
        replaced
    }

    fn word(&mut self, word: &str) -> String {
        if let Some(known) = self.lookup(word) {
            return known;
        }
        let lower = word.to_ascii_lowercase();
        let is_short = word.is_ascii() && word.len() < 4 || word.len() < 7 && word.bytes().all(|b| b.is_ascii_digit());
        if is_short || place::COMMON_WORDS.contains(&&*lower) || self.vocabulary.has(&lower) || place::is_made(word) {
            return word.to_owned();
        }
        let top = word.rsplit_once('.').map_or("", |(_, top)| top);
        let is_address = word.parse::<std::net::IpAddr>().is_ok();
        if is_address || !top.is_empty() && top.bytes().all(|b| b.is_ascii_alphabetic()) && !word.contains('@') {
            return self.host(word);
        }
        self.atom(word)
    }

    /// What stands behind `https://`.
    fn address(&mut self, rest: &str) -> String {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, Some(port)),
            _ => (host, None),
        };
        let mut replaced = self.host(host);
        if let Some(port) = port {
            replaced.push(':');
            replaced.push_str(port);
        }
        let (path, fragment) = path.split_once('#').map_or((path, None), |(path, fragment)| (path, Some(fragment)));
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        replaced.push_str(&self.path(path));
        if let Some(query) = query {
            let pairs: Vec<String> = query.split('&').map(|pair| self.parameter(pair)).collect();
            replaced.push('?');
            replaced.push_str(&pairs.join("&"));
        }
        if let Some(fragment) = fragment {
            replaced.push('#');
            replaced.push_str(&self.part(fragment));
        }
        replaced
    }

    fn parameter(&mut self, pair: &str) -> String {
        let Some((name, value)) = pair.split_once('=') else { return self.part(pair) };
        let plain = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        let replaced = self.text(name, &plain);
        format!("{name}={}", percent_encoding::utf8_percent_encode(&replaced, percent_encoding::NON_ALPHANUMERIC))
    }

    /// Label by label, so that what is below a domain stays below it.
    fn host(&mut self, host: &str) -> String {
        let is_here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
        // What the component reaches by itself is no secret of a company.
        if is_here || host.contains('.') && memchr::memmem::find(&self.vocabulary.component, host.as_bytes()).is_some()
        {
            return host.to_owned();
        }
        if host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[') {
            return self.atom(host);
        }
        let mut labels: Vec<&str> = host.split('.').collect();
        let top = labels.pop().filter(|_| !labels.is_empty());
        let mut replaced: Vec<String> = labels.into_iter().map(|label| self.atom(label)).collect();
        replaced.push(if top.is_some() { "example".to_owned() } else { self.atom(host) });
        replaced.join(".").to_lowercase()
    }

    fn lookup(&mut self, text: &str) -> Option<String> {
        let found = self.made.get(text).or_else(|| self.known.get(text));
        let found = found.or_else(|| self.folded.get(text).filter(|_| text.to_lowercase() == text))?.clone();
        self.given.insert(text.to_owned());
        Some(found)
    }

    /// The pseudonym of a text that is private as a whole; while they are collected, the text itself.
    fn atom(&mut self, text: &str) -> String {
        if !self.is_complete {
            self.collected.insert(text.to_owned());
            return text.to_owned();
        }
        if self.lookup(text).is_none() {
            self.mint(text);
        }
        self.lookup(text).unwrap_or_else(|| text.to_owned())
    }

    fn mint(&mut self, text: &str) {
        if self.known.contains_key(text) {
            return;
        }
        let lower = text.to_lowercase();
        let pseudonym = match self.folded.get(&lower) {
            // Another spelling of the same.
            Some(known) => shape::spelt_like(known, text),
            None => {
                let mut number = self.taken.len() as u64;
                loop {
                    number += 1;
                    let pseudonym = shape::like(text, number);
                    // Nobody can be told by what has neither letters nor digits, such as a smiley.
                    let is_bare = !text.chars().any(char::is_alphanumeric);
                    if is_bare || pseudonym != text && self.taken.insert(pseudonym.to_lowercase()) {
                        break pseudonym;
                    }
                }
            }
        };
        self.folded.entry(lower).or_insert_with(|| pseudonym.to_lowercase());
        self.known.insert(text.to_owned(), pseudonym);
    }
}
