//! Erasing members who left long ago, where the configuration says after how many days; and clearing the feed of whoever is
//! being erased, also by an administrator whose call came to its end.

use super::{
    apply,
    context::{RunContext, Stepped},
    phase::Phase,
};
use crate::{
    contract::storage::Entry,
    directory::{
        erasure, head, key,
        record::{Departure, MemberRecord},
    },
    failure::Failure,
    store,
    vendor::Client,
};

/// Records that are looked at together.
const PAGE: u32 = 200;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Where so long has passed since the last sync, the clock may be wrong: then nobody is erased by it, until a sync has ended
/// under it.
const LONGEST_GAP_MS: u64 = 60 * DAY_MS;

/// Erases those of the next members who left too long ago. Where nobody left, nothing is read.
pub(super) fn members<C: Client>(context: &mut RunContext<'_, C>, after: Option<&str>) -> Stepped {
    let departed = head::read_for(context.platform, context.common)?.0.members;
    let Some(days) = context.common.departed_days.filter(|_| departed.left_range + departed.resigned > 0) else {
        context.leave_phase();
        return Ok(());
    };
    let now = context.platform.now_ms();
    let synced_at = store::value::<u64>(context.platform, key::SYNCED_AT)?;
    if synced_at.is_some_and(|at| at.saturating_add(LONGEST_GAP_MS) < now) {
        context.note(text! {
        "距上次同步已超过 60 天，或主机时钟有误：本次不清除离开已久的成员",
        "the last sync was more than 60 days ago, or the clock is wrong: nobody who left long ago is erased this time" });
        context.leave_phase();
        return Ok(());
    }
    let before = now.saturating_sub(days.saturating_mul(DAY_MS));
    let page = context.platform.scan(key::MEMBERS, after, PAGE).map_err(Failure::from)?;
    let is_due = |entry: &Entry| -> Result<bool, Failure> {
        Ok(store::parse::<Departure>(entry)?.value.since().is_some_and(|since| since < before))
    };
    let mut due = Vec::new();
    for entry in &page.entries {
        if is_due(entry)? {
            due.push(entry.key.clone());
        }
    }
    let mut rest = due.as_slice();
    while !rest.is_empty() {
        let mut taken = 0;
        apply::write(context, &mut |context, batch| {
            taken = 0;
            for entry in store::get_many(context.platform, rest)? {
                if batch.is_full() {
                    break;
                }
                taken += 1;
                // They may be gone, or may have come back, since the page was read.
                let Some(entry) = entry else { continue };
                if is_due(&entry)? {
                    let record: MemberRecord = store::parse(&entry)?.value;
                    let (ids, id) = (context.common.ids, record.member.id.as_str());
                    // A mark stays: the vendor may show still whom an administrator has retired.
                    erasure::take_from_copy(context.platform, ids, batch, id, Some(&record), true)?;
                    context.run.erased += 1;
                }
            }
            Ok(())
        })?;
        rest = &rest[taken..];
    }
    let Some(last) = page.entries.last().filter(|_| page.more) else {
        context.leave_phase();
        return Ok(());
    };
    context.run.phase = Phase::Retention(Some(last.key.clone()));
    context.checkpoint_when_due()
}

/// Clears the next part of the feed of members who are being erased.
pub(super) fn feed<C: Client>(context: &mut RunContext<'_, C>) -> Stepped {
    context.before_request()?;
    if erasure::resume(context.platform, context.common.ids, &|| context.has_budget())? {
        // Only now: a killed call may find nobody left to erase, and the count in the run.
        let erased = context.run.erased;
        if erased > 0 {
            context.note(text! {
            "已清除 {erased} 名离开已久的成员的全部信息",
            "{erased} members who left long ago were erased, as the configuration says" });
        }
        context.leave_phase();
    }
    Ok(())
}
