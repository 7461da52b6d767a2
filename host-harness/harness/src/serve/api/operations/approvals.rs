//! Requests that members make and others decide.

use organisation_fleet::tenants::ApiScope::Approvals;
use organisation_host::{
    contract::{
        answer_schema,
        approvals::{ApprovalRequest, SearchFilter},
    },
    storage::{Clock as _, SystemClock},
};
use serde_json::{Value, json};

use super::{
    Answers, CURSOR, LIMIT, Operation, Takes, answered, get, list, needed, object, optional, post, run, shown, text,
    text_or_null,
};
use crate::view::approval::ApprovalView;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            takes: Takes::Record("request"),
            answers: Answers::Under("number"),
            ..post(
                "approvals",
                Approvals,
                "approvals.submit",
                "提交审批 Make a request for approval",
                run!(|mut call| {
                    let request: ApprovalRequest = call.record()?;
                    answered(call.element.submit_approval(&request).await)
                }),
            )
        },
        Operation {
            query: vec![
                needed("from", "a day such as 2026-01-31 (in UTC), or an instant in RFC 3339"),
                optional("until", "likewise, not included; now where it is absent"),
                optional("template", "id of a template"),
                optional("applicant", "id of a member"),
                optional("department", "id of a department"),
                optional("status", "pending, approved, rejected …"),
                optional("kind", "leave, trip, overtime …"),
                CURSOR,
                LIMIT,
            ],
            ..get(
                "approvals",
                Approvals,
                "approvals.search",
                "查询审批 Numbers of requests by time",
                run!(|call| {
                    let begin = call.instant("from")?.unwrap_or_default();
                    let end = call.instant("until")?.unwrap_or_else(|| SystemClock.now_ms());
                    let filter = SearchFilter {
                        template: call.owned("template"),
                        applicant: call.owned("applicant"),
                        departments: call.owned("department").into_iter().collect(),
                        status: call.owned("status"),
                        kind: call.owned("kind"),
                    };
                    let (cursor, limit) = (call.text("cursor"), call.limit()?);
                    answered(call.element.search_approvals(begin, end, &filter, cursor, limit).await)
                }),
            )
        },
        Operation {
            answers: Answers::Described(detail),
            ..get(
                "approvals/{number}",
                Approvals,
                "approvals.detail",
                "审批详情 One request with all decisions",
                run!(|call| shown(&ApprovalView::of(call.element.approval(call.path("number")).await?)?)),
            )
        },
        Operation {
            takes: Takes::Fields(&[("link", false)]),
            answers: Answers::Under("told"),
            ..post(
                "approvals/{number}/notify",
                Approvals,
                "approvals.notify",
                "通知审批人 Tell whoever has to decide now, by a card each",
                run!(|mut call| {
                    let link: Option<String> = call.field("link")?;
                    answered(call.element.notify_of_approval(call.path("number"), link.as_deref()).await)
                }),
            )
        },
        get(
            "templates/{id}",
            Approvals,
            "approvals.describe-template",
            "审批模板 What a template asks for",
            run!(|call| answered(call.element.describe_template(call.path("id")).await)),
        ),
    ]
}

fn detail() -> Value {
    let approval = answer_schema("approvals.detail").unwrap_or_default();
    object(json!({
        "number": text(), "name": text(), "template": text(), "status": text(), "submitted_at": text(),
        "applicant": text_or_null(), "applicants": list(text()), "department": text_or_null(),
        "controls": approval["properties"]["fields"], "nodes": approval["properties"]["nodes"],
        "copied_to": list(text()),
        "remarks": approval["properties"]["remarks"],
    }))
}
