//! The approvals app over the API, at the desk, and in events (fact sheet section 6).

use std::time::Duration;

use serde_json::{Value, json};
use wecom_simulator::{
    ApprovalStatus, DEMO_AGENT_ID, Decision, DeskError, LEAVE_TEMPLATE, Limits, OLD_TEMPLATE, OUT_TEMPLATE,
    PUNCH_TEMPLATE, PURCHASE_TEMPLATE, Rate, Receiver, TemplateFlow,
};

use crate::bed::{Bed, START};
use crate::receiver::Listener;

const APPLY: &str = "oa/applyevent";
const LIST: &str = "oa/getapprovalinfo";
const DETAIL: &str = "oa/getapprovaldetail";
/// The second at which the clock stands.
const NOW: u64 = START / 1000;

fn agree() -> Decision {
    Decision::Agree("同意".to_owned())
}

/// A right request, for lisi, decided by either of two.
fn purchase() -> Value {
    json!({
        "creator_userid": "lisi", "template_id": PURCHASE_TEMPLATE, "use_template_approver": 0,
        "process": {"node_list": [
            {"type": 1, "apv_rel": 2, "userid": ["ZhangSan", "wangwu"]}, {"type": 2, "userid": ["zhouba"]},
        ]},
        "apply_data": {"contents": [{"control": "Money", "id": "Money-1700000000001", "value": {"new_money": "700.50"}}]},
        "summary_list": [{"summary_info": [{"text": "采购 700.50 元", "lang": "zh_CN"}]}],
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut body = purchase();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

async fn apply(bed: &Bed, body: &Value) -> String {
    let answer = bed.send(APPLY, body).await;
    answer["sp_no"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test]
async fn only_an_app_that_is_listed_uses_approvals() {
    let bed = Bed::start().await;
    let calls = [
        ("oa/gettemplatedetail", json!({"template_id": PURCHASE_TEMPLATE})),
        (APPLY, purchase()),
        (LIST, json!({"starttime": NOW.to_string(), "endtime": (NOW + 1).to_string(), "new_cursor": "", "size": 1})),
        (DETAIL, json!({"sp_no": "202510090001"})),
    ];
    for (api, body) in &calls {
        assert_eq!(bed.send_code(api, body).await, 0, "{api}");
    }
    assert_eq!(Limits::published().approvals, Some(Rate::per_minute(600)));
    let limits = Limits { approvals: Some(Rate::per_minute(3)), ..Limits::default() };
    bed.control.configure(|behaviour| behaviour.limits = limits);
    for expected in [0, 0, 0, 45009] {
        assert_eq!(bed.send_code(DETAIL, &calls[3].1).await, expected);
    }
    assert_eq!(bed.send_code(LIST, &calls[2].1).await, 0, "each API has its own limit");
    bed.control.configure(|behaviour| behaviour.limits = Limits::default());
    bed.control.configure(|behaviour| behaviour.approvals.disabled = true);
    for (api, body) in &calls {
        assert_eq!(bed.send_code(api, body).await, 301056, "{api}");
    }
    bed.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.approvals = false)).unwrap();
    for (api, body) in &calls {
        assert_eq!(bed.send_code(api, body).await, 301055, "{api}");
    }
}

#[tokio::test]
async fn templates_use_every_control() {
    let bed = Bed::start().await;
    let mut seen = std::collections::BTreeSet::new();
    for id in [PURCHASE_TEMPLATE, LEAVE_TEMPLATE, OUT_TEMPLATE, PUNCH_TEMPLATE, OLD_TEMPLATE] {
        let answer = bed.send("oa/gettemplatedetail", &json!({"template_id": id})).await;
        assert_eq!(answer["template_names"][0]["lang"], "zh_CN", "{id}");
        for control in answer["template_content"]["controls"].as_array().unwrap() {
            let property = &control["property"];
            assert!(
                property["title"][0]["text"].is_string() && property["require"].is_u64() && property["un_print"] == 0
            );
            assert!(control.get("config").is_none_or(Value::is_object), "absent where there is nothing to configure");
            seen.insert(property["control"].as_str().unwrap().to_owned());
        }
    }
    let expected = "Attendance BankAccount Contact Date DateRange File Formula Location Money Number PhoneNumber \
                    PunchCorrection RelatedApproval Selector Table Text Textarea Tips Vacation";
    assert_eq!(seen.into_iter().collect::<Vec<_>>().join(" "), expected);
    for body in [json!({"template_id": "x"}), json!({})] {
        let answer = bed.send("oa/gettemplatedetail", &body).await;
        assert_eq!((&answer["errcode"], &answer["template_names"]), (&json!(301025), &json!([])), "{body}");
    }
}

#[tokio::test]
async fn a_request_that_does_not_fit_has_its_code() {
    let bed = Bed::start().await;
    let text = json!([{"summary_info": [{"text": "x".repeat(21), "lang": "zh_CN"}]}]);
    let rows: Vec<(&str, Value, i64)> = vec![
        ("/creator_userid", Value::Null, 40058),
        ("/creator_userid", json!("LISI"), 0),
        ("/creator_userid", json!("zhangliu"), 301055),
        ("/creator_userid", json!("nobody"), 301055),
        ("/template_id", json!("x"), 301025),
        ("/use_template_approver", Value::Null, 40058),
        ("/use_template_approver", json!(1), 0),
        ("/choose_department", json!(21), 0),
        ("/choose_department", json!(4), 301025),
        ("/process/node_list", json!([]), 301025),
        ("/process/node_list", json!({}), 40058),
        ("/process/node_list", json!([{"type": 2, "userid": ["lisi"]}]), 301025),
        ("/process/node_list/0/type", json!(4), 301025),
        ("/process/node_list/0/apv_rel", Value::Null, 301025),
        ("/process/node_list/0/apv_rel", json!(3), 0),
        ("/process/node_list/0/userid", json!("lisi"), 40058),
        ("/process/node_list/0/userid", json!(["nobody"]), 301025),
        ("/apply_data", json!({}), 40058),
        ("/apply_data/contents", json!([]), 301025),
        ("/apply_data/contents/0/id", json!("Money-1"), 301025),
        ("/apply_data/contents/0/control", json!("Number"), 301025),
        ("/summary_list", Value::Null, 40058),
        ("/summary_list", json!([]), 301025),
        ("/summary_list", json!(vec![json!({"summary_info": []}); 4]), 301025),
        ("/summary_list", text, 301025),
        ("/summary_list/0/summary_info/0/lang", json!("zh-CN"), 301025),
    ];
    for (pointer, value, expected) in rows {
        assert_eq!(bed.send_code(APPLY, &with(pointer, value.clone())).await, expected, "{pointer}: {value}");
    }
    let mut template = bed.control.templates().into_iter().find(|one| one.id == OLD_TEMPLATE).unwrap();
    template.flow = TemplateFlow::ChosenByApplicant;
    bed.control.add_template(template);
    let mut body = with("/template_id", json!(OLD_TEMPLATE));
    body["use_template_approver"] = json!(1);
    assert_eq!(bed.send_code(APPLY, &body).await, 301025, "the applicant would have to choose");
    body = with("/template_id", json!(PUNCH_TEMPLATE));
    body["apply_data"]["contents"] =
        json!([{"control": "PunchCorrection", "id": "PunchCorrection-1700000000001", "value": {}}]);
    assert_eq!(bed.send_code(APPLY, &body).await, 301025, "no punch correction over the API");
}

#[tokio::test]
async fn the_older_form_of_the_flow_is_understood() {
    let bed = Bed::start().await;
    let mut body = purchase();
    body.as_object_mut().unwrap().remove("process");
    for (attr, relation) in [(1, 2), (2, 1)] {
        body["approver"] = json!([{"attr": attr, "userid": ["ZhangSan", "wangwu"]}]);
        body["notifyer"] = json!(["zhouba"]);
        let number = apply(&bed, &body).await;
        let info = bed.send(DETAIL, &json!({"sp_no": number})).await["info"].clone();
        assert_eq!(info["process_list"]["node_list"][0]["apv_rel"], relation, "attr {attr} is the other way round");
        assert_eq!(
            (&info["sp_record"][0]["approverattr"], &info["notifyer"]),
            (&json!(attr), &json!([{"userid": "zhouba"}]))
        );
    }
}

/// One row a control: the value, and the code.
#[tokio::test]
async fn every_value_has_its_shape() {
    let bed = Bed::start().await;
    let related = apply(&bed, &purchase()).await;
    let half = 1_760_025_600; // midnight in China
    let range = |kind: &str, begin: i64| json!({"type": kind, "new_begin": begin, "new_end": begin + 43_200, "new_duration": 43_200});
    let sliced = |day: i64, length: i64| {
        json!({"attendance": {
            "type": 4, "date_range": {"type": "hour", "new_begin": 1, "new_end": 2},
            "slice_info": {"day_items": [{"daytime": day, "duration": length}]},
        }})
    };
    let cell = |id: &str, value: Value| json!({"control": "x", "id": id, "value": value});
    let row = json!({"list": [
        cell("Text-1700000000031", json!({"text": "a"})), cell("Number-1700000000032", json!({"new_number": "1"})),
    ]});
    let rows: Vec<(&str, &str, u64, Value, i64)> = vec![
        (PURCHASE_TEMPLATE, "Money", 1, json!({"new_money": 700}), 301025),
        (
            PURCHASE_TEMPLATE,
            "Selector",
            2,
            json!({"selector": {"type": "single", "options": [{"key": "option-1700000000100"}]}}),
            0,
        ),
        (
            PURCHASE_TEMPLATE,
            "Selector",
            2,
            json!({"selector": {"type": "multi", "options": [{"key": "option-1700000000100"}]}}),
            301025,
        ),
        (PURCHASE_TEMPLATE, "Selector", 3, json!({"selector": {"type": "multi", "options": [{"key": "x"}]}}), 301025),
        (PURCHASE_TEMPLATE, "Text", 4, json!({"text": "a\nb"}), 301025),
        (PURCHASE_TEMPLATE, "Textarea", 5, json!({"text": "a\nb"}), 0),
        (PURCHASE_TEMPLATE, "Number", 6, json!({"new_number": "1.5"}), 0),
        (PURCHASE_TEMPLATE, "Number", 6, json!({"new_number": "x"}), 301025),
        (PURCHASE_TEMPLATE, "Date", 7, json!({"date": {"type": "day", "s_timestamp": "1760000000"}}), 0),
        (PURCHASE_TEMPLATE, "Date", 7, json!({"date": {"type": "day", "s_timestamp": 1760000000}}), 301025),
        (PURCHASE_TEMPLATE, "Contact", 8, json!({"members": [{"userid": "lisi", "name": "李四"}]}), 0),
        (PURCHASE_TEMPLATE, "Contact", 8, json!({"members": [{"userid": "nobody"}]}), 301025),
        (PURCHASE_TEMPLATE, "Contact", 9, json!({"departments": [{"openapi_id": "31", "name": "品牌组"}]}), 0),
        (PURCHASE_TEMPLATE, "Contact", 9, json!({"departments": [{"openapi_id": 31}]}), 301025),
        (PURCHASE_TEMPLATE, "File", 11, json!({"files": [{"file_id": "x"}]}), 301025),
        (PURCHASE_TEMPLATE, "Table", 12, json!({"children": [row]}), 0),
        (PURCHASE_TEMPLATE, "Table", 12, json!({"children": []}), 301025),
        (PURCHASE_TEMPLATE, "Table", 12, json!({"children": [{"list": []}]}), 301025),
        (PURCHASE_TEMPLATE, "RelatedApproval", 13, json!({"related_approval": [{"sp_no": related}]}), 0),
        (PURCHASE_TEMPLATE, "RelatedApproval", 13, json!({"related_approval": [{"sp_no": "x"}]}), 301025),
        (OUT_TEMPLATE, "Location", 2, json!({"location": {"latitude": "30.1", "longitude": "104.1", "time": 1}}), 0),
        (OUT_TEMPLATE, "Location", 2, json!({"location": {"latitude": 30.1, "longitude": 104.1, "time": 1}}), 301025),
        (OUT_TEMPLATE, "DateRange", 3, json!({"date_range": range("halfday", half)}), 0),
        (OUT_TEMPLATE, "DateRange", 3, json!({"date_range": range("halfday", half + 1)}), 301025),
        (OUT_TEMPLATE, "Attendance", 1, json!({"attendance": {"type": 3, "date_range": range("hour", half)}}), 301025),
        (LEAVE_TEMPLATE, "Vacation", 1, json!({"vacation": {"selector": {"options": [{"key": "9"}]}}}), 301025),
        (OUT_TEMPLATE, "Attendance", 1, sliced(half, 3600), 0),
        (OUT_TEMPLATE, "Attendance", 1, sliced(half, 3601), 301025),
        (OUT_TEMPLATE, "Attendance", 1, sliced(half + 3600, 3600), 301025),
    ];
    for (number, (template, control, id, value, expected)) in (0_i64..).zip(rows) {
        let mut body = with("/template_id", json!(template));
        // Attendances of one person must not meet.
        let begin = half + 86_400 * (number + 1);
        let needed = json!({"control": "Attendance", "id": "Attendance-1700000000001",
            "value": {"attendance": {"type": 4, "date_range": range("hour", begin)}}});
        let content =
            json!({"control": control, "id": format!("{control}-{}", 1_700_000_000_000_u64 + id), "value": value});
        let mut contents =
            if template == OUT_TEMPLATE { json!([needed]) } else { body["apply_data"]["contents"].clone() };
        if control == "Money" || control == "Attendance" || template == LEAVE_TEMPLATE {
            contents = json!([]);
        }
        contents.as_array_mut().unwrap().push(content);
        body["apply_data"]["contents"] = contents;
        assert_eq!(bed.send_code(APPLY, &body).await, expected, "{control} {value}");
    }
}

#[tokio::test]
async fn two_leaves_do_not_meet() {
    let bed = Bed::start().await;
    let leave = |applicant: &str, begin: i64| {
        let range = json!({"type": "hour", "new_begin": begin, "new_end": begin + 3600, "new_duration": 3600});
        let mut body = with("/template_id", json!(LEAVE_TEMPLATE));
        body["creator_userid"] = json!(applicant);
        body["apply_data"]["contents"] = json!([{"control": "Vacation", "id": "Vacation-1700000000001", "value": {
            "vacation": {"selector": {"type": "single", "options": [{"key": "1"}]}, "attendance": {"type": 1, "date_range": range}},
        }}]);
        body
    };
    let first = apply(&bed, &leave("lisi", 1_760_000_000)).await;
    for (applicant, begin, expected) in
        [("lisi", 1_760_003_599, 301079), ("lisi", 1_760_003_600, 0), ("wangwu", 1_760_000_000, 0)]
    {
        assert_eq!(bed.send_code(APPLY, &leave(applicant, begin)).await, expected, "{applicant} at {begin}");
    }
    bed.control.withdraw("lisi", &first).unwrap();
    assert_eq!(bed.send_code(APPLY, &leave("lisi", 1_760_000_000)).await, 0, "the withdrawn one does not count");
    let value = bed.send(DETAIL, &json!({"sp_no": first})).await["info"]["apply_data"]["contents"][0]["value"].clone();
    assert_eq!(value["vacation"]["attendance"]["date_range"]["perday_duration"], 86_400, "added");
}

#[tokio::test]
async fn the_detail_has_every_quirk() {
    let bed = Bed::start().await;
    let mut body = purchase();
    body["apply_data"]["contents"].as_array_mut().unwrap().push(json!({
        "control": "Selector", "id": "Selector-1700000000002",
        "value": {"selector": {"type": "single", "options": [{"key": "option-1700000000101"}]}},
    }));
    let number = apply(&bed, &body).await;
    bed.control.comment("zhouba", &number, "尽快").unwrap();
    bed.control.decide("WangWu", &number, &agree()).unwrap();
    let answer = bed.send(DETAIL, &json!({"sp_no": number})).await;
    let info = &answer["info"];
    for (pointer, expected) in [
        ("/sp_no", json!("202510090001")),
        ("/sp_name", json!("采购申请")),
        ("/sp_status", json!(2)),
        ("/apply_time", json!(NOW)),
        ("/applyer", json!({"userid": "lisi", "partyid": "21"})),
        ("/sp_record/0/approverattr", json!(1)),
        ("/sp_record/0/details/0/sptime", json!(0)),
        ("/sp_record/0/details/1/speech", json!("同意")),
        ("/process_list/node_list/0/apv_rel", json!(2)),
        ("/process_list/node_list/0/sub_node_list/1/sp_yj", json!(2)),
        (
            "/process_list/node_list/1",
            json!({"node_type": 2, "sub_node_list": [
                {"userid": "zhouba", "speech": "", "sp_yj": 1, "sptime": 0, "media_ids": []},
            ]}),
        ),
        ("/notifyer", json!([{"userid": "zhouba"}])),
        ("/comments/0/commentUserInfo/userid", json!("zhouba")),
        ("/apply_data/contents/0/value/new_money", json!("700.50")),
        ("/apply_data/contents/1/value/selector/options/0/value/0/text", json!("软件")),
    ] {
        assert_eq!(info.pointer(pointer), Some(&expected), "{pointer}");
    }
    assert!(info["comments"][0]["commentid"].is_string());
    let contents = info["apply_data"]["contents"].as_array().unwrap();
    let kinds: Vec<&str> = contents.iter().map(|one| one["control"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Money", "Selector", "Tips", "Formula"], "those that the platform works out are added");
    assert!(contents[2]["value"]["new_tips"].is_object());
    for content in contents {
        for list in
            ["tips", "members", "departments", "files", "children", "stat_field", "sum_field", "related_approval"]
        {
            assert_eq!(content["value"][list], json!([]), "{list} of {}", content["control"]);
        }
        assert!(content["title"][0]["text"].is_string());
    }
    bed.control.configure(|behaviour| behaviour.approvals.single_objects = true);
    let info = bed.send(DETAIL, &json!({"sp_no": number})).await["info"].clone();
    assert!(info["sp_record"].is_object() && info["notifyer"] == json!({"userid": "zhouba"}));

    for (status, expected) in [(ApprovalStatus::Paid, 10), (ApprovalStatus::Deleted, 7)] {
        bed.control.set_approval_status(&number, status).unwrap();
        assert_eq!(bed.send(DETAIL, &json!({"sp_no": number})).await["info"]["sp_status"], expected);
    }
    let hidden = bed.control.submit_approval("zhangliu", PURCHASE_TEMPLATE, vec![]).unwrap();
    for (body, expected) in [
        (json!({"sp_no": "x"}), 301025),
        (json!({"sp_no": 202510090001_u64}), 301025),
        (json!({}), 301025),
        (json!({"sp_no": hidden}), 301055),
    ] {
        assert_eq!(bed.send_code(DETAIL, &body).await, expected, "{body}");
    }
}

#[tokio::test]
async fn pages_are_short_and_the_last_has_no_cursor() {
    let bed = Bed::start().await;
    let mut numbers = Vec::new();
    for applicant in ["lisi", "zhangliu", "zhangliu", "wangwu", "lisi"] {
        numbers.push(bed.control.submit_approval(applicant, PURCHASE_TEMPLATE, vec![]).unwrap());
        bed.control.advance(Duration::from_secs(1));
    }
    bed.control.withdraw("lisi", &numbers[0]).unwrap();
    let ask = |from: u64, to: u64, cursor: &str, size: u64| json!({"starttime": from.to_string(), "endtime": to.to_string(), "new_cursor": cursor, "size": size});
    let mut cursor = String::new();
    for (expected, last) in [
        (vec![&numbers[0]], false),
        (vec![], false),
        (vec![], false),
        (vec![&numbers[3]], false),
        (vec![&numbers[4]], true),
    ] {
        let page = bed.send(LIST, &ask(NOW, NOW + 10, &cursor, 1)).await;
        assert_eq!(page["sp_no_list"], json!(expected), "filtered after it was cut");
        assert_eq!(page.get("new_next_cursor").is_none(), last, "missing on the last page only: {page}");
        cursor = page["new_next_cursor"].as_str().unwrap_or_default().to_owned();
    }
    let filtered = |filters: Value| {
        let mut body = ask(NOW, NOW + 10, "", 100);
        body["filters"] = filters;
        body
    };
    let own = [&numbers[0], &numbers[3], &numbers[4]];
    let rows: Vec<(Value, Result<Vec<&String>, i64>)> = vec![
        (json!([]), Ok(own.to_vec())),
        (json!([{"key": "creator", "value": "LiSi"}]), Ok(vec![own[0], own[2]])),
        (json!([{"key": "creator", "value": "nobody"}]), Err(301055)),
        (json!([{"key": "sp_status", "value": "4"}]), Ok(vec![own[0]])),
        (json!([{"key": "sp_status", "value": "1"}, {"key": "creator", "value": "lisi"}]), Ok(vec![own[2]])),
        (json!([{"key": "template_id", "value": LEAVE_TEMPLATE}]), Ok(vec![])),
        (json!([{"key": "department", "value": "21"}, {"key": "department", "value": "22"}]), Ok(own.to_vec())),
        (json!([{"key": "record_type", "value": "1"}]), Ok(vec![])),
        (json!([{"key": "sp_status", "value": "1"}, {"key": "sp_status", "value": "2"}]), Err(301025)),
        (json!([{"key": "x", "value": "1"}]), Err(301025)),
        (json!([{"key": "sp_status", "value": 1}]), Err(40058)),
    ];
    for (filters, expected) in rows {
        let answer = bed.send(LIST, &filtered(filters.clone())).await;
        match expected {
            Ok(numbers) => assert_eq!(answer["sp_no_list"], json!(numbers), "{filters}"),
            Err(code) => assert_eq!(answer["errcode"], code, "{filters}"),
        }
    }
    let month = 31 * 86_400;
    for (body, expected) in [
        (ask(NOW, NOW + month, "", 100), 0),
        (ask(NOW, NOW + month + 1, "", 100), 301025),
        (ask(NOW, NOW, "", 100), 301025),
        (ask(NOW, NOW + 1, "", 0), 301025),
        (ask(NOW, NOW + 1, "", 101), 301025),
        (ask(NOW, NOW + 1, "x", 1), 40058),
        (json!({"starttime": NOW, "endtime": NOW + 1, "new_cursor": "", "size": 1}), 0),
        (json!({"starttime": NOW, "endtime": NOW + 1, "cursor": 0, "size": 1}), 40058),
    ] {
        assert_eq!(bed.send_code(LIST, &body).await, expected, "{body}");
    }
    bed.control.configure(|behaviour| behaviour.approvals.densest_window = Some(4));
    for (to, expected) in [(NOW + 10, 301112), (NOW + 3, 0)] {
        assert_eq!(bed.send_code(LIST, &ask(NOW, to, "", 100)).await, expected, "{to}");
    }
}

#[tokio::test]
async fn each_change_is_told() {
    let (bed, listener) = (Bed::start().await, Listener::start().await);
    bed.control.save_callback(Receiver::App(DEMO_AGENT_ID), listener.callback()).await.unwrap();
    let number = apply(&bed, &purchase()).await;
    bed.control.urge("lisi", &number).unwrap();
    bed.control.comment("zhouba", &number, "尽快").unwrap();
    bed.control.decide("wangwu", &number, &Decision::Transfer("sunqi".to_owned())).unwrap();
    bed.control.decide("sunqi", &number, &Decision::AddApprover("zhouba".to_owned())).unwrap();
    bed.control.decide("sunqi", &number, &agree()).unwrap();
    let done = bed.control.withdraw("lisi", &number).unwrap();
    assert_eq!(done.status, ApprovalStatus::WithdrawnAfterApproval);
    let other = bed.control.submit_approval("wangwu", PURCHASE_TEMPLATE, vec![]).unwrap();
    let awaited = bed.control.approval(&other).unwrap().awaited().join(" ");
    let rejected = bed.control.decide(&awaited, &other, &Decision::Reject("不".to_owned())).unwrap();
    assert_eq!(rejected.status, ApprovalStatus::Rejected);
    bed.control.submit_approval("zhangliu", PURCHASE_TEMPLATE, vec![]).unwrap();
    bed.control.settled().await;

    let came = listener.came();
    let between = |text: &str, tag: &str| {
        text.split(&format!("<{tag}>")).nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_owned()
    };
    let changes: Vec<String> = came.iter().map(|came| between(&came.message, "StatuChangeEvent")).collect();
    assert_eq!(changes, ["1", "5", "10", "4", "12", "2", "8", "1", "3"], "nothing of an applicant out of range");
    let first = &came[0].message;
    for expected in [
        "<Event><![CDATA[sys_approval_change]]></Event><ApprovalInfo><SpNoStr><![CDATA[202510090001]]></SpNoStr><SpNo>202510090001</SpNo>",
        "<SpStatus>1</SpStatus><TemplateId>",
        "<Applyer><UserId><![CDATA[lisi]]></UserId><Party><![CDATA[21]]></Party></Applyer><SpRecord><SpStatus>1</SpStatus><ApproverAttr>1</ApproverAttr><Details>",
        "<Notifyer><UserId><![CDATA[zhouba]]></UserId></Notifyer>",
        "<ApvRel>2</ApvRel><SubNodeList><UserInfo><UserId><![CDATA[ZhangSan]]></UserId></UserInfo>",
        "<FromUserName><![CDATA[sys]]></FromUserName>",
        "<AgentID>1000073</AgentID>",
    ] {
        assert!(first.contains(expected), "{expected} in {first}");
    }
    let nobody = bed.control.decide("lisi", "x", &agree());
    assert_eq!(nobody, Err(DeskError::Unknown("x".to_owned())));
    let unknown = bed.control.decide("lisi", &number, &Decision::Transfer("nobody".to_owned()));
    assert_eq!(unknown, Err(DeskError::MemberUnknown("nobody".to_owned())));
}
