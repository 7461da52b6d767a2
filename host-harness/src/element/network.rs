//! What an element may reach, as its configuration asks and its operator allows.
//!
//! `validate-config` names the destinations. It is pure and called without any import, so it gets the whole
//! configuration; what the other functions see is the same document with those secrets replaced that are only ever sent
//! to a destination.

use std::sync::Arc;

use url::Url;

use super::secret::{Substitution, substitute};
use crate::{
    contract::element::{Description, Destination, Validation},
    egress::{self, AllowList, OperatorList, Policy},
    settings::Document,
    storage::Scope,
};

/// What calls of an element work with.
pub(super) struct Network {
    pub(super) policy: Arc<Policy>,
    /// The configuration as the component sees it.
    pub(super) settings: Arc<str>,
    pub(super) secrets: Option<Arc<Substitution>>,
}

/// A destination that cannot be one.
pub(super) struct Unusable {
    pub(super) destination: String,
    pub(super) reason: String,
}

impl Network {
    pub(super) fn new(
        scope: &Scope,
        document: &Document,
        description: &Description,
        validation: &Validation,
        operator: &OperatorList,
    ) -> Result<Self, Unusable> {
        let needed: Vec<(egress::Destination, &Destination)> = validation
            .destinations
            .iter()
            .map(|destination| read(destination).map(|read| (read, destination)))
            .collect::<Result<_, _>>()?;
        let list: AllowList = needed.iter().map(|(destination, _)| destination.clone().into()).collect();
        let policy = Arc::new(Policy::new(scope.tenant(), list, operator.clone()));
        let (settings, secrets) = substitute(scope, document, description, &needed);
        Ok(Self { policy, settings, secrets: secrets.map(Arc::new) })
    }
}

fn read(destination: &Destination) -> Result<egress::Destination, Unusable> {
    let Destination { scheme, host, port, .. } = destination;
    let text = format!("{scheme}://{host}:{port}");
    let unusable = |reason: String| Unusable { destination: text.clone(), reason };
    let url = Url::parse(&text).map_err(|error| unusable(error.to_string()))?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(unusable("it holds more than scheme, host and port".to_owned()));
    }
    egress::Destination::of(&url).map_err(|error| unusable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_read_strictly() {
        for (scheme, host, port, read_as) in [
            ("https", "API.example", 443, Ok("https://api.example:443")),
            ("http", "127.0.0.1", 8080, Ok("http://127.0.0.1:8080")),
            ("https", "[::1]", 443, Ok("https://[::1]:443")),
            ("ftp", "a.example", 21, Err("neither http nor https")),
            ("https", "a.example/path", 443, Err("more than")),
            ("https", "me@a.example", 443, Err("more than")),
            ("https", "", 443, Err("empty host")),
            ("https", "a.example", 0, Err("port 0")),
        ] {
            let destination = Destination {
                scheme: scheme.to_owned(),
                host: host.to_owned(),
                port,
                purpose: String::new(),
                secrets: Vec::new(),
            };
            match (read(&destination), read_as) {
                (Ok(found), Ok(expected)) => assert_eq!(found.to_string(), expected),
                (Err(found), Err(expected)) => assert!(found.reason.contains(expected), "{}", found.reason),
                (found, expected) => panic!("{scheme} {host} {port}: {:?} {expected:?}", found.map_err(|e| e.reason)),
            }
        }
    }
}
