//! Reports of calls and of periodic syncs as JSON lines.

use std::{
    fmt,
    io::{self, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel},
    },
    thread::{Thread, park_timeout},
    time::Duration,
};

use organisation_host::{CallReport, Observer};

use super::{SyncObserver, SyncReport, pending::Pending};

/// Reports that wait to be written; beyond these they are counted and dropped.
const WAITING_AT_MOST: usize = 10_000;
/// The same in bytes. One report has up to some 400 KB: log lines, requests, a backtrace.
const BYTES_AT_MOST: usize = 32 << 20;
/// The pause after the first failure to write; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long the last reports may take to be written: a pipe that nobody reads takes for ever.
const LAST: Duration = Duration::from_secs(5);
/// How long it may take to log that they were not: the log may be the same pipe.
const LOGGING: Duration = Duration::from_secs(1);

/// Writes the report of every call and of every periodic sync as one line of JSON, on a thread of its own: a slow disk slows no call. While writing
/// fails, on a disk that is full perhaps, reports wait and it goes on trying; a line that was broken off comes again as a
/// whole on a line of its own. What it cannot keep up with is dropped and reported in a line `{"lost_reports": N}`. Dropped, it
/// writes what still waits, but leaves it when that takes longer than 5 s.
pub struct ReportLines {
    lines: Option<SyncSender<String>>,
    shared: Arc<Shared>,
    writer: Thread,
    /// Nothing comes here; it ends with the thread that writes.
    writing: Mutex<Receiver<()>>,
    last: Duration,
}

/// What both threads know.
#[derive(Debug, Default)]
struct Shared {
    /// Reports that were dropped and not reported yet.
    lost: AtomicU64,
    /// Bytes of lines on their way from one to the other.
    waiting_bytes: AtomicUsize,
    /// Lines that are not written yet, as far as both know.
    unwritten: AtomicU64,
    /// Nothing more comes, and nobody waits for a disk that is full.
    is_over: AtomicBool,
}

