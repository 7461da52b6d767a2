//! A recording as a file: JSON, one event a line, so that two of them can be compared line by line.
//!
//! | Line | What it holds |
//! |---|---|
//! | the first | a [`Header`] |
//! | `{"call": 1, "function", "arguments", "limits"}` | a call begins |
//! | `{"import", "arguments", "answer"}` | it asks something of its host; without `answer` it ended before there was one |
//! | `{"end": …}` | it ended |
//! | `{"sha256"}`, the last | of all the lines before: a recording is sent as it was written |

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use organisation_host::{
    Digest, Limits,
    recording::{RecordedCall, RecordedEnd, RecordedImport},
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The version of this format.
const FORMAT: u32 = 1;
/// The largest file that is read.
const MAX_BYTES: u64 = 1 << 30;

/// What a recording says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format.
    pub recording: u32,
    /// The component that ran.
    pub component: Digest,
    /// What was done, in one word: the name of a command.
    pub about: String,
    /// The exit status that it ended with.
    pub exit_status: u8,
    /// Where the recording took as much memory as it might: so many bytes. What was done after that is not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off_at_bytes: Option<usize>,
}

impl Header {
    /// A header of the current format.
    pub fn new(component: Digest, about: impl Into<String>, exit_status: u8) -> Self {
        Self { recording: FORMAT, component, about: about.into(), exit_status, cut_off_at_bytes: None }
    }

    /// The same of a recording that took as much memory as it might, where it did.
    #[must_use]
    pub fn cut_off(self, at_bytes: Option<usize>) -> Self {
        Self { cut_off_at_bytes: at_bytes, ..self }
    }
}

/// A recording, as it stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingFile {
    /// What it says of itself.
    pub header: Header,
    /// The calls, in the order in which they began.
    pub calls: Vec<RecordedCall>,
}

/// Why a file is not written, or is no recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The operating system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is larger than a gigabyte.
    #[error("it has {0} bytes, a recording has at most {MAX_BYTES}")]
    TooLarge(u64),
    /// It was written by another version of this program.
    #[error("it is a recording of format {0}, this program reads format {FORMAT}")]
    Format(u32),
    /// A line is none of a recording.
    #[error("line {line} is none of a recording: {reason}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// A byte is another one than was written, or some are missing.
    #[error("it was changed after it was written, or is not complete: its last line does not fit the lines before")]
    Changed,
}

#[derive(Serialize, Deserialize)]
struct Begin {
    call: usize,
    function: String,
    arguments: Vec<Value>,
    limits: Limits,
}

#[derive(Serialize, Deserialize)]
struct Import {
    import: String,
    arguments: Value,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    answer: Option<Value>,
}

#[derive(Serialize, Deserialize)]
struct End {
    end: RecordedEnd,
}

#[derive(Serialize, Deserialize)]
struct Seal {
    sha256: String,
}

