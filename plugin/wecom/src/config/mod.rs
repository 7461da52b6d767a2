//! The configuration of the element: the table of its keys in [`field`], and the type that they are read into.

use url::Url;

pub(crate) use self::callback::Callback;
use self::field::ELEMENT;
use organisation_kit::config::Values;
pub use organisation_kit::config::{Common, HomepageState, Secret, authority, is_plain_host};

mod callback;
pub mod field;
mod identifier;
#[cfg(test)]
mod tests;

/// A sound configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What means the same for every vendor. The organisation is the corp id, the application the agent id.
    pub common: Common,
    /// The app.
    pub agent_id: u64,
    /// The secret of the app.
    pub secret: Secret,
    /// Below it lies `cgi-bin/`.
    pub api_base: Url,
    /// Below it lies `wwlogin/sso/login`.
    pub login_base: Url,
    /// Below it lies `connect/oauth2/authorize`.
    pub oauth_base: Url,
    /// A proxy that the host uses for calls to WeCom; nothing for the component to do.
    pub proxy: Option<Url>,
    /// What WeCom sends to the app.
    pub(crate) callback: Option<Callback>,
    /// What it sends to the contact-sync assistant.
    pub(crate) contact_callback: Option<Callback>,
}

impl Config {
    /// The organisation, `ww…` or `wx…`.
    pub fn corp_id(&self) -> &str {
        &self.common.organisation
    }

    pub(crate) fn build(values: &Values) -> Option<Self> {
        let agent_id = values.number("agentId")?;
        let api_base = values.url("apiBaseUrl")?;
        let basis = format!("{agent_id} {api_base}");
        Some(Self {
            common: values.common(values.text("corpId")?, agent_id.to_string(), basis, ELEMENT.ids),
            agent_id,
            secret: values.secret("secret")?,
            api_base,
            login_base: values.url("loginBaseUrl")?,
            oauth_base: values.url("oauthBaseUrl")?,
            proxy: values.url("proxy"),
            callback: Callback::build(values, "callback"),
            contact_callback: Callback::build(values, "contactCallback"),
        })
    }
}
