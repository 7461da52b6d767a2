//! Departments as WeCom answers them.

use super::*;

#[test]
fn departments_are_an_array_in_list_and_an_object_in_get() {
    let list = r#"{"errcode":0,"errmsg":"ok","department":[{"id":2,"name":"研发中心","name_en":"RD","department_leader":["zhangsan"],"parentid":1,"order":100000000},{"id":31,"name":"平台组","department_leader":[],"parentid":2,"order":99999000}]}"#;
    let first = Department {
        id: "2".into(),
        name: "研发中心".into(),
        name_en: Some("RD".into()),
        parent_id: Some("1".into()),
        order: 100_000_000,
        leaders: vec!["zhangsan".into()],
    };
    let second = Department {
        id: "31".into(),
        name: "平台组".into(),
        name_en: None,
        parent_id: Some("2".into()),
        order: 99_999_000,
        leaders: vec![],
    };
    let row = |department: Department, absent| {
        DepartmentRow::Fetched(FetchedDepartment { department, absent, unreadable: Vec::new() })
    };
    let listed = [row(first, Absent::NONE), row(second.clone(), Absent::NAME_EN)];
    assert_eq!(department::parse_list(list).unwrap(), listed);
    let one = r#"{"errcode":0,"errmsg":"ok","department":{"id":31,"name":"平台组","name_en":"","department_leader":["lisi"],"parentid":2,"order":99999000}}"#;
    let expected = row(Department { leaders: vec!["lisi".into()], ..second }, Absent::NONE);
    assert_eq!(department::parse_one(one).unwrap(), expected);
    for (name, row, parent) in [
        ("the root", r#"{"id":1,"name":"r","parentid":0}"#, None),
        ("without a parent", r#"{"id":"1","name":"r"}"#, None),
        (
            "beyond int32",
            r#"{"id":4294967295,"name":"r","parentid":2315041299,"order":4294967295}"#,
            Some("2315041299"),
        ),
    ] {
        assert_eq!(fetched_department(row).department.parent_id.as_deref(), parent, "{name}");
    }
    for text in [r#"{"department":null}"#, r#"{"department":[]}"#, "{}"] {
        assert_eq!(department::parse_list(text).unwrap(), [], "{text}");
    }
    for text in [r#"{"department":{"id":1}}"#, r#"{"department":7}"#, r#"{"department":[{"id":1}"#] {
        assert!(department::parse_list(text).is_err(), "{text}");
    }
}

#[test]
fn an_odd_department_spoils_no_other() {
    let list = r#"{"department":[{"id":1},{"name":"x"},{"id":null},{"id":-1},7,{"id":"2"}]}"#;
    let ids: Vec<_> = department::parse_list(list)
        .unwrap()
        .into_iter()
        .map(|row| match row {
            DepartmentRow::Fetched(fetched) => fetched.department.id,
            DepartmentRow::Unreadable => "?".to_owned(),
        })
        .collect();
    assert_eq!(ids.iter().filter(|id| *id == "?").count(), 4);
    assert!(ids.contains(&"1".to_owned()) && ids.contains(&"2".to_owned()));

    let whole = r#"{"id":3,"name":"n","name_en":"e","department_leader":["l"],"parentid":2,"order":7}"#;
    let known = fetched_department(whole);
    assert_eq!((known.absent, known.unreadable.len()), (Absent::NONE, 0));
    for (key, flag, odd) in [
        ("name", Absent::NAME, "[1]"),
        ("name_en", Absent::NAME_EN, "true"),
        ("department_leader", Absent::LEADERS, r#""l""#),
        ("parentid", Absent::PARENT, "-1"),
        ("order", Absent::ORDER, "1.5"),
    ] {
        let mut patched: serde_json::Value = serde_json::from_str(whole).unwrap();
        for (value, unreadable) in [(odd, vec![key]), ("null", Vec::new())] {
            patched[key] = serde_json::from_str(value).unwrap();
            let mut found = fetched_department(&patched.to_string());
            assert_eq!((found.absent, &found.unreadable), (flag, &unreadable), "{key} {value}");
            found.complete_from(&known.department);
            assert_eq!(found.department, known.department, "{key} {value}");
        }
    }
}
