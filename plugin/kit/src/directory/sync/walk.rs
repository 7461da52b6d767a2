//! Fetching members department by department, then those that are asked about one by one: granted members, and those of
//! a department that is too large.
//!
//! Memory stays flat whatever the size of a department, because rows are read a few hundred at a time from the text of
//! the answer.

use super::{
    compare::meet,
    context::{Stop, Worker},
    export::may_export,
    pages,
    run::{Export, Phase, Place, Sweep},
};
use crate::{
    directory::{key, record::MemberOutline},
    platform::Platform,
    store,
    vendor::{
        answer,
        api::Api,
        client::Call,
        refusal::{hides_department, hides_member, is_too_large},
        rows::members,
        wire::member::{self, Broken},
    },
};

/// Rows that are compared together.
const ROWS: usize = 200;
/// Bytes of one answer of a batch. Five at a time stay below the guest's memory bound; what is larger is asked for
/// alone, with the host's own limit.
const BATCH_ANSWER_BYTES: u64 = 4 << 20;
/// Individually granted members that are looked up together.
const LOOKED_UP: usize = 50;

/// Fetches the next departments, as many at once as allowed.
pub fn departments<P: Platform>(worker: &mut Worker<'_, P>, place: Place) -> Result<(), Stop> {
    if place.page >= worker.run.department_pages {
        worker.run.phase = Phase::Individuals(Place::default());
        return worker.checkpoint();
    }
    let page = pages::departments(worker, place.page)?;
    let end = page.len().min(place.row + worker.parallelism());
    let ids: Vec<&str> = page[place.row.min(end)..end].iter().map(|department| department.id.as_str()).collect();
    let read_at = worker.platform.now_ms();
    let calls: Vec<Call> = ids.iter().map(|id| list_call(id)).collect();
    let answers = worker.ask_all(&calls, Some(BATCH_ANSWER_BYTES))?;
    for (index, answer) in answers.into_iter().enumerate() {
        let answer = match answer {
            // More than one of a batch may hold; alone it may hold more. WeCom's own bound stays what it is.
            Err(failure) if is_too_large(&failure) && failure.vendor_code.is_none() => {
                match worker.ask(calls[index].clone()) {
                    Err(Stop::Vendor(failure)) => Err(failure),
                    answer => Ok(answer?),
                }
            }
            answer => answer,
        };
        match answer {
            Ok(text) => {
                let met = member::each(&text, ROWS, |rows| meet(worker, members(rows), read_at));
                met.map_err(|broken| match broken {
                    Broken::Unreadable { error, after } => {
                        Stop::Vendor(answer::unreadable_after(&calls[index], after.as_deref(), &error).failure)
                    }
                    Broken::Refused(stop) => stop,
                })?;
            }
            // Deleted or hidden since the scope was read. Whoever the copy knows of it is asked about one by one later.
            Err(failure) if hides_department(&failure) => worker.note(format!(
                "department {} went out of sight during the run ({})",
                ids[index],
                failure.vendor_code.unwrap_or_default()
            )),
            Err(failure) if is_too_large(&failure) => {
                if may_export(worker)? {
                    worker.note(format!("department {} is larger than one answer may be: exported", ids[index]));
                    worker.run.export.walked = advance(place, index, page.len());
                    worker.run.phase = Phase::Export(Export::Order { departments: false });
                    return worker.checkpoint();
                }
                split(worker, ids[index])?;
            }
            Err(failure) => return Err(Stop::Vendor(failure)),
        }
        worker.run.phase = Phase::Fetch(advance(place, index + 1, page.len()));
    }
    worker.checkpoint_when_due()
}

/// Leaves the members of a department that is larger than one answer may be to [`individuals`]: their ids alone take a
/// tenth of the room.
fn split<P: Platform>(worker: &mut Worker<'_, P>, department: &str) -> Result<(), Stop> {
    let query = vec![("department_id", department.to_owned())];
    let text = match worker.ask(Call::get(Api::UserSimpleList, query)) {
        Err(Stop::Vendor(failure)) if hides_department(&failure) => {
            worker.note(format!("department {department} went out of sight during the run"));
            return Ok(());
        }
        answer => answer?,
    };
    let (ids, _) = member::ids(&text).map_err(|error| unreadable(Api::UserSimpleList, &error))?;
    worker.note(format!(
        "department {department} is larger than one answer may be: its {} members were fetched one by one",
        ids.len()
    ));
    pages::add_individuals(worker, &ids)
}

/// Fetches the next members that are asked about one by one and that no department brought.
pub fn individuals<P: Platform>(worker: &mut Worker<'_, P>, place: Place) -> Result<(), Stop> {
    if place.page >= worker.run.individual_pages {
        worker.run.phase = Phase::Missing(Sweep::Departments(None));
        return worker.checkpoint();
    }
    let page = pages::individuals(worker, place.page)?;
    let end = page.len().min(place.row + LOOKED_UP);
    let ids = &page[place.row.min(end)..end];
    let wanted = not_met(worker, ids)?;
    let mut asked = 0;
    while asked < wanted.len() && (asked == 0 || worker.has_budget()) {
        let batch = &wanted[asked..wanted.len().min(asked + worker.parallelism())];
        let read_at = worker.platform.now_ms();
        let calls: Vec<Call> = batch.iter().map(|(_, id)| get_call(id)).collect();
        for ((_, id), answer) in batch.iter().zip(worker.ask_all(&calls, None)?) {
            match answer {
                Ok(text) => {
                    let row = member::parse(&text).map_err(|error| unreadable(Api::UserGet, &error))?;
                    meet(worker, members([row]), read_at)?;
                }
                Err(failure) if hides_member(&failure) => worker.note(format!(
                    "member {id} is listed but cannot be read ({})",
                    failure.vendor_code.unwrap_or_default()
                )),
                Err(failure) => return Err(Stop::Vendor(failure)),
            }
        }
        asked += batch.len();
    }
    // Everything before the first member that is still wanted is done.
    let done = wanted.get(asked).map_or(ids.len(), |(index, _)| *index);
    worker.run.phase = Phase::Individuals(advance(place, done, page.len()));
    worker.checkpoint_when_due()
}

/// The ids that no department brought, each with its place in `ids`.
fn not_met<P: Platform>(worker: &Worker<'_, P>, ids: &[String]) -> Result<Vec<(usize, String)>, Stop> {
    let mut keys = Vec::with_capacity(ids.len() * 2);
    for id in ids {
        keys.push(key::member(id));
        keys.push(key::scratch_row(&worker.run.id, 'm', id));
    }
    let mut entries = store::get_many(worker.platform, &keys)?.into_iter();
    let mut wanted = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        let stored = entries.next().flatten();
        let row = entries.next().flatten();
        let is_seen = match &stored {
            Some(entry) => worker.seen.contains(MemberOutline::parse(entry)?.ordinal),
            None => false,
        };
        if !is_seen && row.is_none() && !worker.is_buffered(id) {
            wanted.push((index, id.clone()));
        }
    }
    Ok(wanted)
}

/// The place `rows` further on, on the next page after the end of this one.
fn advance(place: Place, rows: usize, page_len: usize) -> Place {
    let row = place.row + rows;
    if row < page_len { Place { row, ..place } } else { Place { page: place.page + 1, row: 0 } }
}

/// A question for one member.
pub fn get_call(id: &str) -> Call {
    Call::member(id)
}

fn list_call(id: &str) -> Call {
    Call::get(Api::UserList, vec![("department_id", id.to_owned())])
}

fn unreadable(api: Api, error: &serde_json::Error) -> Stop {
    Stop::Vendor(answer::unreadable(&api, error).failure)
}
