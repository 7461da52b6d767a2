//! Signing in: a state is good once, in the browser and for the time it was made for, and leads nowhere else.

use std::time::Duration;

use organisation_host::contract::{
    login::{AuthorizationRequest, Entry, Exchange, ExchangeRequest, Identity, Outcome},
    types::{Error, Reason},
};
use system_tests::{
    Stage, TestVendor,
    sign_in::{Arrival, entering},
    sync::PLAIN,
};

for_each_vendor! {
    a_sign_in_says_who_came_and_where_they_stand,
    somebody_who_left_the_copy_is_no_member_of_the_directory,
    a_repeated_callback_has_the_same_outcome_for_thirty_seconds,
    what_is_expired_or_made_up_is_rejected,
    a_state_is_good_once_whatever_the_code,
    what_cannot_have_come_from_the_vendor_is_an_invalid_argument,
    a_bound_browser_is_asked_for_again,
    a_widget_is_bound_and_leads_on_like_a_page,
    whoever_signs_in_reads_their_own_language,
    no_address_leads_off_the_site,
}

pub(crate) fn member(exchange: Exchange) -> Identity {
    match exchange.outcome {
        Outcome::Member(identity) => identity,
        other => panic!("{other:?}"),
    }
}

fn rejected(refused: Result<Exchange, Error>) -> Error {
    let error = refused.unwrap_err();
    assert_eq!(error.reason, Reason::LoginRejected, "{error:?}");
    assert!(error.hint.is_some(), "{error:?}");
    error
}

async fn arrive<V: TestVendor>(stage: &Stage<V>, id: &str) -> Arrival {
    stage.arrive_from(&entering(Entry::Browser), id).await
}

async fn a_sign_in_says_who_came_and_where_they_stand<V: TestVendor>() {
    for is_synced in [false, true] {
        let stage = Stage::<V>::sample().await;
        if is_synced {
            stage.complete(&PLAIN).await;
        }
        let return_to = Some("/orders?id=7#top".to_owned());
        let request = AuthorizationRequest { return_to: return_to.clone(), ..entering(Entry::Browser) };
        let arrival = stage.arrive_from(&request, "lisi").await;
        let exchange = stage.exchange(&arrival).await.unwrap();
        assert!(exchange.state_verified && exchange.warnings.is_empty(), "{exchange:?}");
        assert_eq!(exchange.return_to, return_to);
        let expected = Identity {
            id: "lisi".to_owned(),
            name: Some("李四".to_owned()),
            departments: vec![V::unit_id(21)],
            roles: Vec::new(),
            in_directory: is_synced,
            in_visible_range: true,
            sensitive: None,
        };
        assert_eq!(member(exchange), expected);
        stage.assert_discreet(&[&arrival.code, &arrival.state]);
    }
}

async fn somebody_who_left_the_copy_is_no_member_of_the_directory<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    let person = system_tests::Company::sample().people.remove(6);
    stage.control.take_away(&person.id);
    stage.complete(&PLAIN).await;
    stage.control.add_person(&person);
    let arrival = arrive(&stage, &person.id).await;
    let identity = member(stage.exchange(&arrival).await.unwrap());
    assert_eq!((identity.in_directory, identity.in_visible_range), (false, true), "no sync has seen them come back");
}

async fn a_repeated_callback_has_the_same_outcome_for_thirty_seconds<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let arrival = arrive(&stage, "lisi").await;
    let first = stage.exchange(&arrival).await.unwrap();
    stage.advance(Duration::from_secs(29));
    assert_eq!(stage.exchange(&arrival).await.unwrap(), first);
    assert_eq!(stage.control.code_calls(), 1);
    stage.advance(Duration::from_secs(1));
    rejected(stage.exchange(&arrival).await);
    assert_eq!(stage.control.code_calls(), 1, "the spent state is known without asking");

    // A refusal is repeated just the same.
    let arrival = Arrival { code: "made-up".to_owned(), ..arrive(&stage, "lisi").await };
    let refusal = rejected(stage.exchange(&arrival).await);
    assert_eq!(rejected(stage.exchange(&arrival).await), refusal);
    assert_eq!(stage.control.code_calls(), 2);
}

