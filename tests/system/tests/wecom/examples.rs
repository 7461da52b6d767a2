//! The documentation's examples and the oddities that people reported, as WeCom would send them: contacts, sign-ins and
//! the texts of errors. Comments with "§" name sections of the fact sheet that the simulator is made from. The simulator makes shapes of its own; here the very text is played back.

use organisation_host::contract::{
    directory::{Attribute, ChangeKind, Department, Member, MemberStatus, Membership},
    login::{Entry, Outcome},
    types::Reason,
};
use system_tests::{Stage, sync::PLAIN};

/// A member with nothing but what §4.2's example says.
fn zhangsan() -> Member {
    Member {
        alternate_ids: Vec::new(),
        id: "zhangsan".to_owned(),
        name: "张三".to_owned(),
        status: MemberStatus::Active,
        departments: vec![place("31", false, 0)],
        main_department: Some("31".to_owned()),
        direct_leaders: vec![],
        position: None,
        alias: None,
        telephone: None,
        mobile: None,
        email: None,
        business_email: None,
        gender: None,
        avatar: None,
        qr_code: None,
        address: None,
        external_position: None,
        attributes: vec![],
        external_profile: None,
        roles: vec![],
        suspended_roles: vec![],
    }
}

fn place(id: &str, leader: bool, order: u64) -> Membership {
    Membership { id: id.to_owned(), leader, order }
}

fn department(
    id: &str,
    name: &str,
    name_en: Option<&str>,
    parent: Option<&str>,
    order: u64,
    leaders: &[&str],
) -> Department {
    Department {
        id: id.to_owned(),
        name: name.to_owned(),
        name_en: name_en.map(str::to_owned),
        parent_id: parent.map(str::to_owned),
        order,
        leaders: leaders.iter().map(|id| (*id).to_owned()).collect(),
    }
}

/// What `sync-member` makes of an answer of `user/get`.
async fn member(stage: &Stage, answer: &str) -> Result<Member, Reason> {
    stage.switchboard().answer("user/get", answer);
    stage.heard(stage.element.sync_member("zhangsan")).await.map_err(|error| error.reason)
}

