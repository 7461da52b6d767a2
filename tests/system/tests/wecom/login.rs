//! Signing in through the real pages: who comes in by which entry, and as what.

use organisation_host::{
    contract::{
        login::{
            AuthorizationRequest, Entry, Exchange, Identity, LinkedIdentity, Outcome, OutsiderIdentity, SensitiveFields,
        },
        types::{Error, Reason},
    },
    reason_name,
};
use serde_json::json;
use system_tests::{
    Stage,
    sign_in::{Arrival, arrive, browser, entering},
    stage::{REDIRECT_URI, at_domain},
    sync::PLAIN,
};
use wecom_simulator::{
    Browser, Choice, DEMO_AGENT_ID, Effect, Fault, SignInError, When,
    corp::{Resignation, SensitiveField},
};

const ENTRIES: [Entry; 3] = [Entry::Browser, Entry::Workspace, Entry::WorkspaceConsent];

pub(crate) fn member(exchange: Exchange) -> Identity {
    match exchange.outcome {
        Outcome::Member(identity) => identity,
        other => panic!("{other:?}"),
    }
}

/// Outcome and place of a member: id, departments, in the directory, in the visible range.
fn place(identity: &Identity) -> (&str, Vec<&str>, bool, bool) {
    let departments = identity.departments.iter().map(String::as_str).collect();
    (&identity.id, departments, identity.in_directory, identity.in_visible_range)
}

pub(crate) fn rejected(refused: Result<Exchange, Error>) -> Error {
    let error = refused.unwrap_err();
    assert_eq!(error.reason, Reason::LoginRejected, "{error:?}");
    assert!(error.hint.is_some(), "{error:?}");
    error
}

#[tokio::test]
async fn every_entry_brings_a_member_in_with_name_and_place() {
    for is_synced in [false, true] {
        let stage = Stage::demo().await;
        if is_synced {
            stage.complete(&PLAIN).await;
        }
        for entry in ENTRIES {
            let request =
                AuthorizationRequest { return_to: Some("/orders?id=7#top".to_owned()), ..entering(entry.clone()) };
            let arrival = stage.arrive_by(&request, &Choice::Member("ZhangSan".to_owned())).await;
            let exchange = stage.exchange(&arrival).await.unwrap();
            assert_eq!(exchange.return_to.as_deref(), Some("/orders?id=7#top"));
            assert!(exchange.state_verified && exchange.warnings.is_empty(), "{exchange:?}");
            let identity = member(exchange);
            assert_eq!(place(&identity), ("ZhangSan", vec!["2"], is_synced, true), "{entry:?}");
            assert_eq!(identity.name.as_deref(), Some("张三"));
            assert!(identity.roles.is_empty());
            assert_eq!(identity.sensitive.is_some(), entry == Entry::WorkspaceConsent);
            stage.assert_discreet(&[&arrival.code, &arrival.state]);
        }
    }
}

#[tokio::test]
async fn a_sign_in_says_where_the_person_stands() {
    let stage = Stage::demo().await;
    stage.complete(&PLAIN).await;
    let arrive = async |choice: Choice| {
        let arrival = stage.arrive_by(&entering(Entry::Workspace), &choice).await;
        stage.exchange(&arrival).await.unwrap()
    };
    let choose = |id: &str| Choice::Member(id.to_owned());

    // Granted alone: in the directory without a department.
    let identity = member(arrive(choose("shiwu")).await);
    assert_eq!(place(&identity), ("shiwu", vec![], true, true));
    // A silent sign-in admits members whom the app may not see.
    let exchange = arrive(choose("zhangliu")).await;
    let identity = member(exchange);
    assert_eq!(place(&identity), ("zhangliu", vec![], false, false));
    assert_eq!(identity.name, None);
    // Hired since the last sync.
    let hired = wecom_simulator::corp::Member::new("Neu", "新人", 21);
    stage.control.change(|corp| corp.add_member(hired)).unwrap();
    let identity = member(arrive(choose("Neu")).await);
    assert_eq!(place(&identity), ("Neu", vec!["21"], false, true));
    assert_eq!(identity.name.as_deref(), Some("新人"));
    // Ids compare ignoring case: the copy's spelling comes back.
    stage.control.change(|corp| corp.rename_member("lisi", "LiSi")).unwrap();
    assert_eq!(place(&member(arrive(choose("LiSi")).await)), ("lisi", vec!["21"], true, true));
    // A member of a linked company, and people from outside.
    let linked = Choice::LinkedMember { corp: "ww9876543210abcdef".to_owned(), id: "partner.1".to_owned() };
    let expected = LinkedIdentity { organisation_id: "ww9876543210abcdef".to_owned(), id: "partner.1".to_owned() };
    assert_eq!(arrive(linked).await.outcome, Outcome::LinkedMember(expected));
    for (choice, is_customer) in [(Choice::Outsider, false), (Choice::Customer, true)] {
        let Outcome::Outsider(OutsiderIdentity { open_id, external_id }) = arrive(choice).await.outcome else {
            panic!()
        };
        assert!(open_id.is_some_and(|id| id.starts_with('o')));
        assert_eq!(external_id.is_some_and(|id| id.starts_with("wm")), is_customer);
    }
    stage.assert_discreet(&[]);
}

