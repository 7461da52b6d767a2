//! What was asked of the platform, counted.

use std::{cell::RefCell, collections::BTreeMap};

use crate::{Adapter, generated::exports::lowcode::trial::tally::Guest};

thread_local! {
    static COUNTED: RefCell<BTreeMap<&'static str, u64>> = const { RefCell::new(BTreeMap::new()) };
}

/// Adds to what is counted under this name.
pub(crate) fn add(name: &'static str, count: usize) {
    COUNTED.with_borrow_mut(|counted| *counted.entry(name).or_default() += count as u64);
}

/// What was counted under this name.
pub(crate) fn of(name: &'static str) -> u64 {
    COUNTED.with_borrow(|counted| counted.get(name).copied().unwrap_or_default())
}

impl Guest for Adapter {
    fn read() -> Vec<(String, u64)> {
        COUNTED.with_borrow(|counted| counted.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect())
    }
}