async fn what_is_expired_or_made_up_is_rejected<V: TestVendor>() {
    type Spoil<V> = fn(&Stage<V>, Arrival) -> Arrival;
    let rows: [(&str, Spoil<V>, u64); 4] = [
        ("an unknown state", |_, arrival| Arrival { state: "A".repeat(22), ..arrival }, 0),
        ("a state of ten minutes ago", |stage, arrival| after(stage, 600, arrival), 0),
        ("a code of five minutes ago", |stage, arrival| after(stage, 300, arrival), 1),
        ("an unknown code", |_, arrival| Arrival { code: "made-up".to_owned(), ..arrival }, 1),
    ];
    for (name, spoil, calls) in rows {
        let stage = Stage::<V>::sample().await;
        let arrival = spoil(&stage, arrive(&stage, "lisi").await);
        rejected(stage.exchange(&arrival).await);
        assert_eq!(stage.control.code_calls(), calls, "{name}");
        stage.assert_discreet(&[&arrival.code, &arrival.state]);
    }
}

fn after<V: TestVendor>(stage: &Stage<V>, seconds: u64, arrival: Arrival) -> Arrival {
    stage.advance(Duration::from_secs(seconds));
    arrival
}

async fn a_state_is_good_once_whatever_the_code<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let first = arrive(&stage, "lisi").await;
    let second = arrive(&stage, "wangwu").await;
    assert_eq!(member(stage.exchange(&first).await.unwrap()).id, "lisi");
    // Somebody else's code with a state that is spent: neither the old outcome nor a new one.
    rejected(stage.exchange(&Arrival { code: second.code.clone(), state: first.state.clone() }).await);
    assert_eq!(member(stage.exchange(&second).await.unwrap()).id, "wangwu", "the code was not touched");
    // A code that was spent with another state.
    let third = arrive(&stage, "lisi").await;
    let calls = stage.control.code_calls();
    rejected(stage.exchange(&Arrival { code: first.code, state: third.state }).await);
    assert_eq!(stage.control.code_calls(), calls + 1);
}

async fn what_cannot_have_come_from_the_vendor_is_an_invalid_argument<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let request = |code: &str, state: &str, binding: Option<&str>| ExchangeRequest {
        browser_binding: binding.map(str::to_owned),
        ..ExchangeRequest::new(code, state)
    };
    let long = "x".repeat(513);
    for (request, path) in [
        (request("", "state", None), "code"),
        (request("with space", "state", None), "code"),
        (request(&long, "state", None), "code"),
        (request("code", "", None), "state"),
        (request("code", "st-ate", None), "state"),
        (request("code", "state", Some("")), "browser-binding"),
    ] {
        let error = stage.heard(stage.element.exchange_code(&request)).await.unwrap_err();
        let Reason::InvalidArgument(problem) = &error.reason else { panic!("{error:?}") };
        assert_eq!(problem.path, path);
    }
    assert_eq!(stage.vendor_calls(), 0);
}

async fn a_bound_browser_is_asked_for_again<V: TestVendor>() {
    for (given, presented, is_admitted) in [
        (Some("cookie-hash"), Some("cookie-hash"), true),
        (Some("cookie-hash"), Some("another"), false),
        (Some("cookie-hash"), None, false),
        (None, Some("another"), true),
        (None, None, true),
    ] {
        let stage = Stage::<V>::sample().await;
        let binding = given.map(str::to_owned);
        let request = AuthorizationRequest { browser_binding: binding.clone(), ..entering(Entry::Browser) };
        let arrival = stage.arrive_from(&request, "lisi").await;
        let request = ExchangeRequest { browser_binding: presented.map(str::to_owned), ..arrival.request() };
        let outcome = stage.heard(stage.element.exchange_code(&request)).await;
        assert_eq!(outcome.is_ok(), is_admitted, "{given:?} {presented:?}");
        if !is_admitted {
            rejected(outcome);
            // Guessing did not spend the sign-in of the person it belongs to.
            let request = ExchangeRequest { browser_binding: binding, ..arrival.request() };
            stage.heard(stage.element.exchange_code(&request)).await.unwrap();
        }
    }
}

