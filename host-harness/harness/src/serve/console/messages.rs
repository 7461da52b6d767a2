//! A message to members, departments or roles: written, looked at, sent. What is shown before is what is sent.

use axum::response::Response;
use maud::{Markup, html};
use organisation_host::{
    Digest,
    contract::{
        from_json,
        messaging::{Delivery, Message},
    },
};
use serde_json::json;

use super::{asked::Asked, failure::Failure};
use crate::serve::sessions::Token;

/// Fields of the form that name recipients, and what they are called.
const RECIPIENTS: [(&str, [&str; 2]); 3] = [
    ("members", ["成员账号", "Ids of members"]),
    ("departments", ["部门 ID", "Ids of departments"]),
    ("roles", ["角色", "Roles"]),
];

/// The form.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        p.hint { (say("此处发送文字消息；其他类型见 API。发送前可预览。", "Texts are sent from here, other kinds through the API. You see it before it is sent.")) }
        (asked.form("messages/preview", &html! {
            @for (name, words) in RECIPIENTS {
                div.field {
                    label for=(name) { (asked.language.pick(words[0], words[1])) }
                    input id=(name) name=(name) aria-describedby="commas";
                }
            }
            p.hint #commas { (say("多个时以逗号分隔。", "With commas between several.")) }
            div.field {
                label for="text" { (say("内容", "Text")) }
                textarea #text name="text" required {}
            }
            button { (say("预览", "Preview")) }
        }))
    };
    Ok(asked.page(say("消息", "Messages"), content))
}

/// The message that the fields describe.
fn message(asked: &Asked) -> Result<Message, Failure> {
    let listed = |name: &str| -> Vec<String> {
        let text = asked.text(name).unwrap_or_default();
        text.split([',', '，', '、', '\n']).map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect()
    };
    let text = asked.text("text").ok_or(Failure::Asked(["请填写内容。", "Write a text."]))?;
    let to = RECIPIENTS.map(|(name, _)| (name, listed(name)));
    if to.iter().all(|(_, ids)| ids.is_empty()) {
        return Err(Failure::Asked(["请填写接收者。", "Say to whom it goes."]));
    }
    let [(_, members), (_, departments), (_, roles)] = to;
    let written = json!({
        "to": { "members": members, "departments": departments, "roles": roles },
        "content": { "text": text },
        "idempotency_key": asked.text("key"),
    });
    let unreadable = Failure::Asked(["这不是一条有效的消息。", "This is no message that can be sent."]);
    from_json(written).map_err(|_| unreadable)
}

/// What would be sent, and the button that does.
pub async fn preview(asked: &Asked) -> Result<Response, Failure> {
    let message = message(asked)?;
    let say = |chinese, english| asked.say(chinese, english);
    let random = Failure::Asked(["本机暂时没有随机数。", "This machine has no randomness just now."]);
    let key = Token::new().map_err(|_| random)?.form_proof(&asked.tenant.name, asked.service.cookie_key());
    let kept: Markup = html! {
        @for name in ["members", "departments", "roles", "text"] {
            @if let Some(value) = asked.text(name) { input type="hidden" name=(name) value=(value); }
        }
        // Whoever presses twice, or loads the page anew, sends it once.
        input type="hidden" name="key" value=(key);
    };
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
            h2 { (say("内容", "Text")) }
            pre { (asked.text("text").unwrap_or_default()) }
            (asked.form("messages", &html! { (kept) button { (say("发送", "Send it")) } }))
        }
        p { a href=(asked.address("messages")) { (say("返回修改", "Back, without sending")) } }
    };
    Ok(asked.page(say("预览消息", "Preview"), content))
}

/// Sends it, and says what became of it.
pub async fn send(asked: &Asked) -> Result<Response, Failure> {
    let message = message(asked)?;
    // Who gets it, and which text it is; the text itself may be personal, and the trail lasts.
    let digest = Digest::of(asked.text("text").unwrap_or_default().as_bytes()).to_string();
    let to = &message.to;
    let sent = json!({
        "members": to.members, "departments": to.departments, "roles": to.roles, "text_sha256": digest,
    });
    asked.audit("messaging.send", asked.text("key").map(str::to_owned), Some(sent.to_string())).await?;
    let sent = asked.element.send_message(&message).await?;
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
                ul { @for one in &sent.invalid { li { code { (one.id) } } } }
            }
        }
        p { a href=(asked.address("messages")) { (say("再写一条", "Write another")) } }
    };
    Ok(asked.page(say("消息", "Messages"), content))
}
