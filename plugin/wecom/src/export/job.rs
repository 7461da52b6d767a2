//! What was ordered. It holds a key and addresses that are permissions, so it lies sealed.

use serde::{Deserialize, Serialize};

use crate::{cipher::EncodingKey, scope::WeComRun, wire::export::File};
use organisation_kit::directory::sync::StepError;

/// Bytes of a job with the addresses of its files: it has to fit into one value of storage.
const JOB_BYTES: usize = 200 << 10;

/// What was ordered.
#[derive(Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) key: String,
    /// When it was ordered: nothing in it is newer.
    pub(super) read_at: u64,
    pub(super) departments: Option<JobPart>,
    pub(super) members: JobPart,
}

#[derive(Serialize, Deserialize)]
pub(super) struct JobPart {
    pub(super) id: String,
    /// Absent before it is done.
    pub(super) files: Option<Vec<File>>,
}

/// Keeps a job with the next checkpoint; `false` when it is too large for that.
pub(super) fn keep(run: &mut WeComRun<'_, '_>, job: &Job) -> bool {
    run.keep_sealed(job, JOB_BYTES) <= JOB_BYTES
}

/// The job and its key; nothing when it has expired or cannot be read, so that it is ordered again.
pub(super) fn load(run: &WeComRun<'_, '_>) -> Result<Option<(Job, EncodingKey)>, StepError> {
    let job: Option<Job> = run.sealed()?;
    Ok(job.and_then(|job| EncodingKey::parse(&job.key).map(|key| (job, key))))
}
