//! Fetching by the export (docs 94849 to 94854): a few calls whatever the size of the organisation.
//!
//! ```text
//! order ─▶ poll … ─▶ departments ─▶ members, file by file
//! ```
//!
//! A file is fetched, checked against its MD5 and decrypted as a whole before a row of it is believed, and a run that
//! was cut off goes on with the file it was at.

pub(crate) mod download;
mod file;
mod job;
mod leaders;

use serde::{Deserialize, Serialize};

use self::{
    file::Fetched,
    job::{Job, JobPart},
};
use crate::{
    api::{
        answer,
        codes::{APP_DISABLED, UNKNOWN_JOB, UNTRUSTED_ADDRESS},
    },
    cipher::EncodingKey,
    scope::WeComRun,
    wire::{department, export as wire, member},
};
use organisation_kit::{
    calls::Call,
    contract::types::Reason,
    directory::{
        department::DepartmentRow,
        member::Absent,
        sync::{EXPORT_RUNNING, PendingWait, StepError},
    },
    failure::{Cause, Details, Failure},
    locale::Text,
    vendor::{ExportState, ExportStep},
};

/// The first wait for a result; each further one is twice as long, up to the longest. A short one costs a call or two, a
/// long one is most of a small company's sync.
const FIRST_POLL_MS: u64 = 250;
const LONGEST_POLL_MS: u64 = 300_000;
/// Polls after which the export is given up: 40 minutes.
const POLLS: u32 = 18;
/// Orders of one run: results are purged, addresses expire, files arrive damaged.
const ORDERS: u32 = 3;
/// Damaged files of one run.
const DAMAGED: u32 = 2;
/// Failures in a row that may pass, and calls that were too short for one file.
const TRIES: u32 = 3;
/// The wait after a failure that may pass.
const HICCUP_MS: u64 = 1_000;
/// Members that are handed on together.
pub(crate) const ROWS: usize = 200;

/// An export between two steps of a run. What was ordered lies sealed beside it, see [`job`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    stage: Stage,
    orders: u32,
    damaged: u32,
    /// Failures of this stage that may pass.
    tries: u32,
    /// Bytes of a range, halved when the network is too slow for it. 0 before the first.
    range: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// Order it, with the departments or for the members alone.
    Order { departments: bool },
    /// Ask whether it is done. So many times it was not.
    Poll(u32),
    /// Read the files of departments.
    Departments,
    /// Read this file of so many of members.
    Members { file: usize, files: usize },
}

impl ExportState for Export {
    fn begin(departments: bool) -> Option<Self> {
        Some(Self { stage: Stage::Order { departments }, orders: 0, damaged: 0, tries: 0, range: 0 })
    }

    fn progress(&self) -> (&'static str, u64, u64) {
        match self.stage {
            Stage::Order { .. } => ("export-submit", 0, 1),
            Stage::Poll(_) => ("export-wait", 0, 1),
            Stage::Departments => ("export-departments", 0, 1),
            Stage::Members { file, files } => ("export-members", file as u64, files as u64),
        }
    }
}

type Step = Result<ExportStep<Export>, StepError>;

impl Export {
    fn at(self, stage: Stage) -> Self {
        Self { stage, tries: 0, ..self }
    }

    /// Whether the departments of this export are still to be read.
    fn wants_departments(&self) -> bool {
        matches!(self.stage, Stage::Order { departments: true } | Stage::Departments)
    }
}

/// Takes the next step.
pub(crate) fn step(run: &mut WeComRun<'_, '_>, export: Export) -> Step {
    match export.stage {
        Stage::Order { departments } => order(run, export, departments),
        Stage::Poll(polls) => poll(run, export, polls),
        Stage::Departments => departments(run, export),
        Stage::Members { file, files } => members(run, export, file, files),
    }
}

