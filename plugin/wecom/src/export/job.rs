//! The job: what was ordered, and where in its files a call stands. Both lie sealed in scratch, for they hold a key, addresses
//! that are permissions, and the row under way.

use serde::{Deserialize, Serialize};

use crate::{
    contract::storage::Op,
    directory::{
        key,
        sync::{
            run::{Export, Mark},
            context::Worker,
        },
    },
    failure::Failure,
    platform::Platform,
    store,
    vendor::{
        export::{Bookmark, Key, file},
        wire::export::File,
    },
};

/// Bytes of a job with the addresses of its files: it has to fit into one value of storage.
pub(super) const JOB_BYTES: usize = 200 << 10;
/// How long a job is kept: longer than its results can be fetched.
const JOB_TTL_MS: u64 = 6 * 60 * 60 * 1_000;

/// What was ordered. Holds the key and addresses that are permissions, so it is sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) key: String,
    /// When it was ordered: nothing in it is newer.
    pub(super) read_at: u64,
    pub(super) departments: Option<Part>,
    pub(super) members: Part,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) id: String,
    /// Absent before it is done.
    pub(super) files: Option<Vec<File>>,
}

pub(super) fn are_sound(files: &[File]) -> bool {
    let is_sound = |file: &File| !file.url.is_empty() && file::is_sound_size(file.size);
    !files.is_empty() && files.iter().all(is_sound)
}

pub(super) fn first_member(job: &Job) -> Export {
    let files = job.members.files.as_ref().map_or(0, Vec::len);
    Export::Members(Mark { file: 0, files, offset: 0 })
}

pub(super) fn job_key<P: Platform>(worker: &Worker<'_, P>) -> String {
    key::scratch_page(&worker.run.id, 'j', 0)
}

pub(super) fn bookmark_key<P: Platform>(worker: &Worker<'_, P>) -> String {
    key::scratch_page(&worker.run.id, 'j', 1)
}

/// Keeps a job with the next checkpoint, and tells its bytes.
pub(super) fn keep<P: Platform>(worker: &mut Worker<'_, P>, job: &Job) -> usize {
    let op = store::put_sealed(job_key(worker), job, JOB_TTL_MS);
    let bytes = if let Op::Put(put) = &op { put.value.len() } else { 0 };
    if bytes <= JOB_BYTES {
        worker.buffer(op);
    }
    bytes
}

/// The bookmark that lies at a mark; nothing where it is gone or lies elsewhere.
pub(super) fn bookmark<P: Platform>(worker: &Worker<'_, P>, mark: &Mark) -> Result<Option<Bookmark>, Failure> {
    if mark.offset == 0 {
        return Ok(Some(Bookmark::default()));
    }
    if worker.bookmark.offset == mark.offset {
        return Ok(Some(worker.bookmark.clone()));
    }
    let stored = store::get::<_, Bookmark>(worker.platform, &bookmark_key(worker))?.map(|stored| stored.value);
    Ok(stored.filter(|bookmark| bookmark.offset == mark.offset))
}

/// The job and its key; nothing when it has expired.
pub(super) fn load<P: Platform>(worker: &Worker<'_, P>) -> Result<Option<(Job, Key)>, Failure> {
    let name = job_key(worker);
    let Some(job) = store::get::<_, Job>(worker.platform, &name)?.map(|stored| stored.value) else { return Ok(None) };
    match Key::parse(&job.key) {
        Some(key) => Ok(Some((job, key))),
        None => Err(Failure::damaged(&name)),
    }
}

/// Puts where a call stands into the next checkpoint.
pub(super) fn keep_bookmark<P: Platform>(worker: &mut Worker<'_, P>, bookmark: Bookmark) {
    worker.bookmark = bookmark;
    worker.buffer(store::put_sealed(bookmark_key(worker), &worker.bookmark, JOB_TTL_MS));
}
