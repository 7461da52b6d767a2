use organisation_kit::contract::{
    approvals::{
        AttendanceValue, ControlOption, DateValue, DayShare, Person, Place, PlainField, Precision, SpanValue,
        VacationValue,
    },
    types::Reason,
};

use super::*;

fn text(text: &str) -> LocalisedText {
    LocalisedText { language: "zh-CN".into(), text: text.into() }
}

fn control(kind: &str, change: impl FnOnce(&mut PlainControl)) -> PlainControl {
    let mut control = PlainControl {
        id: format!("{}-1", kind::control_of(kind)),
        kind: kind.into(),
        titles: vec![text("标题")],
        placeholders: Vec::new(),
        required: false,
        options: Vec::new(),
        multiple: false,
        config: None,
    };
    change(&mut control);
    control
}

fn configured(kind: &str, config: Value) -> PlainControl {
    control(kind, |control| control.config = Some(config.to_string()))
}

fn alone(control: PlainControl) -> Control {
    Control { control, columns: Vec::new() }
}

fn option(key: &str) -> ControlOption {
    ControlOption { key: key.into(), texts: Vec::new() }
}

fn field(kind: &str, value: PlainValue) -> Field {
    let id = format!("{}-1", kind::control_of(kind));
    Field { id, kind: None, titles: Vec::new(), value: FieldValue::Plain(value) }
}

fn request(fields: Vec<Field>) -> ApprovalRequest {
    ApprovalRequest {
        template: "T".into(),
        applicant: "zhangsan".into(),
        department: None,
        process: None,
        fields,
        summary: vec![vec![text("采购 700.50 元")]],
        idempotency_key: None,
    }
}

fn template(controls: Vec<Control>) -> Template {
    Template { id: "T".into(), names: Vec::new(), controls }
}

fn span(precision: Precision, begin: u64, end: u64) -> SpanValue {
    SpanValue {
        precision: Some(precision),
        begin: begin * 1_000,
        end: end * 1_000,
        duration_seconds: None,
        days: Vec::new(),
    }
}

const NOW: u64 = 1_790_000_000_000;
/// Midnight in China, of a day in 2019.
const MIDNIGHT: u64 = 1_570_550_400;
const NOON: u64 = MIDNIGHT + 43_200;

/// Where the request is refused, and why in English.
fn refused(request: &ApprovalRequest, template: &Template) -> (String, String) {
    let failure = early(request).and_then(|()| body(request, template, NOW)).unwrap_err();
    assert!(!failure.message.zh.is_ascii(), "{failure:?}");
    let Reason::InvalidArgument(problem) = failure.reason.clone() else { panic!("{failure:?}") };
    (problem.path, failure.message.en.clone())
}

