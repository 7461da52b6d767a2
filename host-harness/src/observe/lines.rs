//! Reports of calls as JSON lines.

use std::{
    fmt,
    io::{self, BufWriter, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use super::Observer;
use crate::call::CallReport;

/// Reports that wait to be written; beyond these they are counted and dropped.
const WAITING_AT_MOST: usize = 10_000;

/// Writes the report of every call as one line of JSON, on a thread of its own: a slow disk slows no call. What it
/// cannot keep up with is dropped and told in a line `{"lost_reports": N}`. Dropped, it writes what still waits.
pub struct ReportLines {
    lines: Option<SyncSender<String>>,
    lost: Arc<AtomicU64>,
    writer: Option<JoinHandle<()>>,
}

impl ReportLines {
    /// Reports go to `out`, from now on.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(WAITING_AT_MOST);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        let write = move || {
            if let Err(error) = write_all(out, &waiting, &counted) {
                tracing::warn!(%error, "reports of calls can no longer be written");
            }
        };
        let writer = std::thread::Builder::new().name("call-reports".to_owned()).spawn(write)?;
        Ok(Self { lines: Some(lines), lost, writer: Some(writer) })
    }
}

fn write_all(out: impl Write, lines: &Receiver<String>, lost: &AtomicU64) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    loop {
        let line = match lines.try_recv() {
            Ok(line) => line,
            // Flushed as soon as nothing waits, so that a reader sees a report when the call is over.
            Err(TryRecvError::Empty) => {
                out.flush()?;
                match lines.recv() {
                    Ok(line) => line,
                    Err(_) => break,
                }
            }
            Err(TryRecvError::Disconnected) => break,
        };
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
        tell_lost(&mut out, lost)?;
    }
    tell_lost(&mut out, lost)?;
    out.flush()
}

fn tell_lost(out: &mut impl Write, lost: &AtomicU64) -> io::Result<()> {
    match lost.swap(0, Ordering::Relaxed) {
        0 => Ok(()),
        lost => writeln!(out, "{{\"lost_reports\":{lost}}}"),
    }
}

impl Observer for ReportLines {
    fn called(&self, report: &CallReport) {
        let Some(lines) = &self.lines else { return };
        // Disconnected means that writing has failed, which was told.
        if let Err(TrySendError::Full(_)) = lines.try_send(report.to_json_line()) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for ReportLines {
    fn drop(&mut self) {
        drop(self.lines.take());
        if let Some(writer) = self.writer.take() {
            // The thread panics nowhere; if it did, there is nothing left to save here.
            let _ = writer.join();
        }
    }
}

impl fmt::Debug for ReportLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportLines").finish_non_exhaustive()
    }
}
