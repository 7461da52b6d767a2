//! Which paths of the platform are served, and how much of each: read from the router's own table.

use std::fmt::Write as _;

use serde::Serialize;

use crate::api::table::{self, Callers, Form};

/// How much of a path is emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Emulation {
    /// As the fact sheet describes it.
    Whole,
    /// But for what [`Route::note`] says.
    Partly,
    /// Not at all: HTTP 404 with an empty body.
    No,
}

/// One path, or several that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// Path below `/cgi-bin/`.
    pub path: &'static str,
    /// `GET` or `POST`; reads take both.
    pub method: &'static str,
    /// Who may call it.
    pub callers: &'static str,
    /// How much is emulated.
    pub emulation: Emulation,
    /// What is missing.
    pub note: &'static str,
}

/// Paths of the fact sheet's index that are not served.
const MISSING: &[(&str, &str, &str)] = &[
    ("GET", "user/authsucc, auth/get_tfa_info, user/tfa_succ", "second verification"),
    ("POST", "user/convert_to_openid, user/convert_to_userid", "payments"),
    ("POST", "agent/set, menu/create, menu/get, menu/delete", "settings of an app; the console changes them"),
    ("POST", "user/getuserid, user/get_userid_by_email", "look-ups by mobile number and e-mail"),
    ("GET", "corp/get_join_qrcode, security/get_server_domain_ip", "invitations, addresses of the platform"),
    ("POST", "tag/create, tag/update, tag/delete, tag/addtagusers, tag/deltagusers", "changes of tags"),
    ("POST", "user/create, user/update, user/delete, user/batchdelete, department/create, …", "changes of contacts"),
    ("POST", "batch/invite, batch/syncuser, batch/replaceuser, batch/replaceparty, batch/getresult", "imports"),
    ("POST", "appchat/create, appchat/update, appchat/get, appchat/send", "group chats"),
    ("GET", "media/get/jssdk, media/upload_by_url, media/get_upload_by_url_result", "recordings, uploads by address"),
    ("POST", "oa/approval/create_template, oa/approval/update_template", "templates are added by the control"),
    ("POST", "corp/getopenapprovaldata, corp/getapprovaldata, oa/vacation/*", "flow engine, retired API, balances"),
];

/// Every path that is known, served ones first.
pub fn routes() -> Vec<Route> {
    let token = Route {
        path: table::GET_TOKEN,
        method: "GET",
        callers: "anybody with a secret",
        emulation: Emulation::Whole,
        note: "",
    };
    let served = table::ENDPOINTS.iter().map(|endpoint| Route {
        path: endpoint.path,
        method: if endpoint.form == Form::Query { "GET" } else { "POST" },
        callers: match endpoint.callers {
            Callers::Any => "apps, contact sync",
            Callers::Apps => "apps",
            Callers::AppsAndOldSync => "apps, old contact sync",
            Callers::SyncOnly => "contact sync",
        },
        emulation: if endpoint.gap.is_empty() { Emulation::Whole } else { Emulation::Partly },
        note: endpoint.gap,
    });
    let missing =
        MISSING.iter().map(|(method, path, note)| Route { path, method, callers: "", emulation: Emulation::No, note });
    [token].into_iter().chain(served).chain(missing).collect()
}

/// The same as a table in Markdown, which the documentation holds.
///
/// ```
/// let table = wecom_simulator::routes_table();
/// assert!(table.contains("| `message/recall` | POST | apps | whole |  |"));
/// ```
pub fn routes_table() -> String {
    let mut table =
        "| Path below `/cgi-bin/` | Verb | Callers | Emulated | What is missing |\n|---|---|---|---|---|\n".to_owned();
    for Route { path, method, callers, emulation, note } in routes() {
        let emulated = match emulation {
            Emulation::Whole => "whole",
            Emulation::Partly => "partly",
            Emulation::No => "no",
        };
        let paths = path.split(", ").map(|path| if path == "…" { path.to_owned() } else { format!("`{path}`") });
        // Writing to a text cannot fail.
        let _ = writeln!(
            table,
            "| {} | {method} | {callers} | {emulated} | {note} |",
            paths.collect::<Vec<_>>().join(", ")
        );
    }
    table
}
