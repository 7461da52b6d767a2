//! Deliveries to receivers, the latest first, with every attempt.

use maud::{Markup, html};

use super::super::scene::Scene;
use crate::callback::{Attempt, Delivery, Receiver, Reply};

/// So many deliveries stand on a page.
const LISTED: usize = 25;

pub(super) fn page(scene: &Scene) -> Markup {
    let deliveries = scene.control.deliveries();
    let skip = scene.page() * LISTED;
    html! {
        div.row {
            (scene.button("hold-callbacks", &[], "quiet", scene.say("暂扣投递", "Hold deliveries")))
            (scene.button("release-callbacks", &[], "quiet", scene.say("放行", "Release")))
            (scene.button("release-callbacks", &[("reversed", "1")], "quiet", scene.say("倒序放行", "Release in reverse")))
        }
        div.row {
            (scene.button("change-callbacks", &[("duplicates", "1")], "quiet", scene.say("每个事件投递两次", "Deliver each twice")))
            (scene.button("change-callbacks", &[("duplicates", "0")], "quiet", scene.say("每个事件投递一次", "Deliver each once")))
        }
        @if deliveries.is_empty() { p.hint { (scene.say("没有投递。接收地址在应用页设置。", "No delivery. Addresses are set on the page of an app.")) } }
        @for one in deliveries.iter().rev().skip(skip).take(LISTED) { (row(scene, one)) }
        (scene.pager("/console/workbench/deliveries", &[], deliveries.len() > skip + LISTED))
    }
}

fn row(scene: &Scene, one: &Delivery) -> Markup {
    let receiver = match one.receiver {
        Receiver::App(id) => id.to_string(),
        Receiver::Contacts => scene.say("通讯录同步", "contact sync").to_owned(),
    };
    let is_good = matches!(one.status(), Some(200..=299));
    html! {
        details.call {
            summary {
                span.hint { "#" (one.id.0) } " " strong { (one.event) } " → " (receiver) " "
                @if !one.done {
                    span.tag.warn { (scene.say("未完成", "under way")) }
                } @else {
                    span class=(if is_good { "tag good" } else { "tag bad" }) { (one.attempts.len()) " " (scene.say("次尝试", "attempts")) }
                }
                " " span.hint { (scene.time(one.at)) }
            }
            ol {
                @for attempt in &one.attempts {
                    li {
                        @match attempt {
                            Attempt::Answered { status, body } => { "HTTP " (status) " " code { (body.chars().take(400).collect::<String>()) } }
                            Attempt::TimedOut => { (scene.say("超时", "timed out")) }
                            Attempt::Failed(error) => { (error) }
                        }
                    }
                }
            }
            p { (scene.say("被动回复：", "Reply: ")) (reply(scene, &one.reply)) }
            h3 { (scene.say("解密后的内容", "The message before encryption")) }
            pre { (one.message) }
        }
    }
}

fn reply(scene: &Scene, reply: &Reply) -> String {
    match reply {
        Reply::None => scene.say("无", "none").to_owned(),
        Reply::Acknowledged => scene.say("已确认", "acknowledged").to_owned(),
        Reply::Honoured { kind, .. } => format!("{kind}：{}", scene.say("已生效", "took effect")),
        Reply::Ignored { kind } => format!("{kind}：{}", scene.say("此事件不接受回复", "this event takes none")),
        Reply::Refused(why) => why.clone(),
    }
}
