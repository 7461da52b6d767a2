//! Fetching by the bulk export (fact sheet §4.4): a few calls whatever the size of the organisation.
//!
//! ```text
//! order ─▶ poll … ─▶ departments ─▶ members, piece by piece ─▶ individuals
//! ```
//!
//! The export can fail in ways that the walk cannot: a private deployment has none, a secret may not use it, the files
//! lie on a server that nobody documented. None of that is the administrator's concern as long as there is another way,
//! so whatever does not pass by itself ends in [`give_up`]: the run goes on by walking, and its report says why.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{
    run::{Export, Mark, PendingWait, Phase, Place},
    scope, walk,
    worker::{Stop, Worker},
};
use crate::{
    contract::{log::Level, storage::Op, types::Reason},
    directory::key,
    failure::Failure,
    platform::Platform,
    store,
    vendor::{
        answer,
        api::Api,
        client::Call,
        codes::UNTRUSTED_ADDRESS,
        export::{
            Bookmark, Damage, Key, Reader,
            download::{self, Fetched, Refusal},
            file::{self, GRAIN},
        },
        wire::{
            department::{self, Department},
            export::{self as wire, File},
            member,
        },
    },
};

/// Bytes of one range. Several are fetched side by side; together they are the largest thing in the guest's memory.
const RANGE: u64 = 1 << 20;
/// The smallest range, for slow networks.
const SMALLEST_RANGE: u64 = 64 << 10;
/// The first wait for a result; each further one is twice as long, up to the longest.
const FIRST_POLL_MS: u64 = 2_000;
const LONGEST_POLL_MS: u64 = 300_000;
/// Polls after which the export is given up: 40 minutes.
const POLLS: u32 = 15;
/// Orders of one run: results are purged, addresses expire, files arrive damaged.
const ORDERS: u32 = 3;
/// Damaged files of one run, each of which makes everything fetched suspect.
const DAMAGED: u32 = 2;
/// Failures of a download in a row.
const HICCUPS: u32 = 3;
/// Bytes of a job with the addresses of its files: it has to fit into one value of storage.
const JOB_BYTES: usize = 200 << 10;
/// How long a job is kept: longer than its results can be fetched.
const JOB_TTL_MS: u64 = 6 * 60 * 60 * 1_000;
/// How long a refusal is remembered: a week, since somebody may grant what was missing.
const REFUSAL_TTL_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// The app is disabled.
const APP_DISABLED: i64 = 50003;
/// Members that are compared together.
const ROWS: usize = 200;

/// What was ordered. Holds the key and addresses that are permissions, so it is sealed.
#[derive(Serialize, Deserialize)]
struct Job {
    key: String,
    /// When it was ordered: nothing in it is newer.
    read_at: u64,
    departments: Option<Part>,
    members: Part,
}

#[derive(Serialize, Deserialize)]
struct Part {
    id: String,
    /// Absent before it is done.
    files: Option<Vec<File>>,
}

/// Takes the next step. `Some` when there is nothing to do before a time.
pub fn step<P: Platform>(worker: &mut Worker<'_, P>, stage: Export) -> Result<Option<PendingWait>, Stop> {
    match stage {
        Export::Order { departments } => order(worker, departments),
        Export::Poll(polls) => poll(worker, polls),
        Export::Departments => departments(worker).map(|()| None),
        Export::Members(mark) => members(worker, mark).map(|()| None),
    }
}

/// The refusal that an earlier run met, in words.
pub fn refused_before<P: Platform>(platform: &P) -> Result<Option<String>, Failure> {
    Ok(store::get(platform, key::EXPORT_REFUSED)?.map(|stored| stored.value))
}