async fn no_address_leads_off_the_site<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let refused = async |request: AuthorizationRequest, path: &str| {
        let error = stage.heard(stage.element.authorization_url(&request)).await.unwrap_err();
        let Reason::InvalidArgument(problem) = &error.reason else { panic!("{request:?}: {error:?}") };
        assert_eq!(problem.path, path, "{request:?}");
    };
    for return_to in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/%2Fevil.example",
        "/%252Fevil.example",
        "/a\r\nset-cookie: x",
        "/%0d%0aset-cookie:x",
        "javascript:alert(1)",
        "orders",
        "",
    ] {
        let return_to = Some(return_to.to_owned());
        refused(AuthorizationRequest { return_to, ..entering(Entry::Browser) }, "return-to").await;
    }
    for redirect_uri in [
        "https://evil.example/login",
        "https://app.example.com.evil.example/",
        "https://evil.example@app.example.com/",
        "https://app.example.com:8443/login",
        "http://app.example.com/login",
        "https://app.example.com\\@evil.example/",
        "/login",
        "",
    ] {
        let redirect_uri = Some(redirect_uri.to_owned());
        refused(AuthorizationRequest { redirect_uri, ..entering(Entry::Browser) }, "redirect-uri").await;
    }
    let error = stage.heard(stage.element.authorization_url(&entering(Entry::Other("face".to_owned())))).await;
    let error = error.unwrap_err();
    assert_eq!(error.reason, Reason::Unsupported);
    assert!(error.hint.is_some(), "{error:?}");
    assert_eq!(stage.usage().await.items, 0, "nothing was stored for what was refused");
}

async fn a_widget_is_bound_and_leads_on_like_a_page<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let (cookie, path) = (Some("hash-of-a-cookie".to_owned()), Some("/orders".to_owned()));
    let bare = entering(Entry::Browser);
    let bound = AuthorizationRequest { browser_binding: cookie.clone(), return_to: path.clone(), ..bare.clone() };
    let widget = stage.heard(stage.element.login_config(&bound)).await.unwrap();
    let arrival = Arrival { state: widget.state, ..arrive(&stage, "lisi").await };
    rejected(stage.exchange(&arrival).await);
    let request = ExchangeRequest { browser_binding: cookie, ..arrival.request() };
    let exchange = stage.heard(stage.element.exchange_code(&request)).await.unwrap();
    assert_eq!((exchange.state_verified, exchange.return_to), (true, path));

    let refused = async |request: AuthorizationRequest| {
        stage.heard(stage.element.login_config(&request)).await.unwrap_err().reason
    };
    assert_eq!(
        refused(entering(Entry::Workspace)).await,
        Reason::Unsupported,
        "a widget stands on a page of a browser"
    );
    let elsewhere = AuthorizationRequest { return_to: Some("//elsewhere.example".to_owned()), ..bare };
    assert!(matches!(refused(elsewhere).await, Reason::InvalidArgument(_)));
}

async fn whoever_signs_in_reads_their_own_language<V: TestVendor>() {
    // The element is configured for English.
    let stage = Stage::<V>::sample().await;
    for (language, expected) in [(None, "sign-in"), (Some("zh-CN"), "登录"), (Some("de"), "sign-in")] {
        let language = language.map(str::to_owned);
        let unknown =
            ExchangeRequest { language: language.clone(), ..ExchangeRequest::new("code", "Unknown2222222222222222") };
        let error = rejected(stage.heard(stage.element.exchange_code(&unknown)).await);
        assert!(error.message.contains(expected), "{language:?}: {error:?}");
        // Both vendors send a state with every code.
        let without = ExchangeRequest { state: None, ..unknown };
        let error = stage.heard(stage.element.exchange_code(&without)).await.unwrap_err();
        assert!(matches!(&error.reason, Reason::InvalidArgument(problem) if problem.path == "state"), "{error:?}");
        assert!(error.message.contains(expected), "{language:?}: {error:?}");
    }
}
