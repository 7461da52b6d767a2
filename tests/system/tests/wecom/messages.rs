//! Messages: what the inboxes of members show of what the component was given, and what nobody gets twice.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use organisation_host::contract::{
    from_json,
    messaging::{
        CardUpdate, Delivery, InvalidRecipient, Media, MediaKind, Message, RecipientKind, Sent, UploadRequest,
    },
    types::{Body, Error, Reason},
};
use serde_json::{Value, json};
use system_tests::{Stage, sync::PLAIN};
use wecom_simulator::{
    DEMO_AGENT_ID, Effect, Fault, Generator, Press, Received, When,
    corp::{Callback, Corp},
    demo,
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand nothing else";

/// A stage whose app may send everything: it is bound to a mini program and has a callback address, where nothing is
/// ever delivered.
async fn stage(mut corp: Corp) -> Stage {
    let update = corp.update_app(DEMO_AGENT_ID, |app| {
        app.mini_program = Some("wx0123456789abcdef".to_owned());
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        app.callback = Some(Callback::new("http://127.0.0.1:9/callback", "token", key));
    });
    update.unwrap();
    let stage = Stage::of(corp).await;
    stage.control.hold_callbacks();
    stage
}

fn message(document: Value) -> Message {
    from_json(document.clone()).unwrap_or_else(|error| panic!("{error}: {document}"))
}

fn text(members: &[&str], text: &str) -> Message {
    message(json!({ "to": { "members": members }, "content": { "text": text } }))
}

fn keyed(key: &str, message: Message) -> Message {
    Message { idempotency_key: Some(key.to_owned()), ..message }
}

async fn send(stage: &Stage, message: &Message) -> Result<Sent, Error> {
    stage.heard(stage.element.send_message(message)).await
}

pub(crate) async fn upload(stage: &Stage, kind: MediaKind, file_name: &str, content: Body) -> Media {
    let request = UploadRequest { kind, file_name: file_name.to_owned(), content };
    stage.heard(stage.element.upload(&request)).await.unwrap()
}

fn last(stage: &Stage, member: &str) -> Received {
    stage.control.inbox(member).pop().unwrap_or_else(|| panic!("{member} received nothing"))
}

/// The path of an argument that was refused.
#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    match outcome.map_err(|error| error.reason) {
        Err(Reason::InvalidArgument(problem)) => problem.path,
        other => panic!("{other:?}"),
    }
}

fn invalid(invalid: &[InvalidRecipient]) -> Vec<(RecipientKind, &str, &str)> {
    invalid.iter().map(|one| (one.kind, &*one.id, &*one.reason)).collect()
}

/// An example, with a medium that was uploaded and a tag that there is.
fn example(file: &str, media: &str) -> Message {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/messages").join(file);
    let text = fs::read_to_string(path).unwrap().replace("MEDIA_ID", media);
    let mut document: Value = serde_json::from_str(&text).unwrap();
    if document["to"].get("tags").is_some() {
        document["to"]["tags"] = json!(["7"]);
    }
    message(document)
}

