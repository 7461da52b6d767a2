//! The asynchronous export: jobs are submitted and asked after (docs 94849 to 94854, 94946).

use serde_json::Value;

use super::answer::{Answer, Refusal, Row};
use super::call::Call;
use super::download::FOLDER;
use crate::cipher::Key;
use crate::export::{Order, Progress, Subject};

/// Items of a file, at least and at most; the most is also what an absent `block_size` means.
const BLOCK_SIZES: std::ops::RangeInclusive<u64> = 10_000..=1_000_000;

/// `export/simple_user`.
pub(crate) fn simple_users(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    submit(call, Subject::SimpleUsers)
}

/// `export/user`.
pub(crate) fn users(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    submit(call, Subject::Users)
}

/// `export/department`.
pub(crate) fn departments(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    submit(call, Subject::Departments)
}

/// `export/taguser`: one tag, as `tag/get` shows it.
pub(crate) fn tag(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = match call.body.get("tagid") {
        None | Some(Value::Null) => return Err(41017.into()),
        Some(id) => id.as_u64().or_else(|| id.as_str()?.parse().ok()).ok_or(40068)?,
    };
    call.view.corp.tag(id).ok_or(40068)?;
    submit(call, Subject::Tag(id))
}

/// Checks the body and notes the job. The files show the organisation as it is now.
fn submit(call: &mut Call<'_>, subject: Subject) -> Result<Answer, Refusal> {
    let exports = call.world.behaviour.exports.clone();
    let key = match call.body.get("encoding_aeskey") {
        None | Some(Value::Null) => return Err(40063.into()),
        Some(key) if key == "" => return Err(40063.into()),
        Some(key) => key.as_str().and_then(Key::read).ok_or_else(|| Refusal::form("invalid encoding_aeskey"))?,
    };
    let smallest = exports.smallest_block.unwrap_or(*BLOCK_SIZES.start());
    let asked = match call.body.get("block_size") {
        None | Some(Value::Null) => *BLOCK_SIZES.end(),
        Some(size) => size
            .as_u64()
            .filter(|size| (smallest..=*BLOCK_SIZES.end()).contains(size))
            .ok_or_else(|| Refusal::form("invalid block_size"))?,
    };
    let items = if exports.ignore_block_size { u64::MAX } else { exports.smallest_block.unwrap_or(asked).max(1) };
    let (view, leaders, base64) = (call.view.clone(), !exports.leaderless_departments, exports.base64_files);
    let order = Order { subject, view, key, items, leaders, base64 };
    let now = call.world.now();
    let (id, work) = call.world.jobs.submit(order, exports, (now, &mut call.world.random));
    // A job that fails does no work whose end could tell.
    *call.work = Some(work.unwrap_or_else(|| Box::new(|| {})));
    Ok(Answer::ok(vec![("jobid", Value::from(id))]))
}

/// `export/get_result`.
pub(crate) fn result(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.query("jobid").ok_or_else(|| Refusal::saying(40063, "missing jobid"))?.to_owned();
    let now = call.world.now();
    call.world.announce_jobs();
    let progress = call.world.jobs.progress(call.view.caller, &id, (now, &mut call.world.random))?;
    let mut answer = Answer::ok(vec![("status", Value::from(progress.number()))]);
    if let Progress::Done { base, files } = progress {
        let base = base.unwrap_or_else(|| call.world.base_url.clone());
        let rows = files.into_iter().map(|file| {
            let mut row = Row::default();
            row.put("url", format!("{}{FOLDER}{}.bin", base.trim_end_matches('/'), file.id.reveal()));
            row.put("size", file.size);
            row.put("md5", file.md5);
            row
        });
        answer.push_rows("data_list", rows.collect());
    }
    Ok(answer)
}
