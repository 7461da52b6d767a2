//! The latest calls, the latest first, each with what was asked and answered.

use maud::{Markup, html};

use super::super::scene::Scene;
use crate::calls::{Call, KEPT_CALLS};

/// So many calls stand on a page.
const LISTED: usize = 25;

pub(super) fn page(scene: &Scene) -> Markup {
    let (api, failed) = (scene.asked("api"), scene.asked("failed") == "1");
    let calls = scene.control.calls();
    let fits = |call: &&Call| {
        call.path.contains(api)
            && (!failed || !(200..400).contains(&call.status) || call.errcode.is_some_and(|code| code != 0))
    };
    let skip = scene.page() * LISTED;
    let mut shown: Vec<&Call> = calls.iter().filter(fits).skip(skip).take(LISTED + 1).collect();
    let has_more = shown.len() > LISTED;
    shown.truncate(LISTED);
    let path = "/console/workbench/calls";
    html! {
        p.hint {
            (scene.say("最近", "The latest")) " " (KEPT_CALLS) " "
            (scene.say("次调用；密钥、令牌与 code 已截短。", "calls; secrets, tokens and codes are shortened.")) " "
            a href=(scene.here) { (scene.say("刷新", "Load again")) }
        }
        form.row method="get" action=(path) role="search" {
            input type="search" name="api" value=(api) aria-label=(scene.say("路径", "path")) placeholder="user/list";
            label { input type="checkbox" name="failed" value="1" checked[failed]; " " (scene.say("只看失败", "failed only")) }
            button.quiet { (scene.say("筛选", "Filter")) }
        }
        @if shown.is_empty() { p.hint { (scene.say("没有调用。", "No call.")) } }
        @for call in shown { (row(scene, call)) }
        (scene.pager(path, &[("api", api), ("failed", if failed { "1" } else { "" })], has_more))
    }
}

fn row(scene: &Scene, call: &Call) -> Markup {
    let is_good = call.errcode.is_none_or(|code| code == 0) && (200..400).contains(&call.status);
    html! {
        details.call {
            summary {
                span.hint { "#" (call.number) } " " strong { (call.method) " " (call.path) } " "
                span class=(if is_good { "tag good" } else { "tag bad" }) {
                    @if call.status == 0 { (scene.say("连接被关闭", "closed")) } @else { (call.status) }
                    @if let Some(code) = call.errcode { " · " (code) }
                }
                " " span.hint { (scene.time(call.at)) }
            }
            @if !call.query.is_empty() {
                h3 { (scene.say("参数", "Query")) }
                dl.facts { @for (name, value) in &call.query { dt { (name) } dd { code { (value) } } } }
            }
            @if !call.asked.is_empty() { h3 { (scene.say("请求", "Asked")) } pre { (call.asked) } }
            @if !call.answered.is_empty() { h3 { (scene.say("回答", "Answered")) } pre { (call.answered) } }
        }
    }
}
