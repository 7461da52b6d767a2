//! What is said: the JSON of every type, and each limit at its boundary.

use organisation_kit::contract::messaging::{
    Article, CardImage, CardJump, CardRow, Headline, ImageText, LinkCard, MiniProgramNotice, MiniProgramPage,
    NamedValue, NewsNotice, Quote, RowTarget, Video,
};

use super::*;
use crate::messaging::{
    content, judge,
    limits::{LIMITS, Limit, UNIQUE, Unit},
};

fn page() -> Link {
    Link::MiniProgram(MiniProgramPage { app_id: "wx1".into(), page: Some("pages/index".into()) })
}

fn url() -> Link {
    Link::Url("https://app.example.com/1".into())
}

/// The content that WeCom gets.
fn written(content: Content) -> (String, Value) {
    let body = content::body(&message(content), "made-1").unwrap();
    (body.kind, body.content)
}

#[test]
fn every_type_is_the_documented_one() {
    let headline = |link: Option<Link>| Headline {
        title: "标题".into(),
        description: Some(String::new()),
        link,
        picture_url: Some("https://p.example.com/1.png".into()),
    };
    let article = Article {
        title: "标题".into(),
        cover_media_id: "cover".into(),
        author: Some("张三".into()),
        source_url: None,
        content: "<p>内容</p>".into(),
        digest: Some("摘要".into()),
    };
    let notice = MiniProgramNotice {
        app_id: "wx1".into(),
        page: None,
        title: "会议室预订".into(),
        description: Some("四月二十七".into()),
        emphasise_first: true,
        items: vec![NamedValue { name: "地点".into(), value: "402".into() }],
    };
    for (given, kind, expected) in [
        (Content::Text("你好".into()), "text", json!({ "content": "你好" })),
        (Content::Markdown("**好**".into()), "markdown", json!({ "content": "**好**" })),
        (Content::Image("id".into()), "image", json!({ "media_id": "id" })),
        (Content::Voice("id".into()), "voice", json!({ "media_id": "id" })),
        (Content::File("id".into()), "file", json!({ "media_id": "id" })),
        (
            Content::Video(Video { media_id: "id".into(), title: Some("标题".into()), description: None }),
            "video",
            json!({ "media_id": "id", "title": "标题" }),
        ),
        (
            Content::LinkCard(LinkCard {
                title: "标题".into(),
                description: "<div class=\"gray\">描述</div>".into(),
                url: "https://app.example.com".into(),
                button: Some("更多".into()),
            }),
            "textcard",
            json!({
                "title": "标题", "description": "<div class=\"gray\">描述</div>", "url": "https://app.example.com",
                "btntxt": "更多"
            }),
        ),
        (
            Content::News(vec![headline(Some(url())), headline(Some(page())), headline(None)]),
            "news",
            json!({ "articles": [
                { "title": "标题", "picurl": "https://p.example.com/1.png", "url": "https://app.example.com/1" },
                { "title": "标题", "picurl": "https://p.example.com/1.png", "appid": "wx1", "pagepath": "pages/index" },
                { "title": "标题", "picurl": "https://p.example.com/1.png" },
            ] }),
        ),
        (
            Content::Articles(vec![article]),
            "mpnews",
            json!({ "articles": [{
                "title": "标题", "thumb_media_id": "cover", "author": "张三", "content": "<p>内容</p>", "digest": "摘要"
            }] }),
        ),
        (
            Content::MiniProgramNotice(notice),
            "miniprogram_notice",
            json!({
                "appid": "wx1", "title": "会议室预订", "description": "四月二十七", "emphasis_first_item": true,
                "content_item": [{ "key": "地点", "value": "402" }]
            }),
        ),
        (
            Content::Other(OtherMessage { kind: "textcard".into(), json: r#"{"title":"a"}"#.into() }),
            "textcard",
            json!({ "title": "a" }),
        ),
    ] {
        assert_eq!(written(given), (kind.to_owned(), expected), "{kind}");
    }
}

#[test]
fn every_card_is_the_documented_one() {
    let row = |target: Option<RowTarget>| CardRow { name: "申请人".into(), value: Some("张三".into()), target };
    let text_notice = Card {
        source: Some(CardSource {
            icon_url: Some("https://p.example.com/i.png".into()),
            text: Some("审批".into()),
            colour: Some("green".into()),
        }),
        menu: Some(CardMenu { description: Some("菜单".into()), actions: vec![keyed_text("不再接收", "stop")] }),
        quote: Some(Quote { link: Some(url()), title: Some("引用".into()), text: Some("原文".into()) }),
        heading: Some(Heading { title: Some("标题".into()), description: Some("说明".into()) }),
        ..card(CardBody::TextNotice(TextNotice {
            emphasis: Some(Heading { title: Some("100".into()), description: Some("单".into()) }),
            sub_title: Some("副标题".into()),
            rows: vec![
                row(None),
                row(Some(RowTarget::Url("https://a.example".into()))),
                row(Some(RowTarget::Attachment("file".into()))),
                row(Some(RowTarget::Member("zhangsan".into()))),
            ],
            jumps: vec![
                CardJump { title: "官网".into(), link: Some(url()) },
                CardJump { title: "无".into(), link: None },
            ],
            link: page(),
        }))
    };
    let news_notice = card(CardBody::NewsNotice(NewsNotice {
        image: Some(CardImage { url: "https://p.example.com/1.png".into(), aspect_ratio: Some("1.3".into()) }),
        image_text: Some(ImageText {
            link: Some(page()),
            url: "https://p.example.com/2.png".into(),
            title: Some("图".into()),
            description: None,
        }),
        sections: vec![Heading { title: Some("段".into()), description: Some("文".into()) }],
        rows: vec![],
        jumps: vec![],
        link: url(),
    }));
    let interaction = card(CardBody::ButtonInteraction(ButtonInteraction {
        selector: Some(selector("which", vec![choice("1", false), choice("2", true)])),
        sub_title: Some("副".into()),
        rows: vec![],
        buttons: vec![
            Button { style: Some(2), ..button("同意", "approve") },
            Button { text: "查看".into(), style: None, action: ButtonAction::Url("https://a.example".into()) },
        ],
        link: None,
    }));
    let vote = Card {
        task_id: Some("vote_1@a-b".into()),
        ..card(CardBody::VoteInteraction(VoteInteraction {
            question: selector("q", vec![choice("1", true), choice("2", true)]),
            multiple: true,
            submit: keyed_text("提交", "submit"),
        }))
    };
    let multiple = card(CardBody::MultipleInteraction(MultipleInteraction {
        selectors: vec![Selector { title: Some("城市".into()), ..selector("city", vec![choice("1", false)]) }],
        submit: keyed_text("提交", "submit"),
    }));
    let other =
        card(CardBody::Other(r#"{"card_type":"button_interaction","button_list":[{"text":"a","key":"b"}]}"#.into()));
    for (card, expected) in [
        (
            text_notice,
            json!({
                "card_type": "text_notice",
                "source": { "icon_url": "https://p.example.com/i.png", "desc": "审批", "desc_color": 3 },
                "action_menu": { "desc": "菜单", "action_list": [{ "text": "不再接收", "key": "stop" }] },
                "task_id": "made-1",
                "quote_area": { "type": 1, "url": "https://app.example.com/1", "title": "引用", "quote_text": "原文" },
                "main_title": { "title": "标题", "desc": "说明" },
                "emphasis_content": { "title": "100", "desc": "单" },
                "sub_title_text": "副标题",
                "horizontal_content_list": [
                    { "keyname": "申请人", "value": "张三" },
                    { "keyname": "申请人", "value": "张三", "type": 1, "url": "https://a.example" },
                    { "keyname": "申请人", "value": "张三", "type": 2, "media_id": "file" },
                    { "keyname": "申请人", "value": "张三", "type": 3, "userid": "zhangsan" },
                ],
                "jump_list": [
                    { "type": 1, "title": "官网", "url": "https://app.example.com/1" }, { "type": 0, "title": "无" },
                ],
                "card_action": { "type": 2, "appid": "wx1", "pagepath": "pages/index" },
            }),
        ),
        (
            news_notice,
            json!({
                "card_type": "news_notice",
                "main_title": { "title": "标题" },
                "card_image": { "url": "https://p.example.com/1.png", "aspect_ratio": 1.3 },
                "image_text_area": {
                    "type": 2, "appid": "wx1", "pagepath": "pages/index", "image_url": "https://p.example.com/2.png",
                    "title": "图"
                },
                "vertical_content_list": [{ "title": "段", "desc": "文" }],
                "card_action": { "type": 1, "url": "https://app.example.com/1" },
            }),
        ),
        (
            interaction,
            json!({
                "card_type": "button_interaction",
                "main_title": { "title": "标题" },
                "task_id": "made-1",
                "sub_title_text": "副",
                "button_selection": {
                    "question_key": "which", "selected_id": "2",
                    "option_list": [{ "id": "1", "text": "选项1" }, { "id": "2", "text": "选项2" }]
                },
                "button_list": [
                    { "text": "同意", "style": 2, "type": 0, "key": "approve" },
                    { "text": "查看", "style": 1, "type": 1, "url": "https://a.example" },
                ],
            }),
        ),
        (
            vote,
            json!({
                "card_type": "vote_interaction",
                "main_title": { "title": "标题" },
                "task_id": "vote_1@a-b",
                "checkbox": { "question_key": "q", "mode": 1, "option_list": [
                    { "id": "1", "text": "选项1", "is_checked": true }, { "id": "2", "text": "选项2", "is_checked": true },
                ] },
                "submit_button": { "text": "提交", "key": "submit" },
            }),
        ),
        (
            multiple,
            json!({
                "card_type": "multiple_interaction",
                "main_title": { "title": "标题" },
                "task_id": "made-1",
                "select_list": [{ "question_key": "city", "title": "城市", "option_list": [{ "id": "1", "text": "选项1" }] }],
                "submit_button": { "text": "提交", "key": "submit" },
            }),
        ),
        (
            other,
            json!({
                "card_type": "button_interaction", "main_title": { "title": "标题" }, "task_id": "made-1",
                "button_list": [{ "text": "a", "key": "b" }]
            }),
        ),
    ] {
        assert_eq!(written(Content::Card(card)), ("template_card".to_owned(), expected));
    }
    let plain = written(Content::Card(card(CardBody::TextNotice(notice())))).1;
    assert!(plain.get("task_id").is_none(), "nobody answers it: {plain}");
}

#[test]
fn a_card_that_lacks_something_or_has_too_much_is_refused() {
    let untitled = |body: CardBody| Card { heading: None, ..card(body) };
    let vote = |choices: Vec<Choice>, multiple: bool| {
        let question = selector("q", choices);
        CardBody::VoteInteraction(VoteInteraction { question, multiple, submit: keyed_text("提交", "s") })
    };
    let several = |selectors: Vec<Selector>| {
        CardBody::MultipleInteraction(MultipleInteraction { selectors, submit: keyed_text("提交", "s") })
    };
    let one = || vote(vec![choice("1", false)], false);
    let menu = |keys: &[&str]| {
        let actions = keys.iter().map(|key| keyed_text("文", key)).collect();
        Some(CardMenu { description: None, actions })
    };
    let news = |ratio: Option<&str>, with_image: bool| {
        CardBody::NewsNotice(NewsNotice {
            image: with_image.then(|| CardImage { url: "https://p".into(), aspect_ratio: ratio.map(str::to_owned) }),
            image_text: None,
            sections: vec![],
            rows: vec![],
            jumps: vec![],
            link: url(),
        })
    };
    let selecting = |choices: Vec<Choice>| {
        CardBody::ButtonInteraction(ButtonInteraction {
            selector: Some(selector("q", choices)),
            sub_title: None,
            rows: vec![],
            buttons: vec![button("a", "a")],
            link: None,
        })
    };
    let source = |colour: &str| Some(CardSource { icon_url: None, text: None, colour: Some(colour.to_owned()) });
    let choices = |count: usize| (0..count).map(|id| choice(&id.to_string(), false)).collect::<Vec<_>>();
    let disabled = Selector { disabled: true, ..selector("q", choices(1)) };
    for (name, card, path) in [
        ("no title", untitled(CardBody::TextNotice(notice())), "card.heading.title"),
        ("no title with buttons", untitled(buttons(vec![button("a", "a")])), "card.heading.title"),
        ("no title in a vote", untitled(one()), "card.heading.title"),
        ("no buttons", card(buttons(vec![])), "card.body.buttons"),
        ("seven buttons", card(buttons((0..7).map(|_| button("a", "a")).collect())), "card.body.buttons"),
        ("no picture", card(news(None, false)), "card.body.image"),
        ("too wide", card(news(Some("2.26"), true)), "card.body.image.aspect-ratio"),
        ("no number", card(news(Some("wide"), true)), "card.body.image.aspect-ratio"),
        ("an empty key", card(buttons(vec![button("a", "")])), "card.body.buttons[0].action.key"),
        ("style 5", card(buttons(vec![Button { style: Some(5), ..button("a", "a") }])), "card.body.buttons.style"),
        ("no choices", card(vote(vec![], false)), "card.body.question.choices"),
        ("21 choices", card(vote(choices(21), false)), "card.body.question.choices"),
        ("11 choices", card(selecting(choices(11))), "card.body.selector.choices"),
        (
            "two chosen of one",
            card(vote(vec![choice("1", true), choice("2", true)], false)),
            "card.body.question.choices",
        ),
        (
            "two chosen in a list",
            card(selecting(vec![choice("1", true), choice("2", true)])),
            "card.body.selector.choices",
        ),
        ("a choice twice", card(vote(vec![choice("1", false), choice("1", false)], false)), "content"),
        ("no selectors", card(several(vec![])), "card.body.selectors"),
        (
            "four selectors",
            card(several((0..4).map(|key| selector(&key.to_string(), choices(1))).collect())),
            "card.body.selectors",
        ),
        ("disabled at once", card(several(vec![disabled])), "card.body.selectors.disabled"),
        ("a menu in a vote", Card { menu: menu(&["a"]), ..card(one()) }, "card.menu"),
        (
            "a quote in a vote",
            Card { quote: Some(Quote { link: None, title: None, text: None }), ..card(one()) },
            "card.quote",
        ),
        ("a colour in a vote", Card { source: source("red"), ..card(one()) }, "card.source.colour"),
        (
            "a colour that is none",
            Card { source: source("blue"), ..card(CardBody::TextNotice(notice())) },
            "card.source.colour",
        ),
        ("an empty menu", Card { menu: menu(&[]), ..card(CardBody::TextNotice(notice())) }, "card.menu.actions"),
        (
            "four actions",
            Card { menu: menu(&["a", "b", "c", "d"]), ..card(CardBody::TextNotice(notice())) },
            "card.menu.actions",
        ),
        ("an action twice", Card { menu: menu(&["a", "a"]), ..card(CardBody::TextNotice(notice())) }, "content"),
        ("a task id with space", Card { task_id: Some("a b".into()), ..card(one()) }, "card.task-id"),
        ("a task id too long", Card { task_id: Some("a".repeat(129)), ..card(one()) }, "card.task-id"),
        ("text for an update", Card { replace_text: Some("好".into()), ..card(one()) }, "card.replace-text"),
        ("no JSON", card(CardBody::Other("{".into())), "card.body.other"),
        ("no type", card(CardBody::Other("{}".into())), "card.body.other"),
        (
            "JSON without buttons",
            card(CardBody::Other(r#"{"card_type":"button_interaction"}"#.into())),
            "card.body.buttons",
        ),
    ] {
        let (found, failure) = refused(message(Content::Card(card)));
        let expected = if path == "content" { path.to_owned() } else { format!("content.{path}") };
        assert_eq!(found, expected, "{name}: {failure:?}");
    }
}

#[test]
fn sharing_is_refused_where_wecom_would_ignore_it() {
    let link_card = || {
        let (title, description, url) = ("a".to_owned(), "b".to_owned(), "https://c".to_owned());
        Content::LinkCard(LinkCard { title, description, url, button: None })
    };
    let with = |content: Content, sharing: Sharing| Message { sharing: Some(sharing), ..message(content) };
    for content in [
        Content::Voice("a".into()),
        link_card(),
        Content::News(vec![Headline { title: "a".into(), description: None, link: Some(url()), picture_url: None }]),
        Content::Markdown("a".into()),
        Content::Card(card(CardBody::TextNotice(notice()))),
    ] {
        assert_eq!(refused(with(content, Sharing::Confidential)).0, "sharing");
    }
    assert_eq!(refused(with(Content::Text("a".into()), Sharing::Internal)).0, "sharing");
    let bare = LinkCard { title: "a".into(), description: "b".into(), url: "app.example.com".into(), button: None };
    assert_eq!(refused(message(Content::LinkCard(bare))).0, "content.link-card.url");
    let notice = MiniProgramNotice {
        app_id: "wx1".into(),
        page: None,
        title: "会议室预订".into(),
        description: None,
        emphasise_first: false,
        items: vec![],
    };
    let everybody = Recipients { everybody: true, ..to(&[]) };
    let to_all = Message { to: everybody, ..message(Content::MiniProgramNotice(notice)) };
    assert_eq!(refused(to_all).0, "to.everybody");
    for (kind, json, path) in [
        ("", "{}", "kind"),
        ("touser", "{}", "kind"),
        ("Text", "{}", "kind"),
        ("text", "[]", "json"),
        ("text", "{", "json"),
    ] {
        let other = OtherMessage { kind: kind.into(), json: json.into() };
        assert_eq!(refused(message(Content::Other(other))).0, format!("content.other.{path}"), "{kind} {json}");
    }
    let long = OtherMessage { kind: "text".into(), json: json!({ "content": "a".repeat(2_049) }).to_string() };
    assert_eq!(refused(message(Content::Other(long))).0, "content.text", "what a caller writes has the same limits");
}

/// The smallest message in which something stands at a place.
fn at(place: &str, value: Value) -> (String, Value) {
    let mut steps: Vec<&str> = place.split('.').collect();
    let kind = steps.remove(0).to_owned();
    let wrap = |value, step: &str| match step.strip_suffix("[]") {
        Some(key) => json!({ key: [value] }),
        None => json!({ step: value }),
    };
    (kind, steps.iter().rev().fold(value, |value, step| wrap(value, step)))
}

/// A text of so many units, of characters with one to four bytes.
fn of_length(unit: Unit, length: usize) -> String {
    if unit == Unit::Characters {
        return "张😀é".chars().cycle().take(length).collect();
    }
    let mut text = "张😀é".repeat(length / 9);
    let rest = length - text.len();
    text.push_str(&"x".repeat(rest));
    text
}

#[test]
fn every_limit_holds_at_its_boundary_and_names_what_it_found() {
    for limit in LIMITS {
        let Limit { at: place, field, least, most, unit, doc } = limit;
        let judged = |length: usize| {
            let value = match unit {
                Unit::Items => Value::Array((0..length).map(|_| json!({})).collect()),
                _ => Value::String(of_length(*unit, length)),
            };
            let (kind, content) = at(place, value);
            judge::judge("content", &kind, &content, false)
        };
        let field = format!("content.{}", field.replace("[]", "[0]"));
        if *most < usize::MAX {
            assert_eq!(judged(*most), Ok(()), "{place}");
            let failure = judged(most + 1).unwrap_err();
            let Reason::InvalidArgument(problem) = &failure.reason else { panic!("{failure:?}") };
            assert_eq!(problem.path, field);
            for text in [&failure.message.zh, &failure.message.en] {
                for part in [&field, &most.to_string(), &(most + 1).to_string(), &doc.to_string()] {
                    assert!(text.contains(part.as_str()), "{part} in {text}");
                }
            }
        }
        assert_eq!(judged(*least), Ok(()), "{place}");
        if let Some(less) = least.checked_sub(1) {
            assert!(judged(less).is_err(), "{place}");
        }
        assert_eq!(limit.at.matches("[]").count(), limit.field.matches("[]").count(), "{place}");
    }
    for (place, _) in UNIQUE {
        assert!(LIMITS.iter().any(|limit| limit.at == *place && limit.unit == Unit::Items), "{place}");
    }
}

#[test]
fn what_stands_for_a_name_does_not_count_as_characters() {
    let judged = |title: &str, translates: bool| {
        let (kind, content) = at("miniprogram_notice.title", json!(title));
        judge::judge("content", &kind, &content, translates).is_ok()
    };
    for (title, translated, plain) in [
        ("$userName=zhangsan$请假", true, false),
        ("$userName=zhangsan$$departmentName=1$请假申请", true, false),
        ("$userName=$请假申请的审批通知呀", false, false),
        ("$other=zhangsan$请假申请", false, false),
        ("$userName=zhangsan$", true, false),
        ("$userName=a$", true, true),
        ("请假", false, false),
        ("价格 $5 与 $6", true, true),
        ("$$$$$$$$$$$$", true, true),
        ("$$$$$$$$$$$$$", false, false),
    ] {
        assert_eq!((judged(title, true), judged(title, false)), (translated, plain), "{title}");
    }
}

#[test]
fn control_characters_are_refused_everywhere() {
    for odd in ["a\u{0}", "a\u{1b}[0m", "a\u{7f}", "a\u{85}"] {
        assert_eq!(refused(text(odd)).0, "content.text", "{odd:?}");
    }
    let fake = answering(|_, _| ok(SENT));
    send(&fake, text("a\r\n\tb")).unwrap();
}
