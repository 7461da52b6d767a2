//! What the platform itself knows of members. The audit trail names the key of each decision.

use organisation_fleet::tenants::ApiScope::{Administration, Audit, Roles};
use organisation_host::{
    CallFailure,
    contract::administration::{IdOutcome, RoleRule},
};
use serde_json::{Value, json};

use super::{
    Answers, LIMIT, Operation, Takes, answered, done, get, list, object, optional, post, put, run, text, text_or_null,
};
use crate::{
    serve::api::failure::ApiFailure,
    view::{audit::decision, error::ErrorView},
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(
            "members/{id}/roles",
            Roles,
            "administration.member-roles-of",
            "查询角色 The roles of a member",
            run!(|call| answered(call.element.member_roles_of(call.path("id")).await)),
        ),
        Operation {
            takes: Takes::Fields(&[("roles", true)]),
            ..put(
                "members/{id}/roles",
                Roles,
                "administration.set-member-roles",
                "设置角色 Replace the assigned roles of a member",
                run!(|mut call| {
                    let roles: Vec<String> = call.field("roles")?;
                    answered(call.element.set_member_roles(call.path("id"), &roles, &call.actor).await)
                }),
            )
        },
        post(
            "members/{id}/roles/confirm",
            Roles,
            "administration.confirm-roles",
            "恢复角色 Give a member the suspended roles back",
            run!(|call| answered(call.element.confirm_roles(call.path("id"), &call.actor).await)),
        ),
        get(
            "role-rules",
            Administration,
            "administration.role-rules",
            "角色规则 The rules that give roles to many",
            run!(|call| answered(call.element.role_rules().await)),
        ),
        Operation {
            takes: Takes::Fields(&[("rules", true)]),
            ..put(
                "role-rules",
                Administration,
                "administration.set-role-rules",
                "设置角色规则 Replace all rules",
                run!(|mut call| {
                    let rules: Vec<RoleRule> = call.field("rules")?;
                    answered(call.element.set_role_rules(&rules, &call.actor).await)
                }),
            )
        },
        Operation {
            answers: Answers::Under("administrators"),
            ..get(
                "administrators",
                Administration,
                "administration.administrators",
                "管理员 Who administers the app",
                run!(|call| answered(call.element.administrators().await)),
            )
        },
        Operation {
            takes: Takes::Fields(&[("ids", true)]),
            answers: Answers::Nothing,
            ..put(
                "administrators",
                Administration,
                "administration.set-administrators",
                "设置管理员 Replace the list of administrators",
                run!(|mut call| {
                    let ids: Vec<String> = call.field("ids")?;
                    done(call.element.set_administrators(&ids, &call.actor).await)
                }),
            )
        },
        Operation {
            takes: Takes::Fields(&[("ids", true)]),
            answers: Answers::Described(outcomes_of),
            ..post(
                "retire-members",
                Administration,
                "administration.retire-members",
                "标记离职 Declare members as resigned",
                run!(|mut call| {
                    let ids: Vec<String> = call.field("ids")?;
                    outcomes(call.element.retire_members(&ids, &call.actor).await)
                }),
            )
        },
        Operation {
            takes: Takes::Fields(&[("ids", true)]),
            answers: Answers::Described(outcomes_of),
            ..post(
                "reinstate-members",
                Administration,
                "administration.reinstate-members",
                "撤销离职 Take that back",
                run!(|mut call| {
                    let ids: Vec<String> = call.field("ids")?;
                    outcomes(call.element.reinstate_members(&ids, &call.actor).await)
                }),
            )
        },
        Operation {
            answers: Answers::Nothing,
            ..post(
                "members/{id}/erase",
                Administration,
                "administration.erase-member",
                "彻底删除 Erase what is known of a member who left",
                run!(|call| done(call.element.erase_member(call.path("id"), &call.actor).await)),
            )
        },
        Operation {
            answers: Answers::Under("address"),
            ..get(
                "members/{id}/signature",
                Administration,
                "administration.signature",
                "签名 The image of a member's signature",
                run!(|call| answered(call.element.signature(call.path("id")).await)),
            )
        },
        Operation {
            takes: Takes::Fields(&[("address", false)]),
            answers: Answers::Nothing,
            ..put(
                "members/{id}/signature",
                Administration,
                "administration.set-signature",
                "设置签名 Set the image of a member's signature, or take it away",
                run!(|mut call| {
                    let address: Option<String> = call.field("address")?;
                    let id = call.path("id");
                    done(call.element.set_signature(id, address.as_deref(), &call.actor).await)
                }),
            )
        },
        Operation {
            query: vec![optional("after", "cursor of the page before"), LIMIT],
            answers: Answers::Described(trail),
            ..get(
                "audit",
                Audit,
                "",
                "审计记录 What administrators decided, oldest first",
                run!(|call| {
                    let page = call.element.audit(call.text("after"), call.limit()?).await?;
                    let cursor = page.entries.last().map(|entry| entry.cursor.clone());
                    let cursor = cursor.or_else(|| call.owned("after"));
                    let decisions: Vec<Value> = page.entries.into_iter().map(decision).collect();
                    Ok(json!({ "decisions": decisions, "cursor": cursor, "more": page.more }))
                }),
            )
        },
    ]
}

/// What became of each id; the problem as every error is written.
fn outcomes(answer: Result<Vec<IdOutcome>, CallFailure>) -> Result<Value, ApiFailure> {
    let outcome = |IdOutcome { id, problem }| json!({ "id": id, "problem": problem.map(ErrorView::from) });
    let members: Vec<Value> = answer?.into_iter().map(outcome).collect();
    Ok(json!({ "members": members }))
}

fn outcomes_of() -> Value {
    let problem = json!({ "anyOf": [{ "$ref": "#/components/schemas/error" }, { "type": "null" }] });
    object(json!({ "members": list(object(json!({ "id": text(), "problem": problem }))) }))
}

fn trail() -> Value {
    let decision = object(json!({
        "at": text(), "actor": text(), "action": text(), "subject": text_or_null(), "before": {}, "after": {}, "cursor": text(),
    }));
    object(json!({ "decisions": list(decision), "cursor": text_or_null(), "more": { "type": "boolean" } }))
}
