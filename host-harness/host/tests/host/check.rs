//! Checks whose credential the vendor refuses: a few a minute, and no more.

use std::{sync::Arc, time::Duration};

use organisation_host::{
    CallOutcome, Element, Host, Limits,
    contract::types::{Error, Reason},
    storage::ManualClock,
};

use crate::{
    element::options,
    guests::Guest,
    wire::{data, words},
};

/// A component whose checks find the credential refused, or accepted. Each check is seen in the report as a call of `log`.
fn checked(is_refused: bool) -> Vec<u8> {
    let (answer, verdict) = (2_048, 2_080);
    // `ok`, and a list of one verdict: the first aspect, and its status after twelve bytes.
    let items = [
        data(answer, &words(&[0, 0, verdict, 1])),
        data(verdict, &words(&[0, 0, 0, if is_refused { 2 } else { 0 }])),
        data(verdict + 16, &[0; 64]),
    ];
    let body = format!(
        "i32.const 2\n i32.const 0\n i32.const 0\n i32.const 0\n i32.const 0\n call <log@0.1.0 write>\n i32.const {answer}"
    );
    Guest::default().items(&items.concat()).with("element@0.1.0#check-connection", &body).build()
}

struct Bed {
    clock: ManualClock,
    host: Host,
}

impl Bed {
    fn new() -> Self {
        let clock = ManualClock::at(1_700_000_000_000);
        let host = Host::builder().parallel_calls(4).clock(Arc::new(clock.clone())).build().unwrap();
        Self { clock, host }
    }

    fn element(&self, tenant: &str, is_refused: bool) -> Element {
        let component = self.host.load(&checked(is_refused)).unwrap();
        let options = options(Limits::default()).tenant(tenant.to_owned());
        self.host.element(&component, options).unwrap()
    }
}

/// Checks, and answers why the check was not carried out, if it was not.
async fn check(element: &Element) -> Option<Error> {
    let called = element.check_connection().reported().await.unwrap();
    let was_carried_out = called.report.host_calls.get("log") == Some(&1);
    assert_eq!(was_carried_out, called.value.is_ok());
    let error = called.value.err()?;
    assert_eq!(error.reason, Reason::RateLimited);
    let reported = CallOutcome::Refused { reason: "rate-limited".to_owned(), vendor_code: None };
    assert_eq!(called.report.outcome, reported);
    Some(error)
}

#[tokio::test]
async fn after_three_refused_checks_an_element_waits_and_others_do_not() {
    let bed = Bed::new();
    let (wrong, other) = (bed.element("acme", true), bed.element("globex", true));
    for _ in 0..3 {
        assert_eq!(check(&wrong).await, None);
        bed.clock.advance(Duration::from_secs(1));
    }
    let error = check(&wrong).await.unwrap();
    assert_eq!(error.retry_after_ms, Some(57_000));
    assert!(error.message.contains("凭据多次被拒绝") && error.message.contains("refused several times"), "{error:?}");
    assert_eq!(check(&other).await, None);
    bed.clock.advance(Duration::from_millis(56_999));
    assert_eq!(check(&wrong).await.unwrap().retry_after_ms, Some(1));
    bed.clock.advance(Duration::from_millis(1));
    assert_eq!(check(&wrong).await, None);
}

#[tokio::test]
async fn after_ten_refused_checks_the_whole_host_waits() {
    let bed = Bed::new();
    for number in 0..10 {
        assert_eq!(check(&bed.element(&format!("t{number}"), true)).await, None, "{number}");
    }
    let sound = bed.element("sound", false);
    assert_eq!(check(&sound).await.unwrap().retry_after_ms, Some(60_000));
    assert_eq!(check(&Bed::new().element("sound", false)).await, None, "another host");
    bed.clock.advance(Duration::from_secs(60));
    assert_eq!(check(&sound).await, None);
}

#[tokio::test]
async fn accepted_checks_never_count() {
    let bed = Bed::new();
    let sound = bed.element("acme", false);
    for _ in 0..30 {
        assert_eq!(check(&sound).await, None);
    }
}

/// Whoever asks many times at once gets no further than who asks one after the other.
#[tokio::test]
async fn checks_side_by_side_are_counted_like_others() {
    let bed = Bed::new();
    let wrong = bed.element("acme", true);
    let checks = (0..20).map(|_| {
        let wrong = wrong.clone();
        tokio::spawn(async move { check(&wrong).await.is_none() })
    });
    let mut carried_out = 0;
    for check in checks.collect::<Vec<_>>() {
        carried_out += usize::from(check.await.unwrap());
    }
    assert_eq!(carried_out, 3);
}
