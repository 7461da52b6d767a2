//! What the vendor told by itself within the last seven days: of what kind, and about whom. What people wrote is shown only when
//! somebody asks for it.

use axum::response::Response;
use maud::html;
use organisation_host::contract::callbacks::Event;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::{
    asked::{Asked, when},
    failure::Failure,
};
use crate::view::callback::event;

const ROWS: u32 = 100;

/// The page, with what is personal left out.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    show(asked, false).await
}

/// The page with everything. That somebody asked for it stands in the audit trail first.
pub async fn reveal(asked: &Asked) -> Result<Response, Failure> {
    asked.audit("console.reveal-events", asked.text("after").map(str::to_owned), None).await?;
    show(asked, true).await
}

async fn show(asked: &Asked, is_revealed: bool) -> Result<Response, Failure> {
    let page = asked.element.events(asked.text("after"), ROWS).await?;
    let next = page.events.last().filter(|_| page.more).map(|kept| {
        let query = Serializer::new(String::new()).append_pair("after", &kept.cursor).finish();
        format!("{}?{query}", asked.address("events"))
    });
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        @if page.events.is_empty() {
            p.hint {
                (say("还没有收到回调。", "Nothing was received yet.")) " "
                a href=(asked.address("setup")) { (say("如何设置", "How to set it up")) }
            }
        } @else {
            table.stacked {
                thead { tr { th { (say("时间", "When")) } th { (say("成员", "Member")) } th { (say("内容", "What")) } } }
                tbody {
                    @for kept in &page.events {
                        tr {
                            td data-label=(say("时间", "When")) { (when(kept.event.at)) }
                            td data-label=(say("成员", "Member")) { (kept.event.member.as_deref().unwrap_or_default()) }
                            td data-label=(say("内容", "What")) {
                                code { (content(&kept.event, is_revealed)) }
                            }
                        }
                    }
                }
            }
        }
        @if !is_revealed && !page.events.is_empty() {
            (asked.form("events/reveal", &html! {
                @if let Some(after) = asked.text("after") { input type="hidden" name="after" value=(after); }
                button.quiet { (say("显示内容（将记入审计记录）", "Show what they hold (goes into the audit trail)")) }
            }))
        }
        @if let Some(next) = next { p { a.button.quiet href=(next) { (say("下一页", "Next page")) } } }
    };
    Ok(asked.page(say("回调记录", "Callbacks"), content))
}

/// What an event holds, or of what kind it is.
fn content(kept: &Event, is_revealed: bool) -> String {
    match event(kept) {
        Ok(event) if is_revealed => event.to_string(),
        Ok(event) => event.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned(),
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use organisation_host::contract::from_json;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_people_wrote_is_not_shown_unasked() {
        let wrote = json!({
            "id": "1", "at": 0, "member": "lisi",
            "happening": { "other": { "name": "LOCATION", "fields": "39.9,116.4" } },
        });
        let event: Event = from_json(wrote).unwrap();
        assert!(content(&event, true).contains("116.4"));
        assert_eq!(content(&event, false), "other");
    }
}
