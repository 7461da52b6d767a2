//! Approvals: from a template to a request, to what became of it, and to finding it again.

use std::{collections::BTreeMap, time::Duration};

use organisation_host::contract::{
    approvals::{
        Approval, ApprovalRequest, Consent, Field, FieldValue, NodeKind, PlainField, SearchFilter, SearchPage, TableRow,
    },
    from_json,
    messaging::MediaKind,
    types::{Body, Error, Reason},
};
use serde_json::{Value, json};
use system_tests::{Stage, stage::START_MS};
use wecom_simulator::{
    ApprovalStatus, DEMO_AGENT_ID, Decision, Effect, Fault, LEAVE_TEMPLATE, OLD_TEMPLATE, OUT_TEMPLATE, PUNCH_TEMPLATE,
    PURCHASE_TEMPLATE, When, demo,
};

const DAY: Duration = Duration::from_secs(86_400);
/// Midnight of a day in October in China, milliseconds.
const MIDNIGHT: u64 = 1_760_371_200_000;
const HOUR: u64 = 3_600_000;

/// A field of a request; the number is what makes the ids of the simulator's templates unique.
fn field(kind: &str, number: u64, value: Value) -> Value {
    json!({ "id": format!("{kind}-{}", 1_700_000_000_000 + number), "value": value })
}

fn plain(kind: &str, number: u64, value: Value) -> Value {
    field(kind, number, json!({ "plain": value }))
}

fn request(template: &str, fields: &[Value]) -> ApprovalRequest {
    let document = json!({
        "template": template, "applicant": "lisi", "fields": fields,
        "summary": [[{ "language": "zh-CN", "text": "申请" }, { "language": "en", "text": "A request" }]],
    });
    from_json(document.clone()).unwrap_or_else(|error| panic!("{error}: {document}"))
}

/// The least that the template for purchases takes.
fn purchase(money: &str) -> ApprovalRequest {
    request(PURCHASE_TEMPLATE, &[plain("Money", 1, json!({ "money": money }))])
}

async fn submit(stage: &Stage, request: &ApprovalRequest) -> Result<String, Error> {
    stage.heard(stage.element.submit_approval(request)).await
}

async fn detail(stage: &Stage, number: &str) -> Approval {
    stage.heard(stage.element.approval(number)).await.unwrap()
}

/// Values by the id of their field, as they show themselves.
fn values(fields: &[Field]) -> BTreeMap<&str, &FieldValue> {
    fields.iter().map(|field| (&*field.id, &field.value)).collect()
}

/// Without kinds and titles, which a request need not name.
fn bare(value: &FieldValue) -> FieldValue {
    let cell = |field: &PlainField| PlainField { kind: None, titles: Vec::new(), ..field.clone() };
    match value {
        FieldValue::Table(rows) => {
            let row = |row: &TableRow| TableRow { fields: row.fields.iter().map(cell).collect() };
            FieldValue::Table(rows.iter().map(row).collect())
        }
        plain => plain.clone(),
    }
}

#[tokio::test]
async fn a_template_says_what_it_asks_for() {
    let stage = Stage::demo().await;
    let describe = async |id: &str| stage.heard(stage.element.describe_template(id)).await;
    for (id, chinese, kinds) in [
        (
            PURCHASE_TEMPLATE,
            "采购申请",
            "money! selector selector* text textarea number date contact* contact tips file table related-approval \
             formula bank-account phone-number",
        ),
        (LEAVE_TEMPLATE, "请假", "vacation! textarea file"),
        (OUT_TEMPLATE, "外出", "attendance! location date-range"),
        (PUNCH_TEMPLATE, "打卡补卡", "punch-correction!"),
        (OLD_TEMPLATE, "旧模板", "text!"),
    ] {
        let template = describe(id).await.unwrap();
        assert_eq!((&*template.id, &*template.names[0].language, &*template.names[0].text), (id, "zh-CN", chinese));
        let shown = template.controls.iter().map(|control| {
            let control = &control.control;
            assert!(!control.titles.is_empty(), "{control:?}");
            let marks = [(control.required, "!"), (control.multiple, "*")];
            let marks = marks.iter().filter(|(holds, _)| *holds).map(|(_, mark)| *mark);
            format!("{}{}", control.kind, marks.collect::<String>())
        });
        assert_eq!(shown.collect::<Vec<_>>().join(" "), kinds.split_whitespace().collect::<Vec<_>>().join(" "), "{id}");
    }
    let purchase = describe(PURCHASE_TEMPLATE).await.unwrap();
    let options = |control: usize| {
        purchase.controls[control].control.options.iter().map(|option| &*option.texts[0].text).collect::<Vec<_>>()
    };
    assert_eq!((options(1), options(2)), (vec!["硬件", "软件"], vec!["研发", "办公", "市场"]));
    let columns = purchase.controls[11].columns.iter().map(|column| (&*column.kind, column.required));
    assert_eq!(columns.collect::<Vec<_>>(), [("text", true), ("number", true)]);
    let leave = describe(LEAVE_TEMPLATE).await.unwrap();
    assert_eq!(leave.controls[0].control.options[1].texts[0].text, "事假");
    assert_eq!(describe("made-up").await.unwrap_err().reason, Reason::NotFound);
}

