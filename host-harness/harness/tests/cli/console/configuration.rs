//! The form of the configuration: what it shows, what it says as one types, and what becomes of it.

use organisation_host::storage::{Op, Options, Scope, SealingKey};
use serde_json::{Value, json};
use wecom_simulator::{DEMO_CORP_ID, DEMO_SECRET};

use super::first;
use crate::{
    bed::Bed,
    visitor::{Visitor, hidden_in, proof_in},
    web::{Serving, declare, serve, tenant, until},
};

const SETUP: &str = "/t/acme/admin/setup";

/// A host with one tenant from a file.
fn from_file(bed: &Bed) -> Serving {
    let file = declare(bed, &[tenant(bed, "acme", &json!({}))]);
    serve(bed, &["--tenants", file.to_str().unwrap()])
}

/// A host with one tenant from the storage.
fn from_storage(bed: &Bed, further: &Value) -> Serving {
    let file = declare(bed, &[tenant(bed, "acme", further)]);
    bed.run_plain(&["--format", "json", "tenants", "put", file.to_str().unwrap()]).exits(0);
    serve(bed, &[])
}

/// The part of a page that is this element.
fn part<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id} in {page}"));
    rest.split_once("</div>").unwrap().0
}

/// What is typed that makes the tenant's own configuration again.
fn sound(bed: &Bed) -> Vec<(String, String)> {
    let configuration = bed.configuration();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let all = configuration.as_object().unwrap().iter();
    all.map(|(key, value)| (format!("value.{key}"), text(value))).collect()
}

fn post(visitor: &mut Visitor<'_>, path: &str, fields: &[(String, String)]) -> crate::web::Answer {
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let page = visitor.page(SETUP);
    let hidden = hidden_in(&page, &format!("{SETUP}/configuration"));
    let given: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    fields.extend(hidden.into_iter().filter(|(name, _)| !given.contains(name)));
    visitor.post(SETUP, &format!("{SETUP}/{path}"), &fields)
}

