//! Tokens, codes and tickets follow the clock; secrets and blocks too.

use std::time::Duration;

use wecom_simulator::corp::SensitiveField;
use wecom_simulator::{
    CODE_LIFETIME, CodeRequest, DEMO_AGENT_ID, DEMO_CORP_ID, TICKET_LIFETIME, TOKEN_LIFETIME, Visitor,
};

use crate::bed::Bed;

const MOMENT: Duration = Duration::from_millis(1);

fn request(member: &str, consent: &[SensitiveField]) -> CodeRequest {
    CodeRequest {
        visitor: Visitor::Member(member.to_owned()),
        app: Some(DEMO_AGENT_ID),
        redirect_host: "app.example.com".to_owned(),
        consent: Some(consent.iter().copied().collect()),
    }
}

#[tokio::test]
async fn a_token_is_the_same_until_it_expires() {
    let bed = Bed::start().await;
    let first = bed.token().await;
    bed.control.advance(TOKEN_LIFETIME - MOMENT);
    assert_eq!(bed.token().await, first);
    assert_eq!(bed.get(&format!("agent/list?access_token={first}")).await["errcode"], 0);
    bed.control.advance(MOMENT);
    for expired in [42001, 40014] {
        bed.control.configure(|behaviour| behaviour.switches.expired_token = expired);
        assert_eq!(bed.get(&format!("agent/list?access_token={first}")).await["errcode"], expired);
    }
    assert_ne!(bed.token().await, first);
    bed.control.configure(|behaviour| behaviour.switches.same_token = false);
    let (one, two) = (bed.token().await, bed.token().await);
    assert_ne!(one, two);
    for token in [one, two] {
        assert_eq!(bed.get(&format!("agent/list?access_token={token}")).await["errcode"], 0, "both are valid");
    }
}

#[tokio::test]
async fn expires_in_is_whole_or_what_remains() {
    let bed = Bed::start().await;
    bed.token().await;
    bed.control.advance(Duration::from_secs(7000));
    for (remaining, expected) in [(false, 7200), (true, 200)] {
        bed.control.configure(|behaviour| behaviour.switches.remaining_lifetime = remaining);
        let answer =
            bed.get(&format!("gettoken?corpid={DEMO_CORP_ID}&corpsecret={}", wecom_simulator::DEMO_SECRET)).await;
        assert_eq!(answer["expires_in"], expected);
    }
}

#[tokio::test]
async fn tokens_end_with_their_secret() {
    let bed = Bed::start().await;
    let (token, sync) = (bed.token().await, bed.sync_token().await);
    let secret = bed.control.reset_secret(DEMO_AGENT_ID).unwrap();
    assert_eq!(bed.get(&format!("agent/list?access_token={token}")).await["errcode"], 40014);
    assert_eq!(
        bed.get(&format!("tag/list?access_token={sync}")).await["errcode"],
        0,
        "another secret's token lives on"
    );
    let token = bed.token_of(secret.reveal()).await;
    assert_eq!(bed.get(&format!("agent/list?access_token={token}")).await["errcode"], 0);
    bed.control.revoke_tokens();
    for token in [token, sync] {
        assert_eq!(bed.get(&format!("tag/list?access_token={token}")).await["errcode"], 40014);
    }
}

#[tokio::test]
async fn repeated_wrong_secrets_block_the_address_for_an_hour() {
    let bed = Bed::start().await;
    bed.control.configure(|behaviour| behaviour.switches.wrong_secrets_allowed = Some(3));
    let right = format!("gettoken?corpid={DEMO_CORP_ID}&corpsecret={}", wecom_simulator::DEMO_SECRET);
    let wrong = format!("gettoken?corpid={DEMO_CORP_ID}&corpsecret=wrong");
    for (ask, expected) in
        [(&wrong, 40001), (&wrong, 40001), (&right, 0), (&wrong, 40001), (&wrong, 45009), (&right, 45009)]
    {
        assert_eq!(bed.get(ask).await["errcode"], expected);
    }
    bed.control.advance(Duration::from_secs(3600) - MOMENT);
    assert_eq!(bed.get(&right).await["errcode"], 45009);
    bed.control.advance(MOMENT);
    assert_eq!(bed.get(&right).await["errcode"], 0);
}

#[tokio::test]
async fn a_code_serves_once_and_for_five_minutes() {
    let bed = Bed::start().await;
    for (switched, used, expired) in [(false, 40029, 40029), (true, 42022, 42003)] {
        bed.control.configure(|behaviour| {
            if switched {
                (behaviour.switches.used_code, behaviour.switches.expired_code) = (42022, 42003);
            }
        });
        let code = bed.control.issue_code(request("lisi", &[]));
        bed.control.advance(CODE_LIFETIME - MOMENT);
        let ask = format!("auth/getuserinfo?code={}", code.reveal());
        assert_eq!(bed.app(&ask).await["userid"], "lisi");
        assert_eq!(bed.app_code(&ask).await, used);
        let code = bed.control.issue_code(request("lisi", &[]));
        bed.control.advance(CODE_LIFETIME);
        assert_eq!(bed.app_code(&format!("auth/getuserinfo?code={}", code.reveal())).await, expired);
    }
    assert_eq!(bed.app_code("auth/getuserinfo?code=nonsense").await, 40029);
    assert_eq!(bed.app_code("auth/getuserinfo?").await, 41008);
}

#[tokio::test]
async fn a_ticket_serves_for_half_an_hour() {
    let bed = Bed::start().await;
    let code = bed.control.issue_code(request("lisi", &[SensitiveField::Mobile, SensitiveField::Address]));
    let answer = bed.app(&format!("auth/getuserinfo?code={}", code.reveal())).await;
    let body = serde_json::json!({"user_ticket": answer["user_ticket"]}).to_string();
    bed.control.advance(TICKET_LIFETIME - MOMENT);
    let api = format!("auth/getuserdetail?access_token={}", bed.token().await);
    for _ in 0..2 {
        let detail = bed.post(&api, &body).await;
        assert_eq!((&detail["userid"], &detail["mobile"]), (&"lisi".into(), &"13800000001".into()));
        assert_eq!((&detail["gender"], detail.get("name")), (&"0".into(), None), "not consented; never a name");
        assert!(detail.get("address").is_none(), "consented, but the administrator did not open it");
    }
    bed.control.advance(MOMENT);
    assert_eq!(bed.post(&api, &body).await["errcode"], 84014);
    assert_eq!(bed.post(&api, r#"{"user_ticket":"x"}"#).await["errcode"], 84015);
    assert_eq!(bed.post(&api, "{}").await["errcode"], 84090);
}

#[tokio::test]
async fn detail_needs_range_and_may_need_a_grant() {
    let bed = Bed::start().await;
    let code = bed.control.issue_code(request("lisi", &SensitiveField::ALL));
    let answer = bed.app(&format!("auth/getuserinfo?code={}", code.reveal())).await;
    let body = serde_json::json!({"user_ticket": answer["user_ticket"]}).to_string();
    let api = format!("user/getuserdetail?access_token={}", bed.token().await);
    assert_eq!(bed.post(&api, &body).await["errcode"], 0, "the older path serves as well");
    bed.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.sensitive_fields.clear()).unwrap());
    assert_eq!(bed.post(&api, &body).await.get("mobile"), None);
    bed.control.configure(|behaviour| behaviour.switches.refuse_ungranted_detail = true);
    assert_eq!(bed.post(&api, &body).await["errcode"], 92001);
    bed.control.change(|corp| corp.move_member("lisi", 4).unwrap());
    assert_eq!(bed.post(&api, &body).await["errcode"], 60021);
}
