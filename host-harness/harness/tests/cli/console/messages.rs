//! Messages of every kind that the console writes.

use serde_json::json;
use wecom_simulator::{Effect, Fault, When};

use super::first;
use crate::{
    bed::Bed,
    web::{declare, serve, tenant},
};

const PAGE: &str = "/t/acme/admin/messages";

/// The fields of the form that sends what a preview shows.
fn kept(preview: &str) -> Vec<(&str, &str)> {
    crate::visitor::hidden_in(preview, PAGE)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_shown_before_it_is_sent_and_sent_as_it_was_shown() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    let url = "https://app.example.com/a";
    let long = "长".repeat(50);
    for (kind, fields, sent) in [
        ("text", vec![("text", "你好")], "text"),
        ("markdown", vec![("markdown", "**你好**")], "markdown"),
        (
            "link-card",
            vec![("link-card.title", "标题"), ("link-card.description", "你好"), ("link-card.url", url)],
            "textcard",
        ),
        (
            "news",
            vec![
                ("news[0].title", "你好"),
                ("news[0].link.url", url),
                ("news[1].title", &long),
                ("news[1].link.url", "javascript:alert(1)"),
                ("news[1].description", "<b>"),
            ],
            "news",
        ),
    ] {
        assert!(someone.page(&format!("{PAGE}?kind={kind}")).contains(fields[0].0), "{kind}");
        let before = bed.control().inbox("lisi").len();
        let fields: Vec<(&str, &str)> = fields.into_iter().chain([("members", "lisi"), ("kind", kind)]).collect();
        let preview = someone.post(PAGE, &format!("{PAGE}/preview"), &fields);
        assert!(preview.status == 200 && preview.body.contains("你好"), "{kind}: {preview:#?}");
        for raw in ["<b>", "href=\"javascript"] {
            assert!(!preview.body.contains(raw), "{kind}: {preview:#?}");
        }
        assert_eq!(bed.control().inbox("lisi").len(), before, "a preview sends nothing");
        let again = someone.post(PAGE, &format!("{PAGE}/edit"), &fields);
        assert!(
            again.status == 200 && again.body.contains("你好") && again.body.contains("value=\"lisi\""),
            "{again:#?}"
        );
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("proof", crate::visitor::proof_in(&preview.body)).extend_pairs(kept(&preview.body));
        let answer = someone.ask("POST", PAGE, &[], &form.finish());
        if kind == "news" {
            assert!(answer.status == 422 && answer.body.contains("未发送任何消息"), "{answer:#?}");
            assert!(
                answer.body.contains("aria-invalid=\"true\"") && answer.body.contains(&format!("value=\"{long}\"")),
                "{answer:#?}"
            );
            assert_eq!(bed.control().inbox("lisi").len(), before);
            continue;
        }
        assert!(answer.status == 200 && answer.body.contains("消息已发送"), "{kind}: {answer:#?}");
        let inbox = bed.control().inbox("lisi");
        assert!(inbox.len() == before + 1 && format!("{inbox:?}").contains(sent), "{kind}: {inbox:?}");
    }
    for (kind, status) in [("voice", 400), ("", 200)] {
        assert_eq!(someone.get(&format!("{PAGE}?kind={kind}")).status, status, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_is_said_beside_its_field_and_nothing_is_sent() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    let long = "长".repeat(129);
    let fields = [
        ("kind", "link-card"),
        ("members", "lisi"),
        ("link-card.title", long.as_str()),
        ("link-card.description", "描述"),
        ("link-card.url", "https://app.example.com/a"),
    ];
    let answer = someone.post(PAGE, PAGE, &fields);
    assert_eq!(answer.status, 422, "{answer:#?}");
    let (_, field) = answer.body.split_once("name=\"link-card.title\"").unwrap();
    let field = field.split_once("</div>").unwrap().0;
    assert!(field.contains(&long) && field.contains("aria-invalid") && field.contains("129"), "{field}");
    assert!(bed.control().inbox("lisi").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_headline_after_an_empty_one_is_not_dropped_in_silence() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    for (second, status) in [("1", 200), ("2", 422)] {
        let title = format!("news[{second}].title");
        let first = [("news[0].title", "first"), ("news[0].link.url", "https://app.example.com/a")];
        let fields =
            [&[("kind", "news"), ("members", "lisi"), (title.as_str(), "second headline")], &first[..]].concat();
        let answer = someone.post(PAGE, &format!("{PAGE}/preview"), &fields);
        // Whichever page it is: what was written is there.
        assert_eq!((answer.status, answer.body.contains("second headline")), (status, true), "{answer:#?}");
        if status == 422 {
            let (_, gap) = answer.body.split_once("name=\"news[1].title\"").unwrap();
            let gap = gap.split_once("</div>").unwrap().0;
            assert!(gap.contains("aria-invalid") && gap.contains("图文之间不能留空"), "{gap}");
        }
    }
    assert!(bed.control().inbox("lisi").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_recipients_loses_nothing_of_the_message() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    let field = |page: &str, name: &str| {
        let (_, rest) = page.split_once(&format!("id=\"{name}\"")).unwrap_or_else(|| panic!("no {name} in {page}"));
        rest.split_once("</div>").unwrap().0.to_owned()
    };
    for (name, value, beside) in
        [("departments", "研发", Some("departments")), ("text", "", Some("members")), ("roles", "ghost", None)]
    {
        let fields = [("text", "你好"), (name, value)];
        let fields = if name == "text" { &fields[..1] } else { &fields[..] };
        let answer = someone.post(PAGE, PAGE, fields);
        assert!(answer.status == 422 && answer.body.contains("你好</textarea>"), "{name}: {answer:#?}");
        match beside {
            Some(beside) => assert!(field(&answer.body, beside).contains("role=\"alert\""), "{name}: {answer:#?}"),
            None => assert!(answer.body.contains(&format!("value=\"{value}\"")), "{name}: {answer:#?}"),
        }
        assert!(!answer.body.contains("<code>to"), "{name}: {answer:#?}");
    }
    // The vendor fails in the middle: it is tried again under the same key.
    let fault = bed.control().inject(Fault::of("message/send", When::Always, Effect::Code(40001)));
    let answer = someone.post(PAGE, PAGE, &[("text", "你好"), ("members", "lisi"), ("key", "k1")]);
    assert!(answer.status == 502 && answer.body.contains("value=\"k1\""), "{answer:#?}");
    bed.control().remove_fault(fault);
    let (body, kept) = (answer.body.clone(), kept(&answer.body));
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("proof", crate::visitor::proof_in(&body)).extend_pairs(kept);
    assert_eq!(someone.ask("POST", PAGE, &[], &form.finish()).status, 200);
    assert_eq!(bed.control().inbox("lisi").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_was_lost_is_tried_again_and_arrives_once() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    let fields = [("kind", "text"), ("members", "lisi"), ("text", "你好")];
    let mut page = someone.post(PAGE, &format!("{PAGE}/preview"), &fields).body;
    bed.control().inject(Fault::of("message/send", When::Nth(1), Effect::Disconnect { processed: true }));
    for (said, is_offered) in [("部分结果未知", true), ("消息已发送", false)] {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("proof", crate::visitor::proof_in(&page)).extend_pairs(kept(&page));
        let answer = someone.ask("POST", PAGE, &[], &form.finish());
        assert!(answer.status == 200 && answer.body.contains(said), "{answer:#?}");
        assert_eq!(answer.body.contains("重试"), is_offered, "{answer:#?}");
        page = answer.body;
    }
    assert_eq!(bed.control().inbox("lisi").len(), 1);
}
