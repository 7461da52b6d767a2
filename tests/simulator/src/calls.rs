//! What the latest requests asked and what they were answered, for a person who looks. Secrets, tokens, codes and tickets are
//! shortened for whoever is shown a call, not before: most calls nobody looks at, and a benchmark makes thousands a second.

use std::collections::VecDeque;

use memchr::memmem;
use serde::Serialize;

use crate::api::download::FOLDER;
use crate::clock::UnixMillis;

/// So many requests are kept whole; the log of [`crate::LogEntry`] reaches further back.
pub const KEPT_CALLS: usize = 500;

/// Of a body this many bytes are kept.
const EXCERPT: usize = 4096;

/// Names of values that nobody may use who reads them here, in queries as in bodies.
const SECRETS: &[&str] = &[
    "access_token",
    "corpsecret",
    "code",
    "ticket",
    "user_ticket",
    "encoding_aeskey",
    "response_code",
    "msg_signature",
    "echostr",
];

/// One request with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// Counts from 1; never used twice.
    pub number: u64,
    /// Simulated time of the answer, Unix milliseconds.
    pub at: UnixMillis,
    /// HTTP method.
    pub method: String,
    /// Whole path.
    pub path: String,
    /// The query, percent-decoded, secrets shortened.
    pub query: Vec<(String, String)>,
    /// The first 4 KiB of the body that was sent, secrets shortened; "" for none.
    pub asked: String,
    /// The same of the answer; for a redirect, where it leads.
    pub answered: String,
    /// HTTP status; 0 when the connection was closed instead.
    pub status: u16,
    /// `errcode` of an API answer.
    pub errcode: Option<i64>,
}

/// The latest calls.
#[derive(Default)]
pub(crate) struct Calls {
    kept: VecDeque<Call>,
    issued: u64,
}

impl Calls {
    /// Keeps a call under the next number.
    pub(crate) fn note(&mut self, mut call: Call) {
        self.issued += 1;
        call.number = self.issued;
        if self.kept.len() == KEPT_CALLS {
            self.kept.pop_front();
        }
        self.kept.push_back(call);
    }

    /// The latest first, secrets shortened.
    pub(crate) fn latest(&self) -> impl Iterator<Item = Call> {
        self.kept.iter().rev().map(shown)
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
    }
}

/// Nothing that is kept is printed by accident.
impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls").field("issued", &self.issued).finish_non_exhaustive()
    }
}

/// The call as it may be shown.
fn shown(call: &Call) -> Call {
    let shown = |(name, value): &(String, String)| {
        let value = if SECRETS.contains(&name.as_str()) { shortened(value) } else { value.clone() };
        (name.clone(), value)
    };
    Call {
        query: call.query.iter().map(shown).collect(),
        asked: without_secrets(call.asked.clone()),
        answered: without_secrets(call.answered.clone()),
        path: call.path.clone(),
        method: call.method.clone(),
        ..*call
    }
}

/// What is kept of a body: its beginning, or its size where it is no text.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let start = &body[..body.len().min(EXCERPT)];
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // A character that was cut at the end makes no binary of a text.
        Err(error) if error.error_len().is_none() && body.len() > EXCERPT => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return format!("({} bytes)", body.len()),
    };
    if body.len() > EXCERPT { format!("{text}… ({} bytes)", body.len()) } else { text.to_owned() }
}

/// Enough to see that two are the same.
fn shortened(secret: &str) -> String {
    let head: String = secret.chars().take(4).collect();
    if head.len() < secret.len() { format!("{head}…") } else { secret.to_owned() }
}

/// The text with the values of [`SECRETS`] shortened, in JSON and in the query of an address, and with the names of exported
/// files: who knows one may read the file.
fn without_secrets(text: String) -> String {
    let text = shorten_after(text, FOLDER, &['.', '"']);
    SECRETS.iter().fold(text, |text, name| {
        let text = shorten_after(text, &format!("\"{name}\":\""), &['"']);
        let text = shorten_after(text, &format!("\"{name}\": \""), &['"']);
        let text = shorten_after(text, &format!("?{name}="), &['&', '#', '"', ' ']);
        shorten_after(text, &format!("&{name}="), &['&', '#', '"', ' '])
    })
}

fn shorten_after(text: String, before: &str, ends: &[char]) -> String {
    if memmem::find(text.as_bytes(), before.as_bytes()).is_none() {
        return text;
    }
    let mut parts = text.split(before);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (value, rest) = part.split_at(part.find(ends).unwrap_or(part.len()));
        result.push_str(before);
        result.push_str(&shortened(value));
        result.push_str(rest);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_shortened_wherever_they_stand() {
        for (text, expected) in [
            (r#"{"access_token":"abcdefgh","expires_in":7200}"#, r#"{"access_token":"abcd…","expires_in":7200}"#),
            (r#"{"user_ticket": "abcdefgh"}"#, r#"{"user_ticket": "abcd…"}"#),
            (r#"{"ticket":"abcdefgh"#, r#"{"ticket":"abcd…"#),
            (r#"{"errcode":0,"code":"ab"}"#, r#"{"errcode":0,"code":"ab"}"#),
            ("https://a/cb?code=abcdefgh&state=s", "https://a/cb?code=abcd…&state=s"),
            ("https://a/cb?x=1&code=abcdefgh", "https://a/cb?x=1&code=abcd…"),
            (r#"{"url":"http://a/export/abcdefgh.bin"}"#, r#"{"url":"http://a/export/abcd….bin"}"#),
            (r#"{"name":"张三"}"#, r#"{"name":"张三"}"#),
        ] {
            assert_eq!(without_secrets(text.to_owned()), expected);
        }
    }

    #[test]
    fn long_bodies_are_cut_between_characters_and_bytes_are_counted() {
        let long = "张".repeat(2000);
        assert_eq!(excerpt(long.as_bytes()), format!("{}… (6000 bytes)", "张".repeat(1365)));
        assert_eq!(excerpt(&[0xff, 0xfe]), "(2 bytes)");
        assert_eq!(excerpt(b"{}"), "{}");
    }

    #[test]
    fn the_oldest_calls_give_way() {
        let mut calls = Calls::default();
        for _ in 0..=KEPT_CALLS {
            calls.note(Call {
                number: 0,
                at: 0,
                method: String::new(),
                path: String::new(),
                query: vec![("corpsecret".to_owned(), "abcdefgh".to_owned())],
                asked: String::new(),
                answered: String::new(),
                status: 200,
                errcode: None,
            });
        }
        let numbers: Vec<u64> = calls.latest().map(|call| call.number).collect();
        assert_eq!((numbers.len(), numbers[0], numbers[KEPT_CALLS - 1]), (KEPT_CALLS, 501, 2));
        assert_eq!(calls.latest().next().unwrap().query[0].1, "abcd…");
    }
}
