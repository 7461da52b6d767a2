//! Export jobs: whose they are, how far they are, and for how long their files are served.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::{Order, Stored};
use crate::behaviour::Exports;
use crate::clock::{UnixMillis, millis};
use crate::credentials::Caller;
use crate::secret::{Secret, random_text};

/// For how long after its job's completion an exported file is served (fact sheet section 4.4).
pub const FILE_LIFETIME: Duration = Duration::from_secs(7200);
/// Of how many jobs of one caller the result is kept (code 40089 in fact sheet section 10.3).
pub const KEPT_JOBS: usize = 5;

/// Work that is done outside the lock, on a thread that may block.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// The files of a job on their way from the thread that writes them to the caller who asks.
#[derive(Debug)]
enum Files {
    BeingWritten,
    Written(Vec<Stored>),
    Lost,
}

#[derive(Debug)]
struct Job {
    caller: Caller,
    submitted: UnixMillis,
    /// The switches as they were at the submission.
    how: Exports,
    /// `None` once the result is purged. Dropping it stops the thread that writes.
    files: Option<Arc<Mutex<Files>>>,
    listed: Option<Vec<Listed>>,
    /// `JobType` of the event that tells its end.
    kind: &'static str,
    /// Whether its end was told.
    announced: bool,
}

/// A job that has ended.
pub(crate) struct Ended {
    pub(crate) caller: Caller,
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) failed: bool,
}

/// A file as `export/get_result` lists it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) id: Secret,
    pub(crate) size: u64,
    pub(crate) md5: String,
}

/// How far a job is. The numbers are the platform's `status`.
#[derive(Clone, Debug)]
pub(crate) enum Progress {
    Queued,
    Running,
    Done { base: Option<String>, files: Vec<Listed> },
    Failed,
}

impl Progress {
    pub(crate) fn number(&self) -> u64 {
        match self {
            Self::Queued => 0,
            Self::Running => 1,
            Self::Done { .. } => 2,
            Self::Failed => 3,
        }
    }
}

#[derive(Debug)]
struct Served {
    /// `None` once it has expired.
    file: Option<Arc<Stored>>,
    expires: UnixMillis,
}

/// What stands behind the address of a file.
pub(crate) enum Found {
    File(Arc<Stored>),
    Expired,
    Unknown,
}

/// All jobs ever submitted, and the files that are served. Who knows the name of a file may read it.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    jobs: HashMap<String, Job>,
    kept: HashMap<Caller, VecDeque<String>>,
    served: HashMap<Secret, Served>,
}

impl Jobs {
    /// Notes a job; answers its id and the work to do for it.
    pub(crate) fn submit(
        &mut self,
        order: Order,
        how: Exports,
        (now, random): (UnixMillis, &mut fastrand::Rng),
    ) -> (String, Option<Work>) {
        self.sweep(now);
        let (id, caller) = (random_text(random, 43), order.view.caller);
        let kind = order.subject.job_type();
        let files = Arc::new(Mutex::new(Files::BeingWritten));
        let work = (!how.fail).then(|| work(order, Arc::downgrade(&files)));
        let job = Job { caller, submitted: now, how, files: Some(files), listed: None, kind, announced: false };
        self.jobs.insert(id.clone(), job);
        let kept = self.kept.entry(caller).or_default();
        kept.push_back(id.clone());
        if kept.len() > KEPT_JOBS
            && let Some(oldest) = kept.pop_front()
        {
            self.purge(&oldest);
        }
        (id, work)
    }

    /// The jobs that have ended and were not told yet.
    pub(crate) fn ended(&mut self, now: UnixMillis) -> Vec<Ended> {
        let mut ended = Vec::new();
        for (id, job) in self.jobs.iter_mut().filter(|(_, job)| !job.announced) {
            let due = now >= job.submitted.saturating_add(millis(job.how.duration));
            let failed = match job.files.as_ref().map(|files| files.lock().unwrap_or_else(PoisonError::into_inner)) {
                _ if job.how.fail => true,
                None => true,
                Some(files) => match &*files {
                    Files::BeingWritten => continue,
                    Files::Written(_) => false,
                    Files::Lost => true,
                },
            };
            if due {
                job.announced = true;
                ended.push(Ended { caller: job.caller, id: id.clone(), kind: job.kind, failed });
            }
        }
        ended
    }

