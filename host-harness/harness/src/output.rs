//! The way out: answers on standard output, for people or as one JSON document; everything else on standard error.

use std::{
    cell::RefCell,
    fmt,
    io::{self, BufRead as _, BufReader, BufWriter, IsTerminal as _, Seek as _, Write},
    marker::PhantomData,
};

use organisation_host::CallReport;
use serde::{Serialize, Serializer, de::DeserializeOwned, ser::Error as _, ser::SerializeSeq as _};
use tempfile::SpooledTempFile;

use crate::{
    cli::{Color, Format, Global},
    command_error::CommandError,
    text::{self, Paint},
    view::error::{ErrorDocument, ErrorView},
};

/// Answers larger than this wait on disk until they are complete.
const KEPT_IN_MEMORY: usize = 8 << 20;

/// Where answers go.
pub struct Output {
    format: Format,
    reports: bool,
    paint: Paint,
    paint_errors: Paint,
}

impl Output {
    /// As the options ask.
    pub fn new(options: &Global) -> Self {
        let paint = |is_terminal: bool| match options.color {
            Color::Always => Paint::colours(),
            Color::Never => Paint::plain(),
            Color::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
                    || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                if is_terminal && !refused { Paint::colours() } else { Paint::plain() }
            }
        };
        Self {
            format: options.format,
            reports: options.report,
            paint: paint(io::stdout().is_terminal()),
            paint_errors: paint(io::stderr().is_terminal()),
        }
    }

    /// Whether the reader is a program.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints an answer: as JSON, or as the text that `show` makes.
    pub fn answer(&mut self, view: &impl Serialize, show: impl FnOnce(Paint) -> String) -> io::Result<()> {
        match self.format {
            Format::Json => print_json(&mut io::stdout().lock(), view),
            Format::Text => self.text(&show(self.paint)),
        }
    }

    /// Prints one of many JSON documents on a line of its own, or text.
    pub fn line(&mut self, view: &impl Serialize, show: impl FnOnce(Paint) -> String) -> io::Result<()> {
        match self.format {
            Format::Json => {
                let mut line = serde_json::to_vec(view)?;
                line.push(b'\n');
                let mut out = io::stdout().lock();
                out.write_all(&line)?;
                out.flush()
            }
            Format::Text => self.text(&show(self.paint)),
        }
    }

    /// Prints text for people; ends it with a line break.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            out.write_all(b"\n")?;
        }
        out.flush()
    }

    /// How standard output is coloured.
    pub fn paint(&self) -> Paint {
        self.paint
    }

    /// Says something about the work, on standard error; nothing when a program reads.
    pub fn note(&mut self, text: impl fmt::Display) {
        if !self.is_json() {
            say(&text);
        }
    }

    /// Warns, on standard error, whoever reads.
    pub fn warn(&mut self, text: impl fmt::Display) {
        say(&text);
    }

    /// Prints the report of a call where that is wanted.
    pub fn report(&mut self, report: &CallReport) {
        if !self.reports {
            return;
        }
        match self.format {
            Format::Json => say(&report.to_json_line()),
            Format::Text => say(&text::report(report)),
        }
    }

    /// Says why there is no answer.
    pub fn failure(&mut self, failure: &CommandError) -> io::Result<()> {
        match self.format {
            Format::Json => {
                let document = ErrorDocument { error: ErrorView::from(failure) };
                print_json(&mut io::stdout().lock(), &document)
            }
            Format::Text => {
                let text = text::failure(&ErrorView::from(failure), self.paint_errors);
                io::stderr().write_all(text.as_bytes())
            }
        }
    }

    /// Begins an array of unknown length.
    pub fn array(&self) -> Array {
        Array { spool: SpooledTempFile::new(KEPT_IN_MEMORY), is_empty: true }
    }
}

/// A line on standard error. Where nobody can read it it is lost.
fn say(text: &impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints one document, indented, with a line break after it.
pub fn print_json(out: &mut impl Write, view: &impl Serialize) -> io::Result<()> {
    // Written as it is made: what waits on disk need not be in memory as a whole.
    let mut out = BufWriter::new(out);
    serde_json::to_writer_pretty(&mut out, view)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// A JSON array that arrives page by page, with one item on each line. It is printed when it is complete: should a page
/// fail, standard output must hold the error and nothing else. Large ones wait on disk, not in memory.
pub struct Array {
    spool: SpooledTempFile,
    is_empty: bool,
}

impl Array {
    /// Adds items.
    pub fn extend(&mut self, items: impl IntoIterator<Item = impl Serialize>) -> io::Result<()> {
        for item in items {
            let mut text = if self.is_empty { b"[\n".to_vec() } else { b",\n".to_vec() };
            serde_json::to_writer(&mut text, &item)?;
            self.spool.write_all(&text)?;
            self.is_empty = false;
        }
        Ok(())
    }

    /// Prints it.
    pub fn print(mut self) -> io::Result<()> {
        self.spool.write_all(if self.is_empty { b"[]\n" } else { b"\n]\n" })?;
        self.spool.rewind()?;
        let mut out = io::stdout().lock();
        io::copy(&mut self.spool, &mut out)?;
        out.flush()
    }
}

/// Items that are one field of a larger document, however many there are: they wait on disk, not in memory, and become
/// a JSON array where they are printed.
pub struct Kept<T> {
    spool: RefCell<SpooledTempFile>,
    items: PhantomData<T>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { spool: RefCell::new(SpooledTempFile::new(KEPT_IN_MEMORY)), items: PhantomData }
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl<T: Serialize> Kept<T> {
    /// Adds items.
    pub fn extend(&mut self, items: impl IntoIterator<Item = T>) -> io::Result<()> {
        for item in items {
            let mut line = serde_json::to_vec(&item)?;
            line.push(b'\n');
            self.spool.get_mut().write_all(&line)?;
        }
        Ok(())
    }
}

impl<T: Serialize + DeserializeOwned> Serialize for Kept<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut spool = self.spool.borrow_mut();
        spool.rewind().map_err(S::Error::custom)?;
        let mut sequence = serializer.serialize_seq(None)?;
        for line in BufReader::new(&mut *spool).lines() {
            let line = line.map_err(S::Error::custom)?;
            sequence.serialize_element(&serde_json::from_str::<T>(&line).map_err(S::Error::custom)?)?;
        }
        sequence.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_items_are_an_array_as_often_as_they_are_printed() {
        let mut kept = Kept::default();
        assert_eq!(serde_json::to_string(&kept).unwrap(), "[]");
        kept.extend(["a\nb".to_owned()]).unwrap();
        kept.extend(["张".to_owned()]).unwrap();
        for _ in 0..2 {
            assert_eq!(serde_json::to_string(&kept).unwrap(), r#"["a\nb","张"]"#);
        }
    }
}
