//! Secrets, in every spelling in which one could come to light.

use std::collections::BTreeSet;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use memchr::memmem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A secret to look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needle {
    /// What it is.
    pub name: &'static str,
    value: String,
}

impl Needle {
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        assert!(value.len() > 5, "{name} is too short to be looked for");
        Self { name, value }
    }

    /// Every spelling with its name.
    pub fn spellings(&self) -> Vec<(&'static str, String)> {
        let value = self.value.as_str();
        let json = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
        let percent = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
        let form: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let mut spellings = vec![
            ("plain", value.to_owned()),
            ("percent-encoded", percent.clone()),
            ("percent-encoded in lower case", percent.to_lowercase()),
            ("as in a form", form),
            ("JSON", json(value)),
            ("JSON in JSON", json(&json(value))),
            ("Debug", value.escape_debug().to_string()),
            ("hexadecimal", value.bytes().map(|byte| format!("{byte:02x}")).collect()),
        ];
        for (before, name) in ["base64", "base64 after one byte", "base64 after two bytes"].into_iter().enumerate() {
            for encode in [|bytes: &[u8]| STANDARD.encode(bytes), |bytes: &[u8]| URL_SAFE.encode(bytes)] {
                let encoded = encode(&[&vec![0; before], value.as_bytes()].concat());
                // Without the characters that depend on what stands before and behind.
                let start = (before * 8).div_ceil(6);
                let end = (before + value.len()) * 8 / 6;
                spellings.push((name, encoded[start..end].to_owned()));
            }
        }
        spellings
    }
}

/// The places at which a secret must not be.
#[derive(Default)]
pub struct Places(Vec<(String, Vec<u8>)>);

impl Places {
    pub fn add(&mut self, name: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.0.push((name.into(), content.into()));
    }

    /// Where something known to be there is found, so that an empty place is not taken for a clean one.
    pub fn holds(&self, name: &str, text: &str) -> bool {
        self.0.iter().any(|(found, content)| found == name && memmem::find(content, text.as_bytes()).is_some())
    }

    /// `what (spelling) in where`, for each secret that came to light.
    pub fn leaks(&self, needles: &BTreeSet<Needle>) -> BTreeSet<String> {
        let mut leaks = BTreeSet::new();
        for needle in needles {
            for (spelling, text) in needle.spellings() {
                let finder = memmem::Finder::new(&text);
                let found = self.0.iter().filter(|(_, content)| finder.find(content).is_some());
                leaks.extend(found.map(|(place, _)| format!("{} ({spelling}) in {place}", needle.name)));
            }
        }
        leaks
    }
}
