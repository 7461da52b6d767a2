//! What an app does with its members: roles, a message, a request for approval.

use organisation_host::contract::{
    administration::{MemberRoles, RoleRule, RuleScope},
    approvals::{ApprovalRequest, Field, FieldValue, LocalisedText, PlainValue},
    messaging::{Content, Message, Recipients},
};
use wecom_simulator::{Decision, PURCHASE_TEMPLATE};

use super::{narrator::Narrator, stage::Stage};
use crate::{
    command_error::CommandError,
    session, text,
    view::{approval::ApprovalView, message::SentView, record::record},
};

/// Who decides here, for the audit trail.
const ACTOR: &str = "demo";
/// Who applies, and who decides.
const APPLICANT: &str = "lisi";
const APPROVER: &str = "ZhangSan";

/// A rule gives a role to a department and all below it, an administrator another one to a member.
pub async fn roles(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("roles", "应用角色", "roles: a rule for a department, and one assigned to a member")?;
    let rule = RoleRule { role: "engineer".to_owned(), scope: RuleScope::Department("2".to_owned()) };
    session::answer(stage.element.set_role_rules(&[rule], ACTOR), narrator.output()).await?;
    let role = ["buyer".to_owned()];
    let assigned = stage.element.set_member_roles(APPROVER, &role, ACTOR);
    let roles: MemberRoles = session::answer(assigned, narrator.output()).await?;
    let view = record(&roles)?;
    narrator.say(text::record::record(APPROVER, &view, narrator.paint()))?;
    narrator.result(&view)?;
    let has_both = roles.roles == ["buyer", "engineer"];
    narrator.expect("分配的与规则给予的角色都有效 assigned and ruled roles count", has_both)?;
    let trail = stage.element.audit(None, 10).await?;
    narrator.expect("决定已记入审计 both decisions stand in the audit trail", trail.entries.len() == 2)?;
    Ok(())
}

/// A message to whoever has a role.
pub async fn message(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("message", "消息", "a message to everybody with a role")?;
    let message = Message {
        to: Recipients {
            everybody: false,
            members: Vec::new(),
            departments: Vec::new(),
            tags: Vec::new(),
            roles: vec!["buyer".to_owned()],
        },
        content: Content::Text("订单 4711 待采购\nOrder 4711 is to be bought".to_owned()),
        sharing: None,
        translate_ids: false,
        idempotency_key: Some("order-4711".to_owned()),
    };
    let sent = session::answer(stage.element.send_message(&message), narrator.output()).await?;
    // As a platform does that did not get the answer.
    session::answer(stage.element.send_message(&message), narrator.output()).await?;
    let view = SentView::of(&sent)?;
    narrator.say(text::record::record("消息 message", &view, narrator.paint()))?;
    narrator.result(&view)?;
    let received = stage.control.inbox(APPROVER).len();
    narrator.expect("重复发送也只收到一次 sent twice with one key, it arrives once", received == 1)?;
    Ok(())
}

/// A member applies, another one agrees.
pub async fn approval(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("approval", "审批", "a request for approval, made by the app and decided by a person")?;
    let request = ApprovalRequest {
        template: PURCHASE_TEMPLATE.to_owned(),
        applicant: APPLICANT.to_owned(),
        department: None,
        process: None,
        fields: vec![Field {
            id: "Money-1700000000001".to_owned(),
            kind: None,
            titles: Vec::new(),
            value: FieldValue::Plain(PlainValue::Money("700.50".to_owned())),
        }],
        summary: vec![vec![LocalisedText { language: "zh-CN".to_owned(), text: "采购 700.50 元".to_owned() }]],
        idempotency_key: Some("order-4711".to_owned()),
    };
    let number = session::answer(stage.element.submit_approval(&request), narrator.output()).await?;
    let agreed = stage.control.decide(APPROVER, &number, &Decision::Agree("同意".to_owned()));
    agreed.map_err(|error| CommandError::Simulation(error.to_string()))?;
    let view = ApprovalView::of(session::answer(stage.element.approval(&number), narrator.output()).await?)?;
    narrator.say(text::record::record("审批 approval", &view, narrator.paint()))?;
    narrator.result(&view)?;
    narrator.expect("审批已通过 it is approved", view.status == "approved")?;
    Ok(())
}