/// §4.2: `user/get`, and each accepted deviation of §11.2 and §11.3 from it.
#[tokio::test]
async fn a_member_is_read_in_every_form_seen() {
    let attribute = |name: &str, value: &str| Attribute { name: name.to_owned(), value: value.to_owned() };
    let with = |change: fn(&mut Member)| {
        let mut member = zhangsan();
        change(&mut member);
        member
    };
    let example = r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan","name":"张三","department":[31],"order":[0],"position":"","gender":"0","is_leader_in_dept":[0],"direct_leader":[],"telephone":"","alias":"","status":1,"extattr":{"attrs":[]},"external_profile":{},"main_department":31}"#;
    let short = |rest: &str| {
        format!(r#"{{"userid":"zhangsan","name":"张三","department":[31],"main_department":31,"status":1{rest}}}"#)
    };
    let rows: Vec<(&str, String, Member)> = vec![
        ("the example of §4.2", example.to_owned(), zhangsan()),
        ("errcode missing", short(""), zhangsan()),
        ("errcode as text", short(r#","errcode":"0","errmsg":"ok""#), zhangsan()),
        ("empty errmsg", short(r#","errcode":0,"errmsg":"""#), zhangsan()),
        (
            "17: ids and orders beyond int32",
            short(r#","order":[4294967295]"#).replace("31", "4294967295"),
            with(|member| {
                member.departments = vec![place("4294967295", false, 4_294_967_295)];
                member.main_department = Some("4294967295".to_owned());
            }),
        ),
        ("20: gender \"0\"", short(r#","gender":"0""#), zhangsan()),
        ("20: gender as text", short(r#","gender":"1""#), with(|member| member.gender = Some("male".to_owned()))),
        ("20: gender as number", short(r#","gender":2"#), with(|member| member.gender = Some("female".to_owned()))),
        ("21: no extattr", short(""), zhangsan()),
        ("21: extattr {}", short(r#","extattr":{}"#), zhangsan()),
        ("21: extattr null", short(r#","extattr":{"attrs":null}"#), zhangsan()),
        (
            "21: attributes without type, with both values, and of the documented types",
            short(
                r#","extattr":{"attrs":[{"name":"a","value":"1"},{"name":"b","value":"2","text":{"value":"2"}},{"type":0,"name":"c","text":{"value":"3"}},{"type":1,"name":"d","web":{"url":"https://x","title":"t"}}]}"#,
            ),
            Member {
                attributes: vec![
                    attribute("a", "1"),
                    attribute("b", "2"),
                    attribute("c", "3"),
                    attribute("d", r#"{"title":"t","url":"https://x"}"#),
                ],
                ..zhangsan()
            },
        ),
        (
            "21: wechat_channels as text",
            short(r#","external_profile":{"wechat_channels":"视频"}"#),
            with(|member| member.external_profile = Some(r#"{"wechat_channels":"视频"}"#.to_owned())),
        ),
        (
            "22: direct leaders",
            short(r#","direct_leader":["lisi"]"#),
            with(|member| member.direct_leaders = vec!["lisi".to_owned()]),
        ),
        ("22: direct_leader null", short(r#","direct_leader":null"#), zhangsan()),
        ("27: empty mobile", short(r#","mobile":"","email":"""#), zhangsan()),
        (
            "27: mobile with prefix",
            short(r#","mobile":"+86 138""#),
            with(|member| member.mobile = Some("+86 138".to_owned())),
        ),
        (
            "30: undocumented fields",
            short(
                r#","enable":1,"isleader":0,"hide_mobile":0,"english_name":"","open_userid":"","thumb_avatar":"u","x":{"y":[]}"#,
            ),
            zhangsan(),
        ),
        (
            "several departments, arrays too short",
            short(r#","is_leader_in_dept":[1],"order":[7]"#).replace("[31]", "[31,2]"),
            with(|member| member.departments = vec![place("2", false, 0), place("31", true, 7)]),
        ),
        (
            "arrays too long",
            short(r#","is_leader_in_dept":[1,1,1],"order":[7,8,9]"#),
            with(|member| member.departments = vec![place("31", true, 7)]),
        ),
        (
            "no department, main department 0",
            r#"{"userid":"zhangsan","name":"张三","department":null,"main_department":0,"status":1}"#.to_owned(),
            with(|member| (member.departments, member.main_department) = (vec![], None)),
        ),
        (
            "status 2",
            short("").replace(r#""status":1"#, r#""status":2"#),
            with(|member| member.status = MemberStatus::Disabled),
        ),
        (
            "status 4",
            short("").replace(r#""status":1"#, r#""status":4"#),
            with(|member| member.status = MemberStatus::NotActivated),
        ),
    ];
    for (name, answer, expected) in rows {
        let stage = Stage::demo().await;
        assert_eq!(member(&stage, &answer).await, Ok(expected), "{name}");
    }
    // What names nobody is not read.
    let stage = Stage::demo().await;
    for broken in [
        r#"{"errcode":0}"#,
        r#"{"errcode":0,"userid":""}"#,
        r#"{"errcode":0,"userid":null}"#,
        "[]",
        "",
        "<html>",
        "{",
        "null",
        r#"{"errcode":0,"errmsg":"ok. Warning: wrong json format. "}"#,
    ] {
        assert_eq!(member(&stage, broken).await, Err(Reason::UnexpectedAnswer), "{broken}");
    }
}

/// §4.1 and §4.3: the lists of departments and tags, and quirks 18, 19, 25, 28.
#[tokio::test]
async fn departments_and_tags_are_read_in_every_form_seen() {
    let list = r#"{"errcode":0,"errmsg":"ok","department":[{"id":2,"name":"研发中心","name_en":"RD","department_leader":["zhangsan"],"parentid":1,"order":100000000},{"id":31,"name":"平台组","department_leader":[],"parentid":2,"order":99999000}]}"#;
    let (rd, platform) = (
        department("2", "研发中心", Some("RD"), Some("1"), 100_000_000, &["zhangsan"]),
        department("31", "平台组", None, Some("2"), 99_999_000, &[]),
    );
    let agent = r#"{"errcode":0,"errmsg":"ok","agentid":1000073,"name":"Org Sync","square_logo_url":"https://p.qlogo.cn/sample/0","description":"","allow_userinfos":{"user":[{"userid":"lisi"}]},"allow_partys":{"partyid":[2,31]},"close":0,"redirect_domain":"app.example.com","report_location_flag":0,"isreportenter":0,"home_url":""}"#;
    for (name, agent, list, expected) in [
        ("the examples of §3.1 and §4.1", agent.to_owned(), list.to_owned(), vec![&rd, &platform]),
        (
            "numbers as text, unknown keys, another order of rows",
            agent.replace("[2,31]", r#"["2","31"]"#),
            r#"{"department":[{"id":"31","name":"平台组","parentid":"2","order":"99999000","x":1},{"id":"2","name":"研发中心","name_en":"RD","department_leader":["zhangsan"],"parentid":"1","order":"100000000"}]}"#.to_owned(),
            vec![&rd, &platform],
        ),
        ("28: no containers", agent.replace("allow_", "other_"), list.to_owned(), vec![&rd, &platform]),
        ("28: empty containers", r#"{"agentid":"1000073","allow_userinfos":{},"allow_partys":{},"allow_tags":{}}"#.to_owned(), list.to_owned(), vec![&rd, &platform]),
        ("no departments at all", r#"{"agentid":1000073}"#.to_owned(), r#"{"errcode":0,"department":null}"#.to_owned(), vec![]),
    ] {
        let stage = Stage::demo().await;
        let desk = stage.switchboard();
        desk.answer("agent/get", agent);
        desk.answer("department/list", list);
        desk.answer("user/list", r#"{"errcode":0,"errmsg":"ok","userlist":[]}"#);
        desk.answer("user/get", r#"{"errcode":60111,"errmsg":"userid not found"}"#);
        stage.complete(&PLAIN).await;
        let copy = stage.copy().await;
        assert_eq!(copy.departments.values().collect::<Vec<_>>(), expected, "{name}");
    }
    // 25, and §4.1's other example: one department is an object; the root's parent is null, 0 or missing.
    let stage = Stage::demo().await;
    for (name, answer, expected) in [
        (
            "the example of department/get",
            r#"{"errcode":0,"errmsg":"ok","department":{"id":31,"name":"平台组","name_en":"","department_leader":["lisi"],"parentid":2,"order":99999000}}"#,
            department("31", "平台组", None, Some("2"), 99_999_000, &["lisi"]),
        ),
        (
            "root with 0",
            r#"{"department":{"id":31,"name":"R","parentid":0,"order":1,"department_leader":[]}}"#,
            department("31", "R", None, None, 1, &[]),
        ),
        (
            "root with null",
            r#"{"department":{"id":31,"name":"R","parentid":null,"order":1,"department_leader":[]}}"#,
            department("31", "R", None, None, 1, &[]),
        ),
        (
            "root without",
            r#"{"department":{"id":31,"name":"R","order":1,"department_leader":[]}}"#,
            department("31", "R", None, None, 1, &[]),
        ),
    ] {
        stage.switchboard().answer("department/get", answer);
        assert_eq!(stage.heard(stage.element.sync_department("31")).await.unwrap(), expected, "{name}");
    }
}

/// §4.2's `user/list` and §4.3's `tag/get`, together: whoever is met several times is one member.
#[tokio::test]
async fn lists_and_tags_meet_in_one_member() {
    let stage = Stage::demo().await;
    let desk = stage.switchboard();
    desk.answer("agent/get", r#"{"agentid":1000073,"allow_partys":{"partyid":[2]},"allow_tags":{"tagid":[7]},"allow_userinfos":{"user":[{"userid":"ZHANGSAN"}]}}"#);
    desk.answer(
        "department/list",
        r#"{"department":[{"id":2,"name":"A","parentid":1,"order":1},{"id":31,"name":"B","parentid":2,"order":1}]}"#,
    );
    desk.answer("tag/get", r#"{"errcode":0,"errmsg":"ok","tagname":"值班","userlist":[{"userid":"zhangsan","name":"张三"}],"partylist":[31]}"#);
    // 23: the same member in every list, once spelled otherwise.
    desk.answer(
        "user/list",
        r#"{"userlist":[{"userid":"zhangsan","name":"张三","department":[2,31],"order":[1,2],"is_leader_in_dept":[0,1],"status":1},{"userid":"ZhangSan","name":"张三","department":[2,31],"order":[1,2],"is_leader_in_dept":[0,1],"status":1}]}"#,
    );
    let report = stage.complete(&PLAIN).await;
    assert_eq!((report.members.added, report.departments.added), (1, 2));
    let copy = stage.copy().await;
    let members: Vec<&Member> = copy.members.values().collect();
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].departments, [place("2", false, 1), place("31", true, 2)]);
    let kinds: Vec<ChangeKind> = stage.changes().await.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::DepartmentAdded, ChangeKind::DepartmentAdded, ChangeKind::MemberAdded]);
}

/// §11.1: the parts of an error text; 3: each of them may be missing or look otherwise.
#[tokio::test]
async fn error_texts_are_taken_apart_as_far_as_they_go() {
    let old = format!("1541233456_7_{}", "a".repeat(32));
    let link = "more info at https://open.work.weixin.qq.com/devtool/query?e=60020";
    for (errmsg, request_id, address) in [
        (
            format!(
                "not allow to access from your ip, hint: [1760000000412345678901234], from ip: 203.0.113.7, {link}"
            ),
            Some("1760000000412345678901234".to_owned()),
            Some("203.0.113.7"),
        ),
        (
            format!("not allow to access from your ip, hint: [1760000000412345678901234], from ip: , {link}"),
            Some("1760000000412345678901234".to_owned()),
            None,
        ),
        (format!("not allow, hint: [{old}], {link}"), Some(old.clone()), None),
        (format!("not allow, hint: [ ], from ip: 2001:db8::7, {link}"), None, Some("2001:db8::7")),
        (format!("not allow, {link}"), None, None),
        ("not allow".to_owned(), None, None),
        (String::new(), None, None),
    ] {
        let stage = Stage::demo().await;
        let answer = serde_json::json!({ "errcode": 60020, "errmsg": errmsg }).to_string();
        stage.switchboard().answer("user/get", answer);
        let error = stage.heard(stage.element.sync_member("lisi")).await.unwrap_err();
        assert_eq!(
            (error.reason, error.vendor_code, error.request_id),
            (Reason::NotPermitted, Some(60020), request_id),
            "{errmsg}"
        );
        let hint = error.hint.unwrap();
        match address {
            Some(address) => assert!(hint.contains(address), "{hint}"),
            None => assert!(hint.contains("outgoing address"), "{hint}"),
        }
        assert!(!error.message.contains("more info") && !error.message.contains("hint:"), "{}", error.message);
    }
}

/// §2.5 and §2.6; 8 and 9: the two spellings of an identity, and people from outside.
#[tokio::test]
async fn an_identity_is_read_in_either_spelling() {
    for (answer, expected) in [
        (r#"{"errcode":0,"errmsg":"ok","userid":"lisi"}"#, Ok("member lisi")),
        (r#"{"UserId":"lisi","DeviceId":"","errcode":0}"#, Ok("member lisi")),
        (r#"{"userid":"ww9876543210abcdef/lisi"}"#, Ok("linked ww9876543210abcdef lisi")),
        (r#"{"userid":"ww21c67da6767865c2/lisi"}"#, Ok("member lisi")),
        (
            r#"{"errcode":0,"errmsg":"ok","openid":"oSampleOpenId0001","external_userid":"wmSampleExternal0001"}"#,
            Ok("outsider oSampleOpenId0001 wmSampleExternal0001"),
        ),
        (r#"{"OpenId":"oSampleOpenId0001","DeviceId":""}"#, Ok("outsider oSampleOpenId0001 -")),
        (r#"{"errcode":0,"errmsg":"ok"}"#, Err(Reason::UnexpectedAnswer)),
        (r#"{"errcode":0,"userid":""}"#, Err(Reason::UnexpectedAnswer)),
        (r#"{"errcode":0,"userid":"/lisi"}"#, Err(Reason::UnexpectedAnswer)),
    ] {
        let stage = Stage::demo().await;
        stage.complete(&PLAIN).await;
        stage.switchboard().answer("auth/getuserinfo", answer);
        let arrival = stage.arrive(Entry::Workspace, "lisi").await;
        let found =
            stage.exchange(&arrival).await.map_err(|error| error.reason).map(|exchange| match exchange.outcome {
                Outcome::Member(identity) => format!("member {}", identity.id),
                Outcome::LinkedMember(linked) => format!("linked {} {}", linked.organisation_id, linked.id),
                Outcome::Outsider(outsider) => {
                    let or_dash = |id: Option<String>| id.unwrap_or_else(|| "-".to_owned());
                    format!("outsider {} {}", or_dash(outsider.open_id), or_dash(outsider.external_id))
                }
            });
        assert_eq!(found.as_ref().map(String::as_str).map_err(Clone::clone), expected, "{answer}");
    }
}
