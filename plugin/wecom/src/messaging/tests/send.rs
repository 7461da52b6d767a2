//! Recipients, parts, and what WeCom says of them.

use super::*;

#[test]
fn a_message_is_the_documented_request() {
    let fake = answering(|_, _| ok(SENT));
    let sent = send(&fake, text("审批已通过\n<a href=\"https://app.example.com/a/1\">查看</a>")).unwrap();
    assert_eq!((sent.delivery, sent.parts.len(), sent.invalid.len()), (Delivery::Yes, 1, 0));
    assert_eq!(sent.parts[0].message_id.as_deref(), Some("m-1"));
    let request = fake.requests.borrow().last().unwrap().clone();
    assert_eq!(request.url, "https://qyapi.weixin.qq.com/cgi-bin/message/send?access_token=t0ken-1");
    let Some(Body::Text(body)) = &request.body else { panic!("{request:?}") };
    assert!(body.contains("审批已通过"), "raw UTF-8: {body}");
    assert_eq!(
        bodies(&fake, "message/send"),
        [json!({
            "touser": "ZhangSan", "msgtype": "text", "agentid": 1_000_073,
            "text": { "content": "审批已通过\n<a href=\"https://app.example.com/a/1\">查看</a>" }
        })]
    );
    let everything = Message {
        to: Recipients {
            departments: vec!["4294967295".to_owned(), "1".to_owned(), "1".to_owned()],
            tags: vec!["0".to_owned()],
            ..to(&["ZhangSan", "lisi", "zhangsan"])
        },
        sharing: Some(Sharing::Confidential),
        translate_ids: true,
        ..text("a")
    };
    send(&fake, everything).unwrap();
    let expected = json!({
        "touser": "ZhangSan|lisi", "toparty": "4294967295|1", "totag": "0", "msgtype": "text", "agentid": 1_000_073,
        "text": { "content": "a" }, "safe": 1, "enable_id_trans": 1
    });
    assert_eq!(bodies(&fake, "message/send")[1], expected, "each recipient once");
    let all = Recipients { everybody: true, departments: vec!["no number".to_owned()], ..to(&["a|b"]) };
    send(&fake, Message { to: all, ..text("a") }).unwrap();
    let all = &bodies(&fake, "message/send")[2];
    assert_eq!((all["touser"].as_str(), all.get("toparty")), (Some("@all"), None), "then nothing else counts");
}

#[test]
fn ids_that_would_reach_somebody_else_are_refused() {
    for id in ["", "a|b", "|", "@all", "@ALL", "a b", "a\nb", &"x".repeat(65)] {
        assert_eq!(refused(Message { to: to(&["lisi", id]), ..text("a") }).0, "to.members", "{id:?}");
    }
    for id in ["", "a", "1|2", "-1", "+1", "4294967296", " 1", "１"] {
        let (ids, nobody) = (vec![id.to_owned()], to(&[]));
        let departments = Recipients { departments: ids.clone(), ..nobody.clone() };
        let tags = Recipients { tags: ids, ..nobody };
        assert_eq!(refused(Message { to: departments, ..text("a") }).0, "to.departments", "{id:?}");
        assert_eq!(refused(Message { to: tags, ..text("a") }).0, "to.tags", "{id:?}");
    }
    assert_eq!(refused(Message { to: to(&[]), ..text("a") }).0, "to");
}

