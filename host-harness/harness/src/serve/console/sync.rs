//! Syncs: what one would do, how the current one stands, those that were, and the decision about one that would remove too much.

use axum::response::Response;
use maud::{Markup, html};
use organisation_host::contract::{
    directory::{DirectorySummary, Goal, Progress, Report, RunOutcome},
    types::RemovalCounts,
};

use super::{
    asked::{Asked, when},
    failure::Failure,
    live::{END, PROGRESS},
    plan,
    running::Standing,
};

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let summary = asked.element.overview().await?;
    let history = asked.element.history().await?;
    let blocked = match &summary.blocked {
        Some(counts) => Some(who_would_go(asked, &summary, *counts).await?),
        None => None,
    };
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        div #sync {
            (standing(asked, &summary))
            @if let Some(blocked) = blocked { (blocked) }
            section.card {
                h2 { (say("开始", "Start")) }
                div.row {
                    (start_form(asked, "plan", &html! { button.quiet { (say("先看计划，不写入", "Plan first, write nothing")) } }))
                    (start_form(asked, "complete", &html! { button { (say("立即同步", "Synchronise now")) } }))
                }
                p { a href=(asked.address("sync/plan")) { (say("查看当前计划", "Look at the current plan")) } }
            }
            section {
                h2 { (say("历史", "History")) }
                (table(asked, &history))
            }
        }
    };
    Ok(asked.page(say("同步", "Sync"), content))
}

/// How it stands, and nothing else.
pub async fn progress(asked: &Asked) -> Result<Response, Failure> {
    let summary = asked.element.overview().await?;
    Ok(asked.page(asked.say("同步", "Sync"), standing(asked, &summary)))
}

/// Plans, or carries out.
pub async fn start(asked: &Asked) -> Result<Response, Failure> {
    let (until, goal) = match asked.text("until") {
        Some("plan") => (Goal::Plan, "\"plan\""),
        Some("complete") => (Goal::Complete, "\"complete\""),
        _ => return Err(incomplete()),
    };
    asked.audit("directory.begin", None, Some(goal.to_owned())).await?;
    asked.service.runs().start(&asked.tenant, until);
    Ok(asked.go("sync"))
}

/// Lets a blocked run remove what was shown, and no more.
pub async fn approve(asked: &Asked) -> Result<Response, Failure> {
    let number = |name: &str| asked.text(name).and_then(|text| text.parse().ok());
    let counts = (|| {
        Some(RemovalCounts {
            members: number("members")?,
            members_total: number("members_total")?,
            departments: number("departments")?,
            departments_total: number("departments_total")?,
        })
    })();
    let (Some(run), Some(counts)) = (asked.text("run"), counts) else { return Err(incomplete()) };
    asked.audit("directory.approve", Some(run.to_owned()), None).await?;
    asked.element.approve(run, counts).await?;
    asked.service.runs().start(&asked.tenant, Goal::Complete);
    Ok(asked.go("sync"))
}

/// Gives the current run up.
pub async fn abandon(asked: &Asked) -> Result<Response, Failure> {
    let run = asked.text("run").ok_or_else(incomplete)?;
    asked.audit("directory.abandon", Some(run.to_owned()), None).await?;
    asked.element.abandon(run).await?;
    Ok(asked.go("sync"))
}

fn incomplete() -> Failure {
    Failure::Asked(["表单不完整，请刷新页面后重试。", "The form is not complete: load the page anew."])
}

fn start_form(asked: &Asked, until: &str, button: &Markup) -> Markup {
    asked.form("sync/start", &html! { input type="hidden" name="until" value=(until); (button) })
}

/// How the run stands that was started here last, and the current one. While one is under way here, the page is told of it.
fn standing(asked: &Asked, summary: &DirectorySummary) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    let here = asked.service.runs().of(&asked.tenant.name);
    // Somebody may have decided since.
    let here = here.filter(|here| !matches!(here, Standing::Blocked) || summary.blocked.is_some());
    let is_under_way = matches!(here, Some(Standing::UnderWay(_)));
    html! {
        div #progress aria-live="polite" hx-ext=[is_under_way.then_some("sse")]
            sse-connect=[is_under_way.then(|| asked.address("sync/events"))] sse-swap=[is_under_way.then_some(PROGRESS)]
            sse-close=[is_under_way.then_some(END)] {
            @if let Some(here) = &here { (words(asked, here)) }
            @if !matches!(here, Some(Standing::UnderWay(Some(_)))) {
                @if let Some(run) = &summary.current_run { (bar(asked, run)) }
            }
        }
        @if let Some(run) = summary.current_run.as_ref().filter(|_| !summary.partly_applied) {
            (asked.form("sync/abandon", &html! {
                input type="hidden" name="run" value=(run.run);
                button.quiet { (say("放弃此次同步", "Give this run up")) }
            }))
        }
    }
}

