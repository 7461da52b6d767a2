//! The configuration of the element: one JSON document, read once into a type that cannot be wrong.
//!
//! Data flows one way: `document` reads JSON into a tree, `reader` takes values out of the tree by the table in
//! [`field`], `identifier`, `address` and `choice` judge each value, `draft` puts them together, and the draft becomes
//! a [`Config`] or the answer of `validate-config`. On the way `problem` collects what is wrong.

use std::collections::BTreeSet;

use url::Url;

pub use address::{authority, is_plain_host};
pub use choice::MEMBER_FIELDS;
pub use crate::kit::config::secret::Secret;
pub use validation::validate;

use crate::{failure::Failure, kit::config::Common, text::Locale};

mod address;
mod choice;
mod draft;
pub mod field;
mod identifier;
mod validation;

pub(crate) use crate::kit::config::{document, problem, reader, secret, suggestion as unknown};

/// A sound configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The part that means the same for every vendor.
    pub common: Common,
    /// The organisation, `ww…` or `wx…`.
    pub corp_id: String,
    /// The app.
    pub agent_id: u64,
    /// The secret of the app.
    pub secret: Secret,
    /// Where sign-in pages return to. Its host, port included, is the only one that a request may name.
    pub redirect_uri: Option<Url>,
    /// Below it lies `cgi-bin/`.
    pub api_base: Url,
    /// Below it lies `wwlogin/sso/login`.
    pub login_base: Url,
    /// Below it lies `connect/oauth2/authorize`.
    pub oauth_base: Url,
    /// The app's trusted domain, `host` or `host:port` in lower case, where it is stated apart from the redirect
    /// address.
    pub trusted_domain: Option<String>,
    /// Callbacks of the app.
    pub callback: Option<Callback>,
    /// Callbacks of the contact-sync assistant.
    pub contact_callback: Option<Callback>,
    /// A proxy that the host uses for calls to the vendor; nothing for the component to do.
    pub proxy: Option<Url>,
    /// Whether a home page URL, whose state is constant, signs in.
    pub homepage_state: HomepageState,
    /// Language of hints and of the vendor's pages.
    pub locale: Locale,
    /// How members are synchronised.
    pub sync: SyncConfig,
}

/// What it takes to read callbacks (doc 90930).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The secret of the contact-sync assistant; never set for the app's own callbacks.
    pub secret: Option<Secret>,
    /// Signs deliveries.
    pub token: Secret,
    /// 43 characters of Base64: the key of the encryption.
    pub encoding_aes_key: Secret,
}

/// What to do with the constant state of a home page URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HomepageState {
    /// Sign in, and say that the state was not verified.
    #[default]
    Allow,
    /// Send the person through a sign-in with a fresh state.
    Refuse,
}

/// How members are synchronised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncConfig {
    /// How members are fetched when a request does not say.
    pub strategy: Strategy,
    /// Names of member fields to store, as in the contract's `member` record; all when absent. Id, status and
    /// departments are always stored.
    pub fields: Option<BTreeSet<String>>,
    /// Servers of export files: scheme, host and port.
    pub download_hosts: Vec<Url>,
}

/// A way to fetch members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// The component chooses.
    #[default]
    Automatic,
    /// Department by department.
    Walk,
    /// The vendor's bulk export.
    Export,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// `invalid-config` with all problems, when one of them is an error.
    pub fn parse(document: &str) -> Result<Self, Failure> {
        validation::parse(document)
    }

    /// The language of hints under this configuration, also where the rest of it is unsound.
    pub fn locale_of(document: &str) -> Locale {
        validation::locale(document)
    }
}