/// `null` is an answer too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl RecordingFile {
    /// The text of the file.
    ///
    /// # Errors
    /// A value is no JSON, which none that was recorded is.
    pub fn to_text(&self) -> Result<String, RecordingError> {
        let mut text = String::new();
        let mut line = |value: serde_json::Result<String>| -> Result<(), RecordingError> {
            text.push_str(&value.map_err(io::Error::from)?);
            text.push('\n');
            Ok(())
        };
        line(serde_json::to_string(&self.header))?;
        for (at, call) in self.calls.iter().enumerate() {
            let RecordedCall { function, arguments, limits, imports, end } = call.clone();
            line(serde_json::to_string(&Begin { call: at + 1, function, arguments, limits }))?;
            for RecordedImport { function, arguments, answer } in imports {
                line(serde_json::to_string(&Import { import: function, arguments, answer }))?;
            }
            line(serde_json::to_string(&End { end }))?;
        }
        let sha256 = seal(&text);
        text.push_str(&serde_json::to_string(&Seal { sha256 }).map_err(io::Error::from)?);
        text.push('\n');
        Ok(text)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// See [`RecordingError`].
    pub fn of_text(text: &str) -> Result<Self, RecordingError> {
        let wrong =
            |line: usize, reason: &dyn std::fmt::Display| RecordingError::Line { line, reason: reason.to_string() };
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        let first = lines.next().map_or("", |(_, line)| line);
        let header: Header = serde_json::from_str(first).map_err(|error| wrong(1, &error))?;
        if header.recording != FORMAT {
            return Err(RecordingError::Format(header.recording));
        }
        let body = text.trim_end_matches('\n').rfind('\n').map_or(0, |end| end + 1);
        let sealed = serde_json::from_str::<Seal>(&text[body..]).map_err(|_| RecordingError::Changed)?;
        if sealed.sha256 != seal(&text[..body]) || !text.ends_with('\n') {
            return Err(RecordingError::Changed);
        }
        let mut calls: Vec<RecordedCall> = Vec::new();
        let last = text.lines().count();
        let mut is_open = false;
        for (number, line) in lines.take_while(|(number, _)| *number < last) {
            let value: Value = serde_json::from_str(line).map_err(|error| wrong(number, &error))?;
            let open = calls.last_mut().filter(|_| is_open);
            if value.get("call").is_some() && open.is_none() {
                let Begin { function, arguments, limits, .. } =
                    serde_json::from_value(value).map_err(|error| wrong(number, &error))?;
                calls.push(RecordedCall {
                    function,
                    arguments,
                    limits,
                    imports: Vec::new(),
                    end: RecordedEnd::BrokenOff,
                });
                is_open = true;
                continue;
            }
            let Some(call) = open else { return Err(wrong(number, &"it belongs to no call")) };
            if value.get("import").is_some() {
                let Import { import, arguments, answer } =
                    serde_json::from_value(value).map_err(|error| wrong(number, &error))?;
                call.imports.push(RecordedImport { function: import, arguments, answer });
            } else {
                let End { end } = serde_json::from_value(value).map_err(|error| wrong(number, &error))?;
                call.end = end;
                is_open = false;
            }
        }
        if is_open {
            return Err(RecordingError::Changed);
        }
        Ok(Self { header, calls })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// See [`RecordingError`].
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let bytes = fs::metadata(path)?.len();
        if bytes > MAX_BYTES {
            return Err(RecordingError::TooLarge(bytes));
        }
        Self::of_text(&fs::read_to_string(path)?)
    }

    /// Writes a file that is not there yet, as a whole or not at all, for its owner alone.
    ///
    /// # Errors
    /// There is such a file, or it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), RecordingError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Readable by its owner alone, as all files of this kind.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(self.to_text()?.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)?;
        Ok(())
    }
}

fn seal(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn recording() -> RecordingFile {
        let import =
            |function: &str, answer| RecordedImport { function: function.to_owned(), arguments: Value::Null, answer };
        RecordingFile {
            header: Header::new(Digest::of(b"component"), "sync", 3),
            calls: vec![
                RecordedCall {
                    function: "directory.begin".to_owned(),
                    arguments: vec![json!("walk")],
                    limits: Limits::default(),
                    imports: vec![import("log.write", Some(Value::Null)), import("http.send", None)],
                    end: RecordedEnd::Limit { limit: "wall-ms".to_owned() },
                },
                RecordedCall {
                    function: "directory.overview".to_owned(),
                    arguments: Vec::new(),
                    limits: Limits::default(),
                    imports: Vec::new(),
                    end: RecordedEnd::Answered(json!({"ok": {"name": "a\nb"}})),
                },
            ],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = recording().to_text().unwrap();
        assert_eq!(text.lines().count(), 1 + 4 + 2 + 1);
        assert_eq!(RecordingFile::of_text(&text).unwrap(), recording());
    }

    #[test]
    fn every_changed_byte_is_found() {
        let text = recording().to_text().unwrap();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            let read = String::from_utf8(changed).map(|changed| RecordingFile::of_text(&changed));
            assert!(!matches!(read, Ok(Ok(_))), "byte {at}");
        }
        for end in 0..text.len() {
            assert!(RecordingFile::of_text(&text[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_file_is_written_once_and_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        recording().write(&path).unwrap();
        assert_eq!(RecordingFile::read(&path).unwrap(), recording());
        assert!(
            matches!(recording().write(&path), Err(RecordingError::Io(error)) if error.kind() == io::ErrorKind::AlreadyExists)
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