/// A file of the examples, the medium in it, who gets it, WeCom's kind, and what the inbox shows where.
type Row<'r> = (&'r str, &'r str, &'r str, &'r str, &'r [(&'r str, Value)]);

#[tokio::test]
async fn every_kind_of_content_arrives() {
    let stage = stage(demo()).await;
    let image = upload(&stage, MediaKind::Image, "图.png", Body::Bytes(PNG.to_vec())).await.media_id.unwrap();
    let voice = upload(&stage, MediaKind::Voice, "声.amr", Body::Text("#!AMR...".into())).await.media_id.unwrap();
    let mp4 = Body::Bytes(b"\0\0\0\x18ftypmp42".to_vec());
    let video = upload(&stage, MediaKind::Video, "片.mp4", mp4).await.media_id.unwrap();
    let file = upload(&stage, MediaKind::File, "合同.txt", Body::Text("合同内容".into())).await.media_id.unwrap();
    stage.complete(&PLAIN).await;
    stage.heard(stage.element.set_member_roles("shiwu", &["buyer".to_owned()], "test")).await.unwrap();

    let card = "template_card";
    let page = "https://app.example.com/orders/1";
    let rows: &[Row<'_>] = &[
        (
            "text.json",
            "",
            "shiwu",
            "text",
            &[("/content", json!(format!("订单 1 已审批\n<a href=\"{page}\">查看订单</a>")))],
        ),
        (
            "markdown.json",
            "",
            "ZhangSan",
            "markdown",
            &[("/content", json!("订单 **1** 的状态：<font color=\"info\">已审批</font>\n> 申请人：张三"))],
        ),
        ("image.json", &image, "ZhangSan", "image", &[("/media_id", json!(image))]),
        ("voice.json", &voice, "ZhangSan", "voice", &[("/media_id", json!(voice))]),
        (
            "video.json",
            &video,
            "ZhangSan",
            "video",
            &[("", json!({ "media_id": video, "title": "操作演示", "description": "如何提交订单" }))],
        ),
        ("file.json", &file, "ZhangSan", "file", &[("/media_id", json!(file))]),
        (
            "link-card.json",
            "",
            "ZhangSan",
            "textcard",
            &[
                ("/title", json!("订单 1 待审批")),
                (
                    "/description",
                    json!("<div class=\"gray\">2026年1月8日</div><div class=\"normal\">申请人：李四</div>"),
                ),
                ("/url", json!(page)),
                ("/btntxt", json!("去审批")),
            ],
        ),
        (
            "news.json",
            "",
            "youyi",
            "news",
            &[
                ("/articles/0/url", json!("https://app.example.com/news/1")),
                ("/articles/0/picurl", json!("https://app.example.com/news/1.png")),
                ("/articles/1/appid", json!("wx0123456789abcdef")),
                ("/articles/1/pagepath", json!("pages/news?id=1")),
            ],
        ),
        (
            "articles.json",
            &image,
            "weisi",
            "mpnews",
            &[
                ("/articles/0/title", json!("员工手册")),
                ("/articles/0/thumb_media_id", json!(image)),
                ("/articles/0/author", json!("人力资源部")),
                ("/articles/0/content_source_url", json!("https://app.example.com/handbook")),
                ("/articles/0/content", json!("<p>第一章</p>")),
                ("/articles/0/digest", json!("2026 年版")),
            ],
        ),
        (
            "mini-program-notice.json",
            "",
            "ZhangSan",
            "miniprogram_notice",
            &[
                ("/page", json!("pages/room?id=402")),
                ("/emphasis_first_item", json!(true)),
                ("/content_item/1", json!({ "key": "时间", "value": "1月9日 9:00 至 11:00" })),
            ],
        ),
        (
            "card-text-notice.json",
            &file,
            "ZhangSan",
            card,
            &[
                ("/card_type", json!("text_notice")),
                (
                    "/source",
                    json!({ "icon_url": "https://app.example.com/icon.png", "desc": "订单系统", "desc_color": 3 }),
                ),
                ("/action_menu/action_list/0/key", json!("mute")),
                ("/emphasis_content", json!({ "title": "100", "desc": "数量" })),
                ("/horizontal_content_list/0/userid", json!("zhangsan")),
                ("/horizontal_content_list/2/media_id", json!(file)),
                ("/card_action", json!({ "type": 1, "url": page })),
            ],
        ),
        (
            "card-news-notice.json",
            "",
            "ZhangSan",
            card,
            &[
                ("/card_image", json!({ "url": "https://app.example.com/1.png", "aspect_ratio": 2.25 })),
                ("/image_text_area/appid", json!("wx0123456789abcdef")),
                ("/vertical_content_list/0", json!({ "title": "颜色", "desc": "黑、白" })),
            ],
        ),
        (
            "card-button-interaction.json",
            "",
            "ZhangSan",
            card,
            &[
                ("/button_selection/question_key", json!("reason")),
                ("/button_list/1", json!({ "text": "驳回", "style": 3, "type": 0, "key": "reject" })),
                ("/button_list/2/url", json!("https://app.example.com/leave/1")),
            ],
        ),
        (
            "card-vote-interaction.json",
            "",
            "ZhangSan",
            card,
            &[
                ("/task_id", json!("lunch-20260108")),
                ("/checkbox/mode", json!(1)),
                ("/checkbox/option_list/0", json!({ "id": "noodles", "text": "面条", "is_checked": true })),
                ("/submit_button", json!({ "text": "提交", "key": "submit" })),
            ],
        ),
        (
            "card-multiple-interaction.json",
            "",
            "ZhangSan",
            card,
            &[("/select_list/1/selected_id", json!("9")), ("/select_list/0/option_list/1/text", json!("二号线"))],
        ),
        (
            "card-other.json",
            "",
            "ZhangSan",
            card,
            &[("/main_title/title", json!("订单 1 已审批")), ("/card_action", json!({ "type": 1, "url": page }))],
        ),
        ("other.json", "", "ZhangSan", "textcard", &[("/description", json!("已审批"))]),
    ];
    for (file, media, member, kind, shown) in rows {
        let message = example(file, media);
        let calls = stage.control.count("message/send").calls;
        let sent = send(&stage, &message).await.unwrap_or_else(|error| panic!("{file}: {error:?}"));
        assert_eq!((sent.delivery, sent.parts.len(), sent.invalid), (Delivery::Yes, 1, vec![]), "{file}");
        let received = last(&stage, member);
        assert_eq!((&*received.kind, Some(&received.id)), (*kind, sent.parts[0].message_id.as_ref()), "{file}");
        for (place, expected) in *shown {
            assert_eq!(received.content.pointer(place), Some(expected), "{file}{place}: {}", received.content);
        }
        let interactive = file.contains("interaction") || *file == "card-text-notice.json";
        assert_eq!(sent.parts[0].response_code.is_some(), interactive, "{file}: what can be pressed has a code");
        assert_eq!(stage.control.count("message/send").calls, calls + 1, "{file}");
    }
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/messages")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap()).filter(|name| name != "README.md");
    assert_eq!(names.collect::<BTreeSet<_>>(), rows.iter().map(|row| row.0.to_owned()).collect(), "every example");

    let safe = |member: &str, kind: &str| {
        stage.control.inbox(member).into_iter().filter(|one| one.kind == kind).map(|one| one.safe).collect::<Vec<_>>()
    };
    assert_eq!(safe("lisi", "text"), [1], "meant by an id and by a department, and it is confidential");
    assert_eq!(safe("kongqi", "text"), [1], "of department 2 as well");
    assert_eq!(safe("youyi", "text"), [0; 0], "neither named nor of the role");
    assert_eq!((safe("youyi", "mpnews"), safe("zhangliu", "mpnews")), (vec![2], vec![]), "everybody in range");
    stage.assert_discreet(&[]);
}

#[tokio::test]
async fn more_recipients_than_wecom_takes_are_reached_in_parts() {
    let stage = stage(Generator::sized(7, 1_200, 30).generate().unwrap()).await;
    let truth = stage.control.truth(DEMO_AGENT_ID).unwrap();
    let (gone, there): (Vec<_>, Vec<_>) = truth.members.iter().partition(|(_, member)| member.status == 5);
    let spelled =
        |members: Vec<(&String, &_)>| members.into_iter().map(|(id, _)| id.to_uppercase()).collect::<Vec<_>>();
    let (gone, there) = (spelled(gone), spelled(there));
    assert!(there.len() > 1_000 && there.len() < 2_000 && !gone.is_empty(), "{} {}", there.len(), gone.len());
    let everybody: Vec<&String> = there.iter().chain(&gone).collect();
    let hello = message(json!({ "to": { "members": everybody }, "content": { "text": "你好" } }));
    let sent = send(&stage, &hello).await.unwrap();
    assert_eq!((sent.delivery, sent.parts.len()), (Delivery::Yes, 2));
    let found: BTreeSet<_> = sent.invalid.iter().map(|one| (&*one.id, &*one.reason)).collect();
    assert_eq!(found, gone.iter().map(|id| (&**id, "outside-range")).collect(), "in the caller's spelling");
    let parts: BTreeSet<_> = sent.parts.iter().filter_map(|part| part.message_id.clone()).collect();
    for id in &there {
        let received = stage.control.inbox(id);
        assert!(received.len() == 1 && parts.contains(&received[0].id), "{id}: {received:?}");
    }
    // Each part is taken back by its own id.
    for id in &parts {
        stage.heard(stage.element.recall_message(id)).await.unwrap();
    }
    assert!(stage.control.inboxes().values().flatten().all(|received| received.recalled));
}

#[tokio::test]
async fn who_does_not_get_it_is_named_as_the_caller_did() {
    let stage = stage(demo()).await;
    stage.control.configure(|behaviour| behaviour.messaging.unlicensed.insert("wangwu".to_owned()));
    let to = json!({
        "members": ["LiSi", "ZhangLiu", "Nobody", "WangWu"], "departments": ["21", "4"], "tags": ["7", "99"],
    });
    let sent = send(&stage, &message(json!({ "to": to, "content": { "text": "a" } }))).await.unwrap();
    let mut named = invalid(&sent.invalid);
    named.sort_by_key(|(kind, id, _)| (format!("{kind:?}"), *id));
    assert_eq!(
        named,
        [
            (RecipientKind::Department, "4", "outside-range"),
            (RecipientKind::Member, "Nobody", "outside-range"),
            (RecipientKind::Member, "WangWu", "unlicensed"),
            (RecipientKind::Member, "ZhangLiu", "outside-range"),
            (RecipientKind::Tag, "99", "outside-range"),
        ]
    );
    assert_eq!((last(&stage, "lisi").id, sent.delivery), (sent.parts[0].message_id.clone().unwrap(), Delivery::Yes));

    let error = send(&stage, &text(&["ZhangLiu", "Nobody"], "a")).await.unwrap_err();
    assert_eq!((&error.reason, error.vendor_code), (&Reason::NotFound, Some(81013)));
    assert!(error.message.contains("ZhangLiu") && error.message.contains("Nobody"), "{error:?}");

    stage.complete(&PLAIN).await;
    stage.heard(stage.element.set_member_roles("lisi", &["buyer".to_owned()], "test")).await.unwrap();
    let roles = |roles: &[&str]| message(json!({ "to": { "roles": roles }, "content": { "text": "b" } }));
    let sent = send(&stage, &roles(&["buyer", "ghost"])).await.unwrap();
    assert_eq!(invalid(&sent.invalid), [(RecipientKind::Role, "ghost", "nobody-has-it")]);
    assert_eq!(last(&stage, "lisi").content["content"], "b");
    let calls = stage.vendor_calls();
    let error = send(&stage, &roles(&["ghost"])).await.unwrap_err();
    assert_eq!((&error.reason, stage.vendor_calls()), (&Reason::NotFound, calls));
}

/// The answer of the first request is lost: after WeCom took it, and before.
#[tokio::test]
async fn under_a_key_a_lost_answer_is_found_again_and_nobody_gets_it_twice() {
    for processed in [true, false] {
        let stage = stage(demo()).await;
        stage.control.inject(Fault::of("message/send", When::Nth(1), Effect::Disconnect { processed }));
        let message = keyed("order-1", text(&["lisi", "ZhangSan"], "订单 1"));
        let sent = send(&stage, &message).await.unwrap();
        assert_eq!((sent.delivery, &sent.parts[0].message_id), (Delivery::Unknown, &None));
        assert_eq!(stage.control.inbox("lisi").len(), usize::from(processed));

        // Whoever repeats it may well be another host.
        let elsewhere = stage.elsewhere().await;
        let sent = stage.heard(elsewhere.send_message(&message)).await.unwrap();
        assert_eq!(sent.delivery, Delivery::Yes, "processed: {processed}");
        for member in ["lisi", "ZhangSan"] {
            let received = stage.control.inbox(member);
            assert_eq!(received.len(), 1, "{member}, processed: {processed}");
            assert_eq!(Some(&received[0].id), sent.parts[0].message_id.as_ref());
        }
        assert_eq!(stage.control.message_counts().duplicates, u64::from(processed));
        let calls = stage.vendor_calls();
        assert_eq!(send(&stage, &message).await.unwrap(), sent, "the answer is kept");
        let other = keyed("order-1", text(&["lisi", "ZhangSan"], "订单 2"));
        assert_eq!(refused(send(&stage, &other).await), "idempotency-key");
        assert_eq!(stage.vendor_calls(), calls, "neither is asked of WeCom");

        // Without a key the same words are another message.
        send(&stage, &Message { idempotency_key: None, ..message }).await.unwrap();
        assert_eq!(stage.control.inbox("lisi").len(), 2);
    }
}

#[tokio::test]
async fn a_message_is_taken_back_within_a_day() {
    let stage = stage(demo()).await;
    let sent = send(&stage, &text(&["lisi", "ZhangSan"], "a")).await.unwrap();
    stage.heard(stage.element.recall_message(sent.parts[0].message_id.as_ref().unwrap())).await.unwrap();
    assert!(last(&stage, "lisi").recalled && last(&stage, "ZhangSan").recalled);

    let sent = send(&stage, &text(&["lisi"], "b")).await.unwrap();
    stage.advance(Duration::from_secs(24 * 3_600 + 1));
    let late = stage.heard(stage.element.recall_message(sent.parts[0].message_id.as_ref().unwrap())).await;
    let error = late.unwrap_err();
    assert_eq!((error.reason, error.vendor_code), (Reason::NotFound, Some(42052)));
    assert!(!last(&stage, "lisi").recalled);
}

#[tokio::test]
async fn a_card_is_changed_once_for_each_code() {
    let stage = stage(demo()).await;
    let card = |heading: &str| {
        let buttons = json!([{ "text": "同意", "action": { "key": "approve" } }]);
        json!({ "heading": { "title": heading }, "body": { "button-interaction": { "buttons": buttons } } })
    };
    let done = json!({ "done": "已同意" });
    let replaced = json!({ "card": {
        "heading": { "title": "请假申请（已处理）" }, "replace_text": "李四已同意",
        "body": { "button-interaction": { "buttons": [{ "text": "同意", "action": { "key": "approve" } }] } },
    } });
    for (change, title, text) in [(done.clone(), "请假申请", "已同意"), (replaced, "请假申请（已处理）", "李四已同意")]
    {
        let to = json!({ "members": ["lisi", "ZhangSan"] });
        let sent = send(&stage, &message(json!({ "to": to, "content": { "card": card("请假申请") } }))).await.unwrap();
        let id = sent.parts[0].message_id.clone().unwrap();
        let pressed = stage.control.press("lisi", &id, &Press::key("approve")).unwrap();
        let update = |code: &str, change: &Value| -> CardUpdate {
            let to = json!({ "members": ["lisi", "zhangsan", "Nobody", "youyi"] });
            from_json(json!({ "to": to, "response_code": code, "change": change })).unwrap()
        };
        let strangers = stage.heard(stage.element.update_card(&update(&pressed.response_code, &change))).await.unwrap();
        let strangers: BTreeSet<&str> = strangers.iter().map(|one| &*one.id).collect();
        assert_eq!(strangers, BTreeSet::from(["Nobody", "youyi"]), "who has no such card");
        for member in ["lisi", "ZhangSan"] {
            let received = last(&stage, member);
            let state = received.card.unwrap();
            assert_eq!((state.updates, state.replaced.as_deref()), (1, Some(text)), "{member}");
            assert_eq!(received.content["main_title"]["title"], title, "{member}");
        }
        let spent = stage.heard(stage.element.update_card(&update(&pressed.response_code, &done))).await.unwrap_err();
        assert_eq!(spent.vendor_code, Some(60140), "{spent:?}");
        // The code of the sending is another one, and as good.
        let first = sent.parts[0].response_code.as_deref().unwrap();
        stage.heard(stage.element.update_card(&update(first, &done))).await.unwrap();
        assert_eq!(last(&stage, "lisi").card.unwrap().updates, 2);
        stage.assert_discreet(&[&pressed.response_code, first]);
    }
}

#[tokio::test]
async fn an_upload_keeps_its_name_and_is_good_for_three_days() {
    let stage = stage(demo()).await;
    let media = upload(&stage, MediaKind::File, "报价 单（终稿）.txt", Body::Text("内容内容".into())).await;
    assert_eq!((media.url, media.expires_at), (None, Some(stage.control.now() + 3 * 86_400_000)));
    let id = media.media_id.unwrap();
    let file = |id: &str| message(json!({ "to": { "members": ["lisi"] }, "content": { "file": id } }));
    send(&stage, &file(&id)).await.unwrap();
    assert_eq!(last(&stage, "lisi").content["media_id"], *id);
    let (headers, content) = crate::vendor_call::media(&stage, &id).await;
    assert_eq!(content, "内容内容".as_bytes());
    assert!(headers.contains("报价 单（终稿）.txt") || headers.contains("%E6%8A%A5%E4%BB%B7"), "{headers}");

    let image = upload(&stage, MediaKind::Image, "图.png", Body::Bytes(PNG.to_vec())).await.media_id.unwrap();
    send(&stage, &message(json!({ "to": { "members": ["lisi"] }, "content": { "image": image } }))).await.unwrap();
    assert_eq!(crate::vendor_call::media(&stage, &image).await.1, PNG);
    let inline = upload(&stage, MediaKind::InlineImage, "图.png", Body::Bytes(PNG.to_vec())).await;
    assert!(inline.media_id.is_none() && inline.url.is_some_and(|url| url.starts_with("https://")));

    // A file in place of an image, and one that has gone.
    let error = send(&stage, &message(json!({ "to": { "members": ["lisi"] }, "content": { "image": id } }))).await;
    assert_eq!(error.unwrap_err().vendor_code, Some(40004));
    stage.advance(Duration::from_secs(3 * 86_400));
    let error = send(&stage, &file(&id)).await.unwrap_err();
    assert_eq!((error.reason, error.vendor_code), (Reason::NotFound, Some(40007)));
}

/// What WeCom would refuse, or cut in silence.
#[tokio::test]
async fn what_passes_a_limit_is_refused_before_anything_is_sent() {
    let stage = stage(demo()).await;
    let to = json!({ "members": ["lisi"] });
    let long = "字".repeat(683);
    let card = |body: Value| json!({ "card": { "heading": { "title": "t" }, "body": body } });
    let button = |key: &str| json!({ "text": "a", "action": { "key": key } });
    for (to, content, path) in [
        (json!({}), json!({ "text": "a" }), "to"),
        (json!({ "members": ["@all"] }), json!({ "text": "a" }), "to.members"),
        (json!({ "departments": ["one"] }), json!({ "text": "a" }), "to.departments"),
        (to.clone(), json!({ "text": "" }), "content.text"),
        (to.clone(), json!({ "text": long }), "content.text"),
        (to.clone(), json!({ "markdown": long }), "content.markdown"),
        (to.clone(), json!({ "news": [] }), "content.news"),
        (to.clone(), card(json!({ "button-interaction": { "buttons": [] } })), "content.card.body.buttons"),
        (
            to.clone(),
            card(json!({ "button-interaction": { "buttons": vec![button("k"); 7] } })),
            "content.card.body.buttons",
        ),
        (to, json!({ "other": { "kind": "text", "json": "[]" } }), "content.other"),
    ] {
        let found = refused(send(&stage, &message(json!({ "to": to, "content": content }))).await);
        assert!(found == path || found.starts_with(&format!("{path}.")), "{found} for {path}");
    }
    let small =
        UploadRequest { kind: MediaKind::File, file_name: "a.txt".to_owned(), content: Body::Text("12345".into()) };
    refused(stage.heard(stage.element.upload(&small)).await);
    assert_eq!(stage.vendor_calls(), 0, "not even a token is asked for");
}
