//! The rate limit of checks whose credential the vendor refuses.
//!
//! A check presents the credential every time, and vendors block the *address* of whoever presents refused ones again and
//! again: one tenant's mistake would shut out all tenants of a host. So a few refused checks within a minute are enough. What
//! the vendor accepts is never counted.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    contract::{
        element::{Aspect, Status, Verdict},
        types::{Error, Reason},
    },
    storage::Scope,
};

/// How long a refused check counts.
const WINDOW_MS: u64 = 60_000;
/// Refused checks of one element within that time.
const PER_ELEMENT: usize = 3;
/// Refused checks of all elements of a host within that time.
const PER_HOST: usize = 10;

/// The refused checks of a host within the last minute, oldest first.
#[derive(Debug, Default)]
pub(crate) struct CheckRateLimit(Mutex<VecDeque<(u64, Scope)>>);

impl CheckRateLimit {
    /// What a check of this element is answered instead of being carried out, where there were too many refused ones.
    pub(super) fn refusal(&self, element: &Scope, now_ms: u64) -> Option<Error> {
        let refused = self.recent(now_ms);
        let own = refused.iter().filter(|(_, scope)| scope == element).map(|(at, _)| *at).collect::<Vec<_>>();
        let all = refused.iter().map(|(at, _)| *at).collect::<Vec<_>>();
        let free_at = [(own, PER_ELEMENT), (all, PER_HOST)].into_iter().filter_map(|(times, most)| {
            // From then on there are fewer than that many.
            let decides = times.len().checked_sub(most)?;
            Some(times.get(decides)?.saturating_add(WINDOW_MS))
        });
        free_at.max().map(|at| too_many(at.saturating_sub(now_ms).clamp(1, WINDOW_MS)))
    }

    /// Counts a check if its credential was refused.
    pub(super) fn count(&self, element: &Scope, now_ms: u64, verdicts: &[Verdict]) {
        let is_refused = |verdict: &Verdict| verdict.aspect == Aspect::Credentials && verdict.status == Status::Failed;
        if verdicts.iter().any(is_refused) {
            self.recent(now_ms).push_back((now_ms, element.clone()));
        }
    }

    fn recent(&self, now_ms: u64) -> MutexGuard<'_, VecDeque<(u64, Scope)>> {
        // Nothing that happens under the lock leaves the list torn.
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Either way: a clock that was set back must not stop checks for longer.
        refused.retain(|(at, _)| at.abs_diff(now_ms) < WINDOW_MS);
        refused
    }
}

fn too_many(retry_after_ms: u64) -> Error {
    let seconds = retry_after_ms.div_ceil(1_000);
    Error {
        reason: Reason::RateLimited,
        message: "一分钟内凭据多次被拒绝，本次检查未执行 / the credential was refused several times within a minute, so this check was \
                  not carried out"
            .to_owned(),
        hint: Some(format!(
            "请先核对配置，{seconds} 秒后再检查：反复提交被拒绝的凭据会使服务商封禁本机地址，影响所有租户 / correct the configuration first, and \
             check again in {seconds} s: vendors block the address of a host that goes on presenting refused credentials, \
             for all its tenants"
        )),
        vendor_code: None,
        retry_after_ms: Some(retry_after_ms),
        request_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(element: &str) -> Scope {
        Scope::new("acme", element).unwrap()
    }

    fn verdicts(aspect: Aspect, status: Status) -> Vec<Verdict> {
        let (code, message) = (String::new(), String::new());
        vec![Verdict {
            aspect,
            status,
            code,
            vendor_code: None,
            message,
            hint: None,
            console_url: None,
            facts: Vec::new(),
        }]
    }

    fn refuse(limit: &CheckRateLimit, element: &str, now_ms: u64) {
        limit.count(&scope(element), now_ms, &verdicts(Aspect::Credentials, Status::Failed));
    }

    /// How long is to be waited, if at all.
    fn wait(limit: &CheckRateLimit, element: &str, now_ms: u64) -> Option<u64> {
        let error = limit.refusal(&scope(element), now_ms)?;
        assert_eq!(error.reason, Reason::RateLimited);
        assert!(error.hint.is_some_and(|hint| hint.contains("请先核对配置") && hint.contains("check again in")));
        error.retry_after_ms
    }

    #[test]
    fn three_refused_checks_a_minute_are_enough_for_an_element() {
        let limit = CheckRateLimit::default();
        for (at, refused_before) in [(1_000, 0), (2_000, 1), (3_000, 2)] {
            assert_eq!(wait(&limit, "org", at), None, "after {refused_before}");
            refuse(&limit, "org", at);
        }
        for (now, element, expected) in [
            (3_000, "org", Some(58_000)),
            (60_999, "org", Some(1)),
            (3_000, "other", None),
            // The window slides: the first is over, two are left.
            (61_000, "org", None),
        ] {
            assert_eq!(wait(&limit, element, now), expected, "{element} at {now}");
        }
        refuse(&limit, "org", 61_500);
        assert_eq!(wait(&limit, "org", 61_500), Some(500), "until the second is over");
        assert_eq!(wait(&limit, "org", 0), None, "a clock that was set back stops nobody");
    }

    #[test]
    fn ten_are_enough_for_a_host() {
        let limit = CheckRateLimit::default();
        for number in 0..10 {
            let element = format!("org{number}");
            assert_eq!(wait(&limit, &element, number), None, "{number}");
            refuse(&limit, &element, number);
        }
        assert_eq!(wait(&limit, "another", 10), Some(59_990));
        assert_eq!(wait(&limit, "another", 60_000), None);
    }

    #[test]
    fn only_a_refused_credential_counts() {
        let limit = CheckRateLimit::default();
        let others = [Status::Ok, Status::Warning, Status::Skipped].map(|status| (Aspect::Credentials, status));
        for (aspect, status) in others.into_iter().chain([(Aspect::TrustedIp, Status::Failed)]) {
            for _ in 0..20 {
                limit.count(&scope("org"), 1_000, &verdicts(aspect.clone(), status));
            }
        }
        assert_eq!(wait(&limit, "org", 1_000), None);
    }
}
