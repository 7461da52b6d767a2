//! Requests that members make and others decide.

use super::super::{Answered, Element};
use crate::call::CallResult;
use crate::contract::approvals::{Approval, ApprovalRequest, SearchFilter, SearchPage, Template};

impl Element {
    /// What a template of approvals asks for.
    pub async fn describe_template(&self, id: &str) -> CallResult<Answered<Template>> {
        self.call("approvals.describe-template", (id,)).await
    }

    /// Makes a request for approval, and answers its number.
    pub async fn submit_approval(&self, request: &ApprovalRequest) -> CallResult<Answered<String>> {
        self.call("approvals.submit", (request,)).await
    }

    /// One request for approval with all that was decided.
    pub async fn approval(&self, number: &str) -> CallResult<Answered<Approval>> {
        self.call("approvals.detail", (number,)).await
    }

    /// Numbers of the requests that were submitted from `begin` until before `end`, both in milliseconds since 1970.
    pub async fn search_approvals(
        &self,
        begin: u64,
        end: u64,
        filter: &SearchFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> CallResult<Answered<SearchPage>> {
        self.call("approvals.search", (begin, end, filter, cursor, limit)).await
    }

    /// Tells whoever has to decide a request now, with a link where there is one. Gives who knows of it and has to decide.
    pub async fn notify_of_approval(&self, number: &str, link: Option<&str>) -> CallResult<Answered<Vec<String>>> {
        self.call("approvals.notify", (number, link)).await
    }
}
