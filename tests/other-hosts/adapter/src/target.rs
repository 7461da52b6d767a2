//! Where a request goes.

use wasip2::http::types::Scheme;

use crate::settings;

/// The parts of an address as `wasi:http` wants them.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) authority: String,
    pub(crate) path_with_query: String,
}

/// Why an address is none to go to.
pub(crate) enum Refusal {
    Invalid(&'static str),
    /// With the option of the operator that would admit it.
    Denied(Option<String>),
}

impl Target {
    /// Reads an address, and looks whether the operator's list has it: `hosts` of the platform's configuration, `SCHEME://HOST[:PORT]`
    /// with blanks between. The platform itself asks nobody: it connects to whatever a name resolves to.
    pub(crate) fn of(url: &str) -> Result<Self, Refusal> {
        let url = url.split('#').next().unwrap_or_default();
        let (scheme, rest) = url.split_once("://").ok_or(Refusal::Invalid("an address is absolute"))?;
        let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
        if authority.is_empty() || authority.contains('@') || !url.is_ascii() {
            return Err(Refusal::Invalid("an address has a host in ASCII, and no user"));
        }
        if url.bytes().any(|byte| byte <= b' ' || byte == b'\\' || byte == 0x7f) {
            return Err(Refusal::Invalid("an address has no blanks, backslashes and control characters"));
        }
        let scheme = match &*scheme.to_ascii_lowercase() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return Err(Refusal::Denied(None)),
        };
        let authority = authority.to_ascii_lowercase();
        let origin = format!("{}://{authority}", if matches!(scheme, Scheme::Https) { "https" } else { "http" });
        if !settings::named("hosts").split_whitespace().any(|admitted| admitted.eq_ignore_ascii_case(&origin)) {
            return Err(Refusal::Denied(Some(format!("hosts: {origin}"))));
        }
        let path_with_query = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { scheme, authority, path_with_query })
    }
}
