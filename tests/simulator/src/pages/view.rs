//! The HTML of the sign-in pages, readable on a phone.

use maud::{Markup, html};
use organisation_pages::{Language, Shell};

use super::SCAN_PATH;
use super::request::{Entry, Refusal, SignIn};
use super::scan::Progress;
use crate::api::Query;
use crate::corp::{Corp, Member, Visible};

/// A page lists this many members; a search narrows them.
const LISTED: usize = 100;

/// In which language a page is, and where it is.
pub(super) struct Frame<'p> {
    pub(super) language: Language,
    /// Path and query.
    pub(super) here: &'p str,
}

impl Frame<'_> {
    fn say<'t>(&self, chinese: &'t str, english: &'t str) -> &'t str {
        self.language.pick(chinese, english)
    }

    fn page(&self, title: &str, body: &Markup) -> String {
        let product = self.say("企业微信模拟器", "WeCom simulator");
        let body = html! { link rel="stylesheet" href="/console/simulator.css"; (body) };
        Shell { title, here: self.here, ..Shell::new(self.language, product) }.render(&body).into_string()
    }
}

/// The page that says why nobody can sign in.
pub(super) fn refused(frame: &Frame<'_>, refusal: &Refusal) -> String {
    frame.page(frame.say("登录失败", "Sign-in failed"), &refusal_lines(frame.language, refusal))
}

fn refusal_lines(language: Language, refusal: &Refusal) -> Markup {
    html! {
        p.error { (language.pick(refusal.zh, refusal.en)) }
        p.hint lang=(language.other().tag()) { (language.pick(refusal.en, refusal.zh)) }
        @if let Some(code) = refusal.code { p { (language.pick("错误码", "Error code")) " " b { (code) } } }
    }
}

/// The page for a browser that is not the client.
pub(super) fn open_in_client(frame: &Frame<'_>, query: &str) -> String {
    frame.page(
        frame.say("请在企业微信客户端打开链接", "Open this link in the WeCom client"),
        &html! {
            p { (frame.say(
                "此页只能在企业微信客户端内打开。",
                "This page opens inside the WeCom client only.",
            )) }
            p { a.button.quiet href={ "?" (query) "&sim_client=1" } {
                (frame.say("当作在客户端中继续（模拟器）", "Go on as if in the client (simulator)"))
            } }
            p { a href="/console/phone" { (frame.say("用模拟手机打开", "Use a simulated phone")) } }
        },
    )
}

/// What a page of browser sign-in shows of the phone's decision.
pub(super) fn progress(language: Language, progress: &Progress) -> Markup {
    html! {
        @match progress {
            Progress::Waiting => { p { (language.pick("等待扫码…", "Waiting for a scan…")) } }
            Progress::Scanned => { p { strong { (language.pick("已扫描，请在手机上确认。", "Scanned: confirm on the phone.")) } } }
            Progress::Decided(target) => { p { a href=(target) { (language.pick("继续", "Go on")) } } }
            Progress::Refused(refusal) => { (refusal_lines(language, refusal)) }
            Progress::Gone => { p.error { (language.pick("二维码已过期，请刷新此页。", "This code has expired: load the page again.")) } }
        }
    }
}

/// The page inside the client that asks a member for consent to what the app may read.
pub(super) fn consent(frame: &Frame<'_>, sign_in: &SignIn, corp: &Corp, member: &Member) -> String {
    let app = sign_in.app.and_then(|id| corp.app(id));
    frame.page(
        frame.say("企业微信授权", "WeCom authorisation"),
        &html! {
            p { @if let Some(app) = app { b { (app.name) } " · " } (sign_in.host) }
            p { (member.name) " " span.hint { (member.id) } }
            form method="post" {
                (fields(frame, sign_in, corp))
                div.row {
                    button name="member" value=(member.id) { (frame.say("同意", "Allow")) }
                    button.quiet name="choice" value="deny" { (frame.say("拒绝", "Deny")) }
                }
            }
            p { a href="/console/phone" { (frame.say("换一个成员的手机", "the phone of another member")) } }
        },
    )
}

