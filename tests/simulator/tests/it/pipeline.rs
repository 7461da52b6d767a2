//! The order in which a call is judged, and the form of a refusal.

use wecom_simulator::corp::{App, TrustedAddresses};
use wecom_simulator::{DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_SECRET, Effect, ErrorText, Fault, Secret, When};

use crate::bed::Bed;

#[tokio::test]
async fn gettoken_checks_in_the_platforms_order() {
    let bed = Bed::start().await;
    bed.control.change(|corp| {
        corp.add_app(App { enabled: false, ..App::new(7, "off", Secret::new("disabled")) }).unwrap();
    });
    for (query, expected) in [
        ("".to_owned(), 41004),
        (format!("corpid={DEMO_CORP_ID}"), 41004),
        ("corpid=other&corpsecret=".to_owned(), 41004),
        (format!("corpsecret={DEMO_SECRET}"), 41002),
        (format!("corpid=other&corpsecret={DEMO_SECRET}"), 40013),
        (format!("corpid={DEMO_CORP_ID}&corpsecret=wrong"), 40001),
        (format!("corpid={DEMO_CORP_ID}&corpsecret=disabled"), 40001),
        (format!("corpid={DEMO_CORP_ID}&corpsecret={DEMO_SECRET}"), 0),
    ] {
        let answer = bed.get(&format!("gettoken?{query}")).await;
        assert_eq!(answer["errcode"], expected, "{query}");
    }
}

/// Each row breaks one thing more, from the last check to the first; the earliest check must win.
#[tokio::test]
async fn an_earlier_check_masks_every_later_one() {
    let bed = Bed::start().await;
    let token = bed.token().await;
    let ask = |token: &str, api: &str| format!("{api}?access_token={token}");

    assert_eq!(bed.get(&ask(&token, "user/get")).await["errcode"], 41009, "step 11: parameter");
    assert_eq!(bed.get(&ask(&token, "auth/getuserdetail")).await["errcode"], 40058, "step 10: verb");
    assert_eq!(bed.get(&ask(&token, "user/list_id")).await["errcode"], 48002, "step 9: kind of secret");
    bed.control.inject(Fault::any(When::Always, Effect::Code(6000)));
    assert_eq!(bed.get(&ask(&token, "user/list_id")).await["errcode"], 6000, "step 8: fault");
    bed.control.change(|corp| corp.trust_only(DEMO_AGENT_ID, &["203.0.113.7"]).unwrap());
    assert_eq!(bed.get(&ask(&token, "user/list_id")).await["errcode"], 60020, "step 7: address");
    bed.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.enabled = false).unwrap());
    assert_eq!(bed.get(&ask(&token, "user/list_id")).await["errcode"], 50003, "step 6: app disabled");
    bed.control.expire_tokens();
    assert_eq!(bed.get(&ask(&token, "user/list_id")).await["errcode"], 42001, "step 5: expired");
    assert_eq!(bed.get(&ask("garbage", "user/list_id")).await["errcode"], 40014, "step 4: unknown");
    assert_eq!(bed.get(&ask("", "user/list_id")).await["errcode"], 41001, "step 3: missing");
    let unknown = bed.raw("batch/syncuser?").await.unwrap();
    assert_eq!((unknown.status, unknown.body.len()), (404, 0), "step 1: unknown path");
}