fn order(run: &mut WeComRun<'_, '_>, export: Export, departments: bool) -> Step {
    if export.orders >= ORDERS {
        return failed((format!("已提交 {ORDERS} 次均未成功"), format!("it was ordered {ORDERS} times in vain")));
    }
    let key = EncodingKey::random(run.platform());
    let read_at = run.platform().now_ms();
    let config = run.client().config();
    let mut calls = vec![config.export_user(key.text())];
    if departments {
        calls.push(config.export_department(key.text()));
    }
    let mut ids = Vec::with_capacity(calls.len());
    run.before_request()?;
    for (call, answer) in calls.iter().zip(run.client().calls.texts(&calls, None)) {
        let ordered = answer.and_then(|text| {
            let id = answer::read(call, &text, wire::parse_ordered)?;
            if id.is_empty() { Err(answer::without(call, "jobid")) } else { Ok(id) }
        });
        match ordered {
            Ok(id) => ids.push(id),
            Err(failure) => return refused(run, export, failure),
        }
    }
    let mut parts = ids.into_iter().map(|id| JobPart { id, files: None });
    let Some(members) = parts.next() else {
        return failed(("未能提交导出任务", "nothing was ordered"));
    };
    let job = Job { key: key.text().to_owned(), read_at, departments: parts.next(), members };
    job::keep(run, &job);
    let export = Export { orders: export.orders + 1, ..export };
    let wait = poll_later(run, 0);
    Ok(ExportStep::Wait(export.at(Stage::Poll(0)), wait))
}

fn poll(run: &mut WeComRun<'_, '_>, export: Export, polls: u32) -> Step {
    let Some((mut job, _)) = job::load(run)? else { return order_again(export, true) };
    let parts: Vec<&mut JobPart> = [Some(&mut job.members), job.departments.as_mut()].into_iter().flatten().collect();
    let mut pending: Vec<&mut JobPart> = parts.into_iter().filter(|part| part.files.is_none()).collect();
    let config = run.client().config();
    let calls: Vec<Call> = pending.iter().map(|part| config.export_get_result(&part.id)).collect();
    let mut are_done = true;
    run.before_request()?;
    for ((part, call), answer) in pending.iter_mut().zip(&calls).zip(run.client().calls.texts(&calls, None)) {
        let text = match answer {
            Ok(text) => text,
            Err(failure) if UNKNOWN_JOB.include(&failure) => return order_again(export, job.departments.is_some()),
            Err(failure) => return refused(run, export, failure),
        };
        match wire::parse(&text) {
            Ok(wire::JobStatus::Pending) => are_done = false,
            Ok(wire::JobStatus::Done(files)) if file::are_sound(&files) => part.files = Some(files),
            Ok(wire::JobStatus::Done(files)) => {
                let count = files.len();
                return failed((format!("其 {count} 个文件无法使用"), format!("its {count} files cannot be used")));
            }
            Ok(wire::JobStatus::Failed) => return failed(("企业微信未能生成导出文件", "WeCom could not make it")),
            Ok(wire::JobStatus::Unknown(status)) => {
                return failed((format!("未知的任务状态 {status}"), format!("its status {status} is not known")));
            }
            Err(error) => return refused(run, export, answer::unreadable(call, &error)),
        }
    }
    if !job::keep(run, &job) {
        return failed(("导出文件过多，无法记录", "it has more files than can be kept in mind"));
    }
    if !are_done && polls + 1 >= POLLS {
        return failed(("企业微信未在规定时间内完成", "WeCom did not finish it in time"));
    }
    if !are_done {
        let wait = poll_later(run, polls + 1);
        return Ok(ExportStep::Wait(export.at(Stage::Poll(polls + 1)), wait));
    }
    let next = if job.departments.is_some() { Stage::Departments } else { first_file(&job) };
    Ok(ExportStep::Next(export.at(next)))
}

fn first_file(job: &Job) -> Stage {
    Stage::Members { file: 0, files: job.members.files.as_ref().map_or(0, Vec::len) }
}