#[tokio::test]
async fn every_control_comes_back_as_it_was_filled_in() {
    let stage = Stage::demo().await;
    let upload = async |name: &str| {
        crate::messages::upload(&stage, MediaKind::File, name, Body::Text("合同内容".into())).await.media_id.unwrap()
    };
    let (contract, photo) = (upload("合同.txt").await, upload("照片.txt").await);
    let related = submit(&stage, &purchase("1")).await.unwrap();
    let text = |text: &str| json!({ "text": text });
    let row = |name: &str, count: &str| {
        json!({ "fields": [
            { "id": "Text-1700000000031", "value": { "text": name } },
            { "id": "Number-1700000000032", "value": { "number": count } },
        ] })
    };
    let by_half_days = json!({
        "precision": "half-day", "begin": MIDNIGHT, "end": MIDNIGHT + 12 * HOUR, "duration_seconds": 86_400,
    });
    let by_hours = json!({
        "precision": "hour", "begin": MIDNIGHT + 33 * HOUR, "end": MIDNIGHT + 37 * HOUR, "duration_seconds": 14_400,
        "days": [{ "day": MIDNIGHT + 24 * HOUR, "duration_seconds": 14_400 }],
    });
    let account = r#"{"bank_account":{"account_name":"张三","account_number":"6222000000000000000","account_type":1}}"#;
    let phone = r#"{"phone_number":{"phone_number":"13800000000"}}"#;
    for (template, fields) in [
        (
            PURCHASE_TEMPLATE,
            vec![
                plain("Money", 1, json!({ "money": "700.50" })),
                plain("Selector", 2, json!({ "options": ["option-1700000000101"] })),
                plain("Selector", 3, json!({ "options": ["option-1700000000200", "option-1700000000202"] })),
                plain("Text", 4, text("采购显示器")),
                plain("Textarea", 5, text("第一行\n第二行")),
                plain("Number", 6, json!({ "number": "-12.5" })),
                plain("Date", 7, json!({ "date": { "precision": "day", "at": MIDNIGHT } })),
                plain("Contact", 8, json!({ "members": [{ "id": "lisi", "name": "李四" }, { "id": "wangwu" }] })),
                plain("Contact", 9, json!({ "departments": [{ "id": "21" }] })),
                plain("File", 11, json!({ "files": [contract] })),
                field("Table", 12, json!({ "table": [row("显示器", "2"), row("键盘", "3")] })),
                plain("RelatedApproval", 13, json!({ "related": [related] })),
                plain("BankAccount", 15, json!({ "other": account })),
                plain("PhoneNumber", 16, json!({ "other": phone })),
            ],
        ),
        (
            LEAVE_TEMPLATE,
            vec![
                plain("Vacation", 1, json!({ "vacation": { "option": "1", "span": by_half_days } })),
                plain("Textarea", 2, text("回家")),
                plain("File", 3, json!({ "files": [photo] })),
            ],
        ),
        (
            OUT_TEMPLATE,
            vec![
                plain("Attendance", 1, json!({ "attendance": { "kind": "out", "span": by_hours } })),
                plain(
                    "Location",
                    2,
                    json!({ "place": {
                        "latitude": "30.547239", "longitude": "104.063291", "title": "天府三街",
                        "address": "四川省成都市天府三街", "at": MIDNIGHT,
                    } }),
                ),
                plain("DateRange", 3, json!({ "span": by_half_days })),
            ],
        ),
        (OLD_TEMPLATE, vec![plain("Text", 1, text("内容"))]),
    ] {
        let asked = request(template, &fields);
        let number = submit(&stage, &asked).await.unwrap_or_else(|error| panic!("{template}: {error:?}"));
        let found = detail(&stage, &number).await;
        assert_eq!((&*found.number, &*found.template, &*found.status), (&*number, template, "pending"));
        assert_eq!((&found.applicants[..], found.department.as_deref()), (&["lisi".to_owned()][..], Some("21")));
        assert_eq!(found.submitted_at, START_MS / 1_000 * 1_000);
        let shown = values(&found.fields);
        for (id, value) in values(&asked.fields) {
            assert_eq!(shown.get(id).map(|shown| bare(shown)), Some(bare(value)), "{id}");
        }
        let further: Vec<&str> = found
            .fields
            .iter()
            .filter(|field| !asked.fields.iter().any(|other| other.id == field.id))
            .filter_map(|field| field.kind.as_deref())
            .collect();
        assert_eq!(further, if template == PURCHASE_TEMPLATE { vec!["tips", "formula"] } else { vec![] });
    }
    stage.assert_discreet(&[]);
}

