//! States of the organisation to go back to: the one at the start, and those that were kept by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::behaviour::Behaviour;
use crate::corp::Corp;

/// So many snapshots are kept at a time.
const MOST: usize = 20;
const LONGEST_NAME: usize = 64;

/// Why a snapshot is not taken or not found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The name is empty or too long.
    #[error("the name {0:?} is not 1 to 64 characters")]
    Name(String),
    /// There is no room for another one.
    #[error("there are 20 snapshots already; remove one, or use the name of one")]
    TooMany,
    /// No snapshot has this name.
    #[error("there is no snapshot {0:?}")]
    Unknown(String),
}

/// The organisation at other times. A copy shares what did not change since.
#[derive(Debug)]
pub(crate) struct Snapshots {
    start: Arc<Corp>,
    behaviour: Behaviour,
    kept: BTreeMap<String, Arc<Corp>>,
}

impl Snapshots {
    pub(crate) fn new(start: Arc<Corp>, behaviour: Behaviour) -> Self {
        Self { start, behaviour, kept: BTreeMap::new() }
    }

    pub(crate) fn start(&self) -> &Arc<Corp> {
        &self.start
    }

    pub(crate) fn behaviour(&self) -> &Behaviour {
        &self.behaviour
    }

    /// Keeps a state under a name, in place of an earlier one of the same name.
    pub(crate) fn keep(&mut self, name: &str, corp: Arc<Corp>) -> Result<(), SnapshotError> {
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(SnapshotError::Name(name.to_owned()));
        }
        if self.kept.len() >= MOST && !self.kept.contains_key(name) {
            return Err(SnapshotError::TooMany);
        }
        self.kept.insert(name.to_owned(), corp);
        Ok(())
    }

    pub(crate) fn find(&self, name: &str) -> Result<Arc<Corp>, SnapshotError> {
        self.kept.get(name).cloned().ok_or_else(|| SnapshotError::Unknown(name.to_owned()))
    }

    pub(crate) fn remove(&mut self, name: &str) -> Result<(), SnapshotError> {
        self.kept.remove(name).map(drop).ok_or_else(|| SnapshotError::Unknown(name.to_owned()))
    }

    /// Names and numbers of members.
    pub(crate) fn list(&self) -> impl Iterator<Item = (&str, usize)> {
        self.kept.iter().map(|(name, corp)| (name.as_str(), corp.member_count()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_have_names_and_an_end() {
        let corp = Arc::new(Corp::new("ww1", "甲"));
        let mut snapshots = Snapshots::new(corp.clone(), Behaviour::default());
        for number in 0..MOST {
            snapshots.keep(&number.to_string(), corp.clone()).unwrap();
        }
        for (name, expected) in
            [("", Err(SnapshotError::Name(String::new()))), ("another", Err(SnapshotError::TooMany)), ("0", Ok(()))]
        {
            assert_eq!(snapshots.keep(name, corp.clone()), expected, "{name:?}");
        }
        let long = "x".repeat(LONGEST_NAME + 1);
        assert_eq!(snapshots.keep(&long, corp), Err(SnapshotError::Name(long.clone())));
        snapshots.remove("0").unwrap();
        assert_eq!(snapshots.remove("0"), Err(SnapshotError::Unknown("0".to_owned())));
        assert_eq!(snapshots.list().count(), MOST - 1);
    }
}