fn order<P: Platform>(worker: &mut Worker<'_, P>, departments: bool) -> Result<Option<PendingWait>, Stop> {
    if worker.run.export.orders >= ORDERS {
        return give_up(worker, &format!("it was ordered {ORDERS} times in vain"), false);
    }
    let key = Key::random(worker.platform);
    let read_at = worker.platform.now_ms();
    let order = wire::Order { encoding_aeskey: key.text().into(), block_size: wire::BLOCK_SIZE };
    let call = |api| Call { api, query: Vec::new(), body: Some(store::to_json(&order)) };
    let calls: Vec<Call> =
        [Some(Api::ExportUser), departments.then_some(Api::ExportDepartment)].into_iter().flatten().map(call).collect();
    let mut ids = Vec::with_capacity(calls.len());
    for (call, answer) in calls.iter().zip(worker.ask_all(&calls, None)?) {
        let text = match answer {
            Ok(text) => text,
            Err(failure) => return refused(worker, failure),
        };
        match serde_json::from_str::<wire::Ordered>(&text) {
            Ok(ordered) if !ordered.jobid.is_empty() => ids.push(ordered.jobid),
            Ok(_) => return refused(worker, answer::without(call.api, "jobid").failure),
            Err(error) => return refused(worker, answer::unreadable(call.api, &error).failure),
        }
    }
    let mut parts = ids.into_iter().map(|id| Part { id, files: None });
    let Some(members) = parts.next() else { return give_up(worker, "nothing was ordered", false) };
    let job = Job { key: key.text().to_owned(), read_at, departments: parts.next(), members };
    if job.departments.is_some() {
        worker.run.departments_read_at = read_at;
    }
    worker.run.export.orders += 1;
    worker.run.is_exported = true;
    worker.run.phase = Phase::Export(Export::Poll(0));
    keep(worker, &job);
    worker.checkpoint()?;
    Ok(Some(wait(worker, 0)))
}

fn poll<P: Platform>(worker: &mut Worker<'_, P>, polls: u32) -> Result<Option<PendingWait>, Stop> {
    let Some((mut job, _)) = load(worker)? else { return order_again(worker) };
    let parts: Vec<&mut Part> = [Some(&mut job.members), job.departments.as_mut()].into_iter().flatten().collect();
    let mut pending: Vec<&mut Part> = parts.into_iter().filter(|part| part.files.is_none()).collect();
    let calls: Vec<Call> =
        pending.iter().map(|part| Call::get(Api::ExportGetResult, vec![("jobid", part.id.clone())])).collect();
    let mut are_done = true;
    for (part, answer) in pending.iter_mut().zip(worker.ask_all(&calls, None)?) {
        let text = match answer {
            Ok(text) => text,
            // Unknown or purged.
            Err(failure) if matches!(failure.vendor_code, Some(40088 | 40089)) => return order_again(worker),
            Err(failure) => return refused(worker, failure),
        };
        match wire::parse(&text) {
            Ok(wire::Job::Pending) => are_done = false,
            Ok(wire::Job::Done(files)) if are_sound(&files) => part.files = Some(files),
            Ok(wire::Job::Done(files)) => {
                return give_up(worker, &format!("its {} files cannot be used", files.len()), false);
            }
            Ok(wire::Job::Failed) => return give_up(worker, "WeCom could not make it", false),
            Ok(wire::Job::Unknown(status)) => {
                return give_up(worker, &format!("its status {status} is not known"), false);
            }
            Err(error) => return refused(worker, answer::unreadable(Api::ExportGetResult, &error).failure),
        }
    }
    if keep(worker, &job) > JOB_BYTES {
        return give_up(worker, "it has more files than can be kept in mind", false);
    }
    if !are_done && polls + 1 >= POLLS {
        return give_up(worker, "WeCom did not finish it in time", false);
    }
    worker.run.phase = Phase::Export(match (are_done, &job.departments) {
        (false, _) => Export::Poll(polls + 1),
        (true, Some(_)) => Export::Departments,
        (true, None) => first_member(&job),
    });
    worker.checkpoint()?;
    Ok((!are_done).then(|| wait(worker, polls + 1)))
}

/// Reads all departments. There are few enough of them for one step.
fn departments<P: Platform>(worker: &mut Worker<'_, P>) -> Result<(), Stop> {
    let Some((job, key)) = load(worker)? else { return order_again(worker).map(drop) };
    let files = job.departments.as_ref().and_then(|part| part.files.as_deref()).unwrap_or_default();
    let mut found: Vec<Department> = Vec::new();
    let mut know_leaders = false;
    for file in files {
        let mut bookmark = Bookmark::default();
        while bookmark.offset < file.size {
            let mut reader = match Reader::open(&key, &bookmark) {
                Ok(reader) => reader,
                Err(damage) => return damaged(worker, &damage),
            };
            let (pieces, miss) = fetch(worker, file, bookmark.offset)?;
            for piece in pieces {
                match reader.read("department", piece, department::parse_exported) {
                    Ok(rows) => {
                        know_leaders |= rows.iter().any(|(_, has_leaders)| *has_leaders);
                        found.extend(rows.into_iter().map(|(department, _)| department));
                    }
                    Err(damage) => return damaged(worker, &damage),
                }
            }
            if let Some(miss) = miss {
                return missed(worker, miss);
            }
            bookmark = reader.bookmark();
            if bookmark.offset >= file.size
                && let Err(damage) = reader.finish(&file.md5)
            {
                return damaged(worker, &damage);
            }
        }
    }
    if !know_leaders && !found.is_empty() {
        scope::add_leaders(worker, &mut found)?;
    }
    scope::write_departments(worker, found)?;
    worker.run.phase = Phase::Export(first_member(&job));
    worker.checkpoint()
}

