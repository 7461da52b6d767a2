//! The four functions as the component calls them, with WeCom on the other side.

use organisation_kit::{
    capability::{ApprovalSearch, Approvals as _},
    contract::{
        approvals::{
            Approval, ApprovalRequest, Field, FieldValue, LocalisedText, PlainValue, SearchFilter, SearchPage, Template,
        },
        http::{HttpError, Request, Response},
        types::{Body, Reason},
    },
    failure::Failure,
    vendor::Vendor as _,
};
use proptest::strategy::Strategy;
use serde_json::{Value, json};

use crate::{
    fake::{self, FakePlatform, ok, path},
    wecom::WeCom,
};

mod detail;
mod examples;
mod search;
mod submit;

type Answer = Result<Response, HttpError>;

/// A vendor that grants a token and answers as told by the name of the call and the body.
fn vendor(answer: impl Fn(&FakePlatform, &str, &Value) -> Answer + 'static) -> FakePlatform {
    let fake = FakePlatform::new();
    fake.serve_with(move |fake, request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(r#"{"errcode":0,"errmsg":"ok","access_token":"t0ken-1","expires_in":7200}"#),
        path => answer(fake, path.strip_prefix("/cgi-bin/oa/").unwrap(), &sent(request)),
    });
    fake
}

/// The JSON of a request.
fn sent(request: &Request) -> Value {
    match &request.body {
        Some(Body::Text(text)) => serde_json::from_str(text).unwrap(),
        body => panic!("{body:?}"),
    }
}

/// What was sent to an endpoint.
fn all_sent(fake: &FakePlatform, name: &str) -> Vec<Value> {
    let requests = fake.requests.borrow();
    requests.iter().filter(|request| path(request) == format!("/cgi-bin/oa/{name}")).map(sent).collect()
}

fn answered(value: Value) -> Answer {
    ok(value.to_string())
}

fn describe(fake: &FakePlatform, id: &str) -> Result<Template, Failure> {
    WeCom::describe_template(&WeCom::client(fake, &fake::config()), id)
}

fn submit(fake: &FakePlatform, request: &ApprovalRequest) -> Result<String, Failure> {
    WeCom::submit(&WeCom::client(fake, &fake::config()), request)
}

fn detail(fake: &FakePlatform, number: &str) -> Result<Approval, Failure> {
    WeCom::detail(&WeCom::client(fake, &fake::config()), number)
}

/// The path of an argument that is refused.
fn refused_path(failure: &Failure) -> &str {
    let Reason::InvalidArgument(problem) = &failure.reason else { panic!("{failure:?}") };
    &problem.path
}

/// A template with a sum of money.
fn template() -> Value {
    json!({ "errcode": 0, "errmsg": "ok", "template_names": [{ "text": "采购申请", "lang": "zh_CN" }], "template_content": {
        "controls": [{ "property": {
            "control": "Money", "id": "Money-1", "title": [{ "text": "金额", "lang": "zh_CN" }], "placeholder": [], "require": 1, "un_print": 0,
        } }],
    } })
}

/// A request on it.
fn request() -> ApprovalRequest {
    ApprovalRequest {
        template: "T".into(),
        applicant: "zhangsan".into(),
        department: None,
        process: None,
        fields: vec![Field {
            id: "Money-1".into(),
            kind: None,
            titles: Vec::new(),
            value: FieldValue::Plain(PlainValue::Money("700.50".into())),
        }],
        summary: vec![vec![LocalisedText { language: "zh-CN".into(), text: "采购".into() }]],
        idempotency_key: None,
    }
}

/// Replaces the value at the end of a path through the tree.
fn mutate(value: &mut Value, steps: &[usize], with: &Value) {
    let next = match (steps.split_first(), &mut *value) {
        (Some((step, rest)), Value::Array(items)) if !items.is_empty() => {
            let index = step % items.len();
            items.get_mut(index).zip(Some(rest))
        }
        (Some((step, rest)), Value::Object(object)) if !object.is_empty() => {
            let index = step % object.len();
            object.values_mut().nth(index).zip(Some(rest))
        }
        _ => None,
    };
    match next {
        Some((value, rest)) => mutate(value, rest, with),
        None => *value = with.clone(),
    }
}

/// Where an answer is changed, and to which of some odd values.
pub(super) fn mutations() -> impl Strategy<Value = Vec<(Vec<usize>, usize)>> {
    proptest::collection::vec((proptest::collection::vec(0_usize..24, 1..10), 0_usize..12), 1..6)
}

/// The answer with these changes.
pub(super) fn mutated(mut answer: Value, changes: &[(Vec<usize>, usize)]) -> Value {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(u64::MAX),
        json!(1.5),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
        json!([[1]]),
        json!({ "userid": { "a": [] } }),
    ];
    for (steps, with) in changes {
        mutate(&mut answer, steps, &odd[*with]);
    }
    answer
}
