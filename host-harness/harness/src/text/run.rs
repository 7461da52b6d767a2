//! Runs of synchronisation.

use std::time::Duration;

use super::{Paint, Table, clean, failure, indented, plan};
use crate::view::run::{HistoryView, RepairedView, ReportView, SyncView};

/// Phases that took less are left out: people want to know where the time went.
const SHORTEST_MS: u64 = 100;

/// How a run stands or ended.
pub fn sync(view: &SyncView, paint: Paint) -> String {
    let resumed = if view.resumed { "，接续之前的同步 (resumed)" } else { "" };
    let head = match (view.state, view.interrupted) {
        ("complete", _) => paint.good("同步完成 complete"),
        ("planned", _) => paint.good("计划完成，尚未写入 planned, nothing written"),
        ("blocked", _) => paint.bad("同步被拦截，需要确认 blocked, somebody has to approve or abandon it"),
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
        text.push_str(&stats(report));
        text.extend(report.notes.iter().map(|note| format!("  {} {}\n", paint.warn("注意 note"), indented(note, 12))));
    }
    if view.state == "planned" {
        if let (true, Some(report)) = (view.resumed, &view.report) {
            text.push_str(&format!(
                "  读取于 fetched from {}; 如需重新读取 for a new plan: org-harness abandon {}\n",
                report.started_at,
                clean(&report.run)
            ));
        }
        text.push_str(&preview(view));
    }
    if let Some(error) = &view.error {
        text.push_str(&failure(error, paint));
        if let Some(run) = &error.run {
            let run = clean(run);
            text.push_str(&format!(
                "  查看将移除的部门和成员 see which ones: org-harness plan\n\
                 \x20 确认无误后允许 approve it when this is right: org-harness sync --approve {run}\n\
                 \x20 可见范围有误，改正后放弃并重新同步 abandon it once the range is mended, then sync: org-harness abandon {run}\n",
            ));
        }
    }
    text
}

/// How a run was ended.
pub fn repaired(view: &RepairedView, paint: Paint) -> String {
    let run = &view.repaired;
    let mut text = format!("已中途结束，请重新同步 repaired, sync again: {}\n", clean(&run.run));
    text.extend(run.notes.iter().map(|note| format!("  {} {}\n", paint.warn("注意 note"), indented(note, 12))));
    text
}

/// The first changes of a plan, and how many follow.
fn preview(view: &SyncView) -> String {
    let mut text: String = view.preview.iter().map(plan::change).collect();
    let members = view
        .members
        .map_or(0, |counts| counts.added + counts.updated + counts.left_range + counts.resigned + counts.rejoined);
    let departments = view.departments.map_or(0, |counts| counts.added + counts.updated + counts.removed);
    let more = (members + departments).saturating_sub(view.preview.len() as u64);
    if more > 0 {
        text.push_str(&format!("  … 还有 {more} 项 more: org-harness plan\n"));
    }
    text
}

/// What a run took.
fn stats(report: &ReportView) -> String {
    let worked: u64 = report.phases.iter().map(|time| time.ms).sum();
    let mut text = format!(
        "  用时 took: {} (工作 at work {})，接收 received {} KiB，下载 downloads {}，内存 memory {} KiB\n",
        seconds(report.duration_ms),
        seconds(worked),
        report.bytes_in >> 10,
        report.downloads,
        report.peak_memory >> 10
    );
    // A phase without work is not worth a word.
    let phases: Vec<String> = report
        .phases
        .iter()
        .filter(|time| time.ms >= SHORTEST_MS)
        .map(|time| format!("{} {}", phase(&time.phase), seconds(time.ms)))
        .collect();
    if !phases.is_empty() {
        text.push_str(&format!("  其中 of these: {}\n", phases.join("，")));
    }
    text
}

/// The last runs.
pub fn history(view: &HistoryView, paint: Paint) -> String {
    if view.runs.is_empty() {
        return "没有同步记录 no runs yet\n".to_owned();
    }
    let row = |run: &ReportView| {
        let (members, departments) = (run.members, run.departments);
        let counts = |added: u64, updated: u64, removed: u64| format!("+{added} ~{updated} -{removed}");
        vec![
            run.started_at.clone(),
            outcome(run.outcome).to_owned(),
            run.strategy.clone(),
            counts(members.added + members.rejoined, members.updated, members.left_range + members.resigned),
            counts(departments.added, departments.updated, departments.removed),
            run.vendor_calls.to_string(),
            seconds(run.duration_ms),
        ]
    };
    let rows: Vec<_> = view.runs.iter().map(row).collect();
    let header = [
        "开始 started",
        "结果 outcome",
        "方式 strategy",
        "成员 members",
        "部门 departments",
        "调用 calls",
        "用时 took",
    ];
    Table::new(&header, paint).page(&rows)
}

