//! Promises about requests for approval.

use organisation_kit::contract::{
    approvals::{Approval, ApprovalRequest, Guest, SearchFilter, SearchPage, Template},
    messaging::{self, Content, Message, Recipients},
    types::{Error, Reason},
};

use crate::{Broken, Sound, breaks, error, spoilt};

fn no_recipients() -> Recipients {
    let (members, departments, tags, roles) = Default::default();
    Recipients { everybody: false, members, departments, tags, roles }
}

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
        if breaks("approval-notified") {
            return Ok(vec!["lisi".to_owned()]);
        }
        if breaks("approval-notified-once") {
            // To one who knows already.
            let told = <Sound as Guest>::notify(number, link.clone())?;
            let to = Recipients { everybody: false, members: told.clone(), ..no_recipients() };
            let content = Content::Text(link.unwrap_or_default());
            let message = Message { to, content, sharing: None, translate_ids: false, idempotency_key: None };
            return <Sound as messaging::Guest>::send(message).map(|_| told);
        }
        spoilt(<Sound as Guest>::notify(number, link))
    }
}
