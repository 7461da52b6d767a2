//! The apps that the person may go on to: those to which this browser is signed in as an administrator. Each session is looked up as
//! if its own console were opened, so the list tells nobody which other tenants there are.

use axum::response::Response;
use maud::html;
use organisation_fleet::tenants::Tenant;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    super::{
        refusal::{Refuse, SignInRefusal},
        sessions::Held,
        sign_in::is_administrator,
        visitor::{Seen, seen},
    },
    asked::Asked,
    failure::Failure,
};

/// Sessions of one browser that are looked up: each costs a look at the storage and two calls.
const MOST: usize = 32;

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let held = Held::of(&asked.headers, &asked.scope);
    let others = asked.service.tenants().into_iter();
    let others = others.filter(|tenant| tenant.name != asked.tenant.name && held.holds(&tenant.name)).take(MOST);
    let (mut open, mut is_all) = (Vec::new(), true);
    for tenant in others {
        match may_open(asked, &tenant).await {
            Ok(true) => open.push(tenant),
            Ok(false) => {}
            // The browser holds something, and nothing says just now whether it is a session. What is wrong stands in the log.
            Err(_) => is_all = false,
        }
    }
    let say = |chinese, english| asked.say(chinese, english);
    let base = asked.service.base();
    let content = html! {
        p.hint {
            (say("此浏览器已以管理员身份登录的应用。其他应用请先在其地址登录。",
                 "The apps to which this browser is signed in as an administrator. Sign in to another one at its own address first."))
        }
        ul {
            li aria-current="page" { b { (asked.tenant.name) } " " span.tag { (say("当前", "this one")) } }
            @for tenant in &open {
                li { a href={ (base) "/t/" (utf8_percent_encode(&tenant.name, NON_ALPHANUMERIC)) "/admin" } { (tenant.name) } }
            }
        }
        @if !is_all { p.banner.warn { (say("有应用暂时无法查询，请稍后重试。", "An app could not be asked just now: try again in a moment.")) } }
    };
    Ok(asked.page(say("切换应用", "Other apps"), content))
}

/// Whether this browser is signed in to a tenant as one of its administrators.
async fn may_open(asked: &Asked, tenant: &Tenant) -> Result<bool, SignInRefusal> {
    let refused = Refuse(&asked.headers);
    let _permit = asked.service.admit_console(tenant).ok_or_else(|| refused.too_many())?;
    match seen(&asked.service, tenant, &asked.headers, &asked.scope).await? {
        Seen::Visitor(visitor) => is_administrator(tenant, &visitor, &refused).await,
        Seen::Ended | Seen::Nobody => Ok(false),
    }
}
