use serde_json::json;

use super::*;

fn problems(tenant: Value) -> Vec<String> {
    let text = json!({"tenants": [tenant]}).to_string();
    let problems = read_all(&text, Path::new("/base")).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_declaration_is_read() {
    let text = json!({"tenants": [{
        "name": "acme", "element": "elements/acme",
        "component": {"file": "/opt/org.wasm", "sha256": "AB".repeat(32)},
        "grants": {"variables": ["ACME_SECRET"], "hosts": ["127.0.0.1:7080"]},
        "limits": {"cpu_ms": 5000}, "quota": {"items": 1000},
        "share": {"weight": 2, "parallel_calls": 8}, "sync": {"every": "1h30m"}, "sign_in": {"role_required": true, "homepage": true, "same_browser": true},
    }, {"name": "plain", "element": {"name": "org", "configuration": {"a": 1}}}]});
    let read = read_all(&text.to_string(), Path::new("/base")).unwrap();
    let [acme, plain] = &read[..] else { panic!("{read:?}") };
    assert!(matches!(&acme.element, Described::Folder(path) if path == Path::new("/base/elements/acme")));
    let pin = acme.component.as_ref().unwrap();
    assert_eq!((&*pin.file, pin.digest.unwrap().to_string()), (Path::new("/opt/org.wasm"), "ab".repeat(32)));
    assert_eq!((acme.limits.cpu_ms, acme.limits.wall_ms), (5_000, Limits::default().wall_ms));
    assert_eq!(acme.quota.unwrap(), Quota::default().items(1_000));
    assert_eq!(acme.concurrency, Concurrency::default().weight(2).calls(8));
    assert_eq!(acme.period, Some(Duration::from_mins(90)));
    assert_eq!(acme.sign_in, SignIn { role_required: true, homepage: true, same_browser: true });
    assert_eq!((plain.period, plain.quota), (None, None));
    assert_eq!(plain.sign_in, SignIn { role_required: false, homepage: false, same_browser: false });
    assert!(matches!(&plain.element, Described::Inline { name, .. } if name == "org"));
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let inline = json!({"name": "org", "configuration": {}});
    for (tenant, expected) in [
        (json!([]), "tenants.0: is an array, expected an object"),
        (json!({"element": inline}), "tenants.0.name: is missing"),
        (json!({"name": "(host)", "element": inline}), "tenants.0.name: begins with '('"),
        (json!({"name": "", "element": inline}), "tenants.0.name: has 0 bytes"),
        (json!({"name": "a\n", "element": inline}), "tenants.0.name: has a control character"),
        (json!({"name": "a"}), "tenants.0.element: is missing"),
        (json!({"name": "a", "element": 1}), "tenants.0.element: is a number"),
        (json!({"name": "a", "element": {"name": "org"}}), "tenants.0.element.configuration: is missing"),
        (json!({"name": "a", "element": {"name": "org", "config": {}}}), "tenants.0.element.config: is no known key"),
        (
            json!({"name": "a", "element": inline, "limit": {}}),
            r#"tenants.0.limit: is no known key; did you mean "limits"?"#,
        ),
        (
            json!({"name": "a", "element": inline, "limits": {"cpu": 1}}),
            r#"tenants.0.limits.cpu: is no known limit; did you mean "cpu_ms"?"#,
        ),
        (json!({"name": "a", "element": inline, "limits": {"cpu_ms": "1"}}), "limits.cpu_ms: is a text"),
        (json!({"name": "a", "element": inline, "grants": {"hosts": ["*"]}}), "grants.hosts: allow-list entry"),
        (
            json!({"name": "a", "element": inline, "grants": {"hosts": ["https%3A%2F%2Fapi.example.com"]}}),
            "it is percent-encoded; write https://api.example.com",
        ),
        (
            json!({"name": "a", "element": inline, "grants": {"hosts": ["https://api.example.com/cgi-bin/"]}}),
            "more than scheme, host and port; write https://api.example.com",
        ),
        (json!({"name": "a", "element": inline, "grants": {"hosts": [1]}}), "grants.hosts.0: is a number"),
        (json!({"name": "a", "element": inline, "component": {"file": "f", "sha256": "12"}}), "sha256"),
        (json!({"name": "a", "element": inline, "component": {}}), "component.file: is missing"),
        (json!({"name": "a", "element": inline, "sync": {"every": "soon"}}), "sync.every: is no duration"),
        (json!({"name": "a", "element": inline, "sync": {"every": "1ms"}}), "sync.every: is too short"),
        (json!({"name": "a", "element": inline, "sync": {}}), "sync.every: is missing"),
        (json!({"name": "a", "element": inline, "share": {"weight": 0}}), "share.weight: is 0"),
        (json!({"name": "a", "element": inline, "share": {"parallel_calls": 1}}), "share.parallel_calls: is 1"),
        (json!({"name": "a", "element": inline, "quota": {"items": -1}}), "quota.items: is -1"),
        (
            json!({"name": "a", "element": inline, "sign_in": {"role_required": 1}}),
            "sign_in.role_required: is a number",
        ),
        (json!({"name": "a", "element": inline, "sign_in": {"home_page": true}}), r#"did you mean "homepage"?"#),
        (
            json!({"name": "a", "element": inline, "role_required": true}),
            r#"tenants.0.role_required: does not stand here: write "sign_in": {"role_required": …}"#,
        ),
    ] {
        let found = problems(tenant.clone());
        assert!(found.iter().any(|problem| problem.contains(expected)), "{tenant}: {found:?}");
    }
}

#[test]
fn what_a_component_that_may_change_may_reach_is_said() {
    let (pinned, open) = (json!({"file": "f", "sha256": "00".repeat(32)}), json!({"file": "f"}));
    for (component, grants, is_sound) in [
        (json!(null), json!(null), true),
        (pinned.clone(), json!(null), true),
        (pinned, json!({"hosts": ["files.example.com"]}), true),
        (open.clone(), json!(null), false),
        (open.clone(), json!({}), false),
        (open.clone(), json!({"hosts": ["files.example.com"], "only_these_hosts": null}), false),
        (open.clone(), json!({"only_these_hosts": false}), true),
        (open, json!({"only_these_hosts": true}), true),
    ] {
        let tenant = json!({"name": "a", "element": "e", "component": component, "grants": grants});
        let found = problems(tenant.clone());
        let expected = "tenants.0.grants.only_these_hosts: is missing: component is a file that may change";
        assert_eq!(found.len(), usize::from(!is_sound), "{tenant}: {found:?}");
        assert!(found.iter().all(|problem| problem.starts_with(expected)), "{tenant}: {found:?}");
    }
    // Who meant to pin it mends that first.
    for sha256 in [json!("12"), json!(12)] {
        let found = problems(json!({"name": "a", "element": "e", "component": {"file": "f", "sha256": sha256}}));
        assert!(found.len() == 1 && found[0].contains("component.sha256"), "{found:?}");
    }
}

#[test]
fn all_problems_are_listed_at_once_and_no_value_is_quoted() {
    let found = problems(json!({"name": 1, "element": {"name": "o", "configuration": "hidden"}, "x": "hidden"}));
    assert!(found.len() >= 3, "{found:?}");
    assert!(!found.join(" ").contains("hidden"), "{found:?}");
    let twice = r#"{"tenants": [{"name":"a","element":"a"},{"name":"a","element":"b"}]}"#;
    let found = read_all(twice, Path::new("/")).unwrap_err();
    assert_eq!(found[0].to_string(), r#"tenants: "a" is declared more than once"#);
    let found = read_all("{\"tenants\": hidden}", Path::new("/")).unwrap_err();
    assert_eq!(found[0].to_string(), "no JSON at line 1, column 13");
    let found = read_all("{\"tenants\": [{\"name\"：“acme”}]}", Path::new("/")).unwrap_err();
    assert!(found[0].to_string().contains("line 1, character 21: ： is no punctuation of JSON"), "{}", found[0]);
    let twice = r#"{"tenants": [{"name":"a","element":"a","sign_in":{"role_required":true},"sign_in":{}}]}"#;
    let found = read_all(twice, Path::new("/")).unwrap_err();
    assert!(found[0].to_string().starts_with("a key stands twice in one object"), "{}", found[0]);
    assert!(read_all("{}", Path::new("/")).unwrap_err()[0].to_string().contains("tenants: is missing"));
}

#[test]
fn nothing_of_a_configuration_is_shown() {
    let text = r#"{"name":"a","element":{"name":"org","configuration":{"secret":"hidden"}}}"#;
    let shown = format!("{:?}", read_one(text).unwrap());
    assert!(shown.contains(r#"name: "a""#) && !shown.contains("hidden"), "{shown}");
}

#[test]
fn what_stands_in_the_database_names_no_relative_path() {
    let found = read_one(r#"{"name":"a","element":"elements/a"}"#).unwrap_err();
    assert!(found[0].to_string().contains("element: is a relative path"), "{found:?}");
    assert_eq!(read_one(r#"{"name":"a","element":"/elements/a"}"#).unwrap().name, "a");
}
