//! Findings about a value, and the answer of `validate`.

use organisation_host::contract::{element, types};
use serde::Serialize;

/// One finding.
#[derive(Debug, Clone, Serialize)]
pub struct ProblemView {
    pub path: String,
    pub code: String,
    pub severity: &'static str,
    pub message: String,
    pub hint: Option<String>,
}

impl From<types::Problem> for ProblemView {
    fn from(problem: types::Problem) -> Self {
        let types::Problem { path, code, severity, message, hint } = problem;
        let severity = match severity {
            types::Severity::Error => "error",
            types::Severity::Warning => "warning",
        };
        Self { path, code, severity, message, hint }
    }
}

/// One value as the component understood it.
#[derive(Debug, Serialize)]
pub struct SettingView {
    pub key: String,
    pub value: String,
}

/// A host that the configuration needs.
#[derive(Debug, Serialize)]
pub struct DestinationView {
    pub scheme: String,
    pub host: String,
    pub port: u16,
    pub purpose: String,
}

/// The proxy that the configuration wants.
#[derive(Debug, Serialize)]
pub struct ProxyView {
    pub scheme: String,
    pub host: String,
    pub port: u16,
    pub username: Option<String>,
}

/// What `validate` prints.
#[derive(Debug, Serialize)]
pub struct ValidationView {
    pub valid: bool,
    pub problems: Vec<ProblemView>,
    pub summary: Vec<SettingView>,
    pub destinations: Vec<DestinationView>,
    pub proxy: Option<ProxyView>,
    /// Where the vendor may send something.
    pub routes: Vec<RouteView>,
    /// What is to be found at the root of the host of the app's pages.
    pub files: Vec<RootFileView>,
}

/// A place where the vendor sends something.
#[derive(Debug, Serialize)]
pub struct RouteView {
    pub name: String,
    pub label: String,
    /// The headers that are handed over.
    pub headers: Vec<String>,
}

/// A file by which the vendor sees whose a host is.
#[derive(Debug, Serialize)]
pub struct RootFileView {
    pub name: String,
    pub content: String,
}

impl From<element::Validation> for ValidationView {
    fn from(validation: element::Validation) -> Self {
        let destination = |destination: element::Destination| {
            let element::Destination { scheme, host, port, purpose, .. } = destination;
            DestinationView { scheme, host, port, purpose }
        };
        Self {
            valid: validation.valid,
            problems: validation.problems.into_iter().map(ProblemView::from).collect(),
            summary: validation.summary.into_iter().map(|s| SettingView { key: s.key, value: s.value }).collect(),
            destinations: validation.destinations.into_iter().map(destination).collect(),
            proxy: validation.proxy.map(|proxy| {
                let element::Proxy { scheme, host, port, username, password: _ } = proxy;
                ProxyView { scheme, host, port, username }
            }),
            routes: validation
                .routes
                .into_iter()
                .map(|element::IncomingRoute { name, label, headers }| RouteView { name, label, headers })
                .collect(),
            files: validation
                .files
                .into_iter()
                .map(|element::RootFile { name, content }| RootFileView { name, content })
                .collect(),
        }
    }
}

impl ValidationView {
    /// The answer about a document that the host itself cannot read.
    pub fn unreadable(message: String, hint: Option<&str>) -> Self {
        let problem = ProblemView {
            path: String::new(),
            code: "unreadable".to_owned(),
            severity: "error",
            message,
            hint: hint.map(str::to_owned),
        };
        Self {
            valid: false,
            problems: vec![problem],
            summary: Vec::new(),
            destinations: Vec::new(),
            proxy: None,
            routes: Vec::new(),
            files: Vec::new(),
        }
    }
}
