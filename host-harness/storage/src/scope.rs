//! Whose keys: the pair of tenant and element that every call to a store names.
//!
//! The host makes the scope from what it knows about the call, never from anything a component says. Backends keep
//! tenant, element and key apart (columns, map levels, length-prefixed parts), never joined by a separator, so no
//! spelling of one can reach into another.

use std::sync::Arc;

use super::StorageError;

/// Names of tenants that begin so are the host's own: no element of a tenant can have them.
pub const RESERVED: char = '(';

/// The tenant whose namespaces are the host's own.
const HOST: &str = "(host)";

/// What stands before the name of an element in those of its audit trail and of its events: no element can be called
/// so.
const AUDIT: &str = "(audit)";
const EVENTS: &str = "(events)";

/// The largest name of a tenant or element, in bytes.
pub const NAME_BYTES: usize = 128;

/// One tenant's one element: the namespace in which a component's keys live. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    tenant: Arc<str>,
    element: Arc<str>,
}

impl Scope {
    /// Checks both names: 1 to [`NAME_BYTES`] bytes of text without control characters. Names are compared byte by byte
    /// (`Acme` and `acme` are two tenants).
    pub fn new(tenant: &str, element: &str) -> Result<Self, StorageError> {
        check("tenant", tenant)?;
        check("element", element)?;
        Ok(Self { tenant: tenant.into(), element: element.into() })
    }

    /// A namespace in which the host itself keeps what all hosts of a store share. It lies beside the tenants: no
    /// declaration and no element of a tenant can name it.
    ///
    /// # Errors
    /// The name of the namespace is none, as in [`Scope::new`].
    pub fn of_host(namespace: &str) -> Result<Self, StorageError> {
        Self::new(HOST, namespace)
    }

    /// The namespace of the audit trail of this element.
    ///
    /// # Errors
    /// The name of the element leaves no room for it.
    pub fn audit(&self) -> Result<Self, StorageError> {
        Self::new(&self.tenant, &format!("{AUDIT}{}", self.element))
    }

    /// The namespace of what the vendor told this element.
    ///
    /// # Errors
    /// The name of the element leaves no room for it.
    pub fn events(&self) -> Result<Self, StorageError> {
        Self::new(&self.tenant, &format!("{EVENTS}{}", self.element))
    }

    /// The name of the tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The name of the element.
    pub fn element(&self) -> &str {
        &self.element
    }
}

/// Checks the name of a tenant.
pub fn check_tenant(name: &str) -> Result<(), StorageError> {
    check("tenant", name)
}

/// Refuses the tenants whose names begin so: they are the host's own, and hold what all tenants depend on.
pub(super) fn check_is_no_host(name: &str) -> Result<(), StorageError> {
    if name.starts_with(RESERVED) {
        return Err(StorageError::Invalid(format!(
            "tenant name {name:?} begins with {RESERVED:?}, which is kept for the host itself"
        )));
    }
    Ok(())
}

fn check(what: &str, name: &str) -> Result<(), StorageError> {
    if name.is_empty() || name.len() > NAME_BYTES {
        let found = name.len();
        return Err(StorageError::Invalid(format!("{what} name has {found} bytes, expected 1 to {NAME_BYTES}")));
    }
    if name.chars().any(char::is_control) {
        return Err(StorageError::Invalid(format!("{what} name has a control character, expected plain text")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_of_the_host_are_no_tenants() {
        let namespace = Scope::of_host("syncs").unwrap();
        assert!(check_is_no_host(namespace.tenant()).is_err());
        assert_eq!(namespace.element(), "syncs");
        assert!(Scope::of_host("").is_err());
    }

    #[test]
    fn names_are_checked() {
        let longest = "n".repeat(NAME_BYTES);
        let too_long = "n".repeat(NAME_BYTES + 1);
        for (tenant, element, valid) in [
            ("acme", "wecom", true),
            ("企业", "组织", true),
            ("a/b:c%_'\"", "..", true),
            (&*longest, "e", true),
            ("", "e", false),
            ("t", "", false),
            (&*too_long, "e", false),
            ("t\0", "e", false),
            ("t", "e\n", false),
        ] {
            assert_eq!(Scope::new(tenant, element).is_ok(), valid, "{tenant:?} {element:?}");
        }
    }
}