#[test]
fn recipients_are_cut_into_parts_that_wecom_takes() {
    let ids = |count: usize| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>();
    for (members, departments, tags, expected) in [
        (1, 0, 0, &[(1, 0, 0)][..]),
        (1_000, 100, 100, &[(1_000, 100, 100)]),
        (1_001, 0, 0, &[(1_000, 0, 0), (1, 0, 0)]),
        (0, 101, 0, &[(0, 100, 0), (0, 1, 0)]),
        (1, 0, 201, &[(1, 0, 100), (0, 0, 100), (0, 0, 1)]),
        (2_001, 101, 1, &[(1_000, 100, 1), (1_000, 1, 0), (1, 0, 0)]),
    ] {
        let fake = answering(|number, _| ok(format!(r#"{{"errcode":0,"msgid":"m-{number}"}}"#)));
        let to = Recipients { members: ids(members), departments: ids(departments), tags: ids(tags), ..to(&[]) };
        let sent = send(&fake, Message { to, ..text("a") }).unwrap();
        let count = |body: &Value, key| body.get(key).map_or(0, |ids| ids.as_str().unwrap().split('|').count());
        let bodies = bodies(&fake, "message/send");
        let found: Vec<_> =
            bodies.iter().map(|body| (count(body, "touser"), count(body, "toparty"), count(body, "totag"))).collect();
        assert_eq!(found, expected);
        let ids: Vec<_> = sent.parts.iter().map(|part| part.message_id.clone().unwrap()).collect();
        assert_eq!(ids, (1..=expected.len()).map(|number| format!("m-{number}")).collect::<Vec<_>>());
    }
}

#[test]
fn whoever_does_not_get_it_stands_in_the_callers_spelling() {
    let answer = r#"{"errcode":0,"errmsg":"ok","msgid":"m","invaliduser":"zhangsan|other","invalidparty":["7"],"invalidtag":"","unlicenseduser":"lisi"}"#;
    let fake = answering(move |_, _| ok(answer));
    let to = Recipients { departments: vec!["7".to_owned()], ..to(&["ZhangSan", "LiSi", "wangwu"]) };
    let sent = send(&fake, Message { to, ..text("a") }).unwrap();
    let invalid: Vec<_> = sent.invalid.iter().map(|one| (one.kind, &*one.id, &*one.reason)).collect();
    assert_eq!(
        invalid,
        [
            (RecipientKind::Member, "ZhangSan", "outside-range"),
            (RecipientKind::Member, "other", "outside-range"),
            (RecipientKind::Department, "7", "outside-range"),
            (RecipientKind::Member, "LiSi", "unlicensed"),
        ]
    );
    assert_eq!(sent.delivery, Delivery::Yes);
}

#[test]
fn where_nobody_can_get_it_is_an_error_that_names_them() {
    let fake = answering(|_, _| errcode(81013, "user & party & tag all invalid"));
    let failure = send(&fake, keyed("k", Message { to: to(&["LiSi", "wangwu"]), ..text("a") })).unwrap_err();
    assert_eq!((&failure.reason, failure.vendor_code), (&Reason::NotFound, Some(81013)));
    assert!(failure.message.en.contains("\"LiSi\", \"wangwu\"") && failure.message.zh.contains("LiSi"), "{failure:?}");
    assert_eq!(fake.keys("idempotency/"), Vec::<String>::new(), "the key is free: nothing was sent");

    let ids: Vec<String> = (0..1_001).map(|id| id.to_string()).collect();
    let to = Recipients { members: ids, ..to(&[]) };
    let fake = answering(|number, _| if number == 1 { errcode(81013, "all invalid") } else { ok(SENT) });
    let sent = send(&fake, Message { to, ..text("a") }).unwrap();
    assert_eq!(sent.parts.iter().map(|part| part.delivery).collect::<Vec<_>>(), [Delivery::No, Delivery::Yes]);
    assert_eq!((sent.delivery, sent.invalid.len()), (Delivery::Yes, 1_000));
}

#[test]
fn a_card_in_wecoms_own_json_with_a_task_goes_out_in_one_part() {
    let card = |json: &str| Content::Other(OtherMessage { kind: "template_card".into(), json: json.into() });
    let many = |content| {
        let members = (0..1_001).map(|id| id.to_string()).collect();
        Message { to: Recipients { members, ..to(&[]) }, ..message(content) }
    };
    let task = r#"{"card_type":"vote_interaction","task_id":"t"}"#;
    assert_eq!(refused(many(card(task))).0, "content.other.json");
    let fake = answering(|_, _| ok(SENT));
    assert_eq!(send(&fake, message(card(task))).unwrap().parts.len(), 1);
    assert_eq!(send(&fake, many(card(r#"{"card_type":"text_notice"}"#))).unwrap().parts.len(), 2);
}

#[test]
fn a_refusal_says_who_can_mend_it() {
    for (code, reason, retry_after_ms, hint) in [
        (45009, Reason::RateLimited, Some(60_000), "too many calls"),
        (43012, Reason::NotPermitted, None, "API Reception"),
        (40007, Reason::NotFound, None, "upload it again"),
        (301_002, Reason::NotPermitted, None, "agent id"),
        (42014, Reason::Other("vendor-error".to_owned()), None, "query?e=42014"),
    ] {
        let fake = answering(move |_, _| errcode(code, "no"));
        let failure = send(&fake, text("a")).unwrap_err();
        assert_eq!((&failure.reason, failure.retry_after_ms), (&reason, retry_after_ms), "{code}");
        let hint_found = failure.hint.clone().unwrap();
        assert!(hint_found.en.contains(hint), "{hint_found:?}");
        assert_eq!(fake.count("message/send"), 1, "nothing is repeated");
    }
}

#[test]
fn without_a_key_nothing_is_repeated_or_kept() {
    for answer in [
        Err(lost(http::Failure::Timeout)),
        errcode(-1, "system busy"),
        ok(r#"{"errcode":0,"errmsg":"ok. Warning: wrong json format. "}"#),
        ok("<html>"),
    ] {
        let fake = answering(move |_, _| answer.clone());
        let sent = send(&fake, text("a")).unwrap();
        assert_eq!((sent.delivery, sent.parts[0].delivery), (Delivery::Unknown, Delivery::Unknown));
        assert_eq!(fake.count("message/send"), 1);
        assert!(bodies(&fake, "message/send")[0].get("enable_duplicate_check").is_none());
        assert_eq!(fake.keys("idempotency/"), Vec::<String>::new());
    }
    // A part that is refused behind one that was taken: an error would lose the id of the first.
    let members: Vec<String> = (0..2_500).map(|id| id.to_string()).collect();
    let fake = answering(|number, _| if number == 2 { errcode(45009, "too often") } else { ok(SENT) });
    let sent = send(&fake, Message { to: Recipients { members, ..to(&[]) }, ..text("a") }).unwrap();
    assert_eq!(
        sent.parts.iter().map(|part| part.delivery).collect::<Vec<_>>(),
        [Delivery::Yes, Delivery::No, Delivery::No]
    );
    assert_eq!((sent.delivery, fake.count("message/send")), (Delivery::No, 2));
}

#[test]
fn who_is_written_to_too_often_is_named_and_where_that_is_everybody_nothing_is_sent() {
    let fake = answering(|_, _| ok(SENT));
    for _ in 0..30 {
        assert_eq!(send(&fake, text("a")).unwrap().invalid.len(), 0);
    }
    let failure = send(&fake, text("a")).unwrap_err();
    assert_eq!((&failure.reason, failure.retry_after_ms), (&Reason::RateLimited, Some(60_000)));
    assert_eq!(fake.count("message/send"), 30);
    let both = Message { to: to(&["lisi", "zhangsan"]), ..text("a") };
    let sent = send(&fake, both).unwrap();
    assert_eq!(bodies(&fake, "message/send").last().unwrap()["touser"], "lisi|zhangsan");
    let too_often: Vec<_> = sent.invalid.iter().map(|one| (one.kind, &*one.id, &*one.reason)).collect();
    assert_eq!(too_often, [(RecipientKind::Member, "zhangsan", "too-frequent")]);
    // Whom a department names nobody knows here.
    let others = Recipients { departments: vec!["1".into()], ..to(&["zhangsan"]) };
    assert_eq!(send(&fake, Message { to: others, ..text("a") }).unwrap().invalid.len(), 1);
    fake.advance_ms(60_000);
    assert_eq!(send(&fake, text("a")).unwrap().invalid.len(), 0);
}

#[test]
fn what_wecom_did_not_take_is_not_counted_and_a_store_that_fails_holds_nobody_back() {
    let fake = answering(|_, _| errcode(45009, "too often"));
    send(&fake, text("a")).unwrap_err();
    assert_eq!(fake.keys("messaging/recent/"), Vec::<String>::new());

    let fake = answering(|_, _| ok(SENT));
    fake.before_storage(|_, touch| match touch.concerns("messaging/recent/") {
        true => Err(organisation_kit::contract::storage::StorageError::Unavailable(false)),
        false => Ok(()),
    });
    let sent = send(&fake, text("a")).unwrap();
    assert_eq!((sent.delivery, sent.invalid.len()), (Delivery::Yes, 0));
}

#[test]
fn a_part_that_reaches_nobody_for_now_does_not_hold_up_the_others() {
    let fake = answering(|_, _| ok(SENT));
    let ids: Vec<String> = (0..2_000).map(|id| id.to_string()).collect();
    let message = |members: &[String]| Message { to: Recipients { members: members.to_vec(), ..to(&[]) }, ..text("a") };
    for _ in 0..30 {
        send(&fake, message(&ids[..1_000])).unwrap();
    }
    let sent = send(&fake, message(&ids)).unwrap();
    let parts: Vec<_> = sent.parts.iter().map(|part| part.delivery).collect();
    assert_eq!((parts, sent.delivery), (vec![Delivery::No, Delivery::Yes], Delivery::Yes));
    assert_eq!((sent.invalid.len(), &*sent.invalid[0].reason), (1_000, "too-frequent"));
    for _ in 0..29 {
        send(&fake, message(&ids[1_000..])).unwrap();
    }
    let requests = fake.count("message/send");
    assert_eq!(send(&fake, message(&ids)).unwrap_err().reason, Reason::RateLimited);
    assert_eq!(fake.count("message/send"), requests);
}