#[tokio::test]
async fn a_token_counts_only_in_the_query() {
    let bed = Bed::start().await;
    let token = bed.token().await;
    let body = format!(r#"{{"access_token":"{token}","user_ticket":"x"}}"#);
    assert_eq!(bed.post("auth/getuserdetail?", &body).await["errcode"], 41001);
    assert_eq!(bed.post(&format!("auth/getuserdetail?access_token={token}"), &body).await["errcode"], 84015);
}

#[tokio::test]
async fn malformed_bodies_are_refused_or_tolerated() {
    let bed = Bed::start().await;
    let api = format!("user/list_id?access_token={}", bed.sync_token().await);
    for body in ["{", "[]", "", "nonsense"] {
        assert_eq!(bed.post(&api, body).await["errcode"], 40058, "{body:?}");
    }
    bed.control.configure(|behaviour| behaviour.switches.lenient_json = true);
    let tolerated = bed.post(&api, "{").await;
    assert_eq!((&tolerated["errcode"], &tolerated["errmsg"]), (&0.into(), &"ok. Warning: wrong json format. ".into()));
    assert!(tolerated.get("dept_user").is_none(), "nothing is done");
}

#[tokio::test]
async fn reads_accept_post() {
    let bed = Bed::start().await;
    let api = format!("user/get?userid=lisi&access_token={}", bed.token().await);
    assert_eq!(bed.post(&api, "").await["name"], "李四");
}

#[tokio::test]
async fn a_refusal_says_it_in_body_and_headers() {
    let bed = Bed::start().await;
    let token = bed.token().await;
    bed.control.configure(|behaviour| behaviour.switches.seen_address = Some("203.0.113.7".to_owned()));
    let page = bed.raw(&format!("user/get?userid=lisi&access_token={token}")).await.unwrap();
    let text = page.text();
    assert!(
        text.starts_with(r#"{"errcode":60020,"errmsg":"not allow to access from your ip, hint: [1760000000"#),
        "{text}"
    );
    let tail = ", from ip: 203.0.113.7, more info at https://open.work.weixin.qq.com/devtool/query?e=60020";
    assert!(text.contains(tail), "{text}");
    assert!(text.contains(r#""department":[],"order":[],"is_leader_in_dept":[],"direct_leader":[]"#), "{text}");
    assert_eq!(page.header("error-code"), Some("60020"));
    assert!(page.header("error-msg").unwrap().contains(tail));
    assert_eq!(page.header("content-type"), Some("application/json; charset=UTF-8"));
    assert_eq!(page.header("server"), Some("nginx"));

    for (style, expected) in [
        (ErrorText::Bare, "not allow to access from your ip"),
        (ErrorText::EmptyAddress, ", from ip: , more info at"),
        (ErrorText::NoAddress, "], more info at"),
    ] {
        bed.control.configure(|behaviour| behaviour.quirks.error_text = style);
        let text = bed.get(&format!("user/list?department_id=2&access_token={token}")).await["errmsg"].to_string();
        assert!(text.contains(expected) && !text.contains("203.0.113.7"), "{style:?}: {text}");
    }
}

#[tokio::test]
async fn the_contact_sync_secret_reads_ids_only() {
    let bed = Bed::start().await;
    let token = bed.sync_token().await;
    let rows = [
        ("department/list?", 48009, 0),
        ("department/get?id=2", 48009, 0),
        ("department/simplelist?", 0, 0),
        ("user/get?userid=lisi", 48009, 0),
        ("user/list?department_id=2", 48009, 0),
        ("user/simplelist?department_id=2", 48009, 0),
        ("agent/get?agentid=1000073", 48002, 48002),
        ("auth/getuserinfo?code=x", 48002, 48002),
        ("tag/list?", 0, 0),
        ("export/user?", 48009, 40058),
        ("export/get_result?jobid=x", 48009, 40088),
    ];
    for new_address in [true, false] {
        bed.control.configure(|behaviour| behaviour.switches.new_sync_address = new_address);
        for (api, new, old) in rows {
            let code = bed.get(&format!("{api}&access_token={token}")).await["errcode"].as_i64().unwrap();
            assert_eq!(code, if new_address { new } else { old }, "{api}, new address: {new_address}");
        }
    }
    assert_eq!(bed.app_code("user/list_id?").await, 48002);
}

#[tokio::test]
async fn an_app_without_a_list_of_addresses_may_call_from_anywhere() {
    let bed = Bed::start().await;
    bed.control.configure(|behaviour| behaviour.switches.seen_address = Some("2001:db8::7".to_owned()));
    for (trusted, expected) in [(TrustedAddresses::Any, 0), (TrustedAddresses::Only([].into()), 60020)] {
        bed.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.trusted_addresses = trusted).unwrap());
        assert_eq!(bed.app_code("department/simplelist?").await, expected);
    }
    bed.control.change(|corp| corp.trust_only(DEMO_AGENT_ID, &["2001:db8:0::7"]).unwrap());
    assert_eq!(bed.app_code("department/simplelist?").await, 0, "addresses are compared, not texts");
}
