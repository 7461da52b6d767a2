//! `approval`: what the files of `examples/approvals` become.

use jiff::Timestamp;
use serde_json::{Value, json};
use wecom_simulator::{
    Decision, PURCHASE_TEMPLATE, Template, TemplateFlow,
    corp::{Corp, Membership},
    demo,
};

use crate::{
    bed::Bed,
    messages::{examples, file, uploaded},
};

/// A control of the examples' template, by the number in its id.
fn control(kind: &str, number: u64, config: Value) -> Value {
    let id = format!("{kind}-{}", 1_700_000_000_000 + number);
    json!({
        "property": { "control": kind, "id": id, "title": [{ "text": kind, "lang": "zh_CN" }], "require": 0 },
        "config": config,
    })
}

/// The template that the examples speak of.
fn template() -> Template {
    let selector = |kind: &str| {
        let option = |key: &str| json!({ "key": key, "value": [{ "text": key, "lang": "zh_CN" }] });
        json!({ "selector": { "type": kind, "options": [option("option-1"), option("option-2")] } })
    };
    let contact = |mode: &str| json!({ "contact": { "type": "multi", "mode": mode } });
    let leave = json!({ "item": [{ "id": 1, "name": [{ "text": "年假", "lang": "zh_CN" }] }] });
    let columns = [control("Text", 14, json!({})), control("Money", 15, json!({}))];
    Template {
        id: "3TkSampleTemplate01".to_owned(),
        names: vec![("示例".to_owned(), "zh_CN".to_owned())],
        controls: vec![
            control("Text", 1, json!({})),
            control("Textarea", 2, json!({})),
            control("Number", 3, json!({})),
            control("Money", 4, json!({})),
            control("Date", 5, json!({ "date": { "type": "day" } })),
            control("Date", 6, json!({ "date": { "type": "hour" } })),
            control("DateRange", 7, json!({ "date_range": { "type": "halfday" } })),
            control("Selector", 8, selector("single")),
            control("Selector", 9, selector("multi")),
            control("Contact", 10, contact("user")),
            control("Contact", 11, contact("department")),
            control("File", 12, json!({ "file": { "is_only_photo": 0 } })),
            control("Table", 13, json!({ "table": { "children": columns } })),
            control("Vacation", 16, json!({ "vacation_list": leave })),
            control("Attendance", 17, json!({ "attendance": { "date_range": { "type": "hour" }, "type": 5 } })),
            control("Location", 18, json!({ "location": { "distance": 100 } })),
            control("RelatedApproval", 19, json!({ "related_approval": { "template_id": [] } })),
            control("BankAccount", 20, json!({})),
        ],
        flow: TemplateFlow::Leader,
        record_type: None,
    }
}

/// The demonstration organisation, in which the applicant of the examples belongs to their department as well.
async fn bed() -> Bed {
    let mut corp: Corp = demo();
    corp.update_member("ZhangSan", |member| member.departments.push(Membership::of(31))).unwrap();
    let bed = Bed::of(corp).await;
    bed.control().add_template(template());
    bed
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_submitted_and_shown() {
    let bed = bed().await;
    let shown = bed.run(&["approval", "template", "3TkSampleTemplate01"]).exits(0);
    assert_eq!(
        (&shown["names"][0]["text"], &shown["controls"][4]["control"]["kind"]),
        (&json!("示例"), &json!("date"))
    );
    assert_eq!(shown["controls"][12]["columns"].as_array().unwrap().len(), 2);
    bed.run(&["approval", "template", "made-up"]).fails(1, "not-found");

    let earlier = bed.control().submit_approval("lisi", PURCHASE_TEMPLATE, vec![]).unwrap();
    let media = uploaded(&bed, "file", b"a contract");
    let all = examples("approvals");
    assert!(all.len() >= 16, "{all:?}");
    let mut numbers = Vec::new();
    for (name, text) in all {
        let text = text.replace("202601080001", &earlier).replace("MEDIA_ID_OF_AN_UPLOAD", &media);
        let asked: Value = serde_json::from_str(&text).unwrap();
        let file = file(&bed, &name, text);
        let submitted = bed.run(&["approval", "submit", &file]).exits(0);
        let number = submitted["number"].as_str().unwrap_or_else(|| panic!("{name}: {submitted}")).to_owned();
        assert_eq!(submitted, json!({ "number": number }), "{name}");
        if asked.get("idempotency_key").is_some() {
            assert_eq!(bed.run(&["approval", "submit", &file]).exits(0)["number"], *number, "the same under its key");
        }
        let detail = bed.run(&["approval", "detail", &number]).exits(0);
        assert_eq!(
            (&detail["number"], &detail["template"], &detail["status"], &detail["applicant"]),
            (&json!(number), &json!("3TkSampleTemplate01"), &json!("pending"), &json!("ZhangSan")),
            "{name}"
        );
        let kinds = |list: &Value| list.as_array().unwrap().iter().map(|one| one["kind"].clone()).collect::<Vec<_>>();
        assert_eq!(kinds(&detail["controls"]), kinds(&asked["fields"]), "{name}");
        let nodes = detail["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), if name == "process.json" { 4 } else { 1 }, "{name}: {detail}");
        match &*name {
            "text.json" | "money.json" | "selector.json" | "contact-members.json" => {
                for (shown, asked) in
                    detail["controls"].as_array().unwrap().iter().zip(asked["fields"].as_array().unwrap())
                {
                    let people = asked["kind"] == "contact";
                    assert!(people || shown["value"] == asked["value"], "{name}: {shown} {asked}");
                }
            }
            "date.json" => {
                let at = &detail["controls"][0]["value"]["plain"]["date"]["at"];
                assert_eq!(at.as_str().unwrap(), "2025-10-13T16:00:00Z", "instants are written as times");
            }
            _ => {}
        }
        // Times of attendance must not overlap those of another request.
        bed.control().withdraw("ZhangSan", &number).unwrap();
        numbers.push(number);
    }
    assert_eq!(bed.run(&["approval", "detail", &numbers[0]]).exits(0)["status"], "withdrawn");
    bed.run(&["approval", "detail", "190001010001"]).fails(1, "not-found");

    let yesterday = Timestamp::now() - jiff::SignedDuration::from_hours(24);
    let from = yesterday.to_string();
    let list = |further: &[&str]| bed.run(&[&["approval", "list", "--from", from.as_str()][..], further].concat());
    let all: Vec<&String> = [&earlier].into_iter().chain(&numbers).collect();
    assert_eq!(list(&[]).exits(0), json!(all));
    assert_eq!(list(&["--status", "pending"]).exits(0), json!([earlier]));
    assert_eq!(list(&["--applicant", "zhangsan", "--status", "withdrawn"]).exits(0), json!(numbers));
    assert_eq!(list(&["--template", PURCHASE_TEMPLATE, "--department", "21"]).exits(0), json!([earlier]));
    assert_eq!(list(&["--until", &from]).fails(1, "invalid-argument")["vendor_code"], Value::Null);
    list(&["--status", "gone"]).fails(1, "invalid-argument");

    bed.control().decide("ZhangSan", &earlier, &Decision::Reject("太贵".to_owned())).unwrap();
    let detail = bed.run(&["approval", "detail", &earlier]).exits(0);
    let decision = &detail["nodes"][0]["decisions"][0];
    assert_eq!((&detail["status"], &decision["comment"]), (&json!("rejected"), &json!("太贵")));
}
