//! Cards that change, messages that are taken back, and files.

use organisation_kit::{
    capability::Messaging,
    contract::messaging::{Media, MediaKind, UploadRequest},
};

use super::*;
use crate::{fake::query, messaging::update::request};

fn change(change: CardChange) -> CardUpdate {
    CardUpdate { to: to(&["ZhangSan"]), response_code: "rc-1".into(), change, translate_ids: false }
}

fn update(fake: &FakePlatform, update: CardUpdate) -> Result<Vec<InvalidRecipient>, Failure> {
    let config = fake::config();
    messages::update_card::<WeCom>(fake, &config, &WeComClient::new(fake, &config), update)
}

fn refuses(update: CardUpdate, path: &str) {
    let failure = request(&fake::config(), &update).unwrap_err();
    let Reason::InvalidArgument(problem) = failure.reason.clone() else { panic!("{failure:?}") };
    assert_eq!(problem.path, path, "{update:?}");
}

#[test]
fn both_changes_are_the_documented_ones() {
    let fake = answering(|_, _| ok(r#"{"errcode":0,"errmsg":"ok","invaliduser":["zhangsan"]}"#));
    let to = Recipients { departments: vec!["7".into()], tags: vec!["4294967295".into()], ..to(&["ZhangSan"]) };
    let invalid = update(&fake, CardUpdate { to, ..change(CardChange::Done("已同意".into())) }).unwrap();
    assert_eq!(invalid.iter().map(|one| &*one.id).collect::<Vec<_>>(), ["ZhangSan"]);
    let interaction = Card { replace_text: Some("已处理".into()), ..card(buttons(vec![button("a", "a")])) };
    update(&fake, change(CardChange::Card(interaction))).unwrap();
    let vote = CardBody::VoteInteraction(VoteInteraction {
        question: Selector { disabled: true, ..selector("q", vec![choice("1", true)]) },
        multiple: false,
        submit: keyed_text("提交", "s"),
    });
    let everybody = Recipients { everybody: true, ..super::to(&[]) };
    update(&fake, CardUpdate { to: everybody, translate_ids: true, ..change(CardChange::Card(card(vote))) }).unwrap();
    let other = CardChange::Other(r#"{"button":{"replace_name":"好"}}"#.into());
    update(&fake, change(other)).unwrap();
    assert_eq!(
        bodies(&fake, "message/update_template_card"),
        [
            json!({
                "userids": ["ZhangSan"], "partyids": [7], "tagids": [4_294_967_295_u64], "agentid": 1_000_073,
                "response_code": "rc-1", "button": { "replace_name": "已同意" }
            }),
            json!({
                "userids": ["ZhangSan"], "agentid": 1_000_073, "response_code": "rc-1",
                "template_card": {
                    "card_type": "button_interaction", "main_title": { "title": "标题" }, "replace_text": "已处理",
                    "button_list": [{ "text": "a", "style": 1, "type": 0, "key": "a" }]
                }
            }),
            json!({
                "atall": 1, "agentid": 1_000_073, "response_code": "rc-1", "enable_id_trans": 1,
                "template_card": {
                    "card_type": "vote_interaction", "main_title": { "title": "标题" },
                    "checkbox": {
                        "question_key": "q", "mode": 0, "disable": true,
                        "option_list": [{ "id": "1", "text": "选项1", "is_checked": true }]
                    },
                    "submit_button": { "text": "提交", "key": "s" }
                }
            }),
            json!({
                "userids": ["ZhangSan"], "agentid": 1_000_073, "response_code": "rc-1", "button": { "replace_name": "好" }
            }),
        ]
    );
}

#[test]
fn an_update_that_wecom_would_refuse_is_not_sent() {
    let with_code = |code: &str| CardUpdate { response_code: code.into(), ..change(CardChange::Done("好".into())) };
    refuses(with_code(""), "response-code");
    refuses(with_code("a\n"), "response-code");
    refuses(change(CardChange::Done(String::new())), "change.done");
    let task = Card { task_id: Some("t".into()), ..card(buttons(vec![button("a", "a")])) };
    refuses(change(CardChange::Card(task)), "change.card.task-id");
    let replaced = Card { replace_text: Some("好".into()), ..card(CardBody::TextNotice(notice())) };
    refuses(change(CardChange::Card(replaced)), "change.card.replace-text");
    refuses(change(CardChange::Card(card(buttons(vec![])))), "change.card.body.buttons");
    for other in ["", "[]", "{}", r#"{"touser":"a"}"#, r#"{"button":{},"userids":["b"]}"#] {
        refuses(change(CardChange::Other(other.into())), "change.other");
    }
    let many = Recipients { members: (0..1_001).map(|id| id.to_string()).collect(), ..to(&[]) };
    refuses(CardUpdate { to: many, ..change(CardChange::Done("好".into())) }, "to");
    let without_submit =
        r#"{"card_type":"vote_interaction","checkbox":{"question_key":"q","option_list":[{"id":"1","text":"a"}]}}"#;
    request(&fake::config(), &change(CardChange::Card(card(CardBody::Other(without_submit.into()))))).unwrap();
}

#[test]
fn a_response_code_is_never_shown_and_never_tried_twice() {
    for answer in [errcode(60140, "invalid response_code rc-1"), Err(lost(http::Failure::Timeout))] {
        let fake = answering(move |_, _| answer.clone());
        let failure = update(&fake, change(CardChange::Done("好".into()))).unwrap_err();
        assert!(!format!("{failure:?}").contains("rc-1"), "{failure:?}");
        assert_eq!(fake.count("message/update_template_card"), 1);
    }
}

#[test]
fn a_message_is_taken_back() {
    let recall = |fake: &FakePlatform, id: &str| {
        let config = fake::config();
        WeCom::recall(&WeComClient::new(fake, &config), id)
    };
    let fake =
        answering(|number, _| if number == 1 { errcode(-1, "busy") } else { ok(r#"{"errcode":0,"errmsg":"ok"}"#) });
    recall(&fake, "m-1").unwrap();
    assert_eq!(bodies(&fake, "message/recall"), [json!({ "msgid": "m-1" }), json!({ "msgid": "m-1" })]);
    let fake = answering(|_, _| errcode(42052, "too old"));
    let failure = recall(&fake, "m-1").unwrap_err();
    assert_eq!((failure.reason.clone(), failure.vendor_code), (Reason::NotFound, Some(42052)));
    for id in ["", "a\nb", &"x".repeat(513)] {
        assert!(matches!(recall(&fake, id).unwrap_err().reason, Reason::InvalidArgument(_)), "{id:?}");
    }
}

#[test]
fn a_file_is_uploaded_under_its_own_name() {
    let upload = |fake: &FakePlatform, kind: MediaKind, file_name: &str, content: Body| {
        let config = fake::config();
        let request = UploadRequest { kind, file_name: file_name.into(), content };
        WeCom::upload(&WeComClient::new(fake, &config), &request)
    };
    let fake = answering(|_, request| match path(request).as_str() {
        "/cgi-bin/media/upload" => {
            ok(r#"{"errcode":0,"errmsg":"","type":"file","media_id":"3sample","created_at":"1760000000"}"#)
        }
        _ => ok(r#"{"errcode":0,"errmsg":"","url":"https://wework.qpic.cn/1"}"#),
    });
    let media = upload(&fake, MediaKind::File, "报价 单.txt", Body::Text("内容内容".into())).unwrap();
    let expires_at = Some(1_760_000_000_000 + 3 * 86_400_000);
    assert_eq!(media, Media { media_id: Some("3sample".into()), url: None, expires_at });
    let sent = fake.requests.borrow().last().unwrap().clone();
    assert_eq!((query(&sent, "type").as_deref(), sent.method.as_str()), (Some("file"), "POST"));
    let Some(Body::Bytes(body)) = &sent.body else { panic!("{sent:?}") };
    let body = String::from_utf8(body.clone()).unwrap();
    assert!(body.contains("name=\"media\"; filename=\"报价 单.txt\"; filelength=12\r\nContent-Type: application/octet-stream\r\n\r\n内容内容\r\n"), "{body}");
    let png = Body::Base64("iVBORw0KGgo=".into());
    let media = upload(&fake, MediaKind::InlineImage, "a.png", png).unwrap();
    assert_eq!(media, Media { media_id: None, url: Some("https://wework.qpic.cn/1".into()), expires_at: None });
    assert_eq!(fake.count("media/uploadimg"), 1);

    let reason =
        |kind, content| upload(&answering(|_, _| ok("{}")), kind, "a.txt", content).unwrap_err().into_details().reason;
    assert_eq!(reason(MediaKind::Other("sticker".into()), Body::Text("abcdef".into())), Reason::Unsupported);
    assert!(matches!(reason(MediaKind::File, Body::Base64("?".into())), Reason::InvalidArgument(_)));
    assert_eq!(reason(MediaKind::File, Body::Text("abcdef".into())), Reason::UnexpectedAnswer, "no id in the answer");
}