#[tokio::test]
async fn somebody_who_left_the_copy_is_no_member_of_the_directory() {
    let stage = Stage::demo().await;
    stage.complete(&PLAIN).await;
    stage.control.change(|corp| corp.move_member("wujiu", 4)).unwrap();
    stage.complete(&PLAIN).await;
    let arrival = stage.arrive(Entry::Workspace, "wujiu").await;
    let identity = member(stage.exchange(&arrival).await.unwrap());
    assert_eq!(place(&identity), ("wujiu", vec![], false, false));
}

#[tokio::test]
async fn the_pages_refuse_whom_wecom_refuses() {
    let stage = Stage::demo().await;
    stage.control.change(|corp| corp.resign_member("wujiu", Resignation::Listed)).unwrap();
    for (entry, choice, code) in [
        (Entry::Browser, Choice::Member("zhangliu".to_owned()), 50002),
        (Entry::WorkspaceConsent, Choice::Member("zhangliu".to_owned()), 50002),
        (Entry::Workspace, Choice::Member("wujiu".to_owned()), 60111),
        (Entry::Workspace, Choice::Member("hanqi".to_owned()), 60111),
        (Entry::WorkspaceConsent, Choice::Outsider, 50002),
    ] {
        let url = stage.authorization(&entering(entry.clone())).await.url;
        match arrive(&browser(&entry), &url, &choice).await {
            Err(SignInError::Refused { code: found, .. }) => assert_eq!(found, code, "{entry:?} {choice:?}"),
            other => panic!("{entry:?} {choice:?}: {other:?}"),
        }
    }
    // The in-app page outside the client asks to be opened there.
    let url = stage.authorization(&entering(Entry::Workspace)).await.url;
    assert!(arrive(&Browser::desktop(), &url, &Choice::Outsider).await.is_err());
}

#[tokio::test]
async fn sensitive_fields_come_as_far_as_admin_and_member_agree() {
    use SensitiveField::{Address, Avatar, BizMail, Email, Gender, Mobile, QrCode};
    let stand_in = Some("https://wework.qpic.cn/default/0".to_owned());
    let none = SensitiveFields {
        gender: None,
        avatar: stand_in.clone(),
        qr_code: None,
        mobile: None,
        email: None,
        business_email: None,
        address: None,
    };
    for (granted, consented, expected) in [
        (
            SensitiveField::ALL.to_vec(),
            SensitiveField::ALL.to_vec(),
            SensitiveFields {
                gender: Some("female".to_owned()),
                avatar: Some("https://wework.qpic.cn/sample/0".to_owned()),
                qr_code: Some("https://open.work.weixin.qq.com/wwopen/userQRCode?vcode=lisi".to_owned()),
                mobile: Some("13800000001".to_owned()),
                email: Some("lisi@example.com".to_owned()),
                business_email: Some("lisi@example.wecom.work".to_owned()),
                address: Some("示例路 2 号".to_owned()),
            },
        ),
        (
            vec![Mobile, Email, Avatar, Gender],
            vec![Mobile, BizMail],
            SensitiveFields { mobile: Some("13800000001".to_owned()), ..none.clone() },
        ),
        (vec![Mobile, Address, QrCode], vec![], none.clone()),
        (vec![], SensitiveField::ALL.to_vec(), none),
    ] {
        let stage = Stage::demo().await;
        let fields = granted.iter().copied().collect();
        stage.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.sensitive_fields = fields)).unwrap();
        let url = stage.authorization(&entering(Entry::WorkspaceConsent)).await.url;
        let person = Browser::client().consenting_to(&consented);
        let arrival = arrive(&person, &url, &Choice::Member("lisi".to_owned())).await.unwrap();
        let identity = member(stage.exchange(&arrival).await.unwrap());
        assert_eq!(identity.sensitive, Some(expected), "{granted:?} {consented:?}");
        stage.assert_discreet(&[]);
    }
}

#[tokio::test]
async fn a_sign_in_holds_where_its_sensitive_fields_cannot_be_read() {
    for (name, code) in
        [("expired", 84014), ("invalid", 84015), ("outside", 60021), ("not granted", 92001), ("busy", -1)]
    {
        let stage = Stage::demo().await;
        stage.control.inject(Fault::of("auth/getuserdetail", When::Always, Effect::Code(code)));
        let arrival = stage.arrive(Entry::WorkspaceConsent, "lisi").await;
        let exchange = stage.exchange(&arrival).await.unwrap();
        assert_eq!(exchange.warnings.len(), 1, "{name}");
        assert_eq!(exchange.warnings[0].code, "sensitive-fields-not-read");
        assert_eq!(member(exchange).sensitive, None);
        stage.assert_discreet(&[&arrival.code]);
    }
}

