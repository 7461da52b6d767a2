//! Runs of synchronisation.

use std::time::Duration;

use super::{Paint, clean, failure};
use crate::view::run::SyncView;

/// How a run stands or ended.
pub fn sync(view: &SyncView, paint: Paint) -> String {
    let resumed = if view.resumed { "，接续之前的同步 (resumed)" } else { "" };
    let head = match (view.state, view.interrupted) {
        ("complete", _) => paint.good("同步完成 complete"),
        ("planned", _) => paint.good("计划完成，尚未写入 planned, nothing written"),
        ("paused", _) => paint.bad("同步暂停，需要处理 paused, somebody has to act"),
        (_, true) => paint.warn("已中断，再次运行 sync 会继续 interrupted; sync goes on where it was"),
        _ => paint.warn("等待中，稍后再次运行 sync 会继续 waiting; sync goes on where it was"),
    };
    let mut text = format!("{head}{resumed}\n");
    if let Some(counts) = view.members {
        text.push_str(&format!(
            "  成员 members: 加入 added {}, 变更 updated {}, 离开可见范围 left range {}, 离职 resigned {}, 返回 rejoined {}, \
             不变 unchanged {}\n",
            counts.added, counts.updated, counts.left_range, counts.resigned, counts.rejoined, counts.unchanged
        ));
    }
    if let Some(counts) = view.departments {
        text.push_str(&format!(
            "  部门 departments: 新增 added {}, 变更 updated {}, 删除 removed {}\n",
            counts.added, counts.updated, counts.removed
        ));
    }
    if let Some(totals) = view.totals {
        let line =
            format!("  合计 totals: {} 名成员 members, {} 个部门 departments\n", totals.members, totals.departments);
        text.push_str(&line);
    }
    if let Some(waiting) = &view.waiting {
        let why = reason(&waiting.reason);
        text.push_str(&format!("  不早于 not before {}: {}\n", waiting.not_before, clean(&why)));
    }
    text.push_str(&format!("  接口调用 vendor calls: {}\n", view.vendor_calls));
    if let Some(report) = &view.report {
        text.extend(report.notes.iter().map(|note| format!("  {} {}\n", paint.warn("注意 note"), clean(note))));
    }
    if let Some(error) = &view.error {
        text.push_str(&failure(error, paint));
    }
    text
}

/// Why the element asks to wait; what is not known is shown as it is.
pub fn reason(reason: &str) -> String {
    match reason {
        "rate-limit" => "调用频率受限 fewer calls are asked for".to_owned(),
        "busy" => "服务繁忙 the service is busy".to_owned(),
        "unreachable" => "暂时无法访问 the service cannot be reached".to_owned(),
        "unreadable" => "应答无法读取 the service answers what cannot be read".to_owned(),
        other => clean(other),
    }
}

/// A line about a wait.
pub fn waiting(title: &str, why: &str, code: Option<i64>, time: Duration) -> String {
    let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
    let seconds = time.as_millis().div_ceil(1_000);
    format!("等待 waiting {seconds} s: {}: {}{code}", clean(title), reason(why))
}