/// Reads the next pieces of the files of members.
fn members<P: Platform>(worker: &mut Worker<'_, P>, mark: Mark) -> Result<(), Stop> {
    let Some((job, key)) = load(worker)? else { return order_again(worker).map(drop) };
    let files = job.members.files.as_deref().unwrap_or_default();
    let Some(file) = files.get(mark.file) else {
        for key in [job_key(worker), bookmark_key(worker), key::EXPORT_REFUSED.to_owned()] {
            worker.buffer(store::delete(key));
        }
        worker.run.phase = Phase::Individuals(Place::default());
        return worker.checkpoint();
    };
    let opened = bookmark(worker, &mark)?.ok_or(Damage::Bookmark).and_then(|bookmark| Reader::open(&key, &bookmark));
    let mut reader = match opened {
        Ok(reader) => reader,
        Err(damage) => return damaged(worker, &damage),
    };
    let (pieces, miss) = fetch(worker, file, mark.offset)?;
    for piece in pieces {
        let mut rows = match reader.read("userlist", piece, member::parse) {
            Ok(rows) => rows,
            Err(damage) => return damaged(worker, &damage),
        };
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(ROWS));
            walk::meet(worker, std::mem::replace(&mut rows, rest), job.read_at)?;
        }
        worker.run.failures = 0;
        // Sealed, since it holds the row under way, whole. Written together with the place in the run.
        worker.bookmark = reader.bookmark();
        worker.buffer(store::put_sealed(bookmark_key(worker), &worker.bookmark, JOB_TTL_MS));
        worker.run.phase = Phase::Export(Export::Members(Mark { offset: reader.offset(), ..mark }));
    }
    if let Some(miss) = miss {
        return missed(worker, miss);
    }
    if reader.offset() >= file.size {
        if let Err(damage) = reader.finish(&file.md5) {
            return damaged(worker, &damage);
        }
        worker.run.phase = Phase::Export(Export::Members(Mark { file: mark.file + 1, offset: 0, ..mark }));
    }
    worker.checkpoint_when_due()
}

/// Fetches the next ranges of a file: all that arrived before the first that did not.
fn fetch<P: Platform>(
    worker: &mut Worker<'_, P>,
    file: &File,
    offset: u64,
) -> Result<(Vec<Vec<u8>>, Option<download::Miss>), Stop> {
    // The first answer tells whether the server knows ranges at all, so it comes alone.
    let most = if offset == 0 { 1 } else { worker.parallelism() };
    let ranges = ranges(offset, file.size, range_bytes(worker), most);
    let mut pieces = Vec::with_capacity(ranges.len());
    for (range, answer) in ranges.iter().zip(worker.download(file, &ranges)?) {
        match answer {
            Ok(Fetched::Piece(bytes)) => pieces.push(bytes),
            Ok(Fetched::Whole(bytes)) => {
                let rest = bytes.get(usize::try_from(range.start).unwrap_or(usize::MAX)..).unwrap_or_default();
                pieces.extend(rest.chunks(RANGE as usize).map(<[u8]>::to_vec));
                return Ok((pieces, None));
            }
            Err(miss) => return Ok((pieces, Some(miss))),
        }
    }
    Ok((pieces, None))
}

/// Bytes of a range: what the network bore so far, and never more than the host delivers in one answer.
fn range_bytes<P: Platform>(worker: &Worker<'_, P>) -> u64 {
    let wanted = match worker.run.export.range {
        0 => RANGE,
        learned => learned,
    };
    wanted.min(worker.platform.remaining().largest_response)
}

/// The next ranges of a file, each a multiple of [`GRAIN`] but for the last one.
fn ranges(offset: u64, size: u64, bytes: u64, most: usize) -> Vec<Range<u64>> {
    let bytes = (bytes / GRAIN).max(1) * GRAIN;
    let mut ranges = Vec::with_capacity(most);
    let mut start = offset;
    while start < size && ranges.len() < most {
        let end = size.min(start + bytes);
        ranges.push(start..end);
        start = end;
    }
    ranges
}

