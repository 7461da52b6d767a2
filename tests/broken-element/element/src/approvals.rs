//! Promises about requests for approval.

use organisation_kit::contract::{
    approvals::{Approval, ApprovalRequest, Guest, SearchFilter, SearchPage, Template},
    types::{Error, Reason},
};

use crate::{Broken, Sound, breaks, error, spoilt};

impl Guest for Broken {
    fn describe_template(id: String) -> Result<Template, Error> {
        spoilt(<Sound as Guest>::describe_template(id))
            .map_err(|found| if breaks("template-not-found") { error(Reason::Unavailable) } else { found })
    }

    fn submit(mut request: ApprovalRequest) -> Result<String, Error> {
        if breaks("approval-is-judged") {
            request.summary.truncate(3);
        }
        if breaks("approval-once-under-a-key") {
            request.idempotency_key = None;
        }
        match spoilt(<Sound as Guest>::submit(request.clone())) {
            Err(Error { reason: Reason::Unavailable | Reason::Conflict, .. }) if breaks("approval-looked-for") => {
                <Sound as Guest>::submit(ApprovalRequest { idempotency_key: None, ..request })
            }
            answer => answer,
        }
    }

    fn detail(number: String) -> Result<Approval, Error> {
        spoilt(<Sound as Guest>::detail(number))
            .map_err(|found| if breaks("approval-not-found") { error(Reason::Unavailable) } else { found })
    }

    fn search(
        begin: u64,
        end: u64,
        filter: SearchFilter,
        mut cursor: Option<String>,
        limit: u32,
    ) -> Result<SearchPage, Error> {
        if breaks("search-cursor") {
            cursor = None;
        }
        spoilt(<Sound as Guest>::search(begin, end, filter, cursor, limit))
    }

    fn notify(number: String, link: Option<String>) -> Result<Vec<String>, Error> {
        spoilt(<Sound as Guest>::notify(number, link))
    }
}
