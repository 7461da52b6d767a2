//! What a component writes to its standard output and error: a panic's own words, above all.
//!
//! They go to whoever looks for the cause, never to a member's browser. A component that judges a configuration sees
//! every secret, and one that computes with a secret has it in its settings, so whatever the words share with the
//! configuration of the call is masked.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi_io::{
    poll::Pollable,
    streams::{OutputStream, StreamResult},
};
use zeroize::Zeroizing;

use super::masking::masked;
use crate::settings::Document;

/// So many bytes of a call are kept, of both streams together; the rest is swallowed.
const MAX_BYTES: usize = 4 << 10;

/// Both streams of one call. Clones share what was written.
#[derive(Clone)]
pub(crate) struct GuestOutput {
    written: Arc<Mutex<Zeroizing<Vec<u8>>>>,
    shown: Arc<OnceLock<String>>,
    configuration: Document,
}

impl GuestOutput {
    /// Of a call that is given this configuration.
    pub(crate) fn of(configuration: Document) -> Self {
        Self { written: Arc::default(), shown: Arc::default(), configuration }
    }

    /// What the call was given.
    pub(super) fn configuration(&self) -> &Document {
        &self.configuration
    }

    /// What was written, on one line: what is no UTF-8 replaced, control characters escaped, what the configuration holds
    /// masked. Empty where there is nothing.
    ///
    /// To be asked for when the component has come to its end: it is made once, for the error and the report alike.
    pub(crate) fn shown(&self) -> String {
        self.shown.get_or_init(|| self.in_one_line()).clone()
    }

    fn in_one_line(&self) -> String {
        let written = self.written();
        let text = Zeroizing::new(String::from_utf8_lossy(&written).into_owned());
        let mut shown = String::new();
        for masked in masked(&[text.trim()], self.configuration.expose()).into_iter().map(Zeroizing::new) {
            for c in masked.chars() {
                match c {
                    '"' | '\'' => shown.push(c),
                    c => shown.extend(c.escape_debug()),
                }
            }
        }
        shown
    }

    fn written(&self) -> MutexGuard<'_, Zeroizing<Vec<u8>>> {
        // Bytes are only added, so a panic leaves nothing torn.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
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
        let secret = r#"{"secret":"s3cr3t-of-an-app"}"#;
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
            ("in two pieces", secret, &[b"s3cr3t-", b"of-an-app"], "[configured]"),
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
