//! What a person reads when a sign-in does not work: what it means for them and how it goes on. What engineers need of
//! it goes to the log.

use crate::{
    contract::{log::Level, types::Reason},
    failure::Failure,
    locale::Text,
    platform::Platform,
};

/// A failure of the vendor or of storage. Reason, numbers and, where somebody has to mend something, the next step stay.
/// `may_retry` tells whether code and state are good for another attempt.
pub(super) fn plain(platform: &dyn Platform, mut failure: Failure, may_retry: bool) -> Failure {
    let level = if failure.reason == Reason::LoginRejected { Level::Info } else { Level::Warn };
    let hint = failure.hint.as_ref().map(|hint| hint.en.as_str()).unwrap_or_default();
    let request = failure.request_id.as_deref().unwrap_or_default();
    let fields = [("error", failure.message.en.as_str()), ("hint", hint), ("request-id", request)];
    platform.log(level, "a sign-in did not work", &fields);

    let message = match failure.reason {
        Reason::LoginRejected => Text::new("登录未被接受", "the sign-in was not accepted"),
        Reason::RateLimited => Text::new("当前登录请求过多", "there are too many sign-ins for now"),
        Reason::Unavailable => Text::new("登录服务暂时没有响应", "the sign-in service does not answer for now"),
        Reason::UnexpectedAnswer => Text::new("未能得知登录者的身份", "nobody said who signs in"),
        _ => Text::new("登录未能完成", "the sign-in could not be completed"),
    };
    let hint = match failure.reason {
        Reason::RateLimited | Reason::Unavailable if may_retry => reload(),
        Reason::RateLimited | Reason::Unavailable => again(),
        // What an administrator can do about it is told by `check-connection`.
        Reason::UnexpectedAnswer => text! { "请重新登录；若反复出现，请联系管理员",
        "sign in again, and tell the administrator if it keeps happening" },
        _ => failure.hint.take().unwrap_or_else(again),
    };
    failure.message = message;
    failure.retry_after_ms = failure.retry_after_ms.filter(|_| may_retry);
    failure.with_hint(hint)
}

/// A sign-in that has to start again.
pub(super) fn rejected(zh: &str, en: &str) -> Failure {
    Failure::new(Reason::LoginRejected, (zh, en)).with_hint(again())
}

/// The constant state of a home page where that is not accepted.
pub(super) fn homepage_refused() -> Failure {
    failure! { LoginRejected:
    "不接受应用主页的固定登录链接", "the fixed sign-in link of a home page is not accepted here";
    "请重新登录；管理员可将应用主页改为普通地址，或修改 homepageState",
    "sign in again; the administrator may make the home page a plain address, or change homepageState" }
}

/// Another request is at the same sign-in.
pub(super) fn unfinished() -> Failure {
    let message = ("该登录正在由另一个请求处理", "another request of this sign-in did not finish in time");
    Failure::new(Reason::Unavailable, message).with_retry_after_ms(1_000).with_hint(reload())
}

fn again() -> Text {
    Text::new("登录已失效，请重新登录", "this sign-in is no longer valid: sign in again")
}

fn reload() -> Text {
    Text::new("请稍后刷新页面", "reload the page shortly")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakePlatform;

    #[test]
    fn people_read_plain_words_and_the_log_has_the_rest() {
        let advice = Text::new("请添加 203.0.113.7", "add 203.0.113.7");
        let (again, reload) = ("this sign-in is no longer valid: sign in again", "reload the page shortly");
        for (reason, hint, may_retry, expected) in [
            (Reason::LoginRejected, None, false, again),
            (Reason::LoginRejected, Some(advice.clone()), false, "add 203.0.113.7"),
            (Reason::RateLimited, Some(advice.clone()), true, reload),
            (Reason::Unavailable, Some(advice.clone()), true, reload),
            (Reason::Unavailable, Some(advice.clone()), false, again),
            (Reason::NotPermitted, Some(advice.clone()), true, "add 203.0.113.7"),
            (
                Reason::UnexpectedAnswer,
                Some(advice.clone()),
                false,
                "sign in again, and tell the administrator if it keeps happening",
            ),
            (Reason::Other("vendor-error".into()), Some(advice.clone()), false, "add 203.0.113.7"),
        ] {
            let fake = FakePlatform::new();
            let mut failure = Failure::new(reason.clone(), ("内部", "some/endpoint was refused with 4711"))
                .with_vendor_code(4711)
                .with_retry_after_ms(5);
            failure.hint = hint;
            failure.request_id = Some("r-1".into());
            let shown = plain(&fake, failure, may_retry);
            let waits = may_retry.then_some(5);
            assert_eq!((&shown.reason, shown.vendor_code, shown.retry_after_ms), (&reason, Some(4711), waits));
            assert_eq!(shown.hint.clone().map(|hint| hint.en).as_deref(), Some(expected), "{reason:?}");
            for language in [&shown.message.en, &shown.message.zh] {
                assert!(!language.contains("endpoint") && !language.contains("内部") && !language.is_empty());
            }
            assert!(!shown.message.zh.is_ascii());
            let logs = fake.logs.borrow();
            assert!(logs[0].contains("some/endpoint was refused with 4711") && logs[0].contains("r-1"), "{logs:?}");
        }
    }
}
