//! The documentation's own examples and the shapes that were seen in the wild.

use super::{
    agent::Agent,
    department, login,
    member::{self, Broken},
    tag::Tag,
};
use organisation_kit::{
    contract::directory::MemberStatus,
    directory::{
        department::{Department, DepartmentRow, FetchedDepartment},
        member::{Absent, Attribute, FetchedMember, Member, MemberRow, Membership as Place},
    },
};

mod departments;

fn fetched(text: &str) -> FetchedMember {
    match member::parse(text) {
        Ok(MemberRow::Fetched(fetched)) => *fetched,
        other => panic!("{text}: {other:?}"),
    }
}

fn fetched_department(text: &str) -> FetchedDepartment {
    match department::parse_one(&format!(r#"{{"department":{text}}}"#)) {
        Ok(DepartmentRow::Fetched(fetched)) => fetched,
        other => panic!("{text}: {other:?}"),
    }
}

fn person(id: &str) -> Member {
    fetched(&format!(r#"{{"userid":"{id}"}}"#)).member
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
    assert_eq!(fetched(text).member, expected);
}

#[test]
fn every_shape_of_a_member_is_read() {
    type Row = (&'static str, &'static str, Box<dyn Fn(&mut Member)>);
    let rows: Vec<Row> = vec![
        ("only an id", "", Box::new(|_| {})),
        ("a name that is a number", r#","name":1"#, Box::new(|m| m.name = "1".into())),
        (
            "ids beyond 2^31, unsorted and twice",
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
        ("gender is text", r#","gender":"2""#, Box::new(|m| m.gender = Some("female".into()))),
        ("gender as a number", r#","gender":1"#, Box::new(|m| m.gender = Some("male".into()))),
        ("gender 0 is not permitted or unknown", r#","gender":"0""#, Box::new(|_| {})),
        (
            "undocumented fields",
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
            "custom fields without type",
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
            "an old public profile",
            r#","external_profile":{"wechat_channels":"n"}"#,
            Box::new(|m| m.external_profile = Some(r#"{"wechat_channels":"n"}"#.into())),
        ),
    ];
    for (name, fields, change) in rows {
        let mut expected = person("z");
        change(&mut expected);
        let text = format!(r#"{{"userid":"z"{fields}}}"#);
        let FetchedMember { member, unreadable, .. } = fetched(&text);
        assert_eq!((member, unreadable.len()), (expected, 0), "{name}");
    }
}

#[test]
fn only_id_and_departments_decide_whether_a_row_can_be_read() {
    let long = format!(r#"{{"userid":"{}"}}"#, "x".repeat(65));
    let many: Vec<String> = (1..=201).map(|id| id.to_string()).collect();
    let many = format!(r#"{{"userid":"z","department":[{}]}}"#, many.join(","));
    for (name, row, id) in [
        ("nothing", "{}", None),
        ("null", r#"{"userid":null}"#, None),
        ("an empty id", r#"{"userid":""}"#, None),
        ("a list as id", r#"{"userid":["z"]}"#, None),
        ("a control character", r#"{"userid":"a\u0000b"}"#, None),
        ("too long an id", &*long, None),
        ("a department outside a list", r#"{"userid":"z","department":3}"#, Some("z")),
        ("departments as text", r#"{"userid":"z","department":"3,4"}"#, Some("z")),
        ("departments as an object", r#"{"department":{"0":3},"userid":"z"}"#, Some("z")),
        ("a negative department", r#"{"userid":"z","department":[3,-1]}"#, Some("z")),
        ("a fraction", r#"{"userid":"z","department":[3.0]}"#, Some("z")),
        ("no department at all", r#"{"userid":"z","department":[3,null]}"#, Some("z")),
        ("too many departments", &*many, Some("z")),
    ] {
        assert_eq!(member::parse(row).unwrap(), MemberRow::Unreadable { id: id.map(str::to_owned) }, "{name}");
    }
    assert_eq!(person(&"x".repeat(64)).id.len(), 64);
    for text in ["", "null", "[]x", "<html>", r#"{"userid":"z""#] {
        assert!(member::parse(text).is_err(), "{text}");
    }
}

/// A member with everything, as an old app sees it.
const WHOLE: &str = r#"{"userid":"z","name":"n","department":[2],"order":[7],"is_leader_in_dept":[1],"direct_leader":["l"],"main_department":2,"status":1,"position":"p","alias":"a","telephone":"1","mobile":"2","email":"e","biz_mail":"b","gender":"2","avatar":"v","qr_code":"q","address":"d","external_position":"x","extattr":{"attrs":[{"name":"a","value":"1"},{"name":"b","text":{"value":"2"}}]},"external_profile":{"k":1}}"#;

fn patched(patch: &str) -> String {
    let mut whole: serde_json::Value = serde_json::from_str(WHOLE).unwrap();
    let patch: serde_json::Map<String, serde_json::Value> = serde_json::from_str(patch).unwrap();
    for (key, value) in patch {
        whole[key] = value;
    }
    whole.to_string()
}

#[test]
fn an_odd_field_is_left_out_and_named_and_everything_else_is_read() {
    let whole = fetched(WHOLE);
    assert_eq!((whole.absent, whole.unreadable.len()), (Absent::NONE, 0));
    type Change = fn(&mut Member);
    let rows: [(&str, &str, Absent, Change); 32] = [
        (r#"{"order":[-1]}"#, "order", Absent::ORDER, |m| m.departments[0].order = 0),
        (r#"{"order":[1.0]}"#, "order", Absent::ORDER, |m| m.departments[0].order = 0),
        (r#"{"order":7}"#, "order", Absent::ORDER, |m| m.departments[0].order = 0),
        (r#"{"is_leader_in_dept":[true]}"#, "is_leader_in_dept", Absent::LEADER_MARKS, |m| {
            m.departments[0].leader = false;
        }),
        (r#"{"is_leader_in_dept":1}"#, "is_leader_in_dept", Absent::LEADER_MARKS, |m| m.departments[0].leader = false),
        (r#"{"direct_leader":"zhangsan"}"#, "direct_leader", Absent::LEADERS, |m| m.direct_leaders.clear()),
        (r#"{"direct_leader":[{}]}"#, "direct_leader", Absent::LEADERS, |m| m.direct_leaders.clear()),
        (r#"{"main_department":[2]}"#, "main_department", Absent::MAIN_DEPARTMENT, |m| m.main_department = None),
        (r#"{"main_department":-2}"#, "main_department", Absent::MAIN_DEPARTMENT, |m| m.main_department = None),
        (r#"{"status":"active"}"#, "status", Absent::STATUS, |_| {}),
        (r#"{"status":true}"#, "status", Absent::STATUS, |_| {}),
        (r#"{"name":["n"]}"#, "name", Absent::NAME, |m| m.name.clear()),
        (r#"{"position":true}"#, "position", Absent::POSITION, |m| m.position = None),
        (r#"{"alias":{}}"#, "alias", Absent::ALIAS, |m| m.alias = None),
        (r#"{"telephone":[]}"#, "telephone", Absent::TELEPHONE, |m| m.telephone = None),
        (r#"{"mobile":1.5}"#, "mobile", Absent::MOBILE, |m| m.mobile = None),
        (r#"{"email":false}"#, "email", Absent::EMAIL, |m| m.email = None),
        (r#"{"biz_mail":["b"]}"#, "biz_mail", Absent::BUSINESS_EMAIL, |m| m.business_email = None),
        (r#"{"gender":true}"#, "gender", Absent::GENDER, |m| m.gender = None),
        (r#"{"avatar":{}}"#, "avatar", Absent::AVATAR, |m| m.avatar = None),
        (r#"{"qr_code":[1]}"#, "qr_code", Absent::QR_CODE, |m| m.qr_code = None),
        (r#"{"address":{"a":"d"}}"#, "address", Absent::ADDRESS, |m| m.address = None),
        (r#"{"external_position":[]}"#, "external_position", Absent::EXTERNAL_POSITION, |m| {
            m.external_position = None;
        }),
        (r#"{"external_profile":"x"}"#, "external_profile", Absent::EXTERNAL_PROFILE, |m| m.external_profile = None),
        (r#"{"external_profile":[1]}"#, "external_profile", Absent::EXTERNAL_PROFILE, |m| m.external_profile = None),
        (r#"{"extattr":"x"}"#, "extattr", Absent::ATTRIBUTES, |m| m.attributes.clear()),
        (r#"{"extattr":{"attrs":{}}}"#, "extattr", Absent::ATTRIBUTES, |m| m.attributes.clear()),
        // One odd custom field is left out alone.
        (
            r#"{"extattr":{"attrs":[{"name":"a","value":true},{"name":"b","value":"2"}]}}"#,
            "extattr",
            Absent::NONE,
            |m| {
                m.attributes.remove(0);
            },
        ),
        (
            r#"{"extattr":{"attrs":[{"name":"a","type":0,"text":""},{"name":"b","value":"2"}]}}"#,
            "extattr",
            Absent::NONE,
            |m| {
                m.attributes.remove(0);
            },
        ),
        (
            r#"{"extattr":{"attrs":[{"name":"a","type":1,"web":[]},{"name":"b","value":"2"}]}}"#,
            "extattr",
            Absent::NONE,
            |m| {
                m.attributes.remove(0);
            },
        ),
        (r#"{"extattr":{"attrs":[{"name":{},"value":"1"},{"name":"b","value":"2"}]}}"#, "extattr", Absent::NONE, |m| {
            m.attributes.remove(0);
        }),
        (r#"{"extattr":{"attrs":[7,{"name":"b","value":"2"}]}}"#, "extattr", Absent::NONE, |m| {
            m.attributes.remove(0);
        }),
    ];
    for (patch, name, absent, change) in rows {
        let mut expected = whole.member.clone();
        change(&mut expected);
        let found = fetched(&patched(patch));
        assert_eq!((found.member, found.absent, found.unreadable), (expected, absent, vec![name]), "{patch}");
    }
}

#[test]
fn absent_is_not_empty() {
    let flags = [
        ("name", Absent::NAME),
        ("order", Absent::ORDER),
        ("is_leader_in_dept", Absent::LEADER_MARKS),
        ("direct_leader", Absent::LEADERS),
        ("main_department", Absent::MAIN_DEPARTMENT),
        ("position", Absent::POSITION),
        ("alias", Absent::ALIAS),
        ("telephone", Absent::TELEPHONE),
        ("mobile", Absent::MOBILE),
        ("email", Absent::EMAIL),
        ("biz_mail", Absent::BUSINESS_EMAIL),
        ("gender", Absent::GENDER),
        ("avatar", Absent::AVATAR),
        ("qr_code", Absent::QR_CODE),
        ("address", Absent::ADDRESS),
        ("external_position", Absent::EXTERNAL_POSITION),
        ("extattr", Absent::ATTRIBUTES),
        ("external_profile", Absent::EXTERNAL_PROFILE),
    ];
    let whole = fetched(WHOLE).member;
    for (key, flag) in flags {
        let mut without: serde_json::Value = serde_json::from_str(WHOLE).unwrap();
        without.as_object_mut().unwrap().remove(key);
        for text in [without.to_string(), patched(&format!(r#"{{"{key}":null}}"#))] {
            let mut found = fetched(&text);
            assert_eq!((found.absent, found.unreadable.len()), (flag, 0), "{key}");
            found.complete_from(&whole);
            assert_eq!(found.member, whole, "{key}: what is known stays");
        }
    }
    // Empty is said, and is no gap.
    for (patch, absent) in [
        (r#"{"name":"","position":"","mobile":"","alias":"","external_position":""}"#, Absent::NONE),
        (r#"{"order":[],"is_leader_in_dept":[],"direct_leader":[]}"#, Absent::NONE),
        (r#"{"order":"","is_leader_in_dept":"","direct_leader":""}"#, Absent::NONE),
        (r#"{"extattr":{},"external_profile":{}}"#, Absent::NONE),
        (r#"{"extattr":[],"external_profile":[]}"#, Absent::NONE),
        (r#"{"extattr":"","external_profile":""}"#, Absent::NONE),
        (r#"{"extattr":{"attrs":null}}"#, Absent::NONE),
        (r#"{"extattr":{"attrs":[]}}"#, Absent::NONE),
        (r#"{"main_department":0}"#, Absent::NONE),
        (r#"{"gender":""}"#, Absent::NONE),
        // What WeCom says of everybody whose gender the app may not see.
        (r#"{"gender":"0"}"#, Absent::GENDER),
        (r#"{"gender":0}"#, Absent::GENDER),
    ] {
        let found = fetched(&patched(patch));
        assert_eq!((found.absent, found.unreadable.len()), (absent, 0), "{patch}");
    }
}

#[test]
fn what_was_read_is_stored_and_read_back_the_same() {
    let text = r#"{"userid":"Z","name":"🙂","department":[2],"order":[5],"is_leader_in_dept":[1],"status":4,"alias":"a","extattr":{"attrs":[{"name":"n","value":"v"}]}}"#;
    let member = fetched(text).member;
    let stored = organisation_kit::store::to_json(&member);
    assert_eq!(serde_json::from_str::<Member>(&stored).unwrap(), member);
}

#[test]
fn only_the_fields_that_are_to_be_stored_are_kept() {
    let text = r#"{"userid":"z","name":"n","mobile":"1","position":"p","department":[2],"direct_leader":["l"],"extattr":{"attrs":[{"name":"n","value":"v"}]}}"#;
    let mut member = fetched(text).member;
    member.keep_only(&["name".to_owned(), "position".to_owned()].into());
    let expected =
        Member { name: "n".into(), position: Some("p".into()), departments: vec![place("2")], ..person("z") };
    assert_eq!(member, expected);
}

#[test]
fn a_list_is_handed_on_in_portions_whatever_stands_beside_it() {
    let read = |text: &str| {
        let mut portions = Vec::new();
        member::each(text, 2, |rows| {
            let id = |row| match row {
                MemberRow::Fetched(fetched) => fetched.member.id,
                MemberRow::Unreadable { id } => format!("?{}", id.unwrap_or_default()),
            };
            portions.push(rows.into_iter().map(id).collect::<Vec<_>>());
            if portions.len() < 3 { Ok(()) } else { Err("enough") }
        })
        .map_err(|broken| match broken {
            Broken::Unreadable { after, .. } => format!("unreadable after {}", after.unwrap_or_default()),
            Broken::Refused(why) => why.to_owned(),
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
        (
            r#"{"userlist":[{},{"userid":"a","department":3},7,{"userid":"b"}]}"#,
            Ok(vec![vec!["?", "?a"], vec!["?", "b"]]),
        ),
        (r#"{"userlist":[null,[],"x"]}"#, Ok(vec![vec!["?", "?"], vec!["?"]])),
        ("{}x", Err("unreadable after ")),
        (r#"{"userlist":{}}"#, Err("unreadable after ")),
        (r#"{"userlist":[{"userid":"a"}"#, Err("unreadable after a")),
        (r#"{"userlist":[{"userid":"a"},{"userid":"b"},{"userid":"c","name":"x"#, Err("unreadable after b")),
        (r#"{"userlist":[{"userid":"a"},{"userid":"b"},{"userid":"c"},{"userid":"#, Err("unreadable after c")),
        (r#"{"userlist":[{"userid":1},{"userid":2},{"userid":3},{"userid":4},{"userid":5}]}"#, Err("enough")),
    ] {
        let expected = expected.map(|portions: Vec<Vec<&str>>| {
            portions.into_iter().map(|ids| ids.into_iter().map(str::to_owned).collect::<Vec<_>>()).collect::<Vec<_>>()
        });
        let expected = expected.map_err(str::to_owned);
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn each_container_of_the_app_may_be_missing() {
    let documented = r#"{"errcode":0,"errmsg":"ok","agentid":1000002,"name":"Org Sync","square_logo_url":"https://p.qlogo.cn/sample/0","description":"","allow_userinfos":{"user":[{"userid":"lisi"}]},"allow_partys":{"partyid":[2,31]},"close":0,"redirect_domain":"app.example.com","report_location_flag":0,"isreportenter":0,"home_url":""}"#;
    let whole = Agent {
        agent_id: Some(1_000_002),
        name: "Org Sync".into(),
        closed: false,
        redirect_domain: Some("app.example.com".into()),
        departments: vec!["2".into(), "31".into()],
        members: vec!["lisi".into()],
        tags: vec![],
        unreadable: 0,
    };
    let none = || Agent { redirect_domain: Some(String::new()), ..Agent::default() };
    for (text, expected) in [
        (documented, whole),
        (
            r#"{"agentid":"7","close":"1","allow_userinfos":{},"allow_partys":{"partyid":null},"allow_tags":{"tagid":[3]}}"#,
            Agent { agent_id: Some(7), closed: true, tags: vec!["3".into()], ..none() },
        ),
        (r#"{"allow_userinfos":null,"allow_tags":[]}"#, none()),
        ("{}", none()),
    ] {
        assert_eq!(serde_json::from_str::<Agent>(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn the_documented_tag_is_read() {
    let text = r#"{"errcode":0,"errmsg":"ok","tagname":"值班","userlist":[{"userid":"zhangsan","name":"张三"}],"partylist":[31]}"#;
    let expected = Tag { members: vec!["zhangsan".into()], departments: vec!["31".into()], unreadable: 0 };
    assert_eq!(serde_json::from_str::<Tag>(text).unwrap(), expected);
    assert_eq!(serde_json::from_str::<Tag>(r#"{"userlist":null}"#).unwrap(), Tag::default());
}

#[test]
fn of_the_visible_range_single_ids_may_be_lost_but_no_whole_list() {
    let agent = |json: &str| serde_json::from_str::<Agent>(json);
    let odd = r#"{"agentid":[],"name":{},"close":"x","redirect_domain":7.5,"allow_userinfos":{"user":[{"userid":"a"},7,{},{"userid":12345678901234567890123}]},"allow_partys":{"partyid":[2,-1,null]},"allow_tags":{"tagid":[true,3]}}"#;
    let expected = Agent {
        departments: vec!["2".into()],
        members: vec!["a".into()],
        tags: vec!["3".into()],
        unreadable: 6,
        ..Agent::default()
    };
    assert_eq!(agent(odd).unwrap(), expected);
    for json in [
        r#"{"allow_partys":7}"#,
        r#"{"allow_partys":{"partyid":7}}"#,
        r#"{"allow_userinfos":"x"}"#,
        r#"{"allow_userinfos":{"user":{}}}"#,
        r#"{"allow_tags":[7]}"#,
        "[7]",
    ] {
        assert!(agent(json).is_err(), "{json}");
    }
    let tag = serde_json::from_str::<Tag>(r#"{"userlist":[{"userid":"a"},{"userid":[]}],"partylist":[2,"x"]}"#);
    let expected = Tag { members: vec!["a".into()], departments: vec!["2".into()], unreadable: 2 };
    assert_eq!(tag.unwrap(), expected);
    assert!(serde_json::from_str::<Tag>(r#"{"userlist":{"userid":"a"}}"#).is_err());
}

#[test]
fn odd_ids_of_a_list_of_ids_are_counted() {
    let text = r#"{"userlist":[{"userid":"a"},{},7,{"userid":""},{"userid":"b","name":[]}]}"#;
    assert_eq!(member::ids(text).unwrap(), (vec!["a".to_owned(), "b".to_owned()], 3));
    assert_eq!(member::ids("{}").unwrap(), (Vec::new(), 0));
    assert!(member::ids(r#"{"userlist":7}"#).is_err());
}

#[test]
fn of_the_details_only_the_id_must_be_readable() {
    let detail = login::parse_detail;
    let answer = detail(r#"{"userid":"z","gender":1,"mobile":["1"],"email":true,"avatar":{},"biz_mail":"b"}"#).unwrap();
    assert_eq!((answer.userid.as_deref(), answer.fields.gender.as_deref()), (Some("z"), Some("male")));
    assert_eq!((answer.fields.mobile, answer.fields.email, answer.fields.avatar), (None, None, None));
    assert_eq!(answer.fields.business_email.as_deref(), Some("b"));
    assert!(detail(r#"{"userid":["z"],"mobile":"1"}"#).is_err());
}
