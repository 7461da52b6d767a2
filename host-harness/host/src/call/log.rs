//! The log lines of one call, within its limits.

use serde::Serialize;
use zeroize::Zeroize as _;

use super::{limits::Limits, masking::masked};
use crate::settings::Document;

/// What a field counts beside its texts. Without it, lines of empty fields would be kept without end.
const FIELD_BYTES: usize = 16;

/// How much a line matters, as the component says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// One line that a component wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The text.
    pub message: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

impl LogLine {
    fn bytes(&self) -> u64 {
        let fields: usize = self.fields.iter().map(|(name, value)| FIELD_BYTES + name.len() + value.len()).sum();
        (self.message.len() + fields) as u64
    }

    /// Writes the line into the host's own log. The level of an event must be known at compile time, hence the five arms.
    /// Text of the guest is shown with its control characters escaped: it must not be able to forge a line of that log.
    pub(crate) fn emit(&self, tenant: &str, element: &str, call: &str) {
        macro_rules! event {
            ($level:ident) => {
                tracing::event!(
                    target: "element",
                    tracing::Level::$level,
                    lowcode.tenant = tenant,
                    lowcode.element = element,
                    lowcode.call = call,
                    fields = ?self.fields,
                    message = %self.message.escape_debug()
                )
            };
        }
        match self.level {
            LogLevel::Trace => event!(TRACE),
            LogLevel::Debug => event!(DEBUG),
            LogLevel::Info => event!(INFO),
            LogLevel::Warn => event!(WARN),
            LogLevel::Error => event!(ERROR),
        }
    }
}

/// The lines that were kept, and how many were not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CallLog {
    /// Lines in the order of writing.
    pub lines: Vec<LogLine>,
    /// Lines beyond the limits.
    pub dropped: u64,
    #[serde(skip)]
    lines_left: u64,
    #[serde(skip)]
    bytes_left: u64,
}

impl CallLog {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { lines: Vec::new(), dropped: 0, lines_left: limits.log_lines, bytes_left: limits.log_bytes }
    }

    /// Bytes of lines that would still be kept: none where the lines themselves are used up.
    pub(crate) fn bytes_left(&self) -> u64 {
        if self.lines_left == 0 { 0 } else { self.bytes_left }
    }

    /// Whether a line would be kept that has so many bytes of texts and so many fields.
    pub(crate) fn has_room(&self, texts: usize, fields: usize) -> bool {
        let bytes = fields.saturating_mul(FIELD_BYTES).saturating_add(texts) as u64;
        self.lines_left > 0 && bytes <= self.bytes_left
    }

    /// Counts a line that is not kept, and that nobody has looked at.
    pub(crate) fn pass_over(&mut self) {
        self.dropped += 1;
    }

    /// Masks whatever the lines share with a configuration.
    pub(crate) fn mask(&mut self, configuration: &Document) {
        let texts = self.lines.iter_mut().flat_map(|LogLine { message, fields, .. }| {
            std::iter::once(message).chain(fields.iter_mut().flat_map(|(name, value)| [name, value]))
        });
        let texts: Vec<&mut String> = texts.collect();
        let masked = masked(&texts.iter().map(|text| text.as_str()).collect::<Vec<_>>(), configuration.expose());
        for (text, masked) in texts.into_iter().zip(masked) {
            text.zeroize();
            *text = masked;
        }
    }

    /// Keeps the line where the limits allow, and says whether they did. A line that is too long does not keep shorter
    /// ones from being kept.
    pub(crate) fn keep(&mut self, line: LogLine) -> Option<&LogLine> {
        let (lines, bytes) = (self.lines_left.checked_sub(1), self.bytes_left.checked_sub(line.bytes()));
        let (Some(lines_left), Some(bytes_left)) = (lines, bytes) else {
            self.dropped += 1;
            return None;
        };
        (self.lines_left, self.bytes_left) = (lines_left, bytes_left);
        self.lines.push(line);
        self.lines.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_a_limit_is_counted_and_not_kept() {
        let line = |message: &str| LogLine { level: LogLevel::Info, message: message.to_owned(), fields: Vec::new() };
        let mut log = CallLog::new(&Limits { log_lines: 2, log_bytes: 5, ..Limits::default() });
        for (message, kept) in [("abc", true), ("abc", false), ("ab", true), ("", false)] {
            assert_eq!(log.has_room(message.len(), 0), kept, "{message:?}");
            assert_eq!(log.keep(line(message)).is_some(), kept, "{message:?}");
        }
        assert_eq!((log.lines.len(), log.dropped, log.bytes_left()), (2, 2, 0));
    }

    #[test]
    fn a_field_counts_also_when_it_is_empty() {
        let line = |fields: usize| LogLine {
            level: LogLevel::Info,
            message: String::new(),
            fields: vec![(String::new(), String::new()); fields],
        };
        let mut log = CallLog::new(&Limits { log_bytes: 2 * FIELD_BYTES as u64, ..Limits::default() });
        for (fields, kept) in [(3, false), (2, true), (1, false), (0, true)] {
            assert_eq!(log.has_room(0, fields), kept, "{fields} fields");
            assert_eq!(log.keep(line(fields)).is_some(), kept, "{fields} fields");
        }
        assert_eq!(CallLog::new(&Limits { log_bytes: 5, ..Limits::default() }).bytes_left(), 5);
    }

    #[test]
    fn nothing_of_a_line_is_left_unmasked() {
        let line = |text: &str| LogLine {
            level: LogLevel::Info,
            message: format!("no {text}"),
            fields: vec![("secret".to_owned(), text.to_owned()), (text.to_owned(), "12".to_owned())],
        };
        let mut log = CallLog::new(&Limits::default());
        log.keep(line("s3cr3t-of-an-app"));
        log.keep(line("another text"));
        log.mask(&Document::given(r#"{"secret":"s3cr3t-of-an-app"}"#));
        assert_eq!(log.lines, [line("[configured]"), line("another text")]);
    }
}
