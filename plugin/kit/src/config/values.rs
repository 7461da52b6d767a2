//! What was understood of a document.

use std::collections::BTreeMap;

use url::Url;

use super::{
    address::written,
    common::{Common, Guard, HomepageState},
    element::{Element, Route},
    field::{self, Field, Kind, Use},
    problem::Problems,
    root_file,
    secret::{MASK, Secret},
    shown::is_opaque,
};
use crate::{
    contract::{
        directory::Strategy,
        element::{Destination, IncomingRoute, Proxy, RootFile, SecretPlace, Setting},
    },
    directory::id::IdRule,
    locale::{Locale, Text},
    order,
};

/// A sound value.
#[derive(Clone, Debug)]
pub(super) enum FieldValue {
    Text(String),
    Number(u64),
    Secret(Secret),
    Url(Url),
    File(RootFile),
    List(Vec<FieldValue>),
}

/// The sound values of a document, defaults filled in.
#[derive(Debug, Default)]
pub struct Values(pub(super) BTreeMap<&'static str, FieldValue>);

macro_rules! of_kind {
    ($(#[$doc:meta] $name:ident: $kind:ident($type:ty);)*) => {
        $(#[$doc] pub fn $name(&self, key: &str) -> Option<$type> {
            if let FieldValue::$kind(value) = self.0.get(key)? { Some(value.clone()) } else { None }
        })*
    };
}

impl Values {
    of_kind! {
        /// The text, word, domain or language tag of a field.
        text: Text(String);
        /// The number of a field.
        number: Number(u64);
        /// The secret of a field.
        secret: Secret(Secret);
        /// The address of a field. That of a server comes without a slash at its end, except for the bare host.
        url: Url(Url);
    }

    /// The values of a list, or the only one.
    fn items(&self, key: &str) -> &[FieldValue] {
        match self.0.get(key) {
            Some(FieldValue::List(items)) => items,
            Some(value) => std::slice::from_ref(value),
            None => &[],
        }
    }

    /// The language in which the administrator reads, as far as that is known.
    pub(super) fn locale(&self) -> Locale {
        self.text(field::LOCALE.key).map_or(Locale::Both, |tag| Locale::from_tag(&tag))
    }

    /// What means the same for every vendor; the vendor adds the first four. See [`Common`] for each.
    pub fn common(&self, organisation: String, application: String, basis: String, ids: IdRule) -> Common {
        let word = |value: &FieldValue| if let FieldValue::Text(word) = value { Some(word.clone()) } else { None };
        let words = |key| order::set(self.items(key).iter().filter_map(word));
        Common {
            organisation,
            application,
            basis,
            ids,
            locale: self.locale(),
            redirect_uri: self.url(field::REDIRECT_URI.key),
            trusted_domain: self.text(field::TRUSTED_DOMAIN.key),
            homepage: match self.text(field::HOMEPAGE_STATE.key).as_deref() {
                Some("refuse") => HomepageState::Refuse,
                _ => HomepageState::Allow,
            },
            strategy: match self.text(field::SYNC_STRATEGY.key).as_deref() {
                Some("walk") => Strategy::Walk,
                Some("export") => Strategy::Export,
                _ => Strategy::Automatic,
            },
            fields: self.0.contains_key(field::SYNC_FIELDS.key).then(|| words(field::SYNC_FIELDS.key)),
            guard: self.guard(),
            departed_days: self.number(field::RETENTION_DEPARTED_DAYS.key),
        }
    }

    /// A vendor's table need not have the keys.
    fn guard(&self) -> Guard {
        let usual = Guard::default();
        Guard {
            percent: self.number(field::SYNC_GUARD_PERCENT.key).unwrap_or(usual.percent),
            floor: self.number(field::SYNC_GUARD_FLOOR.key).unwrap_or(usual.floor),
            absolute: self.number(field::SYNC_GUARD_ABSOLUTE.key),
        }
    }

    /// Every value, in the order of the table. Secrets are masked, and so is what could be one.
    pub(super) fn summary(&self, element: &Element, problems: &Problems) -> Vec<Setting> {
        let setting = |field: &Field| {
            let value = problems.masked(&show(field, self.0.get(field.key)?));
            Some(Setting { key: field.key.to_owned(), value })
        };
        element.fields.iter().filter_map(setting).collect()
    }

    /// The servers that the component calls, those that get secrets first. The sign-in pages are opened by browsers and
    /// the proxy by the host, so neither is among them.
    pub(super) fn destinations(&self, element: &Element, places: &[SecretPlace]) -> Vec<Destination> {
        let mut all = Vec::new();
        for field in element.fields {
            let (Kind::Base { purpose: Some(purpose), .. } | Kind::Servers { purpose }) = field.kind else { continue };
            let is_sent = |field: &Field| matches!(field.kind, Kind::Secret(Use::Sent(to)) if to == purpose);
            let is_there = |field: &&Field| is_sent(field) && places.iter().any(|place| place.key == field.key);
            let secrets = element.fields.iter().filter(is_there).map(|field| field.key.to_owned());
            let (secrets, purpose) = (secrets.collect::<Vec<_>>(), purpose.to_owned());
            all.extend(self.items(field.key).iter().filter_map(|server| {
                let (scheme, host, port) = endpoint(server)?;
                Some(Destination { scheme, host, port, purpose: purpose.clone(), secrets: secrets.clone() })
            }));
        }
        order::sort_by(&mut all, &|one, other| one.secrets.is_empty().cmp(&other.secrets.is_empty()));
        all
    }

    /// Where the vendor may send something: wherever all is there that reading it takes.
    pub(super) fn routes(&self, element: &Element) -> Vec<IncomingRoute> {
        let has_all = |route: &&Route| route.needs.iter().all(|key| self.0.contains_key(key));
        let show = |route: &Route| IncomingRoute {
            name: route.name.to_owned(),
            label: Text::from(route.label).line(self.locale()),
            headers: route.headers.iter().map(|&name| name.to_owned()).collect(),
        };
        element.routes.iter().filter(has_all).map(show).collect()
    }

    /// What is to be found at the root of the app's host.
    pub(super) fn files(&self, element: &Element) -> Vec<RootFile> {
        let file = |field: &Field| match self.0.get(field.key)? {
            FieldValue::File(file) => Some(file.clone()),
            _ => None,
        };
        element.fields.iter().filter_map(file).collect()
    }

    /// The proxy that the host is to use.
    pub(super) fn proxy(&self) -> Option<Proxy> {
        let (scheme, host, port) = endpoint(self.0.get(field::PROXY.key)?)?;
        let username = self.text(field::PROXY_USERNAME.key);
        let password = self.secret(field::PROXY_PASSWORD.key).map(|_| field::PROXY_PASSWORD.key.to_owned());
        Some(Proxy { scheme, host, port, username, password })
    }
}

/// Scheme, host and port of an address.
fn endpoint(value: &FieldValue) -> Option<(String, String, u16)> {
    let FieldValue::Url(url) = value else { return None };
    Some((url.scheme().to_owned(), url.host_str()?.to_owned(), url.port_or_known_default()?))
}

/// A value for people, without what could be a secret.
fn show(field: &Field, value: &FieldValue) -> String {
    match value {
        FieldValue::Secret(_) => MASK.to_owned(),
        FieldValue::Text(text) if !text.contains('.') && is_opaque(text) => MASK.to_owned(),
        FieldValue::Text(text) => text.clone(),
        FieldValue::Number(number) => number.to_string(),
        FieldValue::Url(url) => written(field.kind, url),
        FieldValue::File(file) => root_file::written(field.kind, file),
        FieldValue::List(items) => {
            let mut items = order::sorted(items.iter().map(|item| show(field, item)));
            items.dedup();
            items.join(",")
        }
    }
}
