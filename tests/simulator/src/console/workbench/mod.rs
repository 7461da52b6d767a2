//! The workbench: what no company's WeCom has. Time, faults, snapshots, and logs of both directions.

mod calls;
mod deliveries;
mod faults;
mod state;

use super::scene::{Room, Scene, tabs};
use maud::html;

/// One page of the workbench; `None` when there is none of this name.
pub(super) fn workbench(scene: &Scene, page: &str) -> Option<String> {
    let content = match page {
        "state" => state::page(scene),
        "faults" => faults::page(scene),
        "calls" => calls::page(scene),
        "deliveries" => deliveries::page(scene),
        _ => return None,
    };
    let pages = [
        ("state", scene.say("时间与状态", "Time and state")),
        ("faults", scene.say("故障", "Faults")),
        ("calls", scene.say("调用日志", "Calls")),
        ("deliveries", scene.say("回调投递", "Deliveries")),
    ];
    let links = pages.map(|(name, text)| (format!("/console/workbench/{name}"), text, name == page));
    let title = pages.iter().find(|(name, _)| *name == page).map_or("", |(_, text)| text);
    let content = html! { (tabs(scene.say("工作台面", "Workbench"), &links)) (content) };
    Some(scene.render(Room::Workbench, title, &content))
}
