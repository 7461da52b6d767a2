//! Who leads departments, where the export did not tell: WeCom's own example of a file does not.

use std::collections::BTreeMap;

use crate::{
    api::codes::HIDDEN_DEPARTMENT,
    scope::{self, WeComRun},
};
use organisation_kit::{
    directory::{department::DepartmentRow, member::Absent, sync::StepError},
    failure::Cause,
    text,
};

/// Asks who leads departments of which a file told the rest. Where nobody tells, what is known stays.
pub(super) fn add(run: &mut WeComRun<'_, '_>, rows: &mut [DepartmentRow]) -> Result<(), StepError> {
    let listed = match scope::list(run, None)? {
        Ok(listed) => listed,
        Err(failure) if HIDDEN_DEPARTMENT.include(&failure) || failure.cause == Cause::AnswerTooLarge => Vec::new(),
        Err(failure) => return Err(StepError::Vendor(failure)),
    };
    let leaders = listed.into_iter().filter_map(|row| match row {
        DepartmentRow::Fetched(row) if !row.absent.has(Absent::LEADERS) => {
            Some((row.department.id, row.department.leaders))
        }
        _ => None,
    });
    let mut known = BTreeMap::new();
    known.extend(leaders);
    let mut unknown = 0;
    for row in rows {
        let DepartmentRow::Fetched(row) = row else { continue };
        match known.remove(&row.department.id) {
            Some(leaders) => {
                row.department.leaders = leaders;
                row.absent.remove(Absent::LEADERS);
            }
            None => unknown += 1,
        }
    }
    if unknown > 0 {
        run.note(text! { "{unknown} 个部门的负责人未知：保持原样",
        "nobody told who leads {unknown} departments: left as they were" });
    }
    Ok(())
}
