//! Tables for the policy: what is admitted, what is refused, and which option would admit it.

use super::*;

const ANY: &str = "whatever is needed";

/// `operator` entries; [`ANY`] stands for the mode that admits whatever is needed.
fn policy(needed: &[&str], operator: &[&str]) -> Policy {
    let written = AllowList::parse(operator.iter().filter(|entry| **entry != ANY)).unwrap();
    let operator = if operator.contains(&ANY) {
        OperatorList::whatever_is_needed_and(written)
    } else {
        OperatorList::only(written)
    };
    Policy::new("acme", AllowList::parse(needed).unwrap(), operator)
}

fn check(needed: &[&str], operator: &[&str], url: &str) -> Result<Checked, HttpError> {
    policy(needed, operator).check(Request::get(url))
}

#[test]
fn admitted() {
    // needed, operator, url, the host is written
    for (needed, operator, url, written) in [
        (&["a.example"][..], &[ANY][..], "https://a.example/x?y=1", false),
        (&["a.example"], &["a.example"], "https://a.example/", true),
        (&["a.example"], &["*.example"], "https://a.example/", false),
        (&["*.example"], &["*.example", "a.example"], "https://a.example/", true),
        (&["https://a.example:8443"], &[ANY], "https://a.example:8443/", false),
        (&["a.example"], &[ANY], "https://A.example.:443/#fragment", false),
        (&["http://a.example:8080"], &["http://a.example:8080"], "http://a.example:8080/", true),
        (&["http://a.example:8080"], &["http://*.example:8080"], "http://a.example:8080/", false),
        (&["http://127.0.0.1:9000"], &["127.0.0.1:9000"], "http://127.0.0.1:9000/", true),
        (&["http://127.0.0.1:9000"], &[ANY, "127.0.0.1:9000"], "http://127.1:9000/", true),
        (&["http://localhost:9000"], &[ANY], "http://localhost:9000/", false),
        (&["10.0.0.7:8443"], &["10.0.0.7:8443"], "https://10.0.0.7:8443/", true),
        (&["8.8.8.8"], &[ANY], "https://8.8.8.8/", false),
        (&["169.254.169.254"], &["169.254.169.254"], "https://169.254.169.254/", true),
    ] {
        let checked = check(needed, operator, url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(checked.host_is_written(), written, "{url}");
    }
}

#[test]
fn denied_with_the_option_that_would_admit_it() {
    for (needed, operator, url, option) in [
        // Nothing needed or nothing allowed denies everything.
        (&[][..], &[ANY][..], "https://a.example/", None),
        (&["a.example"], &[], "https://a.example/", Some("--allow-host a.example")),
        // Both sides must admit; the operator cannot widen what the configuration needs.
        (&["a.example"], &["b.example"], "https://a.example/", Some("--allow-host a.example")),
        (&["a.example"], &["b.example"], "https://b.example/", None),
        (&["a.example"], &[ANY], "https://a.example:8443/", None),
        (&["a.example:8443"], &["a.example"], "https://a.example:8443/", Some("--allow-host a.example:8443")),
        (&["a.example"], &[ANY], "https://a.example.evil.test/", None),
        (&["a.example"], &[ANY], "https://evil.test/?a.example", None),
        // Plain http must be written out by the operator, unless it stays on this machine.
        (&["a.example"], &[ANY], "http://a.example/", Some("--allow-host http://a.example")),
        (&["http://a.example"], &[ANY], "http://a.example/", Some("--allow-host http://a.example")),
        (&["http://a.example"], &["a.example"], "http://a.example/", Some("--allow-host http://a.example")),
        // Addresses that are not public must be written themselves.
        (&["http://127.0.0.1:9000"], &[ANY], "http://127.0.0.1:9000/", Some("--allow-host 127.0.0.1:9000")),
        (&["http://127.0.0.1:9000"], &[ANY], "http://0x7f000001:9000/", Some("--allow-host 127.0.0.1:9000")),
        (
            &["http://127.0.0.1:9000"],
            &[ANY, "127.0.0.1:9001"],
            "http://127.0.0.1:9000/",
            Some("--allow-host 127.0.0.1:9000"),
        ),
        (&["http://[::1]:9000"], &[ANY], "http://[::1]:9000/", Some("--allow-host [::1]:9000")),
        (&["10.0.0.7"], &[ANY], "https://167772167/", Some("--allow-host 10.0.0.7")),
        (&["10.0.0.7"], &[ANY], "https://012.0.0.7/", Some("--allow-host 10.0.0.7")),
        (&["169.254.169.254"], &[ANY], "https://169.254.169.254/", Some("--allow-host 169.254.169.254")),
        (&["[::ffff:10.0.0.7]"], &[ANY], "https://[::ffff:10.0.0.7]/", Some("--allow-host [::ffff:a00:7]")),
        (&["[::ffff:10.0.0.7]"], &["10.0.0.7"], "https://[::ffff:10.0.0.7]/", Some("--allow-host [::ffff:a00:7]")),
        (&["0.0.0.0"], &[ANY], "https://0/", Some("--allow-host 0.0.0.0")),
        (&["a.example"], &[ANY], "ftp://a.example/", None),
        (&["a.example"], &[ANY], "file:///etc/passwd", None),
    ] {
        let error = check(needed, operator, url).unwrap_err();
        assert_eq!(error.kind, HttpFailure::Denied { option: option.map(str::to_owned) }, "{url}: {error}");
        assert!(!error.may_have_reached_server);
        if let Some(option) = option {
            assert!(error.message.contains(option), "{error}");
        }
    }
}

#[test]
fn the_option_that_is_named_does_admit() {
    for url in ["https://a.example:8443/", "http://a.example/", "http://127.0.0.1:9000/", "https://[fd00::1]/"] {
        let needed = Destination::of(&Url::parse(url).unwrap()).unwrap();
        let needed: AllowList = [needed.into()].into_iter().collect();
        let refused = Policy::new("acme", needed.clone(), OperatorList::default()).check(Request::get(url));
        let HttpFailure::Denied { option: Some(option) } = refused.unwrap_err().kind else { panic!("{url}") };
        let written = AllowList::parse(option.strip_prefix("--allow-host ")).unwrap();
        assert!(Policy::new("acme", needed, OperatorList::only(written)).check(Request::get(url)).is_ok(), "{url}");
    }
}

#[test]
fn invalid_requests() {
    let body = |bytes| Some(Body::Bytes(vec![0; bytes]));
    for (request, said) in [
        (Request::get("a.example/x"), "invalid"),
        (Request::get("/x"), "invalid"),
        (Request::get("https://"), "invalid"),
        (Request::get("https://a.example:99999/"), "invalid"),
        (Request::get("https://a.example:0/"), "port 0"),
        (Request::get("https://me@a.example/"), "user name"),
        (Request::get("https://me:pw@a.example/"), "user name"),
        (Request::get("https://a.example\\@evil.test/"), "backslash"),
        (Request::get("https://a.exa\nmple/"), "control"),
        (Request::get("https://a.example/\r\nhost: evil"), "control"),
        (Request::get(" https://a.example/"), "space"),
        (Request::get("https://a..example/"), "host"),
        (Request::get(format!("https://a.example/{}", "x".repeat(MAX_URL_BYTES))), "at most 8192"),
        (Request::new("GET /", "https://a.example/"), "method"),
        (Request { headers: vec![("Host".into(), "b".into())], ..Request::get("https://a.example/") }, "host"),
        (Request { body: body(MAX_BODY_BYTES + 1), ..Request::get("https://a.example/") }, "at most 33554432"),
    ] {
        let shown = format!("{request:?}");
        let error = policy(&["a.example"], &[ANY]).check(request).unwrap_err();
        assert_eq!(error.kind, HttpFailure::Other("invalid-request"), "{shown}: {error}");
        assert!(error.message.contains(said), "{shown}: {error}");
        assert!(!error.may_have_reached_server);
    }
}

#[test]
fn what_is_sent_is_in_normal_form() {
    for (url, sent) in [
        ("https://A.example./x?y=1#z", "https://a.example/x?y=1"),
        ("https://a.example:443", "https://a.example/"),
        ("https://a.example/a/../b", "https://a.example/b"),
    ] {
        assert_eq!(check(&["a.example"], &[ANY], url).unwrap().url().as_str(), sent);
    }
}

#[test]
fn no_message_quotes_a_query_value() {
    for url in ["https://b.example/?code=hidden", "https://u:hidden@a.example/", "https://a.example:0/?code=hidden"] {
        let error = check(&["a.example"], &[ANY], url).unwrap_err();
        assert!(!error.message.contains("hidden"), "{error}");
    }
}

/// What becomes of a URL.
enum Fate {
    /// It may be sent, to this destination.
    Sent(&'static str),
    /// The operator would have to write this.
    Denied(&'static str),
    /// It is no URL that anybody could send; the message says so.
    Invalid(&'static str),
}

#[test]
fn every_way_to_write_a_host_is_read_as_what_it_is() {
    use Fate::{Denied, Invalid, Sent};
    // The configuration needs, and the operator admits, whatever stands here; addresses nobody wrote.
    let needed = [
        "a.example",
        "a.example:8443",
        "http://127.0.0.1",
        "127.0.0.1",
        "10.0.0.7",
        "8.8.8.8",
        "[2606:4700::1111]",
        "169.254.169.254",
        "[::1]",
        "[::ffff:7f00:1]",
        "[::7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::1]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "224.0.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "localhost",
    ];
    let policy = policy(&needed, &[ANY]);
    for (url, fate) in [
        // Names.
        ("https://a.example", Sent("https://a.example:443")),
        ("HTTPS://A.EXAMPLE/", Sent("https://a.example:443")),
        ("https://a.example./", Sent("https://a.example:443")),
        ("https://a.example../", Invalid("host")),
        ("https://.a.example/", Invalid("host")),
        ("https://a..example/", Invalid("host")),
        ("https:a.example", Sent("https://a.example:443")),
        ("https:///a.example/", Sent("https://a.example:443")),
        ("//a.example/", Invalid("invalid")),
        ("a.example", Invalid("invalid")),
        ("https://", Invalid("invalid")),
        ("https://?a.example", Invalid("invalid")),
        ("https://a_b.example@/", Invalid("invalid")),
        // Names beyond ASCII, and escapes.
        ("https://a¡.example/", Invalid("punycode")),
        ("https://A¡/", Invalid("punycode")),
        ("https://ａ.example/", Invalid("punycode")),
        ("https://a。example/", Invalid("punycode")),
        ("https://a%2eexample/", Invalid("punycode")),
        ("https://%61.example/", Invalid("punycode")),
        ("https://a.example%00.evil.test/", Invalid("punycode")),
        ("https://a.example%40evil.test/", Invalid("punycode")),
        ("https://[fe80::1%25eth0]/", Invalid("punycode")),
        // User info.
        ("https://me@a.example/", Invalid("user name")),
        ("https://:pw@a.example/", Invalid("user name")),
        ("https://@a.example/", Sent("https://a.example:443")),
        ("https://a.example@10.0.0.7/", Invalid("user name")),
        ("https://a.example:443@10.0.0.7/", Invalid("user name")),
        ("https://a.example\\@10.0.0.7/", Invalid("backslash")),
        ("https://a.example#@10.0.0.7/", Sent("https://a.example:443")),
        ("https://a.example?@10.0.0.7/", Sent("https://a.example:443")),
        // Ports.
        ("https://a.example:443/", Sent("https://a.example:443")),
        ("https://a.example:/", Sent("https://a.example:443")),
        ("https://a.example:00008443/", Sent("https://a.example:8443")),
        ("https://a.example:0/", Invalid("port 0")),
        ("https://a.example:65536/", Invalid("port")),
        ("https://a.example:+443/", Invalid("port")),
        ("https://a.example:-1/", Invalid("port")),
        ("https://a.example:443:443/", Invalid("port")),
        // IPv4, in every notation that resolvers and parsers know.
        ("https://8.8.8.8/", Sent("https://8.8.8.8:443")),
        ("https://134744072/", Sent("https://8.8.8.8:443")),
        ("https://127.0.0.1/", Denied("--allow-host 127.0.0.1")),
        ("https://127.0.0.1./", Denied("--allow-host 127.0.0.1")),
        ("http://127.1/", Denied("--allow-host 127.0.0.1")),
        ("https://2130706433/", Denied("--allow-host 127.0.0.1")),
        ("https://0x7f000001/", Denied("--allow-host 127.0.0.1")),
        ("https://0X7F.0.0.1/", Denied("--allow-host 127.0.0.1")),
        ("https://0177.0.0.1/", Denied("--allow-host 127.0.0.1")),
        ("https://017700000001/", Denied("--allow-host 127.0.0.1")),
        ("https://127.0x0.00.1/", Denied("--allow-host 127.0.0.1")),
        ("https://10.7/", Denied("--allow-host 10.0.0.7")),
        ("https://0251.0376.0251.0376/", Denied("--allow-host 169.254.169.254")),
        ("https://2852039166/", Denied("--allow-host 169.254.169.254")),
        ("https://0/", Denied("--allow-host 0.0.0.0")),
        ("https://4294967295/", Denied("--allow-host 255.255.255.255")),
        ("https://4294967296/", Invalid("IPv4")),
        ("https://127.0.0.1.1/", Invalid("IPv4")),
        ("https://127.0.0.256/", Invalid("IPv4")),
        ("https://100.64.0.1/", Denied("--allow-host 100.64.0.1")),
        ("https://224.0.0.1/", Denied("--allow-host 224.0.0.1")),
        ("https://192.0.2.1/", Denied("--allow-host 192.0.2.1")),
        ("https://198.18.0.1/", Denied("--allow-host 198.18.0.1")),
        // IPv6, and IPv4 within it.
        ("https://[2606:4700::1111]/", Sent("https://[2606:4700::1111]:443")),
        ("https://[2606:4700:0:0:0:0:0:1111]/", Sent("https://[2606:4700::1111]:443")),
        ("https://[0:0:0:0:0:0:0:1]/", Denied("--allow-host [::1]")),
        ("https://[::ffff:127.0.0.1]/", Denied("--allow-host [::ffff:7f00:1]")),
        ("https://[0:0:0:0:0:FFFF:7F00:1]/", Denied("--allow-host [::ffff:7f00:1]")),
        ("https://[::127.0.0.1]/", Denied("--allow-host [::7f00:1]")),
        ("https://[64:ff9b::127.0.0.1]/", Denied("--allow-host [64:ff9b::7f00:1]")),
        ("https://[2002:7f00:1::]/", Denied("--allow-host [2002:7f00:1::]")),
        ("https://[2001::7f00:1:0:0:0:1]/", Denied("--allow-host [2001:0:7f00:1::1]")),
        ("https://[fe80::1]/", Denied("--allow-host [fe80::1]")),
        ("https://[fd00:ec2::254]/", Denied("--allow-host [fd00:ec2::254]")),
        ("https://[ff02::1]/", Denied("--allow-host [ff02::1]")),
        ("https://[::1/", Invalid("IPv6")),
        ("https://::1/", Invalid("host")),
        ("https://[::1]evil.test/", Invalid("invalid")),
        // Schemes.
        ("ftp://a.example/", Denied("")),
        ("file://a.example/etc/passwd", Denied("")),
        ("ws://a.example/", Denied("")),
        ("data:text/plain,x", Denied("")),
        ("javascript:alert(1)", Denied("")),
    ] {
        let found = policy.check(Request::get(url));
        match (found, fate) {
            (Ok(checked), Sent(destination)) => assert_eq!(checked.destination().to_string(), destination, "{url}"),
            (Err(error), Denied(option)) => {
                let option = (!option.is_empty()).then(|| option.to_owned());
                assert_eq!(error.kind, HttpFailure::Denied { option }, "{url}: {error}");
            }
            (Err(error), Invalid(said)) => {
                assert_eq!(error.kind, HttpFailure::Other("invalid-request"), "{url}: {error}");
                assert!(error.message.contains(said), "{url}: {error}");
            }
            (Ok(checked), _) => panic!("{url} would be sent to {}", checked.destination()),
            (Err(error), Sent(_)) => panic!("{url}: {error}"),
        }
    }
}

#[test]
fn what_the_configuration_does_not_need_says_what_else_it_takes() {
    for (operator, url, option) in [
        (&[ANY][..], "https://b.example/", None),
        (&["b.example"], "https://b.example/", None),
        (&["a.example"], "https://b.example/", Some("--allow-host b.example")),
        (&[ANY], "https://10.0.0.7/", Some("--allow-host 10.0.0.7")),
        (&[ANY], "http://b.example/", Some("--allow-host http://b.example")),
    ] {
        let error = check(&["a.example"], operator, url).unwrap_err();
        assert_eq!(error.kind, HttpFailure::Denied { option: option.map(str::to_owned) }, "{url}");
        assert!(error.message.contains("is not among the hosts this configuration needs"), "{error}");
        assert!(!error.message.contains("a.example"), "what the component named is not repeated: {error}");
        assert!(option.is_none_or(|option| error.message.contains(option)), "{error}");
    }
}

#[test]
fn parts_that_are_larger_than_any_that_is_sent_are_refused_by_name() {
    let most = Sizes {
        method: header_rules::MAX_METHOD_BYTES,
        url: MAX_URL_BYTES,
        headers: header_rules::MAX_HEADERS,
        header_bytes: header_rules::MAX_HEADER_BYTES,
        body: MAX_BODY_BYTES,
    };
    demand_sizes(most).unwrap();
    for (sizes, words) in [
        (Sizes { method: most.method + 1, ..most }, "the method has 33 bytes, at most 32"),
        (Sizes { url: most.url + 1, ..most }, "the url has 8193 bytes, at most 8192"),
        (Sizes { headers: most.headers + 1, ..most }, "the request has 65 headers, at most 64"),
        (Sizes { header_bytes: most.header_bytes + 1, ..most }, "the request headers have 16385 bytes, at most 16384"),
        (Sizes { body: most.body + 1, ..most }, "the request body has 33554433 bytes"),
    ] {
        let error = demand_sizes(sizes).unwrap_err();
        assert!(error.message.contains(words), "{}", error.message);
    }
}
