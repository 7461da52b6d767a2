//! What the platform adds to members. Stored apart from them, so that no sync can touch it.

use super::{key, record::Overlay};
use crate::{failure::Failure, platform::Platform, store};

/// The overlays of these members, in order.
pub fn read_many<P: Platform>(platform: &P, ids: &[&str]) -> Result<Vec<Option<Overlay>>, Failure> {
    let keys: Vec<String> = ids.iter().map(|id| key::overlay(id)).collect();
    store::get_many(platform, &keys)?
        .into_iter()
        .map(|entry| Ok(entry.map(|entry| store::parse(&entry)).transpose()?.map(|stored| stored.value)))
        .collect()
}

/// The overlay of one member.
pub fn read<P: Platform>(platform: &P, id: &str) -> Result<Option<Overlay>, Failure> {
    Ok(store::get(platform, &key::overlay(id))?.map(|stored| stored.value))
}
