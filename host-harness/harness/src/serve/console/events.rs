//! What the vendor told by itself within the last seven days.

use axum::response::Response;
use maud::html;
use url::form_urlencoded::Serializer;

use super::{
    asked::{Asked, when},
    failure::Failure,
};
use crate::view::callback::event;

const ROWS: u32 = 100;

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
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
                                code { (event(&kept.event).map(|event| event.to_string()).unwrap_or_default()) }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(next) = next { p { a.button.quiet href=(next) { (say("下一页", "Next page")) } } }
    };
    Ok(asked.page(say("回调记录", "Callbacks"), content))
}
