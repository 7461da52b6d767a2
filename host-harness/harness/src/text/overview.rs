//! The state of the copy.

use super::{Paint, clean};
use crate::view::overview::OverviewView;

/// Counts and runs.
pub fn overview(view: &OverviewView, paint: Paint) -> String {
    let organisation = view.organisation_id.as_deref().unwrap_or("(尚未同步 nothing synchronised yet)");
    let mut text = format!("{} {}\n", paint.bold("企业 organisation"), clean(organisation));
    let members = &view.members;
    text.push_str(&format!("  部门 departments: {}\n", view.departments));
    text.push_str(&format!(
        "  成员 members: 在职 active {}, 已禁用 disabled {}, 未激活 not-activated {}, 已离开可见范围 left-range {}, 已离职 \
         resigned {}\n",
        members.active, members.disabled, members.not_activated, members.left_range, members.resigned
    ));
    text.push_str(&format!("  变更 changes: {}, 已确认 acknowledged {}\n", view.last_change, view.acknowledged));
    if let Some(run) = &view.last_run {
        text.push_str(&format!(
            "  上次同步 last sync: {} ({}, {} vendor calls)\n",
            run.finished_at,
            clean(&run.strategy),
            run.vendor_calls
        ));
    }
    if let Some(run) = &view.current_run {
        text.push_str(&format!(
            "  正在进行 unfinished run {}: {} {}/{}; `sync` goes on with it\n",
            clean(&run.run),
            super::run::phase(&run.phase),
            run.done,
            run.total
        ));
    }
    if let Some(removal) = view.blocked {
        text.push_str(&format!(
            "  {}\n",
            paint.warn(&format!(
                "同步被拦截，需要确认 blocked: would remove {} of {} members, {} of {} departments",
                removal.members, removal.members_total, removal.departments, removal.departments_total
            ))
        ));
    }
    if view.partly_applied {
        text.push_str(&format!("  {}\n", paint.warn("副本只更新了一部分 the copy is partly updated")));
    }
    text
}
