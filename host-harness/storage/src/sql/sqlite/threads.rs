//! Threads that work on the file: each has a connection of its own and carries out one piece of work at a time.
//!
//! SQLite blocks, on the disk and on other processes. So a whole call is handed to a thread at once and its answer
//! comes back at once: two hand-overs, however many statements it takes. The thread opens its connection when it has
//! work, and closes it as soon as anything about it is in doubt.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::super::failure::{Kind, SqlFailure};
use super::open::File;

/// After how many of its instructions SQLite asks whether the time is up: a fraction of a millisecond.
const INSTRUCTIONS: i32 = 10_000;

thread_local! {
    /// When the work of this thread has to be done.
    static ENDS_AT: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// What threads are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// One state of the file after another.
    Read,
    /// Changes: work whose end was not seen leaves open whether it was done.
    Write,
}

/// Some threads that take work from one queue, in the order in which it came. They end with this, or with
/// [`Threads::close`].
pub(super) struct Threads {
    shared: Arc<Shared>,
    work: Work,
    /// How long work may take, with the time in which it waits.
    limit: Duration,
    /// Closed when no thread is left.
    alive: watch::Sender<()>,
}

struct Shared {
    file: File,
    limit: Duration,
    queue: Mutex<Queue>,
    /// There is something new in the queue.
    news: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

/// Work for a thread, and with it the way back. It leaves its connection there only if that is sound.
type Job = Box<dyn FnOnce(&mut Option<Connection>, &File) + Send>;

/// Who has a job: it stands in the queue, a thread has taken it up, or its caller has given it up.
struct Ticket(AtomicU8);

const QUEUED: u8 = 0;
const TAKEN: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Ticket {
    /// Takes hold of a job that nobody has yet.
    fn becomes(&self, state: u8) -> bool {
        self.0.compare_exchange(QUEUED, state, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

impl Threads {
    /// Starts as many threads.
    ///
    /// # Errors
    /// The system has none left.
    pub(super) fn start(file: File, work: Work, count: usize, limit: Duration) -> Result<Self, SqlFailure> {
        let (alive, living) = watch::channel(());
        let shared = Arc::new(Shared { file, limit, queue: Mutex::default(), news: Condvar::new() });
        let threads = Self { shared, work, limit, alive };
        for _ in 0..count {
            let (shared, living) = (Arc::clone(&threads.shared), living.clone());
            let started = thread::Builder::new().name("sqlite".to_owned()).spawn(move || {
                shared.serve();
                drop(living);
            });
            started
                .map_err(|error| SqlFailure::database(Kind::Lost, format!("a thread cannot be started: {error}")))?;
        }
        Ok(threads)
    }

    /// Has a thread do this. What it leaves of a transaction is rolled back before this returns.
    ///
    /// Dropping the future takes back work that no thread has taken up; what has begun goes on to its end.
    ///
    /// # Errors
    /// What the work answers; that the store is closed; that no thread came free in time, and nothing was done; or that
    /// the work took too long, in which case a change may have been made.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, SqlFailure> + Send + 'static,
    ) -> Result<T, SqlFailure> {
        let (reply, answer) = oneshot::channel();
        let ticket = Arc::new(Ticket(AtomicU8::new(QUEUED)));
        let taking = Arc::clone(&ticket);
        let job = move |connection: &mut Option<Connection>, file: &File| {
            if !reply.is_closed() && taking.becomes(TAKEN) {
                // A caller that is gone wants no answer.
                let _ = reply.send(carry_out(connection, file, work));
            }
        };
        self.shared.enqueue(Box::new(job))?;
        match tokio::time::timeout(self.limit, answer).await {
            Ok(Ok(result)) => result,
            // The work panicked.
            Ok(Err(_)) => Err(self.unseen("its thread broke off".to_owned())),
            Err(_) if ticket.becomes(GIVEN_UP) => {
                Err(SqlFailure::database(Kind::Busy, "all threads are busy".to_owned()))
            }
            Err(_) => Err(self.unseen(format!("no answer within {} s", self.limit.as_secs_f64()))),
        }
    }

    /// The failure of work that was begun and whose end was not seen.
    fn unseen(&self, message: String) -> SqlFailure {
        let failure = SqlFailure::database(Kind::Lost, message);
        if self.work == Work::Write { failure.of_commit() } else { failure }
    }

    /// The file they work on.
    pub(super) fn file(&self) -> &File {
        &self.shared.file
    }

    /// Lets the threads do what is in the queue, and waits for their end. Later work is refused.
    pub(super) async fn close(&self) {
        self.shared.close();
        self.alive.closed().await;
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(&self, job: Job) -> Result<(), SqlFailure> {
        let mut queue = self.queue();
        if queue.is_closed {
            return Err(SqlFailure::database(Kind::Closed, "the store is closed".to_owned()));
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.news.notify_one();
        Ok(())
    }

    fn close(&self) {
        self.queue().is_closed = true;
        self.news.notify_all();
    }

    /// The next job, if there is to be one.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.is_closed {
                return None;
            }
            queue = self.news.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The life of a thread.
    fn serve(&self) {
        let mut connection = None;
        while let Some(job) = self.next() {
            ENDS_AT.set(Instant::now().checked_add(self.limit));
            // Its caller notices that no answer comes. The connection went with it.
            let _ = catch_unwind(AssertUnwindSafe(|| job(&mut connection, &self.file)));
        }
    }
}

/// Carries work out on a connection, which is opened where there is none and kept only if it is sound.
fn carry_out<T>(
    kept: &mut Option<Connection>,
    file: &File,
    work: impl FnOnce(&Connection) -> Result<T, SqlFailure>,
) -> Result<T, SqlFailure> {
    let connection = match kept.take() {
        Some(connection) => connection,
        None => file.connect()?,
    };
    let result = work(&connection);
    let is_lost = matches!(&result, Err(failure) if failure.is_of_connection());
    // SQLite may have undone the transaction by itself.
    let is_settled = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
    if is_settled && !is_lost && !is_over() {
        *kept = Some(connection);
    }
    result
}

/// Whether the time for the work of this thread is up.
fn is_over() -> bool {
    ENDS_AT.get().is_some_and(|ends_at| ends_at <= Instant::now())
}

/// Has the connection break off work whose time is up.
pub(super) fn keep_time(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.progress_handler(INSTRUCTIONS, Some(is_over))
}
