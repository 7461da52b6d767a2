//! Sign-ins: who gets in, where they are led, and what pages and the log say when they fail.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn members_of_several_tenants_sign_in() {
    let bed = Bed::new().await;
    let tenants = [
        tenant(&bed, "acme", &json!({})),
        tenant(&bed, "strict", &json!({"sign_in": {"role_required": true}})),
        tenant(&bed, "企业", &json!({})),
    ];
    let file = declare(&bed, &tenants);
    let reports = bed.home().join("reports.jsonl");
    fs::write(&reports, "{\"broken\":").unwrap();
    let host = serve(&bed, &["--tenants", file.to_str().unwrap(), "--reports", reports.to_str().unwrap()]);
    assert_eq!((&host.hello["tenants"], &host.hello["unusable"]), (&json!(3), &json!([])));

    let begin = |tenant: &str| {
        let answer = host.get(&format!("/t/{tenant}/login?entry=browser&return_to=%2Fhome"), &[]);
        assert_eq!(answer.status, 302, "{answer:#?}");
        let cookie = answer.header("set-cookie").unwrap().to_owned();
        assert!(cookie.contains(&format!("Path=/t/{tenant}/;")) && cookie.contains("HttpOnly"), "{cookie}");
        (answer.header("location").unwrap().to_owned(), cookie.split(';').next().unwrap().to_owned())
    };

    let (location, cookie) = begin("acme");
    let query = sign_in(&location, "lisi").await;
    let back = format!("/t/acme/callback?{query}");
    let json_please = ("accept", "application/json");
    let answer = host.get(&back, &[("cookie", &cookie), json_please]);
    assert_eq!(answer.status, 200, "{answer:#?}");
    let view = answer.json();
    assert_eq!((&view["entry"], &view["outcome"]), (&json!("admitted"), &json!("member")));
    assert_eq!((&view["member"]["id"], &view["return_to"]), (&json!("lisi"), &json!("/home")));
    let answer = host.get(&back, &[("cookie", &cookie), ("accept", "text/html")]);
    let page = arrive(&host, "acme", &answer);
    assert!(page.body.contains("李四"), "{page:#?}");
    for (tenant, cookies) in [("acme", cookie.clone()), ("strict", answer.cookies()), ("acme", String::new())] {
        let page = host.get(&format!("/t/{tenant}/done"), &[("cookie", &cookies)]);
        assert!(page.status == 400 && !page.body.contains("李四") && page.body.contains("href=\"login\""), "{page:#?}");
    }
    assert!(page.body.contains("登录成功") && page.body.contains("href=\"/home\""), "browsers ask twice: {page:#?}");
    for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer")] {
        assert_eq!(page.header(name), Some(value));
    }

    // Another browser's code, and another tenant's state.
    let (location, cookie) = begin("acme");
    let query = sign_in(&location, "lisi").await;
    let answer = host.get(&format!("/t/acme/callback?{query}"), &[json_please]);
    assert_eq!((answer.status, &answer.json()["error"]["reason"]), (403, &json!("login-rejected")));
    let answer = host.get(&format!("/t/strict/callback?{query}"), &[("cookie", &cookie), json_please]);
    assert_eq!((answer.status, &answer.json()["error"]["reason"]), (403, &json!("login-rejected")));

    let (location, cookie) = begin("strict");
    let query = sign_in(&location, "lisi").await;
    let page = host.get(&format!("/t/strict/callback?{query}"), &[("cookie", &cookie)]);
    assert_eq!(page.status, 403);
    for words in ["您还没有此应用的角色", "You have no role in this app yet"] {
        assert!(page.body.contains(words), "{page:#?}");
    }
    let (location, _) = begin("%E4%BC%81%E4%B8%9A");
    assert!(location.starts_with(&format!("http://{}", bed.address())));

    for (path, status) in [
        ("/t/nobody/login", 404),
        ("/t/acme/login?entry=window", 400),
        ("/t/acme/login?return_to=https%3A%2F%2Fevil.example", 400),
        ("/t/acme/callback", 400),
        ("/t/acme/callback?code=a&code=b&state=c", 400),
    ] {
        assert_eq!(host.get(path, &[]).status, status, "{path}");
    }
    for (path, location) in [
        ("/t/acme", "/t/acme/login"),
        ("/t/nobody/", "/t/nobody/login"),
        ("/t/acme/callback/?code=x&state=y", "/t/acme/callback?code=x&state=y"),
    ] {
        let answer = host.get(path, &[]);
        assert_eq!((answer.status, answer.header("location")), (307, Some(location)), "{path}");
    }
    for path in ["/", "/t", "/favicon.ico", "/t/acme/other", "//evil.example/t/acme"] {
        let answer = host.get(path, &[]);
        assert_eq!(answer.status, 404, "{path}");
        for words in ["这里没有内容", "There is nothing here"] {
            assert!(answer.body.contains(words), "{path}: {answer:#?}");
        }
    }

    let health = host.get("/health", &[]);
    assert_eq!((health.status, &health.json()["ready"]), (200, &json!(true)));
    let exchanged = |outcome: &str, reason: &str| {
        let labels = format!(r#"{{function="login.exchange-code",outcome="{outcome}",reason="{reason}"}}"#);
        host.metric(&format!("org_harness_calls_total{labels}"))
    };
    assert_eq!((exchanged("answered", ""), exchanged("refused", "login-rejected")), (3.0, 2.0));
    let metrics = host.get("/metrics", &[]).body;
    assert!(metrics.ends_with("# EOF\n") && !metrics.contains("acme"), "{metrics}");

    host.signal(Signal::INT);
    assert!(host.ended().success());
    let reports = fs::read_to_string(&reports).unwrap();
    let reports = reports.strip_prefix("{\"broken\":\n").unwrap();
    let reports: Vec<Value> = reports.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let exchanges = reports.iter().filter(|report| report["function"] == "login.exchange-code");
    assert_eq!(exchanges.count(), 5);
    let log = fs::read_to_string(bed.home().join("serve.log")).unwrap();
    for text in [log, metrics, format!("{reports:?}")] {
        assert!(!text.contains(DEMO_SECRET), "a secret was shown: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_did_not_begin_here_is_refused_unless_it_is_declared() {
    let bed = Bed::new().await;
    let open = json!({"sign_in": {"homepage": true}});
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({})), tenant(&bed, "open", &open)]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let home_page = bed.run(&["homepage-url", "https://app.example.com/"]).exits(0)["url"].as_str().unwrap().to_owned();
    let client = |location: String| async move {
        let target = Browser::client().sign_in(&location, &Choice::Member("lisi".into())).await.unwrap();
        target.split_once('?').unwrap().1.to_owned()
    };
    let json_please = ("accept", "application/json");

    let query = client(home_page.clone()).await;
    let answer = host.get(&format!("/t/acme/callback?{query}"), &[json_please]);
    let view = answer.json();
    assert_eq!((answer.status, &view["entry"]), (403, &json!("not-begun-here")));
    let fields: Vec<&String> = view.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["entry", "hint"], "it reveals whose code it was: {view}");
    let declared = r#""sign_in": {"homepage": true}"#;
    assert!(view["hint"].as_str().unwrap().contains(declared), "{view}");
    let page = host.get(&format!("/t/acme/callback?{query}"), &[]);
    assert_eq!(page.status, 403);
    for words in ["不是从这里发起的", "did not begin here", "href=\"login\""] {
        assert!(page.body.contains(words), "{words} is not in {page:#?}");
    }
    assert!(!page.body.contains("李四"), "it reveals whose code it was: {page:#?}");
    let log = fs::read_to_string(bed.home().join("serve.log")).unwrap();
    assert!(log.contains("a sign-in was refused") && log.contains("homepage"), "{log}");

    // Where the page leads: the same client, and nobody is asked anything.
    let in_client = ("user-agent", "Mobile WXWork/4.1 MicroMessenger");
    let answer = host.get("/t/acme/login", &[in_client]);
    let cookie = cookie_of(&answer);
    let query = client(answer.header("location").unwrap().to_owned()).await;
    let view = host.get(&format!("/t/acme/callback?{query}"), &[("cookie", &cookie), json_please]).json();
    assert_eq!((&view["entry"], &view["state_verified"]), (&json!("admitted"), &json!(true)));

    let query = client(home_page).await;
    let view = host.get(&format!("/t/open/callback?{query}"), &[json_please]).json();
    assert_eq!((&view["entry"], &view["state_verified"]), (&json!("admitted"), &json!(false)));
    assert_eq!(view["hint"], json!(null));
}

