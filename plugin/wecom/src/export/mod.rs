//! Fetching by the bulk export (fact sheet §4.4): a few calls whatever the size of the organisation.
//!
//! ```text
//! order ─▶ poll … ─▶ departments ─▶ members, piece by piece ─▶ individuals
//! ```
//!
//! The export can fail in ways that the walk cannot: a private deployment has none, a secret may not use it, the files
//! lie on a server that nobody documented. None of that is the administrator's concern as long as there is another way,
//! so whatever does not pass by itself ends in [`give_up`]: the run goes on by walking, and its report says why.

pub mod cipher;
pub mod download;
mod fallback;
pub mod file;
mod job;
mod leaders;
mod read;
pub mod rows;

pub use self::fallback::may_export;
use self::{
    fallback::{HICCUPS, give_up, order_again},
    job::{JOB_BYTES, Job, Part, are_sound, first_member, keep, load},
};
use crate::directory::sync::{
    context::{Stop, Worker},
    run::{Export, PendingWait, Phase},
};
use crate::{
    contract::types::Reason,
    failure::Failure,
    platform::Platform,
    store,
    vendor::{answer, api::Api, client::Call, codes, wire::export as wire},
};
pub use cipher::Key;
pub use file::{Bookmark, Damage, Reader};

/// The first wait for a result; each further one is twice as long, up to the longest.
const FIRST_POLL_MS: u64 = 2_000;
const LONGEST_POLL_MS: u64 = 300_000;
/// Polls after which the export is given up: 40 minutes.
const POLLS: u32 = 15;
/// Orders of one run: results are purged, addresses expire, files arrive damaged.
const ORDERS: u32 = 3;

/// Takes the next step. `Some` when there is nothing to do before a time.
pub fn step<P: Platform>(worker: &mut Worker<'_, P>, stage: Export) -> Result<Option<PendingWait>, Stop> {
    match stage {
        Export::Order { departments } => order(worker, departments),
        Export::Poll(polls) => poll(worker, polls),
        Export::Departments => read::departments(worker).map(|()| None),
        Export::Members(mark) => read::members(worker, mark).map(|()| None),
    }
}

fn order<P: Platform>(worker: &mut Worker<'_, P>, departments: bool) -> Result<Option<PendingWait>, Stop> {
    if worker.run.export.orders >= ORDERS {
        return give_up(worker, &format!("it was ordered {ORDERS} times in vain"), false);
    }
    let key = Key::random(worker.platform);
    let read_at = worker.platform.now_ms();
    let order = wire::Order { encoding_aeskey: key.text().into(), block_size: wire::BLOCK_SIZE };
    let call = |api| Call::post(api, store::to_json(&order));
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
            Ok(_) => return refused(worker, answer::without(call, "jobid").failure),
            Err(error) => return refused(worker, answer::unreadable(call, &error).failure),
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
            Err(failure) if codes::is_unknown_job(&failure) => return order_again(worker),
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
            Err(error) => return refused(worker, answer::unreadable(&Api::ExportGetResult, &error).failure),
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

/// What becomes of a call that WeCom refused: what passes or what an administrator has to mend in any case stops the
/// run, everything else ends the export.
fn refused<P: Platform>(worker: &mut Worker<'_, P>, failure: Failure) -> Result<Option<PendingWait>, Stop> {
    match verdict(&failure) {
        // A page of a proxy, perhaps: the run waits a moment, as for every answer that cannot be read.
        _ if failure.reason == Reason::UnexpectedAnswer && worker.run.failures < HICCUPS => Err(Stop::Vendor(failure)),
        Verdict::Stop => Err(Stop::Vendor(failure)),
        Verdict::GiveUp { remember } => give_up(worker, &failure.message.en, remember),
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
        (Reason::NotPermitted, None) => Verdict::Stop,
        _ if codes::is_untrusted_address(failure) || codes::is_app_disabled(failure) => Verdict::Stop,
        (Reason::CredentialsRefused | Reason::RateLimited | Reason::Unavailable, _) => Verdict::Stop,
        (Reason::Other(reason), None) if reason == "budget-exhausted" => Verdict::Stop,
        // Not granted, or an installation that does not know the call.
        (Reason::NotPermitted, Some(_)) => Verdict::GiveUp { remember: true },
        _ => Verdict::GiveUp { remember: false },
    }
}

/// The time before the next poll.
fn wait<P: Platform>(worker: &Worker<'_, P>, polls: u32) -> PendingWait {
    let pause = FIRST_POLL_MS.saturating_mul(1 << polls.min(16)).min(LONGEST_POLL_MS);
    PendingWait { not_before: worker.platform.now_ms() + pause, reason: "export-running".to_owned(), vendor_code: None }
}

#[cfg(test)]
mod tests {
    use super::*;

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
