//! What every vendor's configuration has.

use std::collections::BTreeSet;

use url::Url;

use crate::{contract::directory::Strategy, directory::id::IdRule, locale::Locale};

/// The part of a configuration that means the same for every vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Common {
    /// The organisation's id at the vendor. Everything that is stored belongs to it.
    pub organisation: String,
    /// The app's id at the vendor; empty where the vendor knows no apps.
    pub application: String,
    /// What a run is begun for beside the organisation and the stored fields: app and API address. Holds no secret.
    pub basis: String,
    /// How ids of members compare.
    pub ids: IdRule,
    /// Language of messages, hints and the vendor's pages.
    pub locale: Locale,
    /// Where sign-in pages return to. Its host, port included, is the only one that a request may name.
    pub redirect_uri: Option<Url>,
    /// `host` or `host:port` in lower case, where it is stated apart from the redirect address.
    pub trusted_domain: Option<String>,
    /// What to do with the constant state of a home page.
    pub homepage: HomepageState,
    /// How members are fetched when a request does not say.
    pub strategy: Strategy,
    /// Names of member fields to store, as in the contract's `member` record; all when absent. Id, status and
    /// departments are always stored.
    pub fields: Option<BTreeSet<String>>,
    /// What a sync may remove without a question.
    pub guard: Guard,
    /// After how many days what is known of members who left is erased; never when absent.
    pub departed_days: Option<u64>,
}

/// What a sync may remove without a question; members and departments are judged apart. No value switches the question
/// off: more than half is always too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The share that may go, in per cent.
    pub percent: u64,
    /// So many may go even where they are a larger share.
    pub floor: u64,
    /// More may not go, however small their share; no such number when absent.
    pub absolute: Option<u64>,
}

impl Default for Guard {
    fn default() -> Self {
        Self { percent: 20, floor: 5, absolute: None }
    }
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
