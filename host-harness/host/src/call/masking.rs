//! Masks whatever the texts of a component share with the configuration that it was given: not only whole values, since a
//! panic may quote a part of one.
//!
//! The component starts this work and no meter of the call sees it, so it is bounded by what the component wrote, which
//! has limits of its own: some 20 bytes of memory for each byte of text, and one pass over the configuration. The configuration
//! is the operator's: a file of an element folder has at most 1 MiB and one of tenants 64 MiB, while a program that embeds
//! this crate may pass as much as the component's memory holds. A megabyte takes a fraction of a second.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

/// What stands for a part of the configuration.
const MASK: &str = "[configured]";
/// A part of the configuration is masked from so many bytes on; a value that is shorter, only as a whole.
const SHORTEST_PART: usize = size_of::<u64>();
/// A value that is this short would be found in innocent places.
const SHORTEST_VALUE: usize = 4;

/// The texts without whatever they share with a configuration document.
pub(super) fn masked(texts: &[&str], document: &str) -> Vec<String> {
    let mut parts = Parts::of(texts);
    if !parts.begins.is_empty() {
        seek_values(document, &mut parts);
    }
    let mut hidden: Vec<Vec<bool>> = texts.iter().map(|text| vec![false; text.len()]).collect();
    for (begin, lengths) in parts.begins.iter().zip(&parts.found) {
        for length in (SHORTEST_VALUE..=SHORTEST_PART).filter(|length| lengths & bit(*length) != 0) {
            let at = begin.at as usize;
            if let Some(range) = hidden.get_mut(begin.text as usize).and_then(|text| text.get_mut(at..at + length)) {
                range.fill(true);
            }
        }
    }
    texts.iter().zip(&hidden).map(|(text, hidden)| without(text, hidden)).collect()
}

/// A place in the texts at which a value could begin.
struct Begin {
    /// The bytes from there on, the first one highest, with zeros behind the end of the text.
    bytes: u64,
    text: u32,
    at: u32,
}

/// All places of the texts, and what was found there.
struct Parts {
    /// In the order of their bytes, so that a part of the configuration is at places that follow one another.
    begins: Vec<Begin>,
    /// Of each place, the lengths that parts of the configuration have there; see [`bit`].
    found: Vec<u8>,
}

impl Parts {
    fn of(texts: &[&str]) -> Self {
        let places = |text: &str| (text.len() + 1).saturating_sub(SHORTEST_VALUE);
        let mut begins = Vec::with_capacity(texts.iter().map(|text| places(text)).sum());
        for (text, written) in (0..).zip(texts) {
            let bytes = written.as_bytes();
            begins.extend((0..).zip(0..places(written)).map(|(at, place)| {
                let rest = bytes.get(place..).unwrap_or_default();
                Begin { bytes: number(rest), text, at }
            }));
        }
        begins.sort_unstable_by_key(|begin| begin.bytes);
        Self { found: vec![0; begins.len()], begins }
    }

    /// Finds the parts of a value in the texts.
    fn seek(&mut self, value: &str) {
        let value = value.trim();
        if value.len() < SHORTEST_VALUE {
            return;
        }
        let length = value.len().min(SHORTEST_PART);
        let unused = 8 * (SHORTEST_PART - length);
        for part in value.as_bytes().windows(length) {
            let part = number(part);
            let first = self.begins.partition_point(|begin| begin.bytes < part);
            let same = self.begins.iter().skip(first).take_while(|begin| begin.bytes >> unused == part >> unused);
            for (_, found) in same.zip(self.found.iter_mut().skip(first)) {
                if *found & bit(length) != 0 {
                    // All places of this part have been found before.
                    break;
                }
                *found |= bit(length);
            }
        }
    }
}

/// The first eight bytes as a number that orders like them.
fn number(bytes: &[u8]) -> u64 {
    let mut first = [0; SHORTEST_PART];
    first.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(first)
}

/// Stands for the length of a part.
fn bit(length: usize) -> u8 {
    1 << (length - SHORTEST_VALUE)
}

