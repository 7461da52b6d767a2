//! What went wrong, and reports of calls.

use organisation_host::{CallOutcome, CallReport};

use super::{Paint, clean, indented, validation};
use crate::view::error::ErrorView;

/// An error with its next step.
pub fn failure(error: &ErrorView, paint: Paint) -> String {
    // What programs go by, so that a person can look it up.
    let reason = clean(&error.reason);
    let mut text = format!("{} ({reason}): {}", paint.bad("error"), indented(&error.message, 7));
    if let Some(code) = error.vendor_code {
        text.push_str(&format!(" (vendor code {code})"));
    }
    text.push('\n');
    text.push_str(&validation::problems(&error.problems, paint));
    if let Some(removal) = error.removal {
        text.push_str(&format!(
            "  would remove {} of {} members and {} of {} departments\n",
            removal.members, removal.members_total, removal.departments, removal.departments_total
        ));
    }
    if let Some(hint) = &error.hint {
        text.push_str(&format!(" {}: {}\n", paint.bold("hint"), indented(hint, 7)));
    }
    if let Some(milliseconds) = error.retry_after_ms {
        text.push_str(&format!("retry: after {} s\n", milliseconds.div_ceil(1_000)));
    }
    if let Some(id) = &error.request_id {
        text.push_str(&format!("   id: {} (the vendor's id of the request, for its support)\n", clean(id)));
    }
    text
}

/// The report of a call on one line.
pub fn report(report: &CallReport) -> String {
    let outcome = match &report.outcome {
        CallOutcome::Answered => "answered".to_owned(),
        CallOutcome::Refused { reason, .. } => format!("refused ({reason})"),
        CallOutcome::Failed { cause, .. } => format!("failed ({cause})"),
        CallOutcome::Abandoned => "abandoned".to_owned(),
        _ => "ended".to_owned(),
    };
    let calls: u64 = report.host_calls.values().sum();
    format!(
        "report: {} {outcome} in {} ms: guest {} ms, instance {} µs, {} KiB, {calls} host calls, {} requests, {} bytes in",
        report.function,
        report.wall_us / 1_000,
        report.guest_cpu_us / 1_000,
        report.instantiate_us,
        report.peak_memory_bytes >> 10,
        report.http.requests,
        report.http.bytes_in
    )
}

#[cfg(test)]
mod tests {
    use organisation_host::contract::types::{Error, Reason};

    use super::*;

    #[test]
    fn the_reason_stands_in_the_first_line() {
        let error = |reason, message: &str| {
            let message = message.to_owned();
            Error { reason, message, hint: None, vendor_code: None, retry_after_ms: None, request_id: None }
        };
        let limited =
            Error { vendor_code: Some(45009), retry_after_ms: Some(1_500), ..error(Reason::RateLimited, "no") };
        for (error, expected) in [
            (limited, "error (rate-limited): no (vendor code 45009)\nretry: after 2 s\n"),
            (error(Reason::Unsupported, "plan"), "error (unsupported): plan\n"),
            (error(Reason::Other("moon\u{7}".to_owned()), "a\nb"), "error (moon\u{fffd}): a\n       b\n"),
        ] {
            assert_eq!(failure(&ErrorView::from(error), Paint::plain()), expected);
        }
    }
}
