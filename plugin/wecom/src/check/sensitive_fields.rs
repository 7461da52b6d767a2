//! What no API tells and only a sync shows: whether sensitive fields come along.

use serde::Deserialize;

use super::console;
use organisation_kit::{contract::storage::Entry, verdict::Checked};

/// What was seen the last time.
#[derive(Deserialize)]
struct Observation {
    seen: bool,
    /// Milliseconds since 1970.
    at: u64,
    /// Of whom; absent in notes of earlier versions, which speak of the copy's organisation.
    organisation: Option<String>,
}

/// Whether the last sync saw a sensitive field. For apps made after June 2022 the contact API sends none of them
///; a member can consent at sign-in. `copy_of` is the organisation of the local copy.
pub(super) fn judge(entry: Option<&Entry>, corp_id: &str, copy_of: Option<&str>) -> Checked {
    let Some(entry) = entry else { return not_observed() };
    let Ok(Observation { seen, at, organisation }) = serde_json::from_str(&entry.value) else {
        // Only a note was lost, so the check goes on.
        let zh = "上次的观察记录已损坏，将在下次同步时更新";
        return Checked::skipped("unreadable", (zh, "the note of the last time is damaged; the next sync replaces it"));
    };
    if !organisation.as_deref().or(copy_of).is_some_and(|observed| observed.eq_ignore_ascii_case(corp_id)) {
        return not_observed();
    }
    if seen {
        return Checked::ok(
            "observed",
            ("上次同步读到了手机、邮箱等敏感字段", "the last sync read sensitive fields such as mobile or e-mail"),
        )
        .fact("observed-at", at);
    }
    Checked::warning(
        "withheld",
        ("上次同步没有读到手机、邮箱等敏感字段", "the last sync read no sensitive field such as mobile or e-mail"),
    )
    .hint(
        "2022 年 6 月之后创建的应用无法通过通讯录接口读取；可让成员通过需确认的工作台登录授权",
        "apps made after June 2022 cannot read them from the contacts: members can consent to them at the \
         workspace-consent entry",
    )
    .page(console::APPS)
    .fact("observed-at", at)
}

fn not_observed() -> Checked {
    Checked::skipped(
        "not-observed",
        ("接口无法查询敏感字段权限，完成一次同步后可知", "no API tells; known after the first sync"),
    )
}
