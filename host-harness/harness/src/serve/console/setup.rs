//! The guided set-up: the steps of the vendor's console in its order, with the values to copy. The configuration itself is the
//! operator's (a folder or a declaration that this host reads and never writes), so the page says what to write there.

use axum::response::Response;
use maud::{Markup, html};
use organisation_host::{
    CallFailure,
    contract::element::{Description, Validation},
};
use url::Url;

use super::{asked::Asked, failure::Failure};

/// Letters and digits of a callback's token, and of its key: 32 bytes in base64 without the sign at the end.
const TOKEN: usize = 32;
const KEY: usize = 43;
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let described = asked.element.describe(asked.language.tag()).await?;
    let validation = asked.element.validate().await?;
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
            (step(say("填写配置", "The configuration"), fields(asked, &described, &validation)))
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

fn fields(asked: &Asked, described: &Description, validation: &Validation) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    let found = |key: &str| validation.summary.iter().find(|setting| setting.key == key).map(|setting| &*setting.value);
    html! {
        p.hint {
            (say("配置由运营者保管，本主机只读取：请写入元素文件夹中与文件夹同名的 JSON 文件，几秒后生效。密钥写成 {{变量名}}，由运营者以 grants.variables 授予。",
                 "The configuration is kept by the operator and only read here: write it into the JSON file named like the element's folder; it counts after some seconds. Write a secret as {{NAME}}, which the operator grants by grants.variables."))
        }
        table.stacked {
            thead { tr { th { (say("键", "Key")) } th { (say("现值", "Value now")) } th { (say("在哪里找到", "Where to find it")) } } }
            tbody {
                @for field in &described.fields {
                    tr {
                        td data-label=(say("键", "Key")) {
                            div {
                                code { (field.key) } @if field.required { " " span.tag { (say("必填", "needed")) } }
                                p.hint { (field.label) }
                            }
                        }
                        td data-label=(say("现值", "Value now")) { (found(&field.key).unwrap_or("—")) }
                        td data-label=(say("在哪里找到", "Where to find it")) {
                            div { (field.where_to_find.as_deref().unwrap_or(&field.help)) }
                        }
                    }
                }
            }
        }
        @if validation.problems.is_empty() {
            p.banner.good { (say("配置没有问题。", "The configuration is sound.")) }
        } @else {
            ul {
                @for problem in &validation.problems {
                    li { code { (problem.path) } " " (problem.message) @if let Some(hint) = &problem.hint { p.hint { (hint) } } }
                }
            }
        }
    }
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
        @match (random(TOKEN), random(KEY)) {
            (Some(token), Some(key)) => {
                p.hint {
                    (say("新生成、不会保存的 Token 与 EncodingAESKey：同时写入厂商控制台与配置的 callback.token、callback.encodingAESKey。",
                         "A token and a key, made just now and kept nowhere: write them into the vendor's console and into callback.token and callback.encodingAESKey of the configuration."))
                }
                (value("callback-token", "Token", &token))
                (value("callback-key", "EncodingAESKey", &key))
            }
            _ => {}
        }
    }
}

/// So many random letters and digits; nothing where the machine has no randomness.
fn random(length: usize) -> Option<String> {
    let mut text = String::new();
    while text.len() < length {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).ok()?;
        // What is beyond a whole number of letters would make the first ones more frequent.
        let letters = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(LETTERS[usize::from(byte % 62)]));
        text.extend(letters.take(length - text.len()));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_here_is_as_the_vendor_takes_it() {
        for length in [TOKEN, KEY] {
            let (one, other) = (random(length).unwrap(), random(length).unwrap());
            assert!(one.len() == length && one.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{one}");
            assert_ne!(one, other);
        }
    }

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
