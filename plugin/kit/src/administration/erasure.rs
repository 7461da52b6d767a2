//! Erasing what is known of a member who left.

use super::trail::Trail;
use crate::{
    config::Common,
    directory::{erasure, forgetting, member::is_id, read::no_member, record::MemberRecord},
    failure::Failure,
    names::Named,
    platform::Auditor,
};

/// See `erase-member` in `wit/administration.wit`.
pub fn erase_member(platform: &dyn Auditor, common: &Common, id: &str, actor: &str) -> Result<(), Failure> {
    let mut trail = Trail::begin(platform, "administration.erase-member", actor)?;
    if !is_id(id) {
        return Err(no_member(id));
    }
    forgetting::finish(platform, common)?;
    erasure::erase(platform, common, id, &mut |stored: Option<&MemberRecord>| {
        // The trail outlives the member: it says who was erased, and nothing of what was.
        let before = stored.map(|stored| stored.presence.name());
        let id = stored.map_or(id, |stored| stored.member.id.as_str());
        trail.write(vec![trail.entry(Some(id), before.as_ref(), None::<&str>.as_ref())])
    })
}
