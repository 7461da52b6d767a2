//! What administrators decided, oldest first.

use axum::response::Response;
use maud::html;
use url::form_urlencoded::Serializer;

use super::{
    asked::{Asked, when},
    failure::Failure,
};

const ROWS: u32 = 100;

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let page = asked.element.audit(asked.text("after"), ROWS).await?;
    let next = page.entries.last().filter(|_| page.more).map(|entry| {
        let query = Serializer::new(String::new()).append_pair("after", &entry.cursor).finish();
        format!("{}?{query}", asked.address("audit"))
    });
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        @if page.entries.is_empty() { p.hint { (say("还没有记录。", "Nothing was decided yet.")) } } @else {
            table.stacked {
                thead {
                    tr {
                        th { (say("时间", "When")) } th { (say("何人", "Who")) } th { (say("操作", "What")) }
                        th { (say("对象", "About")) } th { (say("原值 → 新值", "Before → after")) }
                    }
                }
                tbody {
                    @for entry in &page.entries {
                        @let decision = &entry.decision;
                        tr {
                            td data-label=(say("时间", "When")) { (when(entry.at)) }
                            td data-label=(say("何人", "Who")) { (decision.actor) }
                            td data-label=(say("操作", "What")) { code { (decision.action) } }
                            td data-label=(say("对象", "About")) { (decision.subject.as_deref().unwrap_or_default()) }
                            td data-label=(say("原值 → 新值", "Before → after")) {
                                div {
                                    @if decision.before.is_some() || decision.after.is_some() {
                                        code { (decision.before.as_deref().unwrap_or("—")) } " → "
                                        code { (decision.after.as_deref().unwrap_or("—")) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(next) = next { p { a.button.quiet href=(next) { (say("下一页", "Next page")) } } }
    };
    Ok(asked.page(say("审计记录", "Audit trail"), content))
}
