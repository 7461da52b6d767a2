//! Tickets of the JS-SDK (fact sheet section 8.1).

use std::time::Duration;

use wecom_simulator::{DEMO_AGENT_ID, Secret, corp};

use crate::bed::Bed;

const CORP: &str = "get_jsapi_ticket?";
const APP: &str = "ticket/get?type=agent_config";

#[tokio::test]
async fn a_ticket_stays_the_same_while_it_is_valid() {
    let bed = Bed::start().await;
    let ticket = async |api: &str| {
        let answer = bed.app(api).await;
        assert_eq!((&answer["errcode"], &answer["expires_in"]), (&0.into(), &7200.into()), "{api}");
        answer["ticket"].as_str().unwrap().to_owned()
    };
    let (corp, app) = (ticket(CORP).await, ticket(APP).await);
    assert_ne!(corp, app);
    bed.control.advance(Duration::from_secs(7199));
    assert_eq!((ticket(CORP).await, ticket(APP).await), (corp.clone(), app.clone()));
    bed.control.advance(Duration::from_secs(1));
    assert!(ticket(CORP).await != corp && ticket(APP).await != app);
}

#[tokio::test]
async fn the_type_is_checked_and_the_assistant_has_no_ticket() {
    let bed = Bed::start().await;
    for (query, expected) in [("ticket/get?", 91040), ("ticket/get?type=jsapi", 91040), (APP, 0)] {
        assert_eq!(bed.app_code(query).await, expected, "{query}");
    }
    let token = bed.sync_token().await;
    assert_eq!(bed.get(&format!("{CORP}access_token={token}")).await["errcode"], 48002);
}

#[tokio::test]
async fn an_hour_has_so_many_tickets() {
    let bed = Bed::start().await;
    for id in 1..=4 {
        let app = corp::App::new(id, "x", Secret::new(format!("s{id}")));
        bed.control.change(|corp| corp.add_app(app)).unwrap();
    }
    let token = bed.token().await;
    let fetched = async |token: &str, calls: u32, expected: i64| {
        for call in 1..=calls {
            let api = if call % 2 == 0 { CORP.to_owned() } else { format!("{APP}&") };
            let answer = bed.get(&format!("{api}access_token={token}")).await;
            assert_eq!(answer["errcode"], expected, "call {call}");
        }
    };
    fetched(&token, 100, 0).await;
    fetched(&token, 1, 45009).await;
    // The refused call counted for the corp as well.
    for id in 1..=2 {
        fetched(&bed.token_of(&format!("s{id}")).await, 100, 0).await;
    }
    fetched(&bed.token_of("s3").await, 99, 0).await;
    fetched(&bed.token_of("s4").await, 1, 45009).await;
    bed.control.advance(Duration::from_secs(3600));
    fetched(&token, 1, 0).await;
}

#[tokio::test]
async fn a_page_is_signed_with_the_ticket_that_was_fetched() {
    let bed = Bed::start().await;
    let sign = |app| bed.control.js_signature(app, "n", 1, "https://app.example.com/");
    assert_eq!((sign(None), sign(Some(DEMO_AGENT_ID))), (None, None), "nobody has fetched one");
    bed.app(CORP).await;
    bed.app(APP).await;
    assert!(sign(None).is_some() && sign(Some(DEMO_AGENT_ID)).is_some() && sign(None) != sign(Some(DEMO_AGENT_ID)));
    bed.control.advance(Duration::from_secs(7200));
    assert_eq!(sign(None), None);
}
