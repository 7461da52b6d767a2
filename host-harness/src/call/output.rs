//! What a component writes to its standard output and error: a panic's own words, above all.
//!
//! They go to whoever looks for the cause, never to a member's browser. A component that judges a configuration sees
//! every secret, and one that computes with a secret has it in its settings, so whatever the words share with the
//! configuration of the call is masked: not only whole values, since a panic may quote a part of one.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi_io::{
    poll::Pollable,
    streams::{OutputStream, StreamResult},
};
use zeroize::Zeroizing;

use crate::settings::Document;

/// So many bytes of a call are kept, of both streams together; the rest is swallowed.
const MAX_BYTES: usize = 4 << 10;
/// What stands for a part of the configuration.
const MASK: &str = "[configured]";
/// A part of the configuration is masked from so many bytes on; a value that is shorter, only as a whole.
const SHORTEST_PART: usize = 8;
/// A value that is this short would be found in innocent places.
const SHORTEST_VALUE: usize = 4;

/// Both streams of one call. Clones share what was written.
#[derive(Clone)]
pub(crate) struct GuestOutput {
    written: Arc<Mutex<Zeroizing<Vec<u8>>>>,
    configuration: Document,
}

impl GuestOutput {
    /// Of a call that is given this configuration.
    pub(crate) fn of(configuration: Document) -> Self {
        Self { written: Arc::default(), configuration }
    }

    /// What was written, on one line: what is no UTF-8 replaced, control characters escaped, what the configuration holds
    /// masked. Empty where there is nothing.
    pub(crate) fn shown(&self) -> String {
        let written = self.written();
        let text = Zeroizing::new(String::from_utf8_lossy(&written).into_owned());
        let masked = Zeroizing::new(masked(text.trim(), self.configuration.expose()));
        let mut shown = String::with_capacity(masked.len());
        for c in masked.chars() {
            match c {
                '"' | '\'' => shown.push(c),
                c => shown.extend(c.escape_debug()),
            }
        }
        shown
    }

    fn written(&self) -> MutexGuard<'_, Zeroizing<Vec<u8>>> {
        // Bytes are only added, so a panic leaves nothing torn.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text without whatever it shares with a configuration document.
fn masked(text: &str, document: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mut values = Vec::new();
    match serde_json::from_str(document) {
        Ok(value) => texts(value, &mut values),
        // `validate-config` is given whatever somebody wrote, also what is no JSON.
        Err(_) => values.push(Zeroizing::new(document.to_owned())),
    }
    // By length, so that each length is looked for once.
    let mut parts: Vec<(usize, HashSet<&[u8]>)> = Vec::new();
    for value in values.iter().map(|value| value.trim()).filter(|value| value.len() >= SHORTEST_VALUE) {
        let length = value.len().min(SHORTEST_PART);
        let position = parts.iter().position(|(of, _)| *of == length).unwrap_or_else(|| {
            parts.push((length, HashSet::new()));
            parts.len() - 1
        });
        if let Some((_, parts)) = parts.get_mut(position) {
            parts.extend(value.as_bytes().windows(length));
        }
    }
    let mut hidden = vec![false; text.len()];
    for (length, parts) in &parts {
        for (at, part) in text.as_bytes().windows(*length).enumerate() {
            if parts.contains(part)
                && let Some(range) = hidden.get_mut(at..at + length)
            {
                range.fill(true);
            }
        }
    }
    let mut masked = String::with_capacity(text.len());
    let mut was_hidden = false;
    for (at, c) in text.char_indices() {
        // A character is hidden where any of its bytes is.
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

/// All texts and numbers of a document; keys are no secrets.
fn texts(value: Value, into: &mut Vec<Zeroizing<String>>) {
    match value {
        Value::String(text) => into.push(Zeroizing::new(text)),
        Value::Number(number) => into.push(Zeroizing::new(number.to_string())),
        Value::Array(items) => items.into_iter().for_each(|item| texts(item, into)),
        Value::Object(entries) => entries.into_iter().for_each(|(_, value)| texts(value, into)),
        Value::Null | Value::Bool(_) => {}
    }
}

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestOutput {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    /// Of WASI 0.3, which no component is lent.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }
}

#[async_trait]
impl Pollable for GuestOutput {
    async fn ready(&mut self) {}
}

impl OutputStream for GuestOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut written = self.written();
        let room = MAX_BYTES.saturating_sub(written.len());
        if written.is_empty() && room > 0 && !bytes.is_empty() {
            // All at once, so that no secret is left behind in a buffer that grew.
            written.reserve_exact(MAX_BYTES);
        }
        written.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    /// Everything is taken: a component whose words are not kept must not notice.
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(configuration: &str, written: &[&[u8]]) -> String {
        let output = GuestOutput::of(Document::given(configuration));
        // The streams are two, and what they are given is one.
        let mut streams = [output.p2_stream(), output.p2_stream()];
        for (stream, bytes) in (0..).zip(written) {
            streams[stream % 2].write(Bytes::copy_from_slice(bytes)).unwrap();
        }
        output.shown()
    }

    #[test]
    fn words_are_one_line_of_text_without_the_configuration() {
        let secret = r#"{"a":[{"secret":" s3cr3t-of-an-app "}],"pin":"0815x","no":"abc","agent":1000002}"#;
        for (name, configuration, written, expected) in [
            ("nothing", "", &[&b""[..]][..], ""),
            ("two streams", "", &[b"one ", b"two"], "one two"),
            (
                "a panic",
                "",
                &[b"\nthread 'main' panicked at a.rs:1:2:\nit is \"it\"\n"],
                r#"thread 'main' panicked at a.rs:1:2:\nit is "it""#,
            ),
            ("control characters", "", &[b"a\x1b[31m\x07\xe2\x80\xaeb"], r"a\u{1b}[31m\u{7}\u{202e}b"),
            ("no UTF-8", "", &[b"a\xff"], "a\u{fffd}"),
            ("a value", secret, &[b"no \"s3cr3t-of-an-app\"!"], "no \"[configured]\"!"),
            ("a part of it", secret, &[b"no t-of-an-a.."], "no [configured].."),
            ("in two pieces", secret, &[b"s3cr3t-", b"of-an-app"], "[configured]"),
            ("a short value", secret, &[b"is 0815x, not 0815"], "is [configured], not 0815"),
            ("a shorter one", secret, &[b"abc"], "abc"),
            ("a number", secret, &[b"agent 1000002"], "agent [configured]"),
            ("a key", r#"{"clientSecret":"abcdefgh"}"#, &[b"missing field clientSecret"], "missing field clientSecret"),
            (
                "characters of several bytes",
                r#"{"secret":"密码是这个"}"#,
                &["说：密码是这个。".as_bytes()],
                "说：[configured]。",
            ),
            ("no JSON", "secret=abcdefgh", &[b"cannot read abcdefgh"], "cannot read [configured]"),
        ] {
            assert_eq!(shown(configuration, written), expected, "{name}");
        }
    }

    #[test]
    fn what_is_beyond_the_limit_is_swallowed() {
        let (most, more) = (vec![b'a'; MAX_BYTES - 1], [b'b'; 100]);
        let shown = shown("", &[&most, &more, &more]);
        assert_eq!((shown.len(), shown.matches('b').count()), (MAX_BYTES, 1));
    }
}
