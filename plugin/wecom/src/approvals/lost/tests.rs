use organisation_kit::contract::approvals::{AttendanceValue, DateValue, Place, Precision, SpanValue, VacationValue};

use super::*;

fn field(id: &str, kind: &str, value: PlainValue) -> Field {
    Field { id: id.into(), kind: Some(kind.into()), titles: Vec::new(), value: FieldValue::Plain(value) }
}

fn person(id: &str, name: Option<&str>) -> Person {
    Person { id: id.into(), name: name.map(str::to_owned) }
}

#[test]
fn a_value_is_alike_whatever_wecom_adds_to_it() {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let other = |text: &str| PlainValue::Other(text.to_owned());
    let span = |end, duration| SpanValue {
        precision: Some(Precision::Hour),
        begin: 0,
        end,
        duration_seconds: duration,
        days: Vec::new(),
    };
    let vacation = |option: &str, end, duration| {
        PlainValue::Vacation(VacationValue { option: option.into(), span: span(end, duration) })
    };
    let attendance = |kind: &str, end, duration| {
        PlainValue::Attendance(AttendanceValue { kind: Some(kind.into()), span: span(end, duration) })
    };
    let place = |title: &str, at| {
        let text = String::new;
        PlainValue::Place(Place { latitude: text(), longitude: text(), title: title.into(), address: text(), at })
    };
    let date = |at| PlainValue::Date(DateValue { precision: Some(Precision::Day), at });
    for (sent, shown, alike) in [
        (PlainValue::Text("a".into()), PlainValue::Text("a".into()), true),
        (PlainValue::Text("a".into()), PlainValue::Text("b".into()), false),
        (PlainValue::Text("a".into()), PlainValue::Empty, false),
        (PlainValue::Money("700.50".into()), PlainValue::Money("700.5".into()), true),
        (PlainValue::Number("700".into()), PlainValue::Number("700.00".into()), true),
        (PlainValue::Number("700".into()), PlainValue::Number("7".into()), false),
        (PlainValue::Options(texts(&["a", "b"])), PlainValue::Options(texts(&["b", "a"])), true),
        (PlainValue::Options(texts(&["a"])), PlainValue::Options(texts(&["a", "b"])), false),
        (
            PlainValue::Members(vec![person("LiSi", None)]),
            PlainValue::Members(vec![person("lisi", Some("李四"))]),
            true,
        ),
        (PlainValue::Members(vec![person("a", None)]), PlainValue::Departments(vec![person("a", None)]), false),
        (PlainValue::Departments(vec![person("1", None)]), PlainValue::Departments(vec![person("2", None)]), false),
        (PlainValue::Files(texts(&["media"])), PlainValue::Files(texts(&["filed"])), true),
        (PlainValue::Files(texts(&["media"])), PlainValue::Files(texts(&["1", "2"])), false),
        (date(1), date(1), true),
        (date(1), date(2), false),
        (PlainValue::Span(span(7, None)), PlainValue::Span(span(7, Some(7))), true),
        (PlainValue::Span(span(7, None)), PlainValue::Span(span(8, None)), false),
        (vacation("1", 7, None), vacation("1", 7, Some(7)), true),
        (vacation("1", 7, None), vacation("2", 7, None), false),
        (attendance("out", 7, None), attendance("out", 7, Some(7)), true),
        (attendance("out", 7, None), attendance("trip", 7, None), false),
        (place("门", None), place("门", Some(7)), true),
        (place("门", None), place("窗", None), false),
        (other(r#"{"a":{"b":1},"c":[1]}"#), other(r#"{"a":{"b":1,"d":2},"c":[1],"e":3}"#), true),
        (other(r#"{"a":1}"#), other(r#"{"b":1}"#), false),
        (other(r#"{"a":[1]}"#), other(r#"{"a":[1,2]}"#), false),
    ] {
        assert_eq!(is_plain_alike(&sent, &shown), alike, "{sent:?} {shown:?}");
    }
}

#[test]
fn a_request_is_alike_where_all_its_fields_are_and_none_is_more() {
    let text = |id: &str, text: &str| field(id, "text", PlainValue::Text(text.into()));
    let sent = [text("a", "1"), text("b", "2")];
    let tips = field("t", "tips", PlainValue::Other("{}".into()));
    let blank = field("c", "text", PlainValue::Empty);
    assert!(are_alike(&sent, &[text("b", "2"), tips, blank, text("a", "1")]));
    for shown in [
        vec![text("a", "1")],
        vec![text("a", "1"), text("b", "3")],
        vec![text("a", "1"), text("b", "2"), text("c", "3")],
    ] {
        assert!(!are_alike(&sent, &shown), "{shown:?}");
    }
}

#[test]
fn a_table_is_alike_row_by_row() {
    let cell = |id: &str, value| {
        let Field { id, kind, titles, .. } = field(id, "text", PlainValue::Empty);
        PlainField { id, kind, titles, value }
    };
    let text = |text: &str| PlainValue::Text(text.into());
    let table =
        |rows: Vec<Vec<PlainField>>| FieldValue::Table(rows.into_iter().map(|fields| TableRow { fields }).collect());
    let sent = table(vec![vec![cell("a", text("1")), cell("b", PlainValue::Empty)]]);
    for (shown, alike) in [
        (table(vec![vec![cell("b", PlainValue::Empty), cell("a", text("1"))]]), true),
        (table(vec![vec![cell("a", text("1"))]]), true),
        (table(vec![vec![cell("a", text("2"))]]), false),
        (table(vec![vec![cell("a", text("1"))], vec![]]), false),
        (FieldValue::Plain(text("1")), false),
    ] {
        assert_eq!(is_alike(&sent, &shown), alike, "{shown:?}");
    }
}

#[test]
fn when_it_was_sent_is_kept() {
    let first = Sent::again(None, 7);
    let again = Sent::again(Some(first), 9);
    assert_eq!((Sent::read(&first.write()), Sent::read(&again.write())), (Some(first), Some(again)));
    assert_eq!((again.first, again.last), (7, 9));
    for odd in ["", "7", "7.", "x.y"] {
        assert_eq!(Sent::read(odd), None, "{odd}");
    }
}
