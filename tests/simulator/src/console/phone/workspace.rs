//! The workspace: apps that this member sees, and what can be done in each.

use maud::{Markup, html};

use super::super::scene::{Scene, field, hidden, web_address};
use crate::corp::{App, Member, Visible};

pub(super) fn screen(scene: &Scene, member: &Member) -> Markup {
    let apps = scene.corp.apps().filter(|app| app.enabled && Visible::of(&scene.corp, app).member(member));
    let apps: Vec<&App> = apps.collect();
    html! {
        @if apps.is_empty() {
            p.hint { (scene.say("此成员看不到任何应用。", "No app is visible to this member.")) }
        }
        @for app in apps {
            @let id = app.id.to_string();
            div.card {
                h2 { (app.name) }
                @match web_address(&app.home_url) {
                    Some(home) => { p { a.button href=(home) { (scene.say("打开应用", "Open the app")) } } }
                    None => { p.hint { (scene.say("未设置应用主页。", "The app has no home page yet.")) } }
                }
                @if app.callback.is_some() {
                    (scene.form("write", &html! {
                        (hidden("member", &member.id)) (hidden("app", &id))
                        (field(scene.say("发消息给应用", "Write to the app"), "text", "", ""))
                        button.quiet { (scene.say("发送", "Send")) }
                    }))
                    (scene.form("choose-menu", &html! {
                        (hidden("member", &member.id)) (hidden("app", &id))
                        (field(scene.say("点击菜单（key）", "Choose from the menu (key)"), "key", "", ""))
                        button.quiet { (scene.say("点击", "Choose")) }
                    }))
                    (scene.button("enter-app", &[("member", &member.id), ("app", &id)], "quiet", scene.say("进入会话", "Open the conversation")))
                }
            }
        }
    }
}
