//! Members whom an administrator has declared as resigned. Their mark outlives every sync, and the copy itself: whoever
//! carries it stays resigned, whatever the vendor shows.

use serde::{Deserialize, Serialize};

use super::{id::IdRule, key, member_status::Decision};
use crate::{
    contract::directory::{ChangeKind, MemberStatus},
    failure::Failure,
    platform::Platform,
    store,
};

/// The mark of a retired member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retired {
    /// Unix milliseconds.
    pub(crate) at: u64,
}

/// What a writer, or a run that compares, knows of the marks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    /// Whether there is any; nothing while nobody has looked.
    any: Option<bool>,
}

impl Marks {
    /// What a decision about a member comes to. A mark is looked for only where the member would come back or in: there it
    /// keeps things as they are.
    pub(crate) fn judge(
        &mut self,
        platform: &dyn Platform,
        ids: IdRule,
        id: &str,
        stored: Option<MemberStatus>,
        decision: Decision,
    ) -> Result<Decision, Failure> {
        let kept = match (decision, stored) {
            (Decision::Change(ChangeKind::MemberAdded), _) => Decision::Ignore,
            (Decision::Change(ChangeKind::MemberRejoined), Some(MemberStatus::Resigned)) => Decision::Unchanged,
            _ => return Ok(decision),
        };
        let any = match self.any {
            Some(any) => any,
            None => *self.any.insert(!platform.scan_keys(key::RETIRED, None, 1)?.keys.is_empty()),
        };
        Ok(if any && is_retired(platform, ids, id)? { kept } else { decision })
    }
}

/// Whether a member carries the mark.
pub(crate) fn is_retired(platform: &dyn Platform, ids: IdRule, id: &str) -> Result<bool, Failure> {
    Ok(store::get_text(platform, &key::retired(ids, id))?.is_some())
}
