//! Who may open a page of the console, and who may change something. Asked anew for every request, so that whoever is no
//! administrator any more is refused with the page still open.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use organisation_pages::Language;
use url::form_urlencoded::{self, Serializer};

use super::{
    super::{
        binding::CookieScope,
        body::MAX_FORM,
        home::{self, is_proven},
        page::Page,
        refusal::Refuse,
        request_limits::RequestPermit,
        service::Service,
        sign_in::{administrators, hurried},
        visitor::{Seen, seen},
    },
    asked::Asked,
    pages::{Access, ConsolePage},
};

/// Lets an administrator in.
///
/// # Errors
/// The answer for whoever is none, or has to sign in first.
pub async fn admit(
    service: &Arc<Service>,
    page: &'static ConsolePage,
    mut path: BTreeMap<String, String>,
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
    body: Body,
) -> Result<(Asked, RequestPermit), Response> {
    let refused = Refuse(headers);
    let name = path.remove("tenant").unwrap_or_default();
    let tenant = refused.tenant(service, &name).map_err(IntoResponse::into_response)?;
    let permit = service.admit_console(&tenant).ok_or_else(|| refused.too_many().into_response())?;
    // As the browser wrote it: a name may hold what is written otherwise in an address.
    let written = uri.path().split('/').nth(2).unwrap_or_default();
    let up = format!("{}/t/{written}/", service.base());
    let root = format!("{up}admin");
    let here = match (method, uri.path_and_query()) {
        (&Method::GET, Some(here)) if !is_part(headers) => format!("{}{here}", service.base()),
        // A form, or a part of a page, is no address to come back to.
        _ => root.clone(),
    };
    let scope = CookieScope::of(uri, headers, service.public_url());
    let seen = seen(service, &tenant, headers, &scope).await.map_err(IntoResponse::into_response)?;
    let visitor = match seen {
        Seen::Visitor(visitor) => *visitor,
        Seen::Ended | Seen::Nobody => return Err(to_the_door(&up, &here, headers)),
    };
    // Whoever holds the token of the first start is asked for nothing else.
    if let Some(id) = &visitor.session.member {
        let ids = administrators(&tenant, &refused).await.map_err(IntoResponse::into_response)?;
        if !ids.contains(id) {
            return Err(no_administrator(id, &tenant.name, &up, ids.is_empty()));
        }
    }
    let mut fields = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    if page.access != Access::Read {
        let form = service.bodies().read(body, MAX_FORM).await;
        let form = form.map_err(|_| {
            let heading = ["表单过大或未在五秒内送达", "The form is too large, or did not come in five seconds"];
            Page { heading, link: Some(root.clone()), ..Page::default() }.answer(StatusCode::BAD_REQUEST)
        })?;
        if is_from_elsewhere(headers)
            || !is_proven(&form.bytes, &visitor.token.form_proof(&tenant.name, service.cookie_key()))
        {
            let heading = ["此表单不是从本控制台发出的", "This form is not one of this console's pages"];
            return Err(Page { heading, link: Some(root), ..Page::default() }.answer(StatusCode::FORBIDDEN));
        }
        if page.access == Access::Change && !visitor.session.is_fresh() {
            return Err(to_be_confirmed(&up, &root));
        }
        // Browsers send each line break of a text as two characters.
        let sent = form_urlencoded::parse(&form.bytes);
        fields = sent.map(|(name, value)| (name.into_owned(), value.replace("\r\n", "\n"))).collect();
    }
    let element = hurried(&tenant);
    let language = Language::of(headers);
    let service = Arc::clone(service);
    let headers = headers.clone();
    let asked =
        Asked { service, tenant, element, visitor, language, headers, scope, root, page: page.path, path, fields };
    Ok((asked, permit))
}

/// Whether a script of a page asks for a part of it.
fn is_part(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}

/// Whether a browser says that another site sends this.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let said = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    said.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

/// To the page that leads to a sign-in, and back here afterwards.
fn to_the_door(up: &str, here: &str, headers: &HeaderMap) -> Response {
    let query = Serializer::new(String::new()).append_pair("return_to", here).finish();
    let door = format!("{up}sign-in?{query}");
    if is_part(headers) {
        // The page as a whole goes there, not the part of it.
        return (StatusCode::NO_CONTENT, [("hx-redirect", door)]).into_response();
    }
    (StatusCode::SEE_OTHER, [(header::LOCATION, door)]).into_response()
}

/// The operator's command replaces the list, so it is shown only where there is none.
fn no_administrator(id: &str, tenant: &str, up: &str, has_none: bool) -> Response {
    let page = Page {
        heading: ["您不是此应用的管理员", "You are no administrator of this app"],
        lines: vec![if has_none {
            "此应用还没有管理员。 This app has no administrators yet.".to_owned()
        } else {
            "请由现有管理员在“角色与管理员”页面中添加您的账号。 Ask an administrator to add your id on the page “Roles”.".to_owned()
        }],
        hint: has_none
            .then(|| format!("运营者可执行 the operator can run: org-harness --tenant {tenant} admins set {id}")),
        link: Some(up.to_owned()),
        ..Page::default()
    };
    page.answer(StatusCode::FORBIDDEN)
}

/// Whoever finds a browser open may read what it shows, and changes nothing.
fn to_be_confirmed(up: &str, root: &str) -> Response {
    let page = Page {
        heading: ["请重新登录以确认是您本人", "Please sign in again to show that it is you"],
        lines: vec![
            "更改前需要在 15 分钟内登录过；登录后请重新提交更改。 A change needs a sign-in within the last 15 minutes: \
             make it again afterwards."
                .to_owned(),
        ],
        link: Some(format!("{up}{}", home::login_address(Some(root)))),
        ..Page::default()
    };
    page.answer(StatusCode::FORBIDDEN)
}
