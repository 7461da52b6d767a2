//! Addresses: scheme, port and what is known of the path stay.

use super::Pseudonyms;

impl Pseudonyms {
    /// What stands behind `https://`.
    pub(super) fn address(&mut self, rest: &str) -> String {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, Some(port)),
            _ => (host, None),
        };
        let mut replaced = self.host(host);
        if let Some(port) = port {
            replaced.push(':');
            replaced.push_str(port);
        }
        let (path, fragment) = path.split_once('#').map_or((path, None), |(path, fragment)| (path, Some(fragment)));
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        replaced.push_str(&self.path(path));
        if let Some(query) = query {
            let pairs: Vec<String> = query.split('&').map(|pair| self.parameter(pair)).collect();
            replaced.push('?');
            replaced.push_str(&pairs.join("&"));
        }
        if let Some(fragment) = fragment {
            replaced.push('#');
            replaced.push_str(&self.part(fragment));
        }
        replaced
    }

    pub(super) fn parameter(&mut self, pair: &str) -> String {
        let Some((name, value)) = pair.split_once('=') else { return self.part(pair) };
        let plain = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        let replaced = self.text(name, &plain);
        format!("{name}={}", percent_encoding::utf8_percent_encode(&replaced, percent_encoding::NON_ALPHANUMERIC))
    }

    /// Label by label, so that what is below a domain stays below it.
    pub(super) fn host(&mut self, host: &str) -> String {
        let is_here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
        // What the component reaches by itself is no secret of a company.
        if is_here || self.vocabulary.has_host(host) {
            return host.to_owned();
        }
        if host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[') {
            return self.atom(host);
        }
        let mut labels: Vec<&str> = host.split('.').collect();
        let top = labels.pop().filter(|_| !labels.is_empty());
        let mut replaced: Vec<String> = labels.into_iter().map(|label| self.atom(label)).collect();
        replaced.push(if top.is_some() { "example".to_owned() } else { self.atom(host) });
        replaced.join(".").to_lowercase()
    }

    /// A path of an address: part by part.
    pub(super) fn path(&mut self, path: &str) -> String {
        let parts: Vec<String> = path.split('/').map(|part| self.part(part)).collect();
        parts.join("/")
    }

    pub(super) fn part(&mut self, part: &str) -> String {
        if let Some(known) = self.lookup(part) {
            return known;
        }
        let is_small = part.len() < 7 && part.bytes().all(|b| b.is_ascii_digit());
        if part.len() <= 1 || is_small || self.vocabulary.has(part) || self.vocabulary.is_of_component(part) {
            return part.to_owned();
        }
        self.atom(part)
    }
}
