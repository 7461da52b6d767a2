//! One app, with the entries of the page that WeCom's own console has for it.

use maud::{Markup, html};

use super::super::scene::{Room, Scene, field, hidden, web_address};
use super::{callback, range};
use crate::callback::Receiver;
use crate::corp::{App, SensitiveField, TrustedAddresses};
use crate::pages::redirect::append;
use crate::pages::{LOGIN_PATH, OAUTH_PATH};

/// The page of an app; `None` when there is none.
pub(crate) fn app(scene: &Scene, id: u64) -> Option<String> {
    let app = scene.corp.app(id)?;
    let content = html! {
        p.hint { (app.description) }
        dl.facts {
            dt { "AgentId" } dd { code { (app.id) } }
            dt { "CorpID" } dd { code { (scene.corp.id()) } }
            dt { "Secret" } dd { (app.secret.hint()) }
        }
        (secret_forms(scene, app))
        (state(scene, app))
        h2 { (scene.say("可见范围", "Visible range")) }
        (range::range(scene, app))
        h2 { (scene.say("应用主页", "Home page")) }
        (addresses(scene, app))
        h2 { (scene.say("企业可信 IP", "Trusted addresses")) }
        (trusted(scene, app))
        h2 { (scene.say("接收消息", "Receiving messages")) }
        (callback::settings(scene, Receiver::App(app.id)))
        h2 { (scene.say("试一试", "Try it")) }
        (links(scene, app))
    };
    Some(scene.render(Room::Company, &app.name, &content))
}

/// The page that shows a secret, after a press of its button; `None` when there is no such app.
pub(crate) fn secret(scene: &Scene, id: u64, rotate: bool) -> Option<String> {
    let secret = if rotate { scene.control.reset_secret(id).ok()? } else { scene.corp.app(id)?.secret.clone() };
    let content = html! {
        @if rotate {
            div.banner.warn { p { (scene.say("旧的 Secret 与其令牌已立即失效。", "The old secret and its tokens stopped working at once.")) } }
        }
        p { code { (secret.reveal()) } }
        p { a.button.quiet href={ "/console/app/" (id) } { (scene.say("返回应用", "Back to the app")) } }
    };
    Some(scene.render(Room::Company, "Secret", &content))
}

fn secret_forms(scene: &Scene, app: &App) -> Markup {
    let action = format!("/console/app/{}/secret", app.id);
    html! {
        div.row {
            form method="post" action=(action) { button.quiet { (scene.say("查看 Secret", "Show the secret")) } }
            form method="post" action=(action) {
                (hidden("rotate", "1"))
                button.danger { (scene.say("重置 Secret", "Reset the secret")) }
            }
        }
    }
}

/// What is on or off.
fn state(scene: &Scene, app: &App) -> Markup {
    let id = app.id.to_string();
    let switches = [
        ("enabled", app.enabled, scene.say("启用", "Enabled")),
        ("approvals", app.approvals, scene.say("可调用审批接口", "May use approvals")),
        ("reports_entering", app.reports_entering, scene.say("上报进入应用事件", "Reports that members open it")),
        (
            "old",
            app.created_before_2022,
            scene.say("2022 年 6 月前创建（可读敏感字段）", "Made before June 2022 (reads sensitive fields)"),
        ),
    ];
    html! {
        ul.plain {
            @for (name, is_on, text) in switches {
                li.row {
                    span { (text) }
                    @if is_on { span.tag.good { (scene.say("是", "yes")) } } @else { span.tag { (scene.say("否", "no")) } }
                    (scene.button("change-app", &[("app", &id), (name, if is_on { "0" } else { "1" })], "quiet",
                        &format!("{} · {text}", if is_on { scene.say("关闭", "Switch off") } else { scene.say("打开", "Switch on") })))
                }
            }
        }
        @if !app.sensitive_fields.is_empty() {
            p.hint {
                (scene.say("经成员同意可读取：", "Reads with a member's consent: "))
                (app.sensitive_fields.iter().map(|field| field_name(scene, *field)).collect::<Vec<_>>().join(" · "))
            }
        }
    }
}

