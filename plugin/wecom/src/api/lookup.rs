//! Asking about one member or department, in the kit's words.

use super::{
    answer,
    call::Call,
    client::Client,
    codes::{hides_department, hides_member},
};
use crate::{
    failure::Failure,
    kit::{
        directory::{department::DepartmentRow, id::IdRule, member::MemberRow},
        platform::Platform,
        vendor::{DepartmentAnswer, MemberAnswer},
    },
    wire::{department, member},
};

impl<P: Platform> Client<'_, P> {
    /// Asks about one member. An answer about somebody else, as a confused cache may give, is taken for nobody.
    ///
    /// # Errors
    /// What WeCom refuses for any other reason than that the member is not to be seen: it does not tell those who are
    /// gone from those outside the visible range.
    pub(crate) fn member(&self, id: &str) -> Result<MemberAnswer, Failure> {
        let call = Call::member(id);
        let text = match self.read_text(&call) {
            Err(failure) if hides_member(&failure) => return Ok(MemberAnswer::Hidden(failure.vendor_code)),
            answer => answer?,
        };
        Ok(match member::parse(&text).map_err(|error| answer::unreadable(&call, &error).failure)? {
            MemberRow::Fetched(fetched) if IdRule::IgnoreCase.is_same(&fetched.member.id, id) => {
                MemberAnswer::Shown(fetched)
            }
            MemberRow::Fetched(_) | MemberRow::Unreadable { .. } => MemberAnswer::Unreadable,
        })
    }

    /// Asks about one department, likewise.
    ///
    /// # Errors
    /// As [`Client::member`].
    pub(crate) fn department(&self, id: &str) -> Result<DepartmentAnswer, Failure> {
        let call = Call::department(id);
        let text = match self.read_text(&call) {
            Err(failure) if hides_department(&failure) => return Ok(DepartmentAnswer::Hidden(failure.vendor_code)),
            answer => answer?,
        };
        Ok(match department::parse_one(&text).map_err(|error| answer::unreadable(&call, &error).failure)? {
            DepartmentRow::Fetched(fetched) if fetched.department.id == id => {
                DepartmentAnswer::Shown(Box::new(fetched))
            }
            DepartmentRow::Fetched(_) | DepartmentRow::Unreadable => DepartmentAnswer::Unreadable,
        })
    }
}

#[cfg(test)]
mod tests;
