//! The reports of the last runs, one entry for each run, in the order in which they were written: clocks of two hosts differ, and
//! runs may end within one millisecond.

use super::{report::Report, run};
use crate::{
    config::Common,
    contract::{
        directory::{self as contract, RunOutcome},
        storage::{Entry, Op},
    },
    directory::{head, key},
    failure::Failure,
    order,
    platform::Platform,
    store,
};

/// Runs that are kept.
const KEPT: usize = 20;
/// Entries of a reading: more than there ever are.
const PAGE: u32 = 100;

/// The reports, newest first. See `history` in `wit/directory.wit`.
pub fn history(platform: &dyn Platform, common: &Common) -> Result<Vec<contract::Report>, Failure> {
    if head::is_being_forgotten(platform, common)? {
        return Ok(Vec::new());
    }
    let reports = entries(platform)?.into_iter().rev().filter_map(|entry| read(&entry));
    Ok(reports.map(|report| report.show(common.locale)).collect())
}

/// The report of a run that is complete.
pub(super) fn complete(
    platform: &dyn Platform,
    common: &Common,
    run: &str,
) -> Result<Option<contract::Report>, Failure> {
    if head::is_being_forgotten(platform, common)? || !run::is_id(run) {
        return Ok(None);
    }
    let entry = store::get_text(platform, &key::history_of(run))?;
    let report = entry.and_then(|entry| read(&entry)).filter(|report| report.outcome() == RunOutcome::Complete);
    Ok(report.map(|report| report.show(common.locale)))
}

/// The newest complete one.
pub(crate) fn last_complete(platform: &dyn Platform, common: &Common) -> Result<Option<contract::Report>, Failure> {
    let mut reports = entries(platform)?.into_iter().rev().filter_map(|entry| read(&entry));
    let found = reports.find(|report| report.outcome() == RunOutcome::Complete);
    Ok(found.map(|report| report.show(common.locale)))
}

fn read(entry: &Entry) -> Option<Report> {
    Report::read(&entry.value)
}

/// The operations that write a report in the place of what was said of the same run before, and make room for it.
pub(super) fn record(platform: &dyn Platform, report: &Report) -> Result<Vec<Op>, Failure> {
    let own = key::history_of(report.run_id());
    let is_complete = |entry: &Entry| read(entry).is_some_and(|report| report.outcome() == RunOutcome::Complete);
    let kept = entries(platform)?
        .into_iter()
        .filter(|entry| entry.key != own)
        .map(|entry| {
            let complete = is_complete(&entry);
            (entry.key, complete)
        })
        .collect();
    let is_complete = report.outcome() == RunOutcome::Complete;
    let mut ops: Vec<Op> = surplus(kept, is_complete).into_iter().map(store::delete).collect();
    ops.push(store::put(own, report));
    Ok(ops)
}

/// The keys to give up when one more run is written, of entries in their order with whether they are complete. The
/// newest complete one stays, for it says how old the copy is.
fn surplus(entries: Vec<(String, bool)>, new_is_complete: bool) -> Vec<String> {
    let count = (entries.len() + 1).saturating_sub(KEPT);
    let newest_complete = entries.iter().rposition(|(_, complete)| *complete).filter(|_| !new_is_complete);
    let expendable = entries.into_iter().enumerate().filter(|(index, _)| Some(*index) != newest_complete);
    expendable.map(|(_, (key, _))| key).take(count).collect()
}

/// All of them, the one that was written first at first.
fn entries(platform: &dyn Platform) -> Result<Vec<Entry>, Failure> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map(|entry| entry.key.clone());
        let page = platform.scan(key::HISTORY, after.as_deref(), PAGE)?;
        let is_last = !page.more || page.entries.is_empty();
        entries.extend(page.entries);
        if is_last {
            order::sort_by(&mut entries, &|one, other| one.version.cmp(&other.version));
            return Ok(entries);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_but_never_the_newest_complete_one() {
        for (name, complete, runs, new_is_complete, expected) in [
            ("room for it", vec![0, 5], 19, false, vec![]),
            ("all complete", (0..20).collect(), 20, true, vec![0]),
            ("one complete, the oldest", vec![0], 20, false, vec![1]),
            ("a newer complete one takes its place", vec![0], 20, true, vec![0]),
            ("two complete", vec![0, 3], 20, false, vec![0]),
            ("none", vec![], 20, false, vec![0]),
            ("too many at once", vec![1], 23, false, vec![0, 2, 3, 4]),
        ] {
            let entries = (0..runs).map(|run| (run.to_string(), complete.contains(&run))).collect();
            let expected: Vec<String> = expected.iter().map(i32::to_string).collect();
            assert_eq!(surplus(entries, new_is_complete), expected, "{name}");
        }
    }
}