/// The text with a mask for what is hidden. A character is hidden where any of its bytes is.
fn without(text: &str, hidden: &[bool]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut was_hidden = false;
    for (at, c) in text.char_indices() {
        let is_hidden = hidden.iter().skip(at).take(c.len_utf8()).any(|hidden| *hidden);
        match (is_hidden, was_hidden) {
            (true, false) => masked.push_str(MASK),
            (true, true) => {}
            (false, _) => masked.push(c),
        }
        was_hidden = is_hidden;
    }
    masked
}

/// Seeks each value of a document. It is read as it goes: a tree of it would be as large as it is.
fn seek_values(document: &str, parts: &mut Parts) {
    let mut reader = serde_json::Deserializer::from_str(document);
    if Values(parts).deserialize(&mut reader).and_then(|()| reader.end()).is_err() {
        // `validate-config` is given whatever somebody wrote, also what is no JSON.
        parts.seek(document);
    }
}

/// All texts and numbers of a document; keys are no secrets.
struct Values<'a>(&'a mut Parts);

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.seek(text);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.0.seek(&Zeroizing::new(number.to_string()));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.0.seek(&Zeroizing::new(number.to_string()));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.0.seek(&Zeroizing::new(number.to_string()));
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Values(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while entries.next_key::<IgnoredAny>()?.is_some() {
            entries.next_value_seed(Values(self.0))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_nothing_of_the_configuration() {
        let secret = r#"{"a":[{"secret":" s3cr3t-of-an-app "}],"pin":"0815x","no":"abc","agent":1000002}"#;
        for (name, document, text, expected) in [
            ("nothing", secret, "", ""),
            ("no configuration", "", "words", "words"),
            ("a value", secret, "no \"s3cr3t-of-an-app\"!", "no \"[configured]\"!"),
            ("a part of it", secret, "no t-of-an-a..", "no [configured].."),
            ("too small a part", secret, "no f-an-ap", "no f-an-ap"),
            ("at the end", secret, "an-app, of-an-app", "an-app, [configured]"),
            ("a short value", secret, "is 0815x, not 0815", "is [configured], not 0815"),
            ("a shorter one", secret, "abc", "abc"),
            ("a number", secret, "agent 1000002", "agent [configured]"),
            ("a negative number", r#"{"a":-1000}"#, "a -1000", "a [configured]"),
            ("a fraction", r#"{"a":12.25}"#, "a 12.25", "a [configured]"),
            ("escaped in JSON", r#"{"a":"\u0061bcd\nefgh"}"#, "abcd\nefgh", "[configured]"),
            ("a key", r#"{"clientSecret":"abcdefgh"}"#, "missing field clientSecret", "missing field clientSecret"),
            ("other kinds", r#"{"a":true,"b":null,"c":{}}"#, "true null", "true null"),
            (
                "a value that begins as a longer one does",
                r#"["abcdefgh","abcd"]"#,
                "abcdefgh abcdxxxx",
                "[configured] [configured]xxxx",
            ),
            ("the same part again and again", r#"["aaaaaaaa","aaaaaaaaaaaa"]"#, "aaaaaaaaaa", "[configured]"),
            ("a zero behind the end", "{\"a\":\"abcd\\u0000\"}", "abcd", "abcd"),
            ("characters of several bytes", r#"{"secret":"密码是这个"}"#, "说：密码是这个。", "说：[configured]。"),
            ("no JSON", "secret=abcdefgh", "cannot read abcdefgh", "cannot read [configured]"),
            ("JSON and more", r#"{"a":"1234"},abcdefgh"#, "1234 abcdefgh", "[configured] [configured]"),
        ] {
            assert_eq!(masked(&[text], document), [expected], "{name}");
        }
    }

    #[test]
    fn texts_are_masked_each_by_itself() {
        let found = masked(&["a 12345678", "", "1234", "5678"], r#"{"a":"12345678"}"#);
        assert_eq!(found, ["a [configured]", "", "1234", "5678"]);
    }

    /// What a component can bring about by writing much that the configuration repeats.
    #[test]
    fn a_large_configuration_is_passed_once() {
        let value = "a".repeat(1 << 20);
        let text = "a".repeat(4 << 10);
        let begun = std::time::Instant::now();
        assert_eq!(masked(&[&text], &format!("[\"{value}\"]")), [MASK]);
        // A fraction of a second, also where nothing is optimised; every place for every part would be minutes.
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }
}
