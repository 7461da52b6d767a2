//! Pseudonyms: the same one for the same text throughout a recording, with its shape.
//!
//! What a recording was given is gone through twice: [`Pseudonyms::collect`] notes what is private, and when all of it is known,
//! [`Pseudonyms::answer`] and [`Pseudonyms::arguments`] replace it. Texts are looked at by the place where they stand:
//!
//! | Stays | Is replaced |
//! |---|---|
//! | numbers of up to six digits, times, counts, error numbers; longer ones whose name says so | other numbers of seven digits and more |
//! | words of the contract, and texts of at least four letters that the component itself has in it as a whole, but under names of personal data | every other text, whatever it is called: a field that nobody knows yet is no leak |
//! | names of fields of the contract, the component and vendors | every other key of an object |
//! | small numbers of departments | ids of members, whatever they look like |
//! | addresses of this machine; the scheme, port and known path of an address | hosts, other paths, every value of a query |
//! | a mark or fingerprint of the component in a key of its own storage | what it was made of, and hexadecimal digits anywhere else |
//! | | what the component declares as secret, wherever it stands and whatever it looks like |
//!
//! Ids keep their order, since components sort by them; other texts keep length, letters, digits and punctuation, each replaced by
//! another of its kind, since components check patterns. Both are numbered through: nothing of the original is in them.

mod json;
mod place;
mod remains;
mod shape;
#[cfg(test)]
mod tests;
mod vocabulary;
mod words;

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use place::{Whose, is_number_of_no_person, is_of_a_person, is_of_departments, is_secret, is_technical, is_time};
pub(crate) use shape::Bytes;
use vocabulary::Vocabulary;

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
    /// What the component declares as secret, or stands where it says that a secret does.
    secrets: BTreeSet<String>,
    /// Whose id the name `id` means where something is looked at.
    place: Whose,
    /// Whether a value of the store is looked at: components put texts of several parts there.
    is_stored: bool,
    /// Whether a configuration is looked at: its keys are names, in whatever spelling.
    is_configuration: bool,
}

impl Pseudonyms {
    /// None yet. The words of `component`, usually the bytes of its file, are nobody's.
    pub fn new(component: &[u8]) -> Self {
        Self {
            vocabulary: Vocabulary::of(component),
            collected: BTreeSet::new(),
            is_complete: false,
            known: HashMap::new(),
            folded: HashMap::new(),
            taken: HashSet::new(),
            made: HashMap::new(),
            given: HashSet::new(),
            secrets: BTreeSet::new(),
            place: Whose::Unknown,
            is_stored: false,
            is_configuration: false,
        }
    }

    /// Notes a secret of the configuration: it is replaced wherever it stands, whatever it looks like.
    pub fn collect_secret(&mut self, secret: &str) {
        if !secret.is_empty() {
            self.secrets.insert(secret.to_owned());
            self.collected.insert(secret.to_owned());
        }
    }

    /// Notes what is private in the arguments of an export, such as `directory.find-member`.
    pub fn collect_arguments(&mut self, function: &str, arguments: &[Value]) {
        self.arguments(function, arguments);
    }

