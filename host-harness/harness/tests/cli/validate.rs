//! `validate` and `check`: configurations, and whether the vendor accepts them.

use serde_json::json;

use crate::bed::{Bed, run_with_input};

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_judged() {
    let bed = Bed::new().await;
    let sound = bed.configuration();
    let without = |key: &str| {
        let mut document = sound.clone();
        document.as_object_mut().unwrap().remove(key);
        document.to_string()
    };
    let nested =
        json!({"authConfig": {"corpId": sound["corpId"], "agentId": "1000073", "corpSecret": sound["secret"]}});
    let mut misspelt = sound.clone();
    misspelt["redirectUrl"] = "https://app.example.com/".into();
    for (name, document, code, path) in [
        ("sound", sound.to_string(), 0, None),
        ("nested", nested.to_string(), 0, None),
        ("no corp", without("corpId"), 2, Some("corpId")),
        ("no app", without("agentId"), 2, Some("agentId")),
        ("no secret", without("secret"), 2, Some("secret")),
        ("no redirect", without("redirectUri"), 0, None),
        ("misspelt", misspelt.to_string(), 0, Some("redirectUrl")),
        ("no json", "{".to_owned(), 2, Some("")),
        ("a list", "[]".to_owned(), 2, Some("")),
        ("nothing", String::new(), 2, Some("")),
    ] {
        let file = bed.home().join("document.json");
        std::fs::write(&file, &document).unwrap();
        let from_file = bed.run_plain(&["validate", file.to_str().unwrap(), "--format", "json"]);
        let seen = from_file.exits(code);
        assert_eq!(seen["valid"], code == 0, "{name}");
        let problems = seen["problems"].as_array().unwrap();
        if let Some(path) = path {
            assert!(problems.iter().any(|problem| problem["path"] == path), "{name}: {seen}");
        }
        for problem in problems {
            for key in ["path", "code", "severity", "message", "hint"] {
                assert!(problem[key].is_string(), "{name}: {key} of {problem}");
            }
        }
        let from_input = run_with_input(bed.home(), &["validate", "-", "--format", "json"], &document);
        assert_eq!((from_input.code, from_input.stdout), (code, from_file.stdout), "{name}");
    }
    assert_eq!(bed.run(&["validate"]).exits(0)["valid"], true);
    let text = run_with_input(bed.home(), &["validate", "-"], "{}");
    assert!(text.code == 2 && text.stdout.contains("配置无效") && text.stdout.contains("corpId"), "{text:?}");
    assert!(!text.stdout.contains('\u{1b}'), "no colours on a pipe");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_element_that_cannot_be_read_is_invalid() {
    let bed = Bed::new().await;
    let folder = bed.write("broken", &json!({}));
    std::fs::write(folder.join("broken.json"), "{ nonsense").unwrap();
    let arguments = ["--element", folder.to_str().unwrap(), "--format", "json"];
    let seen = bed.run_plain(&[&arguments[..], &["validate"]].concat()).exits(2);
    assert_eq!((&seen["valid"], &seen["problems"][0]["code"]), (&false.into(), &"unreadable".into()));
    bed.run_plain(&[&arguments[..], &["check"]].concat()).fails(2, "invalid-config");

    std::fs::write(folder.join("broken.json"), "{}").unwrap();
    let error = bed.run_plain(&[&arguments[..], &["check"]].concat()).fails(2, "invalid-config");
    assert!(!error["problems"].as_array().unwrap().is_empty());
}

/// Files as editors and chat programs leave them: what they look like, the place, and the way out in both languages.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_in_another_encoding_or_with_other_quotes_is_reported_with_a_way_out() {
    let bed = Bed::new().await;
    let utf16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let gbk = [&b"{\n\"corpId\": \""[..], &[0xc6, 0xf3, 0xd2, 0xb5], b"\"}"].concat();
    for (name, bytes, message, hints) in [
        ("GBK", gbk, "looks like GBK or GB18030, first at line 2, column 12", ["另存为 UTF-8", "save it as UTF-8"]),
        ("UTF-16", utf16("\u{feff}{}"), "looks like UTF-16", ["另存为 UTF-8", "save it as UTF-8"]),
        ("UTF-16 without a mark", utf16("{}"), "looks like UTF-16", ["另存为 UTF-8", "save it as UTF-8"]),
        (
            "typographic quotes",
            "{\n“corpId”: “ww1”}".into(),
            "line 2, character 1: “ is no punctuation",
            ["半角", "keyboard in English"],
        ),
        (
            "corner brackets",
            "{\"corpId\": 「ww1」}".into(),
            "第 1 行第 12 个字符 「 不是",
            ["半角", "keyboard in English"],
        ),
        ("full width", "{\"corpId\"：1}".into(), "line 1, character 10: ：", ["半角", "keyboard in English"]),
    ] {
        let folder = bed.write("saved", &json!({}));
        let file = folder.join("saved.json");
        std::fs::write(&file, &bytes).unwrap();
        let element = ["--format", "json", "--element", folder.to_str().unwrap()];
        let by_file = bed.run_plain(&["--format", "json", "validate", file.to_str().unwrap()]);
        let by_input = run_with_input(bed.home(), &["--format", "json", "validate", "-"], &bytes);
        let by_element = bed.run_plain(&[&element[..], &["validate"]].concat());
        for (how, ended) in [("file", by_file), ("input", by_input), ("element", by_element)] {
            let seen = ended.exits(2);
            let problem = &seen["problems"][0];
            assert_eq!(
                (&seen["valid"], &problem["code"]),
                (&false.into(), &"unreadable".into()),
                "{name} {how}: {seen}"
            );
            assert!(problem["message"].as_str().unwrap().contains(message), "{name} {how}: {seen}");
            for words in hints {
                assert!(problem["hint"].as_str().unwrap().contains(words), "{name} {how}: {seen}");
            }
        }
        let error = bed.run_plain(&[&element[..], &["check"]].concat()).fails(2, "invalid-config");
        assert!(error["message"].as_str().unwrap().contains(message), "{name}: {error}");
        assert!(error["hint"].as_str().unwrap().contains(hints[1]), "{name}: {error}");

        let tenants =
            bed.run_plain(&["--format", "json", "--storage", "memory:", "tenants", "put", file.to_str().unwrap()]);
        let error = tenants.fails(2, "invalid-tenants");
        let shown = format!("{} {}", error["message"], error["hint"]);
        assert!(shown.contains(message) && shown.contains(hints[0]) && shown.contains(hints[1]), "{name}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendor_is_asked() {
    let bed = Bed::new().await;
    let seen = bed.run(&["check"]).exits(0);
    assert_eq!(seen["ok"], true);
    let aspects: Vec<&str> =
        seen["aspects"].as_array().unwrap().iter().map(|aspect| aspect["aspect"].as_str().unwrap()).collect();
    assert_eq!(
        aspects,
        ["credentials", "trusted-ip", "app-enabled", "visible-range", "trusted-domain", "sensitive-fields", "callback"]
    );

    let mut wrong = bed.configuration();
    wrong["secret"] = "Demo-app-secret_that-somebody-mistyped-0000".into();
    let element = bed.write("wrong", &wrong);
    let seen = bed
        .run_plain(&[
            "check",
            "--format",
            "json",
            "--element",
            element.to_str().unwrap(),
            "--allow-host",
            &bed.address(),
        ])
        .exits(1);
    assert_eq!((&seen["ok"], &seen["aspects"][0]["status"]), (&false.into(), &"failed".into()));
    assert!(seen["aspects"][0]["hint"].is_string());
    assert!(!seen.to_string().contains("mistyped"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_on_this_machine_has_to_be_admitted() {
    let bed = Bed::new().await;
    let element = bed.home().join("org");
    let seen = bed.run_plain(&["check", "--format", "json", "--element", element.to_str().unwrap()]).exits(1);
    let hint = seen["aspects"][0]["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("--allow-host {}", bed.address())), "{hint}");
}
