//! The first page of a demonstration: what to do next, until a member has signed in.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use maud::html;
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
    pub bootstrap: Option<String>,
    pub has_signed_in: AtomicBool,
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
    let has_signed_in = run.has_signed_in.load(Ordering::Relaxed);
    // By the name that the cookies are for, whatever was typed here.
    let reached = service.public_url().map(ToString::to_string).unwrap_or_default();
    let home = format!("{reached}/t/{}/", run.guide.tenant);
    let content = html! {
        @if has_signed_in && is_synchronised && has_administrators {
            p.banner.good role="status" { (say("一切就绪：成员已能登录。", "All is done: members sign in.")) }
        } @else {
            p { (say("这里演示从零到成员登录的全过程，无需厂商账号。按顺序完成即可：",
                     "This shows the whole way from nothing to a member who is signed in, without an account of the vendor. One after the other:")) }
        }
        ol.steps {
            li {
                h2 { (say("看看模拟的厂商", "Look at the simulated vendor")) }
                p { a href=(run.guide.simulator) target="_blank" rel="noreferrer" { (run.guide.simulator) } }
                p.hint { (say("左手是它的管理后台与手机，右手是本平台。", "It plays the vendor's console and the phones; this is the platform.")) }
            }
            li.done[has_administrators] {
                h2 { (say("打开管理控制台，指定管理员", "Open the administrator's console, and name an administrator")) }
                @match &run.bootstrap {
                    Some(address) if !has_administrators => {
                        p { a.button href=(address) { (say("使用首次令牌打开", "Open it with the token of the first start")) } }
                        p.hint { (say("先同步，再在“角色与管理员”中填写 lisi。", "Synchronise first, then write lisi on the page “Roles”.")) }
                    }
                    _ => p { a href={ (home) "admin" } { (say("管理控制台", "Administrator's console")) } }
                }
            }
            li.done[is_synchronised] {
                h2 { (say("同步通讯录", "Synchronise the directory")) }
                p { a href={ (home) "admin/sync" } { (say("前往同步", "To the sync")) } }
            }
            li.done[has_signed_in] {
                h2 { (say("以成员身份登录", "Sign in as a member")) }
                p { a.button href=(home) { (say("打开应用", "Open the app")) } }
                p.hint { (say("在模拟的扫码页上选择“李四”。", "Choose 李四 on the simulated page.")) }
            }
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