fn outcome(outcome: &str) -> &str {
    match outcome {
        "complete" => "完成 complete",
        "planned" => "仅计划 planned",
        "abandoned" => "已放弃 abandoned",
        "repaired" => "中途结束 repaired",
        other => other,
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100)
}

/// A phase of a run in both languages; what is not known is shown as it is.
pub fn phase(phase: &str) -> String {
    let known = match phase {
        "scope" => "读取可见范围 visible range",
        "export-submit" => "提交导出 ordering the export",
        "export-wait" => "等待导出 waiting for the export",
        "export-departments" => "读取导出的部门 exported departments",
        "export-members" => "读取导出的成员 exported members",
        "fetch" => "逐部门读取成员 members by department",
        "fetch-individuals" => "读取单独授权的成员 members granted alone",
        "missing" => "查找缺失的记录 looking for what is missing",
        "guard" => "检查移除数量 counting what would go",
        "confirm" => "逐一核实缺失 confirming the missing",
        "planned" => "计划完成 planned",
        "apply-departments" => "写入部门 writing departments",
        "apply-members" => "写入成员 writing members",
        "apply-removals" => "标记离开的成员 members who left",
        "apply-department-removals" => "删除部门 removing departments",
        "finish" => "收尾 finishing",
        other => return clean(other),
    };
    known.to_owned()
}

/// Why the element asks to wait; what is not known is shown as it is.
pub fn reason(reason: &str) -> String {
    match reason {
        "rate-limit" => "调用频率受限 rate limit".to_owned(),
        "export-running" => "企业微信正在准备导出 the export is being prepared".to_owned(),
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

#[cfg(test)]
mod tests {
    use organisation_host::contract::directory::{DepartmentCounts, MemberCounts, Report, RunOutcome, Strategy};

    use super::*;
    use crate::run::{Finished, RunEnd};

    fn report(notes: &[&str]) -> Report {
        let departments = DepartmentCounts { added: 0, updated: 0, removed: 0 };
        let members = MemberCounts { added: 0, updated: 0, left_range: 0, resigned: 0, rejoined: 0, unchanged: 0 };
        Report {
            run: "r1".to_owned(),
            outcome: RunOutcome::Complete,
            strategy: Strategy::Walk,
            started_at: 0,
            finished_at: 1,
            departments,
            members,
            departments_total: 0,
            members_total: 0,
            vendor_calls: 0,
            calls_by_api: Vec::new(),
            downloads: 0,
            bytes_in: 0,
            retries: 0,
            waits: 0,
            advances: 1,
            peak_memory: 0,
            phases: Vec::new(),
            notes: notes.iter().map(|&note| note.to_owned()).collect(),
        }
    }

    #[test]
    fn every_note_of_a_run_or_a_plan_is_shown_in_full() {
        let long = "可见范围为空 ".repeat(40) + "end";
        let notes = [long.trim_end(), "the range is empty\nfill it in the console\u{7}"];
        for ended in [RunEnd::Complete(report(&notes)), RunEnd::Planned(report(&notes))] {
            let text = sync(&SyncView::from(Finished { ended, resumed: false }), Paint::plain());
            assert!(text.contains(&format!("\n  注意 note {}\n", notes[0])), "{text}");
            let second = "\n  注意 note the range is empty\n            fill it in the console\u{fffd}\n";
            assert!(text.contains(second), "{text}");
        }
    }

    #[test]
    fn a_wait_says_how_long_who_why_and_by_which_code() {
        for (why, code, expected) in [
            ("rate-limit", Some(45009), "等待 waiting 42 s: WeCom: 调用频率受限 rate limit (45009)"),
            ("export-running", None, "等待 waiting 42 s: WeCom: 企业微信正在准备导出 the export is being prepared"),
            ("moon", None, "等待 waiting 42 s: WeCom: moon"),
        ] {
            assert_eq!(waiting("WeCom", why, code, Duration::from_millis(41_001)), expected);
        }
    }

    #[test]
    fn what_is_not_known_is_shown_as_it_is() {
        assert_eq!(phase("sing\u{7}"), "sing\u{fffd}");
        assert_eq!(phase("export-wait"), "等待导出 waiting for the export");
        assert_eq!(seconds(61_250), "61.2 s");
    }
}
