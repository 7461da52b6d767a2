//! What a host has seen of declarations, to know which tenants are declared anew: decisions only.

use std::{collections::HashMap, sync::Arc};

use organisation_host::Digest;

/// The tenants that were declared when the host last looked.
#[derive(Debug, Default)]
pub(super) struct Declared(HashMap<Arc<str>, Seen>);

#[derive(Debug)]
struct Seen {
    made_of: Digest,
    /// Whether a lease of the tenant as it was before may still stand in the store.
    is_new: bool,
}

impl Declared {
    /// Takes in who is declared now, and what each is made of. What was not seen like that before is new.
    pub(super) fn look(&mut self, now: impl IntoIterator<Item = (Arc<str>, Digest)>) {
        let mut before = std::mem::take(&mut self.0);
        self.0.extend(now.into_iter().map(|(tenant, made_of)| {
            let same = before.remove(&tenant).filter(|seen| seen.made_of == made_of);
            (tenant, same.unwrap_or(Seen { made_of, is_new: true }))
        }));
    }

    /// Those that are new, and what they are made of.
    pub(super) fn new_ones(&self) -> Vec<(Arc<str>, Digest)> {
        let new = self.0.iter().filter(|(_, seen)| seen.is_new);
        new.map(|(tenant, seen)| (Arc::clone(tenant), seen.made_of)).collect()
    }

    /// No lease of the former tenant is left, or none that concerns this host: it is not new any more.
    pub(super) fn settle(&mut self, tenant: &str) {
        if let Some(seen) = self.0.get_mut(tenant) {
            seen.is_new = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_like_that_is_new_until_it_is_settled() {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let mut declared = Declared::default();
        let mut new = |now: &[(&str, &str)], settled: &[&str]| {
            declared.look(now.iter().map(|(tenant, made_of)| (Arc::from(*tenant), digest(made_of))));
            let mut new: Vec<(String, Digest)> =
                declared.new_ones().into_iter().map(|(tenant, made_of)| (tenant.to_string(), made_of)).collect();
            new.sort();
            settled.iter().for_each(|tenant| declared.settle(tenant));
            new
        };
        let expected = |tenant: &str, made_of: &str| (tenant.to_owned(), digest(made_of));
        assert_eq!(new(&[("a", "1"), ("b", "1")], &["a"]), [expected("a", "1"), expected("b", "1")], "at the start");
        assert_eq!(new(&[("a", "1"), ("b", "1")], &["b"]), [expected("b", "1")], "it was not settled");
        assert_eq!(new(&[("a", "2"), ("b", "1")], &["a"]), [expected("a", "2")], "it changed");
        assert_eq!(new(&[("a", "2")], &["nobody"]), [], "one is gone");
        assert_eq!(new(&[("a", "2"), ("b", "1")], &[]), [expected("b", "1")], "and is back");
        assert_eq!(new(&[("a", "2"), ("b", "2")], &[]), [expected("b", "2")], "it changed again before it was settled");
    }
}
