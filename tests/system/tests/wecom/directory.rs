//! The local copy: what is stored of a member, how it is read, and single records brought up to date.

use std::collections::BTreeSet;

use organisation_host::{
    contract::directory::{Attribute, Member, MemberStatus},
    reason_name,
};
use serde_json::json;
use system_tests::{Setting, Stage, sync::PLAIN};
use wecom_simulator::{
    Behaviour, DEMO_AGENT_ID, Quirks,
    corp::{Attribute as Field, AttributeValue, ExternalProfile, Gender, Member as Person},
    demo,
};

#[tokio::test]
async fn custom_fields_of_all_kinds_are_kept_in_order() {
    let mut person = Person::new("custom", "自定义", 21);
    person.attributes = vec![
        Field::text("工号", "0017"),
        Field {
            name: "主页".to_owned(),
            value: AttributeValue::Web { title: "我".to_owned(), url: "https://a.example/?x=1&y=2".to_owned() },
        },
        Field {
            name: "小程序".to_owned(),
            value: AttributeValue::MiniProgram {
                appid: "wx1".to_owned(),
                pagepath: "p/i".to_owned(),
                title: "卡".to_owned(),
            },
        },
        Field::text("工号", "重名"),
        Field::text("空", ""),
    ];
    person.external_profile = ExternalProfile {
        corp_name: Some("示例".to_owned()),
        channel: Some("视频".to_owned()),
        attributes: vec![Field::text("简介", "你好")],
    };
    let expected: Vec<Attribute> = [
        ("工号", "0017"),
        ("主页", r#"{"title":"我","url":"https://a.example/?x=1&y=2"}"#),
        ("小程序", r#"{"appid":"wx1","pagepath":"p/i","title":"卡"}"#),
        ("工号", "重名"),
        ("空", ""),
    ]
    .map(|(name, value)| Attribute { name: name.to_owned(), value: value.to_owned() })
    .into();
    for (quirks, channel) in
        [(Quirks::default(), json!({ "nickname": "视频", "status": 1 })), (Quirks::wild(), json!("视频"))]
    {
        let mut corp = demo();
        corp.add_member(person.clone()).unwrap();
        let stage = Setting::new(corp).behaviour(Behaviour { quirks, ..Behaviour::default() }).start().await;
        stage.complete(&PLAIN).await;
        let found = stage.heard(stage.element.find_member("custom")).await.unwrap();
        assert_eq!(found.attributes, expected);
        let profile: serde_json::Value = serde_json::from_str(&found.external_profile.unwrap()).unwrap();
        assert_eq!((&profile["external_corp_name"], &profile["wechat_channels"]), (&json!("示例"), &channel));
        assert_eq!(profile["external_attr"][0]["name"], "简介");
        stage.complete(&PLAIN).await;
        assert_eq!(stage.overview().await.last_run.unwrap().members.updated, 0, "the same card is no change");
    }
}

#[tokio::test]
async fn sync_fields_decides_what_is_stored() {
    let mut corp = demo();
    corp.update_app(DEMO_AGENT_ID, |app| app.created_before_2022 = true).unwrap();
    corp.update_member("wangwu", |person| {
        (person.gender, person.alias, person.telephone) = (Gender::Male, "老王".to_owned(), "010-1".to_owned());
        person.external_position = "顾问".to_owned();
        person.direct_leaders = vec!["lisi".to_owned()];
    })
    .unwrap();
    type Read = fn(&Member) -> bool;
    let fields: [(&str, Read); 15] = [
        ("name", |member| !member.name.is_empty()),
        ("position", |member| member.position.is_some()),
        ("alias", |member| member.alias.is_some()),
        ("telephone", |member| member.telephone.is_some()),
        ("mobile", |member| member.mobile.is_some()),
        ("email", |member| member.email.is_some()),
        ("business-email", |member| member.business_email.is_some()),
        ("gender", |member| member.gender.is_some()),
        ("avatar", |member| member.avatar.is_some()),
        ("qr-code", |member| member.qr_code.is_some()),
        ("address", |member| member.address.is_some()),
        ("external-position", |member| member.external_position.is_some()),
        ("attributes", |member| !member.attributes.is_empty()),
        ("external-profile", |member| member.external_profile.is_some()),
        ("direct-leaders", |member| !member.direct_leaders.is_empty()),
    ];
    let stored = |member: &Member| -> BTreeSet<&str> {
        fields.iter().filter(|(_, read)| read(member)).map(|(name, _)| *name).collect()
    };
    let everything: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    for wanted in
        [everything, vec![], vec!["name"], vec!["name", "mobile", "attributes"], vec!["gender", "direct-leaders"]]
    {
        let stage = Setting::new(corp.clone()).config(json!({ "sync": { "fields": wanted } })).start().await;
        stage.complete(&PLAIN).await;
        let found = stage.heard(stage.element.find_member("wangwu")).await.unwrap();
        assert_eq!(stored(&found), wanted.iter().copied().collect(), "{wanted:?}");
        assert_eq!((found.status, found.departments.len()), (MemberStatus::Active, 2), "these are always kept");
        // What is not stored cannot be a change.
        if !wanted.contains(&"mobile") {
            stage.control.change(|corp| corp.update_member("wangwu", |person| person.mobile = "1".to_owned())).unwrap();
            assert_eq!(stage.complete(&PLAIN).await.members.updated, 0, "{wanted:?}");
        }
    }
}

/// The quirks that a history of the property test does without, since it ends in the truth only where what was emptied is
/// sent as empty.
#[tokio::test]
async fn what_an_answer_leaves_out_stays_as_it_was_until_it_is_sent() {
    for (name, quirks, kept) in [
        ("everything is sent", Quirks::default(), &[][..]),
        ("direct_leader", Quirks { direct_leader_absent: true, ..Quirks::default() }, &["direct leaders"]),
        (
            "name_en, department_leader",
            Quirks { department_extras_absent: true, ..Quirks::default() },
            &["english name", "leaders"],
        ),
        // A custom field lies in an object, and one without a list is empty.
        ("null for lists", Quirks { null_lists: true, ..Quirks::default() }, &["direct leaders"]),
    ] {
        let stage = Stage::demo().await;
        stage.complete(&PLAIN).await;
        let known = async || {
            let member = stage.heard(stage.element.find_member("lisi")).await.unwrap();
            let custom = stage.heard(stage.element.find_member("wangwu")).await.unwrap();
            let department = stage.heard(stage.element.find_department("21")).await.unwrap();
            let known = [
                ("direct leaders", !member.direct_leaders.is_empty()),
                ("custom fields", !custom.attributes.is_empty()),
                ("english name", department.name_en.is_some()),
                ("leaders", !department.leaders.is_empty()),
            ];
            let known: Vec<&str> = known.into_iter().filter(|(_, is_known)| *is_known).map(|(name, _)| name).collect();
            (known, member.position, department.name)
        };
        assert_eq!(known().await.0, ["direct leaders", "custom fields", "english name", "leaders"], "{name}");
        stage.control.change(|corp| {
            corp.update_member("lisi", |person| {
                (person.direct_leaders, person.position) = (Vec::new(), "顾问".to_owned());
            })
            .unwrap();
            corp.update_member("wangwu", |person| person.attributes.clear()).unwrap();
            corp.describe_department(21, None, 100_000_000).unwrap();
            corp.lead_department(21, &[]).unwrap();
            corp.rename_department(21, "平台部").unwrap();
        });
        stage.control.configure(|behaviour| behaviour.quirks = quirks);
        let report = stage.complete(&PLAIN).await;
        assert_eq!(report.notes, Vec::<String>::new(), "{name}: nothing of it is a fault");
        let arrived = (Some("顾问".to_owned()), "平台部".to_owned());
        assert_eq!(known().await, (kept.to_vec(), arrived.0, arrived.1), "{name}");
        // The next one finds nothing new: what is kept is no change.
        let report = stage.complete(&PLAIN).await;
        assert_eq!((report.members.updated, report.departments.updated), (0, 0), "{name}");
        stage.control.configure(|behaviour| behaviour.quirks = Quirks::default());
        stage.complete(&PLAIN).await;
        assert_eq!(known().await.0, Vec::<&str>::new(), "{name}: sent as empty, it is gone");
        stage.assert_exact().await;
    }
}

#[tokio::test]
async fn whom_wecom_hides_is_not_found() {
    let stage = Stage::demo().await;
    stage.complete(&PLAIN).await;
    let element = &stage.element;
    for (name, refused, expected) in [
        ("a member out of range", stage.heard(element.sync_member("zhangliu")).await.map(drop), "not-found"),
        ("a department out of range", stage.heard(element.sync_department("4")).await.map(drop), "not-found"),
        ("no number", stage.heard(element.sync_department("two")).await.map(drop), "invalid-argument"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(reason_name(&error.reason), expected, "{name}: {error:?}");
    }
    // Ids compare ignoring case: the copy's spelling stays.
    stage.control.change(|corp| corp.update_member("lisi", |person| person.name = "李四四".to_owned())).unwrap();
    let found = stage.heard(element.sync_member("LISI")).await.unwrap();
    assert_eq!((&*found.id, &*found.name), ("lisi", "李四四"));
}
