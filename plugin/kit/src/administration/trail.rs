//! Writing decisions down before they are carried out.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{
    contract::audit,
    failure::{Cause, Failure},
    platform::Auditor,
    store,
};

/// Entries that are written down together at most; see `append` in `wit/audit.wit`.
pub(super) const ENTRIES: usize = 500;
/// Bytes of the name of who decides.
const ACTOR_BYTES: usize = 128;

/// What one call of the component decides, in whose name.
pub(super) struct Trail<'a> {
    platform: &'a dyn Auditor,
    actor: &'a str,
    action: &'static str,
    /// A decision that is made anew, after another writer came between, is written down once more only where it is another.
    written: BTreeSet<audit::Entry>,
}

impl<'a> Trail<'a> {
    /// Nothing is decided yet.
    ///
    /// # Errors
    /// Where nobody is named.
    pub(super) fn begin(platform: &'a dyn Auditor, action: &'static str, actor: &'a str) -> Result<Self, Failure> {
        if actor.is_empty() || actor.len() > ACTOR_BYTES {
            return Err(invalid_argument! { "actor":
            "操作者须为 1 至 128 字节", "who decides is named in 1 to 128 bytes" });
        }
        Ok(Self { platform, actor, action, written: BTreeSet::new() })
    }

    /// How something about a subject stands and is to stand; without a subject it is about all of the element.
    pub(super) fn entry(
        &self,
        subject: Option<&str>,
        before: Option<&impl Serialize>,
        after: Option<&impl Serialize>,
    ) -> audit::Entry {
        audit::Entry {
            actor: self.actor.to_owned(),
            action: self.action.to_owned(),
            subject: subject.map(str::to_owned),
            before: before.map(store::to_json),
            after: after.map(store::to_json),
        }
    }

    /// Writes entries down that are not yet.
    ///
    /// # Errors
    /// Where that fails: then nothing may be carried out.
    pub(super) fn write(&mut self, entries: Vec<audit::Entry>) -> Result<(), Failure> {
        let new: Vec<audit::Entry> = entries.into_iter().filter(|entry| !self.written.contains(entry)).collect();
        if new.is_empty() {
            return Ok(());
        }
        self.platform.append_audit(&new).map_err(refused)?;
        self.written.extend(new);
        Ok(())
    }
}

fn refused(failure: audit::Failure) -> Failure {
    let failure = match failure {
        audit::Failure::Unavailable => failure! { Unavailable:
        "审计记录无法写入，未做任何更改", "the audit trail takes no entry, so nothing was changed";
        "审计记录暂时不可用或已满：请稍后重试，或联系平台运维",
        "the audit trail is unavailable or full: try again later, or ask the operator of the platform" },
        audit::Failure::Invalid(message) => failure! { Other("audit-misuse".to_owned()):
        "审计记录被拒绝：{message}", "the audit trail refused an entry: {message}" },
        audit::Failure::Other(message) => failure! { Other("audit".to_owned()):
        "审计记录出错：{message}", "the audit trail failed: {message}" },
    };
    failure.with_cause(Cause::Storage)
}
