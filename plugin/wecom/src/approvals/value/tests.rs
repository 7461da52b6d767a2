use organisation_kit::contract::approvals::{
    AttendanceValue, DateValue, DayShare, FieldValue, Person, Place, PlainValue, Precision, SpanValue, VacationValue,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{read, write};
use crate::{
    approvals::{kind, status},
    wire::json_tree::JsonTree,
};

fn read(kind: &str, value: &Value) -> PlainValue {
    read::plain(Some(kind), JsonTree(value))
}

fn span(precision: Precision, begin: u64, end: u64, duration: u64) -> SpanValue {
    SpanValue { precision: Some(precision), begin, end, duration_seconds: Some(duration), days: Vec::new() }
}

fn person(id: &str, name: Option<&str>) -> Person {
    Person { id: id.into(), name: name.map(str::to_owned) }
}

fn date(precision: Precision, at: u64) -> PlainValue {
    PlainValue::Date(DateValue { precision: Some(precision), at })
}

/// One value of every kind, as WeCom takes it.
pub(in crate::approvals) fn written() -> Vec<(&'static str, PlainValue, Value)> {
    let half = span(Precision::HalfDay, 1_570_550_400_000, 1_570_593_600_000, 86_400);
    let range =
        json!({ "type": "halfday", "new_begin": 1_570_550_400, "new_end": 1_570_593_600, "new_duration": 86_400 });
    let share = DayShare { day: 1_570_550_400_000, duration_seconds: 43_200 };
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    vec![
        ("text", PlainValue::Text("事由".into()), json!({ "text": "事由" })),
        ("textarea", PlainValue::Text("a\nb".into()), json!({ "text": "a\nb" })),
        ("number", PlainValue::Number("700".into()), json!({ "new_number": "700" })),
        ("money", PlainValue::Money("700.50".into()), json!({ "new_money": "700.50" })),
        (
            "date",
            date(Precision::Day, 1_760_000_000_000),
            json!({ "date": { "type": "day", "s_timestamp": "1760000000" } }),
        ),
        (
            "date",
            date(Precision::Hour, 1_760_000_000_000),
            json!({ "date": { "type": "hour", "s_timestamp": "1760000000" } }),
        ),
        ("date-range", PlainValue::Span(half.clone()), json!({ "date_range": range })),
        (
            "selector",
            PlainValue::Options(texts(&["option-1"])),
            json!({ "selector": { "type": "single", "options": [{ "key": "option-1" }] } }),
        ),
        (
            "contact",
            PlainValue::Members(vec![person("lisi", Some("李四")), person("wangwu", None)]),
            json!({ "members": [{ "userid": "lisi", "name": "李四" }, { "userid": "wangwu" }] }),
        ),
        (
            "contact",
            PlainValue::Departments(vec![person("31", Some("销售部"))]),
            json!({ "departments": [{ "openapi_id": "31", "name": "销售部" }] }),
        ),
        (
            "file",
            PlainValue::Files(texts(&["m1", "m2"])),
            json!({ "files": [{ "file_id": "m1" }, { "file_id": "m2" }] }),
        ),
        (
            "vacation",
            PlainValue::Vacation(VacationValue { option: "4".into(), span: half.clone() }),
            json!({ "vacation": {
                "selector": { "type": "single", "options": [{ "key": "4" }] },
                "attendance": { "date_range": range, "type": 1 },
            } }),
        ),
        (
            "attendance",
            PlainValue::Attendance(AttendanceValue {
                kind: Some("out".into()),
                span: SpanValue { days: vec![share], ..half },
            }),
            json!({ "attendance": {
                "date_range": range,
                "type": 4,
                "slice_info": { "day_items": [{ "daytime": 1_570_550_400, "duration": 43_200 }] },
            } }),
        ),
        (
            "location",
            PlainValue::Place(Place {
                latitude: "30.1".into(),
                longitude: "104.1".into(),
                title: "门".into(),
                address: "路 1 号".into(),
                at: Some(1_760_000_000_000),
            }),
            json!({ "location": {
                "latitude": "30.1", "longitude": "104.1", "title": "门", "address": "路 1 号", "time": 1_760_000_000,
            } }),
        ),
        (
            "related-approval",
            PlainValue::Related(texts(&["202601080001"])),
            json!({ "related_approval": [{ "sp_no": "202601080001" }] }),
        ),
        ("phone-number", PlainValue::Other(r#"{"phone":"1"}"#.into()), json!({ "phone": "1" })),
        ("Hologram", PlainValue::Other(r#"{"beam":[1]}"#.into()), json!({ "beam": [1] })),
    ]
}

#[test]
fn every_value_is_written_as_documented_and_read_back() {
    for (kind, value, json) in written() {
        assert_eq!(write::plain(&value, false), json, "{kind}");
        assert_eq!(read(kind, &json), value, "{kind}");
    }
}

/// What WeCom adds to every value, the empty list of the kind's own among it.
fn in_company(mut value: Value) -> Value {
    let company =
        ["tips", "members", "departments", "files", "children", "stat_field", "sum_field", "related_approval"];
    for key in company {
        if value.get(key).is_none() {
            value[key] = json!([]);
        }
    }
    value
}

#[test]
fn the_kind_says_where_the_value_stands_and_not_the_key_that_is_there() {
    for (kind, value, json) in written() {
        assert_eq!(read(kind, &in_company(json)), value, "{kind}");
        assert_eq!(read(kind, &in_company(json!({}))), PlainValue::Empty, "{kind}");
        assert_eq!(read(kind, &Value::Null), PlainValue::Empty, "{kind}");
    }
}

#[test]
fn values_with_more_or_less_around_them_are_read() {
    let range = json!({
        "type": "hour", "new_begin": "1760000000", "new_end": 1_760_003_600, "new_duration": 3_600, "perday_duration": 28_800,
        "timezone_info": { "zone_offset": "+9", "zone_desc": "Tokyo" },
    });
    let hour = span(Precision::Hour, 1_760_000_000_000, 1_760_003_600_000, 3_600);
    let slices = json!({ "duration": 3_600, "state": 1, "day_items": [{ "daytime": 1_759_939_200, "time_sections": [], "duration": 3_600 }] });
    let spread = SpanValue { days: vec![DayShare { day: 1_759_939_200_000, duration_seconds: 3_600 }], ..hour.clone() };
    let tips = json!({ "new_tips": [{ "title": [], "list": [] }] });
    let account = json!({ "bank_account": { "account_type": 1, "bank": { "bank_alias": "x" } } });
    for (kind, json, expected) in [
        // Without the wrapping, as one example of the documentation has it.
        ("date", json!({ "type": "day", "s_timestamp": "1760000000" }), date(Precision::Day, 1_760_000_000_000)),
        (
            "date",
            json!({ "date": { "type": "hour", "s_timestamp": 1_760_000_000, "timezone_info": { "zone_offset": "+9" } } }),
            date(Precision::Hour, 1_760_000_000_000),
        ),
        ("date", json!({ "date": { "type": "day", "s_timestamp": "" } }), PlainValue::Empty),
        ("date-range", range.clone(), PlainValue::Span(hour.clone())),
        ("date-range", json!({ "date_range": range }), PlainValue::Span(hour)),
        (
            "selector",
            json!({ "selector": { "type": "single", "options": [{ "key": "a", "value": [{ "text": "甲", "lang": "zh_CN" }] }] } }),
            PlainValue::Options(vec!["a".into()]),
        ),
        ("selector", json!({ "selector": { "type": "multi", "options": [] } }), PlainValue::Empty),
        (
            "contact",
            json!({ "departments": [{ "openapi_id": 31 }] }),
            PlainValue::Departments(vec![person("31", None)]),
        ),
        (
            "vacation",
            json!({ "vacation": {
                "selector": { "options": { "key": 4 } },
                "attendance": { "date_range": range, "type": 1, "slice_info": slices },
            } }),
            PlainValue::Vacation(VacationValue { option: "4".into(), span: spread.clone() }),
        ),
        (
            "attendance",
            json!({ "attendance": { "date_range": range, "type": 2, "slice_info": slices } }),
            PlainValue::Attendance(AttendanceValue { kind: Some("punch-correction".into()), span: spread.clone() }),
        ),
        (
            "attendance",
            json!({ "attendance": { "date_range": range, "type": 77, "slice_info": slices } }),
            PlainValue::Attendance(AttendanceValue { kind: Some("77".into()), span: spread }),
        ),
        (
            "related-approval",
            json!({ "related_approval": [{ "sp_no": "1", "template_names": [], "sp_status": 2, "name": "x", "create_time": 1 }] }),
            PlainValue::Related(vec!["1".into()]),
        ),
        ("number", json!({ "new_number": 7 }), PlainValue::Number("7".into())),
        ("money", json!({ "new_money": "" }), PlainValue::Empty),
        ("tips", json!({ "tips": [] }), PlainValue::Empty),
        ("tips", in_company(tips.clone()), PlainValue::Other(tips.to_string())),
        ("bank-account", in_company(account.clone()), PlainValue::Other(account.to_string())),
        // What cannot be read is passed on.
        (
            "date",
            json!({ "date": { "type": "week", "s_timestamp": "1" } }),
            PlainValue::Other(r#"{"date":{"s_timestamp":"1","type":"week"}}"#.into()),
        ),
        (
            "selector",
            json!({ "selector": { "options": [{ "id": 1 }] } }),
            PlainValue::Other(r#"{"selector":{"options":[{"id":1}]}}"#.into()),
        ),
        ("text", json!({ "text": ["a"] }), PlainValue::Other(r#"{"text":["a"]}"#.into())),
        ("text", json!("odd"), PlainValue::Other(r#""odd""#.into())),
    ] {
        assert_eq!(read(kind, &json), expected, "{kind} {json}");
    }
}

#[test]
fn a_table_is_rows_of_fields() {
    let value = in_company(json!({ "children": [
        { "list": [{ "control": "Money", "id": "Money-1", "title": [{ "text": "金额", "lang": "zh_CN" }], "value": { "new_money": "1" } }] },
        { "list": { "control": "Hologram", "id": "H-1", "value": { "beam": 1 } } },
    ] }));
    let FieldValue::Table(rows) = read::field(Some("table"), JsonTree(&value)) else { panic!() };
    let fields: Vec<_> = rows.iter().flat_map(|row| &row.fields).collect();
    assert_eq!((rows.len(), fields.len()), (2, 2));
    assert_eq!((fields[0].id.as_str(), fields[0].kind.as_deref()), ("Money-1", Some("money")));
    assert_eq!(fields[0].titles[0].text, "金额");
    assert_eq!(fields[0].value, PlainValue::Money("1".into()));
    assert_eq!(fields[1].value, PlainValue::Other(r#"{"beam":1}"#.into()));
}

#[test]
fn a_duration_is_counted_where_nobody_says_it() {
    let whole = SpanValue { duration_seconds: None, ..span(Precision::HalfDay, 0, 43_200_000, 0) };
    let days = vec![DayShare { day: 0, duration_seconds: 360 }, DayShare { day: 86_400_000, duration_seconds: 720 }];
    for (span, seconds) in [
        (whole.clone(), 86_400),
        // A morning alone.
        (SpanValue { end: 0, ..whole.clone() }, 43_200),
        (SpanValue { precision: Some(Precision::Hour), ..whole.clone() }, 43_200),
        (SpanValue { days: days.clone(), ..whole.clone() }, 1_080),
        (SpanValue { days, duration_seconds: Some(7), ..whole }, 7),
    ] {
        assert_eq!(write::duration(&span), seconds, "{span:?}");
    }
}

fn seconds() -> impl Strategy<Value = u64> {
    (1_u64..4_102_444_800).prop_map(|seconds| seconds * 1_000)
}

fn spans() -> impl Strategy<Value = SpanValue> {
    let days = proptest::collection::vec((seconds(), 0_u64..86_400), 0..3);
    let precision = prop_oneof![Just(Precision::HalfDay), Just(Precision::Hour)];
    (precision, seconds(), seconds(), 0_u64..10_000_000, days).prop_map(|(precision, begin, end, duration, days)| {
        let days = days.into_iter().map(|(day, duration_seconds)| DayShare { day, duration_seconds }).collect();
        SpanValue { precision: Some(precision), begin, end, duration_seconds: Some(duration), days }
    })
}

fn values() -> impl Strategy<Value = (&'static str, PlainValue)> {
    let text = || "[a-z0-9\u{4e00}-\u{4eff} \"\\\\]{1,12}";
    let texts = move || proptest::collection::vec(text(), 1..4);
    let people = move || {
        let person = (text(), proptest::option::of(text())).prop_map(|(id, name)| Person { id, name });
        proptest::collection::vec(person, 1..4)
    };
    let dates = (prop_oneof![Just(Precision::Day), Just(Precision::Hour)], seconds());
    let places = (text(), text(), text(), text(), proptest::option::of(seconds()));
    prop_oneof![
        text().prop_map(|text| ("text", PlainValue::Text(text))),
        "-?[0-9]{1,20}(\\.[0-9]{1,4})?".prop_map(|number| ("number", PlainValue::Number(number))),
        "[0-9]{1,20}(\\.[0-9]{2})?".prop_map(|money| ("money", PlainValue::Money(money))),
        dates.prop_map(|(precision, at)| ("date", date(precision, at))),
        spans().prop_map(|span| ("date-range", PlainValue::Span(SpanValue { days: Vec::new(), ..span }))),
        texts().prop_map(|keys| ("selector", PlainValue::Options(keys))),
        people().prop_map(|people| ("contact", PlainValue::Members(people))),
        people().prop_map(|people| ("contact", PlainValue::Departments(people))),
        texts().prop_map(|ids| ("file", PlainValue::Files(ids))),
        (text(), spans()).prop_map(|(option, span)| ("vacation", PlainValue::Vacation(VacationValue { option, span }))),
        (1_u64..12, spans()).prop_map(|(number, span)| {
            ("attendance", PlainValue::Attendance(AttendanceValue { kind: Some(status::KIND.name(number)), span }))
        }),
        places.prop_map(|(latitude, longitude, title, address, at)| {
            ("location", PlainValue::Place(Place { latitude, longitude, title, address, at }))
        }),
        texts().prop_map(|numbers| ("related-approval", PlainValue::Related(numbers))),
        text().prop_map(|text| ("phone-number", PlainValue::Other(json!({ "phone": text }).to_string()))),
    ]
}

proptest! {
    /// What is written is read back, also with what WeCom adds to it, and by WeCom's name of the kind.
    #[test]
    fn a_value_survives_the_way_there_and_back((kind, value) in values(), multiple in any::<bool>()) {
        let kind = kind::of_control(kind::control_of(kind));
        let json = in_company(write::plain(&value, multiple));
        prop_assert_eq!(read(kind, &json), value);
    }
}
