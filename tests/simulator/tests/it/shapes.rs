//! Field profiles and quirks: how the same organisation looks in different corps.

use serde_json::{Value, json};
use wecom_simulator::{DEMO_AGENT_ID, EmptyAttributes, Quirks, RestrictedFields};

use crate::bed::Bed;

async fn with(quirks: Quirks) -> Bed {
    let bed = Bed::start().await;
    bed.control.configure(|behaviour| behaviour.quirks = quirks);
    bed
}

#[tokio::test]
async fn an_old_app_reads_every_field() {
    let bed = Bed::start().await;
    bed.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.created_before_2022 = true).unwrap());
    let member = bed.app("user/get?userid=lisi").await;
    for (field, expected) in [
        ("gender", "2"),
        ("avatar", "https://wework.qpic.cn/sample/0"),
        ("thumb_avatar", "https://wework.qpic.cn/sample/100"),
        ("mobile", "13800000001"),
        ("email", "lisi@example.com"),
        ("biz_mail", "lisi@example.wecom.work"),
        ("qr_code", "https://open.work.weixin.qq.com/wwopen/userQRCode?vcode=lisi"),
        ("address", "示例路 2 号"),
    ] {
        assert_eq!(member[field], expected, "{field}");
    }
}

#[tokio::test]
async fn restricted_fields_are_missing_or_empty() {
    for (restricted, expected) in [(RestrictedFields::Missing, None), (RestrictedFields::Empty, Some(""))] {
        let bed = with(Quirks { restricted, ..Quirks::default() }).await;
        let member = bed.app("user/get?userid=lisi").await;
        for field in ["avatar", "mobile", "email", "biz_mail", "qr_code", "address"] {
            assert_eq!(member.get(field).and_then(Value::as_str), expected, "{field}, {restricted:?}");
        }
        assert_eq!(member["gender"], "0");
    }
}

/// Each row switches one quirk on: an answer, where to look, what stands there.
#[tokio::test]
async fn each_quirk_changes_one_thing() {
    let base = Quirks::default();
    let lisi = "user/get?userid=lisi";
    let wangwu = "user/get?userid=wangwu";
    let agent = "agent/get?agentid=1000073";
    let rows: Vec<(Quirks, &str, &str, Option<Value>)> = vec![
        (Quirks { empty_attributes: EmptyAttributes::Object, ..base }, lisi, "/extattr", Some(json!({}))),
        (Quirks { empty_attributes: EmptyAttributes::Null, ..base }, lisi, "/extattr", Some(json!({"attrs": null}))),
        (
            Quirks { attributes_without_type: true, ..base },
            wangwu,
            "/extattr/attrs/0",
            Some(json!({"name": "工号", "value": "0017"})),
        ),
        (
            Quirks { attributes_with_both_values: true, ..base },
            wangwu,
            "/extattr/attrs/0",
            Some(json!({"type": 0, "name": "工号", "value": "0017", "text": {"value": "0017"}})),
        ),
        (
            Quirks { channel_as_string: true, ..base },
            wangwu,
            "/external_profile/wechat_channels",
            Some(json!("示例视频")),
        ),
        (base, "user/get?userid=ZhangSan", "/direct_leader", Some(json!([]))),
        (Quirks { direct_leader_absent: true, ..base }, "user/get?userid=ZhangSan", "/direct_leader", None),
        (Quirks { direct_leader_absent: true, ..base }, lisi, "/direct_leader", Some(json!(["ZhangSan"]))),
        (base, "department/get?id=31", "/department/name_en", Some(json!(""))),
        (Quirks { department_extras_absent: true, ..base }, "department/get?id=31", "/department/name_en", None),
        (
            Quirks { department_extras_absent: true, ..base },
            "department/get?id=31",
            "/department/department_leader",
            None,
        ),
        (base, wangwu, "/order", Some(json!([2, 2]))),
        (Quirks { short_arrays: true, ..base }, wangwu, "/order", Some(json!([2]))),
        (Quirks { short_arrays: true, ..base }, wangwu, "/department", Some(json!([21, 22]))),
        (base, lisi, "/enable", None),
        (Quirks { undocumented_fields: true, ..base }, lisi, "/enable", Some(json!(1))),
        (Quirks { undocumented_fields: true, ..base }, lisi, "/open_userid", Some(json!(""))),
        (Quirks { unknown_fields: true, ..base }, agent, "/sim_unknown", Some(json!({"nested": [1, 2, 3]}))),
        (Quirks { numbers_as_strings: true, ..base }, agent, "/agentid", Some(json!("1000073"))),
        (Quirks { numbers_as_strings: true, ..base }, agent, "/errcode", Some(json!("0"))),
        (Quirks { numbers_as_strings: true, ..base }, "department/get?id=31", "/department/parentid", Some(json!("3"))),
        (Quirks { numbers_as_strings: true, ..base }, lisi, "/gender", Some(json!(0))),
        (base, "user/get?userid=shiwu", "/department", Some(json!([]))),
        (Quirks { null_lists: true, ..base }, "user/get?userid=shiwu", "/department", Some(Value::Null)),
        (Quirks { errcode_missing: true, ..base }, agent, "/errcode", None),
        (base, "user/get?userid=shiwu", "/main_department", None),
        (Quirks { main_department_zero: true, ..base }, "user/get?userid=shiwu", "/main_department", Some(json!(0))),
    ];
    for (quirks, api, pointer, expected) in rows {
        let bed = with(quirks).await;
        assert_eq!(bed.app(api).await.pointer(pointer), expected.as_ref(), "{api} {pointer} with {quirks:?}");
    }
}

#[tokio::test]
async fn containers_may_be_empty_objects() {
    let bed = with(Quirks { empty_containers: true, ..Quirks::default() }).await;
    bed.control.change(|corp| {
        corp.update_app(DEMO_AGENT_ID, |app| app.visible = Default::default()).unwrap();
    });
    let agent = bed.app("agent/get?agentid=1000073").await;
    for container in ["allow_userinfos", "allow_partys", "allow_tags"] {
        assert_eq!(agent[container], json!({}), "{container}");
    }
    assert_eq!(bed.app("department/list?").await["department"], json!([]), "nothing granted, nothing listed");
}

#[tokio::test]
async fn everything_at_once_is_still_json() {
    let bed = with(Quirks::wild()).await;
    for api in ["department/list?", "user/list?department_id=21", "tag/list?", "tag/get?tagid=8", "agent/list?"] {
        assert!(bed.app(api).await.is_object(), "{api}");
    }
    let refused = bed.app("user/get?userid=nobody").await;
    assert_eq!(
        (&refused["errcode"], &refused["department"]),
        (&json!("60111"), &Value::Null),
        "a failure keeps its code"
    );
}