    /// Notes what is private in the answer to an import.
    pub fn collect(&mut self, function: &str, arguments: &Value, answer: &Value) {
        if function.starts_with("storage.") {
            for key in asked_keys(arguments) {
                let parts: Vec<&str> = key.split('/').collect();
                // The other parts the component writes itself.
                for (part, whose) in parts.iter().zip(place::whose(&parts)) {
                    if whose == Whose::Member && !part.is_empty() {
                        self.atom(part);
                    }
                }
            }
        }
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
    pub fn arguments(&mut self, function: &str, arguments: &[Value]) -> Vec<Value> {
        self.place = if function.contains("department") { Whose::Department } else { Whose::Member };
        let replaced = arguments.iter().enumerate().map(|(at, value)| {
            let name = self.vocabulary.parameter(function, at).to_owned();
            if name == "config" { self.configuration(value) } else { self.value(&name, value) }
        });
        let replaced = replaced.collect();
        self.place = Whose::Unknown;
        replaced
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

    fn of_import(&mut self, function: &str, answer: &Value) -> Value {
        match function.split_once('.').map_or(function, |(interface, _)| interface) {
            "http" => self.http(answer),
            "storage" => self.stored(answer),
            "settings" => self.configuration(answer),
            // Times, budgets, and what a rehearsal draws anew; `audit` and `log` answer nothing of a person.
            _ => answer.clone(),
        }
    }

    fn configuration(&mut self, value: &Value) -> Value {
        self.is_configuration = true;
        let replaced = self.value("config", value);
        self.is_configuration = false;
        replaced
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
                let stored = fields.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
                let replaced = fields.iter().map(|(field, value)| {
                    let value = match (&**field, value) {
                        ("key", Value::String(key)) => self.stored_key(key).into(),
                        ("value", Value::String(text)) => self.stored_text(&stored, text).into(),
                        ("keys" | "conflict", Value::Array(keys)) => keys
                            .iter()
                            .map(|key| key.as_str().map_or(Value::Null, |key| self.stored_key(key).into()))
                            .collect(),
                        ("ok" | "err" | "entries", value) => self.stored(value),
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

    /// A value of the store under its key.
    fn stored_text(&mut self, key: &str, text: &str) -> String {
        let parts: Vec<&str> = key.split('/').collect();
        let name = parts.last().copied().unwrap_or_default();
        // In what is kept of a member stand departments as well; whose id it is says the key.
        let whose = place::whose(&parts).last().copied().unwrap_or_default();
        self.place = if whose == Whose::Member { Whose::Unknown } else { whose };
        self.is_stored = true;
        let replaced = match text.bytes().all(|b| b.is_ascii_digit()) {
            true => self.number(name, text),
            false => self.text(name, text),
        };
        (self.place, self.is_stored) = (Whose::Unknown, false);
        replaced
    }

    /// A key of the store: part by part, each as whose id it is.
    fn stored_key(&mut self, key: &str) -> String {
        let parts: Vec<&str> = key.split('/').collect();
        let whose = place::whose(&parts);
        let parts: Vec<String> = parts.iter().zip(whose).map(|(part, whose)| self.stored_part(part, whose)).collect();
        parts.join("/")
    }

    fn stored_part(&mut self, part: &str, whose: Whose) -> String {
        let is_number = part.bytes().all(|b| b.is_ascii_digit());
        // Numbers of a feed and of pages are written with zeros before them, so that keys order by them.
        let is_counted = is_number && part.len() == 20 && part.starts_with("000");
        match whose {
            _ if part.is_empty() => String::new(),
            Whose::Member => self.atom(part),
            Whose::Department if is_number && part.len() < 7 => part.to_owned(),
            _ if is_counted || part.len() <= 1 || self.vocabulary.is_of_component(part) => part.to_owned(),
            _ => match self.lookup(part) {
                Some(known) => known,
                None if place::is_made(part) || self.vocabulary.is_in_component(part) => part.to_owned(),
                None => self.part(part),
            },
        }
    }

    /// A path of an address: part by part.
    fn path(&mut self, path: &str) -> String {
        let parts: Vec<String> = path.split('/').map(|part| self.part(part)).collect();
        parts.join("/")
    }

    fn part(&mut self, part: &str) -> String {
        if let Some(known) = self.lookup(part) {
            return known;
        }
        let is_small = part.len() < 7 && part.bytes().all(|b| b.is_ascii_digit());
        if part.len() <= 1 || is_small || self.vocabulary.has(part) || self.vocabulary.is_of_component(part) {
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

    /// The key of an object: a name of a field that is known as a whole. Every other may be somebody.
    fn key(&mut self, key: &str) -> String {
        if self.vocabulary.is_of_contract(key) || place::is_name_of_vendors(key) {
            return key.to_owned();
        }
        if let Some(known) = self.lookup(key) {
            return known;
        }
        let is_name = |key: &str| key.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.'));
        if key.len() <= 1 || self.is_configuration && is_name(key) || self.vocabulary.is_in_component(key) {
            key.to_owned()
        } else {
            self.atom(key)
        }
    }

    /// A number as it is written.
    fn number(&mut self, name: &str, digits: &str) -> String {
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return digits.to_owned();
        }
        if self.secrets.contains(digits) || is_secret(name) && !name.eq_ignore_ascii_case("key") {
            return self.atom(digits);
        }
        // As a number an id is one of a department.
        if digits.len() < 7
            && (is_of_departments(name) || name == "id" || is_number_of_no_person(name) || digits.len() < 4)
        {
            return digits.to_owned();
        }
        if let Some(known) = self.lookup(digits) {
            return known;
        }
        // Milliseconds since 1970, of these decades.
        let is_instant =
            digits.len() == 13 && matches!(digits.as_bytes(), [b'1', b'5'..=b'9', ..] | [b'2', b'0'..=b'4', ..]);
        if digits.len() < 7 || is_instant || is_number_of_no_person(name) {
            return digits.to_owned();
        }
        self.atom(digits)
    }

    /// A text under a name. JSON and addresses keep their structure.
    fn text(&mut self, name: &str, text: &str) -> String {
        if self.secrets.contains(text) {
            return self.atom(text);
        }
        if let Some(replaced) = json::replaced(self, name, text) {
            return replaced;
        }
        let is_number = text.bytes().all(|b| b.is_ascii_digit());
        let is_department = is_of_departments(name) || name == "id" && self.place == Whose::Department;
        if is_number && text.len() < 7 && is_department {
            return text.to_owned();
        }
        // A count or a status, whoever has it as an id.
        if is_number && text.len() < 4 && !is_of_a_person(name) {
            return text.to_owned();
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
            return self.pieces(text);
        }
        if self.is_private(name, text) { self.atom(text) } else { text.to_owned() }
    }

    fn is_private(&self, name: &str, text: &str) -> bool {
        if text.trim().is_empty() {
            return false;
        }
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let is_id = place::is_of_members(name) || self.place == Whose::Member;
        if is_secret(name) || is_of_a_person(name) && (is_id || !digits || text.len() >= 4) {
            return true;
        }
        if digits {
            return text.len() >= 7 && !is_number_of_no_person(name);
        }
        // Of a language.
        let is_short = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
        let is_tag =
            text.split_once(['-', '_']).map_or_else(|| is_short(text), |(one, other)| is_short(one) && is_short(other));
        let is_method = name == "method" && matches!(text, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD");
        !(is_tag && place::is_of_a_language(name) || is_method || is_time(text) || self.vocabulary.has(text))
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
        if is_here || self.vocabulary.has_host(host) {
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

/// The keys that a call of the store asks for or writes.
fn asked_keys(arguments: &Value) -> Vec<String> {
    let keys = arguments["keys"].as_array().into_iter().flatten();
    let ops = arguments["ops"].as_array().into_iter().flatten().flat_map(|op| op.as_object().into_iter().flatten());
    let ops = ops.map(|(_, op)| if op.is_string() { op } else { &op["key"] });
    [&arguments["key"]].into_iter().chain(keys).chain(ops).filter_map(|key| key.as_str().map(str::to_owned)).collect()
}
