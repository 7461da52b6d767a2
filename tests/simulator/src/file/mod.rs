//! The organisation from a file: JSON that a person writes, with latency and faults beside it where a test wants them.
//!
//! What a file leaves out has the value that a new record has. Secrets may be left out: an app keeps the one that an app of this
//! id has, or gets a new one; a file that is written from a simulator has none.

mod read;
mod write;

use serde::{Deserialize, Serialize};

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is no JSON of this shape; the message names line, column and field.
    #[error("the file cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A record breaks a rule of the organisation.
    #[error("{record}: {why}")]
    Corp {
        /// Which record.
        record: String,
        /// The rule.
        why: crate::corp::CorpError,
    },
    /// A field holds what it may not.
    #[error("{record}: {field} is {value}, expected {expected}")]
    Field {
        /// Which record.
        record: String,
        /// The field.
        field: &'static str,
        /// What it holds.
        value: String,
        /// What it may hold.
        expected: &'static str,
    },
    /// A fault is none.
    #[error("a fault: {0}")]
    Fault(String),
}

/// The whole file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganisationFile {
    corp_id: String,
    name: String,
    #[serde(default)]
    departments: Vec<DepartmentRow>,
    #[serde(default)]
    members: Vec<MemberRow>,
    #[serde(default)]
    tags: Vec<TagRow>,
    #[serde(default)]
    apps: Vec<AppRow>,
    /// Milliseconds of latency; absent leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latency: Option<u64>,
    /// Faults to arm, each with the fields of the action `inject-fault`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) faults: Vec<serde_json::Value>,
}

/// A department; the root is the `name` of the file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct DepartmentRow {
    id: u64,
    name: String,
    #[serde(default = "root")]
    parent: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_en: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    leaders: Vec<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct MemberRow {
    id: String,
    name: String,
    /// The first is the main one.
    departments: Vec<u64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    position: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    alias: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    mobile: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    email: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    telephone: String,
    /// As WeCom numbers it: 1, 2, 4 or 5.
    #[serde(default = "active")]
    status: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    direct_leaders: Vec<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct TagRow {
    id: u64,
    name: String,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    departments: Vec<u64>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct AppRow {
    agentid: u64,
    name: String,
    #[serde(default, skip_serializing)]
    secret: Option<String>,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    home_url: String,
    #[serde(default)]
    trusted_domains: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login_callback_domain: Option<String>,
    /// Single addresses; absent admits this machine, `["any"]` everybody.
    #[serde(default = "loopback")]
    trusted_addresses: Vec<String>,
    #[serde(default)]
    sensitive_fields: Vec<String>,
    #[serde(default)]
    approvals: bool,
    #[serde(default)]
    created_before_2022: bool,
    #[serde(default)]
    visible: VisibleRow,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct VisibleRow {
    #[serde(default)]
    departments: Vec<u64>,
    #[serde(default)]
    tags: Vec<u64>,
    #[serde(default)]
    members: Vec<String>,
}

fn root() -> u64 {
    crate::corp::ROOT
}

fn active() -> u64 {
    1
}

fn yes() -> bool {
    true
}

fn loopback() -> Vec<String> {
    vec!["127.0.0.1".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corp::Corp;
    use crate::demo::demo;
    use crate::truth::Truth;

    fn read(text: &str) -> Result<Corp, FileError> {
        OrganisationFile::parse(text.as_bytes())?.corp(&demo(), &mut fastrand::Rng::with_seed(1))
    }

    #[test]
    fn what_is_written_is_read_as_the_same_organisation() {
        let (demo, text) = (demo(), OrganisationFile::of(&demo()).to_text());
        assert!(!text.contains(crate::DEMO_SECRET) && !text.contains(crate::DEMO_SYNC_SECRET));
        let again = read(&text).unwrap();
        let truth = |corp: &Corp| Truth::of(corp, corp.app(crate::DEMO_AGENT_ID).unwrap());
        let ids = |corp: &Corp| truth(corp).members.into_keys().collect::<Vec<_>>();
        assert_eq!((ids(&again), truth(&again).departments), (ids(&demo), truth(&demo).departments));
        let app = |corp: &Corp| corp.app(crate::DEMO_AGENT_ID).unwrap().clone();
        assert_eq!(app(&again), crate::corp::App { description: String::new(), ..app(&demo) });
        assert_eq!(again.contact_sync(), demo.contact_sync(), "kept");
    }

    #[test]
    fn a_small_file_is_enough() {
        let corp = read(
            r#"{"corp_id":"ww1","name":"甲","departments":[{"id":2,"name":"a"}],
                "members":[{"id":"ann","name":"安","departments":[2]}],
                "apps":[{"agentid":10,"name":"app","visible":{"departments":[2]}}]}"#,
        );
        let corp = corp.unwrap();
        let app = corp.app(10).unwrap();
        assert_eq!((corp.member_count(), app.secret.reveal().len()), (1, 43));
        assert!(Truth::of(&corp, app).members.contains_key("ann"));
    }

    #[test]
    fn the_file_on_the_page_about_the_simulator_is_taken() {
        let page = include_str!("../../../../docs/simulator.md");
        let (_, rest) = page.split_once("```json").unwrap();
        let corp = read(rest.split("```").next().unwrap()).unwrap();
        let app = corp.app(crate::DEMO_AGENT_ID).unwrap();
        assert_eq!(app.secret.reveal(), crate::DEMO_SECRET);
        assert!(Truth::of(&corp, app).members["lisi"].departments[0].leader);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let file = |inner: &str| format!(r#"{{"corp_id":"ww1","name":"甲",{inner}}}"#);
        let member = |inner: &str| file(&format!(r#""members":[{{"id":"ann","name":"安",{inner}}}]"#));
        let app = |inner: &str| file(&format!(r#""apps":[{{"agentid":10,"name":"app",{inner}}}]"#));
        for (text, expected) in [
            ("[]".to_owned(), "the file cannot be read: invalid length 0"),
            (file(r#""departmets":[]"#), "unknown field `departmets`"),
            (file(r#""departments":[{"id":1,"name":"a"}]"#), "department 1: department 1 exists already"),
            (file(r#""departments":[{"id":3,"name":"a","parent":9}]"#), "department 3: department 9 does not exist"),
            (member(r#""departments":[9]"#), "member ann: department 9 does not exist"),
            (member(r#""departments":[1],"status":3"#), "member ann: status is 3, expected 1, 2, 4 or 5"),
            (member(r#""departments":[1],"direct_leaders":["bob"]"#), "member ann: member \"bob\" does not exist"),
            (app(r#""visible":{"tags":[4]}"#), "app 10: tag 4 does not exist"),
            (app(r#""trusted_addresses":["10.0.0.0/8"]"#), "app 10: \"10.0.0.0/8\" is not an IP address"),
            (app(r#""sensitive_fields":["shoe_size"]"#), "app 10: sensitive_fields is shoe_size, expected"),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
