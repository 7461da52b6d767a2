//! Calls of the vendor's API, what the vendor sends, and what a page in its client needs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub struct Call {
    /// GET, POST …
    pub method: String,
    /// From the root of the vendor's API, such as /cgi-bin/agent/get
    pub path: String,
    /// A parameter, not encoded; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    pub query: Vec<(String, String)>,
    /// JSON text, or @FILE
    #[arg(long, value_name = "JSON")]
    pub body: Option<String>,
    /// Whoever repeats the call with the same key gets the answer of the first
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} has no =: expected NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Debug, Args)]
#[command(after_help = "\
The delivery counts as received: its events are kept for the API of serve, and repeated it gives none. What it leaves for later \
is done with --follow-up, or by the next sync.")]
pub struct Callback {
    /// What follows ? in the address, as it stands there
    #[arg(long, value_name = "QUERY")]
    pub query: String,
    /// What was posted, - for standard input [default: nothing, a GET]
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,
    /// At which of the routes that `validate` names it arrived [default: the first]
    #[arg(long, value_name = "NAME", conflicts_with = "contacts")]
    pub route: Option<String>,
    /// At the route of the contacts
    #[arg(long)]
    pub contacts: bool,
    /// Do at once what it leaves for later
    #[arg(long)]
    pub follow_up: bool,
}

#[derive(Debug, Args)]
pub struct JsSdkSignature {
    /// The page as the browser shows it
    #[arg(long, value_name = "URL")]
    pub url: String,
    #[arg(long, default_value = "corp")]
    pub kind: Identity,
    /// A function of the client that the page wants; repeatable
    #[arg(long, value_name = "NAME")]
    pub function: Vec<String>,
}

/// As whom the page speaks to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Identity {
    /// As a page of the company (wx.config)
    Corp,
    /// As a page of the app (wx.agentConfig)
    App,
}
