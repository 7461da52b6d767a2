use url::Url;

use super::*;

#[test]
fn tokens_are_secrets_and_cursors_of_pages_are_not() {
    for (field, is_secret) in [
        ("access_token", true),
        ("refreshToken", true),
        ("token", true),
        ("user_ticket", true),
        ("client-secret", true),
        ("page_token", false),
        ("nextPageToken", false),
        ("secretary", false),
        ("token_type", false),
    ] {
        let mut state = State::default();
        state.listen(format!(r#"{{"data":[{{"{field}":"zhangsan1"}}]}}"#).as_bytes());
        assert_eq!(state.revealed_by("member zhangsan1").is_some(), is_secret, "{field}");
    }
    assert_eq!(State::default().revealed_by("secret://secret?v=1"), Some("a placeholder"));
}

#[test]
fn a_text_is_held_whole_or_not_at_all() {
    for (key, value, is_held) in [
        ("m/anna", "{}", true),
        ("m/annabelle", "{}", false),
        ("x/d1/Anna", "", true),
        ("m/anna-2", "", false),
        ("f/12", r#"{"id":"anna"}"#, true),
        ("f/12", r#"{"of":["anna"]}"#, true),
        ("f/12", r#"{"anna":1}"#, true),
        ("f/12", r#"{"name":"Joanna","note":"anna left"}"#, false),
        ("remembered", "anna", true),
        ("remembered", "joanna", false),
    ] {
        assert_eq!(holds(key, value, "anna"), is_held, "{key} {value}");
    }
}

#[test]
fn equal_paths_of_two_hosts_are_two_places() {
    let mut state = State::default();
    let [api, login] = ["https://api.example.com/token", "https://login.example.com/token"];
    for url in [api, login, api] {
        state.see("GET", &Url::parse(url).unwrap(), b"");
    }
    let calls: Vec<_> = state.places.iter().map(|(place, calls)| (&*place.origin, *calls)).collect();
    assert_eq!(calls, [("https://api.example.com", 2), ("https://login.example.com", 1)]);
}

#[test]
fn whoever_waits_is_counted_once() {
    let mut state = State::default();
    let [job, other] =
        ["/job", "/other"].map(|path| Url::parse("https://api.example.com").unwrap().join(path).unwrap());
    for (url, body) in [(&job, "1"), (&job, "1"), (&job, "1"), (&job, "2"), (&other, "2"), (&job, "1")] {
        state.see("POST", url, body.as_bytes());
    }
    assert_eq!((state.counts.requests, state.news), (6, 4));
}

#[tokio::test]
async fn a_cut_comes_once_and_not_for_a_later_call() {
    let platform = Platform::new(MemoryStorage::new(Default::default()));
    let both = async {
        tokio::join!(platform.pass(async {}), platform.pass(async {}));
    };
    assert_eq!(platform.cut_off_at(Cut { after: 0, carried_out: true }, both).await, None);
    let later = Cut { after: 9, carried_out: true };
    assert_eq!(platform.cut_off_at(later, platform.pass(async { "an answer" })).await, Some("an answer"));
}
