//! The guided set-up: the steps of the vendor's console in its order, with the values to copy, and the form of the configuration.

use axum::response::Response;
use maud::{Markup, html};
use organisation_host::{CallFailure, contract::element::Validation};
use url::Url;

use super::{asked::Asked, configuration, failure::Failure};

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let (described, validation, keeper) = configuration::now(asked).await?;
    let form = configuration::form(asked, &described, &validation, &keeper);
    let app = app_address(asked, &validation);
    let home_page = match &app {
        // What the element says against it stands in the step.
        Some(app) => Some(match asked.element.homepage_url(app.as_str()).await {
            Err(CallFailure::Refused(error)) => Err(*error),
            answer => Ok(answer?),
        }),
        None => None,
    };
    let say = |chinese, english| asked.say(chinese, english);
    let step = |title: &str, content: Markup| html! { li { h2 { (title) } (content) } };
    let content = html! {
        p.hint {
            (say("以下步骤与厂商管理后台的顺序一致。需要超级管理员或可管理应用的管理员账号。",
                 "The steps follow the vendor's console. They need an account there that may manage apps."))
        }
        ol.steps {
            (step(say("创建自建应用", "Create the app"), html! {
                p {
                    (say("应用管理 → 自建 → 创建应用：上传图标，填写名称，选择可见范围。",
                         "Apps → self-built → create: logo, name, visible range.")) " "
                    (say("可见范围决定同步哪些部门与成员。", "The visible range decides which departments and members are synchronised."))
                }
            }))
            (step(say("应用主页", "Home page"), html! {
                p { (say("应用详情 → 应用主页 → 设置：选择“网页”，粘贴：", "App → home page → web page; paste:")) }
                @match home_page {
                    Some(Ok(url)) => (value("home-page", say("应用主页地址", "Home page address"), &url)),
                    Some(Err(error)) => { p.banner.warn { (error.message) } }
                    None => (unknown(asked)),
                }
                @if let Some(app) = &app {
                    p.hint { (say("也可使用应用自身的地址，由本主机发起登录：", "Or the app's own address: then this host begins the sign-in:")) }
                    (value("app", say("应用地址", "Address of the app"), app.as_str()))
                }
            }))
            (step(say("可信域名", "Trusted domain"), html! {
                p { (say("应用详情 → 网页授权及 JS-SDK：填写可信域名，并按提示下载校验文件。", "App → web authorisation and JS-SDK: enter the domain, and download the file that proves whose it is.")) }
                @match &app {
                    Some(app) => (value("domain", say("可信域名", "Trusted domain"), &authority(app))),
                    None => (unknown(asked)),
                }
                @if validation.files.is_empty() {
                    p.hint { (say("把校验文件的名称与内容写入配置，本主机即在域名根目录提供该文件。", "Write name and content of the file into the configuration, and this host serves it at the root of the domain.")) }
                } @else {
                    p { (say("本主机提供：", "This host serves: ")) @for file in &validation.files { code { "/" (file.name) } " " } }
                }
            }))
            (step(say("授权登录（浏览器扫码）", "Sign-in in a browser"), html! {
                p { (say("应用详情 → 授权登录 → Web 网页：填写授权回调域。", "App → authorised sign-in → web: enter the callback domain.")) }
                @match &app {
                    Some(app) => (value("callback-domain", say("授权回调域", "Callback domain"), &authority(app))),
                    None => (unknown(asked)),
                }
            }))
            (step(say("填写配置", "The configuration"), form))
            (step(say("连接检查", "Connection check"), html! {
                p {
                    (say("检查会给出需要加入“企业可信 IP”的地址。", "The check names the address to add under trusted IPs.")) " "
                    a href=(asked.address("check")) { (say("立即检查", "Check now")) }
                }
            }))
            (step(say("接收消息（可选）", "Callbacks (optional)"), callbacks(asked, &validation)))
            (step(say("首次同步", "First sync"), html! { p { a href=(asked.address("sync")) { (say("前往同步", "To the sync")) } } }))
            (step(say("角色与管理员", "Roles and administrators"), html! {
                p {
                    (say("没有角色的成员在要求角色的应用中无法进入。", "Where the app asks for a role, nobody enters without one.")) " "
                    a href=(asked.address("roles")) { (say("前往角色", "To the roles")) }
                }
            }))
        }
    };
    Ok(asked.page(say("设置向导", "Set-up"), content))
}

/// A value to copy: a field that only reads, so that it is chosen whole by one key.
fn value(id: &str, label: &str, value: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            input.code id=(id) value=(value) readonly;
        }
    }
}

fn unknown(asked: &Asked) -> Markup {
    html! {
        p.banner.warn {
            (asked.say("尚不知道应用的地址：以 --public-url 启动主机，或在配置中填写 redirectUri。",
                       "The address of the app is not known yet: start the host with --public-url, or write redirectUri into the configuration."))
        }
    }
}

/// Where people find the app: under the address of the host, else where the configuration says that sign-ins return.
fn app_address(asked: &Asked, validation: &Validation) -> Option<Url> {
    let up = format!("{}/", asked.root.strip_suffix("/admin")?);
    if let Some(public) = asked.service.public_url() {
        // What stands before the paths is in both.
        return Url::parse(&public.to_string()).ok()?.join(&up).ok();
    }
    let configured = validation.summary.iter().find(|setting| setting.key == "redirectUri")?;
    Url::parse(&configured.value).ok()?.join(&up).ok()
}

/// Host and port, as the vendor's console takes them.
fn authority(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default())
}

fn callbacks(asked: &Asked, validation: &Validation) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    let base = app_address(asked, validation);
    html! {
        p { (say("应用详情 → 接收消息 → 设置 API 接收：", "App → receive messages → API:")) }
        @for route in &validation.routes {
            @if let Some(url) = base.as_ref().and_then(|base| base.join(&format!("callback/{}", route.name)).ok()) {
                (value(&format!("route-{}", route.name), &route.label, url.as_str()))
            }
        }
        @if validation.routes.is_empty() {
            p {
                (say("先在上面的表单中生成并保存回调的 Token 与 EncodingAESKey；之后这里给出要填写的 URL。",
                     "Make a token and an EncodingAESKey in the form above, and have them stored: then the address to enter stands here."))
            }
        } @else {
            p.hint { (say("Token 与 EncodingAESKey 与配置中的一致。", "Token and EncodingAESKey are those of the configuration.")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_part_of_a_domain() {
        for (url, expected) in [
            ("https://app.example.com/t/acme/", "app.example.com"),
            ("http://127.0.0.1:7070/t/acme/", "127.0.0.1:7070"),
        ] {
            assert_eq!(authority(&Url::parse(url).unwrap()), expected);
        }
    }
}
