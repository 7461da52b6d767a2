//! A message to members, departments or roles: written, looked at, sent. What is shown before is what is sent.

use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};
use organisation_host::{
    Digest,
    contract::{
        from_json,
        messaging::{Delivery, Message},
        types::{Error, Problem, Reason},
    },
};
use serde_json::json;

use super::{
    asked::Asked,
    failure::Failure,
    message_form::{KIND, Kind, concerns, missing},
};
use crate::serve::sessions::Token;

/// Fields of the form that name recipients, and what they are called.
const RECIPIENTS: [(&str, [&str; 2]); 3] = [
    ("members", ["成员账号", "Ids of members"]),
    ("departments", ["部门 ID", "Ids of departments"]),
    ("roles", ["角色", "Roles"]),
];

/// The form.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let kind = kind(asked)?;
    Ok(asked.page(asked.say("消息", "Messages"), form(asked, kind, None)))
}

/// The form with what was written.
pub async fn edit(asked: &Asked) -> Result<Response, Failure> {
    page(asked).await
}

fn kind(asked: &Asked) -> Result<Kind, Failure> {
    Kind::of(asked).ok_or(Failure::Asked(["此处没有这种消息。", "There is no such kind of message here."]))
}

fn form(asked: &Asked, kind: Kind, problem: Option<&Problem>) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    let is_beside = problem.is_some_and(|problem| {
        recipients_in(problem).is_some() || kind.fields().iter().any(|field| concerns(problem, field))
    });
    html! {
        p.hint { (say("其他类型见 API。发送前可预览。", "Other kinds go through the API. You see a message before it is sent.")) }
        (kind.tabs(asked))
        @if let Some(problem) = problem {
            div.banner.bad role="alert" {
                p { (say("未发送任何消息：请修改后重试。", "Nothing was sent: correct it and try again.")) }
                @if !is_beside { p { (problem.message) } }
                @if let Some(hint) = &problem.hint { p.hint { (hint) } }
            }
        }
        (asked.change_until())
        (asked.form("messages/preview", &html! {
            @for (name, words) in RECIPIENTS {
                @let problem = problem.filter(|problem| recipients_in(problem) == Some(name));
                div.field {
                    label for=(name) { (asked.language.pick(words[0], words[1])) }
                    input id=(name) name=(name) value=[asked.text(name)] aria-invalid=[problem.map(|_| "true")]
                        aria-describedby={ "commas" @if problem.is_some() { " " (name) "-problem" } };
                    @if let Some(problem) = problem { p.error id={ (name) "-problem" } role="alert" { (problem.message) } }
                }
            }
            p.hint #commas { (say("多个时以逗号分隔。", "With commas between several.")) }
            (kind.render(asked, problem))
            button { (say("预览", "Preview")) }
        }))
    }
}

/// The field of recipients that a problem concerns; the first where it concerns all of them.
fn recipients_in(problem: &Problem) -> Option<&'static str> {
    let below = problem.path.strip_prefix("to").filter(|rest| rest.is_empty() || rest.starts_with('.'))?;
    let name = below.trim_start_matches('.').split(['.', '[']).next().unwrap_or_default();
    let known = RECIPIENTS.map(|(name, _)| name);
    known.into_iter().find(|known| *known == name).or(known.first().copied())
}

/// The message that the fields describe, or what is missing in them.
fn message(asked: &Asked, kind: Kind) -> Result<Result<Message, Problem>, Failure> {
    let listed = |name: &str| -> Vec<String> {
        let text = asked.text(name).unwrap_or_default();
        text.split([',', '，', '、', '\n']).map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect()
    };
    if let Some(problem) = kind.missing(asked) {
        return Ok(Err(problem));
    }
    let to = RECIPIENTS.map(|(name, _)| (name, listed(name)));
    if to.iter().all(|(_, ids)| ids.is_empty()) {
        return Ok(Err(missing("to", asked.say("请填写接收者。", "Say to whom it goes."))));
    }
    let [(_, members), (_, departments), (_, roles)] = to;
    let written = json!({
        "to": { "members": members, "departments": departments, "roles": roles },
        "content": kind.content(asked),
        "idempotency_key": asked.text("key"),
    });
    let unreadable = Failure::Asked(["这不是一条有效的消息。", "This is no message that can be sent."]);
    from_json(written).map(Ok).map_err(|_| unreadable)
}

/// The form once more, with what is wrong. Nothing of what was written is lost.
fn again(asked: &Asked, kind: Kind, problem: &Problem) -> Response {
    let content = form(asked, kind, Some(problem));
    asked.page_with(StatusCode::UNPROCESSABLE_ENTITY, asked.say("消息", "Messages"), content)
}

/// The same message, sent under the same key.
fn once_more(asked: &Asked, kind: Kind, key: &str) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    asked.form("messages", &html! {
        (kept(asked, kind, key))
        p.hint { (say("一天之内再次发送同一条消息：已收到的人不会重复收到。", "The same message once more, within a day: whoever has it does not get it twice.")) }
        div.row {
            button { (say("重试", "Try again")) }
            button.quiet formaction=(asked.address("messages/edit")) { (say("返回修改", "Back, without sending")) }
        }
    })
}

/// What is shown where the element has failed in the middle of it. Nothing of what was written is lost.
fn try_again(asked: &Asked, kind: Kind, key: &str, error: &Error) -> Response {
    let content = html! {
        div.banner.bad role="alert" {
            p { (error.message) }
            @if let Some(hint) = &error.hint { p.hint { (hint) } }
        }
        (once_more(asked, kind, key))
    };
    asked.page_with(StatusCode::BAD_GATEWAY, asked.say("消息", "Messages"), content)
}

