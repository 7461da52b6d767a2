//! Who leads departments, where the export did not tell.

use std::collections::HashMap;

use crate::{
    directory::{
        department::Department,
        key,
        record::DepartmentRecord,
        sync::{
            context::{Stop, Worker},
            run::DEPARTMENTS_PER_PAGE,
        },
    },
    platform::Platform,
    store,
    vendor::{
        answer,
        api::Api,
        client::Call,
        refusal::{hides_department, is_too_large},
        rows::departments,
        wire::department,
    },
};

/// Asks who leads departments of which somebody else told the rest.
pub(super) fn add<P: Platform>(worker: &mut Worker<'_, P>, found: &mut [Department]) -> Result<(), Stop> {
    let call = Call::get(Api::DepartmentList, Vec::new());
    let listed = match worker.ask(call) {
        Ok(text) => departments(
            department::parse_list(&text)
                .map_err(|error| Stop::Vendor(answer::unreadable(&Api::DepartmentList, &error).failure))?,
        ),
        Err(Stop::Vendor(failure)) if hides_department(&failure) || is_too_large(&failure) => Vec::new(),
        Err(stop) => return Err(stop),
    };
    let mut leaders: HashMap<String, Vec<String>> = listed.into_iter().map(|one| (one.id, one.leaders)).collect();
    let mut unknown = 0;
    for rows in found.chunks_mut(DEPARTMENTS_PER_PAGE) {
        let keys: Vec<String> = rows.iter().map(|row| key::department(&row.id)).collect();
        for (row, stored) in rows.iter_mut().zip(store::get_many(worker.platform, &keys)?) {
            row.leaders = match leaders.remove(&row.id) {
                Some(leaders) => leaders,
                None => {
                    unknown += 1;
                    let stored = stored.map(|entry| store::parse::<DepartmentRecord>(&entry)).transpose()?;
                    stored.map(|stored| stored.value.department.leaders).unwrap_or_default()
                }
            };
        }
    }
    if unknown > 0 {
        worker.note(format!("nobody told who leads {unknown} departments: left as they were"));
    }
    Ok(())
}
