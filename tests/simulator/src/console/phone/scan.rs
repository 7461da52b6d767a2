//! The scanner: codes that browsers show just now, to be scanned, confirmed or denied.

use maud::{Markup, html};

use super::super::scene::Scene;
use crate::corp::Member;

pub(super) fn screen(scene: &Scene, member: &Member) -> Markup {
    let asked = scene.asked("ticket");
    let mut waiting = scene.control.waiting_sign_ins();
    // The one that the browser's page led to comes first.
    waiting.sort_by_key(|one| one.ticket != asked);
    html! {
        @if waiting.is_empty() {
            p.hint { (scene.say(
                "没有浏览器在等待扫码。先在浏览器中打开登录页，再刷新此页。",
                "No browser waits for a scan. Open a sign-in page in a browser, then load this page again.",
            )) }
        }
        @for one in &waiting {
            @let fields = [("ticket", one.ticket.as_str()), ("member", member.id.as_str())];
            div.card {
                p {
                    strong { (one.app.and_then(|id| scene.corp.app(id)).map_or("", |app| app.name.as_str())) }
                    " → " (one.host) br;
                    span.hint { (scene.time(one.at)) " · " code { (&one.ticket[..6]) } }
                }
                @if one.scanned_by.as_deref() == Some(member.id.as_str()) {
                    p { (scene.say("在浏览器中登录？", "Sign in in that browser?")) }
                    div.row {
                        (scene.button("confirm-scan", &fields, "", scene.say("确认登录", "Confirm")))
                        (scene.button("deny-scan", &fields, "quiet", scene.say("拒绝", "Deny")))
                    }
                } @else {
                    @if let Some(other) = &one.scanned_by {
                        p.hint { (other) " " (scene.say("已扫描", "has scanned it")) }
                    }
                    (scene.button("scan", &fields, "", scene.say("扫描", "Scan")))
                }
            }
        }
    }
}
