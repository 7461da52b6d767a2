//! Requests that members make and others decide.

use super::super::Element;
use crate::call::{Answered, Call};
use crate::contract::approvals::{Approval, ApprovalRequest, SearchFilter, SearchPage, Template};

impl Element {
    /// What a template of approvals asks for.
    pub fn describe_template<'a>(&'a self, id: &'a str) -> Call<'a, Answered<Template>> {
        self.call("approvals.describe-template", (id,))
    }

    /// Makes a request for approval, and answers its number.
    pub fn submit_approval<'a>(&'a self, request: &'a ApprovalRequest) -> Call<'a, Answered<String>> {
        self.call("approvals.submit", (request,))
    }

    /// One request for approval with all that was decided.
    pub fn approval<'a>(&'a self, number: &'a str) -> Call<'a, Answered<Approval>> {
        self.call("approvals.detail", (number,))
    }

    /// Numbers of the requests that were submitted from `begin` until before `end`, both in milliseconds since 1970.
    pub fn search_approvals<'a>(
        &'a self,
        begin: u64,
        end: u64,
        filter: &'a SearchFilter,
        cursor: Option<&'a str>,
        limit: u32,
    ) -> Call<'a, Answered<SearchPage>> {
        self.call("approvals.search", (begin, end, filter, cursor, limit))
    }

    /// Tells whoever has to decide a request now, with a link where there is one. Gives who knows of it and has to decide.
    pub fn notify_of_approval<'a>(&'a self, number: &'a str, link: Option<&'a str>) -> Call<'a, Answered<Vec<String>>> {
        self.call("approvals.notify", (number, link))
    }
}