/// What becomes of a range that did not arrive.
fn missed<P: Platform>(worker: &mut Worker<'_, P>, miss: download::Miss) -> Result<(), Stop> {
    match miss.refusal {
        Refusal::Budget => Err(Stop::Vendor(miss.failure)),
        Refusal::Passing if worker.run.failures < HICCUPS => {
            worker.run.export.range = (range_bytes(worker) / 2).max(SMALLEST_RANGE);
            Err(Stop::Vendor(miss.failure))
        }
        Refusal::Expired => order_again(worker).map(drop),
        Refusal::Denied => {
            let hint = miss.failure.hint.as_ref().map(|hint| format!("; {}", hint.show(worker.config.locale)));
            give_up(worker, &format!("{}{}", miss.failure.message, hint.unwrap_or_default()), true).map(drop)
        }
        Refusal::Passing | Refusal::TooLarge | Refusal::Unusable => {
            give_up(worker, &miss.failure.message, false).map(drop)
        }
    }
}

/// What becomes of a call that WeCom refused: what passes or what an administrator has to mend in any case stops the
/// run, everything else ends the export.
fn refused<P: Platform>(worker: &mut Worker<'_, P>, failure: Failure) -> Result<Option<PendingWait>, Stop> {
    match verdict(&failure) {
        // A page of a proxy, perhaps: the run waits a moment, as for every answer that cannot be read.
        _ if failure.reason == Reason::UnexpectedAnswer && worker.run.failures < HICCUPS => Err(Stop::Vendor(failure)),
        Verdict::Stop => Err(Stop::Vendor(failure)),
        Verdict::GiveUp { remember } => give_up(worker, &failure.message, remember),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Stop,
    GiveUp { remember: bool },
}

fn verdict(failure: &Failure) -> Verdict {
    match (&failure.reason, failure.vendor_code) {
        // The walk would meet these as well.
        (Reason::NotPermitted, Some(UNTRUSTED_ADDRESS | APP_DISABLED) | None) => Verdict::Stop,
        (Reason::CredentialsRefused | Reason::RateLimited | Reason::Unavailable, _) => Verdict::Stop,
        (Reason::Other(reason), None) if reason == "budget-exhausted" => Verdict::Stop,
        // Not granted, or an installation that does not know the call.
        (Reason::NotPermitted, Some(_)) => Verdict::GiveUp { remember: true },
        _ => Verdict::GiveUp { remember: false },
    }
}

/// What becomes of a file that cannot be used: rows of it may be among what was met, so all of that is forgotten, and
/// the export is ordered once more.
fn damaged<P: Platform>(worker: &mut Worker<'_, P>, damage: &Damage) -> Result<(), Stop> {
    let why = format!("a file of it cannot be used: {damage}");
    worker.run.export.damaged += 1;
    worker.run.phase = Phase::Scope;
    worker.platform.log(Level::Warn, "the export is damaged", &[("run", &worker.run.id), ("error", &why)]);
    if worker.run.export.damaged < DAMAGED {
        worker.note(format!("the export was ordered again: {why}"));
        return worker.forget_what_was_met();
    }
    worker.forget_what_was_met()?;
    give_up(worker, &why, false).map(drop)
}

/// Orders the export anew: its results are gone.
fn order_again<P: Platform>(worker: &mut Worker<'_, P>) -> Result<Option<PendingWait>, Stop> {
    let departments = worker.run.department_pages == 0;
    worker.run.phase = Phase::Export(Export::Order { departments });
    worker.checkpoint()?;
    Ok(None)
}

/// Goes on by walking, and says why. A refusal that will not pass by itself is remembered, so that the next runs do not
/// ask in vain.
fn give_up<P: Platform>(worker: &mut Worker<'_, P>, why: &str, remember: bool) -> Result<Option<PendingWait>, Stop> {
    worker.note(format!("departments were walked, since the export failed: {why}"));
    worker.platform.log(Level::Warn, "the export is given up", &[("run", &worker.run.id), ("error", why)]);
    worker.run.export.is_given_up = true;
    worker.run.is_exported = false;
    worker.run.phase =
        if worker.run.department_pages == 0 { Phase::Scope } else { Phase::Fetch(worker.run.export.walked) };
    for key in [job_key(worker), bookmark_key(worker)] {
        worker.buffer(store::delete(key));
    }
    if remember {
        worker.buffer(store::put_for(key::EXPORT_REFUSED, &why, REFUSAL_TTL_MS));
    }
    worker.checkpoint()?;
    Ok(None)
}

fn are_sound(files: &[File]) -> bool {
    let is_sound = |file: &File| !file.url.is_empty() && file::is_sound_size(file.size);
    !files.is_empty() && files.iter().all(is_sound)
}

fn first_member(job: &Job) -> Export {
    let files = job.members.files.as_ref().map_or(0, Vec::len);
    Export::Members(Mark { file: 0, files, offset: 0 })
}

/// The time before the next poll.
fn wait<P: Platform>(worker: &Worker<'_, P>, polls: u32) -> PendingWait {
    let pause = FIRST_POLL_MS.saturating_mul(1 << polls.min(16)).min(LONGEST_POLL_MS);
    PendingWait { not_before: worker.platform.now_ms() + pause, reason: "export-running".to_owned(), vendor_code: None }
}

fn job_key<P: Platform>(worker: &Worker<'_, P>) -> String {
    key::scratch_page(&worker.run.id, 'j', 0)
}

fn bookmark_key<P: Platform>(worker: &Worker<'_, P>) -> String {
    key::scratch_page(&worker.run.id, 'j', 1)
}

/// Keeps a job with the next checkpoint, and tells its bytes.
fn keep<P: Platform>(worker: &mut Worker<'_, P>, job: &Job) -> usize {
    let op = store::put_sealed(job_key(worker), job, JOB_TTL_MS);
    let bytes = if let Op::Put(put) = &op { put.value.len() } else { 0 };
    if bytes <= JOB_BYTES {
        worker.buffer(op);
    }
    bytes
}

/// The bookmark that lies at a mark; nothing where it is gone or lies elsewhere.
fn bookmark<P: Platform>(worker: &Worker<'_, P>, mark: &Mark) -> Result<Option<Bookmark>, Failure> {
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
fn load<P: Platform>(worker: &Worker<'_, P>) -> Result<Option<(Job, Key)>, Failure> {
    let name = job_key(worker);
    let Some(job) = store::get::<_, Job>(worker.platform, &name)?.map(|stored| stored.value) else { return Ok(None) };
    match Key::parse(&job.key) {
        Some(key) => Ok(Some((job, key))),
        None => Err(Failure::damaged(&name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_a_file_in_grains() {
        for (name, (offset, size, bytes, most), expected) in [
            ("one at first", (0, 1_000, 128, 1), vec![(0, 128)]),
            ("several", (128, 1_000, 128, 3), vec![(128, 256), (256, 384), (384, 512)]),
            ("to the end", (896, 1_000, 128, 3), vec![(896, 1_000)]),
            ("rounded down", (0, 1_000, 200, 2), vec![(0, 192), (192, 384)]),
            ("never nothing", (0, 1_000, 1, 1), vec![(0, 64)]),
            ("at the end", (1_000, 1_000, 128, 3), vec![]),
        ] {
            let found: Vec<_> =
                ranges(offset, size, bytes, most).iter().map(|range| (range.start, range.end)).collect();
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn what_the_walk_would_meet_as_well_stops_the_run() {
        use Reason::{CredentialsRefused, NotFound, NotPermitted, RateLimited, Unavailable, UnexpectedAnswer};
        let other = |name: &str| Reason::Other(name.to_owned());
        let (stop, forget, remember) =
            (Verdict::Stop, Verdict::GiveUp { remember: false }, Verdict::GiveUp { remember: true });
        for (reason, code, expected) in [
            (NotPermitted, Some(60020), stop),
            (NotPermitted, Some(50003), stop),
            (NotPermitted, None, stop),
            (NotPermitted, Some(48002), remember),
            (NotPermitted, Some(48009), remember),
            (CredentialsRefused, Some(40001), stop),
            (RateLimited, Some(45009), stop),
            (Unavailable, Some(-1), stop),
            (Unavailable, None, stop),
            (other("budget-exhausted"), None, stop),
            (other("vendor-error"), Some(40063), forget),
            (UnexpectedAnswer, None, forget),
            (NotFound, Some(40088), forget),
        ] {
            let failure = Failure { vendor_code: code, ..Failure::new(reason.clone(), "m") };
            assert_eq!(verdict(&failure), expected, "{reason:?} {code:?}");
        }
    }
}