#[tokio::test]
async fn what_does_not_fit_the_template_is_refused_before_anything_is_made() {
    let stage = Stage::demo().await;
    let money = || plain("Money", 1, json!({ "money": "1" }));
    let cell = |value: Value| json!({ "table": [{ "fields": [{ "id": "Text-1700000000031", "value": value }] }] });
    for (template, fields, path) in [
        (PURCHASE_TEMPLATE, vec![], "fields.Money-1700000000001"),
        (PURCHASE_TEMPLATE, vec![plain("Money", 1, json!({ "money": "viel" }))], "fields.Money-1700000000001"),
        (PURCHASE_TEMPLATE, vec![plain("Money", 1, json!({ "text": "1" }))], "fields.Money-1700000000001"),
        (
            PURCHASE_TEMPLATE,
            vec![money(), plain("Selector", 2, json!({ "options": ["made-up"] }))],
            "fields.Selector-1700000000002",
        ),
        (PURCHASE_TEMPLATE, vec![money(), plain("Text", 4, json!({ "text": "a\nb" }))], "fields.Text-1700000000004"),
        (PURCHASE_TEMPLATE, vec![money(), plain("Tips", 10, json!({ "text": "a" }))], "fields.Tips-1700000000010"),
        (
            PURCHASE_TEMPLATE,
            vec![money(), field("Table", 12, cell(json!({ "text": "显示器" })))],
            "fields.Table-1700000000012.0.Number-1700000000032",
        ),
        (PURCHASE_TEMPLATE, vec![money(), plain("Text", 99, json!({ "text": "a" }))], "fields.Text-1700000000099"),
        (
            PUNCH_TEMPLATE,
            vec![plain("PunchCorrection", 1, json!({ "other": "{}" }))],
            "fields.PunchCorrection-1700000000001",
        ),
    ] {
        let error = submit(&stage, &request(template, &fields)).await.unwrap_err();
        let Reason::InvalidArgument(problem) = &error.reason else { panic!("{path}: {error:?}") };
        assert_eq!(problem.path, path);
    }
    assert_eq!((stage.control.count("oa/applyevent").calls, stage.control.approvals().len()), (0, 0));
}

#[tokio::test]
async fn both_processes_are_followed_to_their_end() {
    let stage = Stage::demo().await;
    let number = submit(&stage, &purchase("1")).await.unwrap();
    stage.control.comment("ZhangSan", &number, "请补充报价").unwrap();
    stage.control.decide("ZhangSan", &number, &Decision::Agree("同意".to_owned())).unwrap();
    let found = detail(&stage, &number).await;
    let [node] = &found.nodes[..] else { panic!("{found:?}") };
    assert_eq!(
        (node.kind, node.consent, node.status.as_deref()),
        (NodeKind::Approve, Some(Consent::Any), Some("approved"))
    );
    let [decision] = &node.decisions[..] else { panic!("{node:?}") };
    assert_eq!(
        (&*decision.member, decision.comment.as_deref(), decision.at),
        ("ZhangSan", Some("同意"), Some(START_MS))
    );
    assert_eq!(
        (&*found.status, &*found.remarks[0].text, &*found.remarks[0].member),
        ("approved", "请补充报价", "ZhangSan")
    );

    let process = json!([
        { "kind": "approve", "consent": "any", "members": ["lisi", "wangwu"] },
        { "kind": "approve", "consent": "in-turn", "members": ["zhaoliu", "sunqi"] },
        { "kind": "handle", "consent": "all", "members": ["zhouba"] },
        { "kind": "copy", "members": ["wujiu"] },
    ]);
    let own = ApprovalRequest { process: from_json(process).unwrap(), ..purchase("2") };
    let number = submit(&stage, &own).await.unwrap();
    let states = async || {
        let found = detail(&stage, &number).await;
        let states = found.nodes.iter().map(|node| node.status.clone().unwrap_or_default());
        (found.status.clone(), states.collect::<Vec<_>>().join(" "))
    };
    assert_eq!(states().await, ("pending".to_owned(), "pending pending pending ".to_owned()));
    for (member, expected) in [
        ("wangwu", "approved pending pending "),
        ("zhaoliu", "approved pending pending "),
        ("sunqi", "approved approved pending "),
        ("zhouba", "approved approved handled "),
    ] {
        stage.control.decide(member, &number, &Decision::Agree("好".to_owned())).unwrap();
        assert_eq!(states().await.1, expected, "after {member}");
    }
    let found = detail(&stage, &number).await;
    assert_eq!((&*found.status, &found.copied_to[..]), ("approved", &["wujiu".to_owned()][..]));
    let consents: Vec<_> = found.nodes.iter().map(|node| (node.kind, node.consent)).collect();
    assert_eq!(
        consents,
        [
            (NodeKind::Approve, Some(Consent::Any)),
            (NodeKind::Approve, Some(Consent::InTurn)),
            (NodeKind::Handle, Some(Consent::All)),
            (NodeKind::Copy, None),
        ]
    );
    for (status, name) in [
        (ApprovalStatus::Rejected, "rejected"),
        (ApprovalStatus::Withdrawn, "withdrawn"),
        (ApprovalStatus::WithdrawnAfterApproval, "withdrawn-after-approval"),
        (ApprovalStatus::Deleted, "deleted"),
        (ApprovalStatus::Paid, "paid"),
    ] {
        stage.control.set_approval_status(&number, status).unwrap();
        assert_eq!(detail(&stage, &number).await.status, name);
    }
    assert_eq!(stage.heard(stage.element.approval("202501010001")).await.unwrap_err().reason, Reason::NotFound);
}

