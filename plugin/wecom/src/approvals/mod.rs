//! Requests that members make on templates of the approvals app (审批) and that others decide.
//!
//! The approvals app is meant, whose data WeCom keeps; not the approval engine (审批流程引擎), whose data an app keeps itself.
//!
//! | File | What it holds |
//! |---|---|
//! | `template`, `kind`, `language` | what a template asks for; kinds of controls and languages by name |
//! | `value` | what stands in a control, to WeCom's JSON and back |
//! | `judge`, `limit` | a request against its template and the documentation, before WeCom sees it |
//! | `submit`, `lost` | making a request; whether one exists whose answer was lost |
//! | `detail`, `status` | one request with all decisions; WeCom's numbers by name |
//! | `to_do` | cards for those who have to decide, and their updates |
//! | `search`, `window`, `cursor` | numbers of requests in a time of any length |

use organisation_kit::{
    capability::{ApprovalSearch, Approvals},
    contract::{
        approvals::{Approval, ApprovalRequest, SearchPage, Template},
        types::Reason,
    },
    failure::Failure,
    invalid_argument,
};

use crate::{
    api::{answer, client::WeComClient, codes::UNKNOWN_APPROVAL},
    wecom::WeCom,
};

mod call;
mod cursor;
mod detail;
mod judge;
mod kind;
mod language;
mod limit;
mod lost;
mod search;
pub(crate) mod status;
mod submit;
mod template;
#[cfg(test)]
mod tests;
pub(crate) mod to_do;
mod value;
mod window;

impl Approvals for WeCom {
    fn describe_template(client: &WeComClient<'_>, id: &str) -> Result<Template, Failure> {
        template(client, id)
    }

    fn submit(client: &WeComClient<'_>, request: &ApprovalRequest) -> Result<String, Failure> {
        submit::submit(client, request)
    }

    fn detail(client: &WeComClient<'_>, number: &str) -> Result<Approval, Failure> {
        detail(client, number)
    }

    fn search(client: &WeComClient<'_>, search: &ApprovalSearch<'_>) -> Result<SearchPage, Failure> {
        search::search(client, search)
    }

    fn notify(client: &WeComClient<'_>, number: &str, link: Option<&str>) -> Result<Vec<String>, Failure> {
        to_do::notify(client, number, link)
    }
}

/// Reads a template.
fn template(client: &WeComClient<'_>, id: &str) -> Result<Template, Failure> {
    if id.is_empty() {
        return Err(invalid_argument!("template": "模板 ID 不能为空", "the id of a template must not be empty"));
    }
    let call = client.config().approval_template(id);
    let template = client.calls.with_retries(&call, |text| answer::read(&call, text, template::parse));
    template.map(|template| Template { id: id.to_owned(), ..template }).map_err(or_unknown)
}

/// Reads a request. An answer about another one, as a confused cache may give, is an error.
fn detail(client: &WeComClient<'_>, number: &str) -> Result<Approval, Failure> {
    if number.is_empty() {
        return Err(invalid_argument!("number": "审批编号不能为空", "the number of a request must not be empty"));
    }
    let call = client.config().approval_detail(number);
    let approval =
        client.calls.with_retries(&call, |text| answer::read(&call, text, detail::parse)).map_err(or_unknown)?;
    if approval.number == number { Ok(approval) } else { Err(answer::without(&call, "request of that number")) }
}

/// With one id for all parameters, what is wrong is the id.
fn or_unknown(failure: Failure) -> Failure {
    match UNKNOWN_APPROVAL.include(&failure) {
        true => failure.with_reason(Reason::NotFound),
        false => failure,
    }
}