/// What the app asks for, each with a box.
fn fields(frame: &Frame<'_>, sign_in: &SignIn, corp: &Corp) -> Markup {
    let app = sign_in.app.and_then(|id| corp.app(id));
    html! {
        @if sign_in.private {
            p { (frame.say("应用申请以下信息：", "The app asks for:")) }
            ul.plain {
                @for field in app.iter().flat_map(|app| &app.sensitive_fields) {
                    li { label { input type="checkbox" name="consent" value=(field.name()) checked; " " (field.name()) } }
                }
            }
        }
    }
}

/// The page that asks who signs in; with the name of its code, where a phone may scan one.
pub(super) fn choose(
    frame: &Frame<'_>,
    (sign_in, ticket): (&SignIn, Option<&str>),
    corp: &Corp,
    range: Option<&Visible>,
    query: &Query,
) -> String {
    let app = sign_in.app.and_then(|id| corp.app(id));
    let search = crate::api::query_value(query, "sim_search").unwrap_or_default();
    let found = |member: &&Member| member.id.contains(search) || member.name.contains(search);
    let in_range = |member: &Member| range.is_some_and(|range| range.member(member));
    let mut members: Vec<&Member> =
        corp.members().filter(found).filter(|member| in_range(member)).take(LISTED).collect();
    let room = LISTED - members.len();
    members.extend(corp.members().filter(found).filter(|member| !in_range(member)).take(room));
    let title = match sign_in.entry {
        Entry::Client => frame.say("企业微信授权", "WeCom authorisation"),
        Entry::Browser | Entry::LegacyBrowser => frame.say("企业微信登录", "WeCom sign-in"),
    };
    frame.page(
        title,
        &html! {
            p {
                @if let Some(app) = app { b { (app.name) } " · " }
                (corp.id()) " → " (sign_in.host)
            }
            @if let Some(ticket) = ticket { (code_box(frame, ticket)) }
            h2 { (frame.say("直接选择登录的成员（模拟器）", "Or choose who signs in (simulator)")) }
            form.row method="get" role="search" {
                @for (name, value) in query.iter().filter(|(name, _)| name != "sim_search") {
                    input type="hidden" name=(name) value=(value);
                }
                input type="search" name="sim_search" value=(search) aria-label=(frame.say("姓名或账号", "name or id"));
                button.quiet { (frame.say("搜索", "Search")) }
            }
            form method="post" {
                (fields(frame, sign_in, corp))
                @for member in members {
                    button.member.quiet name="member" value=(member.id) {
                        (member.name) " · " (member.id)
                        @if !in_range(member) { " · " (frame.say("不在可见范围", "out of range")) }
                    }
                }
                div.row {
                    input name="typed" aria-label=(frame.say("成员账号", "member id")) placeholder=(frame.say("成员账号", "member id"));
                    button name="choice" value="typed" { (frame.say("允许", "Allow")) }
                }
                div.row {
                    input name="linked_corp" aria-label=(frame.say("互联企业 ID", "linked corp id")) placeholder=(frame.say("互联企业 ID", "linked corp id"));
                    button.quiet name="choice" value="linked" { (frame.say("互联企业成员", "Linked member")) }
                }
                div.row {
                    button.quiet name="choice" value="deny" { (frame.say("拒绝", "Deny")) }
                    button.quiet name="choice" value="outsider" { (frame.say("非企业成员", "Outsider")) }
                    button.quiet name="choice" value="customer" { (frame.say("外部客户", "Customer")) }
                }
            }
        },
    )
}

/// The place of the QR code: what a camera would read is a link here.
fn code_box(frame: &Frame<'_>, ticket: &str) -> Markup {
    html! {
        div.code-box {
            p { strong { (frame.say("使用企业微信扫码登录", "Scan with WeCom to sign in")) } }
            a.button href={ "/console/phone?ticket=" (ticket) } target="_blank" rel="noopener" {
                (frame.say("用模拟手机扫码", "Scan with a simulated phone"))
            }
            div role="status" hx-get={ (SCAN_PATH) (ticket) } hx-trigger="every 1s" {
                (progress(frame.language, &Progress::Waiting))
            }
        }
    }
}
