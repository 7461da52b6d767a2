//! The console's page: the organisation, and forms for what may happen to it.

use maud::{Markup, html};

use super::activity::activity;
use crate::control::Control;
use crate::corp::{App, Corp, Department, Member, TrustedAddresses, Visible};
use crate::pages::redirect::append;
use crate::pages::view::page;
use crate::pages::{LOGIN_PATH, OAUTH_PATH};

/// The page shows this many members; a search narrows them.
const LISTED: usize = 200;

/// The whole console.
pub(crate) fn console(control: &Control, search: &str, problem: Option<&str>) -> String {
    let (corp, now) = (control.corp(), control.now());
    let corp = corp.as_ref();
    page(
        "企业微信模拟器 WeCom simulator",
        &html! {
            h1 { "企业微信模拟器 WeCom simulator" }
            @if let Some(problem) = problem { p.error { (problem) } }
            table {
                tr { th { "企业 ID CorpID" } td { code { (corp.id()) } } }
                tr { th { "部门 Departments" } td { (corp.departments().count()) } }
                tr { th { "成员 Members" } td { (corp.member_count()) } }
                tr {
                    th { "时间 Clock" }
                    td {
                        (now / 1000) " s "
                        (form("advance-clock", "前进 Advance", &[("seconds", "60")]))
                        (form("revoke-tokens", "吊销令牌 Revoke tokens", &[]))
                        (form("clear-faults", "清除故障 Clear faults", &[]))
                    }
                }
            }
            @for app in corp.apps() { (app_section(corp, app)) }
            (activity(control, corp))
            h2 { "部门 Departments" }
            table { @for department in corp.departments().take(LISTED) { (department_row(corp, department)) } }
            (form("add-department", "新增部门 Add", &[("id", ""), ("name", ""), ("parent", "1")]))
            h2 { "成员 Members" }
            form method="get" action="/console" {
                input name="search" value=(search) placeholder="搜索 search"; " " button { "搜索 Search" }
            }
            table { @for member in found(corp, search) { (member_row(corp, member)) } }
            (form("add-member", "新增成员 Add", &[("id", ""), ("name", ""), ("department", "1")]))
            p.note {
                "JSON: GET /sim/state · /sim/log · /sim/counts · /sim/truth?agentid= · /sim/inbox?member= · "
                "/sim/messages · /sim/deliveries · /sim/approvals · /sim/templates · /sim/routes · /sim/actions"
            }
        },
    )
}

fn found<'c>(corp: &'c Corp, search: &'c str) -> impl Iterator<Item = &'c Member> {
    corp.members().filter(move |member| member.id.contains(search) || member.name.contains(search)).take(LISTED)
}

