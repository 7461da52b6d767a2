//! Lines on their way to a writer that may fail in the middle of one.

use std::io::{ErrorKind, Result, Write};

/// Bytes that are written at a time, about.
const BATCH: usize = 64 << 10;

/// Whole lines that are not written yet. A line that was broken off stands alone in what is written, and comes again as a
/// whole.
pub(super) struct Pending<W> {
    out: W,
    lines: Vec<u8>,
    is_torn: bool,
    is_flushed: bool,
}

impl<W: Write> Pending<W> {
    /// Nothing yet, for this writer, whose last line is whole.
    pub(super) fn to(out: W) -> Self {
        Self { out, lines: Vec::new(), is_torn: false, is_flushed: true }
    }

    /// Nothing yet, for a writer whose last line was broken off, or may have been: the first line begins on one of its own.
    pub(super) fn after_a_torn_line(out: W) -> Self {
        Self { is_torn: true, ..Self::to(out) }
    }

    /// Adds a line, without the line break at its end.
    pub(super) fn push(&mut self, line: &str) {
        self.lines.extend_from_slice(line.as_bytes());
        self.lines.push(b'\n');
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.is_flushed
    }

    /// Whether it is time to write.
    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= BATCH
    }

    /// How many lines are not written.
    pub(super) fn count(&self) -> usize {
        memchr::memchr_iter(b'\n', &self.lines).count()
    }

    /// Writes all lines. After an error those that were not written as a whole are still there.
    pub(super) fn write(&mut self) -> Result<()> {
        self.is_flushed = false;
        if self.is_torn {
            self.out.write_all(b"\n")?;
            self.is_torn = false;
        }
        let mut written = 0;
        let result = loop {
            let rest = self.lines.get(written..).unwrap_or_default();
            if rest.is_empty() {
                break Ok(());
            }
            match self.out.write(rest) {
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(bytes) => written = (written + bytes).min(self.lines.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        let ended = memchr::memrchr(b'\n', &self.lines[..written]).map_or(0, |at| at + 1);
        self.is_torn = written > ended;
        // A line that lacks nothing but its end gets that next, and need not come again.
        let lacks_its_end = self.is_torn && self.lines.get(written) == Some(&b'\n');
        self.lines.drain(..if lacks_its_end { written + 1 } else { ended });
        result?;
        self.out.flush()?;
        self.is_flushed = true;
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A disk with so much room.
    #[derive(Clone, Default)]
    pub(in super::super) struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Disk {
        pub(in super::super) fn with_room(room: usize) -> Self {
            let disk = Self::default();
            disk.make_room(room);
            disk
        }

        pub(in super::super) fn make_room(&self, room: usize) {
            self.0.lock().unwrap().1 = room;
        }

        pub(in super::super) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            let (written, room) = &mut *self.0.lock().unwrap();
            if *room == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            let taken = bytes.len().min(*room);
            written.extend_from_slice(&bytes[..taken]);
            *room -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn wherever_a_line_is_broken_off_no_other_one_is_joined_to_it() {
        let lines = ["one", "two", "three"];
        let whole = "one\ntwo\nthree\n";
        for room in 0..whole.len() {
            let disk = Disk::with_room(room);
            let mut pending = Pending::to(disk.clone());
            for line in lines {
                pending.push(line);
            }
            pending.write().unwrap_err();
            assert_eq!(disk.text(), whole[..room], "{room}");
            // Full once more, just behind the line break that parts: enough only for the very last one.
            disk.make_room(1);
            assert_eq!(pending.write().is_ok(), room + 1 == whole.len(), "{room}");
            disk.make_room(usize::MAX);
            pending.push("four");
            pending.write().unwrap();
            assert!(pending.is_empty() && pending.count() == 0);
            let text = disk.text();
            let found: Vec<&str> =
                text.lines().filter(|line| [&lines[..], &["four"]].concat().contains(line)).collect();
            assert_eq!(found, ["one", "two", "three", "four"], "{room}: {text:?}");
            assert!(text.lines().count() <= 6, "at most two are broken off: {text:?}");
        }
    }

    #[test]
    fn what_was_not_flushed_is_not_forgotten() {
        /// Keeps what it is given until it can be flushed.
        struct Slow(Disk, Vec<u8>);
        impl Write for Slow {
            fn write(&mut self, bytes: &[u8]) -> Result<usize> {
                self.1.extend_from_slice(bytes);
                Ok(bytes.len())
            }

            fn flush(&mut self) -> Result<()> {
                self.0.write_all(&self.1).map(|()| self.1.clear())
            }
        }
        let disk = Disk::with_room(0);
        let mut pending = Pending::to(Slow(disk.clone(), Vec::new()));
        pending.push("one");
        pending.write().unwrap_err();
        assert!(!pending.is_empty());
        disk.make_room(usize::MAX);
        pending.write().unwrap();
        assert_eq!((pending.is_empty(), disk.text().as_str()), (true, "one\n"));
    }
}
