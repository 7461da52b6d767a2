//! The feed of what changed in the copy, after what was acknowledged.

use axum::response::Response;
use maud::html;
use organisation_host::contract::directory::Changed;
use url::form_urlencoded::Serializer;

use super::{
    asked::{Asked, when},
    failure::Failure,
    plan::kind,
};

const ROWS: u32 = 100;

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let page = asked.element.changes(asked.text("after"), ROWS).await?;
    let query = Serializer::new(String::new()).append_pair("after", &page.cursor).finish();
    let next = page.more.then(|| format!("{}?{query}", asked.address("changes")));
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        p.hint {
            (say("平台读取并确认之前的变更；确认后即删除，未确认的保留三十天。",
                 "What the platform has not acknowledged: it goes when it is acknowledged, or after thirty days."))
        }
        @if page.changes.is_empty() { p.hint { (say("没有变更。", "Nothing changed.")) } } @else {
            table.stacked {
                thead { tr { th { "#" } th { (say("时间", "When")) } th { (say("变化", "Change")) } th { (say("对象", "Who or what")) } } }
                tbody {
                    @for change in &page.changes {
                        tr {
                            td data-label="#" { (change.seq) }
                            td data-label=(say("时间", "When")) { (when(change.at)) }
                            td data-label=(say("变化", "Change")) { (kind(asked, change.kind)) }
                            td data-label=(say("对象", "Who or what")) {
                                div {
                                    @match &change.record {
                                        Changed::Member(member) => (member.name),
                                        Changed::Department(department) => (department.name),
                                        Changed::Nothing => {}
                                    }
                                    " " code { (change.id) }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(next) = next { p { a.button.quiet href=(next) { (say("下一页", "Next page")) } } }
    };
    Ok(asked.page(say("变更记录", "Changes"), content))
}
