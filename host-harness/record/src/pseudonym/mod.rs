//! Pseudonyms: the same one for the same text throughout a recording, with its shape.
//!
//! What a recording was given is gone through twice: [`Pseudonyms::collect`] notes what is private, and when all of it is known,
//! [`Pseudonyms::answer`] and [`Pseudonyms::arguments`] replace it. Texts are looked at by the place where they stand:
//!
//! | Stays | Is replaced |
//! |---|---|
//! | numbers of up to six digits, times, counts, error numbers; longer ones whose name says so | other numbers of seven digits and more |
//! | words of the contract and of the vendor's messages, and texts of at least four letters that the component itself has in it as a whole, but under names of personal data | every other text, whatever it is called: a field that nobody knows yet is no leak |
//! | names of fields of the contract, the component and vendors | every other key of an object, and element of XML |
//! | small numbers of departments | ids of members, whatever they look like |
//! | addresses of this machine; the scheme, port and known path of an address | hosts, other paths, every value of a query |
//! | when a mark of the component was made, such as the id of a run | the rest of it, and hexadecimal digits |
//! | length and kind of a file | its bytes, unless they are JSON |
//! | | what the component declares as secret, wherever it stands and whatever it looks like |
//!
//! Ids keep their order, since components sort by them; other texts keep length, letters, digits and punctuation, each replaced by
//! another of its kind, since components check patterns. Both are numbered through: nothing of the original is in them.

mod address;
mod http;
mod json;
mod place;
mod remains;
mod request;
mod shape;
mod stored;
#[cfg(test)]
mod tests;
mod value;
mod vocabulary;
mod words;
mod xml;

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use place::Whose;
pub(crate) use place::is_made as is_mark;
pub(crate) use shape::Bytes;
use stored::asked_keys;
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
    /// Of files that came to have another size.
    sizes: HashMap<String, String>,
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
            sizes: HashMap::new(),
            place: Whose::Unknown,
            is_stored: false,
            is_configuration: false,
        }
    }

    /// With words of a vendor's messages that are nobody's either, and with those that are nobody's id.
    #[must_use]
    pub fn with_words(mut self, words: &[&str], senders: &[&str]) -> Self {
        self.vocabulary.add(words, senders);
        self
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
        // A task says in its kind what it is about.
        let is_of_departments =
            |value: &Value| value["kind"].as_str().is_some_and(|kind| kind.ends_with("-department"));
        let is_of_departments = function.contains("department") || arguments.iter().any(is_of_departments);
        self.place = if is_of_departments { Whose::Department } else { Whose::Member };
        let replaced = arguments.iter().enumerate().map(|(at, value)| {
            let name = self.vocabulary.parameter(function, at).to_owned();
            let mut replaced = if name == "config" { self.configuration(value) } else { self.value(&name, value) };
            // What is to be done is in the component's own words, which it need not have as texts.
            let is_word = |kind: &&Value| {
                let of_word = |b: u8| b.is_ascii_lowercase() || b == b'-';
                kind.as_str().is_some_and(|kind| kind.bytes().all(of_word))
            };
            if let Some(kind) = value.get("kind").filter(|_| name == "task").filter(is_word) {
                replaced["kind"] = kind.clone();
            }
            replaced
        });
        let replaced = replaced.collect();
        self.place = Whose::Unknown;
        replaced
    }

    /// The answer to an import with pseudonyms.
    pub fn answer(&mut self, function: &str, answer: &Value) -> Value {
        self.of_import(function, answer)
    }

    /// A document that stands for itself, such as a message or a file: XML, JSON, or any other text.
    pub(crate) fn document(&mut self, text: &str, is_of_department: bool) -> String {
        self.place = if is_of_department { Whose::Department } else { Whose::Unknown };
        let replaced = xml::replaced(self, text).unwrap_or_else(|| self.text("body", text));
        self.place = Whose::Unknown;
        replaced
    }

    /// A text under a name.
    pub(crate) fn field(&mut self, name: &str, text: &str) -> String {
        self.text(name, text)
    }

    /// What stands for a secret; the secret itself while they are collected.
    pub(crate) fn stand_in(&mut self, secret: &str) -> Option<String> {
        if self.is_complete { self.lookup(secret) } else { Some(secret.to_owned()) }
    }

    /// From now on a file has another size and checksum, wherever they are named.
    pub(crate) fn file_changed(&mut self, (old, new): (&str, &str), (old_size, new_size): (usize, usize)) {
        for spelling in [str::to_ascii_lowercase, str::to_ascii_uppercase] {
            self.made.insert(spelling(old), spelling(new));
        }
        if old_size != new_size {
            self.sizes.insert(old_size.to_string(), new_size.to_string());
        }
    }

    /// From now on one stands for the other: a component made it of pseudonyms.
    pub(crate) fn learn(&mut self, original: String, found: String) {
        self.made.insert(original, found);
    }

    /// Whether a text is a word that says something of the way that a component took, and of nobody.
    pub(crate) fn is_of_way(&self, word: &str) -> bool {
        word.len() >= 4 && self.vocabulary.is_of_component(word) && !self.known.contains_key(word)
    }

    /// Whether a text is a word of the contract.
    pub(crate) fn is_of_contract(&self, word: &str) -> bool {
        self.vocabulary.is_of_contract(word) && !self.known.contains_key(word)
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
