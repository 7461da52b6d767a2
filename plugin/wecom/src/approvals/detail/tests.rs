use organisation_kit::contract::approvals::{FieldValue, PlainValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::approvals::tests::{mutated, mutations};

/// The example of the documentation, with more people in it.
fn example() -> Value {
    json!({ "errcode": 0, "errmsg": "ok", "info": {
        "sp_no": "202601080001", "sp_name": "采购申请", "sp_status": 1, "template_id": "3TkSampleTemplate01",
        "apply_time": 1_767_862_800,
        "applyer": { "userid": "zhangsan", "partyid": "31" },
        "sp_record": [{ "sp_status": 1, "approverattr": 1, "details": [
            { "approver": { "userid": "lisi" }, "speech": "", "sp_status": 1, "sptime": 0, "media_id": [] },
        ] }],
        "notifyer": [{ "userid": "zhaoliu" }],
        "apply_data": { "contents": [{
            "control": "Money", "id": "Money-1700000000001", "title": [{ "text": "金额", "lang": "zh_CN" }],
            "value": { "new_money": "700.50", "tips": [], "members": [], "departments": [], "files": [], "children": [], "stat_field": [] },
        }] },
        "comments": [{
            "commentUserInfo": { "userid": "lisi" }, "commenttime": 1_767_862_900, "commentcontent": "快点",
            "commentid": "6741314136717778040", "media_id": ["m1"],
        }],
        "process_list": { "node_list": [
            { "node_type": 1, "sp_status": 4, "apv_rel": 2, "sub_node_list": [
                { "userid": "lisi", "speech": "转给王五", "sp_yj": 4, "sptime": 1_767_862_850, "media_ids": ["m2", "m3"] },
                { "userid": "wangwu", "speech": "", "sp_yj": 1, "sptime": 0, "media_ids": [] },
            ] },
            { "node_type": 2, "sub_node_list": [{ "userid": "zhaoliu" }, { "userid": "zhouba" }] },
            { "node_type": 3, "sp_status": 99, "apv_rel": 3, "sub_node_list": [{ "userid": "sunqi", "sp_yj": 14, "sptime": "1767862950" }] },
        ] },
    } })
}

fn read(answer: &Value) -> Approval {
    parse(&answer.to_string()).unwrap()
}

#[test]
fn the_whole_tree_is_read() {
    let approval = read(&example());
    assert_eq!((approval.number.as_str(), approval.name.as_str()), ("202601080001", "采购申请"));
    assert_eq!((approval.template.as_str(), approval.status.as_str()), ("3TkSampleTemplate01", "pending"));
    assert_eq!(approval.submitted_at, 1_767_862_800_000);
    assert_eq!((approval.applicants, approval.department.as_deref()), (vec!["zhangsan".to_owned()], Some("31")));
    assert_eq!(approval.copied_to, ["zhaoliu", "zhouba"]);
    let [field] = &approval.fields[..] else { panic!("{:?}", approval.fields) };
    assert_eq!((field.id.as_str(), field.kind.as_deref()), ("Money-1700000000001", Some("money")));
    assert_eq!(field.value, FieldValue::Plain(PlainValue::Money("700.50".into())));
    let [remark] = &approval.remarks[..] else { panic!("{:?}", approval.remarks) };
    assert_eq!((remark.id.as_str(), remark.member.as_str()), ("6741314136717778040", "lisi"));
    assert_eq!(
        (remark.text.as_str(), remark.at, &remark.files[..]),
        ("快点", 1_767_862_900_000, &["m1".to_owned()][..])
    );
    let nodes: Vec<_> = approval
        .nodes
        .iter()
        .map(|node| (node.kind, node.consent, node.status.as_deref(), node.decisions.len()))
        .collect();
    let expected = [
        (NodeKind::Approve, Some(Consent::Any), Some("transferred"), 2),
        (NodeKind::Copy, None, None, 2),
        (NodeKind::Handle, Some(Consent::InTurn), Some("99"), 1),
    ];
    assert_eq!(nodes, expected);
    let lisi = &approval.nodes[0].decisions[0];
    assert_eq!((lisi.status.as_deref(), lisi.comment.as_deref()), (Some("transferred"), Some("转给王五")));
    assert_eq!((lisi.at, lisi.files.len()), (Some(1_767_862_850_000), 2));
    let waiting = &approval.nodes[0].decisions[1];
    assert_eq!((waiting.status.as_deref(), waiting.at), (Some("pending"), None));
    assert_eq!(approval.nodes[1].decisions[0].status, None);
    let handled = &approval.nodes[2].decisions[0];
    assert_eq!((handled.status.as_deref(), handled.at), (Some("handled"), Some(1_767_862_950_000)));
}

#[test]
fn former_shapes_are_read_too() {
    let mut answer = example();
    let info = answer["info"].as_object_mut().unwrap();
    let record = info["sp_record"][0].clone();
    info.remove("process_list");
    info.remove("applyer");
    info.insert("batch_applyer".into(), json!([{ "userid": "a" }, { "userid": "b" }]));
    info.insert("sp_status".into(), json!("12"));
    info.insert("sp_no".into(), json!(202_601_080_001_u64));
    info.insert("notifyer".into(), json!({ "userid": "zhaoliu" }));
    info.insert("comments".into(), json!({ "commentcontent": "x", "commentid": 7 }));
    for (attribute, consent) in [(1, Some(Consent::Any)), (2, Some(Consent::All)), (3, None)] {
        for several in [false, true] {
            let mut record = record.clone();
            record["approverattr"] = json!(attribute);
            record["details"] = record["details"][0].clone();
            answer["info"]["sp_record"] = if several { json!([record]) } else { record };
            let approval = read(&answer);
            assert_eq!((approval.number.as_str(), approval.status.as_str()), ("202601080001", "12"));
            assert_eq!((&approval.applicants[..], approval.department), (&["a".to_owned(), "b".to_owned()][..], None));
            assert_eq!((&approval.copied_to[..], approval.remarks[0].id.as_str()), (&["zhaoliu".to_owned()][..], "7"));
            let [node] = &approval.nodes[..] else { panic!("{:?}", approval.nodes) };
            assert_eq!((node.kind, node.consent, node.decisions.len()), (NodeKind::Approve, consent, 1));
            assert_eq!(node.decisions[0].member, "lisi");
        }
    }
}

#[test]
fn an_answer_without_a_request_is_none() {
    for key in ["sp_no", "sp_status", "apply_time"] {
        let mut answer = example();
        answer["info"].as_object_mut().unwrap().remove(key);
        assert!(parse(&answer.to_string()).is_err(), "{key}");
    }
    assert!(parse("{}").is_err());
}

proptest! {
    #[test]
    fn a_mutated_answer_is_read_or_refused(changes in mutations()) {
        if let Ok(approval) = parse(&mutated(example(), &changes).to_string()) {
            prop_assert!(!approval.number.is_empty() && !approval.status.is_empty());
        }
    }
}
