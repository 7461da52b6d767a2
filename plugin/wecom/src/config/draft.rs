//! A configuration in the making: what could be understood of a document, sound or not.

use std::collections::BTreeSet;

use url::Url;

use super::{
    Callback, Config, HomepageState, Strategy, SyncConfig, address, choice, document, field, identifier,
    problem::Problems,
    reader::Reader,
    secret::{MASK, Secret},
};
use crate::{
    contract::{
        directory,
        element::{Destination, Proxy, SecretPlace, Setting},
    },
    directory::id::IdRule,
    kit::{self, config::Common},
    text::Locale,
};

/// What a document says. Nothing stands for a value that is absent without a default, or wrong.
pub(super) struct Draft {
    corp_id: Option<String>,
    agent_id: Option<u64>,
    secret: Option<Secret>,
    /// Where in the document secrets stand.
    secrets: Vec<SecretPlace>,
    redirect_uri: Option<Url>,
    trusted_domain: Option<String>,
    homepage_state: Option<HomepageState>,
    locale: Option<Locale>,
    strategy: Option<Strategy>,
    fields: Option<BTreeSet<String>>,
    download_hosts: Vec<Url>,
    callback: Option<Callback>,
    contact_callback: Option<Callback>,
    api_base: Option<Url>,
    login_base: Option<Url>,
    oauth_base: Option<Url>,
    proxy: Option<Url>,
    proxy_username: Option<String>,
    proxy_password: Option<Secret>,
}

/// Reads a document as far as that is possible, and finds everything that is wrong with it.
pub(super) fn read(document: &str) -> (Option<Draft>, Problems) {
    let mut problems = Problems::default();
    let (root, findings) = document::parse(document);
    for finding in findings {
        problems.add("", finding);
    }
    let Some(root) = root else { return (None, problems) };
    let mut reader = Reader::new(&root, problems);
    let draft = Draft::gather(&mut reader);
    (Some(draft), reader.problems)
}

impl Draft {
    fn gather(reader: &mut Reader<'_>) -> Self {
        let redirect_uri = address::redirect_uri(reader, &field::REDIRECT_URI);
        Self {
            corp_id: identifier::corp_id(reader, &field::CORP_ID),
            agent_id: identifier::agent_id(reader, &field::AGENT_ID),
            secret: identifier::secret(reader, &field::SECRET),
            secrets: secret_places(reader),
            trusted_domain: address::trusted_domain(reader, &field::TRUSTED_DOMAIN, redirect_uri.as_ref()),
            redirect_uri,
            homepage_state: choice::homepage_state(reader, &field::HOMEPAGE_STATE),
            locale: choice::locale(reader, &field::LOCALE),
            strategy: choice::strategy(reader, &field::SYNC_STRATEGY),
            fields: choice::member_fields(reader, &field::SYNC_FIELDS),
            download_hosts: address::servers(reader, &field::DOWNLOAD_HOSTS),
            callback: callback(reader),
            contact_callback: contact_callback(reader),
            api_base: address::base(reader, &field::API_BASE_URL, "cgi-bin"),
            login_base: address::base(reader, &field::LOGIN_BASE_URL, "wwlogin/sso/login"),
            oauth_base: address::base(reader, &field::OAUTH_BASE_URL, "connect/oauth2/authorize"),
            proxy: address::proxy(reader, &field::PROXY),
            proxy_username: identifier::proxy_username(reader, &field::PROXY_USERNAME),
            proxy_password: identifier::proxy_password(reader, &field::PROXY_PASSWORD),
        }
    }

    /// The language in which the administrator reads, as far as that is known.
    pub(super) fn locale(&self) -> Locale {
        self.locale.unwrap_or_default()
    }

    /// The configuration, when everything required was understood.
    pub(super) fn finish(self) -> Option<Config> {
        Some(Config {
            common: self.common()?,
            corp_id: self.corp_id?,
            agent_id: self.agent_id?,
            secret: self.secret?,
            redirect_uri: self.redirect_uri,
            api_base: self.api_base?,
            login_base: self.login_base?,
            oauth_base: self.oauth_base?,
            trusted_domain: self.trusted_domain,
            callback: self.callback,
            contact_callback: self.contact_callback,
            proxy: self.proxy,
            homepage_state: self.homepage_state?,
            locale: self.locale?,
            sync: SyncConfig { strategy: self.strategy?, fields: self.fields, download_hosts: self.download_hosts },
        })
    }

    fn common(&self) -> Option<Common> {
        Some(Common {
            organisation: self.corp_id.clone()?,
            application: self.agent_id?.to_string(),
            basis: format!("{} {}", self.agent_id?, self.api_base.as_ref()?),
            ids: IdRule::IgnoreCase,
            locale: self.locale?,
            redirect_uri: self.redirect_uri.clone(),
            trusted_domain: self.trusted_domain.clone(),
            homepage: match self.homepage_state? {
                HomepageState::Allow => kit::config::HomepageState::Allow,
                HomepageState::Refuse => kit::config::HomepageState::Refuse,
            },
            strategy: match self.strategy? {
                Strategy::Automatic => directory::Strategy::Automatic,
                Strategy::Walk => directory::Strategy::Walk,
                Strategy::Export => directory::Strategy::Export,
            },
            fields: self.fields.clone(),
        })
    }

