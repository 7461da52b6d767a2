//! Asking about members and departments, in the kit's words.

use organisation_kit::{
    directory::{department::DepartmentRow, id::IdRule, member::MemberRow},
    failure::Failure,
    platform::Platform,
    vendor::{DepartmentAnswer, ListRequest, Listed, MemberAnswer},
};

use super::{
    answer,
    call::Call,
    client::Client,
    codes::{hides_department, hides_member},
    endpoint::Endpoint,
};
use crate::wire::{department, member};

impl<P: Platform> Client<'_, P> {
    /// Asks about one member, again where that may help.
    ///
    /// # Errors
    /// What WeCom refuses for any other reason than that the member is not to be seen: it does not tell those who are
    /// gone from those outside the visible range.
    pub(crate) fn member(&self, id: &str) -> Result<MemberAnswer, Failure> {
        let call = Call::member(id);
        read_member(&call, id, self.read_text(&call))
    }

    /// Asks about one department, likewise. What is no number names none: it is refused before WeCom is asked.
    ///
    /// # Errors
    /// `invalid-argument` for an id that is no number; else as [`Client::member`].
    pub(crate) fn department(&self, id: &str) -> Result<DepartmentAnswer, Failure> {
        let number: u32 = id.parse().map_err(|_| {
            Failure::invalid_argument(
                "id",
                (
                    "部门 ID 须为小于 4294967296 的整数，例如 1 或 2315041299",
                    "a department id is a whole number below 4294967296, such as 1 or 2315041299",
                ),
            )
        })?;
        let id = number.to_string();
        let call = Call::department(&id);
        read_department(&call, &id, self.read_text(&call))
    }

    /// Asks about members side by side, once.
    pub(crate) fn members_at_once(&self, ids: &[String]) -> Vec<Result<MemberAnswer, Failure>> {
        let calls: Vec<Call> = ids.iter().map(|id| Call::member(id)).collect();
        let answers = self.attempt_all(&calls, None);
        calls.iter().zip(ids).zip(answers).map(|((call, id), answer)| read_member(call, id, answer)).collect()
    }

    /// Asks about departments side by side, once.
    pub(crate) fn departments_at_once(&self, ids: &[String]) -> Vec<Result<DepartmentAnswer, Failure>> {
        let calls: Vec<Call> = ids.iter().map(|id| Call::department(id)).collect();
        let answers = self.attempt_all(&calls, None);
        calls.iter().zip(ids).zip(answers).map(|((call, id), answer)| read_department(call, id, answer)).collect()
    }

    /// Asks for the members of departments side by side, once. WeCom knows no pages.
    pub(crate) fn lists_at_once(
        &self,
        asked: &[ListRequest<'_>],
        max_bytes: Option<u64>,
    ) -> Vec<Result<Listed<String>, Failure>> {
        let calls: Vec<Call> = asked.iter().map(|asked| Call::list(asked.department)).collect();
        self.attempt_all(&calls, max_bytes).into_iter().map(listed).collect()
    }

    /// The ids of the direct members of a department: a tenth of what their list takes.
    ///
    /// # Errors
    /// What WeCom refuses, or an answer that cannot be read.
    pub(crate) fn ids_of(&self, department: &str) -> Result<Listed<Vec<String>>, Failure> {
        let call = Call::get(Endpoint::UserSimpleList, vec![("department_id", department.to_owned())]);
        let answer = self.attempt_all(std::slice::from_ref(&call), None).pop();
        match listed(answer.unwrap_or_else(|| Err(answer::without(&call, "answer of the host").failure)))? {
            Listed::Here(text) => {
                let (ids, _) = member::ids(&text).map_err(|error| answer::unreadable(&call, &error).failure)?;
                Ok(Listed::Here(ids))
            }
            Listed::Hidden(code) => Ok(Listed::Hidden(code)),
        }
    }
}

/// An answer about somebody else, as a confused cache may give, is an error: asked again, it may be another.
fn read_member(call: &Call, id: &str, answer: Result<String, Failure>) -> Result<MemberAnswer, Failure> {
    let text = match answer {
        Err(failure) if hides_member(&failure) => return Ok(MemberAnswer::Hidden(failure.vendor_code)),
        answer => answer?,
    };
    Ok(match member::parse(&text).map_err(|error| answer::unreadable(call, &error).failure)? {
        MemberRow::Fetched(fetched) if IdRule::IgnoreCase.is_same(&fetched.member.id, id) => {
            MemberAnswer::Shown(fetched)
        }
        MemberRow::Fetched(_) => return Err(answer::without(call, "member of that id").failure),
        MemberRow::Unreadable { .. } => MemberAnswer::Unreadable,
    })
}

fn read_department(call: &Call, id: &str, answer: Result<String, Failure>) -> Result<DepartmentAnswer, Failure> {
    let text = match answer {
        Err(failure) if hides_department(&failure) => return Ok(DepartmentAnswer::Hidden(failure.vendor_code)),
        answer => answer?,
    };
    Ok(match department::parse_one(&text).map_err(|error| answer::unreadable(call, &error).failure)? {
        DepartmentRow::Fetched(fetched) if fetched.department.id == id => DepartmentAnswer::Shown(Box::new(fetched)),
        DepartmentRow::Fetched(_) => return Err(answer::without(call, "department of that id").failure),
        DepartmentRow::Unreadable => DepartmentAnswer::Unreadable,
    })
}

/// A list of a department, or that it is not to be seen.
fn listed(answer: Result<String, Failure>) -> Result<Listed<String>, Failure> {
    match answer {
        Ok(text) => Ok(Listed::Here(text)),
        Err(failure) if hides_department(&failure) => Ok(Listed::Hidden(failure.vendor_code)),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests;
