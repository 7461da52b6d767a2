//! The HTML of the sign-in pages: bilingual, readable on a phone, without scripts.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::request::{Entry, Refusal, SignIn};
use crate::api::Query;
use crate::corp::{Corp, Member, Visible};

/// A page lists this many members; a search narrows them.
const LISTED: usize = 100;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:34rem;padding:1rem;color:#1f2329}\
h1{font-size:1.3rem}button,input{font:inherit;padding:.6rem .8rem;border:1px solid #c9cdd4;border-radius:.5rem}\
button{background:#fff;cursor:pointer}button.member{display:block;width:100%;text-align:left;margin:.3rem 0}\
button.quiet{color:#86909c}.error{color:#c0392b}.note{color:#646a73;font-size:.9rem}\
label{display:inline-block;margin-right:.8rem}table{border-collapse:collapse;width:100%}td,th{text-align:left;\
padding:.3rem .5rem;border-bottom:1px solid #e5e6eb;vertical-align:top}form.line{display:inline}\
@media(prefers-color-scheme:dark){body{background:#17191c;color:#e8e9eb}button,input{background:#24272b;color:inherit}}";

/// A whole page.
pub(crate) fn page(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="zh" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
    .into_string()
}

/// The page that says why nobody can sign in.
pub(crate) fn refused(refusal: &Refusal) -> String {
    page(
        "登录失败 Sign-in failed",
        &html! {
            h1 { "登录失败 Sign-in failed" }
            p.error { (refusal.zh) }
            p.error { (refusal.en) }
            @if let Some(code) = refusal.code { p { "错误码 Error code: " b { (code) } } }
        },
    )
}

/// The page for a browser that is not the client.
pub(crate) fn open_in_client(query: &str) -> String {
    page(
        "请在企业微信客户端打开 Open in WeCom",
        &html! {
            h1 { "请在企业微信客户端打开链接" }
            p { "Open this link in the WeCom client." }
            p.note {
                "模拟器 Simulator: "
                a href={ "?" (query) "&sim_client=1" } { "当作在客户端中继续 go on as if in the client" }
            }
        },
    )
}

/// The page that asks who signs in.
pub(crate) fn choose(sign_in: &SignIn, corp: &Corp, range: Option<&Visible>, query: &Query) -> String {
    let app = sign_in.app.and_then(|id| corp.app(id));
    let search = crate::api::query_value(query, "sim_search").unwrap_or_default();
    let found = |member: &&Member| member.id.contains(search) || member.name.contains(search);
    let in_range = |member: &Member| range.is_some_and(|range| range.member(member));
    let mut members: Vec<&Member> =
        corp.members().filter(found).filter(|member| in_range(member)).take(LISTED).collect();
    let room = LISTED - members.len();
    members.extend(corp.members().filter(found).filter(|member| !in_range(member)).take(room));
    let title = match sign_in.entry {
        Entry::Client => "企业微信授权 WeCom authorisation",
        Entry::Browser | Entry::LegacyBrowser => "企业微信登录 WeCom sign-in",
    };
    page(
        title,
        &html! {
            h1 { (title) }
            p {
                @if let Some(app) = app { b { (app.name) } " · " }
                (corp.id()) " → " (sign_in.host)
            }
            p.note { "选择登录的成员（模拟器）· choose who signs in (simulator)" }
            form method="get" {
                @for (name, value) in query.iter().filter(|(name, _)| name != "sim_search") {
                    input type="hidden" name=(name) value=(value);
                }
                input name="sim_search" value=(search) placeholder="搜索 search";
                " " button { "搜索 Search" }
            }
            form method="post" {
                @if sign_in.private {
                    p { "应用申请以下信息 The app asks for:" }
                    @for field in app.iter().flat_map(|app| &app.sensitive_fields) {
                        label { input type="checkbox" name="consent" value=(field.name()) checked; " " (field.name()) }
                    }
                    p.note { "点击成员即同意勾选的信息 · choosing a member consents to the ticked fields" }
                }
                @for member in members {
                    button.member name="member" value=(member.id) {
                        (member.name) " · " (member.id)
                        @if !in_range(member) { span.note { " · 不在可见范围 out of range" } }
                    }
                }
                p {
                    input name="typed" placeholder="成员账号 member id"; " "
                    button name="choice" value="typed" { "允许 Allow" }
                }
                p {
                    input name="linked_corp" placeholder="互联企业 linked corp id"; " "
                    button name="choice" value="linked" { "互联企业成员 Linked member" }
                }
                p {
                    button.quiet name="choice" value="deny" { "拒绝 Deny" } " "
                    button.quiet name="choice" value="outsider" { "非企业成员 Outsider" } " "
                    button.quiet name="choice" value="customer" { "外部客户 Customer" }
                }
            }
        },
    )
}
