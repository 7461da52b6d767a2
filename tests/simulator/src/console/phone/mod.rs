//! A member's phone: it scans codes, opens the app, receives messages and cards, and stands at the approval desk.

mod card;
mod desk;
mod inbox;
mod scan;
mod workspace;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use maud::{Markup, html};

use super::company::found;
use super::scene::{Room, Scene, tabs};
use crate::corp::Member;
use crate::pages::redirect::encoded;

/// Whose phone this browser plays: pages inside the client take it for the client of this member.
const PHONE_COOKIE: &str = "sim_phone";

/// So many members are offered at a time.
const OFFERED: usize = 50;

/// The member whose phone a browser plays.
pub(crate) fn owner(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, id) = pairs.find(|(name, _)| *name == PHONE_COOKIE)?;
    Some(percent_encoding::percent_decode_str(id).decode_utf8().ok()?.into_owned())
}

/// What makes a browser the phone of a member.
pub(super) fn cookie(member: &str) -> String {
    format!("{PHONE_COOKIE}={}; Path=/; SameSite=Lax; HttpOnly", encoded(member))
}

/// The page on which a member is chosen.
pub(super) fn choose(scene: &Scene) -> String {
    let search = scene.asked("search");
    let mut members: Vec<&Member> = found(&scene.corp, search).skip(scene.page() * OFFERED).take(OFFERED + 1).collect();
    let has_more = members.len() > OFFERED;
    members.truncate(OFFERED);
    let ticket = scene.asked("ticket");
    let onward = |id: &str| {
        let path = format!("/console/phone/{}", encoded(id));
        if ticket.is_empty() { path } else { format!("{path}?ticket={}", encoded(ticket)) }
    };
    let content = html! {
        p { (scene.say("用谁的手机？", "Whose phone?")) }
        form.row method="get" action="/console/phone" role="search" {
            input type="hidden" name="ticket" value=(ticket);
            input type="search" name="search" value=(search) aria-label=(scene.say("姓名或账号", "name or id"));
            button.quiet { (scene.say("搜索", "Search")) }
        }
        ul.plain.members {
            @for member in &members {
                li { a.card href=(onward(&member.id)) { strong { (member.name) } " " span.hint { (member.id) } " " (scene.status(member)) } }
            }
        }
        (scene.pager("/console/phone", &[("search", search), ("ticket", ticket)], has_more))
    };
    scene.render(Room::Phone, scene.say("选择成员", "Choose a member"), &content)
}

/// One screen of a phone; `None` when there is no such member or no such screen.
pub(super) fn phone(scene: &Scene, id: &str, screen: &str) -> Option<String> {
    let member = scene.corp.member(id)?;
    let content = match screen {
        "scan" => scan::screen(scene, member),
        "workspace" => workspace::screen(scene, member),
        "messages" => inbox::screen(scene, member),
        "approvals" => desk::screen(scene, member),
        _ => return None,
    };
    Some(scene.render(Room::Phone, &member.name, &frame(scene, member, screen, &content)))
}

fn frame(scene: &Scene, member: &Member, screen: &str, content: &Markup) -> Markup {
    let base = format!("/console/phone/{}", encoded(&member.id));
    let screens = [
        ("scan", scene.say("扫一扫", "Scan")),
        ("workspace", scene.say("工作台", "Workspace")),
        ("messages", scene.say("消息", "Messages")),
        ("approvals", scene.say("审批", "Approvals")),
    ];
    let links = screens.map(|(name, text)| (format!("{base}/{name}"), text, name == screen));
    html! {
        p.hint {
            (member.id) " " (scene.status(member)) " · "
            a href="/console/phone" { (scene.say("换一个成员", "another member")) }
        }
        div.phone {
            (tabs(scene.say("手机", "The phone"), &links))
            div.screen { (content) }
        }
    }
}