/// How a run stands that was started here.
pub fn words(asked: &Asked, standing: &Standing) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    html! {
        @match standing {
            Standing::UnderWay(progress) => {
                p.banner { (say("同步进行中……", "A sync is under way …")) }
                @if let Some(progress) = progress { (bar(asked, progress)) }
            }
            Standing::Complete => p.banner.good { (say("同步已完成。", "The sync is complete.")) },
            Standing::Planned => {
                p.banner.good {
                    (say("计划已完成，尚未写入。", "The plan is complete; nothing was written.")) " "
                    a href=(asked.address("sync/plan")) { (say("查看计划", "Look at it")) }
                }
            }
            Standing::Blocked => p.banner.warn {
                (say("同步在等待您的决定。", "The sync waits for your decision.")) " "
                a href={ (asked.address("sync")) "#blocked" } { (say("查看并决定", "Look at it and decide")) }
            },
            Standing::Paused(message, hint) => {
                div.banner.warn { p { (message) } @if let Some(hint) = hint { p.hint { (hint) } } }
            }
            Standing::Waiting(until) => {
                p.banner.warn { (say("厂商要求等待至", "The vendor asks to wait until")) " " (when(*until)) }
            }
            Standing::Failed(message) => p.banner.bad { (say("同步未能完成：", "The sync did not end: ")) (message) },
        }
    }
}

/// How far a run has come.
fn bar(asked: &Asked, run: &Progress) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    html! {
        div.card {
            p {
                (say("当前同步", "Current run")) " " code { (run.run) } " · " (say("阶段", "phase")) " " (run.phase)
                " · " (say("已见成员", "members seen")) " " (run.members)
                " · " (say("调用", "calls")) " " (run.vendor_calls)
            }
            @if run.total > 0 {
                progress max=(run.total) value=(run.done) aria-label=(say("进度", "Progress")) {}
            }
        }
    }
}

/// Has a script show the page as it is once the run is over: with the question of a blocked one, and in the history.
pub fn anew(asked: &Asked) -> Markup {
    html! {
        div hx-get=(asked.address("sync")) hx-trigger="load" hx-target="#sync" hx-select="#sync" hx-swap="outerHTML" {}
    }
}

/// What a blocked run would remove, and the two answers.
async fn who_would_go(asked: &Asked, summary: &DirectorySummary, counts: RemovalCounts) -> Result<Markup, Failure> {
    let say = |chinese, english| asked.say(chinese, english);
    let candidates = plan::removals(asked).await?;
    let run = summary.current_run.as_ref().map(|run| run.run.as_str()).unwrap_or_default();
    let approve = html! {
        @for (name, value) in [
            ("members", counts.members),
            ("members_total", counts.members_total),
            ("departments", counts.departments),
            ("departments_total", counts.departments_total),
        ] {
            input type="hidden" name=(name) value=(value);
        }
        input type="hidden" name="run" value=(run);
        button.danger { (say("确认移除以上内容", "Let them go")) }
    };
    Ok(html! {
        section.card aria-labelledby="blocked" {
            h2 #blocked { (say("此次同步将移除过多成员", "This sync would remove too many")) }
            p {
                (say("成员", "Members")) " " b { (counts.members) "/" (counts.members_total) } " · "
                (say("部门", "Departments")) " " b { (counts.departments) "/" (counts.departments_total) }
            }
            p.hint {
                (say("若可见范围被误改，请先在厂商控制台恢复，再放弃此次同步。",
                     "Where the visible range was changed by mistake, restore it at the vendor, then give the run up."))
            }
            (candidates)
            div.row {
                (asked.form("sync/approve", &approve))
                (asked.form("sync/abandon", &html! {
                    input type="hidden" name="run" value=(run);
                    button.quiet { (say("放弃此次同步", "Give the run up")) }
                }))
            }
        }
    })
}

fn table(asked: &Asked, history: &[Report]) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    let outcome = |outcome: RunOutcome| match outcome {
        RunOutcome::Complete => ("tag good", say("完成", "complete")),
        RunOutcome::Planned => ("tag", say("仅计划", "planned")),
        RunOutcome::Abandoned => ("tag warn", say("已放弃", "given up")),
        RunOutcome::Repaired => ("tag warn", say("已中途结束", "ended half-way")),
    };
    html! {
        @if history.is_empty() { p.hint { (say("还没有同步过。", "There was no sync yet.")) } } @else {
            table.stacked {
                thead {
                    tr {
                        th { (say("结束于", "Ended")) } th { (say("结果", "Outcome")) } th { (say("新增", "Added")) }
                        th { (say("更新", "Updated")) } th { (say("离开", "Left")) } th { (say("成员总数", "Members")) }
                        th { (say("调用", "Calls")) } th { (say("备注", "Notes")) }
                    }
                }
                tbody {
                    @for report in history {
                        @let (kind, words) = outcome(report.outcome);
                        tr {
                            td data-label=(say("结束于", "Ended")) { (when(report.finished_at)) }
                            td data-label=(say("结果", "Outcome")) { span class=(kind) { (words) } }
                            td.number data-label=(say("新增", "Added")) { (report.members.added + report.members.rejoined) }
                            td.number data-label=(say("更新", "Updated")) { (report.members.updated) }
                            td.number data-label=(say("离开", "Left")) { (report.members.left_range + report.members.resigned) }
                            td.number data-label=(say("成员总数", "Members")) { (report.members_total) }
                            td.number data-label=(say("调用", "Calls")) { (report.vendor_calls) }
                            td data-label=(say("备注", "Notes")) { div { @for note in &report.notes { p.hint { (note) } } } }
                        }
                    }
                }
            }
        }
    }
}
