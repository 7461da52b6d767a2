//! Who administers the app.

use super::{member, trail::Trail};
use crate::{
    config::Common,
    directory::{administrators as stored, forgetting, head, key, refresh},
    failure::Failure,
    platform::{Auditor, Platform},
    store,
};

/// Administrators at most.
const MOST: usize = 100;

/// See `administrators` in `wit/administration.wit`.
pub fn administrators(platform: &dyn Platform, common: &Common) -> Result<Vec<String>, Failure> {
    match head::is_platform_forgotten(platform, common)? {
        true => Ok(Vec::new()),
        false => stored::read(platform),
    }
}

/// See `set-administrators` in `wit/administration.wit`.
pub fn set_administrators(platform: &dyn Auditor, common: &Common, ids: &[String], actor: &str) -> Result<(), Failure> {
    if ids.len() > MOST {
        let found = ids.len();
        return Err(invalid_argument! { "ids":
        "最多 {MOST} 名管理员，收到 {found} 名", "there are at most {MOST} administrators, not {found}" });
    }
    let mut trail = Trail::begin(platform, "administration.set-administrators", actor)?;
    forgetting::finish(platform, common)?;
    // Through the head like every change of the copy: a sync that is about to remove somebody finds out.
    refresh::write(platform, common, &mut |batch| {
        let mut after: Vec<String> = Vec::with_capacity(ids.len());
        for id in ids {
            let id = member(platform, common.ids, id)?.member.id;
            if !after.contains(&id) {
                after.push(id);
            }
        }
        let before = stored::read(platform)?;
        if before == after {
            return Ok(false);
        }
        trail.write(vec![trail.entry(None, Some(&before), Some(&after))])?;
        batch.push(store::put(key::ADMINISTRATORS, &after));
        Ok(true)
    })
}
