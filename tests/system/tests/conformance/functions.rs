//! The functions of the contract by name, with arguments and answers in JSON.

use organisation_host::{
    CallError, CallResult, Called, Element, FailedCall,
    contract::{
        administration, approvals, callbacks, directory, from_json, login, messaging, to_json, types, vendor, web,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Calls a function.
///
/// # Panics
/// When there is none, or its arguments are not such.
pub(crate) async fn called(element: &Element, function: &str, with: &Value) -> Value {
    let text = |name: &str| with[name].as_str().unwrap_or_else(|| panic!("{function} takes a text {name}")).to_owned();
    let maybe = |name: &str| with[name].as_str();
    let texts = |name: &str| argument::<Texts>(&json!({ "texts": with[name] }), "texts").0;
    let limit = || u32::try_from(with["limit"].as_u64().expect("a limit")).unwrap();
    match function {
        "element.describe" => plain(element.describe(&text("locale")).reported().await),
        "element.validate-config" => {
            let config = &with["config"];
            plain(
                element
                    .validate_config(&config.as_str().map_or_else(|| config.to_string(), str::to_owned))
                    .reported()
                    .await,
            )
        }
        "element.check-connection" => answer(element.check_connection().reported().await),
        "login.login-config" => {
            answer(element.login_config(&argument::<login::AuthorizationRequest>(with, "request")).reported().await)
        }
        "login.authorization-url" => answer(
            element.authorization_url(&argument::<login::AuthorizationRequest>(with, "request")).reported().await,
        ),
        "login.homepage-url" => answer(element.homepage_url(&text("target")).reported().await),
        "login.exchange-code" => {
            answer(element.exchange_code(&argument::<login::ExchangeRequest>(with, "request")).reported().await)
        }
        "directory.begin" => answer(element.begin(&argument::<directory::Strategy>(with, "strategy")).reported().await),
        "directory.advance" => {
            answer(element.advance(&text("run"), argument::<directory::Goal>(with, "until")).reported().await)
        }
        "directory.approve" => {
            answer(element.approve(&text("run"), argument::<types::RemovalCounts>(with, "counts")).reported().await)
        }
        "directory.abandon" => answer(element.abandon(&text("run")).reported().await),
        "directory.repair" => answer(element.repair(&text("run")).reported().await),
        "directory.reset" => answer(element.reset().reported().await),
        "directory.plan" => answer(element.plan(maybe("cursor"), limit()).reported().await),
        "directory.history" => answer(element.history().reported().await),
        "directory.changes" => answer(element.changes(maybe("cursor"), limit()).reported().await),
        "directory.acknowledge" => answer(element.acknowledge(&text("cursor")).reported().await),
        "directory.overview" => answer(element.overview().reported().await),
        "directory.departments" => {
            let filter = argument::<directory::DepartmentFilter>(with, "filter");
            answer(element.departments(&filter, maybe("cursor"), limit()).reported().await)
        }
        "directory.members" => {
            let filter = argument::<directory::MemberFilter>(with, "filter");
            answer(element.members(&filter, maybe("cursor"), limit()).reported().await)
        }
        "directory.find-members" => answer(element.find_members(&texts("ids")).reported().await),
        "directory.find-member" => answer(element.find_member(&text("id")).reported().await),
        "directory.find-department" => answer(element.find_department(&text("id")).reported().await),
        "directory.sync-member" => answer(element.sync_member(&text("id")).reported().await),
        "directory.sync-department" => answer(element.sync_department(&text("id")).reported().await),
        "administration.member-roles-of" => answer(element.member_roles_of(&text("id")).reported().await),
        "administration.set-member-roles" => {
            answer(element.set_member_roles(&text("id"), &texts("roles"), &text("actor")).reported().await)
        }
        "administration.set-role-rules" => {
            let rules: Vec<administration::RoleRule> = list(&with["rules"]);
            answer(element.set_role_rules(&rules, &text("actor")).reported().await)
        }
        "administration.set-administrators" => {
            answer(element.set_administrators(&texts("ids"), &text("actor")).reported().await)
        }
        "administration.administrators" => answer(element.administrators().reported().await),
        "administration.confirm-roles" => answer(element.confirm_roles(&text("id"), &text("actor")).reported().await),
        "administration.role-rules" => answer(element.role_rules().reported().await),
        "administration.retire-members" => {
            answer(element.retire_members(&texts("ids"), &text("actor")).reported().await)
        }
        "administration.reinstate-members" => {
            answer(element.reinstate_members(&texts("ids"), &text("actor")).reported().await)
        }
        "administration.erase-member" => answer(element.erase_member(&text("id"), &text("actor")).reported().await),
        "administration.signature" => answer(element.signature(&text("id")).reported().await),
        "administration.set-signature" => {
            answer(element.set_signature(&text("id"), maybe("address"), &text("actor")).reported().await)
        }
        "messaging.send" => {
            answer(element.send_message(&argument::<messaging::Message>(with, "message")).reported().await)
        }
        "messaging.recall" => answer(element.recall_message(&text("message_id")).reported().await),
        "messaging.upload" => {
            answer(element.upload(&argument::<messaging::UploadRequest>(with, "request")).reported().await)
        }
        "approvals.describe-template" => answer(element.describe_template(&text("id")).reported().await),
        "approvals.submit" => {
            answer(element.submit_approval(&argument::<approvals::ApprovalRequest>(with, "request")).reported().await)
        }
        "approvals.detail" => answer(element.approval(&text("number")).reported().await),
        "callbacks.handle" => {
            answer(element.handle_callback(&argument::<callbacks::IncomingRequest>(with, "request")).reported().await)
        }
        "callbacks.follow-up" => {
            answer(element.follow_up(&argument::<callbacks::FollowUpTask>(with, "task")).reported().await)
        }
        "vendor.call" => answer(element.call_vendor(&argument::<vendor::ApiRequest>(with, "request")).reported().await),
        "web.js-sdk-signature" => {
            answer(element.js_sdk_signature(&argument::<web::SignatureRequest>(with, "request")).reported().await)
        }
        _ => panic!("there is no {function}, or no vector asked for it yet"),
    }
}

/// Asks the probe to ask a function of the host.
pub(crate) async fn asked(element: &Element, function: &str, with: &Value) -> Value {
    let payload = vendor::Payload::Json(with.to_string());
    let request = vendor::ApiRequest {
        method: "POST".to_owned(),
        path: format!("/{function}"),
        query: Vec::new(),
        payload: Some(payload),
        idempotency_key: None,
    };
    match element.call_vendor(&request).reported().await {
        Ok(Called { value: Ok(response), .. }) => match response.body {
            types::Body::Text(text) => {
                let answer: Value = serde_json::from_str(&text).expect("the probe answers JSON");
                // The document is JSON in a text, whatever the order of its keys.
                let document = answer.as_str().and_then(|text| serde_json::from_str(text).ok());
                document.unwrap_or(answer)
            }
            body => panic!("the probe answers text: {body:?}"),
        },
        Ok(Called { value: Err(error), .. }) => panic!("{function}: {}", error.message),
        Err(failed) => ended(&failed),
    }
}

struct Texts(Vec<String>);

impl<'de> serde::Deserialize<'de> for Texts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

fn argument<T: DeserializeOwned>(with: &Value, name: &str) -> T {
    from_json(with[name].clone()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn list<T: DeserializeOwned>(value: &Value) -> Vec<T> {
    let items = value.as_array().expect("a list").iter();
    items.map(|item| from_json(item.clone()).unwrap_or_else(|error| panic!("{error}"))).collect()
}

fn plain<T: Serialize>(outcome: CallResult<T>) -> Value {
    outcome.map_or_else(|failed| ended(&failed), |called| to_json(&called.value).expect("it is of the contract"))
}

fn answer<T: Serialize>(outcome: CallResult<Result<T, types::Error>>) -> Value {
    match outcome {
        Ok(Called { value: Ok(value), .. }) => json!({ "ok": to_json(&value).expect("it is of the contract") }),
        Ok(Called { value: Err(error), .. }) => json!({ "error": to_json(&error).expect("it is of the contract") }),
        Err(failed) => ended(&failed),
    }
}

/// What ended the call: the limit, or `trap`.
fn ended(failed: &FailedCall) -> Value {
    match &failed.error {
        CallError::Limit { exceeded, .. } => json!({ "ended": exceeded.limit.as_str() }),
        error => json!({ "ended": error.kind() }),
    }
}
