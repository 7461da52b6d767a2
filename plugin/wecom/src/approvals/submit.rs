//! Making a request (doc 91853).

use organisation_kit::{contract::approvals::ApprovalRequest, failure::Failure, platform::Platform};
use serde_json::Value;

use super::judge;
use crate::{
    api::{answer, client::WeComClient, codes::UNSOUND_REQUEST},
    wire::tree::{self, Tree},
};

/// See `approvals.submit`.
pub(super) fn submit<P: Platform>(client: &WeComClient<'_, P>, request: &ApprovalRequest) -> Result<String, Failure> {
    judge::early(request)?;
    let template = super::template(client, &request.template)?;
    let body = judge::body(request, &template)?;
    send(client, &body)
}

/// Sends it once: whether a request that was not answered exists, nobody knows.
fn send<P: Platform>(client: &WeComClient<'_, P>, body: &Value) -> Result<String, Failure> {
    let call = client.config().apply_event(body);
    let text = client.calls.text(&call).map_err(unsound)?;
    answer::read(&call, &text, number)?.ok_or_else(|| answer::without(&call, "sp_no"))
}

fn number(text: &str) -> Result<Option<String>, serde_json::Error> {
    Ok(Tree(&tree::parse(text)?).at("sp_no").text())
}

/// What WeCom finds wrong with the values is the caller's to mend.
fn unsound(failure: Failure) -> Failure {
    if !UNSOUND_REQUEST.include(&failure) {
        return failure;
    }
    let reason = Failure::invalid_argument("fields", failure.message.clone()).reason;
    Failure { reason, ..failure }.with_hint((
        "请对照审批模板检查各字段；假勤时间不能与其他申请重叠",
        "compare the fields with the template; times of attendance must not overlap those of another request",
    ))
}
