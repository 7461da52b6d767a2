//! The last look at a file before it is written: what still stands in it that must not.

use std::collections::{BTreeSet, HashSet};

use memchr::memmem;
use serde_json::Value;

use super::Pseudonyms;

/// A secret of fewer letters cannot be told from parts of what stands in every file; as a whole text it can.
const SHORTEST_SECRET: usize = 4;

impl Pseudonyms {
    /// How many private texts still stand in the text of a file. Nobody may see which.
    pub(crate) fn left_in(&self, text: &str) -> usize {
        self.known_in(text) + self.secrets_in(text) + self.shapes_in(text)
    }

    /// Texts that have a pseudonym.
    fn known_in(&self, text: &str) -> usize {
        let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let words: HashSet<&str> = text.split(|c| !is_of_word(c)).collect();
        let is_left = |original: &str| {
            let mut parts = original.split(|c| !is_of_word(c)).filter(|part| !part.is_empty());
            parts.all(|part| words.contains(part)) && memmem::find(text.as_bytes(), original.as_bytes()).is_some()
        };
        let can_be_told = |original: &str| {
            let is_short = original.is_ascii() && original.len() < 6;
            let is_number = original.bytes().all(|b| b.is_ascii_digit()) && original.len() < 11;
            // The last is the domain of pseudonyms.
            let is_word =
                self.vocabulary.has(original) || self.vocabulary.is_in_component(original) || original == "example";
            original.chars().any(char::is_alphanumeric) && !is_short && !is_number && !is_word
        };
        self.known.keys().filter(|original| can_be_told(original) && is_left(original)).count()
    }

    /// Declared secrets, also within other texts and with the signs with which JSON writes them in a text in a text.
    fn secrets_in(&self, text: &str) -> usize {
        let is_left = |secret: &&String| {
            let is_short = secret.len() < SHORTEST_SECRET;
            let mut spelling = if is_short { Value::from(secret.as_str()).to_string() } else { (*secret).clone() };
            for _ in 0..3 {
                if memmem::find(text.as_bytes(), spelling.as_bytes()).is_some() {
                    return true;
                }
                spelling = Value::from(spelling).to_string();
                spelling = spelling[1..spelling.len() - 1].to_owned();
            }
            false
        };
        // Short numbers are those of departments, too, and short words those of the contract.
        let can_be_told = |secret: &&String| {
            secret.len() >= SHORTEST_SECRET
                || !self.vocabulary.has(secret) && !secret.bytes().all(|b| b.is_ascii_digit())
        };
        self.secrets.iter().filter(can_be_told).filter(is_left).count()
    }

    /// What has the shape of a mobile number, of an identity card or of an e-mail address and is none of the pseudonyms.
    fn shapes_in(&self, text: &str) -> usize {
        let is_of_address = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+' | '%');
        let mut left = BTreeSet::new();
        // What is drawn is a number of any length, and what the host counts is nobody's.
        let counted = [r#"{"import":"random."#, r#"{"import":"monotonic-clock."#];
        let is_of_texts = |line: &&str| !counted.iter().any(|import| line.starts_with(import));
        for line in text.lines().filter(is_of_texts) {
            // An escaped blank is no letter of a word.
            let line = line.replace("\\n", " ").replace("\\t", " ").replace("\\r", " ");
            for word in line.split(|c: char| !c.is_alphanumeric()) {
                if is_mobile(word) || is_identity_card(word) {
                    left.insert(word.to_owned());
                }
            }
            for word in line.split(|c| !is_of_address(c)).filter(|word| word.contains('@')) {
                if is_email(word) && !word.ends_with(".example") {
                    left.insert(word.to_owned());
                }
            }
        }
        left.iter().filter(|word| !self.taken.contains(&word.to_lowercase())).count()
    }
}

fn is_mobile(word: &str) -> bool {
    word.len() == 11 && matches!(word.as_bytes(), [b'1', b'3'..=b'9', ..]) && word.bytes().all(|b| b.is_ascii_digit())
}

/// Eighteen signs with a day of birth in them.
fn is_identity_card(word: &str) -> bool {
    if word.len() != 18 || !word.is_ascii() {
        return false;
    }
    let (digits, last) = word.split_at(17);
    let number = |from: usize, to: usize| word[from..to].parse().unwrap_or(0_u32);
    digits.bytes().all(|b| b.is_ascii_digit())
        && matches!(last.as_bytes(), [b'0'..=b'9' | b'x' | b'X'])
        && (1900..2100).contains(&number(6, 10))
        && (1..=12).contains(&number(10, 12))
        && (1..=31).contains(&number(12, 14))
}

fn is_email(word: &str) -> bool {
    let Some((local, domain)) = word.split_once('@') else { return false };
    let top = domain.trim_end_matches('.').rsplit_once('.').map_or("", |(_, top)| top);
    !local.is_empty() && top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic())
}