    /// How far a job is; 40088 when the caller has no such job, 40089 when its result is purged.
    pub(crate) fn progress(
        &mut self,
        caller: Caller,
        id: &str,
        (now, random): (UnixMillis, &mut fastrand::Rng),
    ) -> Result<Progress, i64> {
        self.sweep(now);
        let job = self.jobs.get_mut(id).filter(|job| job.caller == caller).ok_or(40088)?;
        let expires = job.submitted.saturating_add(millis(job.how.duration)).saturating_add(millis(FILE_LIFETIME));
        if job.how.purged_when_expired && now >= expires {
            self.purge(id);
            return Err(40089);
        }
        let files = job.files.as_ref().ok_or(40089)?;
        let (age, whole) = (now.saturating_sub(job.submitted), millis(job.how.duration));
        if age < whole {
            return Ok(if age < whole / 2 { Progress::Queued } else { Progress::Running });
        }
        if job.how.fail {
            return Ok(Progress::Failed);
        }
        let base = job.how.download_base.clone();
        if let Some(listed) = &job.listed {
            return Ok(Progress::Done { base, files: listed.clone() });
        }
        let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
        let written = match &mut *files {
            Files::BeingWritten => return Ok(Progress::Running),
            Files::Lost => return Ok(Progress::Failed),
            Files::Written(written) => std::mem::take(written),
        };
        let mut listed = Vec::with_capacity(written.len());
        for file in written {
            let id = Secret::new(random_text(random, 43));
            let md5 = if job.how.wrong_md5 { other(&file.md5) } else { file.md5.clone() };
            listed.push(Listed { id: id.clone(), size: file.size, md5 });
            self.served.insert(id, Served { file: Some(Arc::new(file)), expires });
        }
        job.listed = Some(listed.clone());
        Ok(Progress::Done { base, files: listed })
    }

    /// The file of a name.
    pub(crate) fn file(&mut self, id: &str, now: UnixMillis) -> Found {
        self.sweep(now);
        match self.served.get(&Secret::new(id)) {
            None => Found::Unknown,
            Some(Served { file: Some(file), .. }) => Found::File(file.clone()),
            Some(_) => Found::Expired,
        }
    }

    /// Lets go of the files that have expired. Their names stay known, so that they answer as expired.
    pub(crate) fn sweep(&mut self, now: UnixMillis) {
        for served in self.served.values_mut() {
            if now >= served.expires {
                served.file = None;
            }
        }
    }

    fn purge(&mut self, id: &str) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.files = None;
            for listed in job.listed.take().unwrap_or_default() {
                self.served.remove(&listed.id);
            }
        }
    }
}

/// Writes the files of a job, unless its result is purged or the simulator is gone before it is done.
fn work(order: Order, files: Weak<Mutex<Files>>) -> Work {
    Box::new(move || {
        let written = order.fulfil(&|| files.strong_count() > 0);
        if let Some(files) = files.upgrade() {
            *files.lock().unwrap_or_else(PoisonError::into_inner) = written.map_or(Files::Lost, Files::Written);
        }
    })
}

/// A digest that is not this one.
fn other(digest: &str) -> String {
    let (first, rest) = digest.split_at(1);
    format!("{}{rest}", if first == "0" { "1" } else { "0" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::view::View;
    use crate::cipher::Key;
    use crate::corp::Visible;
    use crate::export::Subject;

    const CALLER: Caller = Caller::App(1);

    fn order() -> Order {
        let corp = Arc::new(crate::demo());
        let range = Arc::new(Visible::everything(&corp));
        let view = View { corp, range, caller: CALLER, quirks: Default::default() };
        let key = Key::read("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        Order { subject: Subject::Users, view, key, items: 2, leaders: true, base64: false }
    }

    fn submit(jobs: &mut Jobs) -> (String, Work) {
        let (id, work) = jobs.submit(order(), Exports::default(), (0, &mut fastrand::Rng::with_seed(1)));
        (id, work.unwrap())
    }

    fn status(jobs: &mut Jobs, id: &str) -> Result<u64, i64> {
        jobs.progress(CALLER, id, (0, &mut fastrand::Rng::with_seed(2))).map(|progress| progress.number())
    }

    #[test]
    fn a_job_runs_until_its_files_are_written() {
        let mut jobs = Jobs::default();
        let (id, work) = submit(&mut jobs);
        assert_eq!(status(&mut jobs, &id), Ok(1));
        work();
        assert_eq!(status(&mut jobs, &id), Ok(2));
        assert!(jobs.served.len() > 1 && jobs.served.values().all(|served| served.file.is_some()));
        jobs.sweep(millis(FILE_LIFETIME));
        assert!(jobs.served.values().all(|served| served.file.is_none()), "the files are gone, their names stay");
    }

    #[test]
    fn nothing_is_written_for_a_job_that_is_gone() {
        let mut jobs = Jobs::default();
        let (id, work) = submit(&mut jobs);
        let files = Arc::downgrade(jobs.jobs[&id].files.as_ref().unwrap());
        jobs.purge(&id);
        assert!(files.upgrade().is_none() && order().fulfil(&|| files.strong_count() > 0).is_err());
        work();
        assert_eq!(status(&mut jobs, &id), Err(40089));
    }
}
