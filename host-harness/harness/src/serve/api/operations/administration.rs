//! What the platform itself knows of members. The audit trail names the key of each decision.

use organisation_fleet::tenants::ApiScope::{Administration, Audit, Roles};
use organisation_host::{
    Answered, CallResult,
    contract::administration::{IdOutcome, RoleRule},
};
use serde_json::{Value, json};

use super::{
    Answers, LIMIT, Operation, Takes, answered, done, get, list, object, optional, post, put, run, text, text_or_null,
};
use crate::{
    serve::api::failure::{ApiFailure, answer},
    view::{audit::decision, error::ErrorView},
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(
            "members/{id}/roles",
            Roles,
            "administration.member-roles-of",
            "查询角色 The roles of a member",
            run!(|asked| answered(asked.element.member_roles_of(asked.path("id")).await)),
        ),
        Operation {
            takes: Takes::Fields(&[("roles", true)]),
            ..put(
                "members/{id}/roles",
                Roles,
                "administration.set-member-roles",
                "设置角色 Replace the assigned roles of a member",
                run!(|mut asked| {
                    let roles: Vec<String> = asked.field("roles")?;
                    answered(asked.element.set_member_roles(asked.path("id"), &roles, &asked.actor).await)
                }),
            )
        },
        post(
            "members/{id}/roles/confirm",
            Roles,
            "administration.confirm-roles",
            "恢复角色 Give a member the suspended roles back",
            run!(|asked| answered(asked.element.confirm_roles(asked.path("id"), &asked.actor).await)),
        ),
        get(
            "role-rules",
            Administration,
            "administration.role-rules",
            "角色规则 The rules that give roles to many",
            run!(|asked| answered(asked.element.role_rules().await)),
        ),
        Operation {
            takes: Takes::Fields(&[("rules", true)]),
            ..put(
                "role-rules",
                Administration,
                "administration.set-role-rules",
                "设置角色规则 Replace all rules",
                run!(|mut asked| {
                    let rules: Vec<RoleRule> = asked.field("rules")?;
                    answered(asked.element.set_role_rules(&rules, &asked.actor).await)
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
                run!(|asked| answered(asked.element.administrators().await)),
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
                run!(|mut asked| {
                    let ids: Vec<String> = asked.field("ids")?;
                    done(asked.element.set_administrators(&ids, &asked.actor).await)
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
                run!(|mut asked| {
                    let ids: Vec<String> = asked.field("ids")?;
                    outcomes(asked.element.retire_members(&ids, &asked.actor).await)
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
                run!(|mut asked| {
                    let ids: Vec<String> = asked.field("ids")?;
                    outcomes(asked.element.reinstate_members(&ids, &asked.actor).await)
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
                run!(|asked| done(asked.element.erase_member(asked.path("id"), &asked.actor).await)),
            )
        },
        Operation {
            answers: Answers::Under("address"),
            ..get(
                "members/{id}/signature",
                Administration,
                "administration.signature",
                "签名 The image of a member's signature",
                run!(|asked| answered(asked.element.signature(asked.path("id")).await)),
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
                run!(|mut asked| {
                    let address: Option<String> = asked.field("address")?;
                    let id = asked.path("id");
                    done(asked.element.set_signature(id, address.as_deref(), &asked.actor).await)
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
                run!(|asked| {
                    let page = asked.element.audit(asked.text("after"), asked.limit()?).await?;
                    let cursor = page.entries.last().map(|entry| entry.cursor.clone());
                    let cursor = cursor.or_else(|| asked.owned("after"));
                    let decisions: Vec<Value> = page.entries.into_iter().map(decision).collect();
                    Ok(json!({ "decisions": decisions, "cursor": cursor, "more": page.more }))
                }),
            )
        },
    ]
}

/// What became of each id; the problem as every error is written.
fn outcomes(called: CallResult<Answered<Vec<IdOutcome>>>) -> Result<Value, ApiFailure> {
    let outcome = |IdOutcome { id, problem }| json!({ "id": id, "problem": problem.map(ErrorView::from) });
    let members: Vec<Value> = answer(called)?.into_iter().map(outcome).collect();
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