/// The answer is lost after the request was made, and before.
#[tokio::test]
async fn under_a_key_a_lost_answer_makes_one_request() {
    for processed in [true, false] {
        let stage = Stage::demo().await;
        // An earlier request of the same applicant, and later a like one of another: neither is it.
        submit(&stage, &purchase("700.51")).await.unwrap();
        stage.advance(Duration::from_secs(120));
        stage.control.inject(Fault::of("oa/applyevent", When::Nth(1), Effect::Disconnect { processed }));
        let asked = ApprovalRequest { idempotency_key: Some("order-1".to_owned()), ..purchase("700.50") };
        let error = submit(&stage, &asked).await.unwrap_err();
        assert!(matches!(error.reason, Reason::Unavailable), "{error:?}");
        assert_eq!(stage.control.approvals().len(), 1 + usize::from(processed));
        stage.control.submit_approval("wangwu", PURCHASE_TEMPLATE, vec![]).unwrap();

        let elsewhere = stage.elsewhere().await;
        let again = stage.heard(elsewhere.submit_approval(&asked)).await;
        let number = if processed {
            again.unwrap()
        } else {
            let error = again.unwrap_err();
            assert_eq!(error.reason, Reason::Conflict, "WeCom may not list it yet");
            stage.advance(Duration::from_millis(error.retry_after_ms.unwrap()));
            submit(&stage, &asked).await.unwrap()
        };
        assert_eq!(stage.control.approvals().len(), 3, "processed: {processed}");
        let made = stage.control.approval(&number).unwrap();
        assert_eq!((&*made.applicant, &made.contents[0]["value"]["new_money"]), ("lisi", &json!("700.50")));
        let calls = stage.vendor_calls();
        assert_eq!(submit(&stage, &asked).await.unwrap(), number);
        let other = ApprovalRequest { idempotency_key: Some("order-1".to_owned()), ..purchase("1") };
        let Reason::InvalidArgument(problem) = submit(&stage, &other).await.unwrap_err().reason else { panic!() };
        assert_eq!((&*problem.path, stage.vendor_calls()), ("idempotency-key", calls));
    }
}

fn no_filter() -> SearchFilter {
    SearchFilter { template: None, applicant: None, departments: Vec::new(), status: None, kind: None }
}

/// Everything a search finds, in the order in which it is told, page by page.
async fn found(stage: &Stage, (begin, end): (u64, u64), filter: &SearchFilter, limit: u32) -> Vec<String> {
    let (mut numbers, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = stage.element.search_approvals(begin, end, filter, cursor.as_deref(), limit).reported().await;
        let SearchPage { numbers: further, cursor: next } = stage.note_answer(page).unwrap();
        assert!(further.len() <= limit.min(200) as usize);
        numbers.extend(further);
        match next {
            Some(next) => cursor = Some(next),
            None => return numbers,
        }
    }
}

