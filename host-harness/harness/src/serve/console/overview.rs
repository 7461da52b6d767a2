//! The first page: how the app stands, and what to do next.

use axum::response::Response;
use maud::{Markup, html};
use organisation_host::contract::{
    directory::DirectorySummary,
    element::{Status, Verdict},
};

use super::{
    asked::{Asked, when},
    failure::{Failure, answer_if_any},
};

/// One thing to do, and whether it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    done: bool,
    page: &'static str,
    words: [&'static str; 2],
}

/// What the steps follow from.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    configured: bool,
    synchronised: bool,
    has_rules: bool,
    has_administrators: bool,
}

/// What to do, in its order.
fn steps(standing: Standing) -> [Step; 4] {
    let step = |done, page, words| Step { done, page, words };
    [
        step(
            standing.configured,
            "setup",
            ["填写配置，并在厂商控制台完成设置", "Enter the ids and the secret, and set the app up at the vendor"],
        ),
        step(standing.synchronised, "sync", ["首次同步通讯录", "Synchronise the directory for the first time"]),
        step(
            standing.has_rules,
            "roles",
            [
                "为成员分配角色：没有角色的成员在要求角色的应用中无法进入",
                "Give roles: where an app asks for one, nobody enters without",
            ],
        ),
        step(standing.has_administrators, "roles", ["指定管理员", "Name the administrators"]),
    ]
}

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let summary = answer_if_any(asked.element.overview().await)?;
    let problems = asked.element.validate().await?.problems;
    let rules = answer_if_any(asked.element.role_rules().await)?.map(|state| state.rules).unwrap_or_default();
    let administrators = answer_if_any(asked.element.administrators().await)?.unwrap_or_default();
    let is_error = |severity: &organisation_host::contract::types::Severity| {
        matches!(severity, organisation_host::contract::types::Severity::Error)
    };
    let standing = Standing {
        configured: !problems.iter().any(|problem| is_error(&problem.severity)),
        synchronised: summary.as_ref().is_some_and(|summary| summary.last_run.is_some()),
        has_rules: !rules.is_empty(),
        has_administrators: !administrators.is_empty(),
    };
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        @if let Some(summary) = &summary { (figures(asked, summary)) }
        section.card {
            h2 { (say("接下来", "What to do next")) }
            ol.steps {
                @for step in steps(standing) {
                    li.done[step.done] {
                        a href=(asked.address(step.page)) { (asked.language.pick(step.words[0], step.words[1])) }
                        @if step.done { " " span.tag.good { (say("完成", "done")) } }
                    }
                }
            }
        }
        @if !problems.is_empty() {
            section.card {
                h2 { (say("配置中的问题", "Problems of the configuration")) }
                ul {
                    @for problem in &problems {
                        li {
                            span.bad[is_error(&problem.severity)] { code { (problem.path) } " " (problem.message) }
                            @if let Some(hint) = &problem.hint { p.hint { (hint) } }
                        }
                    }
                }
            }
        }
        section.card {
            h2 { (say("连接检查", "Connection check")) }
            div #check hx-get=(asked.address("check")) hx-trigger="load" hx-select="#check" hx-swap="outerHTML" {
                p { a.button href=(asked.address("check")) { (say("立即检查", "Check now")) } }
            }
        }
    };
    Ok(asked.page(say("概览", "Overview"), content))
}

fn figures(asked: &Asked, summary: &DirectorySummary) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    let members = &summary.members;
    html! {
        @if summary.blocked.is_some() {
            div.banner.bad role="alert" {
                p {
                    (say("同步将移除过多成员，已暂停。", "A sync would remove too many, and waits.")) " "
                    a href=(asked.address("sync")) { (say("查看并决定", "Look at it and decide")) }
                }
            }
        }
        div.grid {
            @for (name, count) in [
                (say("部门", "Departments"), summary.departments),
                (say("在职成员", "Active members"), members.active),
                (say("未激活", "Not activated"), members.not_activated),
                (say("已离开可见范围", "Left the range"), members.left_range),
                (say("已离职", "Resigned"), members.resigned),
            ] {
                div.card { div.figure { (count) } div.hint { (name) } }
            }
        }
        @if let Some(run) = &summary.last_run {
            p.hint { (say("上次同步完成于", "Last sync completed at")) " " (when(run.finished_at)) }
        }
    }
}

/// What the vendor says of the configuration, one line an aspect.
pub async fn check(asked: &Asked) -> Result<Response, Failure> {
    let verdicts = asked.element.check_connection().await?;
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        div #check {
            table.stacked {
                thead { tr { th { (say("项目", "Aspect")) } th { (say("状态", "Status")) } th { (say("说明", "What it says")) } } }
                tbody { @for verdict in verdicts { (line(asked, verdict)) } }
            }
            p.hint {
                (say("厂商约需一分钟才会采用新设置。", "The vendor takes a change up within about a minute.")) " "
                a href=(asked.address("check")) hx-get=(asked.address("check")) hx-target="#check" hx-select="#check" hx-swap="outerHTML" {
                    (say("再次检查", "Check again"))
                }
            }
        }
    };
    Ok(asked.page(say("连接检查", "Connection check"), content))
}

fn line(asked: &Asked, verdict: Verdict) -> Markup {
    let (kind, words) = match verdict.status {
        Status::Ok => ("tag good", asked.say("正常", "fine")),
        Status::Warning => ("tag warn", asked.say("注意", "look at it")),
        Status::Failed => ("tag bad", asked.say("失败", "failed")),
        Status::Skipped => ("tag", asked.say("未检查", "not looked at")),
    };
    let view = crate::view::aspect::AspectView::from(verdict);
    html! {
        tr {
            td data-label=(asked.say("项目", "Aspect")) { (view.aspect) }
            td data-label=(asked.say("状态", "Status")) { span class=(kind) { (words) } }
            td data-label=(asked.say("说明", "What it says")) {
                div {
                    (view.message)
                    @if let Some(hint) = &view.hint { p.hint { (hint) } }
                    @for (name, value) in &view.facts { p.hint { (name) ": " code { (value) } } }
                    @if let Some(page) = view.console_url.as_ref().filter(|page| page.starts_with("https://")) {
                        p.hint { a href=(page) rel="noreferrer" target="_blank" { (asked.say("打开控制台页面", "Open the page of the console")) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_no_longer_asked_for() {
        let open =
            |standing| steps(standing).iter().filter(|step| !step.done).map(|step| step.page).collect::<Vec<_>>();
        assert_eq!(open(Standing::default()), ["setup", "sync", "roles", "roles"]);
        let configured = Standing { configured: true, ..Standing::default() };
        assert_eq!(open(configured), ["sync", "roles", "roles"]);
        let all = Standing { configured: true, synchronised: true, has_rules: true, has_administrators: true };
        assert!(open(all).is_empty());
    }
}