fn people(ids: &[&str]) -> Vec<Person> {
    ids.iter().map(|&id| Person { id: id.into(), name: None }).collect()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn the_example_of_the_documentation_is_written() {
    let money = control("money", |control| control.required = true);
    let mut request = request(vec![field("money", PlainValue::Money("700.50".into()))]);
    request.process = Some(vec![
        ProcessNode { kind: NodeKind::Approve, consent: Some(Consent::Any), members: texts(&["lisi", "wangwu"]) },
        ProcessNode { kind: NodeKind::Copy, consent: None, members: texts(&["zhaoliu"]) },
        ProcessNode { kind: NodeKind::Handle, consent: Some(Consent::InTurn), members: texts(&["a", "b"]) },
        ProcessNode { kind: NodeKind::Approve, consent: None, members: texts(&["a"]) },
    ]);
    let mut expected = json!({
        "creator_userid": "zhangsan", "template_id": "T", "use_template_approver": 0,
        "process": { "node_list": [
            { "type": 1, "apv_rel": 2, "userid": ["lisi", "wangwu"] },
            { "type": 2, "userid": ["zhaoliu"] },
            { "type": 3, "apv_rel": 3, "userid": ["a", "b"] },
            { "type": 1, "apv_rel": 1, "userid": ["a"] },
        ] },
        "apply_data": { "contents": [{ "control": "Money", "id": "Money-1", "value": { "new_money": "700.50" } }] },
        "summary_list": [{ "summary_info": [{ "text": "采购 700.50 元", "lang": "zh_CN" }] }],
    });
    let template = template(vec![alone(control("tips", |control| control.required = true)), alone(money)]);
    assert_eq!(body(&request, &template, NOW), Ok(expected.clone()));
    (request.process, request.department) = (None, Some("31".into()));
    expected["use_template_approver"] = json!(1);
    expected["choose_department"] = json!(31);
    expected.as_object_mut().unwrap().remove("process");
    assert_eq!(body(&request, &template, NOW), Ok(expected));
}

#[test]
fn what_concerns_no_field_is_judged_before_the_template_is_read() {
    let node = |kind, consent, members: &[&str]| Some(vec![ProcessNode { kind, consent, members: texts(members) }]);
    let long = "字".repeat(21);
    type Change = Box<dyn Fn(&mut ApprovalRequest)>;
    let changes: Vec<(&str, Change)> = vec![
        ("template", Box::new(|request| request.template.clear())),
        ("applicant", Box::new(|request| request.applicant.clear())),
        ("department", Box::new(|request| request.department = Some("sales".into()))),
        ("department", Box::new(|request| request.department = Some("4294967296".into()))),
        ("summary", Box::new(|request| request.summary.clear())),
        ("summary", Box::new(|request| request.summary = vec![vec![text("x")]; 4])),
        ("summary.1", Box::new(|request| request.summary = vec![vec![text("x")], vec![]])),
        ("summary.0", Box::new(|request| request.summary = vec![vec![text("")]])),
        ("summary.0", Box::new(move |request| request.summary = vec![vec![text("x"), text(&long)]])),
        ("summary.0", Box::new(|request| request.summary[0][0].language.clear())),
        ("process", Box::new(|request| request.process = Some(vec![]))),
        ("process.0", Box::new(move |request| request.process = node(NodeKind::Approve, None, &[]))),
        ("process.0", Box::new(move |request| request.process = node(NodeKind::Approve, None, &[""]))),
        ("process.0", Box::new(move |request| request.process = node(NodeKind::Approve, None, &["a", "b"]))),
        ("process.0", Box::new(move |request| request.process = node(NodeKind::Copy, Some(Consent::All), &["a"]))),
    ];
    for (path, change) in changes {
        let mut request = request(vec![]);
        assert_eq!(early(&request), Ok(()));
        change(&mut request);
        let failure = early(&request).unwrap_err();
        let Reason::InvalidArgument(problem) = failure.reason.clone() else { panic!("{failure:?}") };
        assert_eq!(problem.path, path);
    }
    // As many characters as allowed, of three bytes each.
    let mut longest = request(vec![]);
    longest.summary = vec![vec![text(&"字".repeat(20))]; 3];
    assert_eq!(early(&longest), Ok(()));
}

#[test]
fn a_value_that_does_not_fit_its_control_is_refused_by_name() {
    use PlainValue::{
        Attendance, Date, Departments, Empty, Files, Members, Money, Number, Options, Other, Related, Span, Text,
        Vacation,
    };
    let selector = |multiple| {
        control("selector", |control| {
            (control.multiple, control.options) = (multiple, vec![option("a"), option("b")]);
        })
    };
    let contact = |mode: &str| configured("contact", json!({ "contact": { "type": "single", "mode": mode } }));
    let date = |precision| Date(DateValue { precision: Some(precision), at: 0 });
    let attendance = |kind: &str, span| Attendance(AttendanceValue { kind: Some(kind.into()), span });
    let spread = |precision, day, seconds| SpanValue {
        days: vec![DayShare { day: day * 1_000, duration_seconds: seconds }],
        ..span(precision, MIDNIGHT, NOON)
    };
    let spread_over = |days: u64| SpanValue {
        days: vec![DayShare { day: MIDNIGHT * 1_000, duration_seconds: 360 }],
        ..span(Precision::Hour, MIDNIGHT, MIDNIGHT + days * 86_400)
    };
    let at_degrees = |latitude: &str, longitude: &str| {
        let (title, address) = (String::new(), String::new());
        PlainValue::Place(Place { latitude: latitude.into(), longitude: longitude.into(), title, address, at: None })
    };
    let out = || configured("attendance", json!({ "attendance": { "type": 4, "date_range": { "type": "halfday" } } }));
    let (half, hour, day) = (Precision::HalfDay, Precision::Hour, Precision::Day);
    let plain = |kind: &str| control(kind, |_| ());
    for (control, value, word) in [
        (plain("text"), Text("a\nb".into()), "one line"),
        (plain("text"), Number("1".into()), "takes a value of the case text, not number"),
        (plain("number"), Number("1,000".into()), "decimal"),
        (plain("number"), Number("".into()), "decimal"),
        (plain("number"), Number("1.".into()), "decimal"),
        (plain("number"), Money("1".into()), "not money"),
        (plain("money"), Money("￥1".into()), "decimal"),
        (plain("date"), date(half), "not the half day"),
        (configured("date", json!({ "date": { "type": "day" } })), date(hour), "exact to the day"),
        (configured("date", json!({ "date": { "type": "hour" } })), date(day), "exact to the hour"),
        (plain("date-range"), Span(span(day, 0, 1)), "not the day"),
        (plain("date-range"), Span(span(half, MIDNIGHT + 1, NOON)), "00:00 or 12:00"),
        (plain("date-range"), Span(span(half, MIDNIGHT, NOON + 3_600)), "00:00 or 12:00"),
        (plain("date-range"), Span(span(half, NOON, MIDNIGHT)), "ends after it begins"),
        (plain("date-range"), Span(span(hour, NOON, NOON)), "ends after it begins"),
        (plain("date-range"), Span(spread(half, MIDNIGHT, 43_200)), "not spread"),
        (
            configured("date-range", json!({ "date_range": { "type": "hour" } })),
            Span(span(half, MIDNIGHT, NOON)),
            "to the hour",
        ),
        (selector(false), Options(vec![]), "use empty"),
        (selector(false), Options(texts(&["a", "b"])), "takes one option"),
        (selector(false), Options(texts(&["c"])), "no option \"c\""),
        (selector(true), Options(texts(&["a", "a"])), "twice"),
        (contact("user"), Departments(people(&["1"])), "takes members"),
        (contact("department"), Members(people(&["a"])), "takes departments"),
        (contact("department"), Departments(people(&["sales"])), "whole numbers"),
        (contact("user"), Members(people(&["a", "b"])), "takes one alone"),
        (contact("user"), Members(vec![]), "lacks an id"),
        (contact("user"), Members(people(&[""])), "lacks an id"),
        (plain("file"), Files(texts(&[""])), "without a media id"),
        (plain("file"), Files(texts(&["1", "2", "3", "4", "5", "6", "7"])), "at most 6"),
        (plain("related-approval"), Related(vec![]), "without a number"),
        (plain("formula"), Number("1".into()), "filled in by WeCom"),
        (plain("tips"), Text("x".into()), "filled in by WeCom"),
        (plain("punch-correction"), Other("{}".into()), "no API can submit"),
        (plain("bank-account"), Text("x".into()), "of the case other"),
        (plain("Hologram"), Other("[1]".into()), "JSON object"),
        (plain("Hologram"), Other("{".into()), "JSON object"),
        (
            out(),
            attendance("sleep", span(half, MIDNIGHT, NOON)),
            "one of the kinds leave, punch-correction, trip, out, overtime",
        ),
        (out(), attendance("trip", span(half, MIDNIGHT, NOON)), "of the kind out"),
        (out(), attendance("out", span(hour, MIDNIGHT, NOON)), "to the half day"),
        (out(), attendance("out", spread(half, MIDNIGHT, 8_640)), "multiple of 43200"),
        (out(), attendance("out", spread(half, NOON, 43_200)), "00:00 of China"),
        (plain("attendance"), attendance("overtime", spread(half, MIDNIGHT, 8_641)), "multiple of 8640"),
        (plain("attendance"), attendance("overtime", spread(hour, MIDNIGHT, 359)), "multiple of 360"),
        (
            plain("attendance"),
            attendance("overtime", SpanValue { duration_seconds: Some(7 * 86_400 + 1), ..span(hour, MIDNIGHT, NOON) }),
            "more than 7 days",
        ),
        (plain("attendance"), attendance("overtime", spread_over(8)), "more than 7 days"),
        (plain("location"), at_degrees("30.1", "east"), "decimal degrees"),
        (
            control("vacation", |control| control.options = vec![option("1")]),
            Vacation(VacationValue { option: "2".into(), span: span(half, MIDNIGHT, NOON) }),
            "no option \"2\"",
        ),
    ] {
        let kind = control.kind.clone();
        let (path, message) = refused(&request(vec![field(&kind, value)]), &template(vec![alone(control.clone())]));
        assert_eq!(path, format!("fields.{}", control.id));
        assert!(message.contains(word), "{message} {word}");
        // Nothing at all is no mistake where nothing is required.
        assert!(body(&request(vec![field(&kind, Empty)]), &template(vec![alone(control)]), NOW).is_ok());
    }
}

#[test]
fn a_value_at_its_limit_is_written() {
    let (half, hour) = (Precision::HalfDay, Precision::Hour);
    let attendance = |kind: &str, span| PlainValue::Attendance(AttendanceValue { kind: Some(kind.into()), span });
    let place =
        Place { latitude: "1".into(), longitude: "2".into(), title: String::new(), address: String::new(), at: None };
    for (kind, value) in [
        ("number", PlainValue::Number("-0.50".into())),
        ("textarea", PlainValue::Text("a\nb".into())),
        ("date-range", PlainValue::Span(span(half, MIDNIGHT, MIDNIGHT))),
        ("date-range", PlainValue::Span(span(hour, MIDNIGHT, MIDNIGHT + 1))),
        ("file", PlainValue::Files(texts(&["1", "2", "3", "4", "5", "6"]))),
        ("attendance", attendance("overtime", SpanValue { duration_seconds: Some(7 * 86_400), ..span(hour, 0, 60) })),
        ("location", PlainValue::Place(place)),
        ("phone-number", PlainValue::Other("{}".into())),
        // The template lists no options where they come from elsewhere.
        ("selector", PlainValue::Options(texts(&["any"]))),
    ] {
        let template = template(vec![alone(control(kind, |_| ()))]);
        assert!(body(&request(vec![field(kind, value.clone())]), &template, NOW).is_ok(), "{value:?}");
    }
}

#[test]
fn what_the_template_says_may_be_left_out() {
    let unsaid = || SpanValue { precision: None, ..span(Precision::HalfDay, MIDNIGHT, NOON) };
    let date = || PlainValue::Date(DateValue { precision: None, at: MIDNIGHT * 1_000 });
    let attendance = || PlainValue::Attendance(AttendanceValue { kind: None, span: unsaid() });
    let half = json!({ "type": "halfday" });
    let written = |control: PlainControl, value: PlainValue| {
        let kind = control.kind.clone();
        body(&request(vec![field(&kind, value)]), &template(vec![alone(control)]), NOW)
    };
    for (kind, config, value, place, expected) in [
        ("date", json!({ "date": { "type": "hour" } }), date(), "/date/type", json!("hour")),
        ("date-range", json!({ "date_range": half }), PlainValue::Span(unsaid()), "/date_range/type", json!("halfday")),
        (
            "attendance",
            json!({ "attendance": { "type": 4, "date_range": half } }),
            attendance(),
            "/attendance/date_range/type",
            json!("halfday"),
        ),
        (
            "attendance",
            json!({ "attendance": { "type": 4, "date_range": half } }),
            attendance(),
            "/attendance/type",
            json!(4),
        ),
    ] {
        let body = written(configured(kind, config), value).unwrap();
        let value = &body["apply_data"]["contents"][0]["value"];
        assert_eq!(value.pointer(place), Some(&expected), "{kind}: {value}");
    }
    let leave = PlainValue::Vacation(VacationValue { option: "1".into(), span: unsaid() });
    for (kind, value, word) in [
        ("date", date(), "how exact it is"),
        ("date-range", PlainValue::Span(unsaid()), "how exact it is"),
        ("vacation", leave, "how exact it is"),
        ("attendance", attendance(), "one of the kinds"),
    ] {
        let control = control(kind, |_| ());
        let (path, message) = refused(&request(vec![field(kind, value)]), &template(vec![alone(control)]));
        assert!(path.starts_with("fields.") && message.contains(word), "{kind}: {path}: {message}");
    }
}

#[test]
fn fields_are_those_of_the_template() {
    let money = |kind: &str| Field { kind: Some(kind.into()), ..field("money", PlainValue::Money("1".into())) };
    let required = || alone(control("money", |control| control.required = true));
    let table = Field { value: FieldValue::Table(vec![]), ..money("money") };
    for (fields, word) in [
        (vec![], "is required"),
        (vec![field("money", PlainValue::Empty)], "is required"),
        (vec![money("number")], "is of kind money, not number"),
        (vec![money("money"), money("money")], "more than once"),
        (vec![table], "is no table"),
    ] {
        let (path, message) = refused(&request(fields), &template(vec![required()]));
        assert_eq!(path, "fields.Money-1");
        assert!(message.contains(word), "{message}");
    }
    let (path, message) = refused(&request(vec![field("text", PlainValue::Empty)]), &template(vec![]));
    assert_eq!((path.as_str(), message.contains("not in the template")), ("fields.Text-1", true));
}

#[test]
fn a_control_that_a_choice_brings_up_may_be_left_out() {
    let config = json!({ "selector": { "op_relations": [
        { "key": "a", "relation_list": [{ "related_control_id": "Money-1", "action": 1 }] },
    ] } });
    let money = || alone(control("money", |control| control.required = true));
    let body_with = |controls| body(&request(vec![]), &template(controls), NOW);
    assert!(body_with(vec![alone(configured("selector", config)), money()]).is_ok());
    assert!(body_with(vec![alone(configured("selector", json!({}))), money()]).is_err());
}

#[test]
fn a_row_has_every_column_and_nothing_else() {
    let columns = vec![
        control("money", |control| control.required = true),
        control("date", |control| control.config = Some(json!({ "date": { "type": "hour" } }).to_string())),
        configured("contact", json!({ "contact": { "mode": "department" } })),
        control("formula", |control| control.required = true),
        control("file", |_| ()),
    ];
    let template = template(vec![Control { control: control("table", |control| control.required = true), columns }]);
    let cell = |kind: &str, value| {
        let Field { id, kind, titles, .. } = field(kind, PlainValue::Empty);
        PlainField { id, kind, titles, value }
    };
    let money = || cell("money", PlainValue::Money("1".into()));
    let files = |ids: &[&str]| cell("file", PlainValue::Files(texts(ids)));
    let rows = |rows: Vec<Vec<PlainField>>| {
        let rows = rows.into_iter().map(|fields| TableRow { fields }).collect();
        request(vec![Field { value: FieldValue::Table(rows), ..field("table", PlainValue::Empty) }])
    };
    let body = body(&rows(vec![vec![files(&["m"]), money()]]), &template, NOW).unwrap();
    let expected = json!([{ "control": "Table", "id": "Table-1", "value": { "children": [{ "list": [
        { "control": "Money", "id": "Money-1", "value": { "new_money": "1" } },
        { "control": "Date", "id": "Date-1", "value": { "date": { "type": "hour", "s_timestamp": "" } } },
        { "control": "Contact", "id": "Contact-1", "value": { "departments": [] } },
        { "control": "File", "id": "File-1", "value": { "files": [{ "file_id": "m" }] } },
    ] }] } }]);
    assert_eq!(body["apply_data"]["contents"], expected);
    for (request, expected, word) in [
        (rows(vec![]), "fields.Table-1", "at least one row"),
        (rows(vec![vec![]]), "fields.Table-1.0.Money-1", "required"),
        (rows(vec![vec![money()], vec![money(), money()]]), "fields.Table-1.1.Money-1", "more than once"),
        (rows(vec![vec![money(), cell("text", PlainValue::Empty)]]), "fields.Table-1.0.Text-1", "no column"),
        (rows(vec![vec![cell("money", PlainValue::Money("x".into()))]]), "fields.Table-1.0.Money-1", "decimal"),
        // Six files of the whole request, not of a row.
        (
            rows(vec![vec![money(), files(&["1", "2", "3"])], vec![money(), files(&["4", "5", "6", "7"])]]),
            "fields.Table-1.1.File-1",
            "at most 6",
        ),
        (request(vec![field("table", PlainValue::Text("x".into()))]), "fields.Table-1", "by rows"),
    ] {
        let (path, message) = refused(&request, &template);
        assert_eq!(path, expected);
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn a_value_fits_controls_of_its_kind_alone() {
    let written = crate::approvals::value::tests::written();
    let mut fits = 0;
    for (kind, value, _) in &written {
        for (other, ..) in &written {
            let mut control = control(other, |control| control.multiple = true);
            control.config = (*other == "contact").then(|| json!({ "contact": { "type": "multi" } }).to_string());
            let field = field(other, value.clone());
            let outcome = body(&request(vec![field]), &template(vec![alone(control)]), NOW);
            let has_no_case = |kind: &str| ["phone-number", "Hologram"].contains(&kind);
            let is_fit =
                kind == other || (has_no_case(kind) && has_no_case(other)) || (*kind, *other) == ("text", "textarea");
            assert_eq!(outcome.is_ok(), is_fit, "{value:?} in {other}: {outcome:?}");
            fits += u32::from(is_fit);
        }
    }
    assert!(fits > 17, "{fits}");
}

#[test]
fn a_place_without_a_time_is_of_now() {
    let place = |at| {
        let (title, address) = (String::new(), String::new());
        let place = Place { latitude: "-1.5".into(), longitude: "2".into(), title, address, at };
        let template = template(vec![alone(control("location", |_| ()))]);
        let body = body(&request(vec![field("location", PlainValue::Place(place))]), &template, NOW).unwrap();
        body["apply_data"]["contents"][0]["value"]["location"]["time"].clone()
    };
    assert_eq!((place(None), place(Some(7_000))), (json!(NOW / 1_000), json!(7)));
}
