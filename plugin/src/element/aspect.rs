//! One pure function for each aspect of `check-connection`: answers in, finding out.

pub(super) mod app;
pub(super) mod credentials;
pub(super) mod observed;
pub(super) mod trusted_domain;
pub(super) mod visible_range;

use super::verdict::Finding;

/// For an aspect that an earlier failure hides.
pub(super) fn hidden() -> Finding {
    Finding::skipped(
        "not-looked-at",
        ("前一项未通过，暂无法检查", "could not be looked at, since an earlier aspect failed"),
    )
}