/// A sensitive field in words.
pub(in super::super) fn field_name(scene: &Scene, field: SensitiveField) -> &'static str {
    match field {
        SensitiveField::Avatar => scene.say("头像", "picture"),
        SensitiveField::Gender => scene.say("性别", "gender"),
        SensitiveField::Mobile => scene.say("手机", "mobile number"),
        SensitiveField::Email => scene.say("邮箱", "e-mail"),
        SensitiveField::BizMail => scene.say("企业邮箱", "company e-mail"),
        SensitiveField::QrCode => scene.say("个人二维码", "QR code"),
        SensitiveField::Address => scene.say("地址", "address"),
    }
}

/// Home page, trusted domains, callback domain of sign-in.
fn addresses(scene: &Scene, app: &App) -> Markup {
    let id = app.id.to_string();
    let forms = [
        (
            "home_url",
            scene.say("应用主页网址", "Address of the home page"),
            app.home_url.clone(),
            scene.say("成员在工作台点击应用时打开", "opened when a member clicks the app in the workspace"),
        ),
        (
            "trusted_domains",
            scene.say("网页授权及 JS-SDK 可信域名", "Trusted domains for web authorisation and JS-SDK"),
            app.trusted_domains.join(" "),
            scene.say(
                "不含 https://，可带端口，以空格分隔",
                "without https://, with a port where needed, separated by spaces",
            ),
        ),
        (
            "login_callback_domain",
            scene.say("企业微信授权登录：授权回调域", "WeCom authorised login: callback domain"),
            app.login_callback_domain.clone().unwrap_or_default(),
            scene.say("仅用于浏览器扫码登录", "for sign-in by browser alone"),
        ),
    ];
    html! {
        @for (name, label, value, hint) in &forms {
            div.card {
                (scene.form("change-app", &html! {
                    (hidden("app", &id))
                    (field(label, name, value, hint))
                    button { (scene.say("保存", "Save")) }
                }))
            }
        }
    }
}

fn trusted(scene: &Scene, app: &App) -> Markup {
    let (id, text) = (
        app.id.to_string(),
        match &app.trusted_addresses {
            TrustedAddresses::Any => "any".to_owned(),
            TrustedAddresses::Only(list) => list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        },
    );
    html! {
        div.card {
            (scene.form("trust-addresses", &html! {
                (hidden("app", &id))
                (field(
                    scene.say("可信 IP", "Addresses"),
                    "addresses",
                    &text,
                    scene.say("以空格分隔；any 表示不限；留空则拒绝所有调用（60020）", "separated by spaces; any admits everybody; empty refuses every call (60020)"),
                ))
                button { (scene.say("保存", "Save")) }
            }))
        }
    }
}

fn links(scene: &Scene, app: &App) -> Markup {
    let id = app.id.to_string();
    let callback = format!("https://{}/", app.trusted_domains.first().map_or("", String::as_str));
    let common = [("appid", scene.corp.id()), ("agentid", id.as_str()), ("redirect_uri", callback.as_str())];
    let login = append(&append(LOGIN_PATH, &[("login_type", "CorpApp")]), &common);
    let oauth = [("response_type", "code"), ("scope", "snsapi_base"), ("state", scene.corp.id())];
    let oauth = append(&append(OAUTH_PATH, &oauth), &common);
    html! {
        ul {
            li { a href=(login) { (scene.say("浏览器扫码登录页", "Sign-in page for browsers")) } }
            li { a href=(oauth) { (scene.say("客户端内授权页", "Authorisation inside the client")) } }
            @if let Some(home) = web_address(&app.home_url) { li { a href=(home) { (scene.say("应用主页", "Home page")) } } }
        }
    }
}
