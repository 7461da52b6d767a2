//! What was understood of a document.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::{
    common::{Common, HomepageState},
    element::Element,
    field::{self, Field, Kind, Use},
    problem::Problems,
    secret::{MASK, Secret},
    shown::{harmless, shown_url},
};
use crate::{
    contract::{
        directory::Strategy,
        element::{Destination, Proxy, SecretPlace, Setting},
    },
    directory::id::IdRule,
    text::Locale,
};

/// A sound value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    Secret(Secret),
    Url(Url),
    Urls(Vec<Url>),
    Words(BTreeSet<String>),
}

/// The sound values of a document, defaults filled in.
#[derive(Debug, Default)]
pub struct Values {
    found: BTreeMap<&'static str, Value>,
    /// Those about whose shape something was noted.
    doubtful: BTreeSet<&'static str>,
}

macro_rules! of_kind {
    ($(#[$doc:meta] $name:ident: $kind:ident($type:ty);)*) => {
        $(#[$doc] pub fn $name(&self, field: &Field) -> Option<$type> {
            match self.found.get(field.key) {
                Some(Value::$kind(value)) => Some(value.clone()),
                _ => None,
            }
        })*
    };
}

impl Values {
    pub(super) fn insert(&mut self, field: &Field, value: Value, is_doubtful: bool) {
        self.found.insert(field.key, value);
        if is_doubtful {
            self.doubtful.insert(field.key);
        }
    }

    of_kind! {
        /// The text, word, domain or language tag of a field.
        text: Text(String);
        /// The number of a field.
        number: Number(u64);
        /// The secret of a field.
        secret: Secret(Secret);
        /// The address of a field. That of a server comes without a slash at its end, except for the bare host.
        url: Url(Url);
        /// The servers of a field: scheme, host and port.
        urls: Urls(Vec<Url>);
        /// The words of a list.
        words: Words(BTreeSet<String>);
    }

    /// The language in which the administrator reads, as far as that is known.
    pub(super) fn locale(&self) -> Locale {
        self.text(&field::LOCALE).map_or(Locale::Both, |tag| Locale::from_tag(&tag))
    }

    pub(super) fn redirect(&self) -> Option<Url> {
        self.url(&field::REDIRECT_URI)
    }

    /// What means the same for every vendor; the vendor adds the first four. See [`Common`] for each.
    pub fn common(&self, organisation: String, application: String, basis: String, ids: IdRule) -> Common {
        Common {
            organisation,
            application,
            basis,
            ids,
            locale: self.locale(),
            redirect_uri: self.redirect(),
            trusted_domain: self.text(&field::TRUSTED_DOMAIN),
            homepage: match self.text(&field::HOMEPAGE_STATE).as_deref() {
                Some("refuse") => HomepageState::Refuse,
                _ => HomepageState::Allow,
            },
            strategy: match self.text(&field::SYNC_STRATEGY).as_deref() {
                Some("walk") => Strategy::Walk,
                Some("export") => Strategy::Export,
                _ => Strategy::Automatic,
            },
            fields: self.words(&field::SYNC_FIELDS),
        }
    }

    /// Every value, in the order of the table. Secrets are masked, and so is what could be one.
    pub(super) fn summary(&self, element: &Element, problems: &Problems) -> Vec<Setting> {
        let setting = |field: &&Field| {
            let value = match self.found.get(field.key)? {
                Value::Secret(_) => MASK.to_owned(),
                Value::Text(text) if self.doubtful.contains(field.key) => {
                    harmless(text).unwrap_or_else(|| MASK.to_owned())
                }
                Value::Text(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Url(url) if url.path() == "/" && !matches!(field.kind, Kind::Redirect) => {
                    url.origin().ascii_serialization()
                }
                Value::Url(url) => shown_url(url),
                Value::Urls(urls) => join(urls.iter().map(|url| url.origin().ascii_serialization())),
                Value::Words(words) => join(words.iter().cloned()),
            };
            Some(Setting { key: field.key.to_owned(), value: problems.masked(&value) })
        };
        element.fields.iter().filter_map(setting).collect()
    }

    /// The servers that the component calls, those that get secrets first. The sign-in pages are opened by browsers and the proxy by the host, so
    /// neither is among them.
    pub(super) fn destinations(&self, element: &Element, places: &[SecretPlace]) -> Vec<Destination> {
        let sent = |purpose: &str| {
            let goes_there = |field: &&&Field| matches!(field.kind, Kind::Secret(Use::Sent(to)) if to == purpose);
            let is_there = |field: &&&Field| places.iter().any(|place| place.key == field.key);
            let secrets = element.fields.iter().filter(goes_there).filter(is_there);
            secrets.map(|field| field.key.to_owned()).collect()
        };
        let destination = |url: &Url, purpose: &str| {
            Some(Destination {
                scheme: url.scheme().to_owned(),
                host: url.host_str()?.to_owned(),
                port: url.port_or_known_default()?,
                purpose: purpose.to_owned(),
                secrets: sent(purpose),
            })
        };
        let of_field = |field: &&Field| match (field.kind, self.found.get(field.key)) {
            (Kind::Base { purpose: Some(purpose), .. }, Some(Value::Url(url))) => {
                Vec::from_iter(destination(url, purpose))
            }
            (Kind::Servers { purpose }, Some(Value::Urls(urls))) => {
                urls.iter().filter_map(|url| destination(url, purpose)).collect()
            }
            _ => Vec::new(),
        };
        let mut all: Vec<_> = element.fields.iter().flat_map(of_field).collect();
        all.sort_by_key(|destination| destination.secrets.is_empty());
        all
    }

    /// The proxy that the host is to use.
    pub(super) fn proxy(&self) -> Option<Proxy> {
        let url = self.url(&field::PROXY)?;
        Some(Proxy {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
            username: self.text(&field::PROXY_USERNAME),
            password: self.secret(&field::PROXY_PASSWORD).map(|_| field::PROXY_PASSWORD.key.to_owned()),
        })
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}
