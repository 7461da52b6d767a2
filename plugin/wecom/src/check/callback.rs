//! Whether callbacks arrive.

use organisation_kit::verdict::Finding;

/// Nothing of this version answers a callback. To have the console save an address for them would fail, so no step is
/// advised.
pub(super) fn judge() -> Finding {
    Finding::skipped(
        "not-supported",
        ("当前版本不接收企业微信的回调，无需检查", "this version receives no callbacks of WeCom: nothing to check"),
    )
}