/// Reads all departments. There are few enough of them for one step.
fn departments(run: &mut WeComRun<'_, '_>, mut export: Export) -> Step {
    let Some((job, key)) = job::load(run)? else { return order_again(export, true) };
    let files = job.departments.as_ref().and_then(|part| part.files.as_deref()).unwrap_or_default();
    let mut rows: Vec<DepartmentRow> = Vec::new();
    for one in files {
        match file::fetch(run, one, &key, &mut export.range)? {
            Fetched::Text(text) => match department::parse_list(&text) {
                Ok(found) => rows.extend(found),
                Err(error) => return damaged(run, export, &file::Damage::Document(error.classify())),
            },
            other => return missed(run, export, other),
        }
    }
    let knows_leaders =
        |row: &DepartmentRow| matches!(row, DepartmentRow::Fetched(fetched) if !fetched.absent.has(Absent::LEADERS));
    if !rows.iter().any(knows_leaders) {
        leaders::add(run, &mut rows)?;
    }
    run.record_departments(rows, job.read_at)?;
    Ok(ExportStep::Next(export.at(first_file(&job))))
}

/// Reads the next file of members.
fn members(run: &mut WeComRun<'_, '_>, mut export: Export, at: usize, files: usize) -> Step {
    let Some((job, key)) = job::load(run)? else { return order_again(export, false) };
    let Some(one) = job.members.files.as_deref().unwrap_or_default().get(at) else { return Ok(ExportStep::Done) };
    let text = match file::fetch(run, one, &key, &mut export.range)? {
        Fetched::Text(text) => text,
        other => return missed(run, export, other),
    };
    match member::each(&text, ROWS, |rows| run.record_members(rows, job.read_at)) {
        Ok(()) => Ok(ExportStep::Next(export.at(Stage::Members { file: at + 1, files }))),
        Err(member::Broken::Refused(error)) => Err(error),
        Err(member::Broken::Unreadable { error, .. }) => {
            damaged(run, export, &file::Damage::Document(error.classify()))
        }
    }
}

/// What becomes of a file that did not arrive.
fn missed(run: &mut WeComRun<'_, '_>, export: Export, fetched: Fetched) -> Step {
    match fetched {
        Fetched::Damaged(damage) => damaged(run, export, &damage),
        Fetched::Missed(failure) => match failure.cause {
            Cause::Passing => hiccup(run, export, failure),
            Cause::NoSuchAddress => {
                let departments = export.wants_departments();
                order_again(export, departments)
            }
            _ if failure.reason == Reason::BudgetExhausted => Err(StepError::Vendor(failure)),
            _ if failure.reason == Reason::NotPermitted => {
                let Details { message, hint, .. } = failure.into_details();
                let Text { zh, en } = hint.unwrap_or_default();
                let why = Text::new(format!("{}；{zh}", message.zh), format!("{}; {en}", message.en));
                Ok(ExportStep::Failed { why, remember: true })
            }
            _ => failed(failure.into_details().message),
        },
        // The call ended within the file, which begins anew in the next one.
        Fetched::CutOff if export.tries + 1 < TRIES => {
            Ok(ExportStep::Next(Export { tries: export.tries + 1, ..export }))
        }
        Fetched::CutOff | Fetched::Text(_) => failed((
            "单次调用的时间或流量不足以读取一个文件",
            "one call is too short, or may receive too little, for one file",
        )),
        Fetched::TooLarge => failed(("单次调用的内存不足以读取一个文件", "a call has too little memory for one file")),
    }
}

/// What becomes of a file that cannot be used: nothing of it was believed, and the export is ordered once more.
fn damaged(run: &mut WeComRun<'_, '_>, export: Export, damage: &file::Damage) -> Step {
    let what = damage.text();
    let why = Text::new(format!("导出文件无法使用：{}", what.zh), format!("a file of it cannot be used: {}", what.en));
    run.warn("the export is damaged", &why);
    let export = Export { damaged: export.damaged + 1, ..export };
    if export.damaged >= DAMAGED {
        return failed(why);
    }
    run.note((format!("已重新提交导出：{}", why.zh), format!("the export was ordered again: {}", why.en)));
    let departments = export.wants_departments();
    order_again(export, departments)
}

