//! Values by the name under which they stand: texts, numbers, and keys of objects.

use serde_json::Value;

use super::{
    Pseudonyms, json,
    place::{self, Whose, is_number_of_no_person, is_of_a_person, is_of_departments, is_secret, is_technical, is_time},
};

impl Pseudonyms {
    /// A configuration. Its keys are names, in whatever spelling.
    pub(super) fn configuration(&mut self, value: &Value) -> Value {
        self.is_configuration = true;
        let replaced = self.value("config", value);
        self.is_configuration = false;
        replaced
    }

    /// A value under a name.
    pub(super) fn value(&mut self, name: &str, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(name, text).into(),
            Value::Array(items) => items.iter().map(|item| self.value(name, item)).collect(),
            Value::Object(fields) => {
                if let Some(body) = self.body(fields) {
                    return body;
                }
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
    pub(super) fn key(&mut self, key: &str) -> String {
        if self.vocabulary.is_of_contract(key) || self.vocabulary.is_of_vendor(key) || place::is_name_of_vendors(key) {
            return key.to_owned();
        }
        if let Some(known) = self.lookup(key) {
            return known;
        }
        let is_name = |key: &str| key.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.'));
        // What is no word of the component says something of whoever wrote it.
        let is_known =
            |key: &str| is_name(key) && place::words_of_name(key).iter().all(|word| self.vocabulary.has_part(word));
        if key.len() <= 1 || self.is_configuration && is_known(key) || self.vocabulary.is_in_component(key) {
            key.to_owned()
        } else {
            self.atom(key)
        }
    }

    /// A number as it is written.
    pub(super) fn number(&mut self, name: &str, digits: &str) -> String {
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return digits.to_owned();
        }
        if let Some(size) = self.size(name, digits) {
            return size;
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
    pub(super) fn text(&mut self, name: &str, text: &str) -> String {
        if self.secrets.contains(text) {
            return self.atom(text);
        }
        if self.vocabulary.is_of_sender(text) {
            return text.to_owned();
        }
        if let Some(replaced) = json::replaced(self, name, text) {
            return replaced;
        }
        if let Some(size) = self.size(name, text) {
            return size;
        }
        let is_number = text.bytes().all(|b| b.is_ascii_digit());
        let is_department = is_of_departments(name) || place::is_id(name) && self.place == Whose::Department;
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
        if place::is_media_type(name, text) {
            return text.to_owned();
        }
        // What kind of file it is decides who takes it.
        if let Some((stem, extension)) = text.rsplit_once('.').filter(|_| place::is_of_a_file(name))
            && place::is_extension(extension)
        {
            return format!("{}.{extension}", self.atom(stem));
        }
        // Of a call of the vendor's API.
        if name == "path" && text.starts_with('/') {
            return self.path(text);
        }
        if is_technical(name) {
            return self.words(text);
        }
        if !is_secret(name)
            && let Some(list) = self.list(name, text)
        {
            return list;
        }
        if self.is_stored && text.is_ascii() && text.contains(' ') && !is_of_a_person(name) {
            return self.pieces(text);
        }
        match self.is_private(name, text) {
            true if place::is_made(text) => self.mark(text),
            true => self.atom(text),
            false => text.to_owned(),
        }
    }

    /// A mark that the component made itself. When it made it stays, since it orders marks by that.
    pub(super) fn mark(&mut self, text: &str) -> String {
        match text.split_once('-') {
            Some((at, rest)) if at.len() == 12 && rest.len() >= 16 => format!("{at}-{}", self.atom(rest)),
            _ => self.atom(text),
        }
    }

    /// The size of a file that came to have another one.
    fn size(&self, name: &str, digits: &str) -> Option<String> {
        self.sizes.get(digits).filter(|_| place::is_size(name)).cloned()
    }

    /// Ids with commas between them, each by itself.
    fn list(&mut self, name: &str, text: &str) -> Option<String> {
        let of_id = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@');
        let items: Vec<&str> = text.split(',').collect();
        if items.len() < 2 || !items.iter().all(|item| !item.is_empty() && item.bytes().all(of_id)) {
            return None;
        }
        let is_department =
            |item: &str| is_of_departments(name) && item.len() < 7 && item.bytes().all(|b| b.is_ascii_digit());
        let stays = |item: &str| is_department(item) || !is_of_a_person(name) && self.vocabulary.has(item);
        let stay: Vec<bool> = items.iter().map(|item| stays(item)).collect();
        let items =
            items.iter().zip(stay).map(|(item, stays)| if stays { (*item).to_owned() } else { self.atom(item) });
        Some(items.collect::<Vec<_>>().join(","))
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
}
