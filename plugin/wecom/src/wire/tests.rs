//! The documentation's own examples (fact sheet §3, §4) and the shapes that were seen in the wild (§11.2, §11.3).

use crate::contract::directory::MemberStatus;
use super::{
    agent::Agent,
    department::{self, Department},
    member::{self, Attribute, Broken, Member, Membership as Place},
    tag::Tag,
};

fn person(id: &str) -> Member {
    member::parse(&format!(r#"{{"userid":"{id}"}}"#)).unwrap()
}

fn place(id: &str) -> Place {
    Place { id: id.into(), leader: false, order: 0 }
}

fn attribute(name: &str, value: &str) -> Attribute {
    Attribute { name: name.into(), value: value.into() }
}

#[test]
fn the_documented_member_is_read() {
    let text = r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan","name":"张三","department":[31],"order":[0],"position":"","gender":"0","is_leader_in_dept":[0],"direct_leader":[],"telephone":"","alias":"","status":1,"extattr":{"attrs":[]},"external_profile":{},"main_department":31}"#;
    let expected = Member {
        name: "张三".into(),
        departments: vec![place("31")],
        main_department: Some("31".into()),
        ..person("zhangsan")
    };
    assert_eq!(member::parse(text).unwrap(), expected);
}

#[test]
fn every_shape_of_a_member_is_read() {
    type Row = (&'static str, &'static str, Box<dyn Fn(&mut Member)>);
    let rows: Vec<Row> = vec![
        ("only an id", "", Box::new(|_| {})),
        ("a name that is a number", r#","name":1"#, Box::new(|m| m.name = "1".into())),
        (
            "ids beyond 2^31 (quirk 17), unsorted and twice",
            r#","department":[4294967295,2315041299,4294967295]"#,
            Box::new(|m| m.departments = vec![place("2315041299"), place("4294967295")]),
        ),
        (
            "arrays shorter than department are padded",
            r#","department":[2,31],"order":[7],"is_leader_in_dept":[1]"#,
            Box::new(|m| {
                m.departments = vec![Place { id: "2".into(), leader: true, order: 7 }, place("31")];
            }),
        ),
        (
            "arrays longer than department are cut",
            r#","department":[2],"order":[0,9],"is_leader_in_dept":[0,1,1]"#,
            Box::new(|m| m.departments = vec![place("2")]),
        ),
        (
            "numbers as text",
            r#","department":["2"],"order":["0"],"status":"4""#,
            Box::new(|m| {
                m.departments = vec![place("2")];
                m.status = MemberStatus::NotActivated;
            }),
        ),
        (
            "null for everything",
            r#","name":null,"department":null,"order":null,"is_leader_in_dept":null,"direct_leader":null,"main_department":null,"status":null,"extattr":null,"external_profile":null,"gender":null,"mobile":null"#,
            Box::new(|_| {}),
        ),
        (
            "empty for everything",
            r#","department":[],"position":"","alias":"","mobile":"","email":"","biz_mail":"","avatar":"","qr_code":"","address":"","extattr":{},"external_profile":{},"open_userid":"""#,
            Box::new(|_| {}),
        ),
        ("main department 0 is none", r#","main_department":0"#, Box::new(|_| {})),
        ("disabled", r#","status":2,"enable":0"#, Box::new(|m| m.status = MemberStatus::Disabled)),
        ("resigned", r#","status":5"#, Box::new(|m| m.status = MemberStatus::Resigned)),
        ("enable speaks where status is missing", r#","enable":0"#, Box::new(|m| m.status = MemberStatus::Disabled)),
        ("gender is text (quirk 20)", r#","gender":"2""#, Box::new(|m| m.gender = Some("female".into()))),
        ("gender as a number", r#","gender":1"#, Box::new(|m| m.gender = Some("male".into()))),
        ("gender 0 is not permitted or unknown", r#","gender":"0""#, Box::new(|_| {})),
        (
            "undocumented fields (quirk 30)",
            r#","enable":1,"isleader":0,"hide_mobile":1,"english_name":"z","future":{"a":[1]}"#,
            Box::new(|_| {}),
        ),
        ("a leader", r#","direct_leader":["lisi"]"#, Box::new(|m| m.direct_leaders = vec!["lisi".into()])),
        (
            "an old app's fields",
            r#","mobile":"+86 13800000000","email":"z@example.com","biz_mail":"z@example.wecom.work","address":"某区某路 1 号","avatar":"https://wework.qpic.cn/sample/0","qr_code":"https://q""#,
            Box::new(|m| {
                m.mobile = Some("+86 13800000000".into());
                m.email = Some("z@example.com".into());
                m.business_email = Some("z@example.wecom.work".into());
                m.address = Some("某区某路 1 号".into());
                m.avatar = Some("https://wework.qpic.cn/sample/0".into());
                m.qr_code = Some("https://q".into());
            }),
        ),
        (
            "custom fields of all types",
            r#","extattr":{"attrs":[{"type":0,"name":"工号","text":{"value":"7"}},{"type":1,"name":"主页","web":{"url":"https://e.com","title":"t"}},{"type":2,"name":"小程序","miniprogram":{"appid":"wx1","pagepath":"/p","title":"m"}}]}"#,
            Box::new(|m| {
                m.attributes = vec![
                    attribute("工号", "7"),
                    attribute("主页", r#"{"title":"t","url":"https://e.com"}"#),
                    attribute("小程序", r#"{"appid":"wx1","pagepath":"/p","title":"m"}"#),
                ];
            }),
        ),
        (
            "custom fields without type (quirk 21)",
            r#","extattr":{"attrs":[{"name":"工号","value":"7"}]}"#,
            Box::new(|m| m.attributes = vec![attribute("工号", "7")]),
        ),
        (
            "both values at once",
            r#","extattr":{"attrs":[{"name":"工号","value":"old","type":0,"text":{"value":"new"}}]}"#,
            Box::new(|m| m.attributes = vec![attribute("工号", "new")]),
        ),
        ("null attrs", r#","extattr":{"attrs":null}"#, Box::new(|_| {})),
        (
            "a custom field that was cleared",
            r#","extattr":{"attrs":[{"type":0,"name":"工号","text":{"value":""}}]}"#,
            Box::new(|m| m.attributes = vec![attribute("工号", "")]),
        ),
        (
            "a public profile, keys in any order",
            r#","external_profile":{"wechat_channels":{"nickname":"n","status":1},"external_corp_name":"c"}"#,
            Box::new(|m| {
                m.external_profile =
                    Some(r#"{"external_corp_name":"c","wechat_channels":{"nickname":"n","status":1}}"#.into());
            }),
        ),
        (
            "an old public profile (quirk 21)",
            r#","external_profile":{"wechat_channels":"n"}"#,
            Box::new(|m| m.external_profile = Some(r#"{"wechat_channels":"n"}"#.into())),
        ),
    ];
    for (name, fields, change) in rows {
        let mut expected = person("z");
        change(&mut expected);
        let text = format!(r#"{{"userid":"z"{fields}}}"#);
        assert_eq!(member::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}")), expected, "{name}");
    }
}

#[test]
fn a_member_without_a_usable_id_makes_the_answer_unreadable() {
    let long = "x".repeat(65);
    for id in ["null", r#""""#, "[]", r#""a\u0000b""#, &format!("{long:?}")] {
        assert!(member::parse(&format!(r#"{{"userid":{id}}}"#)).is_err(), "{id}");
    }
    assert!(member::parse("{}").is_err());
    assert_eq!(person(&"x".repeat(64)).id.len(), 64);
}

#[test]
fn what_was_read_is_stored_and_read_back_the_same() {
    let text = r#"{"userid":"Z","name":"🙂","department":[2],"order":[5],"is_leader_in_dept":[1],"status":4,"alias":"a","extattr":{"attrs":[{"name":"n","value":"v"}]}}"#;
    let member = member::parse(text).unwrap();
    let stored = crate::store::to_json(&member);
    assert_eq!(serde_json::from_str::<Member>(&stored).unwrap(), member);
}

#[test]
fn only_the_fields_that_are_to_be_stored_are_kept() {
    let text = r#"{"userid":"z","name":"n","mobile":"1","position":"p","department":[2],"direct_leader":["l"],"extattr":{"attrs":[{"name":"n","value":"v"}]}}"#;
    let mut member = member::parse(text).unwrap();
    member.keep_only(&["name".to_owned(), "position".to_owned()].into());
    let expected =
        Member { name: "n".into(), position: Some("p".into()), departments: vec![place("2")], ..person("z") };
    assert_eq!(member, expected);
}

#[test]
fn a_list_is_handed_on_in_portions_whatever_stands_beside_it() {
    let read = |text: &str| {
        let mut portions = Vec::new();
        member::each(text, 2, |members| {
            portions.push(members.into_iter().map(|member| member.id).collect::<Vec<_>>());
            if portions.len() < 3 { Ok(()) } else { Err("enough") }
        })
        .map_err(|broken| match broken {
            Broken::Unreadable(_) => "unreadable",
            Broken::Refused(why) => why,
        })
        .map(|()| portions)
    };
    for (text, expected) in [
        (
            r#"{"errcode":0,"userlist":[{"userid":"a"},{"userid":"b"},{"userid":"c"}],"x":[{}]}"#,
            Ok(vec![vec!["a", "b"], vec!["c"]]),
        ),
        (r#"{"userlist":[{"userid":"a"},{"userid":"b"}]}"#, Ok(vec![vec!["a", "b"]])),
        (r#"{"userlist":[]}"#, Ok(vec![])),
        (r#"{"userlist":null}"#, Ok(vec![])),
        ("{}", Ok(vec![])),
        ("{}x", Err("unreadable")),
        (r#"{"userlist":{}}"#, Err("unreadable")),
        (r#"{"userlist":[{}]}"#, Err("unreadable")),
        (r#"{"userlist":[{"userid":"a"}"#, Err("unreadable")),
        (r#"{"userlist":[{"userid":1},{"userid":2},{"userid":3},{"userid":4},{"userid":5}]}"#, Err("enough")),
    ] {
        let expected = expected.map(|portions: Vec<Vec<&str>>| {
            portions.into_iter().map(|ids| ids.into_iter().map(str::to_owned).collect::<Vec<_>>()).collect::<Vec<_>>()
        });
        assert_eq!(read(text), expected, "{text}");
    }
}

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
    assert_eq!(department::parse_list(list).unwrap(), [first, second.clone()]);
    let one = r#"{"errcode":0,"errmsg":"ok","department":{"id":31,"name":"平台组","name_en":"","department_leader":["lisi"],"parentid":2,"order":99999000}}"#;
    assert_eq!(department::parse_one(one).unwrap(), Department { leaders: vec!["lisi".into()], ..second });
    for (name, row, parent) in [
        ("the root", r#"{"id":1,"name":"r","parentid":0}"#, None),
        ("without a parent", r#"{"id":"1","name":"r"}"#, None),
        (
            "beyond int32",
            r#"{"id":4294967295,"name":"r","parentid":2315041299,"order":4294967295}"#,
            Some("2315041299"),
        ),
    ] {
        let list = department::parse_list(&format!(r#"{{"department":[{row}]}}"#)).unwrap();
        assert_eq!(list[0].parent_id.as_deref(), parent, "{name}");
    }
    for text in [r#"{"department":null}"#, r#"{"department":[]}"#, "{}"] {
        assert_eq!(department::parse_list(text).unwrap(), [], "{text}");
    }
    for text in [r#"{"department":[{}]}"#, r#"{"department":[{"id":null}]}"#, r#"{"department":{"id":1}}"#] {
        assert!(department::parse_list(text).is_err(), "{text}");
    }
}

#[test]
fn each_container_of_the_app_may_be_missing() {
    let documented = r#"{"errcode":0,"errmsg":"ok","agentid":1000002,"name":"Org Sync","square_logo_url":"https://p.qlogo.cn/sample/0","description":"","allow_userinfos":{"user":[{"userid":"lisi"}]},"allow_partys":{"partyid":[2,31]},"close":0,"redirect_domain":"app.example.com","report_location_flag":0,"isreportenter":0,"home_url":""}"#;
    let whole = Agent {
        agent_id: Some(1_000_002),
        name: "Org Sync".into(),
        closed: false,
        redirect_domain: "app.example.com".into(),
        departments: vec!["2".into(), "31".into()],
        members: vec!["lisi".into()],
        tags: vec![],
    };
    for (text, expected) in [
        (documented, whole),
        (
            r#"{"agentid":"7","close":"1","allow_userinfos":{},"allow_partys":{"partyid":null},"allow_tags":{"tagid":[3]}}"#,
            Agent { agent_id: Some(7), closed: true, tags: vec!["3".into()], ..Agent::default() },
        ),
        (r#"{"allow_userinfos":null,"allow_tags":[]}"#, Agent::default()),
        ("{}", Agent::default()),
    ] {
        assert_eq!(serde_json::from_str::<Agent>(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn the_documented_tag_is_read() {
    let text = r#"{"errcode":0,"errmsg":"ok","tagname":"值班","userlist":[{"userid":"zhangsan","name":"张三"}],"partylist":[31]}"#;
    let expected = Tag { members: vec!["zhangsan".into()], departments: vec!["31".into()] };
    assert_eq!(serde_json::from_str::<Tag>(text).unwrap(), expected);
    assert_eq!(serde_json::from_str::<Tag>(r#"{"userlist":null}"#).unwrap(), Tag::default());
}