#[tokio::test]
async fn a_year_is_searched_window_by_window() {
    let stage = Stage::demo().await;
    let mut expected = Vec::new();
    for day in 0..365_u32 {
        // Somebody out of range leaves gaps in the pages, for a month there is nobody else, and on one day there is a crowd.
        let mut applicants = match day {
            130..160 => vec!["zhangliu"; 4],
            200 => vec!["wangwu"; 40],
            _ if day.is_multiple_of(3) => vec!["lisi", "zhangliu"],
            _ => vec![],
        };
        if day == 364 {
            applicants.push("ZhangSan");
        }
        for applicant in applicants {
            let template = if applicant == "ZhangSan" { LEAVE_TEMPLATE } else { PURCHASE_TEMPLATE };
            let number = stage.control.submit_approval(applicant, template, vec![]).unwrap();
            if applicant != "zhangliu" {
                expected.push((number, applicant));
            }
            stage.advance(Duration::from_secs(60));
        }
        stage.advance(DAY);
    }
    let year = (START_MS, stage.control.now() + 1_000);
    let all: Vec<&String> = expected.iter().map(|(number, _)| number).collect();
    for limit in [1_000, 7] {
        assert_eq!(found(&stage, year, &no_filter(), limit).await.iter().collect::<Vec<_>>(), all, "{limit} a page");
    }
    // Half of a window that is too dense is asked for, and half of that.
    stage.control.configure(|behaviour| behaviour.approvals.densest_window = Some(9));
    let before = stage.control.count("oa/getapprovalinfo");
    assert_eq!(found(&stage, year, &no_filter(), 100).await.iter().collect::<Vec<_>>(), all);
    let after = stage.control.count("oa/getapprovalinfo");
    assert!(after.calls - before.calls > after.succeeded - before.succeeded, "301112 was met: {after:?}");
    stage.control.configure(|behaviour| behaviour.approvals.densest_window = None);

    let of = |applicant: &str| {
        let own = expected.iter().filter(|(_, other)| *other == applicant);
        own.map(|(number, _)| number.clone()).collect::<Vec<_>>()
    };
    stage.control.set_approval_status(&of("wangwu")[3], ApprovalStatus::Paid).unwrap();
    let named = |name: &str| Some(name.to_owned());
    for (filter, numbers) in [
        (SearchFilter { applicant: named("wangwu"), ..no_filter() }, of("wangwu")),
        (SearchFilter { template: named(LEAVE_TEMPLATE), ..no_filter() }, of("ZhangSan")),
        (SearchFilter { kind: named("leave"), ..no_filter() }, of("ZhangSan")),
        (SearchFilter { status: named("paid"), ..no_filter() }, vec![of("wangwu")[3].clone()]),
        (SearchFilter { departments: vec!["2".to_owned(), "4".to_owned()], ..no_filter() }, of("ZhangSan")),
        (SearchFilter { applicant: named("wangwu"), kind: named("leave"), ..no_filter() }, vec![]),
    ] {
        assert_eq!(found(&stage, year, &filter, 50).await, numbers, "{filter:?}");
    }

    // A cursor belongs to its search.
    let page = stage.heard(stage.element.search_approvals(year.0, year.1, &no_filter(), None, 1)).await.unwrap();
    let cursor = page.cursor.unwrap();
    for (begin, filter) in
        [(year.0 + 1_000, no_filter()), (year.0, SearchFilter { applicant: named("lisi"), ..no_filter() })]
    {
        let other = stage.element.search_approvals(begin, year.1, &filter, Some(&cursor), 1).reported().await;
        let error = stage.note_answer(other).unwrap_err();
        assert!(matches!(&error.reason, Reason::InvalidArgument(_)), "{error:?}");
    }
}

#[tokio::test]
async fn an_app_without_the_permission_is_told_where_it_is_given() {
    let mut corp = demo();
    corp.update_app(DEMO_AGENT_ID, |app| app.approvals = false).unwrap();
    let stage = Stage::of(corp).await;
    let now = stage.control.now();
    let refusals = [
        stage.heard(stage.element.describe_template(PURCHASE_TEMPLATE)).await.map(drop),
        submit(&stage, &purchase("1")).await.map(drop),
        stage.heard(stage.element.approval("202510090001")).await.map(drop),
        stage.heard(stage.element.search_approvals(now - 5_000, now, &no_filter(), None, 1)).await.map(drop),
    ];
    for refusal in refusals {
        let error = refusal.unwrap_err();
        assert_eq!((&error.reason, error.vendor_code), (&Reason::NotPermitted, Some(301_055)));
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("可调用接口的应用")), "{error:?}");
    }
}
