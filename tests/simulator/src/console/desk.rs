//! Actions at the desk of the approvals app.

use serde_json::{Value, json};

use super::action::{Action, action};
use super::fields::{ActionError, Fields};
use crate::approval::{Approval, Decision};
use crate::control::Control;

pub(super) static ACTIONS: &[Action] = &[
    action("apply", "member template [contents] (the JSON list of apply_data.contents)", |control, fields| {
        let contents = match fields.given("contents") {
            None | Some("") => Vec::new(),
            Some(text) => serde_json::from_str(text).map_err(|_| fields.invalid("contents", "a JSON list"))?,
        };
        let number = control.submit_approval(fields.text("member")?, fields.text("template")?, contents)?;
        Ok(json!({"ok": true, "number": number}))
    }),
    action(
        "decide",
        "member number decision (agree, reject, transfer, add-approver) [speech] [to]",
        |control, fields| {
            let speech = fields.given("speech").unwrap_or_default().to_owned();
            let to = || fields.text("to").map(str::to_owned);
            let decision = match fields.text("decision")? {
                "agree" => Decision::Agree(speech),
                "reject" => Decision::Reject(speech),
                "transfer" => Decision::Transfer(to()?),
                "add-approver" => Decision::AddApprover(to()?),
                _ => return Err(fields.invalid("decision", "agree, reject, transfer or add-approver")),
            };
            Ok(shown(&control.decide(fields.text("member")?, fields.text("number")?, &decision)?))
        },
    ),
    action("withdraw", "member number", |control, fields| {
        Ok(shown(&control.withdraw(fields.text("member")?, fields.text("number")?)?))
    }),
    action("urge", "member number", |control, fields| {
        Ok(shown(&control.urge(fields.text("member")?, fields.text("number")?)?))
    }),
    action("comment", "member number text", |control, fields| {
        Ok(shown(&control.comment(fields.text("member")?, fields.text("number")?, fields.text("text")?)?))
    }),
    action("change-approvals", "[disabled] [single_objects] [densest_window]", change),
];

fn shown(request: &Approval) -> Value {
    json!({"ok": true, "status": request.status.number(), "awaited": request.awaited()})
}

fn change(control: &Control, fields: &Fields) -> Result<Value, ActionError> {
    let (disabled, single) = (fields.given_flag("disabled")?, fields.given_flag("single_objects")?);
    let densest = match fields.given("densest_window") {
        None => None,
        Some("") => Some(None),
        Some(text) => Some(Some(text.parse().map_err(|_| fields.invalid("densest_window", "a whole number"))?)),
    };
    control.configure(|behaviour| {
        let approvals = &mut behaviour.approvals;
        approvals.disabled = disabled.unwrap_or(approvals.disabled);
        approvals.single_objects = single.unwrap_or(approvals.single_objects);
        approvals.densest_window = densest.unwrap_or(approvals.densest_window);
    });
    Ok(json!({"ok": true}))
}
