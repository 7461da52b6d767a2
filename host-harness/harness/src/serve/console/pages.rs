//! Every page of the console, a row each. Router and navigation are made of these rows.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, get, on},
};
use futures_util::future::BoxFuture;

use super::{
    super::service::Service, access, approval, approvals, asked::Asked, bootstrap, calls, configuration,
    configuration_store, departments, events, failure::Failure, feed, live, member, members, messages, overview, plan,
    roles, setup, sync, tenants, trail,
};

/// Whether a page only shows, or changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Any administrator who is signed in.
    Read,
    /// The same, by a form of the console's own: what it asks changes nothing.
    Form,
    /// One who has just signed in, by a form of the console's own.
    Change,
}

/// What makes an answer.
pub type Run = for<'a> fn(&'a Asked) -> BoxFuture<'a, Result<Response, Failure>>;

/// One page, part of a page, or form.
pub struct ConsolePage {
    /// After `/t/TENANT/admin/`, with names in braces; empty for the first.
    pub path: &'static str,
    pub access: Access,
    /// What it is called in the navigation, in both languages; nothing for what is not in there.
    pub entry: Option<[&'static str; 2]>,
    pub run: Run,
}

const fn shown(path: &'static str, entry: [&'static str; 2], run: Run) -> ConsolePage {
    ConsolePage { path, access: Access::Read, entry: Some(entry), run }
}

const fn part(path: &'static str, run: Run) -> ConsolePage {
    ConsolePage { path, access: Access::Read, entry: None, run }
}

const fn form(path: &'static str, run: Run) -> ConsolePage {
    ConsolePage { path, access: Access::Form, entry: None, run }
}

const fn change(path: &'static str, run: Run) -> ConsolePage {
    ConsolePage { path, access: Access::Change, entry: None, run }
}

/// A row's function.
macro_rules! run {
    ($page:path) => {
        |asked| Box::pin($page(asked))
    };
}

/// All of them, in the order of the navigation.
pub static PAGES: &[ConsolePage] = &[
    shown("", ["概览", "Overview"], run!(overview::page)),
    part("check", run!(overview::check)),
    shown("setup", ["设置向导", "Set-up"], run!(setup::page)),
    form("setup/validate", run!(configuration::validate)),
    form("setup/generate", run!(configuration::generate)),
    form("setup/configuration", run!(configuration::show)),
    change("setup/store", run!(configuration_store::store)),
    shown("members", ["通讯录", "Members"], run!(members::page)),
    part("departments", run!(departments::children)),
    part("members/{id}", run!(member::page)),
    change("members/{id}/reveal", run!(member::reveal)),
    change("members/{id}/roles", run!(member::set_roles)),
    change("members/{id}/roles/confirm", run!(member::confirm_roles)),
    shown("sync", ["同步", "Sync"], run!(sync::page)),
    part("sync/progress", run!(sync::progress)),
    part("sync/events", run!(live::events)),
    part("sync/plan", run!(plan::page)),
    change("sync/start", run!(sync::start)),
    change("sync/approve", run!(sync::approve)),
    change("sync/abandon", run!(sync::abandon)),
    shown("roles", ["角色与管理员", "Roles"], run!(roles::page)),
    change("roles/rules", run!(roles::add_rule)),
    change("roles/rules/remove", run!(roles::remove_rule)),
    change("roles/administrators", run!(roles::set_administrators)),
    shown("messages", ["消息", "Messages"], run!(messages::page)),
    form("messages/preview", run!(messages::preview)),
    form("messages/edit", run!(messages::edit)),
    change("messages", run!(messages::send)),
    shown("approvals", ["审批", "Approvals"], run!(approvals::page)),
    part("approvals/{number}", run!(approval::page)),
    change("approvals/{number}/reveal", run!(approval::reveal)),
    shown("changes", ["变更记录", "Changes"], run!(feed::page)),
    shown("events", ["回调记录", "Callbacks"], run!(events::page)),
    change("events/reveal", run!(events::reveal)),
    shown("calls", ["调用", "Calls"], run!(calls::page)),
    shown("audit", ["审计记录", "Audit trail"], run!(trail::page)),
    shown("tenants", ["切换应用", "Other apps"], run!(tenants::page)),
];

/// The addresses of the console.
pub fn router() -> Router<Arc<Service>> {
    let router = PAGES.iter().fold(Router::new(), |router, page| {
        let filter = if page.access == Access::Read { MethodFilter::GET } else { MethodFilter::POST };
        let handler = async move |service, path, method, uri, headers, body| {
            answer(page, service, path, (method, uri, headers), body).await
        };
        let path = if page.path.is_empty() { String::new() } else { format!("/{}", page.path) };
        router.route(
            &format!("/t/{{tenant}}/admin{path}"),
            on(filter, move |service, path, method, uri, headers, body| {
                handler(service, path, method, uri, headers, body)
            }),
        )
    });
    router.route("/t/{tenant}/admin/bootstrap", get(bootstrap::page).post(bootstrap::redeem))
}

async fn answer(
    page: &'static ConsolePage,
    State(service): State<Arc<Service>>,
    path: Result<Path<BTreeMap<String, String>>, PathRejection>,
    (method, uri, headers): (Method, Uri, HeaderMap),
    body: Body,
) -> Response {
    let Ok(Path(path)) = path else { return StatusCode::BAD_REQUEST.into_response() };
    match access::admit(&service, page, path, (&method, &uri, &headers), body).await {
        Ok((asked, _permit)) => match (page.run)(&asked).await {
            Ok(response) => response,
            Err(failure) => failure.page(&asked),
        },
        Err(response) => response,
    }
}