    /// Every value that was understood, in the order of the table of fields. Secrets are masked.
    pub(super) fn summary(&self) -> Vec<Setting> {
        let url = |url: &Option<Url>| url.as_ref().map(Url::to_string);
        let base = |base: &Option<Url>| url(base).map(|base| base.trim_end_matches('/').to_owned());
        let mask = |is_there: bool| is_there.then(|| MASK.to_owned());
        let contact_secret = self.contact_callback.as_ref().and_then(|callback| callback.secret.as_ref());
        let value = |key: &str| match key {
            "corpId" => self.corp_id.clone(),
            "agentId" => self.agent_id.map(|id| id.to_string()),
            "secret" => mask(self.secret.is_some()),
            "redirectUri" => url(&self.redirect_uri),
            "trustedDomain" => self.trusted_domain.clone(),
            "homepageState" => self.homepage_state.map(|state| choice::homepage_state_name(state).to_owned()),
            "locale" => self.locale.and_then(choice::locale_name).map(str::to_owned),
            "sync.strategy" => self.strategy.map(|strategy| choice::strategy_name(strategy).to_owned()),
            "sync.fields" => self.fields.as_ref().map(|fields| fields.iter().cloned().collect::<Vec<_>>().join(",")),
            "sync.downloadHosts" => {
                let hosts: Vec<_> = self.download_hosts.iter().map(|url| url.origin().ascii_serialization()).collect();
                (!hosts.is_empty()).then(|| hosts.join(","))
            }
            "callback.token" | "callback.encodingAESKey" => mask(self.callback.is_some()),
            "contactCallback.secret" => mask(contact_secret.is_some()),
            "contactCallback.token" | "contactCallback.encodingAESKey" => mask(self.contact_callback.is_some()),
            "apiBaseUrl" => base(&self.api_base),
            "loginBaseUrl" => base(&self.login_base),
            "oauthBaseUrl" => base(&self.oauth_base),
            "proxy" => base(&self.proxy),
            "proxyUsername" => self.proxy_username.clone(),
            "proxyPassword" => mask(self.proxy_password.is_some()),
            _ => None,
        };
        let setting = |field: &&field::Field| Some(Setting { key: field.key.to_owned(), value: value(field.key)? });
        field::FIELDS.iter().filter_map(setting).collect()
    }

    /// The servers that the component calls. The sign-in pages are opened by browsers and the proxy by the host, so
    /// neither is among them.
    pub(super) fn destinations(&self) -> Vec<Destination> {
        let destination = |url: &Url, purpose: &str, secrets: &[&field::Field]| {
            let is_there = |field: &&&field::Field| self.secrets.iter().any(|place| place.key == field.key);
            Some(Destination {
                scheme: url.scheme().to_owned(),
                host: url.host_str()?.to_owned(),
                port: url.port_or_known_default()?,
                purpose: purpose.to_owned(),
                secrets: secrets.iter().filter(is_there).map(|field| field.key.to_owned()).collect(),
            })
        };
        let sent = [&field::SECRET, &field::CONTACT_SECRET];
        let api = self.api_base.iter().filter_map(|url| destination(url, "api", &sent));
        api.chain(self.download_hosts.iter().filter_map(|url| destination(url, "download", &[]))).collect()
    }

    /// The proxy that the host is to use.
    pub(super) fn proxy(&self) -> Option<Proxy> {
        let url = self.proxy.as_ref()?;
        Some(Proxy {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
            username: self.proxy_username.clone(),
            password: self.proxy_password.as_ref().map(|_| field::PROXY_PASSWORD.key.to_owned()),
        })
    }

    /// Every place of a secret.
    pub(super) fn secrets(&self) -> Vec<SecretPlace> {
        self.secrets.clone()
    }
}

/// Every place at which a secret field has a value, whatever kind of value it is.
fn secret_places(reader: &Reader<'_>) -> Vec<SecretPlace> {
    let secret = field::FIELDS.iter().filter(|field| field.secret);
    let place = |field: &field::Field, path| SecretPlace { key: field.key.to_owned(), path };
    secret.flat_map(|field| reader.paths(field).into_iter().map(|path| place(field, path))).collect()
}

fn callback(reader: &mut Reader<'_>) -> Option<Callback> {
    if !reader.has_group("callback") {
        return None;
    }
    reader.need(&field::CALLBACK_TOKEN);
    reader.need(&field::CALLBACK_KEY);
    let token = identifier::callback_token(reader, &field::CALLBACK_TOKEN);
    let key = identifier::callback_key(reader, &field::CALLBACK_KEY);
    Some(Callback { secret: None, token: token?, encoding_aes_key: key? })
}

fn contact_callback(reader: &mut Reader<'_>) -> Option<Callback> {
    if !reader.has_group("contactCallback") {
        return None;
    }
    reader.need(&field::CONTACT_TOKEN);
    reader.need(&field::CONTACT_KEY);
    let secret = identifier::secret(reader, &field::CONTACT_SECRET);
    let token = identifier::callback_token(reader, &field::CONTACT_TOKEN);
    let key = identifier::callback_key(reader, &field::CONTACT_KEY);
    Some(Callback { secret, token: token?, encoding_aes_key: key? })
}
