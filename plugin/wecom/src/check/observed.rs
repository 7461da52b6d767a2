//! What no API tells and only use shows: whether sensitive fields come along, whether callbacks arrive.

use serde::Deserialize;

use crate::{
    config::Config,
    contract::storage::Entry,
    verdict::{Finding, Page},
};

/// Where the receiver of callbacks leaves an [`Observation`].
pub(crate) const CALLBACK: &str = "observed/callback";

/// What was seen the last time.
#[derive(Deserialize)]
struct Observation {
    seen: bool,
    /// Milliseconds since 1970.
    at: u64,
}

/// Whether the last sync met a sensitive field. For apps made after June 2022 the contact API sends none of them
/// (fact sheet §4.6); a member can consent at sign-in.
pub(crate) fn sensitive_fields(entry: Option<&Entry>) -> Finding {
    match entry.map(observation) {
        None => Finding::skipped(
            "not-observed",
            ("接口无法查询敏感字段权限，完成一次同步后可知", "no API tells; known after the first sync"),
        ),
        Some(None) => damaged(),
        Some(Some(Observation { seen: true, at })) => Finding::ok(
            "observed",
            ("上次同步读到了手机、邮箱等敏感字段", "the last sync read sensitive fields such as mobile or e-mail"),
        )
        .fact("observed-at", at),
        Some(Some(Observation { seen: false, at })) => Finding::warning(
            "withheld",
            ("上次同步没有读到手机、邮箱等敏感字段", "the last sync read no sensitive field such as mobile or e-mail"),
        )
        .hint(
            "2022 年 6 月之后创建的应用无法通过通讯录接口读取；可让成员通过需确认的工作台登录授权",
            "apps made after June 2022 cannot read them from the contacts: members can consent to them at the \
             workspace-consent entry",
        )
        .page(Page::Apps)
        .fact("observed-at", at),
    }
}

/// Whether callbacks have arrived.
pub(crate) fn callback(config: &Config, entry: Option<&Entry>) -> Finding {
    if config.callback.is_none() && config.contact_callback.is_none() {
        return Finding::skipped("not-configured", ("未配置回调", "no callback is configured"));
    }
    match entry.map(observation) {
        Some(None) => damaged(),
        Some(Some(Observation { seen: true, at })) => {
            Finding::ok("observed", ("已收到企业微信的回调", "WeCom has called back")).fact("observed-at", at)
        }
        Some(Some(Observation { seen: false, .. })) | None => Finding::skipped(
            "not-observed",
            ("接口无法查询回调状态，尚未收到回调", "no API tells, and no callback has arrived yet"),
        )
        .hint(
            "请在应用页面的 接收消息 → 设置API接收 中保存一次配置以触发校验",
            "save the app's Receive Messages → API Reception once: that makes WeCom call",
        )
        .page(Page::Apps),
    }
}

fn observation(entry: &Entry) -> Option<Observation> {
    serde_json::from_str(&entry.value).ok()
}

/// Only a note was lost, so the check goes on.
fn damaged() -> Finding {
    Finding::skipped(
        "unreadable",
        (
            "上次的观察记录已损坏，将在下次同步或回调时更新",
            "the note of the last time is damaged; the next sync or callback replaces it",
        ),
    )
}
