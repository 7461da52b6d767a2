//! One pure function for each aspect of `check-connection`: answers in, finding out.


use crate::verdict::Finding;

/// For an aspect that an earlier failure hides.
pub(crate) fn hidden() -> Finding {
    Finding::skipped(
        "not-looked-at",
        ("前一项未通过，暂无法检查", "could not be looked at, since an earlier aspect failed"),
    )
}
