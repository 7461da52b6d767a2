//! The pages of a member: the app's home, the page that leads to a sign-in, and the end of a session.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use maud::{Markup, html};
use organisation_fleet::tenants::Tenant;
use organisation_pages::{Language, local_path};
use serde::Deserialize;
use url::form_urlencoded::{self, Serializer};

use super::{
    binding::CookieScope,
    frame::Frame,
    refusal::{Refuse, SignInRefusal},
    service::Service,
    sessions::{Sessions, no_cookie},
    sign_in::{self, CallbackQuery},
    vendor_client::is_vendor_client,
    visitor::{Seen, Visitor, seen},
};

/// What the page before a sign-in is asked.
#[derive(Deserialize)]
pub struct DoorQuery {
    return_to: Option<String>,
    /// Why the person is here; absent where it is the first page that was opened.
    notice: Option<Notice>,
}

/// Why somebody who was signed in is not any more.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Notice {
    SignedOut,
    Ended,
}

/// The app's home. The home page of the vendor's console may bring a code here: it is accepted where the tenant is declared so, and
/// the address is clean afterwards; elsewhere it may be a stranger's, so it is left alone and a sign-in of this host's own begins.
pub async fn home(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    query: Result<Query<CallbackQuery>, QueryRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, SignInRefusal> {
    let refused = Refuse(&headers);
    let (tenant, permit) = refused.unless_let_in(&service, &tenant)?;
    let scope = CookieScope::of(&uri, &headers, service.public_url());
    let query = query.map(|Query(query)| query).unwrap_or_default();
    if let Some(came) = query.both() {
        if tenant.sign_in.homepage {
            return sign_in::take_back(&service, &tenant, came, &scope, &headers).await;
        }
        return Ok(sent("login"));
    }
    match seen(&service, &tenant, &headers, &scope).await? {
        Seen::Visitor(visitor) => {
            drop(permit);
            // Whoever holds the token of the first start is no member: the console is all that it opens.
            // A sign-in would end it, so it does not lead there before it has named somebody.
            let administrators = sign_in::administrators(&tenant, &refused).await?;
            let Some(id) = &visitor.session.member else {
                return Ok(sent(if administrators.is_empty() { "admin" } else { "sign-in" }));
            };
            let is_administrator = administrators.contains(id);
            Ok(welcome(&service, &tenant, &visitor, is_administrator, Language::of(&headers)))
        }
        Seen::Ended => Ok(sent("sign-in?notice=ended")),
        Seen::Nobody => Ok(sent("sign-in")),
    }
}

/// The page that leads to a sign-in. Inside the vendor's client nobody need press anything, unless somebody has just signed out.
pub async fn door(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    query: Result<Query<DoorQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, SignInRefusal> {
    let refused = Refuse(&headers);
    let (tenant, _permit) = refused.unless_let_in(&service, &tenant)?;
    let Query(DoorQuery { return_to, notice }) =
        query.map_err(|_| refused.with("return_to is a path, and every parameter stands once"))?;
    let return_to = return_to.filter(|path| local_path(path).is_some());
    let login = login_address(return_to.as_deref());
    let in_client = is_vendor_client(&headers);
    if in_client && notice.is_none() {
        return Ok(sent(&login));
    }
    let language = Language::of(&headers);
    let vendor = tenant.element.describe(language.tag()).await;
    let vendor = vendor.map(|description| description.title).unwrap_or_default();
    let content = html! {
        @match notice {
            Some(Notice::SignedOut) => { p.banner.good role="status" { (language.pick("您已退出登录。", "You are signed out.")) } }
            Some(Notice::Ended) => {
                p.banner.warn role="status" {
                    (language.pick(
                        "您的登录已结束：您可能已离开可见范围，或不再拥有此应用的角色。请重新登录；如仍无法进入，请联系管理员。",
                        "Your session has ended: you may have left the visible range, or have no role in this app any more. \
                         Sign in again; if that does not help, ask the administrator.",
                    ))
                }
            }
            None => {}
        }
        @if in_client {
            p { a.button.wide href=(login) { (language.pick("登录", "Sign in")) } }
        } @else {
            p {
                (language.pick("用手机上的客户端扫描二维码，即可登录。", "Scan a QR code with the app on your phone, and you are in."))
            }
            p { a.button.wide href=(login) { (language.pick("扫码登录", "Sign in by QR code")) " · " (vendor) } }
            p.hint {
                (language.pick("已在客户端的工作台中？直接点击应用即可，无需扫码。",
                               "In the workspace of the client already? Click the app there: nothing need be scanned."))
            }
        }
    };
    Ok(frame(&tenant, language, language.pick("登录", "Sign in"), content).answer(StatusCode::OK))
}

/// Ends the session of this browser, on every host.
pub async fn sign_out(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, SignInRefusal> {
    let refused = Refuse(&headers);
    let (tenant, _permit) = refused.unless_let_in(&service, &tenant)?;
    let scope = CookieScope::of(&uri, &headers, service.public_url());
    let sessions = Sessions::new(service.storage(), &tenant);
    let found = sessions.find(&headers, &scope).await.map_err(|error| refused.unavailable(&error))?;
    if let Some((token, _)) = found {
        let form = refused.form(&service, body).await?;
        if !is_proven(&form.bytes, &token.form_proof(&tenant.name, service.cookie_key())) {
            return Err(refused.with("此表单不是本页面的 this form is not one of this host's pages"));
        }
        sessions.end(&token).await.map_err(|error| refused.unavailable(&error))?;
    }
    let headers = [(header::LOCATION, "sign-in?notice=signed-out".to_owned())];
    let cookie = [(header::SET_COOKIE, no_cookie(&scope, &tenant.name))];
    Ok((StatusCode::SEE_OTHER, headers, cookie).into_response())
}

/// Whether a form carries what only a page of this session could have given it.
pub fn is_proven(form: &[u8], proof: &str) -> bool {
    form_urlencoded::parse(form).any(|(name, value)| name == FORM_PROOF && value == proof)
}

/// The field of that.
pub const FORM_PROOF: &str = "proof";

/// Where a sign-in begins that comes back here, seen from the tenant's own addresses.
pub fn login_address(return_to: Option<&str>) -> String {
    match return_to {
        Some(path) => format!("login?{}", Serializer::new(String::new()).append_pair("return_to", path).finish()),
        None => "login".to_owned(),
    }
}

/// Who is signed in, and the button that ends it. `up` leads from the page to the tenant's own addresses.
pub fn person(visitor: &Visitor, proof: &str, language: Language, up: &str) -> Markup {
    html! {
        span { (visitor.session.name) }
        form method="post" action={ (up) "sign-out" } {
            input type="hidden" name=(FORM_PROOF) value=(proof);
            button.link { (language.pick("退出", "Sign out")) }
        }
    }
}

fn frame(tenant: &Tenant, language: Language, title: &str, content: Markup) -> Frame {
    Frame {
        language: Some(language),
        product: tenant.name.to_string(),
        title: title.to_owned(),
        content: Some(content),
        ..Frame::default()
    }
}

fn welcome(
    service: &Service,
    tenant: &Tenant,
    visitor: &Visitor,
    is_administrator: bool,
    language: Language,
) -> Response {
    let proof = visitor.token.form_proof(&tenant.name, service.cookie_key());
    let roles = visitor.member.as_ref().map(|member| member.roles.join(language.pick("、", ", "))).unwrap_or_default();
    let content = html! {
        p.banner.good { (language.pick("登录成功", "You are signed in")) }
        dl.facts {
            dt { (language.pick("姓名", "Name")) } dd { (visitor.session.name) }
            @if let Some(id) = &visitor.session.member { dt { (language.pick("账号", "Id")) } dd { code { (id) } } }
            dt { (language.pick("角色", "Roles")) }
            dd { @if roles.is_empty() { (language.pick("暂无", "none yet")) } @else { (roles) } }
        }
        @if is_administrator {
            p { a.button href="admin" { (language.pick("管理控制台", "Administrator's console")) } }
        }
    };
    let aside = Some(person(visitor, &proof, language, ""));
    Frame { aside, ..frame(tenant, language, &tenant.name, content) }.answer(StatusCode::OK)
}

/// Sends a browser on, within the tenant's own addresses.
pub fn sent(location: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, location.to_owned())]).into_response()
}