/// Why somebody does not get it, in words; a reason that this version does not know stands as it came.
fn why<'a>(asked: &Asked, reason: &'a str) -> &'a str {
    match reason {
        "outside-range" => asked.say("不在应用的可见范围内，或不存在", "outside the app's visible range, or unknown"),
        "unlicensed" => asked.say("没有接口许可", "without a licence for the API"),
        "too-frequent" => asked.say("短时间内收到的消息过多", "had too many messages within a short time"),
        "nobody-has-it" => asked.say("没有成员拥有此角色", "nobody has this role"),
        other => other,
    }
}

/// What would be sent, and the button that does.
pub async fn preview(asked: &Asked) -> Result<Response, Failure> {
    let kind = kind(asked)?;
    let message = match message(asked, kind)? {
        Ok(message) => message,
        Err(problem) => return Ok(again(asked, kind, &problem)),
    };
    let say = |chinese, english| asked.say(chinese, english);
    let key =
        Token::new().map_err(|_| Failure::NO_RANDOMNESS)?.form_proof(&asked.tenant.name, asked.service.cookie_key());
    let to = &message.to;
    let content = html! {
        section.card {
            h2 { (say("接收者", "To")) }
            dl.facts {
                @for ((_, words), ids) in RECIPIENTS.iter().zip([&to.members, &to.departments, &to.roles]) {
                    @if !ids.is_empty() {
                        dt { (asked.language.pick(words[0], words[1])) } dd { (ids.join(", ")) }
                    }
                }
            }
            h2 { (say("内容", "What it says")) " " span.tag { (asked.language.pick(kind.words()[0], kind.words()[1])) } }
            (kind.preview(asked))
            (asked.form("messages", &html! {
                (kept(asked, kind, &key))
                div.row {
                    button { (say("发送", "Send it")) }
                    button.quiet formaction=(asked.address("messages/edit")) { (say("返回修改", "Back, without sending")) }
                }
            }))
        }
    };
    Ok(asked.page(say("预览消息", "Preview"), content))
}

/// What was written, and the key under which it is sent: whoever presses twice, or loads the page anew, sends it once.
fn kept(asked: &Asked, kind: Kind, key: &str) -> Markup {
    html! {
        input type="hidden" name=(KIND) value=(kind.name());
        @for (name, _) in RECIPIENTS {
            @if let Some(value) = asked.text(name) { input type="hidden" name=(name) value=(value); }
        }
        @for field in kind.fields() {
            @if let Some(value) = asked.text(&field.name) { input type="hidden" name=(field.name) value=(value); }
        }
        input type="hidden" name="key" value=(key);
    }
}

/// Sends it, and says what became of it.
pub async fn send(asked: &Asked) -> Result<Response, Failure> {
    let kind = kind(asked)?;
    let message = match message(asked, kind)? {
        Ok(message) => message,
        Err(problem) => return Ok(again(asked, kind, &problem)),
    };
    // Who gets it, and which text it is; the text itself may be personal, and the trail lasts.
    let fields = kind.fields();
    let texts: Vec<&str> = fields.iter().filter_map(|field| asked.text(&field.name)).collect();
    let digest = Digest::of(texts.join("\n").as_bytes()).to_string();
    let to = &message.to;
    let sent = json!({
        "members": to.members, "departments": to.departments, "roles": to.roles, "kind": kind.name(), "text_sha256": digest,
    });
    asked.audit("messaging.send", asked.text("key").map(str::to_owned), Some(sent.to_string())).await?;
    let sent = match asked.element.send_message(&message).await.map_err(Failure::from) {
        // The element judges the whole message before it sends any of it.
        Err(Failure::Element(Error { reason: Reason::InvalidArgument(problem), .. })) => {
            return Ok(again(asked, kind, &problem));
        }
        // Judged likewise, and passed on without a place.
        Err(Failure::Element(Error { reason: Reason::NotFound | Reason::NotPermitted, message, hint, .. })) => {
            let problem = Problem { hint, ..missing("", &message) };
            return Ok(again(asked, kind, &problem));
        }
        // Some of it may have been sent, so it is tried again under the same key.
        Err(Failure::Element(error)) if let Some(key) = asked.text("key") => {
            return Ok(try_again(asked, kind, key, &error));
        }
        sent => sent?,
    };
    let say = |chinese, english| asked.say(chinese, english);
    let (look, words) = match sent.delivery {
        Delivery::Yes => ("banner good", say("消息已发送。", "The message was sent.")),
        Delivery::No => ("banner bad", say("部分消息未能发送。", "Some of it was not sent.")),
        Delivery::Unknown => ("banner warn", say("部分结果未知。", "Of some of it nobody knows.")),
    };
    let content = html! {
        p class=(look) role="status" { (words) }
        @if !sent.invalid.is_empty() {
            section.card {
                h2 { (say("未收到的接收者", "Who does not get it")) }
                ul { @for one in &sent.invalid { li { code { (one.id) } " · " (why(asked, &one.reason)) } } }
            }
        }
        @if matches!(sent.delivery, Delivery::Unknown) && let Some(key) = asked.text("key") {
            (once_more(asked, kind, key))
        }
        p { a href=(asked.address("messages")) { (say("再写一条", "Write another")) } }
    };
    Ok(asked.page(say("消息", "Messages"), content))
}