impl ReportLines {
    /// Reports go to `out`, from now on.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        Self::writing(Pending::to(out))
    }

    /// Reports go to `out`, from now on, where somebody before was or may have been broken off in the middle of a line: a line
    /// break comes before the first report, and is written as it is, when there is one.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn after_a_torn_line(out: impl Write + Send + 'static) -> io::Result<Self> {
        Self::writing(Pending::after_a_torn_line(out))
    }

    fn writing(pending: Pending<impl Write + Send + 'static>) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(WAITING_AT_MOST);
        let (is_writing, writing) = channel();
        let shared = Arc::new(Shared::default());
        let known = Arc::clone(&shared);
        let write = move || {
            let _is_writing: Sender<()> = is_writing;
            keep_writing(pending, &waiting, &known);
        };
        let writer = std::thread::Builder::new().name("call-reports".to_owned()).spawn(write)?.thread().clone();
        Ok(Self { lines: Some(lines), shared, writer, writing: Mutex::new(writing), last: LAST })
    }

    fn put(&self, line: String) {
        let Some(lines) = &self.lines else { return };
        let bytes = line.len();
        if self.shared.waiting_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > BYTES_AT_MOST {
            self.shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.shared.unwritten.fetch_add(1, Ordering::Relaxed);
        // The thread takes lines for as long as there is this sender.
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = lines.try_send(line) {
            self.shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.shared.unwritten.fetch_sub(1, Ordering::Relaxed);
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes until nobody reports any more.
fn keep_writing(mut pending: Pending<impl Write>, lines: &Receiver<String>, shared: &Shared) {
    let mut pause = None;
    let taken = |line: String| {
        shared.waiting_bytes.fetch_sub(line.len(), Ordering::Relaxed);
        line
    };
    loop {
        // Written as soon as nothing waits, so that a reader sees a report when the call is over.
        if pending.is_empty()
            && let Ok(line) = lines.recv().map(taken)
        {
            pending.push(&line);
        }
        while !pending.is_full()
            && let Ok(line) = lines.try_recv().map(taken)
        {
            pending.push(&line);
        }
        // Not again and again while nothing can be written.
        if pause.is_none() || !pending.is_full() {
            match shared.lost.swap(0, Ordering::Relaxed) {
                0 => {}
                lost => {
                    shared.unwritten.fetch_add(1, Ordering::Relaxed);
                    pending.push(&format!("{{\"lost_reports\":{lost}}}"));
                }
            }
        }
        if pending.is_empty() {
            return;
        }
        let before = pending.count();
        let result = pending.write();
        shared.unwritten.fetch_sub((before - pending.count()) as u64, Ordering::Relaxed);
        match result {
            Ok(()) => {
                if pause.take().is_some() {
                    tracing::info!("reports of calls are written again");
                }
            }
            Err(error) if shared.is_over.load(Ordering::Acquire) => {
                let lines = pending.count() + lines.try_iter().count();
                tracing::warn!(%error, lines, "the last reports of calls could not be written");
                return;
            }
            Err(error) => {
                if pause.is_none() {
                    tracing::warn!(%error, "reports of calls cannot be written: they wait, and the host goes on trying");
                }
                let time = pause.map_or(FIRST_PAUSE, |before: Duration| (before * 2).min(LONGEST_PAUSE));
                pause = Some(time);
                park_timeout(time);
            }
        }
    }
}

impl Observer for ReportLines {
    fn called(&self, report: &CallReport) {
        self.put(report.to_json_line());
    }
}

impl SyncObserver for ReportLines {
    fn sync_ended(&self, report: &SyncReport<'_>) {
        self.put(report.to_json_line());
    }
}

impl Drop for ReportLines {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Release);
        drop(self.lines.take());
        self.writer.unpark();
        // The thread is left where it is: what waits for its end can be a program that is to end.
        let writing = self.writing.get_mut().unwrap_or_else(PoisonError::into_inner);
        if writing.recv_timeout(self.last) == Err(RecvTimeoutError::Timeout) {
            let lines = self.shared.unwritten.load(Ordering::Relaxed);
            let lost = self.shared.lost.load(Ordering::Relaxed);
            log_apart(move || {
                tracing::warn!(lines, lost, "the last reports of calls are not written in time: they may be lost");
            });
        }
    }
}

/// Logs something, and goes on without that when nobody listens.
fn log_apart(what: impl FnOnce() + Send + 'static) {
    let (is_logging, logging) = channel::<()>();
    let logger = std::thread::Builder::new().name("call-reports-end".to_owned()).spawn(move || {
        let _is_logging = is_logging;
        what();
    });
    // Where there is no thread it is not logged: it must not keep the caller.
    if logger.is_ok() {
        let _ = logging.recv_timeout(LOGGING);
    }
}

impl fmt::Debug for ReportLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportLines").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{super::pending::tests::Disk, *};

    /// Waits until the disk holds this.
    fn until_written(disk: &Disk, text: &str) {
        let began = Instant::now();
        while !disk.text().contains(text) {
            assert!(began.elapsed() < Duration::from_secs(60), "{text:?} is not in {:?}", disk.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_disk_that_was_full_for_a_while_gets_what_waited_and_how_much_was_lost() {
        let sent = 3 * WAITING_AT_MOST;
        // Room for the first line, and for a part of the second.
        let disk = Disk::with_room(12);
        let reports = ReportLines::to(disk.clone()).unwrap();
        reports.put("0000000".to_owned());
        until_written(&disk, "0000000\n");
        for number in 1..sent {
            reports.put(format!("{number:07}"));
        }
        // However late the writer comes, it has met the full disk before there is room.
        until_written(&disk, "0000000\n0000");
        disk.make_room(usize::MAX);
        until_written(&disk, "lost_reports");
        drop(reports);
        let text = disk.text();
        assert!(text.starts_with("0000000\n0000\n0000001\n"), "{:?}", text.get(..40));
        let (mut whole, mut lost) = (0, 0);
        for line in text.lines() {
            match line.strip_prefix(r#"{"lost_reports":"#).and_then(|rest| rest.strip_suffix('}')) {
                Some(number) => lost += number.parse::<usize>().unwrap(),
                None if line.len() == 7 => whole += 1,
                None => assert_eq!(line, "0000"),
            }
        }
        assert!(lost > 0 && whole + lost == sent, "{whole} + {lost} of {sent}");
    }

    #[test]
    fn few_large_reports_wait_and_the_rest_is_lost() {
        let (disk, line) = (Disk::with_room(0), "x".repeat(1 << 20));
        let reports = ReportLines::to(disk.clone()).unwrap();
        let sent = 100;
        (0..sent).for_each(|_| reports.put(line.clone()));
        disk.make_room(usize::MAX);
        until_written(&disk, "lost_reports");
        drop(reports);
        let text = disk.text();
        let whole = text.lines().filter(|read| *read == line).count();
        // Those that waited, and one that was about to be written.
        assert!((1..=(BYTES_AT_MOST >> 20) + 1).contains(&whole), "{whole}");
    }

    #[test]
    fn nobody_waits_for_a_disk_that_stays_full() {
        let disk = Disk::with_room(0);
        let reports = ReportLines::to(disk.clone()).unwrap();
        reports.put("lost".to_owned());
        let began = Instant::now();
        drop(reports);
        assert!(began.elapsed() < Duration::from_secs(60));
        assert_eq!(disk.text(), "");
    }

    #[test]
    fn nobody_waits_for_a_pipe_that_is_not_read() {
        /// Takes nothing until it is allowed to, and notifies when it is to take something.
        struct Pipe(Sender<()>, Receiver<()>);
        impl Write for Pipe {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let _ = self.0.send(());
                // Until the test is over.
                let _ = self.1.recv();
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let ((asks, asked), (read, reading)) = (channel(), channel());
        let mut reports = ReportLines::to(Pipe(asks, reading)).unwrap();
        reports.last = Duration::from_millis(50);
        let shared = Arc::clone(&reports.shared);
        reports.put("one".to_owned());
        asked.recv().unwrap();
        reports.put("two".to_owned());
        let (done, is_done) = channel();
        std::thread::spawn(move || {
            drop(reports);
            done.send(()).unwrap();
        });
        is_done.recv_timeout(Duration::from_secs(60)).expect("the end is waited for");
        assert_eq!(shared.unwritten.load(Ordering::Relaxed), 2);
        drop(read);
    }

    #[test]
    fn a_torn_line_is_closed_before_the_first_report_and_not_sooner() {
        let disk = Disk::with_room(0);
        let reports = ReportLines::after_a_torn_line(disk.clone()).unwrap();
        reports.put("one".to_owned());
        // Full at the beginning, as it may be later.
        disk.make_room(usize::MAX);
        until_written(&disk, "one\n");
        reports.put("two".to_owned());
        drop(reports);
        assert_eq!(disk.text(), "\none\ntwo\n");
        let idle = Disk::with_room(usize::MAX);
        drop(ReportLines::after_a_torn_line(idle.clone()).unwrap());
        assert_eq!(idle.text(), "");
    }
}