/// A stranger can begin at the workspace door and pass the way back on.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_ends_in_another_browser_is_confirmed_by_its_person_or_refused() {
    let bed = Bed::new().await;
    let strict = json!({"sign_in": {"same_browser": true}});
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({})), tenant(&bed, "strict", &strict)]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let json_please = ("accept", "application/json");
    let passed_on = async |tenant: &str| {
        let (location, cookie) = begin(&host, &format!("/t/{tenant}/login?entry=workspace&return_to=%2Fhome"));
        let target = Browser::client().sign_in(&location, &Choice::Member("lisi".into())).await.unwrap();
        (format!("/t/{tenant}/callback?{}", target.split_once('?').unwrap().1), cookie)
    };

    // Where it began nobody is asked, and another sign-in of the same browser does not change that.
    for tenant in ["acme", "strict"] {
        let (back, cookie) = passed_on(tenant).await;
        let cookie = cookie_of(&host.get(&format!("/t/{tenant}/login"), &[("cookie", &cookie)]));
        let view = host.get(&back, &[("cookie", &cookie), json_please]).json();
        assert_eq!((&view["entry"], &view["member"]["id"]), (&json!("admitted"), &json!("lisi")), "{view}");
    }

    let (back, _) = passed_on("acme").await;
    let (_, elsewhere) = begin(&host, "/t/acme/login?entry=workspace");
    let page = host.get(&back, &[("cookie", &elsewhere)]);
    assert_eq!(page.status, 403);
    for words in ["以 李四 的身份继续登录？", "Continue as 李四?", "<form method=\"post\">"] {
        assert!(page.body.contains(words), "{words} is not in {page:#?}");
    }
    let view = host.get(&back, &[json_please]);
    let mine = cookie_of(&view);
    let view = view.json();
    assert_eq!((&view["entry"], &view["confirmation"]["name"]), (&json!("to-be-confirmed"), &json!("李四")));
    assert_eq!(view["member"], json!(null), "{view}");
    let field = |name: &str| view["confirmation"][name].as_str().unwrap();
    let form =
        Serializer::new(String::new()).append_pair("who", field("who")).append_pair("seal", field("seal")).finish();
    for (form, cookies) in
        [(&form, vec![]), (&form, vec![("cookie", &*elsewhere)]), (&String::new(), vec![("cookie", &*mine)])]
    {
        let answer = host.post(&back, &cookies, form);
        assert!(answer.status == 400 && !answer.body.contains("李四"), "{answer:#?}");
    }
    assert_eq!(host.post("/t/strict/callback", &[("cookie", &mine)], &form).status, 400, "it is of another tenant");
    let page = arrive(&host, "acme", &host.post(&back, &[("cookie", &mine)], &form));
    assert!(page.body.contains("李四") && page.body.contains("href=\"/home\""), "{page:#?}");
    let view = host.post(&back, &[("cookie", &mine), json_please], &form).json();
    assert_eq!((&view["entry"], &view["member"]["id"]), (&json!("admitted"), &json!("lisi")), "{view}");

    let (back, _) = passed_on("strict").await;
    let answer = host.get(&back, &[json_please]);
    assert_eq!((answer.status, &answer.json()), (403, &json!({"entry": "other-browser", "hint": null})));
    let page = host.get(&back, &[]);
    assert!(page.status == 403 && page.body.contains("another browser") && !page.body.contains("李四"), "{page:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_follow_the_address_that_the_operator_names() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let public = "https://app.example.com/org";
    let host = serve(&bed, &["--tenants", file.to_str().unwrap(), "--public-url", public]);
    assert_eq!(host.hello["public_url"], json!(public));
    // The request itself says that it is for this machine, where nothing need be secure.
    let cookie = host.get("/t/acme/login", &[]).header("set-cookie").unwrap().to_owned();
    assert!(cookie.starts_with("__Secure-") && cookie.contains("; Path=/org/t/acme/;"), "{cookie}");
    assert!(cookie.ends_with("; Secure"), "{cookie}");

    let refused = bed.run_plain(&["--format", "json", "serve", "--public-url", "http://app.example.com"]);
    let error = refused.fails(2, "usage");
    assert!(error["message"].as_str().unwrap().contains("write https"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_concerns_the_administrator_stands_in_the_log_alone() {
    let bed = Bed::new().await;
    let mut configuration = bed.configuration();
    configuration["secret"] = json!("b2xkIHNlY3JldCBvZiB0aGUgYXBwLCBsb25nIGdvbmUu");
    let element = json!({"element": {"name": "org", "configuration": configuration}});
    let file = declare(&bed, &[tenant(&bed, "acme", &element)]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let answer = host.get("/t/acme/login", &[]);
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let query = sign_in(answer.header("location").unwrap(), "lisi").await;
    let answer = host.get(&format!("/t/acme/callback?{query}"), &[("cookie", &cookie), ("accept", "application/json")]);
    let error = &answer.json()["error"];
    assert_eq!((answer.status, &error["reason"], &error["vendor_code"]), (502, &json!("not-set-up"), &json!(null)));
    for shown in [answer.body.as_str(), &host.get(&format!("/t/acme/callback?{query}"), &[("cookie", &cookie)]).body] {
        assert!(!shown.contains("40001") && !shown.contains("gettoken"), "{shown}");
    }
    let log = fs::read_to_string(bed.home().join("serve.log")).unwrap();
    assert!(log.contains("a sign-in needs the administrator") && log.contains("credentials-refused"), "{log}");
}

/// A panic may quote whatever the component had at hand; engineers read it in the log, and nobody on a page.
#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_a_panic_stand_in_the_log_alone() {
    let bed = Bed::new().await;
    let words = "thread 'main' panicked at login.rs:1:2: no member Wanderer";
    let mut tenants = Vec::new();
    for (name, export) in [("begin", "login@0.1.0#authorization-url"), ("end", "login@0.1.0#exchange-code")] {
        let file = bed.home().join(format!("{name}.wasm"));
        let component = Guest::default().panics(export, words.as_bytes()).build();
        fs::write(&file, &component).unwrap();
        let pin = json!({"file": file, "sha256": Digest::of(&component).to_string()});
        tenants.push(tenant(&bed, name, &json!({"component": pin})));
    }
    let file = declare(&bed, &tenants);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    for path in ["/t/begin/login", "/t/begin/login?entry=workspace", "/t/end/callback?code=a&state=b"] {
        for accept in ["text/html", "application/json"] {
            let answer = host.get(path, &[("accept", accept)]);
            assert_eq!(answer.status, 503, "{path}: {answer:#?}");
            assert!(answer.body.contains("sign-in is not possible just now"), "{path}: {answer:#?}");
            for part in ["panicked", "Wanderer", "login.rs", "unreachable", "wrote"] {
                assert!(!format!("{answer:?}").contains(part), "{path}: {answer:#?}");
            }
        }
    }
    let log = fs::read_to_string(bed.home().join("serve.log")).unwrap();
    for function in ["login.authorization-url", "login.exchange-code"] {
        let told = log.lines().any(|line| line.contains(function) && line.contains(words));
        assert!(told, "{function}: {log}");
    }
}

/// A component whose `exchange-code` answers this: bytes at addresses, and a text at 4096 of which address and length stand at
/// the last.
fn exchanging(bytes: &[(u32, u32)], text: &str, at: u32) -> Guest {
    let store = |kind: &str, (place, value): (u32, u32)| format!("i32.const {place} i32.const {value} i32.{kind} ");
    let length = u32::try_from(text.len()).unwrap();
    let mut body: String = bytes.iter().map(|&byte| store("store8", byte)).collect();
    body.push_str(&(store("store", (at, 4096)) + &store("store", (at + 4, length)) + "i32.const 0"));
    let text: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let data = format!("(data (i32.const 4096) \"{text}\")");
    Guest::default().items(&data).with("login@0.1.0#exchange-code", &body)
}

/// Tenants with components of their own.
fn declare_guests(bed: &Bed, guests: Vec<(&str, Guest)>) -> PathBuf {
    let tenants: Vec<Value> = guests
        .into_iter()
        .map(|(name, guest)| {
            let (file, component) = (bed.home().join(format!("{name}.wasm")), guest.build());
            fs::write(&file, &component).unwrap();
            let pin = json!({"file": file, "sha256": Digest::of(&component).to_string()});
            tenant(bed, name, &json!({"component": pin}))
        })
        .collect();
    declare(bed, &tenants)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_that_leaves_the_site_is_not_followed() {
    let bed = Bed::new().await;
    // A member within the visible range, with a way back and a state that was verified.
    let returning = |path: &str| exchanging(&[(49, 1), (140, 1), (152, 1)], path, 144);
    let file =
        declare_guests(&bed, vec![("obeys", returning("/home")), ("violates", returning("//evil.example/home"))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    for (name, expected) in [("obeys", json!("/home")), ("violates", json!(null))] {
        // Its state is empty, as all that it answers but for the bytes above.
        let (_, cookie) = begin(&host, &format!("/t/{name}/login"));
        let back = format!("/t/{name}/callback?code=a&state=");
        let view = host.get(&back, &[("cookie", &cookie), ("accept", "application/json")]).json();
        assert_eq!((&view["entry"], &view["return_to"]), (&json!("admitted"), &expected), "{name}");
        let page = arrive(&host, name, &host.get(&back, &[("cookie", &cookie)]));
        assert_eq!(page.body.contains("href"), expected.is_string(), "{name}: {page:#?}");
        assert!(!page.body.contains("evil"), "{page:#?}");
    }
    let log = fs::read_to_string(bed.home().join("serve.log")).unwrap();
    assert!(log.contains("a way back that leaves this site") && !log.contains("obeys"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_quote_what_concerns_the_person_and_nothing_internal() {
    let bed = Bed::new().await;
    // Two lines, of which the second would be one of the log's own.
    let words = "no connection\nWARN to http://10.1.2.3:8080";
    let refusing = |reason| exchanging(&[(0, 1), (8, reason)], words, 56);
    let guests = vec![
        ("rejected", refusing(3)),
        ("not-found", refusing(4)),
        ("rate-limited", refusing(6)),
        ("unavailable", refusing(7)),
        ("budget-exhausted", refusing(8)),
        ("conflict", refusing(9)),
    ];
    let file = declare_guests(&bed, guests);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    for (name, status) in
        [("not-found", 404), ("rate-limited", 429), ("unavailable", 503), ("budget-exhausted", 503), ("conflict", 503)]
    {
        let back = format!("/t/{name}/callback?code=a&state=b");
        let (page, json) = (host.get(&back, &[]), host.get(&back, &[("accept", "application/json")]));
        assert_eq!((page.status, &json.json()["error"]["reason"]), (status, &json!(name)));
        for shown in [&page.body, &json.body] {
            assert!(!shown.contains("10.1.2.3") && shown.contains("sign-in is not possible just now"), "{shown}");
        }
    }
    let log = fs::read_to_string(bed.home().join("serve.log")).unwrap();
    assert_eq!(
        log.lines().filter(|line| line.contains("a sign-in did not succeed") && line.contains("10.1.2.3")).count(),
        10
    );

    // What the person has to know, and the way on.
    let page = host.get("/t/rejected/callback?code=a&state=b", &[]);
    assert_eq!(page.status, 403);
    assert!(page.body.contains(words) && page.body.contains("href=\"login\""), "{page:#?}");
}

/// What a member reads out to an administrator.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_refuses_shows_a_reference_that_stands_in_the_log() {
    let bed = Bed::new().await;
    let refusing = |reason| exchanging(&[(0, 1), (8, reason)], "words", 56);
    // A member outside of the visible range.
    let hidden = exchanging(&[(152, 1)], "/", 144);
    let guests = vec![("rejected", refusing(3)), ("unavailable", refusing(7)), ("hidden", hidden)];
    let panics = Guest::default().panics("login@0.1.0#exchange-code", b"gone");
    let file = declare_guests(&bed, guests.into_iter().chain([("panics", panics)]).collect());
    let host = serve(&bed, &["-v", "--tenants", file.to_str().unwrap()]);
    for (name, status) in [("rejected", 403), ("unavailable", 503), ("hidden", 403), ("panics", 503)] {
        let page = host.get(&format!("/t/{name}/callback?code=a&state="), &[]);
        assert_eq!(page.status, status, "{name}: {page:#?}");
        let (_, rest) = page.body.split_once("参考号 reference: ").unwrap_or_else(|| panic!("{name}: {page:#?}"));
        let reference = rest.split('<').next().unwrap();
        assert!((5..30).contains(&reference.len()), "{reference}");
        let log = fs::read_to_string(bed.home().join("serve.log")).unwrap();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(reference)).collect();
        assert!(lines.iter().any(|line| line.contains("a sign-in ")), "{name}: {reference} is not in {log}");
    }
    let refused = host.get("/t/unavailable/callback?code=a&state=b", &[("accept", "application/json")]).json();
    let reference = refused["error"]["reference"].as_str().unwrap();
    assert!(fs::read_to_string(bed.home().join("serve.log")).unwrap().contains(reference));
    let nobody = host.get("/t/nobody/login", &[]);
    assert!(!nobody.body.contains("reference"), "no line stands in the log: {nobody:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_begins_by_the_entry_that_works_where_the_person_is() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let (scan, silent) = ("/wwlogin/sso/login?", "/connect/oauth2/authorize?");
    for (entry, browser, expected) in [
        ("", Some("Mozilla/5.0 (Linux; Android 12) Mobile wxwork/4.1.22 MicroMessenger/7.0.1"), silent),
        ("", Some("Mozilla/5.0 (Windows NT 10.0) WXWork/4.1"), silent),
        ("", Some("Mozilla/5.0 (iPhone) MicroMessenger/8.0"), silent),
        ("", Some("Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"), scan),
        ("", None, scan),
        ("?entry=browser", Some("wxwork"), scan),
        ("?entry=workspace", Some("Firefox"), silent),
    ] {
        let headers: Vec<(&str, &str)> = browser.map(|browser| ("user-agent", browser)).into_iter().collect();
        let answer = host.get(&format!("/t/acme/login{entry}"), &headers);
        let location = answer.header("location").unwrap_or_else(|| panic!("{answer:#?}"));
        assert!(location.contains(expected), "{entry} {browser:?}: {location}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "another browser may be led elsewhere");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_looks_at_an_address_spends_nothing() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let begun = host.get("/t/acme/login", &[]);
    let cookie = begun.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let query = sign_in(begun.header("location").unwrap(), "lisi").await;
    let calls = || host.get("/metrics", &[]).body.lines().filter(|line| line.contains("function=\"login.")).count();
    let before = calls();
    for path in ["/t/acme/login?entry=workspace".to_owned(), format!("/t/acme/callback?{query}")] {
        let answer = host.ask("HEAD", &path, &[("cookie", &cookie)]);
        assert_eq!((answer.status, answer.header("location"), answer.header("set-cookie")), (200, None, None));
        for (name, value) in [("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("x-moz", "prefetch")] {
            let answer = host.get(&path, &[("cookie", &cookie), (name, value)]);
            assert_eq!((answer.status, answer.header("set-cookie")), (503, None), "{name}: {answer:#?}");
        }
    }
    assert_eq!(calls(), before);
    let answer = host.get(&format!("/t/acme/callback?{query}"), &[("cookie", &cookie), ("sec-fetch-mode", "navigate")]);
    assert_eq!(answer.status, 303, "the code is as good as before: {answer:#?}");
    assert_eq!(host.ask("HEAD", "/health", &[]).status, 200);
}