#[tokio::test]
async fn an_old_installation_has_the_older_path_and_spelling() {
    let stage = Stage::demo().await;
    stage.switchboard().respond("auth/getuserinfo", 404, "");
    for (choice, expected) in [
        (Choice::Member("lisi".to_owned()), "lisi"),
        (Choice::LinkedMember { corp: "ww9876543210abcdef".to_owned(), id: "p1".to_owned() }, "p1"),
        (Choice::Customer, ""),
    ] {
        let arrival = stage.arrive_by(&entering(Entry::Workspace), &choice).await;
        let found = match stage.exchange(&arrival).await.unwrap().outcome {
            Outcome::Member(identity) => identity.id,
            Outcome::LinkedMember(linked) => linked.id,
            Outcome::Outsider(outsider) => {
                assert!(outsider.open_id.is_some() && outsider.external_id.is_some());
                String::new()
            }
        };
        assert_eq!(found, expected);
    }
    assert_eq!(stage.control.count("user/getuserinfo").succeeded, 3);
}

#[tokio::test]
async fn the_home_page_url_is_the_documented_one() {
    let stage = Stage::demo().await;
    // The guide's own example, to the letter.
    let element = stage.reconfigured(&json!({ "redirectUri": null, "oauthBaseUrl": null }));
    assert_eq!(
        stage.heard(element.homepage_url("https://jit-dev.wanyunapp.com/whwy/yiguixue")).await.unwrap(),
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww21c67da6767865c2&redirect_uri=https%3A%2F%2F\
         jit-dev.wanyunapp.com%2Fwhwy%2Fyiguixue&response_type=code&scope=snsapi_base&state=ww21c67da6767865c2\
         &agentid=1000073#wechat_redirect"
    );
    for target in
        ["https://other.example/", "//app.example.com/", "/path", "javascript:alert(1)", "ftp://app.example.com/"]
    {
        let error = stage.heard(stage.element.homepage_url(target)).await.unwrap_err();
        let Reason::InvalidArgument(problem) = &error.reason else { panic!("{target}: {error:?}") };
        assert_eq!(problem.path, "target", "{target}");
    }
}

#[tokio::test]
async fn a_home_page_signs_in_unless_the_configuration_refuses() {
    let stage = Stage::demo().await;
    let url = stage.heard(stage.element.homepage_url(&at_domain("/app?x=1"))).await.unwrap();
    let choice = Choice::Member("lisi".to_owned());
    let arrival = arrive(&Browser::client(), &url, &choice).await.unwrap();
    let exchange = stage.exchange(&arrival).await.unwrap();
    assert_eq!((exchange.state_verified, exchange.return_to.as_deref()), (false, None));
    assert_eq!(member(exchange).id, "lisi");
    // The constant state is good for the next one as well, and for nobody else's configuration.
    let again = arrive(&Browser::client(), &url, &choice).await.unwrap();
    assert_eq!(again.state, arrival.state);
    stage.exchange(&again).await.unwrap();

    let refusing = stage.reconfigured(&json!({ "homepageState": "refuse" }));
    let third = arrive(&Browser::client(), &url, &choice).await.unwrap();
    let calls = stage.vendor_calls();
    rejected(stage.heard(refusing.exchange_code(&third.request())).await);
    assert_eq!(stage.vendor_calls(), calls, "the code was not spent");
    stage.exchange(&third).await.unwrap();
}

#[tokio::test]
async fn a_widget_has_its_parameters_and_its_state_signs_in() {
    let stage = Stage::demo().await;
    let parameters = stage.heard(stage.element.login_config(&entering(Entry::Browser))).await.unwrap();
    assert_eq!((&*parameters.application_id, &*parameters.redirect_uri), ("1000073", REDIRECT_URI));
    assert_eq!(parameters.expires_at, stage.control.now() + 600_000);
    assert!(parameters.state.bytes().all(|byte| byte.is_ascii_alphanumeric()) && parameters.state.len() >= 22);
    let arrival = stage.arrive(Entry::Browser, "lisi").await;
    let arrival = Arrival { state: parameters.state, ..arrival };
    assert!(stage.exchange(&arrival).await.unwrap().state_verified);
    // Without a redirect address there is nothing to sign in to.
    let bare = stage.reconfigured(&json!({ "redirectUri": null }));
    let error = stage.heard(bare.login_config(&entering(Entry::Browser))).await.unwrap_err();
    assert_eq!(reason_name(&error.reason), "invalid-config");
}
