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
        (&["a.example"], &[ANY], "http://a.example/", None),
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
        assert_eq!(error.kind, Failure::Denied { option: option.map(str::to_owned) }, "{url}: {error}");
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
        let Failure::Denied { option: Some(option) } = refused.unwrap_err().kind else { panic!("{url}") };
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
        assert_eq!(error.kind, Failure::Other("invalid-request"), "{shown}: {error}");
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
