//! Asking about members and departments, in the kit's words.

use organisation_kit::{
    calls::Call,
    directory::{department::DepartmentRow, id::IdRule, member::MemberRow},
    failure::Failure,
    platform::Platform,
    vendor::{DepartmentAnswer, ListRequest, Listed, MemberAnswer},
};

use super::{
    answer,
    client::Client,
    codes::{HIDDEN_DEPARTMENT, HIDDEN_MEMBER},
};
use crate::wire::{department, member};

impl<P: Platform> Client<'_, P> {
    /// Asks about one member, again where that may help.
    ///
    /// # Errors
    /// What WeCom refuses for any other reason than that the member is not to be seen: it does not tell those who are
    /// gone from those outside the visible range.
    pub(crate) fn member(&self, id: &str) -> Result<MemberAnswer, Failure> {
        let call = self.config().user_get(id);
        member_answer(&call, id, self.calls.patiently(&call, |text| read(&call, text, member::parse)))
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
        let call = self.config().department_get(&id);
        department_answer(&call, &id, self.calls.patiently(&call, |text| read(&call, text, department::parse_one)))
    }

    /// Asks about members side by side, once.
    pub(crate) fn members_at_once(&self, ids: &[String]) -> Vec<Result<MemberAnswer, Failure>> {
        let calls: Vec<Call> = ids.iter().map(|id| self.config().user_get(id)).collect();
        let answer = |((call, id), text): ((&Call, &String), Result<String, Failure>)| {
            member_answer(call, id, text.and_then(|text| read(call, &text, member::parse)))
        };
        calls.iter().zip(ids).zip(self.calls.texts(&calls, None)).map(answer).collect()
    }

    /// Asks about departments side by side, once.
    pub(crate) fn departments_at_once(&self, ids: &[String]) -> Vec<Result<DepartmentAnswer, Failure>> {
        let calls: Vec<Call> = ids.iter().map(|id| self.config().department_get(id)).collect();
        let answer = |((call, id), text): ((&Call, &String), Result<String, Failure>)| {
            department_answer(call, id, text.and_then(|text| read(call, &text, department::parse_one)))
        };
        calls.iter().zip(ids).zip(self.calls.texts(&calls, None)).map(answer).collect()
    }

    /// Asks for the members of departments side by side, once. WeCom knows no pages.
    pub(crate) fn lists_at_once(
        &self,
        asked: &[ListRequest<'_>],
        max_bytes: Option<u64>,
    ) -> Vec<Result<Listed<String>, Failure>> {
        let calls: Vec<Call> = asked.iter().map(|asked| self.config().user_list(asked.department)).collect();
        self.calls.texts(&calls, max_bytes).into_iter().map(listed).collect()
    }

    /// The ids of the direct members of a department: a tenth of what their list takes.
    ///
    /// # Errors
    /// What WeCom refuses, or an answer that cannot be read.
    pub(crate) fn ids_of(&self, department: &str) -> Result<Listed<Vec<String>>, Failure> {
        let call = self.config().user_simple_list(department);
        listed(self.calls.text(&call).and_then(|text| read(&call, &text, member::ids)))
    }
}

fn read<T>(call: &Call, text: &str, parse: fn(&str) -> Result<T, serde_json::Error>) -> Result<T, Failure> {
    parse(text).map_err(|error| answer::unreadable(call, &error))
}

/// An answer about somebody else, as a confused cache may give, is an error: asked again, it may be another.
fn member_answer(call: &Call, id: &str, row: Result<MemberRow, Failure>) -> Result<MemberAnswer, Failure> {
    match row {
        Ok(MemberRow::Fetched(fetched)) if IdRule::IgnoreCase.is_same(&fetched.member.id, id) => {
            Ok(MemberAnswer::Shown(fetched))
        }
        Ok(MemberRow::Fetched(_)) => Err(answer::without(call, "member of that id")),
        Ok(MemberRow::Unreadable { .. }) => Ok(MemberAnswer::Unreadable),
        Err(failure) if HIDDEN_MEMBER.include(&failure) => Ok(MemberAnswer::Hidden(failure.vendor_code)),
        Err(failure) => Err(failure),
    }
}

fn department_answer(call: &Call, id: &str, row: Result<DepartmentRow, Failure>) -> Result<DepartmentAnswer, Failure> {
    match row {
        Ok(DepartmentRow::Fetched(fetched)) if fetched.department.id == id => {
            Ok(DepartmentAnswer::Shown(Box::new(fetched)))
        }
        Ok(DepartmentRow::Fetched(_)) => Err(answer::without(call, "department of that id")),
        Ok(DepartmentRow::Unreadable) => Ok(DepartmentAnswer::Unreadable),
        Err(failure) if HIDDEN_DEPARTMENT.include(&failure) => Ok(DepartmentAnswer::Hidden(failure.vendor_code)),
        Err(failure) => Err(failure),
    }
}

/// A list of a department, or that it is not to be seen.
fn listed<T>(answer: Result<T, Failure>) -> Result<Listed<T>, Failure> {
    match answer {
        Ok(list) => Ok(Listed::Here(list)),
        Err(failure) if HIDDEN_DEPARTMENT.include(&failure) => Ok(Listed::Hidden(failure.vendor_code)),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests;
