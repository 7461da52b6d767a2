//! Answers about members and departments, in the kit's words.

use organisation_kit::{
    calls::Call,
    contract::types::Reason,
    directory::{department::DepartmentRow, id::IdRule, member::MemberRow},
    failure::Failure,
    vendor::{DepartmentAnswer, Listed, MemberAnswer},
};

use super::{
    answer,
    codes::{Codes, HIDDEN_DEPARTMENT, HIDDEN_MEMBER},
};

/// An answer about somebody else, as a confused cache may give, is an error: asked again, it may be another.
pub(crate) fn member(call: &Call, id: &str, row: Result<MemberRow, Failure>) -> Result<MemberAnswer, Failure> {
    match row {
        Ok(MemberRow::Fetched(found)) if !IdRule::IgnoreCase.is_same(&found.member.id, id) => {
            Err(answer::without(call, "member of that id"))
        }
        row => MemberAnswer::of(id, IdRule::IgnoreCase, or_hidden(row, &HIDDEN_MEMBER)),
    }
}

/// Likewise.
pub(crate) fn department(
    call: &Call,
    id: &str,
    row: Result<DepartmentRow, Failure>,
) -> Result<DepartmentAnswer, Failure> {
    match row {
        Ok(DepartmentRow::Fetched(found)) if found.department.id != id => {
            Err(answer::without(call, "department of that id"))
        }
        row => DepartmentAnswer::of(id, or_hidden(row, &HIDDEN_DEPARTMENT)),
    }
}

/// A list of a department, or that it is not to be seen.
pub(crate) fn list<T>(answer: Result<T, Failure>) -> Result<Listed<T>, Failure> {
    Listed::of(or_hidden(answer, &HIDDEN_DEPARTMENT))
}

/// What is hidden from the app is as good as not there: WeCom does not tell the two apart.
fn or_hidden<T>(answer: Result<T, Failure>, hidden: &Codes) -> Result<T, Failure> {
    answer.map_err(|failure| match hidden.include(&failure) {
        true => failure.with_reason(Reason::NotFound),
        false => failure,
    })
}

#[cfg(test)]
mod tests;
