//! Faults, limits, counters and the log.

use std::io::Read as _;
use std::time::{Duration, Instant};

use serde_json::Value;
use wecom_simulator::{Effect, Fault, Limits, Rate, SignInError, When};

use crate::bed::Bed;

const API: &str = "department/simplelist";

async fn struck(bed: &Bed, effect: Effect) -> Result<wecom_simulator::Page, SignInError> {
    let token = bed.token().await;
    bed.control.inject(Fault::of(API, When::Nth(1), effect));
    let answer = bed.raw(&format!("{API}?access_token={token}")).await;
    bed.control.clear_faults();
    answer
}

#[tokio::test]
async fn answers_are_damaged_as_ordered() {
    let bed = Bed::start().await;
    type Check = fn(u16, &str) -> bool;
    let rows: &[(Effect, Check)] = &[
        (Effect::Code(-1), |_, text| text.starts_with(r#"{"errcode":-1,"errmsg":"system error"#)),
        (Effect::Code(60020), |_, text| text.contains(r#""department_id":[]"#)),
        (Effect::EdgePage(502), |status, text| status == 502 && text.starts_with("<html>")),
        (Effect::EdgePage(503), |status, text| status == 503 && text.starts_with("<html>")),
        (Effect::HtmlWithOk, |status, text| status == 200 && text.starts_with("<html>")),
        (Effect::Redirect("http://127.0.0.1:9/".into()), |status, _| status == 302),
        (Effect::Truncated, |_, text| {
            text.starts_with(r#"{"errcode":0"#) && serde_json::from_str::<Value>(text).is_err()
        }),
        (Effect::WrongTypes, |_, text| text.contains(r#""department_id":"wrong""#)),
        (Effect::MissingErrcode, |_, text| text.starts_with(r#"{"department_id":[{"#)),
        (Effect::Warning, |_, text| text == r#"{"errcode":0,"errmsg":"ok. Warning: wrong json format. "}"#),
        (Effect::RootArray, |_, text| text.starts_with(r#"[{"errcode":0"#) && text.ends_with("}]")),
        (Effect::Oversized(100_000), |_, text| text.len() > 100_000 && serde_json::from_str::<Value>(text).is_ok()),
        (Effect::Delay(Duration::from_millis(1)), |_, text| text.starts_with(r#"{"errcode":0"#)),
    ];
    for (effect, check) in rows {
        let page = struck(&bed, effect.clone()).await.unwrap();
        assert!(check(page.status, &page.text()), "{effect:?}: {} {:.200}", page.status, page.text());
        assert_eq!(bed.app_code(&format!("{API}?")).await, 0, "{effect:?} struck once");
    }
}

#[tokio::test]
async fn bytes_are_damaged_as_ordered() {
    let bed = Bed::start().await;
    let broken = struck(&bed, Effect::InvalidUtf8).await.unwrap();
    assert!(std::str::from_utf8(&broken.body).is_err());
    let packed = struck(&bed, Effect::Gzip).await.unwrap();
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_string(&mut text).unwrap();
    assert!(text.starts_with(r#"{"errcode":0"#));
}

#[tokio::test]
async fn a_disconnect_may_come_before_or_after_the_work() {
    let bed = Bed::start().await;
    let token = bed.token().await;
    for (processed, code_is_spent) in [(false, false), (true, true)] {
        let code = bed.control.issue_code(wecom_simulator::CodeRequest {
            visitor: wecom_simulator::Visitor::Member("lisi".into()),
            app: None,
            redirect_host: "app.example.com".into(),
            consent: None,
        });
        let ask = format!("auth/getuserinfo?code={}&access_token={token}", code.reveal());
        let fault = bed.control.inject(Fault::of("auth/getuserinfo", When::Nth(1), Effect::Disconnect { processed }));
        assert!(matches!(bed.raw(&ask).await, Err(SignInError::Http(_))));
        assert_eq!(bed.control.struck(fault), 1);
        bed.control.remove_fault(fault);
        assert_eq!(bed.control.requests().last().unwrap().status, 0);
        assert_eq!(bed.get(&ask).await["errcode"] == 40029, code_is_spent, "processed: {processed}");
    }
}

#[tokio::test]
async fn a_block_lasts_until_the_clock_moves_on() {
    let bed = Bed::start().await;
    bed.control.inject(Fault::of(API, When::Nth(2), Effect::Block(Duration::from_secs(60))));
    let codes = |n: usize| {
        let bed = &bed;
        async move {
            let mut codes = Vec::new();
            for _ in 0..n {
                codes.push(bed.app_code(&format!("{API}?")).await);
            }
            codes
        }
    };
    assert_eq!(codes(3).await, [0, 45009, 45009]);
    assert_eq!(bed.app_code("tag/list?").await, 0, "other APIs go on");
    bed.control.advance(Duration::from_secs(60));
    assert_eq!(codes(2).await, [0, 0]);
}

#[tokio::test]
async fn rate_limits_block_and_valid_codes_are_free() {
    let bed = Bed::start().await;
    let limits = Limits { per_corp: vec![Rate::per_minute(2)], ..Limits::default() };
    bed.control.configure(|behaviour| behaviour.limits = limits);
    let token = bed.token().await;
    let api = format!("{API}?access_token={token}");
    for expected in [0, 0, 45009, 45009] {
        assert_eq!(bed.get(&api).await["errcode"], expected);
    }
    for _ in 0..4 {
        let code = bed.control.issue_code(wecom_simulator::CodeRequest {
            visitor: wecom_simulator::Visitor::Member("lisi".into()),
            app: None,
            redirect_host: "app.example.com".into(),
            consent: None,
        });
        let ask = format!("auth/getuserinfo?code={}&access_token={token}", code.reveal());
        assert_eq!(bed.get(&ask).await["errcode"], 0);
    }
    for expected in [40029, 40029, 45009] {
        assert_eq!(bed.get(&format!("auth/getuserinfo?code=x&access_token={token}")).await["errcode"], expected);
    }
    bed.control.advance(Duration::from_secs(60));
    assert_eq!(bed.get(&api).await["errcode"], 0);
}

#[tokio::test]
async fn concurrency_is_counted_and_limited() {
    let bed = Bed::start().await;
    let token = bed.token().await;
    bed.control.configure(|behaviour| {
        behaviour.latency = Duration::from_millis(250);
        behaviour.limits.concurrency = Some(3);
    });
    let url = bed.url(&format!("/cgi-bin/{API}?access_token={token}"));
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let (browser, url) = (bed.browser.clone(), url.clone());
            tokio::spawn(async move { browser.get(&url).await.unwrap().text().contains("45033") })
        })
        .collect();
    let mut refused = 0;
    for call in calls {
        refused += u32::from(call.await.unwrap());
    }
    assert_eq!((refused, bed.control.count(API).most_at_once), (2, 5));
}

#[tokio::test]
async fn latency_is_real_time() {
    let bed = Bed::start().await;
    let token = bed.token().await;
    bed.control.configure(|behaviour| behaviour.latency = Duration::from_millis(30));
    let before = Instant::now();
    bed.get(&format!("{API}?access_token={token}")).await;
    assert!(before.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn the_log_keeps_keys_but_no_values() {
    let bed = Bed::start().await;
    let token = bed.token().await;
    bed.get(&format!("user/get?access_token={token}&userid=nobody")).await;
    bed.browser.get(&bed.login()).await.unwrap();
    bed.browser.get(&bed.url("/console")).await.unwrap();
    let log = bed.control.requests();
    let rows: Vec<_> = log.iter().map(|entry| (entry.path.as_str(), entry.status, entry.errcode)).collect();
    assert_eq!(
        rows,
        [
            ("/cgi-bin/gettoken", 200, Some(0)),
            ("/cgi-bin/user/get", 200, Some(60111)),
            ("/wwlogin/sso/login", 200, None)
        ]
    );
    assert_eq!(log[1].query_keys, ["access_token", "userid"]);
    let shown = format!("{log:?} {:?} {:?}", bed.control, bed.simulator);
    for secret in [token.as_str(), wecom_simulator::DEMO_SECRET, wecom_simulator::DEMO_SYNC_SECRET] {
        assert!(!shown.contains(secret), "a secret in Debug output");
    }
    let count = bed.control.count("user/get");
    assert_eq!((count.calls, count.succeeded, count.most_at_once), (1, 0, 1));
    bed.control.reset_log();
    assert!(bed.control.requests().is_empty() && bed.control.counts().is_empty());
}

#[tokio::test]
async fn a_dropped_simulator_stops_listening() {
    let bed = Bed::start().await;
    let (url, browser) = (bed.url("/console"), bed.browser.clone());
    assert!(browser.get(&url).await.is_ok());
    drop(bed);
    tokio::task::yield_now().await;
    assert!(browser.get(&url).await.is_err());
}