fn with(fields: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    let others = fields.iter().filter(|(found, _)| found != name).cloned();
    others.chain([(name.to_owned(), value.to_owned())]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_is_what_the_element_describes_and_shows_no_secret() {
    let bed = Bed::new().await;
    let host = from_file(&bed);
    let mut someone = first(&host, "acme");
    let page = someone.page(SETUP);
    for expected in [
        "name=\"value.corpId\"",
        "name=\"value.callback.encodingAESKey\"",
        "name=\"value.sync.guard.percent\"",
        "我的企业 → 企业信息 → 企业ID",
        &format!("value=\"{DEMO_CORP_ID}\""),
        "已配置，留空则不变",
        "hx-post=\"/t/acme/admin/setup/validate\"",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let secret = page.split("<input").find(|input| input.contains("name=\"value.secret\"")).unwrap();
    let secret = secret.split_once('>').unwrap().0;
    assert!(secret.contains("type=\"password\"") && !secret.contains(" value="), "{secret}");
    assert!(!page.contains(DEMO_SECRET) && !page.contains("formaction"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_is_judged_beside_its_field_in_both_languages() {
    let bed = Bed::new().await;
    let host = from_file(&bed);
    let mut someone = first(&host, "acme");
    let page = someone.page(SETUP);
    let form = format!("proof={}&value.corpId=12&value.secret=not+one", proof_in(&page));
    for (language, words) in [("zh", "填写的是"), ("en", "expected")] {
        let answer = someone.ask("POST", &format!("{SETUP}/validate"), &[("accept-language", language)], &form);
        assert_eq!(answer.status, 200, "{answer:#?}");
        for id in ["problem-corpId", "problem-secret"] {
            let part = part(&answer.body, id);
            assert!(part.contains("hx-swap-oob=\"true\"") && part.contains("class=\"error\""), "{id}: {part}");
            assert!(part.contains(words), "{language}: {part}");
        }
        // Whoever types the first field knows that the others are empty.
        assert!(!part(&answer.body, "problem-agentId").contains("error"), "{answer:#?}");
        assert!(!answer.body.contains("not one"), "a secret comes back: {answer:#?}");
    }
    for (form, status) in [("value.corpId=12".to_owned(), 403), (format!("{form}&x={}", "x".repeat(65 << 10)), 400)] {
        assert_eq!(someone.ask("POST", &format!("{SETUP}/validate"), &[], &form).status, status);
    }
    assert_eq!(Visitor::new(&host).ask("POST", &format!("{SETUP}/validate"), &[], &form).status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn token_and_key_of_callbacks_are_made_here() {
    let bed = Bed::new().await;
    let host = from_file(&bed);
    let mut someone = first(&host, "acme");
    let mut made = Vec::new();
    for _ in 0..2 {
        let answer = someone.post(SETUP, &format!("{SETUP}/generate"), &[("group", "callback")]);
        assert_eq!(answer.status, 200, "{answer:#?}");
        for (key, length) in [("callback.token", 32), ("callback.encodingAESKey", 43)] {
            let input = answer.body.split("<input").find(|input| input.contains(&format!("value.{key}\""))).unwrap();
            let value = input.split_once(" value=\"").unwrap().1.split_once('"').unwrap().0;
            assert!(value.len() == length && input.contains("hx-swap-oob=\"true\""), "{input}");
            made.push(value.to_owned());
        }
        assert!(!answer.body.contains("maxAgeSeconds"), "{answer:#?}");
    }
    assert!(made[0] != made[2] && made[1] != made[3], "{made:?}");
    let fields = with(&with(&sound(&bed), "value.callback.token", &made[0]), "value.callback.encodingAESKey", &made[1]);
    let answer = post(&mut someone, "configuration", &fields);
    assert!(answer.status == 200 && !answer.body.contains(&made[0]), "{answer:#?}");
    for group in ["", "sync", "elsewhere"] {
        let answer = someone.post(SETUP, &format!("{SETUP}/generate"), &[("group", group)]);
        assert_eq!(answer.status, 400, "{group}: {answer:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_configuration_becomes_a_file_in_which_no_secret_stands() {
    let bed = Bed::new().await;
    let host = from_file(&bed);
    let mut someone = first(&host, "acme");
    let fields = with(&with(&sound(&bed), "value.sync.fields", "name, position"), "value.sync.guard.percent", "10");
    let answer = post(&mut someone, "configuration", &fields);
    assert_eq!(answer.status, 200, "{answer:#?}");
    let (_, rest) = answer.body.split_once("<pre tabindex=\"0\">").unwrap();
    let text = rest.split_once("</pre>").unwrap().0.replace("&quot;", "\"");
    let file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(file["secret"], "{{ACME_SECRET}}");
    assert_eq!((&file["corpId"], &file["sync"]["fields"]), (&json!(DEMO_CORP_ID), &json!(["name", "position"])));
    assert_eq!(file["sync"]["guard"]["percent"], "10");
    assert!(answer.body.contains("variables") && !answer.body.contains(DEMO_SECRET), "{answer:#?}");
    // What the file says is what the element takes.
    let mut filled = file;
    filled["secret"] = DEMO_SECRET.into();
    let folder = bed.write("copied", &filled);
    bed.run_plain(&["--format", "json", "--element", folder.to_str().unwrap(), "validate"]).exits(0);

    // A secret that is configured need not be typed again, and one that is not must be.
    let without: Vec<_> = sound(&bed).into_iter().filter(|(name, _)| name != "value.secret").collect();
    assert!(post(&mut someone, "configuration", &without).body.contains("保持不变"));
    let wrong = with(&with(&without, "value.corpId", "12"), "value.secret", "not one");
    let answer = post(&mut someone, "configuration", &wrong);
    assert!(answer.status == 422 && part(&answer.body, "problem-corpId").contains("error"), "{answer:#?}");
    assert!(answer.body.contains("value=\"12\"") && !answer.body.contains("not one"), "{answer:#?}");
    let answer = post(&mut someone, "configuration", &with(&without, "value.agentId", ""));
    assert!(answer.status == 422 && part(&answer.body, "problem-agentId").contains("error"), "{answer:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_keeps_is_not_stored_by_a_form() {
    let bed = Bed::new().await;
    let host = from_file(&bed);
    let mut someone = first(&host, "acme");
    assert_eq!(post(&mut someone, "store", &sound(&bed)).status, 403);
    drop(host);
    let bed = Bed::new().await;
    let host = from_storage(&bed, &json!({}));
    let mut someone = first(&host, "acme");
    assert_eq!(post(&mut someone, "store", &sound(&bed)).status, 403, "not granted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_stored_where_the_operator_grants_it() {
    let bed = Bed::new().await;
    let host = from_storage(&bed, &json!({"grants": {"hosts": [bed.address()], "configuration": true}}));
    let mut someone = first(&host, "acme");
    assert!(someone.page(SETUP).contains("formaction=\"/t/acme/admin/setup/store\""));
    let without: Vec<_> = sound(&bed).into_iter().filter(|(name, _)| name != "value.secret").collect();
    // A secret that nobody typed goes to no other host than before.
    let elsewhere = with(&without, "value.apiBaseUrl", "https://evil.example.com");
    let answer = post(&mut someone, "store", &elsewhere);
    assert!(answer.status == 422 && part(&answer.body, "problem-secret").contains("重新填写"), "{answer:#?}");
    assert!(answer.body.contains("value=\"https://evil.example.com\""), "nothing that was typed is lost: {answer:#?}");
    for (name, value, status) in [
        ("value.redirectUri", "https://app.example.com/{{ACME_SECRET}}", 400),
        ("value.corpId", "12", 422),
        ("value.agentId", "", 422),
    ] {
        assert_eq!(post(&mut someone, "store", &with(&without, name, value)).status, status, "{name}");
    }
    assert!(!someone.page(SETUP).contains("evil.example.com"), "nothing of that was stored");
    let shown = someone.page(SETUP);
    let shown = hidden_in(&shown, &format!("{SETUP}/configuration"));
    let &(_, mark) = shown.iter().find(|(name, _)| *name == "shown").unwrap();

    let next = with(&with(&without, "value.redirectUri", "https://app.example.com/other"), "value.locale", "");
    let answer = post(&mut someone, "store", &next);
    assert!(answer.status == 200 && answer.body.contains("配置已保存"), "{answer:#?}");
    let page = someone.page(SETUP);
    assert!(page.contains("value=\"https://app.example.com/other\""), "{page}");
    until("the check", || someone.page("/t/acme/admin/check").contains("credentials"));
    assert!(someone.page("/t/acme/admin/check").contains("tag good"), "the secret is still there");
    let trail = someone.page("/t/acme/admin/audit");
    assert!(trail.contains("console.set-configuration") && trail.contains("locale redirectUri"), "{trail}");
    // A new secret takes the place of the old one.
    let other = "Another-secret_that-nobody-has-given-0000000";
    let answer = post(&mut someone, "store", &with(&next, "value.secret", other));
    assert_eq!(answer.status, 200, "{answer:#?}");
    for page in ["audit", "setup"] {
        assert!(!someone.page(&format!("/t/acme/admin/{page}")).contains(other), "{page}");
    }
    let check = someone.page("/t/acme/admin/check");
    assert!(check.contains("tag bad"), "{check}");
    // A form that was shown before somebody else stored would undo that, and says so again where it is shown again.
    let stale = with(&next, "shown", mark);
    assert_eq!(post(&mut someone, "store", &stale).status, 409);
    let again = post(&mut someone, "configuration", &with(&stale, "value.corpId", "12"));
    assert!(again.status == 422 && again.body.contains(mark), "{again:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_form_does_not_show_stays_as_it_is() {
    let bed = Bed::new().await;
    let mut configuration = bed.configuration();
    // A list without items is not the same as none, which means all fields; what the query of an address says is not shown.
    configuration["sync"] = json!({"fields": []});
    configuration["redirectUri"] = json!("https://app.example.com/a?ticket=aB3dE5fG7hJ9kL2m");
    let element = json!({"name": "org", "configuration": configuration});
    let grants = json!({"hosts": [bed.address()], "configuration": true});
    let host = from_storage(&bed, &json!({"element": element, "grants": grants}));
    let mut someone = first(&host, "acme");
    let is_shown = |(name, _): &(String, String)| name != "value.secret" && name != "value.redirectUri";
    let shown: Vec<_> = with(&sound(&bed), "value.locale", "en").into_iter().filter(is_shown).collect();
    let answer = post(&mut someone, "store", &shown);
    assert!(answer.status == 200 && answer.body.contains("配置已保存"), "{answer:#?}");
    let answer = post(&mut someone, "configuration", &shown);
    assert!(answer.status == 422 && answer.body.contains("其值不在此显示"), "{answer:#?}");
    let answer = post(&mut someone, "configuration", &with(&shown, "value.redirectUri", "https://app.example.com/b"));
    let fields = answer.body.replace("&quot;", "\"").contains("\"fields\": []");
    assert!(answer.status == 200 && fields && answer.body.contains("https://app.example.com/b"), "{answer:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_configured_and_not_shown_can_be_removed() {
    let bed = Bed::new().await;
    let mut configuration = bed.configuration();
    configuration["callback"] =
        json!({"token": "aB3dE5fG7hJ9", "encodingAESKey": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"});
    let element = json!({"name": "org", "configuration": configuration});
    let grants = json!({"hosts": [bed.address()], "configuration": true});
    let host = from_storage(&bed, &json!({"element": element, "grants": grants}));
    let mut someone = first(&host, "acme");
    let optional = ["callback.token", "callback.encodingAESKey"];
    let boxes = |page: &str| optional.map(|key| page.contains(&format!("name=\"remove.{key}\"")));
    let page = someone.page(SETUP);
    assert_eq!(boxes(&page), [true, true], "{page}");
    assert!(!page.contains("name=\"remove.secret\""), "what is needed is replaced, not removed: {page}");

    let kept: Vec<_> = sound(&bed).into_iter().filter(|(name, _)| name != "value.secret").collect();
    let removing = optional.iter().fold(kept.clone(), |fields, key| with(&fields, &format!("remove.{key}"), "yes"));
    let file = |answer: &crate::web::Answer| answer.body.contains("ACME_CALLBACK_TOKEN");
    let answer = post(&mut someone, "configuration", &kept);
    assert!(answer.status == 200 && file(&answer), "{answer:#?}");
    let answer = post(&mut someone, "configuration", &removing);
    assert!(answer.status == 200 && !file(&answer) && answer.body.contains("ACME_SECRET"), "{answer:#?}");
    // Half of the pair alone is refused by the element, and the box stays ticked.
    let answer = post(&mut someone, "store", &with(&kept, "remove.callback.token", "yes"));
    assert!(answer.status == 422 && answer.body.contains("value=\"yes\" checked"), "{answer:#?}");
    let both = with(&removing, "value.callback.token", "zY9xW7vU5tS3");
    for path in ["validate", "configuration", "store"] {
        let answer = post(&mut someone, path, &both);
        assert!(part(&answer.body, "problem-callback-token").contains("只选其一"), "{path}: {answer:#?}");
    }
    let answer = post(&mut someone, "store", &removing);
    assert!(answer.status == 200 && answer.body.contains("配置已保存"), "{answer:#?}");
    let page = someone.page(SETUP);
    assert_eq!(boxes(&page), [false, false], "{page}");
    until("the check", || someone.page("/t/acme/admin/check").contains("credentials"));
    assert!(someone.page("/t/acme/admin/check").contains("tag good"), "the other secret is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_this_form_cannot_carry_out_is_refused() {
    let bed = Bed::new().await;
    let mut inner = bed.configuration();
    inner["sync"] = json!({"fields": []});
    let element = json!({"name": "org", "configuration": {"authConfig": inner}});
    let grants = json!({"hosts": [bed.address()], "configuration": true});
    let host = from_storage(&bed, &json!({"element": element, "grants": grants}));
    let mut someone = first(&host, "acme");
    assert!(someone.page(SETUP).contains("name=\"remove.sync.fields\""));
    // What is shown and was not touched stays as it is.
    let kept: Vec<_> = sound(&bed).into_iter().filter(|(name, _)| name != "value.secret").collect();
    let answer = post(&mut someone, "store", &with(&kept, "remove.sync.fields", "yes"));
    assert!(answer.status == 422 && part(&answer.body, "problem-sync-fields").contains("未移除"), "{answer:#?}");
    let answer = post(&mut someone, "configuration", &with(&kept, "remove.sync.fields", "yes"));
    assert!(answer.status == 200 && !answer.body.contains("fields"), "{answer:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declaration_that_cannot_be_read_is_the_operators_to_mend_and_the_page_says_so() {
    let bed = Bed::new().await;
    let database = bed.home().join("a.db");
    let address = format!("sqlite:{}", database.display());
    let file =
        declare(&bed, &[tenant(&bed, "acme", &json!({"grants": {"hosts": [bed.address()], "configuration": true}}))]);
    bed.run_plain(&["--storage", &address, "--format", "json", "tenants", "put", file.to_str().unwrap()]).exits(0);
    let host = serve(&bed, &["--storage", &address]);
    let mut someone = first(&host, "acme");
    let stores = |page: &str| page.contains("formaction=\"/t/acme/admin/setup/store\"");
    assert!(stores(&someone.page(SETUP)));

    // As a later version of the program might write it.
    let key = std::fs::read_to_string(bed.home().join("a.db.key")).unwrap();
    let options = Options::default().sealing_key(Some(SealingKey::from_base64(key.trim()).unwrap()));
    let storage = organisation_host::storage::open(&address, options).await.unwrap();
    let ops = vec![Op::put("tenant/acme", r#"{"name":"acme","colour":"red"}"#).sealed()];
    storage.apply(&Scope::of_host("tenants").unwrap(), ops).await.unwrap();

    let page = someone.page(SETUP);
    assert!(!stores(&page) && page.contains("已保存的声明无法读取"), "{page}");
    let answer = post(&mut someone, "store", &sound(&bed));
    assert!(answer.status == 403, "{answer:#?}");
    assert!(someone.page("/t/acme/admin/check").contains("credentials"), "the former one still serves");
}
