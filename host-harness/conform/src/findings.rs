//! What was found about each promise.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::promise::{ALL, Promise};

/// So much evidence is kept for one promise: the first is what people read.
const EVIDENCE: usize = 5;
/// So many characters of it.
const EVIDENCE_CHARS: usize = 600;

/// How an element stands to one promise.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The promise.
    pub promise: &'static Promise,
    /// How often it was looked at.
    pub looks: u64,
    /// What broke it, the first five times; empty for a promise that is kept.
    pub broken: Vec<String>,
    /// Why nobody looked, where there was no way to.
    pub skipped: Option<String>,
}

impl Finding {
    /// Whether nothing broke the promise, which says little where nobody looked.
    pub fn is_kept(&self) -> bool {
        self.broken.is_empty()
    }
}

/// Collects findings.
#[derive(Default)]
pub(super) struct Findings(Mutex<BTreeMap<&'static str, Entry>>);

#[derive(Default)]
struct Entry {
    looks: u64,
    broken: Vec<String>,
    skipped: Option<String>,
}

impl Findings {
    /// Looks at a promise: it is kept where `is_kept`, else broken by this evidence. Answers `is_kept`.
    pub(super) fn expect(&self, promise: &'static Promise, is_kept: bool, evidence: impl FnOnce() -> String) -> bool {
        let mut entries = self.entries();
        let entry = entries.entry(promise.name).or_default();
        entry.looks += 1;
        if !is_kept && entry.broken.len() < EVIDENCE {
            let text: String = evidence().chars().take(EVIDENCE_CHARS).collect();
            if !entry.broken.contains(&text) {
                entry.broken.push(text);
            }
        }
        is_kept
    }

    /// The promise is broken.
    pub(super) fn broken(&self, promise: &'static Promise, evidence: impl Into<String>) {
        self.expect(promise, false, || evidence.into());
    }

    /// There is no way to look at these promises.
    pub(super) fn skip(&self, promises: &[&'static Promise], why: impl Into<String>) {
        let why = why.into();
        let mut entries = self.entries();
        for promise in promises {
            entries.entry(promise.name).or_default().skipped.get_or_insert_with(|| why.clone());
        }
    }

    /// All promises, whether or not anybody looked.
    pub(super) fn all(&self) -> Vec<Finding> {
        let mut entries = std::mem::take(&mut *self.entries());
        let finding = |promise: &&'static Promise| {
            let Entry { looks, broken, skipped } = entries.remove(promise.name).unwrap_or_default();
            let reason = || skipped.unwrap_or_else(|| "nothing led there".to_owned());
            Finding { promise, looks, broken, skipped: (looks == 0).then(reason) }
        };
        ALL.iter().map(finding).collect()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<&'static str, Entry>> {
        // Nothing that happens under the lock leaves the map torn.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
