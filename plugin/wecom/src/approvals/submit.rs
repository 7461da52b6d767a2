//! Making a request (doc 91853), at most once under an idempotency key.
//!
//! WeCom makes another request of the same body, so it is sent once. Under a key the kit remembers that it was begun. When it was
//! sent is written down before; whoever repeats a request that was not answered looks first whether it is there ([`lost`]).

use organisation_kit::{
    contract::approvals::ApprovalRequest,
    failure::Failure,
    idempotency::{self, Claim, Held},
    store,
};
use serde_json::Value;

use super::{
    judge,
    lost::{self, Sent},
};
use crate::{
    api::{answer, client::WeComClient, codes::UNSOUND_REQUEST},
    wire::json_tree::{self, JsonTree},
};

/// Under this the kit keeps the keys.
const KIND: &str = "approval";

/// See `approvals.submit`.
pub(super) fn submit(client: &WeComClient<'_>, request: &ApprovalRequest) -> Result<String, Failure> {
    judge::early(request)?;
    let Some(key) = &request.idempotency_key else {
        return send(client, &body(client, request)?);
    };
    let common = &client.config().common;
    let held = match idempotency::claim(client.calls.platform(), common, KIND, key, &[&store::to_json(request)])? {
        Claim::Done(answer) => return idempotency::read_answer(KIND, &answer),
        Claim::Held(held) => held,
    };
    let before = held.unfinished.as_ref().and_then(|unfinished| unfinished.progress.as_deref()).and_then(Sent::read);
    let next = body(client, request).and_then(|body| Ok((lost_number(client, request, &body, before)?, body)));
    match next {
        Ok((Some(number), _)) => {
            held.finish(&number);
            Ok(number)
        }
        Ok((None, body)) => send_held(client, held, &body, before),
        Err(failure) => {
            held.release();
            Err(failure)
        }
    }
}

/// Reads the template, and judges and writes the request.
fn body(client: &WeComClient<'_>, request: &ApprovalRequest) -> Result<Value, Failure> {
    judge::body(request, &super::template(client, &request.template)?, client.calls.platform().now_ms())
}

/// The number of the request, if it was made before.
fn lost_number(
    client: &WeComClient<'_>,
    request: &ApprovalRequest,
    body: &Value,
    before: Option<Sent>,
) -> Result<Option<String>, Failure> {
    // What was never sent does not exist.
    before.map_or(Ok(None), |sent| lost::find(client, request, body, sent))
}

fn send_held(
    client: &WeComClient<'_>,
    mut held: Held<'_>,
    body: &Value,
    before: Option<Sent>,
) -> Result<String, Failure> {
    let sent = Sent::again(before, client.calls.platform().now_ms());
    // Where somebody else is at it by now, nothing is sent.
    held.progress(sent.write())?;
    let outcome = send(client, body);
    match &outcome {
        Ok(number) => held.finish(number),
        Err(failure) if failure.may_be_done => held.leave(None),
        Err(_) => held.release(),
    }
    outcome
}

/// Sends it once: whether a request that was not answered exists, nobody knows.
fn send(client: &WeComClient<'_>, body: &Value) -> Result<String, Failure> {
    let call = client.config().apply_event(body);
    let text = client.calls.text(&call).map_err(unsound)?;
    answer::read(&call, &text, number)?.ok_or_else(|| answer::without(&call, "sp_no"))
}

fn number(text: &str) -> Result<Option<String>, serde_json::Error> {
    Ok(JsonTree(&json_tree::parse(text)?).at("sp_no").text())
}

/// What WeCom finds wrong with the values is the caller's to mend.
fn unsound(failure: Failure) -> Failure {
    if !UNSOUND_REQUEST.include(&failure) {
        return failure;
    }
    let reason = Failure::invalid_argument("fields", failure.message.clone()).into_details().reason;
    failure.with_reason(reason).with_hint((
        "请对照审批模板检查各字段；假勤时间不能与其他申请重叠",
        "compare the fields with the template; times of attendance must not overlap those of another request",
    ))
}
