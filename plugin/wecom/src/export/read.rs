//! Reading the files of a job, range by range.

use std::ops::Range;

use super::{
    fallback::{HICCUPS, give_up, order_again},
    job::{self, bookmark, bookmark_key, first_member, job_key, load},
    leaders,
};
use crate::{
    contract::log::Level,
    directory::{
        department::{Department, DepartmentRow},
        key,
        member::Absent,
        sync::{
            compare as met,
            context::{Stop, Worker},
            pages,
            run::{Export, Mark, Phase, Place},
        },
    },
    platform::Platform,
    store,
    vendor::{
        export::{
            Bookmark, Damage, Reader,
            download::{self, Fetched, Refusal},
            file::GRAIN,
        },
        rows::{departments as departments_of, members as members_of},
        wire::{department, export::File, member},
    },
};

/// Bytes of one range. Several are fetched side by side; together they are the largest thing in the guest's memory.
const RANGE: u64 = 1 << 20;
/// The smallest range, for slow networks.
const SMALLEST_RANGE: u64 = 64 << 10;
/// Damaged files of one run, each of which makes everything fetched suspect.
const DAMAGED: u32 = 2;
/// Members that are compared together.
const ROWS: usize = 200;

/// Reads all departments. There are few enough of them for one step.
pub(super) fn departments<P: Platform>(worker: &mut Worker<'_, P>) -> Result<(), Stop> {
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
                match reader.read("department", piece, department::parse) {
                    Ok(rows) => {
                        let is_told = |row: &DepartmentRow| matches!(row, DepartmentRow::Fetched(row) if !row.absent.has(Absent::LEADERS));
                        know_leaders |= rows.iter().any(is_told);
                        found.extend(departments_of(rows));
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
        leaders::add(worker, &mut found)?;
    }
    pages::write_departments(worker, found)?;
    worker.run.phase = Phase::Export(first_member(&job));
    worker.checkpoint()
}

/// Reads the next pieces of the files of members.
pub(super) fn members<P: Platform>(worker: &mut Worker<'_, P>, mark: Mark) -> Result<(), Stop> {
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
            met::meet(worker, members_of(std::mem::replace(&mut rows, rest)), job.read_at)?;
        }
        worker.run.failures = 0;
        // Sealed, since it holds the row under way, whole. Written together with the place in the run.
        job::keep_bookmark(worker, reader.bookmark());
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
            give_up(worker, &format!("{}{}", miss.failure.message.en, hint.unwrap_or_default()), true).map(drop)
        }
        Refusal::Passing | Refusal::TooLarge | Refusal::Unusable => {
            give_up(worker, &miss.failure.message.en, false).map(drop)
        }
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
}