/// Orders the export anew: its results are gone, or cannot be used.
fn order_again(export: Export, departments: bool) -> Step {
    Ok(ExportStep::Next(export.at(Stage::Order { departments })))
}

/// What becomes of a call that WeCom refused: what passes or what an administrator has to mend in any case stops the
/// run, everything else ends the export.
fn refused(run: &mut WeComRun<'_, '_>, export: Export, failure: Failure) -> Step {
    match action_on(&failure) {
        // A page of a proxy, perhaps: a moment later it may be gone.
        FailureAction::Hiccup => hiccup(run, export, failure),
        FailureAction::Stop => Err(StepError::Vendor(failure)),
        FailureAction::GiveUp { remember } => Ok(ExportStep::Failed { why: failure.into_details().message, remember }),
    }
}

fn hiccup(run: &mut WeComRun<'_, '_>, export: Export, failure: Failure) -> Step {
    if export.tries >= TRIES {
        return failed(failure.into_details().message);
    }
    run.warn("the export is stopped for a moment", &failure.message);
    let wait = PendingWait::new(run.platform().now_ms(), HICCUP_MS, "export-hiccup", failure.vendor_code);
    let range = file::smaller(export.range);
    Ok(ExportStep::Wait(Export { tries: export.tries + 1, range, ..export }, wait))
}

fn failed(why: impl Into<Text>) -> Step {
    Ok(ExportStep::Failed { why: why.into(), remember: false })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FailureAction {
    Stop,
    Hiccup,
    GiveUp { remember: bool },
}

fn action_on(failure: &Failure) -> FailureAction {
    match (&failure.reason, failure.vendor_code) {
        // The walk would come upon these as well.
        (Reason::NotPermitted, None) => FailureAction::Stop,
        (Reason::NotPermitted, Some(_)) if UNTRUSTED_ADDRESS.include(failure) || APP_DISABLED.include(failure) => {
            FailureAction::Stop
        }
        (Reason::CredentialsRefused | Reason::RateLimited | Reason::Unavailable | Reason::BudgetExhausted, _) => {
            FailureAction::Stop
        }
        (Reason::UnexpectedAnswer, None) => FailureAction::Hiccup,
        // Not granted, or an installation that does not know the call.
        (Reason::NotPermitted, Some(_)) => FailureAction::GiveUp { remember: true },
        _ => FailureAction::GiveUp { remember: false },
    }
}

/// The time before the next poll.
fn poll_later(run: &WeComRun<'_, '_>, polls: u32) -> PendingWait {
    let pause = FIRST_POLL_MS.saturating_mul(1 << polls.min(16)).min(LONGEST_POLL_MS);
    PendingWait::new(run.platform().now_ms(), pause, EXPORT_RUNNING, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_walk_would_meet_as_well_stops_the_run() {
        use Reason::{CredentialsRefused, NotFound, NotPermitted, RateLimited, Unavailable, UnexpectedAnswer};
        let other = |name: &str| Reason::Other(name.to_owned());
        let (stop, forget, remember) =
            (FailureAction::Stop, FailureAction::GiveUp { remember: false }, FailureAction::GiveUp { remember: true });
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
            (other("vendor-error"), Some(40063), forget),
            (UnexpectedAnswer, None, FailureAction::Hiccup),
            (NotFound, Some(40088), forget),
        ] {
            let mut failure = Failure::new(reason.clone(), "m");
            failure.vendor_code = code;
            assert_eq!(action_on(&failure), expected, "{reason:?} {code:?}");
        }
        assert_eq!(action_on(&Failure::budget_exhausted("export/user")), stop);
    }
}