fn app_section(corp: &Corp, app: &App) -> Markup {
    let range = Visible::of(corp, app);
    let id = app.id.to_string();
    let addresses = match &app.trusted_addresses {
        TrustedAddresses::Any => "any".to_owned(),
        TrustedAddresses::Only(list) => list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
    };
    let joined = |numbers: Vec<u64>| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let callback = format!("https://{}/", app.trusted_domains.first().map_or("", String::as_str));
    let common = [("appid", corp.id()), ("agentid", id.as_str()), ("redirect_uri", callback.as_str())];
    let login = append(&append(LOGIN_PATH, &[("login_type", "CorpApp")]), &common);
    let oauth = append(OAUTH_PATH, &[("response_type", "code"), ("scope", "snsapi_base"), ("state", corp.id())]);
    html! {
        h2 { "应用 App " (app.name) }
        table {
            tr { th { "AgentId" } td { code { (app.id) } } }
            tr { th { "Secret" } td { (app.secret.hint()) } }
            tr { th { "可见范围 Visible range" } td {
                "部门 departments: " (joined(app.visible.departments().collect()))
                " · 标签 tags: " (joined(app.visible.tags().collect()))
                " · 成员 members: " (app.visible.members().take(20).collect::<Vec<_>>().join(" "))
                br;
                (corp.departments().filter(|one| range.department(one.id)).count()) " 个部门 departments, "
                (corp.members().filter(|one| range.member(one)).count()) " 名成员 members"
                br;
                (form("grant", "授权 Grant", &[("app", &id), ("department", ""), ("member", ""), ("tag", "")]))
                (form("ungrant", "取消 Ungrant", &[("app", &id), ("department", ""), ("member", ""), ("tag", "")]))
            } }
            tr { th { "可信 IP Trusted addresses" } td {
                (form("trust-addresses", "保存 Save", &[("app", &id), ("addresses", &addresses)]))
            } }
            tr { th { "应用主页 Home page" } td {
                (form("change-app", "保存 Save", &[("app", &id), ("home_url", &app.home_url)]))
                @if is_web(&app.home_url) { a href=(app.home_url) { "进入 Enter" } }
            } }
            tr { th { "可信域名 Trusted domains" } td {
                (form("change-app", "保存 Save", &[("app", &id), ("trusted_domains", &app.trusted_domains.join(" "))]))
            } }
            tr { th { "授权回调域 Login callback domain" } td {
                (form("change-app", "保存 Save", &[
                    ("app", &id), ("login_callback_domain", app.login_callback_domain.as_deref().unwrap_or_default()),
                ]))
            } }
            tr { th { "状态 State" } td {
                @if app.enabled {
                    "启用 enabled " (form("change-app", "停用 Disable", &[("app", &id), ("enabled", "0")]))
                } @else {
                    "停用 disabled " (form("change-app", "启用 Enable", &[("app", &id), ("enabled", "1")]))
                }
            } }
            tr { th { "登录 Sign-in" } td {
                a href=(login) { "浏览器 Browser" } " · " a href=(append(&oauth, &common)) { "工作台 Workspace" }
            } }
        }
    }
}

fn department_row(corp: &Corp, department: &Department) -> Markup {
    let id = department.id.to_string();
    html! {
        tr {
            td { (id) " ← " (department.parent) }
            td { (department.name) " · " (corp.staff(department.id).count()) }
            td {
                (form("rename-department", "改名 Rename", &[("id", &id), ("name", &department.name)]))
                (form("move-department", "移动 Move", &[("id", &id), ("parent", &department.parent.to_string())]))
                (form("remove-department", "删除 Remove", &[("id", &id)]))
            }
        }
    }
}

fn member_row(corp: &Corp, member: &Member) -> Markup {
    let names = member.departments.iter().filter_map(|place| corp.department(place.department));
    let names: Vec<&str> = names.map(|department| department.name.as_str()).collect();
    let main = member.main().unwrap_or_default().to_string();
    html! {
        tr {
            td { (member.id) }
            td { (member.name) " · " (names.join(" ")) " · " (member.position) " · " (member.status.number()) }
            td {
                (form("change-member", "修改 Change", &[
                    ("id", &member.id), ("name", &member.name), ("position", &member.position),
                ]))
                (form("move-member", "调动 Move", &[("id", &member.id), ("department", &main)]))
                (form("resign-member", "离职 Resign", &[("id", &member.id)]))
            }
        }
    }
}

/// What a form is about: hidden when it is known.
const HIDDEN: &[&str] = &["id", "app", "enabled", "member", "message", "key", "number", "decision", "template"];

/// A form for one action.
pub(super) fn form(action: &str, label: &str, fields: &[(&str, &str)]) -> Markup {
    html! {
        form.line method="post" action={ "/sim/" (action) } {
            @for (name, value) in fields {
                @let hidden = HIDDEN.contains(name) && !value.is_empty();
                @if hidden { input type="hidden" name=(name) value=(value); }
                @else { input name=(name) value=(value) placeholder=(name) size="12"; }
            }
            " " button { (label) } " "
        }
    }
}

/// Only web addresses become links: anything else could run in the console's page.
fn is_web(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}
