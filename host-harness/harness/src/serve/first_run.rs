//! The first page of a demonstration: what to do next, until a member has signed in.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use organisation_pages::{Language, Layout};

use super::{frame::Frame, routes::nothing, service::Service, sign_in::hurried};

/// What a demonstration has beside the platform.
#[derive(Debug, Clone)]
pub struct Guide {
    /// Where the simulated vendor has its console.
    pub simulator: String,
    /// The one tenant.
    pub tenant: String,
}

/// The guide, and how far somebody has come who follows it.
pub struct FirstRun {
    pub guide: Guide,
    /// Where the token of the first start is taken.
    bootstrap: Option<String>,
    is_console_open: AtomicBool,
    has_signed_in: AtomicBool,
}

impl FirstRun {
    /// Of a host that nobody has looked at yet.
    pub fn new(guide: Guide, bootstrap: Option<String>) -> Self {
        Self { guide, bootstrap, is_console_open: AtomicBool::new(false), has_signed_in: AtomicBool::new(false) }
    }

    /// The token of the first start was spent.
    pub fn console_is_open(&self) {
        self.is_console_open.store(true, Ordering::Relaxed);
    }

    /// A member was let in.
    pub fn someone_has_signed_in(&self) {
        self.has_signed_in.store(true, Ordering::Relaxed);
    }
}

/// Leads people who typed another name of this machine to the one that links and redirects have: a cookie that was set under one
/// is not sent to the other. Programs are answered under any.
pub async fn by_its_name(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    match service.public_url().and_then(|public| named(&public.to_string(), &request)) {
        Some(address) => Redirect::temporary(&address).into_response(),
        None => next.run(request).await,
    }
}

/// The address of a page under this name; nothing where it was asked for by that, or by a program.
fn named(public: &str, request: &Request) -> Option<String> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let is_page = request.method() == Method::GET && header(header::ACCEPT)?.contains("text/html");
    let is_elsewhere = format!("http://{}", header(header::HOST)?) != public;
    let here = request.uri().path_and_query().map_or("/", |here| here.as_str());
    (is_page && is_elsewhere).then(|| format!("{public}{here}"))
}

/// The page.
pub async fn page(State(service): State<Arc<Service>>, headers: HeaderMap) -> Response {
    let Some(run) = service.first_run() else { return nothing(StatusCode::NOT_FOUND) };
    let Some(tenant) = service.tenant(&run.guide.tenant) else { return nothing(StatusCode::NOT_FOUND) };
    let language = Language::of(&headers);
    let say = |chinese, english| language.pick(chinese, english);
    let element = hurried(&tenant);
    let is_synchronised = element.overview().await.is_ok_and(|summary| summary.last_run.is_some());
    let has_administrators = element.administrators().await.is_ok_and(|ids| !ids.is_empty());
    let is_console_open = has_administrators || run.is_console_open.load(Ordering::Relaxed);
    let has_signed_in = run.has_signed_in.load(Ordering::Relaxed);
    // By the name that the cookies are for.
    let reached = service.public_url().map(ToString::to_string).unwrap_or_default();
    let home = format!("{reached}/t/{}/", run.guide.tenant);
    let step = |is_done: bool, title: &str, content: Markup| {
        html! {
            li.done[is_done] {
                h2 { (title) @if is_done { " " span.tag.good { (say("完成", "done")) } } }
                (content)
            }
        }
    };
    let link = |page: &str, text: &str| html! { p { a href={ (home) (page) } { (text) } } };
    let content = html! {
        @if has_signed_in && is_synchronised && has_administrators {
            p.banner.good role="status" { (say("一切就绪：成员已能登录。", "All is done: members sign in.")) }
        } @else {
            p { (say("这里演示从零到成员登录的全过程，无需厂商账号。按顺序完成即可：",
                     "This shows the whole way from nothing to a member who is signed in, without an account of the vendor. One after the other:")) }
        }
        ol.steps {
            (step(false, say("看看模拟的厂商", "Look at the simulated vendor"), html! {
                p { a href=(run.guide.simulator) target="_blank" rel="noreferrer" { (run.guide.simulator) } }
                p.hint { (say("那里是它的管理后台与手机，这里是本平台。", "There are the vendor's console and the phones; this is the platform.")) }
            }))
            (step(is_console_open, say("打开管理控制台", "Open the administrator's console"), html! {
                @match &run.bootstrap {
                    Some(address) if !is_console_open => {
                        p { a.button href=(address) { (say("使用首次令牌打开", "Open it with the token of the first start")) } }
                    }
                    _ => (link("admin", say("管理控制台", "Administrator's console"))),
                }
            }))
            (step(is_synchronised, say("同步通讯录", "Synchronise the directory"), link("admin/sync", say("前往同步", "To the sync"))))
            (step(has_administrators, say("指定管理员", "Name an administrator"), html! {
                (link("admin/roles", say("前往角色与管理员", "To the roles and administrators")))
                p.hint { (say("在“管理员”中填写 lisi 并保存。", "Write lisi under “Administrators”, and save.")) }
            }))
            (step(has_signed_in, say("以成员身份登录", "Sign in as a member"), html! {
                @if has_administrators {
                    p { a.button href=(home) { (say("打开应用", "Open the app")) } }
                } @else {
                    p { (say("请先指定管理员。", "Name an administrator first.")) }
                }
                p.hint { (say("在模拟的扫码页上选择“李四”。", "Choose 李四 on the simulated page.")) }
            }))
        }
    };
    Frame {
        language: Some(language),
        product: say("演示", "Demonstration").to_owned(),
        home: "/".to_owned(),
        title: say("从零到登录", "From nothing to signed in").to_owned(),
        layout: Layout::Card,
        content: Some(content),
        ..Frame::default()
    }
    .answer(StatusCode::OK)
}
