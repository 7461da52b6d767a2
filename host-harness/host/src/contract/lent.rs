//! Interfaces that a host lends beside the contract, in the judgement of a component.

use super::world::{WorldProblem, WorldReport, compatible, split};

impl WorldReport {
    /// What of the component's imports is one of these interfaces, which are no part of the contract.
    pub(crate) fn imports_of(&self, further: &[String]) -> Vec<String> {
        self.imports.iter().filter(|name| is_lent(further, name)).cloned().collect()
    }

    /// Takes back what stands against interfaces that this host lends beside the contract. A judgement is kept without them,
    /// since hosts differ in them.
    pub(crate) fn admit(&mut self, further: &[String]) {
        if further.is_empty() {
            return;
        }
        self.problems.retain_mut(|problem| {
            let WorldProblem::ForeignImport { found, allowed } = problem else { return true };
            found.retain(|name| !is_lent(further, name));
            allowed.push_str(&format!(", and of this host's own {}", further.join(", ")));
            !found.is_empty()
        });
    }
}

/// Whether an import is one of these interfaces, in a version that serves it.
fn is_lent(further: &[String], import: &str) -> bool {
    let (name, version) = split(import);
    further.iter().map(|lent| split(lent)).any(|(lent, own)| lent == name && compatible(own, version))
}
